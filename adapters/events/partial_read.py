"""Reading of stored events no more than some fields and when they were recorded: a fraction of the time of `decode`,
for what reads the whole log.  Nobody's words are read, so no keys are needed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.events.stored_format import EVENTS_BY_TOPIC, UPCASTS, WhenNeeded, decode
from application.portfolio.projector import READS, PartialEvent
from domain.language import Event


def read_partial_event(plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> PartialEvent:
    """The fields `READS` names; of an event that is not among them, none.

    Raises `UnknownTopic`, and `pydantic.ValidationError` when what is stored is not of the event's shape.
    """
    if topic not in EVENTS_BY_TOPIC or topic in UPCASTS:
        return _read_whole(plan_id, version, position, topic, state)
    event, read = _READ[topic]
    stored = read(state)
    return PartialEvent(plan_id, version, position, stored["meta"]["recorded_at"], event, stored["data"])


def _read_whole(plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> PartialEvent:
    record = decode(plan_id, version, position, topic, state, {})
    event = type(record.event)
    said = {field: getattr(record.event, field) for field in READS.get(event, ())}
    told = {field: value for field, value in said.items() if field in record.event.model_fields_set}
    return PartialEvent(plan_id, version, position, record.meta.recorded_at, event, told)


def _reader(event: type[Event]) -> Any:
    annotations = {field: event.model_fields[field].annotation for field in READS.get(event, ())}
    meta = TypedDict("meta", {"recorded_at": datetime})  # noqa: UP013
    data = TypedDict("data", annotations, total=False)  # type: ignore[misc]
    stored = TypedDict("stored", {"meta": meta, "data": data})  # noqa: UP013
    return TypeAdapter(stored).validator.validate_json


_READ = WhenNeeded(EVENTS_BY_TOPIC, lambda event: (event, _reader(event)))
