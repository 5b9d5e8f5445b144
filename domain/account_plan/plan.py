"""Topic: the card of a plan: its account, its owner, its tier, its currency and its time zone."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, assert_never, get_args
from uuid import UUID, uuid5

from pydantic import AfterValidator, Field

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Opening, Topic
from domain.language import (
    AccountId,
    Command,
    Currency,
    Decision,
    Event,
    Name,
    OptionalName,
    Person,
    PersonId,
    Refusal,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing, day_of
from domain.time_zones import known_time_zones

Tier = Literal["strategic", "growth", "enterprise", "standard"]
"""The tiers, from the accounts that matter most to those that matter least."""

TIER_RANKS: Mapping[Tier, int] = {tier: rank for rank, tier in enumerate(get_args(Tier), 1)}
"""The rank of each tier; 1 is the highest."""
Segment = Literal["enterprise", "mid_market", "other"]


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


class PlanReassigned(PlanEvent):
    """Somebody else of ours answers for the plan."""

    owner: Person
    former: Person


PlanEvents = PlanOpened | PlanCorrected | AccountRenamed | PlanReassigned


# Commands


def _known_zone(name: str) -> str:
    if name not in known_time_zones():
        raise ValueError("is not a time zone of the IANA database, such as Europe/Berlin")
    return name


ZoneName = Annotated[str, AfterValidator(_known_zone)]


class PlanCommand(Command):
    noun: ClassVar[str] = "plan"
    home: ClassVar[Section] = "plan"
    needs: ClassVar[Any] = "nothing"


UUID_SPELLED = re.compile(r"(urn:)?(uuid:)?(?=([._:@-]*[0-9a-f]){32}[._:@-]*$).*", re.IGNORECASE)


def _not_like_a_plan_id(id: str) -> str:
    """Refuse an account id that looks like a plan id, because it would be taken for that plan."""
    if UUID_SPELLED.fullmatch(id):
        raise ValueError("looks like the id of a plan, which is a UUID: put a word before it, such as “crm.”")
    return id


NewAccountId = Annotated[AccountId, AfterValidator(_not_like_a_plan_id)]


class OpenPlan(PlanCommand):
    """Open the plan of an account: one each, for ever."""

    reaches_beyond: ClassVar[bool] = True

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


class ReassignPlan(PlanCommand):
    """Somebody else of ours answers for the plan."""

    reason: Text
    owner: PersonId


PlanCommands = OpenPlan | CorrectPlan | RenameAccount | ReassignPlan


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


class PlanIsMerged(Refusal):
    """The plan of “{account_id}” was merged into that of “{into}”: go on there."""


class PlanIsABaseline(Refusal):
    """A review of this plan was held, and what was said at it is in its days and amounts: its {field} stays."""


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
    """The round in which the tier was last changed or confirmed."""
    decided_by: tuple[Person, ...] = ()
    """The people who decided the tier."""
    criteria: Criteria | None = None
    """The criteria of the round that was scored last."""
    scores: tuple[Scoring, ...] = ()
    """The criteria of each round, in the order the rounds were last scored in; one round may have no name."""
    archived: bool = False
    """Whether it is read-only. A plan that was merged into another is archived too."""
    on_hold: bool = False
    aliases: tuple[str, ...] = ()
    """Other ids of the account, which name this plan as well."""
    merged: tuple[str, ...] = ()
    """The accounts whose plans were merged into this one."""
    merged_into: str | None = None
    """The account whose plan goes on in the place of this one."""
    former_names: tuple[str, ...] = Field((), exclude=True)
    """Former names of the account, by which people may still look for it."""


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
        case ReassignPlan():
            event = PlanReassigned(**new, former=plan.owner) if new else None
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def check_not_merged(plan: Plan) -> None:
    """Raise `PlanIsMerged` if the plan was merged into another."""
    if plan.merged_into:
        raise PlanIsMerged(account_id=plan.account_id, into=plan.merged_into)


def read_only(account_plan: AccountPlan) -> Refusal:
    """Return the refusal of commands on an archived plan."""
    plan = the_plan(account_plan)
    if plan.merged_into:
        return PlanIsMerged(account_id=plan.account_id, into=plan.merged_into)
    return PlanIsArchived()


def correct(account_plan: AccountPlan, plan: Plan, new: dict[str, Any]) -> PlanCorrected | None:
    for field in ("timezone", "currency"):
        if field in new and has_a_baseline(account_plan):
            raise PlanIsABaseline(f"/{field}", field=field.replace("timezone", "time zone"))
    former = Card(**{field: getattr(plan, field) for field in new})
    return PlanCorrected(**new, former=former) if new else None


def has_a_baseline(account_plan: AccountPlan) -> bool:
    """Return whether a review was ever held, even by mistake: its id names the plan as it stood then."""
    reviews = (things for kind, things in account_plan.kinds().items() if kind.noun == "review")
    held = any(getattr(review, "held_on", None) for things in reviews for review in things.values())
    return held or any(noun == "review" for noun, _ in account_plan.spent_ids)


def apply(draft: Draft, event: PlanEvents) -> None:
    match event:
        case PlanOpened():
            draft.create(Plan, event)
        case PlanCorrected() | PlanReassigned():
            draft.change(Plan, event)
        case AccountRenamed(former=former):
            before = [name for name in draft.value(Plan, "plan", "former_names") if name != former]
            draft.change(Plan, event, former_names=(*before, former))
        case _:
            assert_never(event)


TOPIC = Topic(PlanCommands, PlanEvents, (Plan,), decide, apply)
OPENING = Opening(OpenPlan, open_plan, id_of, already_open)
