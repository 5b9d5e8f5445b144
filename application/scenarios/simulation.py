"""Simulations: scenarios carried out as if each command were sent at its own time.

Every command is handled like any other, but in memory. When all commands were accepted, the whole history is recorded
at once; a scenario that is refused anywhere changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from application.aggregates.handle import Reach
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.pending import PendingAggregate, reason_beside, with_id
from application.aggregates.ports import CommandContext, Commit
from application.mergers.cross_plan_commands import reach_of
from application.scenarios.scenario import Line, ScenarioRefused
from application.views.plan_names import first_open, plans_named
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import OpenPlan, PlanNotOpen, plan_id_of, the_plan
from domain.aggregates import AggregateType
from domain.language import Refusal
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, ProgramNotOpen

SOURCE = "simulation"


class RealEventsHeld(Exception):
    """The store holds real events, and a simulation beside them would be taken for more of them: nothing was loaded."""


class PlansMovedOn(Exception):
    """Somebody changed one of these plans meanwhile. Nothing was loaded; try again."""


class SimulationStore(Protocol):
    def holds_real_events(self) -> bool:
        """Return whether any event in the store comes from another source than a simulation."""

    def append_together(self, commits: Sequence[Commit]) -> bool:
        """Record all commits in their order, or none, and complete the erasures in them. Returns False if a plan has a
        newer version.

        Raises `RealEventsHeld`, `StoreUnavailable`; then nothing was recorded.
        """


@dataclass(frozen=True)
class Loaded:
    """The numbers of what was recorded."""

    commands: int
    events: int
    plans: Sequence[UUID]


Read = Callable[[AggregateType[Any], UUID], LoadedAggregate[Any]]
"""Reads the recorded state of an aggregate. Raises the type's `not_open` if there is none."""


def load(lines: Sequence[Line], store: SimulationStore, read: Read, make_id: Callable[[], UUID]) -> Loaded:
    """Carry out a scenario and record it. Raises `ScenarioRefused`, `RealEventsHeld`, `PlansMovedOn`."""
    if store.holds_real_events():
        raise RealEventsHeld(RealEventsHeld.__doc__)
    rehearsal = Rehearsal(read, make_id)
    for line in lines:
        rehearsal.tell(line)
    if rehearsal.commits and not store.append_together(rehearsal.commits):
        raise PlansMovedOn(PlansMovedOn.__doc__)
    changed = dict.fromkeys(commit.aggregate_id for commit in rehearsal.commits)
    plans = [id for id in changed if id != PROGRAM_ID]
    return Loaded(len(lines), sum(len(commit.events) for commit in rehearsal.commits), plans)


class Rehearsal:
    """Carries out a history in memory and collects the commits that record it."""

    def __init__(self, read: Read, make_id: Callable[[], UUID]) -> None:
        self._read = read
        self._make_id = make_id
        self._conversation = str(make_id())
        self._aggregates: dict[UUID, PendingAggregate[Any]] = {}
        self.commits: list[Commit] = []

    def tell(self, line: Line) -> None:
        """Carry out one line. Raises `ScenarioRefused`."""
        try:
            self._tell(line)
        except PlanNotOpen:
            what = f"The plan “{line.plan}” is not open yet; open it by a line before, with open-plan."
            raise ScenarioRefused(line.place, what) from None
        except ProgramNotOpen:
            what = "The program is not open yet; open it by a line before, with open-program."
            raise ScenarioRefused(line.place, what) from None
        except Refusal as refusal:
            where = f"“/body{refusal.pointer}”: " if refusal.pointer else ""
            raise ScenarioRefused(line.place, f"{where}{refusal}") from None

    def _tell(self, line: Line) -> None:
        id, pending = self._aggregate_of(line)
        last = last_instant(pending)
        if last and line.at < last:
            raise ScenarioRefused(
                line.place,
                f"{line.at.isoformat()} is before what {named(line)} already holds (up to {last.isoformat()});"
                " a history is only ever continued.",
            )
        expected, known = pending.state.version, len(pending.to_record)
        command, command_id = with_id(line.command, self._make_id), str(self._make_id())
        reach = reach_of(self, pending, command) if command.reaches_beyond else Reach(command)
        reason = reason_beside(pending.state, reach.command)
        pending.take(reach.command, line.at, command_id)
        if events := pending.to_record[known:]:
            said = CommandContext(line.by, SOURCE, str(self._make_id()), self._conversation)
            self.commits.append(Commit(id, expected, events, said))
            for other_id, event in reach.beside:
                other = self._aggregates[other_id]
                other.add(event, max(line.at, last_instant(other) or line.at), command_id, reason)
                self.commits.append(Commit(other_id, other.state.version - 1, other.to_record[-1:], said))

    def read(self, id: UUID) -> PendingAggregate[Any]:
        """Return the state of a plan in the rehearsal, by its id or an alias. Raises `PlanNotOpen`."""
        return self._open_plan(self.meant(id))[1]

    def meant(self, id: UUID) -> UUID:
        """Return the id of the plan that an id stands for, which is another one if the id is an alias."""
        if self._pending(ACCOUNT_PLAN, id).state.version:
            return self._pending(ACCOUNT_PLAN, id).id
        plans = (each for each in self._aggregates.values() if each.known.type is ACCOUNT_PLAN and each.state.version)
        return next((each.id for each in plans if id in map(plan_id_of, the_plan(each.state).aliases)), id)

    def _aggregate_of(self, line: Line) -> tuple[UUID, PendingAggregate[Any]]:
        if line.plan is None:
            return PROGRAM_ID, self._pending(PROGRAM, PROGRAM_ID)
        if not isinstance(line.command, OpenPlan):
            pending = first_open(line.plan, self.read)
            return pending.id, pending
        plan_id = plan_id_of(line.command.account_id)
        if plan_id not in plans_named(line.plan):
            what = f"“/plan” says “{line.plan}”, “/body/account_id” says “{line.command.account_id}”; say the same."
            raise ScenarioRefused(line.place, what)
        return plan_id, self._pending(ACCOUNT_PLAN, plan_id)

    def _open_plan(self, plan_id: UUID) -> tuple[UUID, PendingAggregate[Any]]:
        pending = self._pending(ACCOUNT_PLAN, plan_id)
        if pending.state.version == 0:
            raise PlanNotOpen
        return plan_id, pending

    def _pending(self, type: AggregateType[Any], id: UUID) -> PendingAggregate[Any]:
        if id not in self._aggregates:
            try:
                known = self._read(type, id)
            except type.not_open:
                known = LoadedAggregate.of(type, id)
            # An id that is an alias of another plan's account stands for that plan.
            self._aggregates[id] = self._aggregates.setdefault(known.id, PendingAggregate(known))
        return self._aggregates[id]


def named(line: Line) -> str:
    """Return the name of a line's plan or program in a sentence."""
    return f"the plan “{line.plan}”" if line.plan else "the program"


def last_instant(pending: PendingAggregate[Any]) -> datetime | None:
    if pending.to_record:
        return pending.to_record[-1].at
    records = pending.known.records
    return records[-1].meta.recorded_at if records else None
