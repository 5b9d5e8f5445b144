"""The queue of events for webhooks, and which worker delivers them.

Events are not copied. For each endpoint the log is searched by position. The events that the endpoint wants wait in
**lanes**, one for each plan, which store the first and the last version to send. A worker leases a lane, sends its
events one after the other, and records the outcome of each. If a worker dies, its lease expires and another continues;
if the first comes back, it no longer holds the lane and can record nothing. Only the database's clock decides about
leases.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.postgres import clock
from adapters.postgres.datastore import Datastore
from adapters.postgres.stored_events import COLUMNS, notifications
from adapters.postgres.webhook_secrets import WebhookSecrets
from application.webhooks.attempts import Outcome
from application.webhooks.lanes import DigestDue, Lane, MayReceive
from application.webhooks.schedule import next_time, period
from domain.things import day_of

ENDPOINTS_AT_A_TIME = 100
EVENTS_LOOKED_THROUGH = 1_000
"""The number of events of the log that are searched at a time for each endpoint."""
EVENTS_FETCHED = 50
MOST_AT_ONCE = 16
MOST_AT_ONCE_FAILING = 4
"""Lanes of a failing endpoint that one worker holds at most, so that endpoints that hang do not block others."""
LEASE = timedelta(seconds=30)
"""The length of a lease. It exceeds the length of an attempt, which takes at most 17 seconds."""
FAILING_FOR = timedelta(days=5)
ATTEMPTS_KEPT = timedelta(days=14)
MOST_PURGED = 1_000

# A lane that is done starts again at the new event; so does a lane that a replay has emptied.
LOOK_THROUGH = (
    "WITH behind AS ("
    "  SELECT id, position, topics, plans FROM plantrail.webhook_endpoints"
    "  WHERE state = 'active' AND digest IS NULL"
    "   AND position < (SELECT coalesce(max(notification_id), 0) FROM plantrail.stored_events)"
    "  ORDER BY position LIMIT %(endpoints)s FOR NO KEY UPDATE SKIP LOCKED),"
    " page AS ("
    "  SELECT behind.*, event.* FROM behind CROSS JOIN LATERAL ("
    "   SELECT notification_id, originator_id, originator_version, topic FROM plantrail.stored_events"
    "   WHERE notification_id > behind.position ORDER BY notification_id LIMIT %(events)s) AS event),"
    " moved AS ("
    "  UPDATE plantrail.webhook_endpoints e SET position = reached.last"
    "  FROM (SELECT id, max(notification_id) AS last FROM page GROUP BY id) AS reached WHERE e.id = reached.id),"
    " waiting AS ("
    "  INSERT INTO plantrail.webhook_lanes AS lane (endpoint_id, plan_id, delivered, through, waiting_since, due_at)"
    "  SELECT id, originator_id, min(originator_version) - 1, max(originator_version), %(now)s, %(now)s FROM page"
    "  WHERE (topics = '{}' OR topic = ANY (topics)) AND (plans = '{}' OR originator_id = ANY (plans))"
    "  GROUP BY id, originator_id"
    "  ON CONFLICT (endpoint_id, plan_id) DO UPDATE SET through = excluded.through,"
    "   delivered = CASE WHEN lane.delivered >= lane.through THEN excluded.delivered ELSE lane.delivered END,"
    "   waiting_since = CASE WHEN lane.delivered >= lane.through THEN excluded.waiting_since"
    "    ELSE lane.waiting_since END,"
    "   due_at = CASE WHEN lane.delivered >= lane.through THEN excluded.due_at ELSE lane.due_at END)"
    " SELECT count(*) > 0 FROM behind"
)
DIGESTS_DUE = (
    "SELECT id, digest, timezone, digest_at FROM plantrail.webhook_endpoints"
    " WHERE digest IS NOT NULL AND state = 'active' AND digest_at <= %s FOR NO KEY UPDATE SKIP LOCKED"
)
NEXT_DIGEST = "UPDATE plantrail.webhook_endpoints SET digest_at = %s WHERE id = %s"
# A digest that has not arrived is replaced by the next one, which covers its period too.
BEGIN_DIGEST = (
    "INSERT INTO plantrail.webhook_lanes AS lane (endpoint_id, plan_id, delivered, through, waiting_since, due_at)"
    " VALUES (%(id)s, %(id)s, %(number)s - 1, %(number)s, %(due_at)s, %(now)s)"
    " ON CONFLICT (endpoint_id, plan_id) DO UPDATE SET through = excluded.through, delivered = excluded.delivered,"
    "  attempts = 0, due_at = excluded.due_at, parked_at = NULL, parked_because = NULL, waiting_since ="
    "   CASE WHEN lane.delivered >= lane.through THEN excluded.waiting_since ELSE lane.waiting_since END"
)
CLAIM = (
    "UPDATE plantrail.webhook_lanes lane"
    " SET lease = gen_random_uuid(), leased_until = clock_timestamp() + %(lease)s"
    " FROM ("
    "  SELECT due.endpoint_id, due.plan_id, e.url, e.topics, e.owner, e.plans, e.personal_data, e.format,"
    "   e.digest, e.timezone, e.person, e.secret,"
    "   CASE WHEN e.previous_until > %(now)s THEN e.previous_secret END AS previous_secret"
    "  FROM plantrail.webhook_endpoints e"
    "  LEFT JOIN unnest(%(endpoints)s::uuid[], %(busy)s::int[]) AS at_work (id, lanes) USING (id)"
    "  CROSS JOIN LATERAL ("
    "   SELECT l.endpoint_id, l.plan_id FROM plantrail.webhook_lanes l"
    "   WHERE l.endpoint_id = e.id AND l.parked_at IS NULL AND l.due_at <= %(now)s"
    "    AND (l.leased_until IS NULL OR l.leased_until <= clock_timestamp())"
    "   ORDER BY l.due_at LIMIT greatest(0,"
    "    CASE WHEN e.failing_since IS NULL THEN %(at_once)s ELSE %(at_once_failing)s END - coalesce(at_work.lanes, 0))"
    "   FOR UPDATE SKIP LOCKED) AS due"
    "  WHERE e.state = 'active' AND (e.held_until IS NULL OR e.held_until <= %(now)s)"
    "  ORDER BY e.failing_since IS NOT NULL LIMIT %(most)s) AS due"
    " WHERE lane.endpoint_id = due.endpoint_id AND lane.plan_id = due.plan_id"
    " RETURNING lane.endpoint_id, lane.plan_id, lane.lease, lane.delivered, lane.through, lane.attempts, due.url,"
    "  due.topics, due.owner, due.plans, due.personal_data, due.format, due.digest, due.timezone, due.person,"
    "  due.secret, due.previous_secret"
)
NEXT = (
    f"SELECT {COLUMNS} FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version > %s AND originator_version <= %s"
    "  AND (%s::text[] = '{}' OR topic = ANY (%s))"
    " ORDER BY originator_version LIMIT %s"
)
TOLD = (
    " told AS (INSERT INTO plantrail.webhook_attempts"
    "  (endpoint_id, event_id, attempted_at, milliseconds, status, error)"
    "  SELECT %(endpoint_id)s, %(event_id)s, %(now)s, %(milliseconds)s, %(status)s, %(error)s FROM lane)"
)
HELD = " WHERE endpoint_id = %(endpoint_id)s AND plan_id = %(plan_id)s AND lease = %(lease)s"
ARRIVED = (
    "WITH lane AS ("
    "  UPDATE plantrail.webhook_lanes SET delivered = %(version)s, attempts = 0,"
    "   leased_until = clock_timestamp() + %(lasting)s"
    f" {HELD} AND delivered = %(delivered)s RETURNING through),"
    f"{TOLD}"
    " SELECT lane.through, e.state = 'active' AND (e.held_until IS NULL OR e.held_until <= %(now)s),"
    "  e.failing_since IS NOT NULL"
    " FROM lane, plantrail.webhook_endpoints e WHERE e.id = %(endpoint_id)s"
)
WAITING_SINCE = f"SELECT waiting_since FROM plantrail.webhook_lanes {HELD}"
PASSED_OVER = (
    "UPDATE plantrail.webhook_lanes SET delivered = %(version)s, attempts = 0"
    f" {HELD} AND delivered = %(delivered)s RETURNING through"
)
FAILED = (
    "WITH lane AS ("
    "  UPDATE plantrail.webhook_lanes SET attempts = attempts + 1, due_at = %(due_at)s, lease = NULL,"
    "   leased_until = NULL, parked_at = %(parked_at)s, parked_because = %(reason)s"
    f" {HELD} AND delivered = %(delivered)s RETURNING plan_id),"
    f"{TOLD}"
    " SELECT FROM lane"
)
WORKS = "UPDATE plantrail.webhook_endpoints SET failing_since = NULL WHERE id = %s AND failing_since IS NOT NULL"
FAILS = (
    "UPDATE plantrail.webhook_endpoints"
    " SET failing_since = coalesce(failing_since, %(now)s), held_until = greatest(held_until, %(held_until)s)"
    " WHERE id = %(id)s AND (failing_since IS NULL OR %(held_until)s::timestamptz IS NOT NULL)"
)
DISABLE = (
    "UPDATE plantrail.webhook_endpoints SET state = 'disabled', state_since = %s, reason = %s"
    " WHERE id = %s AND state = 'active'"
)
DISABLE_FAILING = (
    "UPDATE plantrail.webhook_endpoints SET state = 'disabled', state_since = %s,"
    " reason = 'For ' || %s::int || ' days nothing arrived; look at the attempts, then resume it.'"
    " WHERE state = 'active' AND failing_since <= %s RETURNING id"
)
ACTIVE = "SELECT id, owner, plans, personal_data FROM plantrail.webhook_endpoints WHERE state = 'active'"
PAUSE = (
    "UPDATE plantrail.webhook_endpoints SET state = 'paused', state_since = %s,"
    " reason = 'No key of its owner is good for what it is sent any more; give them one, then resume it.'"
    " WHERE id = ANY (%s) AND state = 'active'"
)
END = f"DELETE FROM plantrail.webhook_lanes {HELD} AND delivered >= through"
LET_GO = f"UPDATE plantrail.webhook_lanes SET lease = NULL, leased_until = NULL {HELD}"
FORGET_SECRETS = (
    "UPDATE plantrail.webhook_endpoints SET previous_secret = NULL, previous_until = NULL WHERE previous_until <= %s"
)
PURGE = (
    "DELETE FROM plantrail.webhook_attempts WHERE number IN (SELECT number FROM plantrail.webhook_attempts"
    " WHERE attempted_at <= %s ORDER BY attempted_at LIMIT %s)"
)
WAITING = (
    "SELECT count(*), min(lane.waiting_since) FROM plantrail.webhook_lanes lane"
    " JOIN plantrail.webhook_endpoints e ON e.id = lane.endpoint_id"
    " WHERE e.state = 'active' AND lane.parked_at IS NULL"
)


class PostgresLanes:
    """The lanes (`application.webhooks.lanes.Lanes`)."""

    def __init__(self, datastore: Datastore, secrets: WebhookSecrets, lease: timedelta = LEASE) -> None:
        """`lease` must be longer than any attempt."""
        self._datastore = datastore
        self._secrets = secrets
        self.lease = lease

    def look_through(self, now: datetime) -> bool:
        """Search the log for endpoints that no other worker is searching for. Raises `ClockAhead`; then nothing is
        claimed, postponed or given up either."""
        values = {"now": now, "endpoints": ENDPOINTS_AT_A_TIME, "events": EVENTS_LOOKED_THROUGH}
        with self._datastore.connection() as connection:
            clock.check(connection)
            return connection.execute(LOOK_THROUGH, values).fetchone() == (True,)

    def begin_digests(self, now: datetime) -> None:
        with self._datastore.connection() as connection, connection.transaction():
            for id, schedule, timezone, due_at in connection.execute(DIGESTS_DUE, (now,)).fetchall():
                number = day_of(due_at, timezone).toordinal()
                connection.execute(BEGIN_DIGEST, {"id": id, "number": number, "due_at": due_at, "now": now})
                connection.execute(NEXT_DIGEST, (next_time(schedule, timezone, now), id))

    def claim(self, now: datetime, most: int, busy: Mapping[UUID, int]) -> list[Lane]:
        values = {
            "now": now,
            "most": most,
            "lease": self.lease,
            "endpoints": list(busy),
            "busy": list(busy.values()),
            "at_once": MOST_AT_ONCE,
            "at_once_failing": MOST_AT_ONCE_FAILING,
        }
        asked_at = monotonic()
        with self._datastore.connection() as connection, connection.transaction():
            # The holder of a lane must be known even after a crash of the database. Everything else can be repeated.
            connection.execute("SET LOCAL synchronous_commit = on")
            rows = connection.execute(CLAIM, values).fetchall()
        return [self._lane(asked_at, *row) for row in rows]

    def _lane(self, asked_at: float, endpoint_id: UUID, *rest: Any) -> Lane:
        *told, current, previous = rest
        secrets = [self._secrets.unwrap(endpoint_id, wrapped) for wrapped in (current, previous) if wrapped]
        return Lane(asked_at + self.lease.total_seconds(), secrets, endpoint_id, *told)

    def next_events(self, lane: Lane) -> Sequence[Notification | DigestDue]:
        if lane.digest:
            with self._datastore.connection() as connection:
                found = connection.execute(WAITING_SINCE, held(lane)).fetchall()
            return [DigestDue(lane.plan_id, lane.through, since - period(lane.digest)) for (since,) in found]
        values = (lane.plan_id, lane.delivered, lane.through, lane.topics, lane.topics, EVENTS_FETCHED)
        with self._datastore.connection() as connection:
            return notifications(connection.execute(NEXT, values))

    def arrived(self, lane: Lane, version: int, event_id: str, outcome: Outcome, now: datetime) -> bool:
        values = self._attempt(lane, event_id, outcome, now) | {"version": version, "lasting": self.lease}
        asked_at = monotonic()
        with self._datastore.connection() as connection:
            row = connection.execute(ARRIVED, values).fetchone()
            if row is None:
                return False
            lane.held_until = asked_at + self.lease.total_seconds()
            lane.delivered, lane.attempts = version, 0
            lane.through, go_on, was_failing = row
            if was_failing:
                connection.execute(WORKS, (lane.endpoint_id,))
        return bool(go_on)

    def passed_over(self, lane: Lane, version: int) -> bool:
        values = held(lane) | {"version": version, "delivered": lane.delivered}
        with self._datastore.connection() as connection:
            row = connection.execute(PASSED_OVER, values).fetchone()
        if row is None:
            return False
        lane.delivered, lane.attempts, lane.through = version, 0, row[0]
        return True

    def failed(
        self,
        lane: Lane,
        event_id: str,
        outcome: Outcome,
        now: datetime,
        due_at: datetime | None,
        held_until: datetime | None,
    ) -> None:
        values = self._attempt(lane, event_id, outcome, now) | {
            "due_at": due_at or now,
            "parked_at": None if due_at else now,
            "reason": None if due_at else f"Of {event_id} {outcome.told}; that was the last attempt.",
        }
        with self._datastore.connection() as connection:
            if connection.execute(FAILED, values).fetchone() is None:
                return
            if outcome.is_gone:
                reason = "The endpoint answered 410: it wants nothing any more."
                connection.execute(DISABLE, (now, reason, lane.endpoint_id))
            else:
                connection.execute(FAILS, {"id": lane.endpoint_id, "now": now, "held_until": held_until})

    def _attempt(self, lane: Lane, event_id: str, outcome: Outcome, now: datetime) -> dict[str, Any]:
        return held(lane) | {
            "delivered": lane.delivered,
            "event_id": event_id,
            "now": now,
            "milliseconds": outcome.milliseconds,
            "status": outcome.status,
            "error": outcome.error,
        }

    def let_go(self, lane: Lane) -> None:
        with self._datastore.connection() as connection:
            # Events that were added during the first statement are visible only to a second one.
            if not (lane.done and connection.execute(END, held(lane)).rowcount):
                connection.execute(LET_GO, held(lane))

    def sweep(self, now: datetime) -> list[UUID]:
        """Delete old attempts and finished lanes. Raises `ClockAhead`."""
        with self._datastore.connection() as connection:
            clock.check(connection)
            disabled = connection.execute(DISABLE_FAILING, (now, FAILING_FOR.days, now - FAILING_FOR)).fetchall()
            connection.execute(FORGET_SECRETS, (now,))
            connection.execute(PURGE, (now - ATTEMPTS_KEPT, MOST_PURGED))
        return [id for (id,) in disabled]

    def pause_those_that_may_not(self, receive: MayReceive, now: datetime) -> list[UUID]:
        with self._datastore.connection() as connection:
            found = connection.execute(ACTIVE).fetchall()
            paused = [id for id, *endpoint in found if not receive(*endpoint)]
            if paused:
                connection.execute(PAUSE, (now, paused))
        return paused

    def waiting(self) -> tuple[int, datetime | None]:
        with self._datastore.connection() as connection:
            (row,) = connection.execute(WAITING).fetchall()
        return row


def held(lane: Lane) -> dict[str, Any]:
    """Return the parameters that identify the holder of a lane."""
    return {"endpoint_id": lane.endpoint_id, "plan_id": lane.plan_id, "lease": lane.lease}
