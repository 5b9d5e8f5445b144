"""A connection that an event loop reads and writes itself through libpq.

It is meant for statements that nearly every request needs: a prepared statement takes about twenty calls and no thread,
where the asynchronous cursor of psycopg takes about a hundred.
"""

import re
from asyncio import AbstractEventLoop, CancelledError, Future, TimerHandle, get_running_loop
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from typing import Any, LiteralString

import psycopg
from psycopg import AsyncConnection
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

PLACEHOLDER = re.compile("%([bt])")
MOST_PREPARED = 200
"""The most prepared statements of a connection. Further statements are sent unprepared."""
Done = Callable[[PGresult | psycopg.Error], None]
FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement with its parameters as `$1`, `$2` and so on, and the format in which each is sent. Results come as
    text."""

    text: bytes
    formats: Sequence[int]

    @classmethod
    def of(cls, query: str) -> "Statement":
        """Return a statement from a query whose parameters are written `%b` (binary) and `%t` (text), as for
        psycopg."""
        numbers = count(1)
        formats = [Format.BINARY if kind == "b" else Format.TEXT for kind in PLACEHOLDER.findall(query)]
        return cls(PLACEHOLDER.sub(lambda _: f"${next(numbers)}", query).encode(), formats)


class LoopConnection:
    """A connection of one event loop. Its users send one statement at a time."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        """Take over a connection. Nobody else may use it afterwards."""
        self._loop: AbstractEventLoop = get_running_loop()
        self._connection = connection
        self._libpq = connection.pgconn
        self._libpq.nonblocking = 1
        self._socket = self._libpq.socket
        self._prepared: dict[Statement, bytes] = {}
        self._results: list[PGresult] = []
        self._done: Done | None = None
        """Called with the result or the error of the statement that is under way."""
        self._timer: TimerHandle | None = None
        self.closed = False
        self._loop.add_reader(self._socket, self._arrived)

    @classmethod
    async def open(
        cls, conninfo: str, connect_timeout: int, settings: tuple[LiteralString, Sequence[Any]]
    ) -> "LoopConnection":
        """Open a connection and execute a statement that configures it. Raises `psycopg.Error`."""
        connection = await AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=connect_timeout)
        try:
            await connection.execute(*settings)
        except BaseException:
            await connection.close()
            raise
        return cls(connection)

    async def run(self, statement: Statement, parameters: Sequence[bytes | None], seconds: float) -> PGresult:
        """Execute a statement and return its result. It is prepared when it is first used, up to `MOST_PREPARED`.

        If there is no result within these seconds, the connection is closed, and it is unknown whether the statement
        was executed. Raises `psycopg.Error`.
        """
        if statement not in self._prepared and len(self._prepared) == MOST_PREPARED:
            self._libpq.send_query_params(statement.text, parameters, param_formats=statement.formats)
            return await self._answer(seconds)
        await self.prepare(statement, seconds)
        self._libpq.send_query_prepared(self._prepared[statement], parameters, statement.formats)
        return await self._answer(seconds)

    async def prepare(self, statement: Statement, seconds: float) -> None:
        """Prepare a statement unless it is prepared already. Raises as `run` does."""
        if statement not in self._prepared:
            name = str(len(self._prepared)).encode()
            self._libpq.send_prepare(name, statement.text)
            await self._answer(seconds)
            self._prepared[statement] = name

    def send(self, statement: Statement, parameters: Sequence[bytes | None], seconds: float, done: Done) -> None:
        """Send a prepared statement, and call `done` with its result or its error.

        Raises `psycopg.Error` if it cannot be sent.
        """
        self._libpq.send_query_prepared(self._prepared[statement], parameters, statement.formats)
        self._expect(seconds, done)

    def read_now(self) -> None:
        """Read what the server has sent, a result or the end of the connection. The loop itself reads only after it has
        run everything that is ready."""
        if not self.closed:
            self._arrived()

    def cancel(self) -> None:
        """Ask the server to cancel the statement under way, and wait for the reply. This blocks, so it is only for the
        end of the process."""
        with suppress(psycopg.Error):  # the statement has ended already
            self._libpq.get_cancel().cancel()

    def close(self) -> None:
        """Close the connection. A second call does nothing. After its loop has ended, any thread may call this."""
        if self.closed:
            return
        self.closed = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._libpq.finish()
        self._finish(psycopg.OperationalError("The connection was closed."))

    async def _answer(self, seconds: float) -> PGresult:
        answer: Future[PGresult] = self._loop.create_future()

        def resolve(outcome: PGresult | psycopg.Error) -> None:
            if isinstance(outcome, psycopg.Error):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        self._expect(seconds, resolve)
        try:
            return await answer
        except CancelledError:
            self.close()  # the late result would be taken for that of the next statement
            raise

    def _expect(self, seconds: float, done: Done) -> None:
        """Expect a result within these seconds, and send what libpq has buffered."""
        self._results = []
        self._done = done
        self._timer = self._loop.call_later(seconds, self.close)
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._send_on)

    def _send_on(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._finish(error)
            self.close()

    def _arrived(self) -> None:
        try:
            self._libpq.consume_input()
            while not self._libpq.is_busy():
                result = self._libpq.get_result()
                if result is None:
                    break
                self._results.append(result)
            else:
                return
        except psycopg.Error as error:
            self._finish(error)
            self.close()
            return
        if self._results:
            first, self._results = self._results[0], []
            self._finish(first if first.status in FINE else error_from_result(first))
        if self._libpq.status == ConnStatus.BAD:
            self.close()

    def _finish(self, outcome: PGresult | psycopg.Error) -> None:
        done, self._done = self._done, None
        if self._timer:
            self._timer.cancel()
        if done and not self._loop.is_closed():
            done(outcome)
