"""The table of access events: who read which plan. Entries are only added; old ones are deleted."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from adapters.access.access_log import EVER, AccessEvent, AccessItem, AccessPage, Period
from adapters.postgres.account_aliases import with_named
from adapters.postgres.datastore import Datastore
from application.aggregates.access import Caller
from domain.language import same_person

COLUMNS = ("at", "actor", "on_behalf_of", "role", "view", "plan_id", "cut", "request_id", "times")
COPY = f"COPY plantrail.access_events ({', '.join(COLUMNS)}) FROM STDIN"
MOST_PURGED = 10_000


class PostgresAccessEvents:
    """The store of access events (`adapters.access.access_log`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def add(self, events: Sequence[AccessEvent]) -> None:
        with self._datastore.connection() as connection, connection.cursor().copy(COPY) as copy:
            for event in events:
                access = event.access
                copy.write_row((event.at, *access, event.request_id, event.times))

    def page(
        self,
        limit: int,
        plans: frozenset[UUID] | None = None,
        actor: str | None = None,
        before: int | None = None,
        caller: Caller | None = None,
        period: Period = EVER,
    ) -> AccessPage:
        conditions, values = ["true"], dict[str, Any](limit=limit + 1)
        scopes = {"plans": plans, "theirs": caller.plans if caller else None}
        for name, scope in scopes.items():
            if scope is not None:
                conditions.append(f"plan_id = ANY(%({name})s::uuid[])")
                values[name] = list(scope)
        by = None if actor is None else same_person(actor)
        for condition, name, value in (
            ("actor = %(actor)s", "actor", by),
            ("id < %(before)s", "before", before),
            ("at >= %(since)s", "since", period.since),
            ("at < %(until)s", "until", period.before),
        ):
            if value is not None:
                conditions.append(condition)
                values[name] = value
        statement = (
            f"SELECT id, {', '.join(COLUMNS)} FROM plantrail.access_events WHERE {' AND '.join(conditions)}"
            " ORDER BY id DESC LIMIT %(limit)s"
        )
        with (
            self._datastore.connection() as connection,
            connection.cursor(row_factory=class_row(AccessItem)) as cursor,
        ):
            if plans is not None:
                values["plans"] = with_named(connection, plans)
            found = cursor.execute(statement.encode(), values).fetchall()
        items = found[:limit]
        return AccessPage(items=items, next=str(items[-1].id) if len(found) > limit else None)

    def purge(self, older_than_days: int) -> None:
        """Delete entries older than this time, a limited number per call, so that nobody has to wait."""
        with self._datastore.connection() as connection:
            connection.execute("SELECT plantrail.purge_access_events(%s, %s)", (older_than_days, MOST_PURGED))
