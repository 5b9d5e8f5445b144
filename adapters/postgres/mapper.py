"""The stored format as a mapper of eventsourcing, which converts recorded events to stored events and back.

Topics are the bare names of events, states are the JSON of `adapters.events.stored_format`. The transcoder, compressor
and cipher of the library are not used.
"""

from collections.abc import Iterable, Sequence
from secrets import token_bytes
from typing import Any
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, ProgrammingError, StoredEvent
from pydantic_core import from_json

from adapters.events.stored_format import (
    FORGETTING,
    OPEN_END,
    MetaToRecord,
    as_written,
    decode,
    decode_all,
    encode,
    encode_in_clear,
    people_spoken_of,
    speaks_of_people,
    topic_of,
)
from adapters.postgres.person_keys import PersonKeyCache
from adapters.postgres.stored_events import as_uuid, stored_event
from domain.record import Recorded

NO_KEYS: dict[str, bytes] = {}


class PlanMapper(Mapper[UUID]):
    """Maps the events of every aggregate.

    `keys` seal and open text about people. Without them such text reads `[forgotten]`, and none can be recorded.
    """

    def __init__(self, keys: PersonKeyCache | None = None) -> None:
        super().__init__(JSONTranscoder())
        self._keys = keys

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Return the stored event. Raises `ProgrammingError` for events of other applications, and for events that are
        already recorded."""
        aggregate_id, version, _, meta, event, *_ = ours(domain_event)
        if not isinstance(meta, MetaToRecord):
            raise ProgrammingError(
                f"{aggregate_id}:{version} has no `MetaToRecord`: only events to be recorded have it."
            )
        if speaks_of_people(event, meta):
            keys = self._sealing(aggregate_id, people_spoken_of(event, meta))
            state = encode(aggregate_id, version, event, meta, keys)
        else:
            state = encode_in_clear(event, meta)
        return stored_event(aggregate_id, version, topic_of(type(event).__name__), state)

    def to_stored_events(self, events: Sequence[Recorded]) -> list[StoredEvent]:
        """Map events that are recorded together. The keys of all people in them are created in one query.

        Raises what `to_stored_event` raises.
        """
        if len(events) == 1:
            return [self.to_stored_event(events[0])]
        people: dict[UUID, set[str]] = {}
        for aggregate_id, _, _, meta, event, *_ in events:
            if isinstance(meta, MetaToRecord) and speaks_of_people(event, meta):
                people.setdefault(aggregate_id, set()).update(people_spoken_of(event, meta))
        for aggregate_id, spoken_of in people.items():
            if self._keys and len(spoken_of) > 1:
                self._keys.made_for(aggregate_id, spoken_of)
        return [self.to_stored_event(event) for event in events]

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """Return the recorded event; its position is 0 unless the stored event is a notification.

        Raises `UnknownTopic`, `UnreadableEvent`.
        """
        aggregate_id = as_uuid(stored_event.originator_id)
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        row = (stored_event.originator_version, position, stored_event.topic, stored_event.state)
        return self.recorded(aggregate_id, [row])[0]

    def recorded(self, aggregate_id: UUID, rows: Sequence[tuple[Any, ...]]) -> list[Recorded]:
        """Return the events of one aggregate from rows of version, position, topic and state.

        A person whom any of them forgets is forgotten in all of them. Raises `UnknownTopic`, `UnreadableEvent`.
        """
        return decode_all(aggregate_id, rows, self._opening(aggregate_id, rows))

    def as_recorded(self, recorded: Recorded, stored_event: StoredEvent, position: int) -> Recorded:
        """Return an event that was just recorded, in its form on the log. It is parsed again only if parts of it are
        sealed."""
        aggregate_id, version, state = recorded.aggregate_id, recorded.version, stored_event.state
        if state.endswith(OPEN_END):
            return as_written(aggregate_id, version, position, recorded.event, state, recorded.meta)
        keys = self._keys.of(aggregate_id, _people_in([state])) if self._keys else NO_KEYS
        return decode(aggregate_id, version, position, stored_event.topic, state, keys)

    def _sealing(self, aggregate_id: UUID, people: set[str]) -> dict[str, bytes]:
        if not people:
            return NO_KEYS
        if self._keys is None:
            raise ProgrammingError("What is said about people is recorded with their keys: give them to the mapper.")
        keys = self._keys.made_for(aggregate_id, people)
        # A forgotten person has no key. Later text about them is sealed with a key that nobody keeps.
        return keys | {who: token_bytes(32) for who in people - keys.keys()}

    def _opening(self, aggregate_id: UUID, rows: Sequence[tuple[Any, ...]]) -> dict[str, bytes]:
        """Return the keys of the people in these events. Destroys keys that forgotten people still have."""
        if self._keys is None:
            return NO_KEYS
        forgotten = {from_json(row[3])["data"]["id"] for row in rows if row[2] in FORGETTING}
        people = _people_in(state for _, _, _, state in rows)
        known = self._keys.of(aggregate_id, people) if people else NO_KEYS
        for who in forgotten & known.keys():
            self._keys.destroy(aggregate_id, who)
        return {who: key for who, key in known.items() if who not in forgotten}


def _people_in(states: Iterable[bytes]) -> set[str]:
    """Return the people whose text is sealed in these states."""
    sealed = (from_json(state)["sealed"] for state in states if not state.endswith(OPEN_END))
    return {who for parts in sealed for part in parts for who in part["about"]}


def ours(domain_event: DomainEventProtocol[UUID]) -> Recorded:
    """Return an event of this application. Raises `ProgrammingError` for others."""
    if not isinstance(domain_event, Recorded):
        raise ProgrammingError(f"plantrail records `Recorded`, not `{type(domain_event).__qualname__}`.")
    return domain_event


def as_notification(recorded: Recorded) -> Notification:
    """Return the notification of an event that was just recorded."""
    topic = topic_of(type(recorded.event).__name__)
    return Notification(recorded.aggregate_id, recorded.version, topic, recorded.stored, recorded.position)
