"""The stored format as the library's mapper: what is recorded becomes a stored event, and a stored event what is on record.

Topics are bare names of events and payloads are JSON of ours (see `adapters.events.stored_format`), so that of the
library's transcoder, compressor and cipher none is asked.
"""

from collections.abc import Iterable, Sequence
from secrets import token_bytes
from typing import Any
from uuid import UUID

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, Notification, ProgrammingError, StoredEvent
from pydantic_core import from_json

from adapters.events.stored_format import (
    OPEN_END,
    MetaToRecord,
    as_written,
    decode,
    decode_all,
    encode,
    people_spoken_of,
    topic_of,
)
from adapters.postgres.person_keys import PersonKeyCache
from domain.record import Recorded

NO_KEYS: dict[str, bytes] = {}


class PlanMapper(Mapper[UUID]):
    """For events of every aggregate on the log.

    `keys` are those of the people whose words are sealed.  Without them their words read `[forgotten]`, and nothing is
    recorded that has such words.
    """

    def __init__(self, keys: PersonKeyCache | None = None) -> None:
        super().__init__(JSONTranscoder())
        self._keys = keys

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Raises `ProgrammingError` for what is no event of ours, or has not all the meta data of one to be recorded."""
        plan_id, version, _, meta, event, *_ = recorded = ours(domain_event)
        if not isinstance(meta, MetaToRecord):
            raise ProgrammingError(f"{recorded.id} cannot be recorded: its meta data are no `MetaToRecord`.")
        people = people_spoken_of(event, meta)
        keys = self._sealing(plan_id, people) if people else NO_KEYS
        return StoredEvent(
            plan_id, version, topic_of(type(event).__name__), encode(plan_id, version, event, meta, keys)
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Recorded:
        """A notification knows its position, any other stored event has none, which reads 0.

        Raises `UnknownTopic`, `UnreadableEvent`.
        """
        plan_id = UUID(str(stored_event.originator_id))
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        row = (stored_event.originator_version, position, stored_event.topic, stored_event.state)
        return self.recorded(plan_id, [row])[0]

    def recorded(self, plan_id: UUID, rows: Sequence[tuple[Any, ...]]) -> list[Recorded]:
        """The events of one aggregate: of rows of version, position, topic and state, as the recorder reads them.

        Whoever is forgotten in any of them is forgotten in all of them.  Raises `UnknownTopic`, `UnreadableEvent`.
        """
        return decode_all(plan_id, rows, self._opening(plan_id, rows))

    def as_recorded(self, recorded: Recorded, stored_event: StoredEvent, position: int) -> Recorded:
        """What the log says of an event that was just recorded; it is read again where it speaks of people."""
        plan_id, version, topic, state = recorded.aggregate_id, recorded.version, stored_event.topic, stored_event.state
        if state.endswith(OPEN_END):
            return as_written(plan_id, version, position, recorded.event, state)
        keys = self._keys.of(plan_id, _people_in([state])) if self._keys else NO_KEYS
        return decode(plan_id, version, position, topic, state, keys)

    def _sealing(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        if self._keys is None:
            raise ProgrammingError("It takes the keys of the people to record words about them: see `PlanFactory`.")
        keys = self._keys.made_for(plan_id, people)
        # Somebody forgotten has no key: what is said of them still is sealed with one that nobody keeps.
        return keys | {who: token_bytes(32) for who in people - keys.keys()}

    def _opening(self, plan_id: UUID, rows: Sequence[tuple[Any, ...]]) -> dict[str, bytes]:
        """The keys of the people these events speak of; a key that outlived the forgetting of its person goes now."""
        if self._keys is None:
            return NO_KEYS
        forgotten = {from_json(row[3])["data"]["id"] for row in rows if row[2] == "StakeholderForgotten"}
        people = _people_in(state for _, _, _, state in rows)
        known = self._keys.of(plan_id, people) if people else NO_KEYS
        for who in forgotten & known.keys():
            self._keys.destroy(plan_id, who)
        return {who: key for who, key in known.items() if who not in forgotten}


def _people_in(states: Iterable[bytes]) -> set[str]:
    """Whom the sealed words of these states are about."""
    sealed = (from_json(state)["sealed"] for state in states if not state.endswith(OPEN_END))
    return {who for parts in sealed for part in parts for who in part["about"]}


def ours(domain_event: DomainEventProtocol[UUID]) -> Recorded:
    """Raises `ProgrammingError` for an event of another application."""
    if not isinstance(domain_event, Recorded):
        raise ProgrammingError(f"An event of plantrail is `Recorded`, not `{type(domain_event).__qualname__}`.")
    return domain_event


def as_notification(recorded: Recorded) -> Notification:
    """What stands on the log of an event that was just recorded."""
    topic = topic_of(type(recorded.event).__name__)
    return Notification(recorded.aggregate_id, recorded.version, topic, recorded.stored, recorded.position)
