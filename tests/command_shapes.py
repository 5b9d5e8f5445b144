"""The fields and limits of every command and request, and every number of a rule that has a name, one per line.

They are committed as a file because callers and readers of reports depend on them. `python -m tests.command_shapes`
writes it. A changed or removed line is a change of the interface or of what people are told.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from application.findings.across import FindingsQuery
from application.handovers.handover import Handover
from application.library.from_library import FROM_LIBRARY
from application.measures.query import MeasuresQuery
from application.portfolio.promises import PromisesQuery
from application.portfolio.query import PortfolioQuery
from application.webhooks.subscriptions import Replay, WebhookRequest
from domain.language import Command
from domain.registry import REGISTRY
from tests.places import ROOT, module_name, modules

FILE = Path(__file__).parent / "commands.txt"
COMMAND = "python -m tests.command_shapes"
WORDS = frozenset({"title", "description", "examples"})
"""The parts of a schema that are text for people."""

NUMBER = int | float | timedelta

DEEPER = frozenset(
    {"properties", "items", "anyOf", "oneOf", "prefixItems", "additionalProperties", "propertyNames", "$defs"}
)

FLAGS = ("noun", "home", "needs", "right", "on_archived", "reaches_beyond", "even_withdrawn", "speaks_of_its_people")
"""The attributes of a command's class that decide who may send it, and when."""


REQUESTS: Sequence[type[BaseModel]] = (
    FindingsQuery,
    Handover,
    MeasuresQuery,
    PortfolioQuery,
    PromisesQuery,
    Replay,
    WebhookRequest,
)


def shapes() -> str:
    commands = [*(command for type in REGISTRY.types for command in type.commands.values()), *FROM_LIBRARY.values()]
    lines = [
        *(line for command in commands for line in _lines(command)),
        *(line for request in REQUESTS for line in (request.__name__, *fields(request))),
        *_numbers(),
    ]
    return "".join(f"{line}\n" for line in lines)


def _lines(command: type[Command]) -> Iterator[str]:
    flags = {flag: getattr(command, flag) for flag in FLAGS}
    yield f"{command.called()} " + " ".join(f"{flag}={value}" for flag, value in flags.items() if value is not False)
    alike = set(fields(Command))
    yield from (line for line in fields(command) if line not in alike)


def _numbers() -> Iterator[str]:
    """Yield the numbers and periods that have a name in a module, with their values."""
    for path in modules():
        module = import_module(module_name(path))
        for name in _constants((ROOT / path).read_text()):
            value = getattr(module, name)
            if all(isinstance(each, NUMBER) for each in (value if isinstance(value, tuple) else [value])):
                yield f"{path} {name} = {value!r}"


def _constants(source: str) -> Iterator[str]:
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            yield node.targets[0].id


def fields(model: type[BaseModel]) -> Iterator[str]:
    """Return a line for each field of a model, at any depth, with its type and limits."""
    schema = model.model_json_schema()
    known = schema.get("$defs", {})
    for field, said in schema.get("properties", {}).items():
        must = " required" if field in schema.get("required", ()) else ""
        yield f"  {field}:{must} {_told(said, known)}"


def _told(schema: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    if reference := schema.get("$ref"):
        schema = {**known[reference.rpartition("/")[2]], **{key: schema[key] for key in schema if key != "$ref"}}
    parts = [f"{key}={value}" for key, value in sorted(schema.items()) if key not in DEEPER | WORDS]
    for key in ("items", "additionalProperties", "propertyNames"):
        if key in schema:
            inner = schema[key]
            parts.append(f"{key} ({_told(inner, known)})" if isinstance(inner, dict) else f"{key}={inner}")
    for key in ("anyOf", "oneOf", "prefixItems"):
        if key in schema:
            parts.append(f"{key} ({' | '.join(_told(option, known) for option in schema[key])})")
    if "properties" in schema:
        parts.append(f"{{{'; '.join(f'{name}: {_told(of, known)}' for name, of in schema['properties'].items())}}}")
    return " ".join(parts)


if __name__ == "__main__":
    FILE.write_text(shapes(), "utf-8")
    print(f"wrote {FILE.relative_to(Path.cwd())}")
