"""What the type checker and the import contracts cannot see."""

import ast
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any, get_args

import pytest
from pydantic import BaseModel

import domain
from domain.account_plan import ACCOUNT_PLAN, COMMANDS, EVENTS, AccountPlanCommand, AccountPlanEvent
from domain.corrections import Corrected, Correction, Withdrawal, Withdrawn
from domain.language import GRAMMAR, STAKEHOLDER, Command, Event, kebab_case
from domain.markers import Refers, marked
from domain.program import PROGRAM, ProgramCommand, ProgramEvent
from domain.things import Thing
from tests.cases import for_each
from tests.contract import ENTRIES
from tests.places import ROOT

PYDANTIC = {"pydantic", "pydantic_core"}
MAY_IMPORT = {
    "domain": {"domain"} | PYDANTIC,
    "application": {"application", "domain"} | PYDANTIC,
}
KNOWN_ONLY_TO = {
    "fastapi": ("adapters/http", "adapters/web", "adapters/bootstrap/http_service"),
    "starlette": (
        "adapters/http",
        "adapters/web",
        "adapters/bootstrap/http_service",
        "adapters/bootstrap/views_process",
    ),
}
NOT_FOR_EVERY_COMMAND = set(
    "fastapi httpx icalendar jinja2 jwt mcp nats prometheus_client python_calamine pptx pyarrow starlette typst"
    " uvicorn vl_convert xlsxwriter".split()
)
FIELDS = [
    pytest.param(entry, field, id=f"{entry.command}: {field.name}")
    for entry in ENTRIES.values()
    for field in entry.fields
]


@pytest.mark.parametrize("layer", MAY_IMPORT)
def test_a_new_dependency_is_a_decision_not_an_accident(layer):
    imported = set().union(*(imports_of(file) for file in (ROOT / layer).rglob("*.py")))
    assert imported - sys.stdlib_module_names <= MAY_IMPORT[layer]


@pytest.mark.parametrize("layer", ["application", "adapters"])
def test_every_file_is_in_a_room(layer):
    assert {file.name for file in (ROOT / layer).iterdir() if file.is_file()} <= {"__init__.py", "py.typed"}


@pytest.mark.parametrize("library", KNOWN_ONLY_TO)
def test_a_library_is_known_only_where_it_was_decided(library):
    files = (file for layer in ("domain", "application", "adapters") for file in (ROOT / layer).rglob("*.py"))
    known_to = [file.relative_to(ROOT).as_posix() for file in files if library in imports_of(file)]
    assert [file for file in known_to if not file.startswith(KNOWN_ONLY_TO[library])] == []


@pytest.mark.program
def test_nobody_waits_for_a_library_that_their_command_does_not_use():
    program = """
import sys
from adapters.cli.main import app
sys.argv = ["plantrail", "--version"]
try:
    app()
except SystemExit:
    print(*sys.modules)
from adapters.cli.commands import MadeWhenAsked
dict(MadeWhenAsked())
print(*sys.modules)
"""
    told = [sys.executable, "-c", program]
    ran = subprocess.run(told, check=True, capture_output=True, text=True, cwd=ROOT)
    _, by_none, by_all = map(str.split, ran.stdout.splitlines())
    assert {"domain.account_plan", "psycopg", "adapters.postgres.store"}.intersection(by_none) == set()
    assert "adapters.postgres.store" in by_all
    assert NOT_FOR_EVERY_COMMAND.intersection(by_all) == set()


TYPES = (ACCOUNT_PLAN, PROGRAM)
SAID = {
    Command: [command for type in TYPES for command in type.commands.values()],
    Event: [event for type in TYPES for event in type.events.values()],
    Thing: [thing for type in TYPES for thing in type.things.values()],
}


@pytest.mark.parametrize("kind", SAID)
def test_everything_a_topic_says_is_put_together(kind):
    for module in walk_packages(domain.__path__, "domain."):
        import_module(module.name)
    everything = {found for found in subclasses(kind) if found.__module__.startswith("domain.")}
    leaves = {found for found in everything if not found.__subclasses__()}
    assert leaves <= set(SAID[kind]) <= everything


@for_each("topic", [topic for type in TYPES for topic in type.topics])
def test_a_topic_takes_the_commands_and_events_it_lists(topic):
    assert topic.decide.__annotations__["command"] == topic.commands
    assert topic.apply.__annotations__["event"] == topic.events


def test_the_type_checker_knows_all_commands_and_events():
    for type, commands, events in (
        (ACCOUNT_PLAN, AccountPlanCommand, AccountPlanEvent),
        (PROGRAM, ProgramCommand, ProgramEvent),
    ):
        assert set(get_args(commands)) == set(map(as_declared, type.commands.values()))
        assert set(get_args(events)) == set(map(as_declared, type.events.values()))


def as_declared(said: type) -> type:
    """What is made for each kind of thing, by the class it is made from."""
    return next((each for each in (Correction, Withdrawal, Corrected, Withdrawn) if issubclass(said, each)), said)


def test_every_name_is_listed_once():
    for kind in (Command, Event):
        assert len({kebab_case(named.__name__) for named in SAID[kind]}) == len(SAID[kind]), kind


@pytest.mark.parametrize("type", TYPES)
def test_what_a_command_needs_and_what_is_referred_to_is_a_kind_of_thing(type):
    said = (*type.commands.values(), *type.events.values())
    needed = {command.noun for command in type.commands.values() if command.needs != "nothing"}
    referred = {marker.kind for each in said for _, marker in marked(each, Refers)}
    assert needed | referred - {STAKEHOLDER} <= set(type.things)


@for_each("command", COMMANDS)
def test_no_word_of_a_command_is_lost(command):
    event = EVENTS[ENTRIES[command].event]
    assert set(COMMANDS[command].model_fields) - GRAMMAR <= set(event.model_fields)


def test_the_names_of_commands_and_events_are_those_of_the_contract():
    assert set(COMMANDS) == set(ENTRIES)
    assert set(EVENTS) == {entry.event for entry in ENTRIES.values()}


@for_each(("entry", "field"), FIELDS)
def test_a_field_is_called_as_in_the_contract(entry, field):
    command, event = COMMANDS[entry.command], EVENTS[entry.event]
    assert field.name in event.model_fields or field.name == "reason"
    if field.name == "former":
        return
    said = command.model_fields[field.name]
    if field.name == "reason":
        assert said.is_required()
    elif field.name != "id":
        assert said.is_required() != field.optional
    words = set(words_of(said.annotation))
    assert (tuple in words) == field.is_list
    assert field.values | field.parts <= words


@cache
@cache
def imports_of(file: Path) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").partition(".")[0])
    return imported


def subclasses(kind: type) -> set[type]:
    return set(kind.__subclasses__()).union(*(subclasses(found) for found in kind.__subclasses__()))


def words_of(annotation: Any) -> list[Any]:
    """The values of a field, the fields of its parts, and `tuple` where it is a list."""
    if isinstance(annotation, str):
        return [annotation]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return list(annotation.model_fields)
    list_or_not = [tuple] if getattr(annotation, "__origin__", None) is tuple else []
    return list_or_not + [word for part in get_args(annotation) for word in words_of(part)]
