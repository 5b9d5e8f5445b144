"""Runs the tests on mutants: `python -m tests.mutants [--since COMMIT] [--one-in N] [MODULE …] [--tests PATH …]`.

Prints every survivor with its line, the share that died of each module, and ends with 1 when fewer than 95 of 100 died.
`mutants.sqlite` is a session of cosmic-ray: `cr-report --surviving-only --show-diff mutants.sqlite` reads it.
"""

import argparse
import difflib
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkResult

from tests.mutants.bending import bent, changed_since, identity, mutants
from tests.mutants.running import ARGUMENTS, Mutants
from tests.places import ROOT

WANTED = 95
"""Of a hundred mutants so many are to die."""


def main() -> int:
    asked = _asked()
    items = list(mutants(changed_since(asked.since) if asked.since else None))
    if asked.modules:
        items = [item for item in items if any(str(item.mutations[0].module_path).startswith(m) for m in asked.modules)]
    items = items[:: asked.one_in]
    print(f"{len(items)} mutants, one in {asked.one_in}")
    Path(asked.session).unlink(missing_ok=True)
    began = time.monotonic()
    with use_db(asked.session) as session:
        session.add_work_items(items)
        done = Counter[TestOutcome]()

        def told(spec: MutationSpec, outcome: TestOutcome) -> None:
            diff = _diff(spec)
            session.set_result(identity(spec), WorkResult(WorkerOutcome.NORMAL, None, outcome, diff))
            done[outcome] += 1
            if outcome is TestOutcome.SURVIVED:
                print(f"\nsurvived ({done.total()} of {len(items)}): {identity(spec)}\n{diff}", flush=True)

        specs = [item.mutations[0] for item in items]
        code = pytest.main([*ARGUMENTS, *asked.tests], plugins=[Mutants(specs, told)])
        if code != pytest.ExitCode.OK or done.total() != len(items):
            print(f"{len(items) - done.total()} mutants were not tried: pytest ended with {code!r}")
            return 2
        score = _table(session)
    print(f"in {time.monotonic() - began:.0f} s")
    return 0 if score >= WANTED else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--since", metavar="COMMIT", help="only mutants of lines changed since then")
    parser.add_argument("--one-in", metavar="N", type=int, default=1, help="every Nth mutant, evenly over all modules")
    parser.add_argument("--session", default=str(ROOT / "mutants.sqlite"), help="where results are kept")
    parser.add_argument(
        "--tests", nargs="*", default=["tests/domain", "tests/application"], help="instead of all pure ones"
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="how the paths begin, domain/account_plan/p")
    return parser.parse_args()


def _diff(spec: MutationSpec) -> str:
    """The lines that differ."""
    before, after = (ROOT / spec.module_path).read_text().splitlines(), bent(spec).splitlines()
    lines = difflib.unified_diff(before, after, str(spec.module_path), str(spec.module_path), n=0, lineterm="")
    return "\n".join(list(lines)[2:])


def _table(session: WorkDB) -> float:
    """Prints how many died, room by room; returns how many of a hundred."""
    of_rooms = defaultdict[str, Counter[TestOutcome]](Counter)
    for item, result in session.completed_work_items:
        if result.test_outcome is not None:
            of_rooms[str(item.mutations[0].module_path.parent)][result.test_outcome] += 1
    print(f"\n{'room':32}{'mutants':>8}{'killed':>8}{'survived':>9}{'do not run':>11}{'died':>8}")
    for room, of in [*sorted(of_rooms.items()), ("all", sum(of_rooms.values(), Counter()))]:
        killed, survived = of[TestOutcome.KILLED], of[TestOutcome.SURVIVED]
        score = 100 * killed / (killed + survived or 1)
        print(f"{room:32}{of.total():8}{killed:8}{survived:9}{of[TestOutcome.INCOMPETENT]:11}{score:7.1f}%")
    return score


if __name__ == "__main__":
    sys.exit(main())
