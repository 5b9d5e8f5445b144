"""Reads a few fields of stored events, and the time of recording.

Readers of the whole log use it, because it takes a fraction of the time of `decode`. It reads no text about people, so
it needs no keys.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from adapters.events.stored_format import WHOLE_EVENTS, LazyValues, decode, is_whole
from application.portfolio.projector import PartialEvent, maker, reads
from domain.language import Event


def read_partial_event(plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> PartialEvent:
    """Read the fields that `reads` names for the event; for most events there are none.

    Raises `UnknownTopic`, and `pydantic.ValidationError` for a stored event that does not fit its model.
    """
    if not is_whole(topic):
        return _read_whole(plan_id, version, position, topic, state)
    read, made = _READ[topic]
    stored = read(state)
    return plan_id, version, position, stored["meta"]["recorded_at"], made(stored["data"])


def _read_whole(plan_id: UUID, version: int, position: int, topic: str, state: bytes) -> PartialEvent:
    record = decode(plan_id, version, position, topic, state, {})
    event = type(record.event)
    said = {field: getattr(record.event, field) for field in reads(event) if field in record.event.model_fields_set}
    return plan_id, version, position, record.meta.recorded_at, maker(event)(said)


def _reader(event: type[Event]) -> Any:
    annotations = {field: event.model_fields[field].annotation for field in reads(event)}
    meta = TypedDict("meta", {"recorded_at": datetime})  # noqa: UP013
    data = TypedDict("data", annotations, total=False)  # type: ignore[misc]
    stored = TypedDict("stored", {"meta": meta, "data": data})  # noqa: UP013
    return TypeAdapter(stored).validator.validate_json


_READ = LazyValues(WHOLE_EVENTS, lambda event: (_reader(event), maker(event)))
