"""A connection that an event loop reads and writes by itself, by libpq.

It does little, and does that for little: a statement that is prepared takes some twenty calls and no thread, where the
driver's own asynchronous cursor takes some hundred. It is for what is asked with almost every request.
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
"""Statements of a connection that are prepared; further ones are sent as they are."""
Done = Callable[[PGresult | psycopg.Error], None]
FINE = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement with its parameters as `$1`, `$2` and so on, and the format in which each is sent. What it answers is
    read as text."""

    text: bytes
    formats: Sequence[int]

    @classmethod
    def of(cls, query: str) -> "Statement":
        """Return a statement of the driver, whose parameters are written `%b` and `%t`."""
        numbers = count(1)
        formats = [Format.BINARY if kind == "b" else Format.TEXT for kind in PLACEHOLDER.findall(query)]
        return cls(PLACEHOLDER.sub(lambda _: f"${next(numbers)}", query).encode(), formats)


class LoopConnection:
    """A connection of one event loop. One statement is under way at a time; its users see to that."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        """Take over a connection, which is used in no other way from now on."""
        self._loop: AbstractEventLoop = get_running_loop()
        self._connection = connection
        self._libpq = connection.pgconn
        self._libpq.nonblocking = 1
        self._socket = self._libpq.socket
        self._prepared: dict[Statement, bytes] = {}
        self._results: list[PGresult] = []
        self._done: Done | None = None
        """Whom to tell what the statement that is under way answers."""
        self._patience: TimerHandle | None = None
        self.closed = False
        self._loop.add_reader(self._socket, self._arrived)

    @classmethod
    async def open(
        cls, conninfo: str, connect_timeout: int, settings: tuple[LiteralString, Sequence[Any]]
    ) -> "LoopConnection":
        """Open a connection and carry out the statement that sets it up. Raises `psycopg.Error`."""
        connection = await AsyncConnection.connect(conninfo, autocommit=True, connect_timeout=connect_timeout)
        try:
            await connection.execute(*settings)
        except BaseException:
            await connection.close()
            raise
        return cls(connection)

    async def run(self, statement: Statement, parameters: Sequence[bytes | None], seconds: float) -> PGresult:
        """Return what a statement answers, which as a rule is prepared the first time.

        The connection is closed where that cannot be had within so many seconds: whether the statement was carried out
        is not known then. Raises `psycopg.Error`.
        """
        if statement not in self._prepared and len(self._prepared) == MOST_PREPARED:
            self._libpq.send_query_params(statement.text, parameters, param_formats=statement.formats)
            return await self._answer(seconds)
        await self.prepare(statement, seconds)
        self._libpq.send_query_prepared(self._prepared[statement], parameters, statement.formats)
        return await self._answer(seconds)

    async def prepare(self, statement: Statement, seconds: float) -> None:
        """Prepare a statement, unless it is. Raises as `run` does."""
        if statement not in self._prepared:
            name = str(len(self._prepared)).encode()
            self._libpq.send_prepare(name, statement.text)
            await self._answer(seconds)
            self._prepared[statement] = name

    def send(self, statement: Statement, parameters: Sequence[bytes | None], seconds: float, done: Done) -> None:
        """Send a statement that was prepared, and call `done` with what it answers or what went wrong.

        Raises `psycopg.Error` where it cannot be sent.
        """
        self._libpq.send_query_prepared(self._prepared[statement], parameters, statement.formats)
        self._expect(seconds, done)

    def look(self) -> None:
        """Take what has come, an answer or the end of the connection: the loop itself looks only after all that it is
        about to do."""
        if not self.closed:
            self._arrived()

    def cancel(self) -> None:
        """Ask the server to stop what is under way, and wait for that to be heard. It is for the end: it blocks."""
        with suppress(psycopg.Error):  # it has ended by itself
            self._libpq.get_cancel().cancel()

    def close(self) -> None:
        """Close the connection; closing it again does nothing. Once its loop has ended anybody may."""
        if self.closed:
            return
        self.closed = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._libpq.finish()
        self._settle(psycopg.OperationalError("The connection was closed."))

    async def _answer(self, seconds: float) -> PGresult:
        answer: Future[PGresult] = self._loop.create_future()

        def settle(outcome: PGresult | psycopg.Error) -> None:
            if isinstance(outcome, psycopg.Error):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

        self._expect(seconds, settle)
        try:
            return await answer
        except CancelledError:
            self.close()  # what came later would be taken for the answer to something else
            raise

    def _expect(self, seconds: float, done: Done) -> None:
        self._results = []
        self._done = done
        self._patience = self._loop.call_later(seconds, self.close)
        if self._libpq.flush():
            self._loop.add_writer(self._socket, self._send_on)

    def _send_on(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._settle(error)
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
            self._settle(error)
            self.close()
            return
        if self._results:
            first, self._results = self._results[0], []
            self._settle(first if first.status in FINE else error_from_result(first))
        if self._libpq.status == ConnStatus.BAD:
            self.close()

    def _settle(self, outcome: PGresult | psycopg.Error) -> None:
        done, self._done = self._done, None
        if self._patience:
            self._patience.cancel()
        if done and not self._loop.is_closed():
            done(outcome)
