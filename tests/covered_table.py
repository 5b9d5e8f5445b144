"""Which test covers which rule, measure and section of a pack, committed as `docs/covered.md`.

The table is generated. A rule about a plan or a measure is covered by the stories about it; a rule about the program or
a section of a pack by tests that name it.

`python -m tests.covered_table` writes it.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

from application.findings.program import PROGRAM_RULES
from application.findings.registry import RULES
from application.measures.registry import MEASURES
from application.packs.annual import AnnualPack
from application.packs.canvas import CanvasPack
from application.packs.pack import Pack
from application.packs.qbr import QbrPack
from application.packs.readout import ReadoutPack
from application.packs.weekly import WeeklyPack
from tests.application.findings import stories as of_rules
from tests.application.measures import test_measures as of_measures
from tests.places import ROOT

COMMAND = "python -m tests.covered_table"
TABLE = ROOT / "docs" / "covered.md"
FINDINGS, PACKS = ROOT / "tests/application/findings", ROOT / "tests/application/packs"
OF_RULES = "test_rules.py::test_a_rule_finds_nothing_on_one_side_of_its_boundary_and_something_on_the_other"
OF_MEASURES = "test_measures.py::test_a_measure_says_of_each_month_what_was_recorded_by_its_end"
KINDS: Mapping[str, type[Pack]] = {
    "canvas": CanvasPack,
    "weekly": WeeklyPack,
    "readout": ReadoutPack,
    "qbr": QbrPack,
    "annual": AnnualPack,
}

ABOUT = f"""# What the tests cover

Every rule of the [findings](findings.md), every [measure](measures.md) and every section of a pack, each with the test
that covers it; `pytest PATH` runs that test. A rule about a plan is covered by two stories: in one the rule finds
nothing, in the other, on a later day or with other events, it finds something. A measure is covered by stories with its
value at the end of each month. A row without a test fails `tests/whole/test_documents.py`.

This table is made from the registries and the tests: `{COMMAND}`.
"""

Row = tuple[str, str, str]
"""What is covered, by which test, and on which cases."""


def rows() -> Iterator[tuple[str, Sequence[Row]]]:
    """Yield the rows by heading."""
    findings, measures = "tests/application/findings/", "tests/application/measures/"
    told = [(story.rule, _boundary(story)) for story in of_rules.STORIES]
    yield "Rules about a plan", list(_of_stories(RULES, told, findings + OF_RULES))
    yield "Rules about the program", list(_by_name(PROGRAM_RULES, FINDINGS / "test_program.py"))
    months = [(story.measure, ", ".join(story.said)) for story in of_measures.STORIES]
    yield "Measures", list(_of_stories(MEASURES, months, measures + OF_MEASURES))
    for kind, model in KINDS.items():
        sections = [name for name in model.model_fields if name not in Pack.model_fields]
        yield f"Sections of the {kind} pack", list(_by_name(sections, PACKS / "test_packs.py", kind))


def _boundary(story: of_rules.Story) -> str:
    quiet, loud = story.days
    return f"quiet on {quiet}, found on {loud}" if quiet != loud else f"two tellings on {loud}"


def _of_stories(names: Iterable[str], told: Iterable[tuple[str, str]], test: str) -> Iterator[Row]:
    stories: defaultdict[str, list[str]] = defaultdict(list)
    for name, story in told:
        stories[name].append(story)
    for name in names:
        yield name, test if name in stories else "", "; ".join(stories[name])


def _by_name(names: Iterable[str], file: Path, *made: str) -> Iterator[Row]:
    """Yield the rows of tests that use a name, or a name in `made`."""
    for name in names:
        tests = [test for test, words in _words_of_tests(file) if words.issuperset((name, *made))]
        yield name, ", ".join(f"{file.relative_to(ROOT)}::{test}" for test in tests), ""


@cache
def _words_of_tests(file: Path) -> Sequence[tuple[str, set[str]]]:
    """Return, for each test of a file, the names of attributes and the strings that it uses."""
    functions = [each for each in ast.parse(file.read_text("utf-8")).body if isinstance(each, ast.FunctionDef)]
    return [(each.name, set(_words_in(each))) for each in functions if each.name.startswith("test_")]


def _words_in(test: ast.FunctionDef) -> Iterator[str]:
    for each in ast.walk(test):
        match each:
            case ast.Attribute(value=of, attr=name) if not isinstance(of, ast.Attribute) or of.attr != "known":
                yield name
            case ast.Constant(value=str(words)):
                yield words


def table() -> str:
    parts = [ABOUT]
    for heading, some in rows():
        parts.append(f"\n## {heading}\n\n| | test | cases |\n|---|---|---|\n")
        parts += [f"| {name} | {test} | {cases} |\n" for name, test, cases in some]
    return "".join(parts)


if __name__ == "__main__":
    TABLE.write_text(table(), "utf-8")
