"""The table of webhook endpoints: created, viewed, paused, replayed, deleted."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import Cursor
from psycopg.rows import DictRow, dict_row

from adapters.events.cloud_events import sequence, type_of
from adapters.postgres.account_aliases import plan_named_by
from adapters.postgres.datastore import Datastore
from adapters.postgres.webhook_secrets import WebhookSecrets
from application.views.list_cursors import CursorUnknown
from application.webhooks.attempts import Outcome
from application.webhooks.endpoints import (
    Attempt,
    AttemptPage,
    NothingToReplay,
    Parked,
    ParkedPage,
    TooManyWebhooks,
    UnknownWebhook,
    Webhook,
    WebhookPage,
)
from application.webhooks.formats import Format, url_shown
from application.webhooks.schedule import DigestWish, next_time
from application.webhooks.signatures import new_secret

OVERLAP = timedelta(hours=24)
"""How long the previous secret keeps signing beside the new one."""
MOST_OF_ONE_OWNER = 100
HIGHEST = 2**63 - 1
FIRST = "00000000-0000-0000-0000-000000000000"

PLANS_THERE = (
    "SELECT originator_id FROM plantrail.stored_events WHERE originator_id = ANY (%s) AND originator_version = 1"
)
HEAD = "SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events"
CREATE = (
    "INSERT INTO plantrail.webhook_endpoints"
    " (id, owner, url, topics, plans, personal_data, format, digest, timezone, person, digest_at, state_since,"
    "  position, secret, created_at)"
    " SELECT %(id)s, %(owner)s, %(url)s, %(topics)s, %(plans)s, %(personal_data)s, %(format)s,"
    "  %(digest)s, %(timezone)s, %(person)s, %(digest_at)s, %(now)s,"
    f"  coalesce(%(position)s, ({HEAD})), %(secret)s, %(now)s"
    " WHERE (SELECT count(*) FROM plantrail.webhook_endpoints WHERE owner = %(owner)s) < %(most)s RETURNING id"
)
SHOWN = (
    "SELECT e.*,"
    " (SELECT count(*) FROM plantrail.webhook_lanes lane WHERE lane.endpoint_id = e.id) AS waiting,"
    " (SELECT count(*) FROM plantrail.webhook_lanes lane"
    "  WHERE lane.endpoint_id = e.id AND lane.parked_at IS NOT NULL) AS parked"
    " FROM plantrail.webhook_endpoints e"
)
YOURS = " AND (%(owner)s::text IS NULL OR owner = %(owner)s)"
LIST = f"{SHOWN} WHERE id > %(after)s{YOURS} ORDER BY id LIMIT %(most)s"
ONE = f"{SHOWN} WHERE id = %(id)s{YOURS}"
LOCK = (
    "SELECT id, position, topics, plans, digest, secret FROM plantrail.webhook_endpoints"
    f" WHERE id = %(id)s{YOURS} FOR UPDATE"
)
PAUSE = (
    "UPDATE plantrail.webhook_endpoints SET state = 'paused', state_since = %(now)s, reason = %(reason)s"
    " WHERE id = %(id)s AND state <> 'paused'"
)
RESUME = (
    "UPDATE plantrail.webhook_endpoints SET state = 'active', state_since = %(now)s, reason = NULL,"
    " failing_since = NULL, held_until = NULL WHERE id = %(id)s AND state <> 'active'"
)
TRY_NOW = (
    "UPDATE plantrail.webhook_lanes SET due_at = %(now)s, attempts = 0 WHERE endpoint_id = %(id)s AND parked_at IS NULL"
)
ROTATE = (
    "UPDATE plantrail.webhook_endpoints SET previous_secret = secret, previous_until = %(until)s, secret = %(secret)s"
    " WHERE id = %(id)s"
)
DELETE = (
    "WITH attempts AS (DELETE FROM plantrail.webhook_attempts WHERE endpoint_id = %(id)s)"
    " DELETE FROM plantrail.webhook_endpoints WHERE id = %(id)s"
)
ATTEMPTS = (
    "SELECT number, event_id AS event, attempted_at, milliseconds, status, error FROM plantrail.webhook_attempts"
    " WHERE endpoint_id = %(id)s AND number < %(before)s ORDER BY number DESC LIMIT %(most)s"
)
TELL = (
    "INSERT INTO plantrail.webhook_attempts (endpoint_id, event_id, attempted_at, milliseconds, status, error)"
    " VALUES (%s, %s, %s, %s, %s, %s)"
)
PARKED = (
    "SELECT plan_id, delivered, parked_at, parked_because FROM plantrail.webhook_lanes"
    " WHERE endpoint_id = %(id)s AND parked_at IS NOT NULL AND plan_id > %(after)s ORDER BY plan_id LIMIT %(most)s"
)
# A worker that holds a lane keeps it until it notices, so that nobody else sends meanwhile. The next worker that claims
# an empty lane removes it.
EMPTY_LANES = (
    "UPDATE plantrail.webhook_lanes SET delivered = 0, through = 0, attempts = 0, due_at = %(now)s, parked_at = NULL,"
    " parked_because = NULL WHERE endpoint_id = %(id)s"
)
REWIND = "UPDATE plantrail.webhook_endpoints SET position = %(after)s WHERE id = %(id)s"
REPLAY_PLAN = (
    "INSERT INTO plantrail.webhook_lanes AS lane (endpoint_id, plan_id, delivered, through, waiting_since, due_at)"
    " SELECT %(id)s, %(plan)s, min(originator_version) - 1, max(originator_version), %(now)s, %(now)s"
    " FROM plantrail.stored_events"
    " WHERE originator_id = %(plan)s AND notification_id > %(after)s AND notification_id <= %(position)s"
    "  AND (%(plans)s::uuid[] = '{}' OR originator_id = ANY (%(plans)s))"
    "  AND (%(topics)s::text[] = '{}' OR topic = ANY (%(topics)s))"
    " HAVING count(*) > 0"
    " ON CONFLICT (endpoint_id, plan_id) DO UPDATE SET delivered = excluded.delivered, through = excluded.through,"
    "  waiting_since = excluded.waiting_since, attempts = 0, due_at = excluded.due_at, parked_at = NULL,"
    "  parked_because = NULL"
)
UNPARK = (
    "UPDATE plantrail.webhook_lanes SET attempts = 0, due_at = %(now)s, parked_at = NULL, parked_because = NULL"
    " WHERE endpoint_id = %(id)s AND plan_id = %(plan)s AND parked_at IS NOT NULL"
)


class PostgresWebhooks:
    """The endpoints (the protocols in `application.webhooks.ports`)."""

    def __init__(self, datastore: Datastore, secrets: WebhookSecrets) -> None:
        self._datastore = datastore
        self._secrets = secrets

    def create(
        self,
        id: UUID,
        owner: str,
        url: str,
        now: datetime,
        topics: Iterable[str] = (),
        plans: Iterable[UUID] = (),
        personal_data: bool = False,
        after: int | None = None,
        format: Format = "cloudevents",
        digest: DigestWish | None = None,
    ) -> bytes:
        secret = new_secret()
        values = {
            "id": id,
            "owner": owner,
            "url": url,
            "topics": sorted(topics),
            "plans": sorted(plans),
            "personal_data": personal_data,
            "format": format,
            "digest": digest and digest.schedule,
            "timezone": digest and digest.timezone,
            "person": digest and digest.person,
            "digest_at": digest and next_time(digest.schedule, digest.timezone, now),
            "now": now,
            "position": after,
            "secret": self._secrets.wrap(id, secret),
            "most": MOST_OF_ONE_OWNER,
        }
        with self._datastore.connection() as connection:
            if connection.execute(CREATE, values).fetchone() is None:
                raise TooManyWebhooks(TooManyWebhooks.__doc__)
        return secret

    def page(self, owner: str | None = None, cursor: str | None = None, limit: int = 100) -> WebhookPage:
        """Return a page of endpoints. Raises `CursorUnknown`."""
        values = {"owner": owner, "after": _id_in(cursor), "most": limit + 1}
        with self._rows() as rows:
            found = rows.execute(LIST, values).fetchall()
        items = [shown(row) for row in found[:limit]]
        return WebhookPage(items=items, next=str(items[-1].id) if len(found) > limit else None)

    def get(self, id: UUID, owner: str | None = None) -> Webhook:
        with self._rows() as rows:
            return _one(rows, id, owner)

    def pause(self, id: UUID, owner: str | None, now: datetime, reason: str | None = None) -> Webhook:
        return self._changed(id, owner, PAUSE, now=now, reason=reason)

    def resume(self, id: UUID, owner: str | None, now: datetime) -> Webhook:
        return self._changed(id, owner, RESUME, TRY_NOW, now=now)

    def rotate_secret(self, id: UUID, owner: str | None, now: datetime) -> tuple[bytes, datetime]:
        secret, until = new_secret(), now + OVERLAP
        self._changed(id, owner, ROTATE, secret=self._secrets.wrap(id, secret), until=until)
        return secret, until

    def target(self, id: UUID, owner: str | None, now: datetime) -> tuple[str, list[bytes]]:
        """Return the URL, and the secrets that sign now, the newest first."""
        with self._rows() as rows:
            row = _found(rows, ONE, id, owner)
        previous = row["previous_secret"] if row["previous_until"] and row["previous_until"] > now else None
        secrets = [self._secrets.unwrap(id, wrapped) for wrapped in (row["secret"], previous) if wrapped]
        return str(row["url"]), secrets

    def delete(self, id: UUID, owner: str | None) -> None:
        with self._rows() as rows:
            _found(rows, LOCK, id, owner)
            rows.execute(DELETE, {"id": id})

    def attempts(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> AttemptPage:
        if cursor is not None and not (cursor.isdecimal() and len(cursor) < 19):
            raise CursorUnknown("This cursor was not given by this list: begin again without one.")
        with self._rows() as rows:
            _one(rows, id, owner)
            values = {"id": id, "before": int(cursor) if cursor else HIGHEST, "most": limit + 1}
            found = rows.execute(ATTEMPTS, values).fetchall()
        items = [Attempt(**row) for row in found[:limit]]
        return AttemptPage(items=items, next=str(found[limit - 1]["number"]) if len(found) > limit else None)

    def tell(self, id: UUID, event_id: str, outcome: Outcome, now: datetime) -> None:
        """Record the outcome of a test attempt, which belongs to no lane."""
        with self._rows() as rows:
            rows.execute(TELL, (id, event_id, now, outcome.milliseconds, outcome.status, outcome.error))

    def parked(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> ParkedPage:
        """Return a page of parked plans. Raises `CursorUnknown`."""
        values = {"id": id, "after": _id_in(cursor), "most": limit + 1}
        with self._rows() as rows:
            _one(rows, id, owner)
            found = rows.execute(PARKED, values).fetchall()
        items = [
            Parked(
                plan=row["plan_id"],
                event=f"{row['plan_id']}:{row['delivered']}",
                parked_at=row["parked_at"],
                reason=row["parked_because"],
            )
            for row in found[:limit]
        ]
        return ParkedPage(items=items, next=str(items[-1].plan) if len(found) > limit else None)

    def replay(
        self, id: UUID, owner: str | None, now: datetime, plan: UUID | None = None, after: int | None = None
    ) -> Webhook:
        with self._rows() as rows:
            endpoint = _found(rows, LOCK, id, owner)
            values = endpoint | {"now": now, "plan": plan, "after": after}
            if endpoint["digest"]:
                raise NothingToReplay("A digest tells how things stand when it is sent: there is none to send again.")
            if plan is None and after is None:
                raise NothingToReplay("Say what to replay: after which cursor, or which parked plan.")
            if plan is None:
                rows.execute(EMPTY_LANES, values)
                rows.execute(REWIND, values)
            elif rows.execute(UNPARK if after is None else REPLAY_PLAN, values).rowcount == 0:
                raise NothingToReplay(
                    "This plan is not parked: say after which cursor to replay it."
                    if after is None
                    else "After this cursor nothing of this plan was sent here: give an earlier one."
                )
            return _one(rows, id, owner)

    def plans_there(self, ids: Sequence[UUID]) -> list[UUID]:
        with self._datastore.connection() as connection:
            found = {id for (id,) in connection.execute(PLANS_THERE, (ids,))}
            there = [id for id in ids if id in found]
            return there or [plan for id in ids if (plan := plan_named_by(connection, id))]

    @contextmanager
    def _rows(self) -> Iterator[Cursor[DictRow]]:
        """Yield a cursor in a transaction."""
        with (
            self._datastore.connection() as connection,
            connection.transaction(),
            connection.cursor(row_factory=dict_row) as rows,
        ):
            yield rows

    def _changed(self, id: UUID, owner: str | None, *statements: str, **values: Any) -> Webhook:
        with self._rows() as rows:
            _found(rows, LOCK, id, owner)
            for statement in statements:
                rows.execute(statement, {"id": id, **values})
            return _one(rows, id, owner)


def _found(rows: Cursor[DictRow], statement: str, id: UUID, owner: str | None) -> dict[str, Any]:
    row = rows.execute(statement, {"id": id, "owner": owner}).fetchone()
    if row is None:
        raise UnknownWebhook(UnknownWebhook.__doc__)
    return row


def _one(rows: Cursor[DictRow], id: UUID, owner: str | None) -> Webhook:
    return shown(_found(rows, ONE, id, owner))


def shown(row: Mapping[str, Any]) -> Webhook:
    told = {name: row[name] for name in Webhook.model_fields if name in row}
    told["url"] = url_shown(row["url"], row["format"])
    types = [type_of(topic) for topic in row["topics"]]
    return Webhook(**told, types=types, sequence=sequence(row["position"]), previous_secret_until=row["previous_until"])


def _id_in(cursor: str | None) -> UUID:
    try:
        return UUID(cursor or FIRST)
    except ValueError:
        raise CursorUnknown("This cursor was not given by this list: begin again without one.") from None
