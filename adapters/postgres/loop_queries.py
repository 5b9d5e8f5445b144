"""Queries that an event loop runs itself, without a thread, on a few connections of its own. Lists that are requested
often are read this way."""

import re
from asyncio import AbstractEventLoop, Semaphore, get_running_loop
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

import psycopg
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from adapters.postgres.loop_connection import LoopConnection, Statement

MOST_CONNECTIONS = 4
NAMED = re.compile(r"%\((\w+)\)s")

Text = bytes | None


@lru_cache(maxsize=512)
def numbered(query: str) -> tuple[Statement, Sequence[str]]:
    """Return a query with named parameters as a statement with numbered ones, and the names in the order of the
    numbers."""
    names = list(dict.fromkeys(NAMED.findall(query)))
    text = NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", query).encode()
    return Statement(text, [Format.TEXT] * len(names)), names


def as_text(value: Any) -> Text:
    """Return a parameter in PostgreSQL's text format, which suits a parameter of any type. Raises `TypeError` for a
    type that no query uses."""
    match value:
        case None:
            return None
        case bool():
            return b"true" if value else b"false"
        case str():
            return value.encode()
        case int() | date() | UUID():
            return str(value).encode()
        case list() | tuple():
            return b"{%b}" % b",".join(b"NULL" if each is None else quoted(as_text(each)) for each in value)
    raise TypeError(f"{type(value).__name__} is no parameter of a list.")


def quoted(element: Text) -> bytes:
    assert element is not None
    return b'"%b"' % element.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


OF_TYPE: Mapping[str, Callable[[str], Any]] = {
    "int2": int,
    "int4": int,
    "int8": int,
    "date": date.fromisoformat,
    "uuid": UUID,
}
READ = {psycopg.postgres.types[name].oid: read for name, read in OF_TYPE.items()}


def read(result: PGresult, row: int, column: int) -> Any:
    """Return a value of a result as the Python type of its column; text for other types."""
    text = result.get_value(row, column)
    return None if text is None else READ.get(result.ftype(column), str)(text.decode())


class LoopQueries:
    """Runs queries in the running event loop. If all connections are busy, a query waits for one."""

    def __init__(self, open: Callable[[], Awaitable[LoopConnection]], seconds: float) -> None:
        """A query fails after these `seconds`."""
        self._open = open
        self._seconds = seconds
        self._loop: AbstractEventLoop | None = None
        self._turns = Semaphore(MOST_CONNECTIONS)
        self._free: list[LoopConnection] = []

    async def run(self, query: str, values: Mapping[str, Any]) -> PGresult:
        """Return the result of a query whose parameters are written `%(name)s`. Raises `psycopg.Error`, `OSError`."""
        statement, names = numbered(query)
        parameters = [as_text(values[name]) for name in names]
        self._use_running_loop()
        async with self._turns:
            while self._free:
                try:
                    return await self._run_on(self._free.pop(), statement, parameters)
                except psycopg.OperationalError as error:
                    # The connection may have died while it was idle; then the next one is tried. Any other error is
                    # PostgreSQL's answer to the query and is raised.
                    if error.sqlstate is not None and error.sqlstate[:2] != "57":
                        raise
            return await self._run_on(await self._open(), statement, parameters)

    async def _run_on(self, connection: LoopConnection, statement: Statement, parameters: Sequence[Text]) -> PGresult:
        try:
            return await connection.run(statement, parameters, self._seconds)
        finally:
            if not connection.closed:
                self._free.append(connection)

    def _use_running_loop(self) -> None:
        """If another loop runs than before, close the connections of the former one."""
        if self._loop is not get_running_loop():
            self.close()
            self._loop, self._turns = get_running_loop(), Semaphore(MOST_CONNECTIONS)

    def close(self) -> None:
        while self._free:
            self._free.pop().close()
