"""The ranking of a round: every nominated account with its score and the opinions on it, the best first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from application.views.plan_names import plans_named
from domain.account_plan.plan import Criteria, Plan, Tier
from domain.language import Person
from domain.program.language import ProgramState
from domain.program.nominations import Function, Nomination, Opinion, Stance
from domain.program.rounds import ListEntry, Round, weighted_score


class Nominee(NamedTuple):
    """What the plan of a nominated account says."""

    ids: frozenset[UUID]
    """What the names of the account may mean."""
    criteria: Criteria | None = None
    """Its marks in the round, if the reader may see the plan."""
    can_be_listed: bool = True


class OpinionView(BaseModel):
    """What one member thinks of an account."""

    member: Person
    function: Function
    stance: Stance
    tier: Tier | None
    note: str | None


class RankedAccount(BaseModel):
    """An account that was nominated in a round."""

    account: str
    account_name: str
    why: str
    withdrawn: bool
    score: int | None = Field(description="Weight times mark, over all criteria; null where nobody scored it.")
    criteria: Criteria | None = Field(description="Its marks in this round, from 0 to 3.")
    opinions: list[OpinionView]
    stances: dict[Stance, int]
    listed: ListEntry | None = Field(description="As it stands in the list that was committed.")


def criteria_in(plan: Plan, round: str) -> Criteria | None:
    """Return the marks of an account in a round. Marks of another round do not count."""
    return next((each.criteria for each in reversed(plan.scores) if each.round == round), None)


def ranking(state: ProgramState, round: Round, nominees: Mapping[str, Nominee]) -> list[RankedAccount]:
    """Return the accounts of a round, the best first and withdrawn nominations last.

    `nominees` contains what is known of the plans, by the name under which each was nominated.
    """
    opinions = [each for each in state.all(Opinion).values() if each.round == round.id]
    entries = entries_by_id(round.entries)
    ranked = []
    for each in state.all(Nomination).values():
        if each.round == round.id:
            nominee = nominees.get(each.account) or Nominee(frozenset(plans_named(each.account)))
            ranked.append(_ranked(each, round, nominee.criteria, opinions, entry_of(nominee, entries)))
    return sorted(ranked, key=lambda each: (each.withdrawn, -(each.score or 0), each.account_name.casefold()))


def entries_by_id(entries: Iterable[ListEntry]) -> Mapping[UUID, ListEntry]:
    """Return the entries of a list by what each account in it may mean. It may be called otherwise than where it was
    nominated."""
    return {id: entry for entry in entries for id in plans_named(entry.account)}


def entry_of(nominee: Nominee, entries: Mapping[UUID, ListEntry]) -> ListEntry | None:
    return next((entries[id] for id in sorted(nominee.ids) if id in entries), None)


def _ranked(
    nomination: Nomination, round: Round, criteria: Criteria | None, opinions: list[Opinion], entry: ListEntry | None
) -> RankedAccount:
    theirs = [each for each in opinions if each.account == nomination.account]
    return RankedAccount(
        account=nomination.account,
        account_name=nomination.account_name,
        why=nomination.why,
        withdrawn=nomination.withdrawn,
        score=weighted_score(criteria, round.criteria_weights) if criteria else None,
        criteria=criteria,
        opinions=[
            OpinionView(member=each.member, function=each.function, stance=each.stance, tier=each.tier, note=each.note)
            for each in theirs
        ],
        stances=dict(Counter(each.stance for each in theirs)),
        listed=entry,
    )
