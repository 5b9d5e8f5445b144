"""The table of calendars."""

from collections.abc import Collection
from dataclasses import astuple, fields
from datetime import datetime

from psycopg.rows import class_row

from adapters.access.calendar_feeds import CalendarFeed
from adapters.postgres.datastore import Datastore

COLUMNS = ", ".join(field.name for field in fields(CalendarFeed))
ADD = f"INSERT INTO plantrail.calendars ({COLUMNS}) VALUES ({', '.join('%s' for _ in fields(CalendarFeed))})"
FIND = f"SELECT {COLUMNS} FROM plantrail.calendars WHERE digest = %s"
OF = f"SELECT {COLUMNS} FROM plantrail.calendars WHERE actor = %s ORDER BY created_at DESC, id"
READ = "UPDATE plantrail.calendars SET last_read_at = %s WHERE id = %s"
DELETE = "DELETE FROM plantrail.calendars WHERE id = %s AND actor = %s"


class PostgresCalendars:
    """The store of calendars (`adapters.access.calendar_feeds`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def add(self, feed: CalendarFeed) -> None:
        with self._datastore.connection() as connection:
            connection.execute(ADD, astuple(feed))

    def find(self, digest: bytes) -> CalendarFeed | None:
        with self._datastore.connection() as connection:
            return connection.cursor(row_factory=class_row(CalendarFeed)).execute(FIND, (digest,)).fetchone()

    def note_read(self, id: str, at: datetime) -> None:
        with self._datastore.connection() as connection:
            connection.execute(READ, (at, id))

    def of(self, actor: str) -> Collection[CalendarFeed]:
        with self._datastore.connection() as connection:
            return connection.cursor(row_factory=class_row(CalendarFeed)).execute(OF, (actor,)).fetchall()

    def delete(self, id: str, actor: str) -> bool:
        with self._datastore.connection() as connection:
            return connection.execute(DELETE, (id, actor)).rowcount > 0
