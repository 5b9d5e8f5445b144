"""One full example of every event, and its golden file: the bytes that a store may contain for ever.

`python -m tests.golden` writes missing files and changes none. If a file no longer fits, the stored format was changed,
and the new version needs a topic of its own (`adapters.events.stored_format`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import BaseModel

from adapters.events.stored_format import MetaToRecord, encode, people_spoken_of, topic_of
from application.aggregates.ports import CommandContext
from domain.language import Event
from domain.markers import Sealed, marked
from domain.registry import REGISTRY

EVENTS = REGISTRY.events
GOLDEN = Path(__file__).parent / "golden"
COMMAND = "python -m tests.golden"
PLAN, VERSION = UUID("5eed5eed-5eed-5eed-8eed-5eed5eed5eed"), 7
AT = datetime(2026, 3, 31, 17, 0, 0, 123456, tzinfo=UTC)
SAID = CommandContext(
    actor="ann",
    source="api",
    request_id="request-1",
    correlation_id="conversation-1",
    on_behalf_of="bob",
    causation_id="event-1",
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
)
REASON = "because they asked for it"
ABOUT, FORMER_ABOUT = ("cfo", "cto"), ("coo",)
SIMPLE: Mapping[Any, Any] = {bool: True, int: 3, Decimal: Decimal("12.50"), date: date(2026, 3, 31)}


def example(event: type[Event]) -> Event:
    """Return the event with every field set."""
    found: Event = _filled(event, event.__name__)
    return found


def _filled(annotation: Any, name: str) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        words = dict(marked(annotation, Sealed))
        names = {field: f"{field}: “Zoë”" if field in words else field for field in annotation.model_fields}
        return annotation(
            **{field: _filled(annotation.model_fields[field].annotation, names[field]) for field in names}
        )
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if annotation is str:
        return name
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    if annotation is Any:
        return name
    if get_origin(annotation) is dict:
        key, value = get_args(annotation)
        return {_filled(key, name): _filled(value, name)}
    if get_origin(annotation) is tuple:
        return (_filled(get_args(annotation)[0], name), _filled(get_args(annotation)[0], f"{name} 2"))
    return _filled(get_args(annotation)[0], name)


@dataclass(frozen=True)
class Telling:
    """How an example is recorded: about nobody, or about people, in which case its free text is sealed."""

    file: str
    about: tuple[str, ...]
    former_about: tuple[str, ...]

    @property
    def meta(self) -> MetaToRecord:
        return MetaToRecord(AT, SAID, "command-1", REASON, self.about, self.former_about)

    def keys(self, event: Event) -> dict[str, bytes]:
        return {who: sha256(who.encode()).digest() for who in people_spoken_of(event, self.meta)}

    def stored(self, event: Event) -> bytes:
        return encode(PLAN, VERSION, event, self.meta, self.keys(event), lambda length: bytes(length))

    def golden(self, topic: str) -> bytes:
        """Return the committed file. Fails with the command that writes it if it is missing."""
        file = GOLDEN / self.file.format(topic)
        if not file.exists():
            pytest.fail(f"{topic} has no golden file {file.name} yet; run: {COMMAND}", pytrace=False)
        return file.read_bytes()


TELLINGS = (Telling("{}.json", (), ()), Telling("{}.sealed.json", ABOUT, FORMER_ABOUT))


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, event in EVENTS.items():
        for telling in TELLINGS:
            golden = GOLDEN / telling.file.format(topic_of(name))
            if not golden.exists():
                golden.write_bytes(telling.stored(example(event)))
                print(f"wrote {golden.relative_to(Path.cwd())}")
