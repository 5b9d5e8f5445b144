"""Time series of a plan for the charts of a report: revenue and whitespace at every review, and the sentiment of each
stakeholder."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from pydantic import BaseModel

from application.reports.whitespace_count import WhitespaceCount
from application.views.cuts import Cut, plan_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, held_reviews
from domain.account_plan import ACCOUNT_PLAN, EMPTY
from domain.account_plan.health import Contract
from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.language import AccountPlan
from domain.account_plan.overview import Unit
from domain.account_plan.plan import the_plan
from domain.account_plan.stakeholders import Stakeholder, StakeholderAdded, StakeholderLeft, StakeholderReturned
from domain.account_plan.standing import SentimentChanged
from domain.account_plan.whitespace import Cell, Offering
from domain.record import Recorded
from domain.things import Draft, Thing, day_of


class Standing(BaseModel):
    """Revenue and whitespace at one review, or at the end of the series."""

    cut: str
    date: date
    arr: Decimal | None
    """The ARR of the contract; null if there was none yet."""
    whitespace: dict[str, int]
    """The number of cells in each state."""


class Stance(BaseModel):
    """The attitude of a stakeholder from a day on."""

    date: date
    attitude: int | None
    """From −2 to 2; null if it is unknown."""
    there: bool
    """Whether they were still with the account."""


class Sentiment(BaseModel):
    stakeholder: str
    name: str | None
    """The name; null for a role that nobody fills yet, and for a person who was forgotten."""
    stances: list[Stance]
    """The attitudes in order, one for each change."""


class Series(BaseModel):
    currency: str
    standings: list[Standing]
    sentiments: list[Sentiment]


def series(known: LoadedPlan, until: Cut, reviews: Sequence[ReviewOnRecord] | None = None) -> Series:
    """Return the series up to a cut. `reviews` contains the reviews held by then, for a caller who already has them.

    Raises `CutBeforePlan`.
    """
    plan, records = plan_at(known, until), known.records[: until.version]
    cuts = reviews_until(until, held_reviews(known, until) if reviews is None else reviews)
    kept = [record for record in records if type(record.event) in SAYING_STANCES]
    struck = known.struck_until(until.version)
    return Series(
        currency=the_plan(plan).currency,
        standings=list(standings(records, cuts)),
        sentiments=sentiments((each for each in kept if each.version not in struck), plan, timezone_of(known)),
    )


SAYING_STANCES = frozenset(
    (StakeholderAdded, SentimentChanged, StakeholderMerged, StakeholderLeft, StakeholderReturned)
)


def reviews_until(until: Cut, reviews: Iterable[ReviewOnRecord]) -> Iterator[Cut]:
    """Yield the reviews of the cut's kind, or of all kinds if the cut is not a review, and then the cut itself."""
    for event, _, cut in reviews:
        if cut.version < until.version and until.kind in (None, event.kind):
            yield cut
    yield until


COUNTED: Mapping[str, type[Thing]] = {kind.noun: kind for kind in (Unit, Offering, Cell, Contract)}
"""The kinds of things that a standing depends on. Events about other kinds do not change it."""


def standings(records: Sequence[Recorded], cuts: Iterable[Cut]) -> Iterator[Standing]:
    """Yield the standing of the plan at each cut. The cuts must be in the order of their versions."""
    draft, count, done = Draft(EMPTY), WhitespaceCount(), 0
    for cut in cuts:
        for record in records[done : cut.version]:
            kind = COUNTED.get(record.event.noun)
            if kind is None:
                continue
            ACCOUNT_PLAN.add(draft, [record.event])
            thing = draft.find(kind, record.event.subject())
            if record.event.withdraws:
                count.leave_out(record.event.noun, record.event.subject())
            elif isinstance(thing, Unit | Offering | Cell):
                count.follow(thing)
        done = cut.version
        contract = draft.find(Contract, "contract")
        arr = contract.arr if contract else None
        yield Standing(cut=cut.cut, date=cut.date, arr=arr, whitespace=count.by_penetration())


def sentiments(records: Iterable[Recorded], plan: AccountPlan, zone: str) -> list[Sentiment]:
    """Return the sentiments of all stakeholders there ever were, except withdrawn ones, in order of creation."""
    stances: dict[str, list[Stance]] = {}
    for record in records:
        event = record.event
        match event:
            case StakeholderAdded():
                day = day_of(record.meta.recorded_at, zone)
                stances[event.id] = [Stance(date=day, attitude=None, there=True)]
            case SentimentChanged():
                day = day_of(record.meta.recorded_at, zone)
                add_stance(stances[event.id], Stance(date=day, attitude=event.attitude, there=True))
            case StakeholderMerged():
                day = day_of(record.meta.recorded_at, zone)
                last = stances[event.id][-1]
                add_stance(stances[event.id], last.model_copy(update={"date": day, "there": False}))
            case StakeholderLeft():
                last = stances[event.id][-1]
                add_stance(stances[event.id], last.model_copy(update={"date": event.left_on, "there": False}))
            case StakeholderReturned():
                last = stances[event.id][-1]
                add_stance(stances[event.id], last.model_copy(update={"date": event.returned_on, "there": True}))
    people = plan.all(Stakeholder)
    return [Sentiment(stakeholder=id, name=people[id].name, stances=each) for id, each in stances.items()]


def add_stance(stances: list[Stance], stance: Stance) -> None:
    """Add a stance. A day has only its last one, and a departure never comes before the last change of attitude, even
    if that was recorded later."""
    day = max(stance.date, stances[-1].date)
    if stances[-1].date == day:
        stances.pop()
    if not stances or (stances[-1].attitude, stances[-1].there) != (stance.attitude, stance.there):
        stances.append(stance.model_copy(update={"date": day}))
