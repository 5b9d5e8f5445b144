"""Connections to PostgreSQL: a pool of them, with timeouts shorter than those of callers."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from select import POLLIN, poll
from typing import Any, LiteralString, TypeVar

import psycopg
from psycopg import Connection
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from adapters.postgres.errors import StoreFull, StoreReadOnly, StoreUnavailable
from adapters.postgres.instants import read_as_nearest
from adapters.postgres.loop_connection import LoopConnection
from adapters.postgres.loop_queries import LoopQueries
from adapters.postgres.timelines import Timeline

SCHEMA = "plantrail"
STATEMENT_TIMEOUT = 5.0
POOL_TIMEOUT = 3.0
CONNECT_TIMEOUT = 3

T = TypeVar("T")


def session(statement_timeout: float) -> tuple[LiteralString, tuple[str, str]]:
    """Return the options of a session: no statement and no wait for a lock takes longer than these seconds, and dates
    have a fixed format."""
    longest = f"{statement_timeout * 1000:.0f}ms"
    return (
        "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false),"
        " set_config('idle_in_transaction_session_timeout', '60s', false),"
        " set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO', false)"
    ), (longest, longest)


class TimeoutConnection(Connection[TupleRow]):
    """A connection that gives up on a server that is frozen or unreachable and would not enforce its statement
    timeout.
    """

    patience = STATEMENT_TIMEOUT + 1

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise


class Datastore:
    """The connections of one database role: a pool, and single connections for long use."""

    def __init__(
        self,
        conninfo: str,
        *,
        size: int = 8,
        timeout: float = POOL_TIMEOUT,
        statement_timeout: float = STATEMENT_TIMEOUT,
        synchronous: bool = True,
    ) -> None:
        """Prepare the pool; connections open when they are needed.

        Without `synchronous`, commits do not wait for the disk. That suits data that can be computed again.
        """
        self.conninfo = conninfo = prefer_writable_server(conninfo)
        self._synchronous = synchronous
        self._statement_timeout = statement_timeout
        self.timeline = Timeline()
        self._pool = ConnectionPool(
            conninfo,
            connection_class=TimeoutConnection,
            min_size=1,
            max_size=size,
            timeout=timeout,
            reconnect_timeout=timeout,
            kwargs={"connect_timeout": CONNECT_TIMEOUT},
            configure=self._configure,
            check=check_if_readable,
            open=False,
        )

    def _configure(self, connection: TimeoutConnection) -> None:
        connection.patience = self._statement_timeout + 1
        connection.autocommit = True
        read_as_nearest(connection)
        connection.execute(*session(self._statement_timeout))
        if not self._synchronous:
            connection.execute("SET synchronous_commit = off")
        self.timeline.look(connection)

    def connect(self) -> TimeoutConnection:
        """Open a connection that the caller closes. Raises `psycopg.OperationalError`."""
        connection = TimeoutConnection.connect(self.conninfo, connect_timeout=CONNECT_TIMEOUT)
        try:
            self._configure(connection)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    @cached_property
    def in_loop(self) -> LoopQueries:
        """The queries that run on an event loop, without threads."""
        return LoopQueries(self.open_in_loop, self._statement_timeout + 1)

    async def open_in_loop(self) -> LoopConnection:
        """Open a connection for the running event loop. The caller closes it. Raises `psycopg.Error`."""
        connection = await LoopConnection.open(self.conninfo, CONNECT_TIMEOUT, session(self._statement_timeout))
        try:
            await self.timeline.look_in_loop(connection, self._statement_timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """Yield a connection of the pool, for reading or for a transaction. Raises `StoreUnavailable` if there is
        none.
        """
        with unavailable():
            self._pool.open()
            with self._pool.connection() as connection:
                try:
                    yield connection
                except psycopg.errors.ReadOnlySqlTransaction:
                    # The server has become a standby. A new connection may reach its successor.
                    connection.close()
                    raise

    def close(self) -> None:
        self._pool.close()
        self.in_loop.close()


def check_if_readable(connection: Connection[Any]) -> None:
    """Check the connection with a query, but only if the server has sent something unasked, as it does when it closes
    it.

    A query before each use would cost every request a round trip. Raises `psycopg.OperationalError`.
    """
    look = poll()
    look.register(connection.fileno(), POLLIN)
    if look.poll(0):
        ConnectionPool.check_connection(connection)


def was_lost(connection: Connection[Any]) -> bool:
    """Return whether a connection is closed, by us or by the server. Closes it in the latter case."""
    try:
        check_if_readable(connection)
    except psycopg.Error:
        connection.close()
    return connection.closed


UNUSABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.InternalError,
    psycopg.errors.InsufficientPrivilege,
)
"""The errors of the driver for a store that is down, slow or read-only, or whose role lacks a privilege."""


def why_unavailable(error: psycopg.Error) -> StoreUnavailable:
    """Return one of the errors in `UNUSABLE` as an error of the application."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return StoreReadOnly(StoreReadOnly.__doc__)
    if isinstance(error, psycopg.errors.DiskFull):
        return StoreFull(StoreFull.__doc__)
    return StoreUnavailable(str(error).strip().partition("\n")[0])


@contextmanager
def unavailable() -> Iterator[None]:
    """Raise errors of a store that cannot be used as `StoreUnavailable`. Errors in our own statements pass
    unchanged.
    """
    try:
        yield
    except UNUSABLE as error:
        raise why_unavailable(error) from error


def prefer_writable_server(conninfo: str) -> str:
    """Return the connection string with `target_session_attrs=read-write` if it names several servers and does not say
    which one it wants."""
    said = conninfo_to_dict(conninfo)
    if "," not in str(said.get("host", "")) or "target_session_attrs" in said:
        return conninfo
    return make_conninfo(conninfo, target_session_attrs="read-write")
