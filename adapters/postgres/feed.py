"""The log as subscribers read it: page by page after a cursor, filtered by types and plans.

All writers take the append lock before they draw a position and hold it until they have committed. So a reader who sees
an event also sees every event before it, and pages skip nothing.
"""

from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification
from psycopg import Connection
from psycopg import Cursor as DatabaseCursor

from adapters.postgres.datastore import Datastore
from adapters.postgres.stored_events import COLUMNS, notifications
from application.feed.cursors import MOST_POSITION, NOW, Cursor, CursorGone
from application.feed.ports import ALL, EventFilter, Page

MOST_LOOKED_AT = 20_000
"""The number of events that are searched for one page. Rare events are found over several pages."""
FEW_PLANS = 20
"""Up to this many plans are looked up one by one, which finds their events however far apart they are."""

MOST_BYTES = 8 * 1024 * 1024
"""The size in bytes of the stored events of a page. The event that exceeds it is the last one."""

AS_TEXT = COLUMNS.replace("originator_id,", "originator_id::text,")
"""The ids as text, which eventsourcing also accepts. Subscribers receive them in this form, which saves a tenth of the
time of a page."""

BOUNDED = (
    f"SELECT {COLUMNS} FROM ("
    "  SELECT *, sum(octet_length(state)) OVER (ORDER BY notification_id ROWS UNBOUNDED PRECEDING)"
    "   - octet_length(state) AS before FROM ({}) AS its"
    ") AS counted WHERE before < %(bytes)s ORDER BY notification_id"
)
STANDING = (
    "SELECT id, (SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events),"
    " (SELECT max(last_common) FROM plantrail.former_logs WHERE last_common < %(at)s AND %(at)s <= jumped_to),"
    " (SELECT min(last_common) FROM plantrail.former_logs WHERE id = %(log)s),"
    " (SELECT min(last_common) FROM plantrail.former_logs)"
    " FROM plantrail.log"
)
POSITION = "SELECT notification_id FROM plantrail.stored_events WHERE originator_id = %s AND originator_version = %s"
UNBOUNDED_NEXT = (
    f"SELECT {AS_TEXT} FROM plantrail.stored_events WHERE notification_id > %(after)s"
    " ORDER BY notification_id LIMIT %(most)s"
)
# Counting first takes a tenth of the time of a running total, and hardly any page is that large.
BYTES_OF_NEXT = (
    "SELECT coalesce(sum(octet_length(state)), 0) FROM ("
    " SELECT state FROM plantrail.stored_events WHERE notification_id > %(after)s"
    " ORDER BY notification_id LIMIT %(most)s) AS its"
)
NEXT = BOUNDED.format(UNBOUNDED_NEXT)
LOOKED_AT = (
    "SELECT notification_id FROM plantrail.stored_events WHERE notification_id > %s"
    " ORDER BY notification_id OFFSET %s LIMIT 1"
)
WANTED = BOUNDED.format(
    f"SELECT {AS_TEXT} FROM plantrail.stored_events"
    " WHERE notification_id > %(after)s AND notification_id <= %(until)s"
    " AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))"
    " AND (%(plans)s::uuid[] IS NULL OR originator_id = ANY(%(plans)s))"
    " ORDER BY notification_id LIMIT %(most)s"
)
OF_PLANS = BOUNDED.format(
    f"SELECT its.* FROM unnest(%(plans)s::uuid[]) AS wanted (plan_id), LATERAL ("
    f"  SELECT {AS_TEXT} FROM plantrail.stored_events"
    "   WHERE originator_id = plan_id AND originator_version > coalesce(("
    "    SELECT originator_version FROM plantrail.stored_events"
    "    WHERE originator_id = plan_id AND notification_id <= %(after)s ORDER BY originator_version DESC LIMIT 1), 0)"
    "  AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))"
    "  ORDER BY originator_version LIMIT %(most)s"
    ") AS its ORDER BY notification_id LIMIT %(most)s"
)


def rows_of(fetched: DatabaseCursor[Any]) -> list[Notification]:
    """Fetch all rows at once. Fetching one after the other takes half as long again."""
    return notifications(fetched.fetchall())


class PostgresFeed:
    """The feed (`application.feed.ports.Feed`)."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def log_id(self) -> UUID:
        """The current id of the log. Raises `StoreUnavailable`."""
        with self._datastore.connection() as connection:
            return self._standing(connection, NOW)[0]

    def position(self, cursor: Cursor) -> int:
        with self._datastore.connection() as connection:
            return self._standing(connection, cursor)[1]

    def page(self, after: Cursor | int, wanted: EventFilter = ALL, most: int = 1_000) -> Page[Notification]:
        with self._datastore.connection() as connection:
            log_id, position, end = self._standing(connection, Cursor(after) if isinstance(after, int) else after)
            rows, looked_at = self._rows(connection, position, end, wanted, most)
        is_full = len(rows) == most or sum(len(row.state) for row in rows) >= MOST_BYTES
        next = rows[-1].id if is_full else max(looked_at, rows[-1].id if rows else position)
        return Page(log_id, rows, next, max(end, next))

    def _standing(self, connection: Connection[Any], cursor: Cursor) -> tuple[UUID, int, int]:
        """Return the id of the log, the position of the cursor on it, and its last position."""
        position = cursor.position
        if cursor.event:
            found = connection.execute(POSITION, cursor.event, prepare=True).fetchone()
            position = found[0] if found else MOST_POSITION
        [(log_id, end, before_jump, common, common_to_all)] = connection.execute(
            STANDING, {"at": position or 0, "log": cursor.log}, prepare=True, binary=True
        ).fetchall()
        if position is None:
            return log_id, end, end
        if cursor.log not in (None, log_id) and position > (common or 0):
            raise CursorGone(common or 0)
        if before_jump is not None:
            raise CursorGone(before_jump)
        if position > end:
            raise CursorGone(end if common_to_all is None else common_to_all)
        return log_id, position, end

    def _rows(
        self, connection: Connection[Any], after: int, end: int, wanted: EventFilter, most: int
    ) -> tuple[list[Notification], int]:
        """Return the matching events, and the position up to which there are no further ones."""
        if after >= end:
            return [], after
        cursor = connection.cursor(binary=True)
        asked: dict[str, Any] = {"after": after, "most": most, "bytes": MOST_BYTES}
        if wanted == ALL:
            [(size,)] = cursor.execute(BYTES_OF_NEXT, asked, prepare=True).fetchall()
            statement = UNBOUNDED_NEXT if size < MOST_BYTES else NEXT
            return rows_of(cursor.execute(statement, asked, prepare=True)), end
        asked |= {
            "topics": sorted(wanted.topics) if wanted.topics is not None else None,
            "plans": sorted(wanted.plans) if wanted.plans is not None else None,
        }
        if wanted.plans is not None and len(wanted.plans) <= FEW_PLANS:
            return rows_of(cursor.execute(OF_PLANS, asked, prepare=True)), end
        further = cursor.execute(LOOKED_AT, (after, MOST_LOOKED_AT - 1), prepare=True).fetchone()
        until = further[0] if further else end
        return rows_of(cursor.execute(WANTED, asked | {"until": until}, prepare=True)), until
