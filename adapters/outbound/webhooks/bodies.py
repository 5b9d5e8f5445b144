"""The body that is sent for an event: a CloudEvent, or a chat message for people."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.events.cloud_events import CloudEvents, of_no_plan
from adapters.events.stored_format import Keys
from adapters.outbound.chats.digests import digest_message
from adapters.outbound.chats.events import event_message
from adapters.outbound.chats.formats import WRITTEN
from application.aggregates.access import Caller
from application.aggregates.loaded import LoadedAggregate
from application.portfolio.digest import Digests, DigestWanted
from application.webhooks.lanes import DigestDue, Lane
from domain.aggregates import AggregateType
from domain.registry import REGISTRY

DIGEST_TYPE = "plantrail.digest.v1"

ReadAggregate = Callable[[AggregateType[Any], UUID], LoadedAggregate[Any]]


class Bodies:
    """Writes bodies. `keys` returns, by plan, the existing keys of the people about whom events are. `address` is the
    URL of the service."""

    def __init__(
        self,
        events: CloudEvents,
        keys: Callable[[Sequence[Notification]], Mapping[str, Keys]],
        read: ReadAggregate,
        digests: Digests,
        address: str,
        now: Callable[[], datetime],
    ) -> None:
        self._events = events
        self._keys = keys
        self._read = read
        self._digests = digests
        self._address = address
        self._now = now

    def __call__(self, lane: Lane, row: Notification | DigestDue) -> bytes | None:
        """Return the body; None for a digest that is empty. Raises `StoreUnavailable`."""
        if isinstance(row, DigestDue):
            return self._digest(lane, row)
        if lane.format == "cloudevents":
            keys = self._keys([row]).get(str(row.originator_id), {}) if lane.personal_data else None
            return self._events.structured(row, keys)
        known = self._read(REGISTRY.type_named(row.topic.partition(".")[0]), lane.plan_id)
        record = known.records[row.originator_version - 1]
        return WRITTEN[lane.format](event_message(known, record, self._address, lane.personal_data))

    def _digest(self, lane: Lane, due: DigestDue) -> bytes | None:
        plans = frozenset(lane.plans) if lane.plans else None
        caller = Caller(lane.owner, "subscriber", plans, lane.personal_data)
        timezone, now = lane.timezone or "UTC", self._now()
        digest = self._digests.digest(DigestWanted(caller, lane.person, due.since, timezone), now)
        if digest.is_empty:
            return None
        if lane.format == "cloudevents":
            id = f"{due.originator_id}:{due.originator_version}"
            return of_no_plan(self._events.log_id, id, DIGEST_TYPE, now, digest)
        return WRITTEN[lane.format](digest_message(digest, self._address, timezone))
