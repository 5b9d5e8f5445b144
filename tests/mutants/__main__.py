"""Runs the tests on mutants: `python -m tests.mutants [--since COMMIT] [--sample N] [--again] [MODULE …]`.

Prints every survivor with its line, the share that died in each room, and ends with 1 when fewer than 95 of 100 died.
`mutants.sqlite` is a session of cosmic-ray: `cr-report --surviving-only --show-diff mutants.sqlite` reads it.
"""

import argparse
import difflib
import sys
import time
from pathlib import Path

import pytest
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult

from tests.mutants.bending import bent, changed_since, mutants, sample
from tests.mutants.equivalents import equivalents
from tests.mutants.outside import OUTSIDE, tests_of, tried
from tests.mutants.running import ARGUMENTS, Mutants
from tests.mutants.table import Sampled, rooms, written
from tests.places import ROOT

SEED = 23
"""What chooses the sample that `docs/mutants.md` tells of."""

WANTED = 95
"""Of a hundred mutants so many are to die."""

ROOMS_OF_TESTS = ("tests/domain", "tests/application")
"""Every mutant is tried on the tests in these that run its line."""


def main() -> int:
    asked = _asked()
    items = list(mutants(changed_since(asked.since) if asked.since else None))
    told_apart = equivalents()
    if not asked.since and (unknown := told_apart.keys() - {item.job_id for item in items}):
        print("tests/mutants/equivalent.toml names mutants that are not there:", *sorted(unknown), sep="\n  ")
        return 2
    sampled = Sampled(asked.sample, asked.seed, len(items)) if asked.sample else None
    if sampled:
        items = sample(items, sampled.size, sampled.seed)
    before = _results(asked.session) if asked.again or asked.table else {}
    Path(asked.session).unlink(missing_ok=True)
    with use_db(asked.session) as session:
        session.add_work_items(items)
        for item in items:
            if item.job_id in before:
                session.set_result(item.job_id, before[item.job_id])
        done = {key for key, result in before.items() if result.test_outcome is not TestOutcome.SURVIVED}
        of = [m for item in items if (m := str(item.mutations[0].module_path))]
        chosen = [
            item
            for item, module in zip(items, of, strict=True)
            if item.job_id not in done | told_apart.keys() and module.startswith(tuple(asked.modules) or "")
        ]
        if not asked.table and not _run(chosen, session, asked):
            return 2
        results = {item.job_id: result for item, result in session.completed_work_items}
    table = rooms(items, results, told_apart)
    print(table.text())
    if asked.write:
        Path(asked.write).write_text(written(items, results, told_apart, sampled))
    return 0 if table.score >= WANTED else 1


def _run(items: list[WorkItem], session: WorkDB, asked: argparse.Namespace) -> bool:
    """Tries each and keeps what became of it; whether all were tried."""
    print(f"{len(items)} mutants", flush=True)
    keys = {id(item.mutations[0]): item.job_id for item in items}
    began, alive = time.monotonic(), dict[int, tuple[MutationSpec, str]]()

    def ended(spec: MutationSpec, outcome: TestOutcome, why: str) -> None:
        key, diff = keys.pop(id(spec)), ""
        if outcome is TestOutcome.SURVIVED:
            diff = _diff(spec)
            print(f"\nsurvived: {key} {why}\n{diff}", flush=True)
        session.set_result(key, WorkResult(WorkerOutcome.NORMAL, why, outcome, diff))

    def told(spec: MutationSpec, outcome: TestOutcome, why: str) -> None:
        if outcome is TestOutcome.SURVIVED and not asked.tests and tests_of(spec.module_path):
            alive[id(spec)] = spec, why
        else:
            ended(spec, outcome, why)

    specs = [item.mutations[0] for item in items]
    if specs:
        plugin = Mutants(specs, told, asked.seconds, Path(asked.session).with_suffix(".tests"))
        code = pytest.main([*ARGUMENTS, *(asked.tests or ROOMS_OF_TESTS)], plugins=[plugin])
        if code != pytest.ExitCode.OK or len(keys) > len(alive):
            print(f"{len(keys) - len(alive)} mutants were not tried: pytest ended with {code!r}")
            return False
    print(f"{len(alive)} are alive after {time.monotonic() - began:.0f} s, and are tried outside", flush=True)
    for spec, died in tried([spec for spec, _ in alive.values()]):
        ended(spec, *((TestOutcome.KILLED, OUTSIDE) if died else (TestOutcome.SURVIVED, alive[id(spec)][1])))
    print(f"in {time.monotonic() - began:.0f} s")
    return True


def _results(session: str) -> dict[str, WorkResult]:
    """What became of each mutant in the runs before."""
    if not Path(session).exists():
        return {}
    with use_db(session) as kept:
        return dict(kept.results)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--since", metavar="COMMIT", help="only mutants of lines changed since then")
    parser.add_argument(
        "--sample", metavar="N", type=int, help="so many of them, chosen by chance, the same of the same seed"
    )
    parser.add_argument("--seed", type=int, default=SEED, help="what chooses the sample")
    parser.add_argument("--again", action="store_true", help="keep what died in the runs before, try only the others")
    parser.add_argument("--table", action="store_true", help="try nothing, show what the runs before found")
    parser.add_argument("--write", metavar="FILE", help="where the table and the survivors are written as Markdown")
    parser.add_argument("--seconds", type=float, default=40.0, help="of tests that a mutant has to survive")
    parser.add_argument("--session", default=str(ROOT / "mutants.sqlite"), help="where results are kept")
    parser.add_argument(
        "--tests", nargs="*", help="instead of those of the rooms and, for what these leave alive, of outside.toml"
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="how the paths begin, domain/account_plan/p")
    return parser.parse_args()


def _diff(spec: MutationSpec) -> str:
    """The lines that differ."""
    before, after = (ROOT / spec.module_path).read_text().splitlines(), bent(spec).splitlines()
    lines = difflib.unified_diff(before, after, str(spec.module_path), str(spec.module_path), n=0, lineterm="")
    return "\n".join(list(lines)[2:])


if __name__ == "__main__":
    sys.exit(main())
