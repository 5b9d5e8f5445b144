"""JSON Schemas (2020-12) of the `data` of events as the feed sends it, made from the event models.

Only fields that were given are sent, and subscribers without the right to personal data receive no sealed fields, so no
sealed field is required. Sealed text of a forgotten person reads `[forgotten]`. Objects are open: readers ignore fields
that they do not know.

Released schemas are files in `docs/schemas`, one for each type of event, and the service serves these files. Their
`$id` is relative, so that it is right wherever a file is read from.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema, from_json

from adapters.events.cloud_events import type_of
from adapters.events.stored_format import topic_of
from domain.glossary import meaning
from domain.language import Event, kebab_case
from domain.markers import Refers, Sealed, marked
from domain.registry import REGISTRY

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DECIMAL = r"^-?[0-9]+(\.[0-9]+)?$"
ALWAYS, WHEN_ABOUT = "always", "when-about-people"
"""The values of `x-sealed`: the field's text is always sealed, or only if the command said that it is about people."""

NULL = {"type": "null"}

Schema = dict[str, Any]


def title_of(name: str) -> str:
    """Return `PlayStarted` in separate words."""
    return kebab_case(name).replace("-", " ").capitalize()


# Released schemas


def folder() -> Path:
    """Return the folder of released schemas: in the source tree, or beside the installed packages."""
    adapters = Path(__file__).parents[1]
    installed = adapters / "schemas"
    return installed if installed.is_dir() else adapters.parent / "docs" / "schemas"


@cache
def released() -> Mapping[str, Schema]:
    """Return the schema of every type of event there ever was."""
    return {file.stem: from_json(file.read_bytes()) for file in sorted(folder().glob("*.json"))}


def under_its_url(type: str, public_url: str) -> Schema:
    """Return a released schema with the URL by which events name it. Raises `KeyError`."""
    schema = released()[type]
    return {**schema, "$id": f"{public_url}/schemas/{schema['$id']}"}


# Generated schemas


class _AsSent(GenerateJsonSchema):
    """Decimals are strings. Fields have no defaults, because an absent field was not given."""

    schema_dialect = DIALECT

    def decimal_schema(self, _: core_schema.DecimalSchema) -> JsonSchemaValue:
        return {"type": "string", "pattern": DECIMAL}

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, _: Any) -> bool:
        return False


def schemas() -> dict[str, Schema]:
    """Return, by type, the schemas that the code would release now. Earlier versions have no models any more, only
    files."""
    return {type_of(topic_of(name)): _schema(topic_of(name), event) for name, event in REGISTRY.events.items()}


def _schema(topic: str, event: type[Event]) -> Schema:
    made = TypeAdapter(event).json_schema(mode="serialization", schema_generator=_AsSent)
    parts = made.pop("$defs", {})
    described = _described(event, made, event.noun)
    for field in event.model_fields.values():
        for part, in_list in _parts_in(field.annotation):
            parts[part.__name__] = _described(part, parts[part.__name__], event.noun, sealed_as_a_whole=in_list)
    described["properties"] = {name: _whole(field, parts) for name, field in described["properties"].items()}
    head = {"$schema": DIALECT, "$id": f"{type_of(topic)}.json", "title": title_of(event.__name__)}
    return {**head, "description": " ".join(cleandoc(event.__doc__ or "").split()), **described}


def _parts_in(annotation: Any, in_list: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models within a field's type, at any depth, each with whether it is inside a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, in_list
        for field in annotation.model_fields.values():
            yield from _parts_in(field.annotation, in_list)
    for inner in get_args(annotation):
        yield from _parts_in(inner, in_list or get_origin(annotation) is tuple)


def _described(model: type[BaseModel], made: Schema, noun: str, sealed_as_a_whole: bool = False) -> Schema:
    """Return an open object whose fields are explained by the glossary, the thing's id first."""
    sealed, refers = {} if sealed_as_a_whole else _sealed(model), dict(marked(model, Refers))
    properties = made.get("properties", {})
    for name, field in properties.items():
        said: Schema = {"description": meaning(name, noun, model.__name__)}
        if name in sealed:
            said["x-sealed"] = ALWAYS if sealed[name].always else WHEN_ABOUT
        if name in refers:
            said["x-refers-to"] = refers[name].kind
        properties[name] = {**said, **{word: value for word, value in field.items() if word not in said}}
    required = [name for name in made.get("required", ()) if name not in sealed]
    ordered = dict(sorted(properties.items(), key=lambda each: each[0] != "id"))
    return {"type": "object", "properties": ordered, **({"required": required} if required else {})}


def _sealed(model: type[BaseModel]) -> dict[str, Sealed]:
    """Return the fields that are sealed as a whole. In a nested model each field is sealed separately."""
    return {
        name: sealed
        for name, sealed in marked(model, Sealed)
        if all(in_list for _, in_list in _parts_in(model.model_fields[name].annotation))
    }


def _whole(field: Schema, parts: Mapping[str, Schema]) -> Schema:
    """Inline all definitions in a field's schema, and allow null."""
    said = {word: value for word, value in field.items() if word not in ("$ref", "anyOf", "items")}
    if "$ref" in field:
        part = parts[field["$ref"].rpartition("/")[2]]
        return {
            **said,
            **part,
            **said,
            "properties": {name: _whole(each, parts) for name, each in part["properties"].items()},
        }
    if "items" in field:
        return {**said, "items": _whole(field["items"], parts)}
    if isinstance(field.get("additionalProperties"), dict):  # This is a mapping by name.
        return {**said, "additionalProperties": _whole(field["additionalProperties"], parts)}
    if "anyOf" in field:
        (option,) = (option for option in field["anyOf"] if option != NULL)
        whole = _whole(option, parts)
        values = {"enum": [*whole["enum"], None]} if "enum" in whole else {}
        return {**said, **whole, **said, "type": [whole["type"], "null"], **values}
    return said
