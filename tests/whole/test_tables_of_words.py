"""A table that is keyed by the words of a `Literal` has each of them: who adds a word is told of every table that lacks
it.

Such a table is declared by its type, `Mapping[Tier, …]` where `Tier` is the `Literal`, at the top of a module.  What is
keyed by such words and not declared so is found in the source.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType, UnionType
from typing import Any, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints

import pytest

import adapters
import application
import domain
from adapters.proof.bundle import verify_bundle
from adapters.rendering.findings import SIGNALS
from application.portfolio.query import Sort, SortKey
from application.reports.scores import COUNTS, Score
from application.reports.warning_signs import WarningSigns
from tests.cases import for_each
from tests.places import ROOT

STANDS_ALONE = verify_bundle.__name__
"""It is handed out by itself and shares no words with the product."""

Words = frozenset[Any]


class Table(NamedTuple):
    """A table that is declared, and the words it is to have."""

    name: str
    keys: Words
    words: Words


@cache
def modules() -> Mapping[str, ModuleType]:
    """Of the whole product, by the path of the file."""
    names = [
        found.name
        for package in (domain, application, adapters)
        for found in walk_packages(package.__path__, f"{package.__name__}.")
        if not found.name.endswith("__main__") and found.name != STANDS_ALONE
    ]
    loaded = map(import_module, names)
    return {str(module.__file__).removeprefix(f"{ROOT}/"): module for module in loaded}


@cache
def literals() -> Mapping[Words, str]:
    """The words of every `Literal` that has a name, and what it is called."""
    return {
        frozenset(get_args(getattr(module, name))): f"{module.__name__}.{name}"
        for path, module in modules().items()
        for name in re.findall(r"^(\w+) = Literal\[", (ROOT / path).read_text("utf-8"), re.MULTILINE)
    }


def words_of(annotation: Any) -> Words | None:
    """The words of a `Literal`, or of several, or None where it is made of anything else."""
    if annotation is type(None):
        return frozenset({None})
    if get_origin(annotation) is Literal:
        return frozenset(get_args(annotation))
    if get_origin(annotation) in (Union, UnionType):
        parts = [words_of(part) for part in get_args(annotation)]
        return None if None in parts else frozenset[Any]().union(*(part for part in parts if part))
    return None


def declared(name: str, annotation: Any, value: Any) -> Iterator[Table]:
    """The tables of words that a value is by its annotation, those within it included."""
    if not isinstance(value, Mapping) or len(get_args(annotation)) != 2:
        return
    key, within = get_args(annotation)
    words = words_of(key)
    if words:
        yield Table(name, frozenset(value), words)
    for part, each in value.items():
        yield from declared(f"{name}[{part!r}]", within, each)


def tables() -> Iterator[Table]:
    for module in modules().values():
        for name, annotation in get_type_hints(module).items():
            yield from declared(f"{module.__name__}.{name}", annotation, getattr(module, name, None))


TABLES = {table.name: table for table in tables()}


@for_each("name", TABLES)
def test_a_table_has_every_word_and_no_other(name):
    table = TABLES[name]
    called = literals().get(table.words, "its words")
    assert table.words - table.keys == set(), f"{name} says nothing of these of {called}"
    assert table.keys - table.words == set(), f"{name} has these, which are none of {called}"


class Display(NamedTuple):
    """A `{…}` in the source whose keys are plain words."""

    place: str
    words: Words


def displays(path: str, tree: ast.Module) -> Iterator[Display]:
    """But those that are declared to be tables of words."""
    declared = {
        id(part)
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
        if any(name.partition("[")[0].endswith(f".{node.target.id}") for name in TABLES)
        for part in ast.walk(node.value)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict) and id(node) not in declared:
            words = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            if len(words) == len(node.keys) > 1:
                yield Display(f"{path}:{node.lineno}", frozenset(words))


def undeclared(path: str, source: str) -> list[str]:
    """Where there are tables that look keyed by the words of a `Literal`, and of which."""
    keys = set(re.findall(r"""["']([^"'\n]*)["']\s*:""", source))
    if not any(len(keys & words) > 1 for words in literals()):
        return []  # which most files are, and to take one apart takes long
    return [
        f"{found.place}: declare it as Mapping[{called}, …] at the top of the module and say something of each word"
        for found in displays(path, ast.parse(source))
        for words, called in literals().items()
        if found.words <= words
    ]


@for_each("path", modules())
def test_what_is_keyed_by_such_words_is_declared_to_be(path):
    assert undeclared(path, (ROOT / path).read_text("utf-8")) == []


def test_a_table_that_is_not_declared_is_found_wherever_it_stands():
    source = 'def colour(state):\n    return {"kept": "green", "missed": "red"}.get(state, "")\n'
    [told] = undeclared("colours.py", source)
    assert told.startswith("colours.py:2: declare it as Mapping[application.reports.outcomes.Outcome, …]")
    assert undeclared("colours.py", 'BEST = {"kept": "green", "gold": "yellow"}\n') == []


def test_a_table_within_a_table_is_one():
    Light, Side = Literal["red", "green"], Literal["us", "them"]
    found = list(declared("T", Mapping[Side, Mapping[Light, int]], {"us": {"red": 1}}))
    assert [(table.name, table.words - table.keys) for table in found] == [("T", {"them"}), ("T['us']", {"green"})]
    [table] = declared("T", Mapping[Light | None, int], {"red": 1})
    assert table.words == {"red", "green", None}


FIELDS = [
    pytest.param(SIGNALS, WarningSigns, {"closing_review"}, id="what each warning sign is called"),
    pytest.param(COUNTS, Score, {"keep_rate", "done_rate"}, id="what is counted for a score"),
]


@pytest.mark.parametrize(("told", "model", "beside"), FIELDS)
def test_what_is_told_field_by_field_leaves_none_out(told, model, beside):
    assert sorted(told) == sorted(model.model_fields.keys() - beside)


def test_whatever_plans_are_sorted_by_can_be_sorted_both_ways():
    assert sorted(get_args(Sort)) == sorted(f"{way}{key}" for key in get_args(SortKey) for way in ("", "-"))
