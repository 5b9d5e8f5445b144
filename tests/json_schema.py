"""The part of JSON Schema that the OpenAPI document uses. An unknown keyword is a failure and never ignored."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]

ANNOTATIONS = {"title", "description", "default", "examples", "example", "format", "discriminator", "readOnly", "$ref"}
TYPES: Mapping[str, Callable[[Any], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def resolved(document: Document, reference: str) -> Any:
    """Return what a `$ref` into the document stands for."""
    assert reference.startswith("#/"), reference
    found: Any = document
    for part in reference[2:].split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    return found


def violations(document: Document, schema: Mapping[str, Any], value: Any, path: str = "") -> list[str]:
    """Yield where a value does not fit its schema."""
    return list(_violations(document, schema, value, path))


def _violations(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from _violations(document, resolved(document, schema["$ref"]), value, path)
    for word, said in schema.items():
        if word in ANNOTATIONS:
            continue
        if word in COMBINED:
            yield from COMBINED[word](document, schema, value, path)
        elif not SIMPLE[word](said, value):
            yield f"{path}: {value!r:.60} is not {word} {said!r:.80}"


SIMPLE: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda said, value: TYPES[said](value),
    "enum": lambda said, value: value in said,
    "const": lambda said, value: value == said,
    "minimum": lambda said, value: not TYPES["number"](value) or value >= said,
    "exclusiveMinimum": lambda said, value: not TYPES["number"](value) or value > said,
    "maximum": lambda said, value: not TYPES["number"](value) or value <= said,
    "minLength": lambda said, value: not isinstance(value, str) or len(value) >= said,
    "maxLength": lambda said, value: not isinstance(value, str) or len(value) <= said,
    "pattern": lambda said, value: not isinstance(value, str) or re.search(said, value) is not None,
    "minItems": lambda said, value: not isinstance(value, list) or len(value) >= said,
    "maxItems": lambda said, value: not isinstance(value, list) or len(value) <= said,
    "minProperties": lambda said, value: not isinstance(value, dict) or len(value) >= said,
    "required": lambda said, value: not isinstance(value, dict) or value.keys() >= set(said),
}


def _properties(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in schema["properties"].items():
            if name in value:
                yield from _violations(document, inner, value[name], f"{path}/{name}")


def _patterns(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    for pattern, inner in schema["patternProperties"].items() if isinstance(value, dict) else ():
        for name in value:
            if re.search(pattern, name):
                yield from _violations(document, inner, value[name], f"{path}/{name}")


def _additional(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    known, patterns = schema.get("properties", {}).keys(), schema.get("patternProperties", ())
    others = value.keys() - known if isinstance(value, dict) else set()
    others = {name for name in others if not any(re.search(pattern, name) for pattern in patterns)}
    for name in others:
        if schema["additionalProperties"] is False:
            yield f"{path}: has an unknown {name!r}"
        elif isinstance(schema["additionalProperties"], dict):
            yield from _violations(document, schema["additionalProperties"], value[name], f"{path}/{name}")


def _items(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _violations(document, schema["items"], inner, f"{path}/{place}")


def _any_of(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    failed = [violations(document, option, value, path) for option in schema["anyOf"]]
    if all(failed):
        yield f"{path}: {value!r:.60} fits none: {min(failed, key=len)}"


def _one_of(document: Document, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    fitting = [option for option in schema["oneOf"] if not violations(document, option, value, path)]
    if len(fitting) != 1:
        yield f"{path}: {value!r:.60} fits {len(fitting)} of {len(schema['oneOf'])}"


COMBINED: Mapping[str, Callable[[Document, Mapping[str, Any], Any, str], Iterator[str]]] = {
    "properties": _properties,
    "patternProperties": _patterns,
    "additionalProperties": _additional,
    "propertyNames": lambda document, schema, value, path: (
        each for name in value for each in _violations(document, schema["propertyNames"], name, f"{path}/{name}")
    ),
    "items": _items,
    "anyOf": _any_of,
    "oneOf": _one_of,
}
KNOWN = ANNOTATIONS | SIMPLE.keys() | COMBINED.keys()
