"""Whatever the program answers, other programs can read: every command has `--json`, but for those named here."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from adapters.cli.commands import app
from adapters.cli.doing import COMMANDS
from domain.program import PROGRAM
from tests.adapters.cli.test_cli import environment, plantrail
from tests.places import DEMO

WITHOUT = {
    "serve": "it serves until it is ended",
    "work": "it works until it is ended",
    "demo": "it serves until it is ended",
    "mcp": "it serves until it is ended",
    "relay nats": "it relays until it is ended",
    "tail": "it prints nothing but JSON",
    "export log": "it prints nothing but JSON",
}


def commands(group: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    context = typer.Context(group)
    for word in group.list_commands(context):
        command, path = group.get_command(context, word), f"{name} {word}".strip()
        if isinstance(command, TyperGroup):
            yield from commands(command, path)
        else:
            yield path, command


def test_every_command_answers_in_json():
    found = dict(commands(typer.main.get_command(app)))
    assert {"do plan-play", "program do open-program", "calendars make", "db url"} <= found.keys()
    # There `--json` names a body, and `--answer` asks for JSON.
    sent = {f"do {name}" for name in COMMANDS} | {f"program do {name}" for name in PROGRAM.commands}
    for name, command in found.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert ("--json" in options) != (name in WITHOUT), name
        assert name not in sent or "--answer" in options, name


@pytest.fixture(scope="module")
def demo(stores) -> Iterator[dict[str, str]]:
    with stores.lend() as where:
        files = [str(DEMO / name) for name in ("program.jsonl", "retailer.jsonl")]
        said = json.loads(plantrail("load", *files, "--json", **environment(where)).stdout)
        assert "loaded" in said["printed"][0]
        assert any("halden-stores" in line for line in said["printed"])
        yield environment(where)


def answered(environment: dict[str, str], *words: str) -> Any:
    return json.loads(plantrail(*words, "--json", **environment).stdout)


def test_what_is_reported_and_what_stands_in_the_library_is_read_by_programs(demo):
    words = ("said-vs-did", "halden-stores")
    assert answered(demo, *words) == json.loads(plantrail(*words, "--format", "json", **demo).stdout)
    assert answered(demo, "pack", "halden-stores", "canvas")["kind"] == "canvas"
    assert answered(demo, "report", "month", "2026-03")["month"] == "2026-03"
    library = answered(demo, "program", "library")
    assert all(each["title"] for each in (*library["plays"], *library["templates"]))


def test_a_command_that_has_nothing_to_answer_says_what_it_did(demo):
    answered(demo, "keys", "create", "--name", "dwh", "--role", "subscriber", "--plans", "all")
    [key] = answered(demo, "keys", "list")["items"]
    said = answered(demo, "keys", "revoke", key["id"])
    assert said["told"][0].endswith("is revoked.")
    assert said["printed"] == []
    assert answered(demo, "begin-another-log")["told"]
    assert answered(demo, "checkpoint")["printed"][0].startswith("plantrail")
