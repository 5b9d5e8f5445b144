"""Every command in a terminal of 80 columns: no word is lost, none is broken, and no line is wider."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer

from adapters.cli.commands import MAKES, Commands, app, made_by
from adapters.cli.examples import EXAMPLES
from tests.adapters.cli.test_cli import plantrail, told, told_store
from tests.cases import for_each
from tests.places import ROOT

__all__ = ["told", "told_store"]

SHOWN = {
    "plans": "plans",
    "plan show": "plan show acme --as-of review:R2",
    "plan history": "plan history acme",
    "plan blame": "plan blame acme --as-of review:R2",
    "plan diff": "plan diff acme --from review:R1 --to review:R2",
    "plan reviews": "plan reviews acme --as-of review:R2",
    "plan contacts": "plan contacts acme",
    "plan adoptions": "plan adoptions acme",
    "plan departure": "plan departure acme --member ann --as-of review:R2",
    "findings": "findings acme --as-of review:R2",
    "promises": "promises",
    "said-vs-did": "said-vs-did acme --from review:R1 --to review:R2",
    "report month": "report month 2026-03",
    "pack": "pack acme weekly --as-of review:R2",
    "keys list": "keys list",
    "keys generations": "keys generations",
    "access-events": "access-events",
    "erasures": "erasures",
    "webhooks list": "webhooks list",
    "verify": "verify",
}
"""A command line for each command that shows a table, a list or a card."""
WITHOUT_A_TABLE = {
    *"serve work demo open done move drop do tail checkpoint audit-bundle load table migrate rebuild".split(),
    *(
        "adopt",
        "begin-another-log",
        "mcp",
        "relay nats",
        "keys rotate",
        "keys destroy-generation",
        "keys create",
        "keys revoke",
    ),
    *("db start", "db stop", "db url", "db dump", "db restore", "import csv", "import xlsx", "import log"),
    *("export log", "export parquet"),
}
BY_THEMSELVES = {
    "measures",  # leaves earlier months out where they do not fit, and says so
    *("webhooks create", "webhooks show", "webhooks pause", "webhooks resume", "webhooks rotate-secret"),
    *("program show", "program findings", "program round", "program history"),
    *("program library", "program example", "handover"),
    *("calendars make", "calendars list", "calendars delete"),
    *("webhooks test", "webhooks attempts", "webhooks parked", "webhooks replay", "webhooks delete"),
}
"""Commands whose tables need more than a plan: they are looked at where they are tested."""
GROUPS = ["", "plan", "do", "report", "import", "export", "webhooks", "relay", "db", "keys", "program", "calendars"]


def commands(group: Any, *path: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, type(group)) or getattr(command, "commands", None):
            yield from commands(command, *path, name)
        else:
            yield " ".join((*path, name))


def test_of_every_command_it_is_known_how_it_is_shown():
    known = SHOWN.keys() | WITHOUT_A_TABLE | BY_THEMSELVES
    there = set(commands(typer.main.get_command(app)))
    assert there == known, "say in SHOWN, or in the sets below it, how these are shown: " + ", ".join(there ^ known)


def test_every_command_has_an_example_that_it_takes():
    root = typer.main.get_command(app)
    with_one = {words for words in commands(root) if words != "do" and not words.startswith("program do")}
    assert EXAMPLES.keys() == with_one
    for words in with_one:
        command = root
        for word in words.split():
            command = command.commands[word]
        command.make_context(words, shlex.split(EXAMPLES[words])).close()


def test_the_help_of_a_command_ends_with_its_example(told):
    shown = plantrail("plan", "show", "--help", **told | {"COLUMNS": "80"}).stdout
    assert shown.splitlines()[-1] == "  Example: `plantrail plan show halden-stores --as-of review:m-2026-02`"


def test_the_help_lists_every_command_under_one_heading():
    named = [name for names in Commands.headings.values() for name in names.split()]
    assert sorted(named) == sorted(typer.main.get_command(app).commands)


def test_of_every_command_it_is_known_which_module_makes_it():
    making = {file.stem for file in (ROOT / "adapters/cli").glob("*.py") if "def add_to(app:" in file.read_text()}
    assert making == MAKES.keys(), "say in MAKES which commands it makes"
    assert {module: set(made_by(module)) for module in MAKES} == {name: set(MAKES[name].split()) for name in MAKES}


@for_each("words", SHOWN.values())
def test_what_is_shown_in_80_columns_is_whole(words, told):
    narrow, wide = (plantrail(*words.split(), **told | {"COLUMNS": width}).stdout for width in ("80", "300"))
    assert max(map(len, narrow.splitlines())) <= 80
    assert words_in(wide) <= words_in(narrow)


def words_in(shown: str) -> set[str]:
    return {word for word in shown.split() if any(map(str.isalnum, word))}


def test_every_group_tells_each_command_to_the_end_of_its_sentence(told):
    there = typer.main.get_command(app)
    assert sorted(GROUPS) == sorted(["", *(name for name, each in there.commands.items() if hasattr(each, "commands"))])
    for group in GROUPS:
        shown = plantrail(*group.split(), "--help", **told | {"COLUMNS": "80"}).stdout
        assert not [line for line in shown.splitlines()[1:] if line.endswith("...")], group


@for_each("words", ["", "plans", "keys create", "plan", "do", "report month"])
def test_help_breaks_no_word_and_cuts_no_sentence_off(words, told):
    narrow, wide = (plantrail(*words.split(), "--help", **told | {"COLUMNS": width}).stdout for width in ("80", "300"))
    assert words_in(wide) <= words_in(narrow)
    assert not [line for line in narrow.splitlines()[1:] if line.endswith("...")]
