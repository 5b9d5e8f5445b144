"""The check of a list against the plans of its accounts: their scores, and whether they can be listed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from application.views.cuts import stood_at
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from application.views.round_ranking import criteria_in, ranking
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import Criteria, PlanNotOpen, the_plan
from domain.language import Command
from domain.program.language import ProgramState
from domain.program.nominations import AlreadyNominated, Nominate, Nomination
from domain.program.rounds import (
    CommitList,
    ListedPlanArchived,
    ListedPlanMerged,
    ListedTwice,
    ReasonMissingAgainstRanking,
    against_ranking,
    open_round,
)

ReadPlan = Callable[[UUID], LoadedPlan]
"""Reads the current state of a plan. Raises `PlanNotOpen`."""


def as_of(read: ReadPlan, at: datetime | None) -> ReadPlan:
    """Return a function that reads plans as they stood at an instant, or as they stand now."""

    def then(id: UUID) -> LoadedPlan:
        known = read(id)
        stood = stood_at(known, at) if at else (known, None)
        if stood is None:
            raise ACCOUNT_PLAN.not_open
        return stood[0]

    return then


def plan_of(account: str, read: ReadPlan) -> LoadedPlan | None:
    """Return the plan of an account, named by its own id or the plan's; None if it has none."""
    try:
        return first_open(account, read)
    except PlanNotOpen:
        return None


def marks(
    state: ProgramState, round: str, read: ReadPlan, sees: Callable[[LoadedPlan], bool] = lambda _: True
) -> Mapping[str, Criteria | None]:
    """Return the criteria of every account nominated in a round whose plan exists and may be seen."""
    accounts = [each.account for each in state.all(Nomination).values() if each.round == round]
    plans = {account: plan_of(account, read) for account in accounts}
    return {
        account: criteria_in(the_plan(known.state), round) for account, known in plans.items() if known and sees(known)
    }


def check_nomination(state: ProgramState, command: Command, read: ReadPlan) -> None:
    """Raise `AlreadyNominated` if another nomination of the round names the same plan in another way."""
    if not isinstance(command, Nominate):
        return
    plan = plan_of(command.account, read)
    for other in state.all(Nomination).values() if plan else ():
        if other.round != command.round or other.withdrawn or other.account == command.account:
            continue
        known = plan_of(other.account, read)
        if plan and known and known.id == plan.id:
            raise AlreadyNominated("/account", account=other.account, round=command.round)


def check_list(state: ProgramState, command: Command, read: ReadPlan) -> None:
    """Check a list, which the program has accepted, against the plans.

    Raises `ListedPlanArchived`, `ListedPlanMerged`, `ListedTwice` if two names stand for one plan, and
    `ReasonMissingAgainstRanking`.
    """
    if not isinstance(command, CommitList):
        return
    seen: set[UUID] = set()
    for place, entry in enumerate(command.entries):
        plan = plan_of(entry.account, read)
        if plan and (into := the_plan(plan.state).merged_into):
            raise ListedPlanMerged(f"/entries/{place}/account", account=entry.account, into=into)
        if plan and the_plan(plan.state).archived:
            raise ListedPlanArchived(f"/entries/{place}/account", account=entry.account)
        if plan and plan.id in seen:
            raise ListedTwice(f"/entries/{place}/account", account=entry.account)
        seen.update([plan.id] if plan else [])
    _check_ranking(state, command, read)


def _check_ranking(state: ProgramState, command: CommitList, read: ReadPlan) -> None:
    round, places = open_round(state, command.round), {each.account: at for at, each in enumerate(command.entries)}
    nominated = [each for each in ranking(state, round, marks(state, round.id, read)) if not each.withdrawn]
    # Of accounts with equal scores none ranks higher, so the listed ones come first.
    order = sorted(nominated, key=lambda each: (-(each.score or 0), each.account not in places))
    for entry, better in against_ranking(command.entries, [each.account for each in order]):
        pointer = f"/entries/{places[entry.account]}/reason"
        raise ReasonMissingAgainstRanking(pointer, account=entry.account, better=better)
