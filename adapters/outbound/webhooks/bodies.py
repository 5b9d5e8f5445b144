"""What is sent of an event: a CloudEvent, or a message for people in a chat."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification

from adapters.events.cloud_events import CloudEvents
from adapters.events.stored_format import Keys
from adapters.outbound.chats.events import event_message
from adapters.outbound.chats.formats import WRITTEN
from application.aggregates.cache import LoadedAggregate
from application.webhooks.lanes import Lane
from domain.aggregates import AggregateType
from domain.registry import REGISTRY

ReadAggregate = Callable[[AggregateType[Any], UUID], LoadedAggregate[Any]]


class Bodies:
    """Writes what is sent. `keys` returns the existing keys of the people that events are about, by plan; `address` is
    where the service is reached."""

    def __init__(
        self,
        events: CloudEvents,
        keys: Callable[[Sequence[Notification]], Mapping[str, Keys]],
        read: ReadAggregate,
        address: str,
    ) -> None:
        self._events = events
        self._keys = keys
        self._read = read
        self._address = address

    def __call__(self, lane: Lane, row: Notification) -> bytes:
        """Return the body. Raises `StoreUnavailable`."""
        if lane.format == "cloudevents":
            keys = self._keys([row]).get(str(row.originator_id), {}) if lane.personal_data else None
            return self._events.structured(row, keys)
        known = self._read(REGISTRY.type_named(row.topic.partition(".")[0]), lane.plan_id)
        record = known.records[row.originator_version - 1]
        return WRITTEN[lane.format](event_message(known, record, self._address, lane.personal_data))
