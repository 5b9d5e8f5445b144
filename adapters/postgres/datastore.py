"""Connections to PostgreSQL: pooled, and never waiting longer than a caller would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from eventsourcing.postgres import PostgresDatastore
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from application.ports import StoreUnavailable

SCHEMA = "plantrail"
STATEMENT_TIMEOUT = "5s"
POOL_TIMEOUT = 3.0
SESSION = (
    (
        "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
        " set_config('idle_in_transaction_session_timeout', '60s', false)"
    ),
    (STATEMENT_TIMEOUT, STATEMENT_TIMEOUT),
)


def configured(connection: Connection[Any]) -> None:
    """Autocommit, and no statement or lock that is waited for longer than five seconds."""
    connection.autocommit = True
    connection.execute(*SESSION)


class Datastore:
    """A pool of service connections."""

    def __init__(self, conninfo: str, *, size: int = 8, timeout: float = POOL_TIMEOUT) -> None:
        self.conninfo = conninfo
        self._pool = ConnectionPool(
            conninfo,
            min_size=1,
            max_size=size,
            timeout=timeout,
            reconnect_timeout=timeout,
            kwargs={"connect_timeout": 3},
            configure=configured,
            check=ConnectionPool.check_connection,
            open=False,
        )

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """A connection to read with or to open a transaction on; raises `StoreUnavailable` when there is none."""
        with unavailable():
            self._pool.open()
            with self._pool.connection() as connection:
                yield connection

    def close(self) -> None:
        self._pool.close()


@contextmanager
def unavailable() -> Iterator[None]:
    """Tells a store that is down or slow from one that is wrong."""
    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise StoreUnavailable(str(error).strip().splitlines()[0] if str(error).strip() else "") from error


def library_datastore(conninfo: str) -> PostgresDatastore:
    """The datastore eventsourcing's own recorders want, on our schema."""
    where = {"host": "localhost", "port": 5432, "user": "", "password": "", "dbname": ""} | conninfo_to_dict(conninfo)
    names = ("dbname", "host", "port", "user", "password")
    settings: dict[str, Any] = {name: where[name] for name in names}
    return PostgresDatastore(**settings, schema=SCHEMA, pool_size=1, max_overflow=4, lock_timeout=5)
