"""The accounts of a round compared with their plans: their scores, their names, and whether they can be listed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from application.views.cuts import stood_at
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import ReadPlan, going_on, ids_named, plan_of, plans_named
from application.views.round_ranking import Nominee, criteria_in, entries_by_id, entry_of, ranking
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import the_plan
from domain.language import Command
from domain.program.language import ProgramState
from domain.program.nominations import InRound, Nomination
from domain.program.rounds import (
    CommitList,
    ListedPlanArchived,
    ListedPlanMerged,
    ListedTwice,
    ReasonMissingAgainstRanking,
    against_ranking,
    open_round,
)


def as_of(read: ReadPlan, at: datetime | None) -> ReadPlan:
    """Return a function that reads plans as they stood at an instant, or as they stand now."""

    def then(id: UUID) -> LoadedPlan:
        known = read(id)
        stood = stood_at(known, at) if at else (known, None)
        if stood is None:
            raise ACCOUNT_PLAN.not_open
        return stood[0]

    return then


def nominees(
    state: ProgramState, round: str, read: ReadPlan, sees: Callable[[LoadedPlan], bool] = lambda _: True
) -> Mapping[str, Nominee]:
    """Return what is known of every account nominated in a round. The marks are those of plans that may be seen."""
    accounts = [each.account for each in state.all(Nomination).values() if each.round == round]
    return {account: _nominee(account, round, read, sees) for account in accounts}


def _nominee(account: str, round: str, read: ReadPlan, sees: Callable[[LoadedPlan], bool]) -> Nominee:
    """Return what is known of an account. Where its plan was merged into another, the account is scored there."""
    plans = list(going_on(account, read))
    marks = (criteria_in(the_plan(known.state), round) for known in reversed(plans) if sees(known))
    can_be_listed = not (plans and the_plan(plans[-1].state).archived)
    return Nominee(ids_named(account, read), next(filter(None, marks), None), can_be_listed)


def as_nominated(state: ProgramState, command: Command, read: ReadPlan) -> Command:
    """Return a command about a nomination with the account called as it was nominated in the round, if it was."""
    if not isinstance(command, InRound):
        return command
    nominated = [each for each in state.all(Nomination).values() if each.round == command.round]
    if any(each.account == command.account and not each.withdrawn for each in nominated):
        return command
    ids = ids_named(command.account, read) if nominated else frozenset()
    same = [each for each in nominated if not ids.isdisjoint(plans_named(each.account))]
    known_as = min(same, key=lambda each: (each.withdrawn, each.account != command.account), default=command)
    return command.model_copy(update={"account": known_as.account})


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
    known, entries = nominees(state, round.id, read), entries_by_id(command.entries)
    scores: dict[str, int] = {}
    for each in ranking(state, round, known):
        nominee = known[each.account]
        if not each.withdrawn and nominee.can_be_listed:
            # The list may call it otherwise than where it was nominated.
            entry = entry_of(nominee, entries)
            scores.setdefault(entry.account if entry else each.account, each.score or 0)
    # Of accounts with equal scores none ranks higher, so the listed ones come first.
    order = sorted(scores, key=lambda account: (-scores[account], account not in places))
    for entry, better in against_ranking(command.entries, order):
        pointer = f"/entries/{places[entry.account]}/reason"
        raise ReasonMissingAgainstRanking(pointer, account=entry.account, better=better)
