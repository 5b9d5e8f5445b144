"""How many mutants died in each room, and which did not, for the terminal and as a page."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cosmic_ray.work_item import TestOutcome, WorkItem, WorkResult

HEADINGS = ("room", "mutants", "tried", "killed", "equivalent", "do not run", "survived", "died")


class Row(NamedTuple):
    """One room; a mutant that does not run is neither killed nor alive, one that is equivalent neither."""

    room: str
    mutants: int
    killed: int
    equivalent: int
    do_not_run: int
    survived: int

    @property
    def score(self) -> float:
        """How many died of a hundred that could."""
        return 100 * self.killed / (self.killed + self.survived or 1)

    def cells(self) -> tuple[str, ...]:
        tried = self.killed + self.equivalent + self.do_not_run + self.survived
        numbers = (self.mutants, tried, self.killed, self.equivalent, self.do_not_run, self.survived)
        return (self.room, *map(str, numbers), f"{self.score:.1f} %" if self.killed + self.survived else "–")


class Rooms(NamedTuple):
    rows: Sequence[Row]

    @property
    def score(self) -> float:
        return self.rows[-1].score

    def text(self) -> str:
        return "\n".join(
            f"{room:32}" + "".join(f"{cell:>11}" for cell in cells)
            for room, *cells in (HEADINGS, *(row.cells() for row in self.rows))
        )

    def page(self) -> list[str]:
        lines = [HEADINGS, ("---", *["---:"] * (len(HEADINGS) - 1)), *(row.cells() for row in self.rows)]
        return [f"| {' | '.join(line)} |" for line in lines]


class Sampled(NamedTuple):
    """How mutants were chosen."""

    size: int
    seed: int
    of: int


def rooms(items: Sequence[WorkItem], results: Mapping[str, WorkResult], equivalent: Mapping[str, str]) -> Rooms:
    """A row for each folder, and one for all."""
    of_rooms = defaultdict[str, Counter[object]](Counter)
    for item in items:
        of = of_rooms[str(item.mutations[0].module_path.parent)]
        of["mutants"] += 1
        if item.job_id in equivalent:
            of["equivalent"] += 1
        elif item.job_id in results:
            of[results[item.job_id].test_outcome] += 1
    return Rooms(
        [
            Row(
                room,
                of["mutants"],
                of[TestOutcome.KILLED],
                of["equivalent"],
                of[TestOutcome.INCOMPETENT],
                of[TestOutcome.SURVIVED],
            )
            for room, of in [*sorted(of_rooms.items()), ("all", sum(of_rooms.values(), Counter[object]()))]
        ]
    )


def written(
    items: Sequence[WorkItem],
    results: Mapping[str, WorkResult],
    equivalent: Mapping[str, str],
    sampled: Sampled | None,
) -> str:
    """The page `docs/mutants.md`."""
    sample = f" --sample {sampled.size} --seed {sampled.seed}" if sampled else ""
    which = f"{sampled.size} of the {sampled.of} mutants, chosen by chance," if sampled else "All mutants"
    untried = sum(item.job_id not in results and item.job_id not in equivalent for item in items)
    survivors = defaultdict[str, list[str]](list)
    for item in items:
        result = results.get(item.job_id)
        if result and result.test_outcome is TestOutcome.SURVIVED and item.job_id not in equivalent:
            path, _, rest = item.job_id.partition(" ")
            survivors[path].append(f"({result.output}) {rest}" if result.output else rest)
    reasons = defaultdict[str, list[str]](list)
    for name, why in equivalent.items():
        reasons[why].append(name)
    return "\n".join(
        [
            "# Mutants",
            "",
            f"Made by `python -m tests.mutants{sample} --write docs/mutants.md`, as",
            f"[development](development.md) says. {which} of",
            "`domain/` and `application/`, each tried on the tests of these rooms that run its line, and what these",
            "leave alive on tests outside of them, over HTTP or on a store, which `tests/mutants/outside.toml` names.",
            *([f"{untried} of them were not tried: they count as nothing."] if untried else []),
            "",
            *rooms(items, results, equivalent).page(),
            "",
            "## Equivalent",
            "",
            "What no test can tell from the program as it is, and why.",
            *(line for why, names in reasons.items() for line in ("", why, "", *_listed(names))),
            "",
            "## Survivors",
            "",
            "By module: function, operator, which one on that line, the line.",
            *(line for path, names in survivors.items() for line in ("", f"`{path}`", "", *_listed(names))),
            "",
        ]
    )


def _listed(names: Sequence[str]) -> list[str]:
    return [f"- `` {name if len(name) <= LONGEST else f'{name[:LONGEST]}…'} ``" for name in names]


LONGEST = 105
"""Characters of a mutant's name that are shown on the page."""
