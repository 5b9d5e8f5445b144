"""Which mutants there are, and what each looks like."""

import re
import subprocess
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.ast.ast_query import ASTQuery
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_item import MutationSpec, WorkItem
from parso.tree import NodeOrLeaf

from tests.places import ROOMS, ROOT, modules

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
            found = [spec for spec in _specs(path) if within is None or lines_of(spec) & set(within[str(path)])]
            yield from (WorkItem.single(key, spec) for key, spec in _named(path, found).items())


def sample(items: Sequence[WorkItem], size: int, seed: int) -> list[WorkItem]:
    """So many of them, in their order; whether one is chosen depends on its name and the seed alone.

    A mutant thus stays in the sample when other lines change, and a larger sample of one seed has the smaller in it.
    """
    by_chance = sorted(items, key=lambda item: sha256(f"{seed} {item.job_id}".encode()).digest())
    chosen = {item.job_id for item in by_chance[:size]}
    return [item for item in items if item.job_id in chosen]


def _named(path: Path, found: Iterable[MutationSpec]) -> dict[str, MutationSpec]:
    """Each by a name that stays when other lines change: module, function, operator, which it is on its line, line."""
    lines, named = _text(path).splitlines(), dict[str, MutationSpec]()
    for spec in sorted(found, key=lambda spec: (spec.start_pos, spec.operator_name, spec.occurrence)):
        operator = spec.operator_name.removeprefix("core/").removeprefix("Replace")
        where = f"{path} {spec.definition_name or ''} {operator}".replace("  ", " ")
        line = lines[spec.start_pos[0] - 1].strip()
        name = next(name for n in count(1) if (name := f"{where} {n}: {line}") not in named)
        named[name] = spec
    return named


def bent(spec: MutationSpec) -> str:
    """The source of its module with the one mutation made."""
    return _bent(get_ast(_text(spec.module_path)), spec)


def bent_here(spec: MutationSpec) -> str:
    """The same in a process that ends with this mutant: it spoils the tree that `read` keeps."""
    return _bent(read(spec.module_path).tree, spec)


def _bent(tree: NodeOrLeaf, spec: MutationSpec) -> str:
    mutation = MutationVisitor(spec.occurrence, get_operator(spec.operator_name)(**spec.operator_args))
    source = mutation.walk(tree).get_code()
    assert mutation.mutation_applied, spec
    return str(source)


class Source(NamedTuple):
    """A module as it is, read once for all its mutants."""

    tree: NodeOrLeaf
    code: CodeType


@lru_cache(maxsize=1)
def read(path: Path) -> Source:
    text = _text(path)
    return Source(get_ast(text), compile(text, ROOT / path, "exec", dont_inherit=True))


def _specs(path: Path) -> Iterator[MutationSpec]:
    nodes = list(ast_nodes(get_ast(_text(path))))
    for name in OPERATORS:
        operator = get_operator(name)()
        places = ((node, *place) for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (node, start, end) in enumerate(places):
            if not _is_no_behaviour(node) and ("BitOr" not in name or _is_of_values(node)):
                where = ASTQuery(node).get_definition_name()
                yield MutationSpec(path, name, occurrence, start, end, definition_name=where)


def _is_no_behaviour(node: NodeOrLeaf) -> bool:
    """Whether it only makes things quicker or keeps programmers from mistakes, so that no test could tell."""
    each: NodeOrLeaf | None = node
    while each is not None:
        if each.type == "argument" and _is_no_behaviour_argument(each):
            return True
        if each.type == "decorator" and each.children[1].get_code().strip() in OF_NO_BEHAVIOUR:
            return True
        if (each.type == "decorated" and _only_says(each.children[-1])) or _only_says(each):
            return True
        each = each.parent
    return False


def _is_no_behaviour_argument(node: Any) -> bool:
    name = node.children[0].get_code().strip()
    if name == "strict":  # of `zip`: as many come from each side, which only a programmer's mistake could change
        return node.parent.parent.parent.get_code().strip().startswith("zip(")
    return name in {"frozen", "slots", "maxsize", "covariant"}


def _only_says(node: NodeOrLeaf) -> bool:
    """Whether it is a function that a protocol asks for."""
    return node.type == "funcdef" and bool(NOTHING_BUT_WORDS.fullmatch(node.children[-1].get_code()))


OF_NO_BEHAVIOUR = frozenset({"cache", "lru_cache", "overload", "abstractmethod"})
"""Decorators; tests of how often something is done are among those of speed."""

NOTHING_BUT_WORDS = re.compile(r'\s*(?:"""[^"]*"""|\.\.\.)\s*')


def _is_of_values(node: NodeOrLeaf) -> bool:
    """Whether a `|` joins values and not types: the type checker sees to those."""
    while (parent := node.parent) is not None and parent.type != "funcdef":
        if parent.type in {"annassign", "tfpdef"}:
            return False
        node = parent
    return parent is not None and node is parent.children[-1]


def lines_of(spec: MutationSpec) -> set[int]:
    return set(range(spec.start_pos[0], spec.end_pos[0] + 1))


def _text(path: Path) -> str:
    return (ROOT / path).read_text()
