"""Topic: the plan itself: whose it is, how much the account matters to us, and whether it is still worked on."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, assert_never, get_args
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field, model_validator

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Opening, Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import (
    AccountId,
    Command,
    CommandRight,
    Currency,
    Decision,
    Event,
    Many,
    Name,
    OptionalName,
    Person,
    PersonId,
    Refusal,
    Slug,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing, day_of
from domain.time_zones import known_time_zones

Tier = Literal["strategic", "growth", "enterprise", "standard"]
"""From the accounts that matter most to those that matter least."""

TIER_RANKS: Mapping[Tier, int] = {tier: rank for rank, tier in enumerate(get_args(Tier), 1)}
"""1 is the highest."""
Segment = Literal["enterprise", "mid_market", "other"]
CycleKind = Literal["annual", "quarter", "ninety_days"]


class PlanTerms(Terms):
    account_id: str
    account_name: str
    tier: Tier
    owner: Person
    currency: str
    timezone: str
    opened_on: date
    segment: Segment | None = None
    territory: str | None = None


class Criteria(Terms):
    """How the account scores, 0 to 3 each; absent: not judged."""

    top_arr: int | None = None
    addressable_spend: int | None = None
    whitespace: int | None = None
    logo: int | None = None
    reference: int | None = None
    industry_leadership: int | None = None
    innovation: int | None = None
    sponsor: int | None = None
    champion: int | None = None
    multi_team: int | None = None
    trajectory: int | None = None
    competitor_targeting: int | None = None
    consolidation: int | None = None
    renewal_concentration: int | None = None


class Scoring(Terms):
    """What an account was judged by in one round."""

    round: str | None = None
    criteria: Criteria


class CycleTerms(Terms):
    id: str
    kind: CycleKind
    starts_on: date
    ends_on: date


# Events


class PlanEvent(Event):
    """About the plan as a whole."""

    noun: ClassVar[str] = "plan"
    home: ClassVar[Section] = "plan"


class PlanOpened(PlanEvent, PlanTerms):
    """An account has a plan from here on: one, for ever."""


class Card(Terms):
    """What was said of the plan when it was opened and can have been wrong."""

    segment: Segment | None = None
    territory: str | None = None
    timezone: str | None = None
    currency: str | None = None


class PlanCorrected(PlanEvent, Card):
    """Something said when the plan was opened had been wrong from the beginning."""

    corrects: ClassVar[bool] = True

    former: Card | None = None


class AccountRenamed(PlanEvent):
    """The account goes by another name."""

    account_name: str
    former: str


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


class PlanReassigned(PlanEvent):
    """Somebody else of ours answers for the plan."""

    owner: Person
    former: Person


class CycleBegun(PlanEvent, CycleTerms):
    """A planning period begins, with a first and a last day."""

    noun: ClassVar[str] = "cycle"


class PlanArchived(PlanEvent):
    """The plan is no longer worked on: it can only be read."""


class PlanReopened(PlanEvent):
    """An archived plan is worked on again."""


class LegalHoldPlaced(PlanEvent):
    """Nobody in this plan may be forgotten for the time being."""


class LegalHoldReleased(PlanEvent):
    """People in this plan may be forgotten again."""


PlanEvents = (
    PlanOpened
    | PlanCorrected
    | AccountRenamed
    | TierChanged
    | TierConfirmed
    | AccountScored
    | PlanReassigned
    | CycleBegun
    | PlanArchived
    | PlanReopened
    | LegalHoldPlaced
    | LegalHoldReleased
)


# Commands


def _known_zone(name: str) -> str:
    if name not in known_time_zones():
        raise ValueError("is not a time zone of the IANA database, such as Europe/Berlin")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class JudgedCriteria(Criteria, strict=True):
    """Criteria as they come in: 0 to 3."""

    @model_validator(mode="after")
    def _graded(self) -> "JudgedCriteria":
        wrong = [name for name, grade in self if grade is not None and not 0 <= grade <= 3]
        if wrong:
            raise ValueError(f"must be 0, 1, 2 or 3: {', '.join(wrong)}")
        return self


class PlanCommand(Command):
    noun: ClassVar[str] = "plan"
    home: ClassVar[Section] = "plan"
    needs: ClassVar[Any] = "nothing"


UUID_SPELLED = re.compile(r"(urn:)?(uuid:)?(?=([._:@-]*[0-9a-f]){32}[._:@-]*$).*", re.IGNORECASE)


def _not_like_a_plan_id(id: str) -> str:
    """An account under the id of another account's plan would be taken for it wherever a plan is named."""
    if UUID_SPELLED.fullmatch(id):
        raise ValueError("looks like the id of a plan, which is a UUID: put a word before it, such as “crm.”")
    return id


NewAccountId = Annotated[AccountId, AfterValidator(_not_like_a_plan_id)]


class OpenPlan(PlanCommand):
    """Open the plan of an account: one each, for ever."""

    account_id: NewAccountId
    account_name: Name
    tier: Tier
    owner: PersonId
    currency: Currency
    timezone: ZoneName = "UTC"
    segment: Segment | None = None
    territory: OptionalName = None


class CorrectPlan(PlanCommand):
    """It was wrong from the beginning; say why.  Time zone and currency can be corrected until the first review is
    held: amounts keep their figures, and days are those of the new time zone."""

    reason: Text
    segment: Segment | None = None
    territory: OptionalName = None
    timezone: Unless[ZoneName] = None
    currency: Unless[Currency] = None


class RenameAccount(PlanCommand):
    """The account goes by another name; the one before stays on record."""

    account_name: Name


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


class ReassignPlan(PlanCommand):
    """Somebody else of ours answers for the plan."""

    reason: Text
    owner: PersonId


class BeginCycle(PlanCommand):
    noun: ClassVar[str] = "cycle"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: CycleKind
    starts_on: Day
    ends_on: Day


class ArchivePlan(PlanCommand):
    """From here on the plan is read-only, but for forgetting and holds."""

    reason: Text


class ReopenPlan(PlanCommand):
    """An archived plan is worked on again."""

    on_archived: ClassVar[bool] = True

    reason: Text


class PlaceHold(PlanCommand):
    """Under a legal hold nobody is forgotten."""

    on_archived: ClassVar[bool] = True
    right: ClassVar[CommandRight] = "hold"

    reason: Text


class ReleaseHold(PlanCommand):
    """The legal hold is over: people may be forgotten again."""

    on_archived: ClassVar[bool] = True
    right: ClassVar[CommandRight] = "hold"

    reason: Text


PlanCommands = (
    OpenPlan
    | CorrectPlan
    | RenameAccount
    | ChangeTier
    | ConfirmTier
    | ScoreAccount
    | ReassignPlan
    | BeginCycle
    | ArchivePlan
    | ReopenPlan
    | PlaceHold
    | ReleaseHold
)


# Refusals


class PlanNotOpen(Refusal):
    """There is no such plan."""

    @property
    def type(self) -> str:
        return "unknown-plan"


class PlanAlreadyOpen(Refusal):
    """The account “{account_id}” has a plan already: one each, for ever."""


class PlanIsArchived(Refusal):
    """This plan is archived, so it is read-only; reopen it first."""


class PlanIsABaseline(Refusal):
    """A review of this plan was held, and what was said at it is in its days and amounts: its {field} stays."""


class CycleEndsBeforeItStarts(Refusal):
    """A cycle cannot end on {ends_on}, before it starts on {starts_on}."""


# State and rules

NAMESPACE = UUID("9d0e6f0c-5f0b-5a64-8a5e-6f2f1c7b3a11")
"""Of the product, for ever: that an account has one plan is the uniqueness of this id's first version."""


def plan_id_of(account_id: str) -> UUID:
    return uuid5(NAMESPACE, account_id)


class Plan(PlanTerms, Thing):
    """The plan's own card."""

    noun: ClassVar[str] = "plan"
    home: ClassVar[Section] = "plan"

    round: str | None = None
    """The round the tier was changed or confirmed in last."""
    decided_by: tuple[Person, ...] = ()
    """Who decided that."""
    criteria: Criteria | None = None
    """Those of the round that was scored last."""
    scores: tuple[Scoring, ...] = ()
    """The criteria of each round, in the order the rounds were last scored in; one round may have no name."""
    archived: bool = False
    on_hold: bool = False
    former_names: tuple[str, ...] = Field((), exclude=True)
    """What people called the account before, by which they may still look for it."""


class Cycle(CycleTerms, Thing):
    noun: ClassVar[str] = "cycle"
    home: ClassVar[Section] = "plan"


def the_plan(account_plan: AccountPlan) -> Plan:
    plan = account_plan.find(Plan, "plan")
    if plan is None:
        raise PlanNotOpen
    return plan


def id_of(command: OpenPlan) -> UUID:
    return plan_id_of(command.account_id)


def already_open(command: OpenPlan) -> PlanAlreadyOpen:
    return PlanAlreadyOpen("/account_id", account_id=command.account_id)


def open_plan(command: OpenPlan, at: datetime) -> Decision[PlanEvents]:
    opened = said(command) | {"timezone": command.timezone, "opened_on": day_of(at, command.timezone)}
    return Decision((PlanOpened(**opened),))


def decide(account_plan: AccountPlan, command: PlanCommands, _today: date) -> Decision[PlanEvents]:
    plan = the_plan(account_plan)
    new = changed(command, plan)
    event: PlanEvents | None
    match command:
        case OpenPlan():
            raise already_open(command)
        case CorrectPlan():
            event = correct(account_plan, plan, new)
        case RenameAccount():
            event = AccountRenamed(**new, former=plan.account_name) if new else None
        case ChangeTier():
            event = TierChanged(**said(command), former=plan.tier) if "tier" in new else None
        case ConfirmTier(round=round):
            known = round is not None and (round, command.decided_by) == (plan.round, plan.decided_by)
            event = None if known else TierConfirmed(**said(command))
        case ScoreAccount(criteria=judged):
            event = score(plan, command, Criteria(**judged.model_dump(exclude_none=True)))
        case ReassignPlan():
            event = PlanReassigned(**new, former=plan.owner) if new else None
        case BeginCycle(starts_on=starts_on, ends_on=ends_on):
            check_cycle(starts_on, ends_on)
            event = CycleBegun(**said(command))
        case ArchivePlan():
            event = PlanArchived()
        case ReopenPlan():
            event = PlanReopened() if plan.archived else None
        case PlaceHold():
            event = None if plan.on_hold else LegalHoldPlaced()
        case ReleaseHold():
            event = LegalHoldReleased() if plan.on_hold else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def correct(account_plan: AccountPlan, plan: Plan, new: dict[str, Any]) -> PlanCorrected | None:
    for field in ("timezone", "currency"):
        if field in new and has_a_baseline(account_plan):
            raise PlanIsABaseline(f"/{field}", field=field.replace("timezone", "time zone"))
    former = Card(**{field: getattr(plan, field) for field in new})
    return PlanCorrected(**new, former=former) if new else None


def has_a_baseline(account_plan: AccountPlan) -> bool:
    """Whether a review was held, even one that was a mistake: what it is called names the plan as it then stood."""
    reviews = (things for kind, things in account_plan.kinds().items() if kind.noun == "review")
    held = any(getattr(review, "held_on", None) for things in reviews for review in things.values())
    return held or any(noun == "review" for noun, _ in account_plan.spent_ids)


def check_cycle(starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise CycleEndsBeforeItStarts("/ends_on", starts_on=starts_on, ends_on=ends_on)


def score(plan: Plan, command: ScoreAccount, criteria: Criteria) -> AccountScored | None:
    """The round is said where it is another than the one scored last; scored in the same way, nothing changes."""
    last = plan.scores[-1].round if plan.scores else None
    round = command.round if "round" in command.model_fields_set else last
    if any((scoring.round, scoring.criteria) == (round, criteria) for scoring in plan.scores):
        return None
    return AccountScored(criteria=criteria) if round == last else AccountScored(round=round, criteria=criteria)


def scores_after(scores: Sequence[Scoring], scored: AccountScored) -> tuple[Scoring, ...]:
    """The rounds in the order they were scored last.  Where none is said, it is the one scored last."""
    round = scored.round if "round" in scored.model_fields_set or not scores else scores[-1].round
    others = (scoring for scoring in scores if scoring.round != round)
    return (*others, Scoring(round=round, criteria=scored.criteria))


def apply(draft: Draft, event: PlanEvents) -> None:
    match event:
        case PlanOpened():
            draft.create(Plan, event)
        case PlanCorrected() | PlanReassigned():
            draft.change(Plan, event)
        case AccountRenamed(former=former):
            before = [name for name in draft.value(Plan, "plan", "former_names") if name != former]
            draft.change(Plan, event, former_names=(*before, former))
        case TierChanged() | TierConfirmed():
            draft.change(Plan, event, round=event.round, decided_by=event.decided_by)
        case AccountScored():
            scores = scores_after(draft.the(Plan, "plan").scores, event)
            draft.set(Plan, "plan", scores=scores, criteria=scores[-1].criteria)
        case CycleBegun():
            draft.create(Cycle, event)
        case PlanArchived():
            draft.change(Plan, event, archived=True)
        case PlanReopened():
            draft.change(Plan, event, archived=False)
        case LegalHoldPlaced():
            draft.change(Plan, event, on_hold=True)
        case LegalHoldReleased():
            draft.change(Plan, event, on_hold=False)
        case _:
            assert_never(event)


TOPIC = Topic(
    PlanCommands,
    PlanEvents,
    (Plan, Cycle),
    decide,
    apply,
    mistakes=(
        Mistakes(Cycle, BeginCycle, check=lambda _plan, _before, after: check_cycle(after.starts_on, after.ends_on)),
    ),
)
OPENING = Opening(OpenPlan, open_plan, id_of, already_open)
