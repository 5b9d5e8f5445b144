"""Reading of stored events no more than some fields and when they were recorded: a fraction of the time of `decode`, for
what reads the whole log.  Nobody's words are read, so no keys are needed."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.stored_format import UPCASTS, decode, topic_of
from application.portfolio import Glimpse
from domain.account_plan import EVENTS
from domain.language import Event


class Glimpses:
    """Of these fields; of an event that is not among them, none."""

    def __init__(self, reads: Mapping[type[Event], Sequence[str]]) -> None:
        self._reads = reads
        self._readers = {
            topic_of(name): (event, _reader(event, reads.get(event, ()))) for name, event in EVENTS.items()
        }

    def read(self, plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> Glimpse:
        """Raises `UnknownTopic`, and `pydantic.ValidationError` when what is stored is not of the event's shape."""
        if topic not in self._readers or topic in UPCASTS:
            return self._read_whole(plan_id, version, position, topic, state)
        event, read = self._readers[topic]
        stored = read(state)
        return Glimpse(plan_id, version, position, stored["meta"]["recorded_at"], event, stored["data"])

    def _read_whole(self, plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> Glimpse:
        record = decode(plan_id, version, position, topic, state, {})
        event = type(record.event)
        said = {field: getattr(record.event, field) for field in self._reads.get(event, ())}
        told = {field: value for field, value in said.items() if field in record.event.model_fields_set}
        return Glimpse(plan_id, version, position, record.meta.recorded_at, event, told)


def _reader(event: type[Event], fields: Sequence[str]) -> Callable[[bytes], Any]:
    annotations = {field: event.model_fields[field].annotation for field in fields}
    meta = TypedDict("meta", {"recorded_at": datetime})  # noqa: UP013
    data = TypedDict("data", annotations, total=False)  # type: ignore[misc]
    stored = TypedDict("stored", {"meta": meta, "data": data})  # noqa: UP013
    return TypeAdapter(stored).validator.validate_json
