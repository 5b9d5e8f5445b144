"""The changes that a released schema may undergo without breaking any consumer.

The feed sends events that were stored years ago beside those of today, and a consumer's copy of the schema may be of
any time too. So every copy must be valid for every event. Descriptions may be improved, and optional fields may be
added, because consumers ignore unknown fields. Everything else needs a new version of the event.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

FREE = {"title", "description", "examples", "$comment", "x-sealed", "x-refers-to"}
"""Text for people, which has no effect on validation."""

SCHEMAS_WITHIN = ("items", "additionalProperties")
"""Keywords whose value is a schema, or says that there is none."""
TAKEN_APART = {"properties", "required", *SCHEMAS_WITHIN}
"""Keywords whose parts are compared one by one."""

WHY: Mapping[str, str] = {
    "type": "its type is another; whether it may be null is part of that",
    "enum": "its values are others: a new one is in no old copy of the schema, one that is gone is in old events",
    "format": "its format is another, and programs read it by its format",
    "pattern": "its pattern is another: a wider one lets in what old copies refuse, a narrower one refuses old events",
    "$id": "it goes by another name, and events name their schema by it",
    "$schema": "it is of another dialect",
}
OTHERWISE = "“{word}” is not as it was"


def incompatibilities(released: Schema, now: Schema) -> list[str]:
    """Return why the current schema cannot replace the released one: where, and what differs."""
    return [f"{path or '/'}: {why}" for path, why in _between(released, now, "")]


def _between(released: Schema, now: Schema, path: str) -> Iterator[tuple[str, str]]:
    for word in sorted((released.keys() | now.keys()) - FREE - TAKEN_APART):
        if _in_no_order(released.get(word)) != _in_no_order(now.get(word)):
            yield path, WHY.get(word, OTHERWISE.format(word=word))
    yield from _between_fields(released, now, path)
    for word in SCHEMAS_WITHIN:
        before, after = released.get(word), now.get(word)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _between(before, after, f"{path}/{word}")
        elif before != after:
            yield path, OTHERWISE.format(word=word)


def _between_fields(released: Schema, now: Schema, path: str) -> Iterator[tuple[str, str]]:
    before, after = released.get("properties", {}), now.get("properties", {})
    needed_before, needed = set(released.get("required", ())), set(now.get("required", ()))
    for name in sorted(before.keys() - after.keys()):
        yield f"{path}/{name}", "it is gone, but stands in old events"
    for name in sorted(needed - needed_before):
        yield f"{path}/{name}", "it must be there now: old events without it would be wrong"
    for name in sorted(needed_before - needed):
        yield f"{path}/{name}", "it need not be there any more, and consumers count on it"
    for name in sorted(before.keys() & after.keys()):
        yield from _between(before[name], after[name], f"{path}/{name}")


def _in_no_order(value: Any) -> Any:
    """Return the allowed types and values. A single one equals a list of one, and order does not matter."""
    return sorted(map(repr, value)) if isinstance(value, list) else [repr(value)]
