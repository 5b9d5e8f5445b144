"""A connection that an event loop reads and writes by itself, by libpq.

It does little, and does that for little: a statement that is prepared takes some twenty calls and no thread, where the
driver's own asynchronous cursor takes some hundred. It is for what is asked with almost every request.
"""

import re
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Sequence
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
        self._awaited: Future[PGresult] | None = None
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

    @property
    def of_this_loop(self) -> bool:
        return self._loop is get_running_loop()

    async def run(self, statement: Statement, parameters: Sequence[bytes | None], seconds: float) -> PGresult:
        """Return what a statement answers, which as a rule is prepared the first time.

        The connection is closed where that cannot be had within so many seconds: whether the statement was carried out
        is not known then. Raises `psycopg.Error`.
        """
        name = self._prepared.get(statement)
        if name is None and len(self._prepared) == MOST_PREPARED:
            self._libpq.send_query_params(statement.text, parameters, param_formats=statement.formats)
            return await self._answer(seconds)
        if name is None:
            name = str(len(self._prepared)).encode()
            self._libpq.send_prepare(name, statement.text)
            await self._answer(seconds)
            self._prepared[statement] = name
        self._libpq.send_query_prepared(name, parameters, statement.formats)
        return await self._answer(seconds)

    def close(self) -> None:
        """Close the connection; closing it again does nothing. Once its loop has ended anybody may."""
        if self.closed:
            return
        self.closed = True
        if not self._loop.is_closed():
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
        self._libpq.finish()
        self._fail(psycopg.OperationalError("The connection was closed."))

    async def _answer(self, seconds: float) -> PGresult:
        self._results = []
        self._awaited = self._loop.create_future()
        patience = self._loop.call_later(seconds, self.close)
        try:
            if self._libpq.flush():
                self._loop.add_writer(self._socket, self._send_on)
            result = await self._awaited
        except BaseException:
            self.close()  # what came later would be taken for the answer to something else
            raise
        finally:
            patience.cancel()
        if result.status not in FINE:
            raise error_from_result(result)
        return result

    def _send_on(self) -> None:
        try:
            if not self._libpq.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._fail(error)

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
            self._fail(error)
            self.close()
            return
        awaited, self._awaited = self._awaited, None
        if awaited and not awaited.done() and self._results:
            awaited.set_result(self._results[0])
        if self._libpq.status == ConnStatus.BAD:
            self.close()

    def _fail(self, error: psycopg.Error) -> None:
        awaited, self._awaited = self._awaited, None
        if awaited and not awaited.done() and not awaited.get_loop().is_closed():
            awaited.set_exception(error)
