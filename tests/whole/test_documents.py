"""What is written about the project: it is short where it must be, complete, and leads nowhere wrong."""

import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import typer.main
from pydantic import AliasChoices
from typer.core import TyperArgument, TyperGroup

from adapters.bootstrap.settings import Settings
from adapters.cli.commands import app
from adapters.cli.groups import GroupWithDefault
from tests import covered_table, picture
from tests.cases import for_each
from tests.documents import Document, document, documents
from tests.places import ROOT

DOCUMENTS = for_each("document", documents(), ids=str)
CODE = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"(?:domain|application|adapters|tests|docs)/[\w./-]*\w")
TEST_FILE = re.compile(r"test_\w+\.py")
VARIABLE = re.compile(r"\b(?:DATABASE_URL|PLANTRAIL_[A-Z_]+[A-Z])\b")
COMMAND = re.compile(r"^plantrail( [\w -].*)$")
DECISIONS = ROOT / "docs" / "adr"
LONGEST_LINE = 120


def test_the_readme_is_read_in_one_go():
    assert len(document("README.md").text.splitlines()) <= 120


@DOCUMENTS
def test_prose_is_wrapped(document: Document):
    too_long = [
        number
        for number, line in enumerate(document.prose.splitlines(), 1)
        if len(line) > LONGEST_LINE and not line.startswith("|")
    ]
    assert too_long == []


@DOCUMENTS
def test_every_link_leads_somewhere(document: Document):
    links = [link for link in document.links() if "://" not in link]
    assert [link for link in links if not leads_somewhere(document, link)] == []


def leads_somewhere(document: Document, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (document.path.parent / path).resolve() if path else document.path
    return target.exists() and (not anchor or anchor in anchors_of(target))


@cache
def anchors_of(path: Path) -> set[str]:
    return Document(path).anchors()


@DOCUMENTS
def test_every_file_that_is_named_is_there(document: Document):
    named = [path for code in CODE.findall(document.prose) for path in PATH.findall(code) if code.startswith(path)]
    tests = TEST_FILE.findall(document.prose)
    there = {file.name for file in (ROOT / "tests").rglob("test_*.py")}
    assert [path for path in named if not (ROOT / path).exists()] == []
    assert set(tests) <= there


@DOCUMENTS
def test_every_command_and_option_that_is_named_exists(document: Document):
    shown = [
        line for language in ("sh", "console") for each in document.examples(language) for line in each.split("\n")
    ]
    for words in [*CODE.findall(document.prose), *shown]:
        if command := COMMAND.match(words):
            assert unknown_words(command[1].split()) == [], words


every_command = cache(partial(typer.main.get_command, app))


def unknown_words(words: list[str]) -> list[str]:
    """Of a command line: a command or option that does not exist."""
    command = every_command()
    while isinstance(command, TyperGroup) and words and words[0][0] not in "-…":
        words = words[sum(isinstance(each, TyperArgument) for each in command.params) :]
        found = command.get_command(typer.Context(command), words[0]) if words else None
        if found is None:
            return words[:1]
        command, words = found, words[1:]
    if isinstance(command, GroupWithDefault) and command.is_meant_by(words):
        command = command.commands[command.default]
    options = {"--help"} | {option for parameter in command.params for option in parameter.opts}
    return [word for word in words if word.startswith("-") and word.rstrip(",") not in options]


def variables() -> Iterator[tuple[str, set[str]]]:
    """What each setting is called in the environment: by this name, and by others that are taken as well."""
    for name, field in Settings.model_fields.items():
        match field.validation_alias:
            case AliasChoices(choices=[first, *others]):
                yield str(first), set(map(str, others))
            case _:
                yield f"PLANTRAIL_{name.upper()}", set()


def test_every_setting_is_documented_and_every_documented_one_exists():
    documented = re.findall(r"^\| `(\w+)` \|", document("docs/settings.md").text, re.MULTILINE)
    assert sorted(documented) == sorted(name for name, _ in variables())


@DOCUMENTS
def test_every_variable_that_is_named_is_a_setting(document: Document):
    known = {name for first, others in variables() for name in (first, *others)}
    assert set(VARIABLE.findall(document.text)) <= known


def test_every_decision_is_in_the_index_in_order_and_numbered_without_gaps():
    files = sorted(file for file in DECISIONS.glob("*.md") if file.name != "README.md")
    expected = [entry(number, file) for number, file in enumerate(files, 1)]
    listed = [line for line in (DECISIONS / "README.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    missing = [line for line in expected if line not in listed]
    assert listed[1:] == expected, "docs/adr/README.md must have these lines, in order: " + "\n".join(missing)


def entry(number: int, file: Path) -> str:
    heading = file.read_text("utf-8").partition("\n")[0]
    assert (file.name[:5], heading.partition(". ")[0]) == (f"{number:04}-", f"# {number}"), file
    return f"| {number} | [{heading.partition('. ')[2]}]({file.name}) |"


def test_the_picture_of_the_readme_is_drawn_from_the_demo_as_it_is_told_now():
    assert picture.PICTURE.read_text("utf-8") == picture.picture(), f"run: {picture.COMMAND}"


def test_every_rule_measure_and_section_of_a_pack_has_a_test():
    uncovered = [(heading, name) for heading, rows in covered_table.rows() for name, test, _ in rows if not test]
    assert uncovered == []
    written = covered_table.TABLE.read_text("utf-8")
    assert written == covered_table.table(), f"The table is out of date: {covered_table.COMMAND}"
