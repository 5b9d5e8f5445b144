"""Topic: tiers, which say how much the account matters to us, and the scores by which they are chosen."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar, assert_never

from pydantic import model_validator

from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import Criteria, Plan, PlanCommand, PlanEvent, Scoring, Tier, the_plan
from domain.aggregates import Topic
from domain.language import CommandRight, Decision, Many, OptionalName, Person, PersonId, Text, said
from domain.things import Draft

# Events


class TierChanged(PlanEvent):
    """The account matters to us more or less than it did; with its tier, what its plan owes its readers changes."""

    tier: Tier
    former: Tier
    round: str | None = None
    decided_by: tuple[Person, ...] = ()


class TierConfirmed(PlanEvent):
    """The account matters to us as much as before: its tier was looked at, and it stays."""

    round: str | None = None
    decided_by: tuple[Person, ...] = ()


class AccountScored(PlanEvent, Scoring):
    """The account was judged by what the tier is chosen by, in one round; each round keeps its own."""


TierEvents = TierChanged | TierConfirmed | AccountScored


# Commands


class JudgedCriteria(Criteria, strict=True):
    """Criteria with the types of commands, 0 to 3 each."""

    @model_validator(mode="after")
    def _graded(self) -> "JudgedCriteria":
        wrong = [name for name, grade in self if grade is not None and not 0 <= grade <= 3]
        if wrong:
            raise ValueError(f"must be 0, 1, 2 or 3: {', '.join(wrong)}")
        return self


class ChangeTier(PlanCommand):
    """How much the account matters to us, and with it what the plan owes its readers."""

    right: ClassVar[CommandRight] = "tier"

    reason: Text
    tier: Tier
    round: OptionalName = None
    decided_by: Many[PersonId] = ()


class ConfirmTier(PlanCommand):
    """The account stays in its tier: somebody looked, in a round or outside of one."""

    right: ClassVar[CommandRight] = "tier"

    round: OptionalName = None
    decided_by: Many[PersonId] = ()


class ScoreAccount(PlanCommand):
    """What the tier is judged by, 0 to 3 each; a criterion left out is not judged.  Each round keeps its own."""

    round: OptionalName = None
    criteria: JudgedCriteria


TierCommands = ChangeTier | ConfirmTier | ScoreAccount


# Rules


def decide(account_plan: AccountPlan, command: TierCommands, _today: date) -> Decision[TierEvents]:
    plan = the_plan(account_plan)
    event: TierEvents | None
    match command:
        case ChangeTier():
            event = TierChanged(**said(command), former=plan.tier) if command.tier != plan.tier else None
        case ConfirmTier(round=round):
            known = round is not None and (round, command.decided_by) == (plan.round, plan.decided_by)
            event = None if known else TierConfirmed(**said(command))
        case ScoreAccount(criteria=judged):
            event = score(plan, command, Criteria(**judged.model_dump(exclude_none=True)))
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def score(plan: Plan, command: ScoreAccount, criteria: Criteria) -> AccountScored | None:
    """Return the event of new scores, or None if nothing changes. A round other than the last one scored is named."""
    last = plan.scores[-1].round if plan.scores else None
    round = command.round if "round" in command.model_fields_set else last
    if any((scoring.round, scoring.criteria) == (round, criteria) for scoring in plan.scores):
        return None
    return AccountScored(criteria=criteria) if round == last else AccountScored(round=round, criteria=criteria)


def scores_after(scores: Sequence[Scoring], scored: AccountScored) -> tuple[Scoring, ...]:
    """Return the scores, ordered by when each round was last scored. Scores without a round are of the last one."""
    round = scored.round if "round" in scored.model_fields_set or not scores else scores[-1].round
    others = (scoring for scoring in scores if scoring.round != round)
    return (*others, Scoring(round=round, criteria=scored.criteria))


def apply(draft: Draft, event: TierEvents) -> None:
    match event:
        case TierChanged() | TierConfirmed():
            draft.change(Plan, event, round=event.round, decided_by=event.decided_by)
        case AccountScored():
            scores = scores_after(draft.the(Plan, "plan").scores, event)
            draft.set(Plan, "plan", scores=scores, criteria=scores[-1].criteria)
        case _:
            assert_never(event)


TOPIC = Topic(TierCommands, TierEvents, (), decide, apply)
