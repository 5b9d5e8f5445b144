"""Connections to PostgreSQL: pooled, and never waiting longer than a caller would."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from adapters.postgres.instants import read_as_nearest
from application.aggregates.ports import StoreUnavailable

SCHEMA = "plantrail"
STATEMENT_TIMEOUT = 5.0
POOL_TIMEOUT = 3.0
CONNECT_TIMEOUT = 3

T = TypeVar("T")


def session(statement_timeout: float) -> tuple[str, tuple[str, str]]:
    """A session in which no statement and no lock is waited for longer than these seconds, and days and instants are
    written the same way, whatever the database does for others."""
    longest = f"{statement_timeout * 1000:.0f}ms"
    return (
        "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
        " set_config('idle_in_transaction_session_timeout', '60s', false),"
        " set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)"
    ), (longest, longest)


SESSION = session(STATEMENT_TIMEOUT)


class ImpatientConnection(Connection[TupleRow]):
    """Gives up a server that has frozen or is out of reach: such a one keeps no statement timeout either."""

    patience = STATEMENT_TIMEOUT + 1

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise


class Datastore:
    """Connections of one role: a pool of them, and single ones to keep."""

    def __init__(
        self,
        conninfo: str,
        *,
        size: int = 8,
        timeout: float = POOL_TIMEOUT,
        statement_timeout: float = STATEMENT_TIMEOUT,
        synchronous: bool = True,
    ) -> None:
        """Where nothing is lost that could not be done again, commits need not be `synchronous`: wait for the disk."""
        self.conninfo = conninfo
        self._synchronous = synchronous
        self._statement_timeout = statement_timeout
        self._pool = ConnectionPool(
            conninfo,
            connection_class=ImpatientConnection,
            min_size=1,
            max_size=size,
            timeout=timeout,
            reconnect_timeout=timeout,
            kwargs={"connect_timeout": CONNECT_TIMEOUT},
            configure=self._configure,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def _configure(self, connection: ImpatientConnection) -> None:
        connection.patience = self._statement_timeout + 1
        connection.autocommit = True
        read_as_nearest(connection)
        connection.execute(*session(self._statement_timeout))
        if not self._synchronous:
            connection.execute("SET synchronous_commit = off")

    def connect(self) -> ImpatientConnection:
        """A connection of the caller's own, who closes it.  Raises `psycopg.OperationalError`."""
        connection = ImpatientConnection.connect(self.conninfo, connect_timeout=CONNECT_TIMEOUT)
        try:
            self._configure(connection)
        except psycopg.Error:
            connection.close()
            raise
        return connection

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
