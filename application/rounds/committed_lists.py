"""Carries out a committed list: each account on it gets its tier, exactly once however often the work is interrupted.

The log of the plan says what was carried out, in the causation id of the event. There is no other state that could
contradict the logs: an interrupted list is compared with them and continued.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field
from pydantic_core import from_json

from application.aggregates.handle import Aggregates
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.ports import CommandContext
from application.scenarios.simulation import SOURCE
from application.views.cuts import stood_at
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen, Tier, the_plan
from domain.account_plan.tiers import ChangeTier, ConfirmTier, TierChanged, TierConfirmed
from domain.language import Refusal
from domain.program.charter import PROGRAM_ID
from domain.program.language import ProgramState
from domain.program.rounds import ListCommitted, ListEntry, Round
from domain.record import Recorded

EntryState = Literal["done", "refused", "waiting", "to_open"]


class EntryResult(BaseModel):
    """The result of one entry of a committed list."""

    account: str
    tier: Tier
    state: EntryState = Field(
        description="`done`: the plan has it on record; `refused`: the plan says no, `why` says so; `waiting`: it is"
        " carried out in a moment; `to_open`: the account has no plan yet."
    )
    why: str | None
    event: str | None = Field(description="The event on the plan's record that carried it out.")


REFUSED_THEN = "The plan refused it when the list was carried out; give the command yourself, or commit a list anew."
"""The answer where the plan would no longer refuse the entry."""


class CarriedOutAlready(Exception):
    """The plan's log contains the change already."""


class TierMoved(Exception):
    """The plan's tier has changed since the command was chosen."""


class CommittedLists:
    """Carries out lists and reports the results."""

    def __init__(
        self,
        program: Aggregates[ProgramState],
        plans: Aggregates[AccountPlan],
        make_id: Callable[[], UUID],
        came_to: Callable[[], int],
    ) -> None:
        self.program = program
        self.plans = plans
        self._make_id = make_id
        self.came_to = came_to
        """Returns the position of the last list that was carried out, by any process. Raises `StoreUnavailable`."""

    def committed_after(self, position: int) -> Sequence[Recorded]:
        """Return the lists committed after a position of the log, the oldest first. Raises `ProgramNotOpen`."""
        records = self.program.read(PROGRAM_ID).records
        committed = (each for each in records if each.position > position and isinstance(each.event, ListCommitted))
        return [each for each in committed if not is_from_scenario(each)]

    def carry_out(self, committed: Recorded) -> None:
        """Carry out every entry that is not carried out yet. Entries that a plan refuses are skipped. Raises
        `StoreUnavailable`."""
        assert isinstance(committed.event, ListCommitted)
        for entry in committed.event.entries:
            self._carry_out(entry, committed, committed.event)

    def _carry_out(self, entry: ListEntry, committed: Recorded, event: ListCommitted) -> None:
        """Carry out one entry, however often the tier changes meanwhile. An account without a plan is skipped, and one
        that stands on the list under another name too."""
        with suppress(PlanNotOpen, CarriedOutAlready, Refusal):
            while True:
                known = first_open(entry.account, self.plans.read)
                if listed_too(entry, event, known):
                    return
                with suppress(TierMoved):
                    self._send(known, self._command(entry, event, known), committed)
                    return

    def _send(self, known: LoadedPlan, command: ChangeTier | ConfirmTier, committed: Recorded) -> None:
        """Send the command. Raises `TierMoved`, `CarriedOutAlready`, `Refusal`."""
        tier = the_plan(known.state).tier

        def check(current: LoadedPlan) -> None:
            check_to_do(current, committed, tier)

        self.plans.handle(known.id, [command], self._context(committed), check=check)

    def _command(self, entry: ListEntry, event: ListCommitted, known: LoadedPlan) -> ChangeTier | ConfirmTier:
        if the_plan(known.state).tier == entry.tier:
            return ConfirmTier(round=event.round, decided_by=event.decided_by, reason=entry.reason)
        reason = entry.reason or f"The list of the round “{event.round}”"
        return ChangeTier(tier=entry.tier, round=event.round, decided_by=event.decided_by, reason=reason)

    def _context(self, committed: Recorded) -> CommandContext:
        """Return the context of the change: it has the actor and the correlation id of the commit."""
        meta = from_json(committed.stored)["meta"]
        return CommandContext(
            actor=committed.meta.actor,
            source="program",
            request_id=str(self._make_id()),
            correlation_id=meta["correlation_id"],
            on_behalf_of=committed.meta.on_behalf_of,
            causation_id=committed.id,
        )

    def results(
        self, program: LoadedAggregate[ProgramState], round: Round, at: datetime | None = None
    ) -> list[EntryResult]:
        """Return the result of every entry of the list that a round committed last, as it is now or was at an instant.
        `program` ends there. Raises `StoreUnavailable`."""
        lists = (record for record in reversed(program.records) if is_list_of(round.id, record))
        committed = next(lists, None)
        if committed is None or not isinstance(committed.event, ListCommitted):
            return []
        is_over = is_from_scenario(committed) or committed.position <= self.came_to()
        return [self._result(entry, committed, committed.event, is_over, at) for entry in committed.event.entries]

    def _result(
        self, entry: ListEntry, committed: Recorded, event: ListCommitted, is_over: bool, at: datetime | None
    ) -> EntryResult:
        def result(state: EntryState, why: str | None = None, by: str | None = None) -> EntryResult:
            return EntryResult(account=entry.account, tier=entry.tier, state=state, why=why, event=by)

        try:
            known = first_open(entry.account, self.plans.read)
        except PlanNotOpen:
            return result("to_open")
        if other := listed_too(entry, event, known):
            return result("refused", why=f"It is the same account as {other.account}, which the list names too.")
        by = event_that_carried_out(known, committed)
        if by and (at is None or by.meta.recorded_at <= at):
            return result("done", by=by.id)
        stood = stood_at(known, at) if at else (known, None)
        if stood is None:
            return result("to_open")
        if by:
            return result("waiting")
        known = stood[0]
        if is_from_scenario(committed) and the_plan(known.state).tier == entry.tier:
            return result("done")
        if is_over and is_later(known, committed):
            tier, opening = the_plan(known.state).tier, known.records[0].id
            later = f"The plan was opened after the list was committed, and its tier is {tier}: change it."
            return result("done", by=opening) if tier == entry.tier else result("refused", why=later)
        try:
            decision = ACCOUNT_PLAN.decide(known.state, self._command(entry, event, known), self.plans.now())
        except Refusal as refusal:
            return result("refused", why=str(refusal))
        if not decision.events:
            return result("done")
        return result("refused", why=REFUSED_THEN) if is_over else result("waiting")


def is_later(known: LoadedPlan, committed: Recorded) -> bool:
    """Return whether a plan was opened after a list was committed. Its tier is then the one with which it was
    opened.
    """
    return known.records[0].position > committed.position


def is_from_scenario(committed: Recorded) -> bool:
    """Return whether a list was committed in a scenario. A scenario contains its results too, so nothing is carried out
    now because of it."""
    return bool(from_json(committed.stored)["meta"]["source"] == SOURCE)


def listed_too(entry: ListEntry, event: ListCommitted, known: LoadedPlan) -> ListEntry | None:
    """Return the entry that stands for a plan instead of this one; None if this one does.

    Two accounts of a list are one if somebody says so after it was committed. The name that the plan had first counts.
    """
    card = the_plan(known.state)
    if entry.account == card.account_id:
        return None
    entries = {each.account: each for each in event.entries}
    names = (card.account_id, str(known.id), *card.aliases)
    first = next((entries[name] for name in names if name in entries), entry)
    return None if first.account == entry.account else first


def is_list_of(round: str, record: Recorded) -> bool:
    return isinstance(record.event, ListCommitted) and record.event.round == round


def check_to_do(current: LoadedPlan, committed: Recorded, tier: Tier) -> None:
    """Raise `CarriedOutAlready`, or `TierMoved` if the plan has another tier than this one."""
    if event_that_carried_out(current, committed):
        raise CarriedOutAlready
    if the_plan(current.state).tier != tier:
        raise TierMoved


def event_that_carried_out(known: LoadedPlan, committed: Recorded) -> Recorded | None:
    """Return the event of a plan that was recorded because of a committed list; None if there is none."""
    for record in reversed(known.records):
        if record.meta.recorded_at < committed.meta.recorded_at:
            return None
        if isinstance(record.event, TierChanged | TierConfirmed) and causation_of(record) == committed.id:
            return record
    return None


def causation_of(record: Recorded) -> str | None:
    cause: str | None = from_json(record.stored)["meta"].get("causation_id")
    return cause
