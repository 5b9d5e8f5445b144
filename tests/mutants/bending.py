"""Which mutants there are, and what each looks like."""

import re
import subprocess
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec, WorkItem
from parso.tree import NodeOrLeaf

from tests.places import ROOT

ROOMS = ("domain", "application")

SWAPS = (
    "BinaryOperator_Add_Sub BinaryOperator_Sub_Add BinaryOperator_Mul_Div BinaryOperator_Div_Mul"
    " BinaryOperator_FloorDiv_Mul BinaryOperator_Mod_Mul BinaryOperator_BitOr_BitAnd BinaryOperator_BitAnd_BitOr"
    " BinaryOperator_RShift_LShift BinaryOperator_LShift_RShift"
    " ComparisonOperator_Eq_NotEq ComparisonOperator_NotEq_Eq ComparisonOperator_Is_IsNot ComparisonOperator_IsNot_Is"
    " ComparisonOperator_Lt_LtE ComparisonOperator_LtE_Lt ComparisonOperator_Gt_GtE ComparisonOperator_GtE_Gt"
    " AndWithOr OrWithAnd TrueWithFalse FalseWithTrue ContinueWithBreak BreakWithContinue UnaryOperator_Delete_Not"
    " UnaryOperator_Delete_USub"
).split()
OPERATORS = [
    *(f"core/Replace{swap}" for swap in SWAPS),
    *("core/NumberReplacer", "core/AddNot", "core/ZeroIterationForLoop", "core/ExceptionReplacer"),
    "core/RemoveDecorator",
]
"""Of cosmic-ray's operators those that bend a boundary, a decision, a number or a loop.  The others, such as `+` into
`<<`, raise TypeError in the first test that comes along."""

Lines = Mapping[str, Collection[int]]


def modules() -> list[Path]:
    """The modules that mutants are made of, relative to the root."""
    return [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def changed_since(commit: str) -> Lines:
    """The lines of each file that were added or altered since `commit`, whether they are committed or not.

    Raises `subprocess.CalledProcessError` when git knows no such commit.
    """
    shown = subprocess.run(
        ["git", "diff", "--relative", "-U0", commit, "--", *ROOMS], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    lines: dict[str, set[int]] = {}
    path = ""
    for line in shown.splitlines():
        if line.startswith("+++ b/"):
            path = line.removeprefix("+++ b/")
        elif place := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            start, count = int(place[1]), int(place[2] or 1)
            lines.setdefault(path, set()).update(range(start, start + count))
    return lines


def mutants(within: Lines | None) -> Iterator[WorkItem]:
    """Every mutant there is, module by module, line by line; of the lines `within` alone where they are given."""
    for path in modules():
        if within is None or str(path) in within:
            found = [spec for spec in _specs(path) if within is None or _lines(spec) & set(within[str(path)])]
            for spec in sorted(found, key=lambda spec: (spec.start_pos, spec.operator_name)):
                yield WorkItem.single(identity(spec), spec)


def identity(spec: MutationSpec) -> str:
    return f"{spec.module_path} {spec.operator_name.removeprefix('core/')} {spec.occurrence}"


def bent(spec: MutationSpec) -> str:
    """The source of its module with the one mutation made."""
    operator = get_operator(spec.operator_name)(**spec.operator_args)
    source = mutate_code(_source(spec.module_path), operator, spec.occurrence)
    assert source is not None, spec
    return str(source)


def _specs(path: Path) -> Iterator[MutationSpec]:
    nodes = list(ast_nodes(get_ast(_source(path))))
    for name in OPERATORS:
        operator = get_operator(name)()
        places = ((node, *place) for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (node, start, end) in enumerate(places):
            if "BitOr" not in name or _is_of_values(node):
                where = ASTQuery(node).get_definition_name()
                yield MutationSpec(path, name, occurrence, start, end, definition_name=where)


def _is_of_values(node: NodeOrLeaf) -> bool:
    """Whether a `|` joins values and not types: the type checker sees to those."""
    while (parent := node.parent) is not None and parent.type != "funcdef":
        if parent.type in {"annassign", "tfpdef"}:
            return False
        node = parent
    return parent is not None and node is parent.children[-1]


def _lines(spec: MutationSpec) -> set[int]:
    return set(range(spec.start_pos[0], spec.end_pos[0] + 1))


@cache
def _source(path: Path) -> str:
    return (ROOT / path).read_text()
