"""Reads timestamps of PostgreSQL that Python's datetime cannot represent.

A single one would make every row of the same query unreadable. It is read as the nearest instant that datetime can
represent.
"""

from datetime import UTC, datetime
from typing import Any

from psycopg import BaseConnection, DataError
from psycopg.abc import Buffer
from psycopg.types.datetime import TimestamptzBinaryLoader, TimestamptzLoader

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class NearestInstant(TimestamptzLoader):
    """Loads the text format: `10000-01-01 00:00:00+00`, `0001-12-31 10:00:00+00 BC`, `infinity`, `-infinity`."""

    def load(self, data: Buffer) -> datetime:
        try:
            return super().load(data)
        except DataError:
            text = bytes(data)
            return EARLIEST if text.startswith(b"-") or text.endswith(b"BC") else LATEST


class NearestInstantBinary(TimestamptzBinaryLoader):
    """Loads the binary format: microseconds since the year 2000."""

    def load(self, data: Buffer) -> datetime:
        try:
            return super().load(data)
        except DataError:
            return EARLIEST if bytes(data)[0] & 0x80 else LATEST


def read_as_nearest(connection: BaseConnection[Any]) -> None:
    """Let this connection read every timestamp."""
    for loader in (NearestInstant, NearestInstantBinary):
        connection.adapters.register_loader("timestamptz", loader)
