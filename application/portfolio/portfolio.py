"""Projection over all plans: a row each, with who has it, what it is worth, until when, and what slips in it.

A row is carried on event by event from no more than it keeps, and shown as of a day: what is overdue or stale in a plan
changes at some midnight without any event, so it is said at which.
"""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple, cast, get_args
from unicodedata import combining, normalize
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic_core import to_json

from application.views.freshness import most_days
from domain.account_plan.actions import ActionAdded, ActionCompleted, ActionDropped, ActionReopened, ActionRescheduled
from domain.account_plan.entries import EntryStruck, NoteWritten, SectionConfirmed
from domain.account_plan.health import ContractRenewed, ContractSet
from domain.account_plan.language import Section
from domain.account_plan.plan import (
    AccountRenamed,
    PlanArchived,
    PlanCorrected,
    PlanOpened,
    PlanReassigned,
    PlanReopened,
    PlanTerms,
    Segment,
    Tier,
    TierChanged,
)
from domain.account_plan.plays import PlayDropped, PlayLost, PlayPlanned, PlayReopened, PlayRescheduled, PlayWon
from domain.account_plan.reviews import ReviewHeld
from domain.account_plan.team import MemberAssigned, MemberReleased, stint_id
from domain.calendar import Day
from domain.language import Amount, Event, OptionalName, PersonId, same_person
from domain.things import day_of

# What is shown


class PortfolioItem(BaseModel):
    """A plan in the portfolio."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str
    segment: Segment | None
    territory: str | None
    currency: str
    archived: bool
    arr: Decimal | None
    """Of the contract, in the plan's currency."""
    renews_on: date | None
    open_promises: int
    """Plays and actions that are not over."""
    overdue: int
    """Those of them that were due before today, where the plan lives."""
    last_review_on: date | None
    last_review_id: str | None
    stale_sections: list[Section]
    version: int
    position: int
    opened_on: date
    last_event_at: datetime


class PortfolioPage(BaseModel):
    items: list[PortfolioItem]
    next: str | None
    """The cursor of the page that follows; null at the end."""


# A row, carried on


class OnTheTeam(NamedTuple):
    """A stint: somebody of ours in a role, until a day if one was said."""

    person: str
    until_on: date | None = None


class HeldReview(NamedTuple):
    """The later one is the greater."""

    held_on: date
    version: int
    id: str


@dataclass(slots=True)
class PortfolioRow:
    """A plan's row, with no more of its past than it takes to carry it on."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str
    currency: str
    timezone: str
    opened_on: date
    last_event_at: datetime
    refreshed_on: dict[Section, date]
    due_on: dict[str, date] = field(default_factory=dict)
    """Of the promises that are open."""
    team: dict[str, OnTheTeam] = field(default_factory=dict)
    """By stint; those that are over included."""
    version: int = 0
    position: int = 0
    segment: Segment | None = None
    territory: str | None = None
    archived: bool = False
    arr: Decimal | None = None
    renews_on: date | None = None
    review: HeldReview | None = None


class PartialEvent(NamedTuple):
    """As much of a recorded event as `READS` asks for: a fraction of the time of reading it whole, and nobody's words."""

    plan_id: UUID
    version: int
    position: int
    recorded_at: datetime
    event: type[Event]
    said: Mapping[str, Any]


class LooksBack(Exception):
    """The event takes back what the row has forgotten since: fold the plan from its first event."""


class CannotBeFolded(Exception):
    """An event is on record that this version cannot read.  The projection stops there, for it may skip nothing."""

    def __init__(self, topic: str, position: int) -> None:
        super().__init__(
            f"{topic} at position {position} of the log cannot be folded: it was written by a newer plantrail, which is"
            " to be installed here too, or it was damaged, and the log is to be restored from a copy"
        )


class PortfolioProjector:
    """A row in the making, and what of its past was met on the way."""

    def __init__(self, onto: PortfolioRow | None = None) -> None:
        self._row = onto and replace(
            onto, due_on=dict(onto.due_on), team=dict(onto.team), refreshed_on=dict(onto.refreshed_on)
        )
        self._knows_all = onto is None
        self._refreshed_at: dict[Section, datetime] = {}
        self._over: dict[str, date] = {}
        self._reviews: dict[int, HeldReview] = {}

    @property
    def version(self) -> int:
        return self._row.version if self._row else 0

    def row(self) -> PortfolioRow:
        """The row after the events so far, of which there is at least one."""
        assert self._row
        for section, at in self._refreshed_at.items():
            self._row.refreshed_on[section] = day_of(at, self._row.timezone)
        self._refreshed_at.clear()
        return self._row

    def add(self, partial_events: Iterable[PartialEvent]) -> None:
        """Raises `CannotBeFolded`, and `LooksBack` unless it was begun with the first event."""
        for partial_event in partial_events:
            try:
                self._add(partial_event)
            except LooksBack:
                raise
            except Exception as error:
                raise CannotBeFolded(partial_event.event.__name__, partial_event.position) from error

    def _add(self, partial_event: PartialEvent) -> None:
        row, event = self._row or self._open(partial_event), partial_event.event
        if partial_event.version != row.version + 1:
            raise ValueError(f"version {partial_event.version} does not follow version {row.version}")
        row.version, row.position, row.last_event_at = (
            partial_event.version,
            partial_event.position,
            partial_event.recorded_at,
        )
        section = cast(Section, partial_event.said.get("section") or event.home)
        self._refreshed_at[section] = partial_event.recorded_at
        if event in _FOLD:
            _FOLD[event](self, row, partial_event)

    def _open(self, partial_event: PartialEvent) -> PortfolioRow:
        said, at = partial_event.said, partial_event.recorded_at
        touched = dict.fromkeys(get_args(Section), day_of(at, said["timezone"]))
        self._row = PortfolioRow(**said, plan_id=partial_event.plan_id, last_event_at=at, refreshed_on=touched)
        return self._row

    def amend(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        for name, value in partial_event.said.items():
            setattr(row, name, value)

    def archive(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        row.archived = partial_event.event is PlanArchived

    def promise(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        row.due_on[_promise(partial_event)] = partial_event.said["due_on"]

    def end(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        promise = _promise(partial_event)
        self._over[promise] = row.due_on.pop(promise)

    def reopen(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        promise = _promise(partial_event)
        if promise not in self._over and not self._knows_all:
            raise LooksBack
        row.due_on[promise] = self._over.pop(promise)

    def staff(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        said = partial_event.said
        stint = stint_id(said["person"], said["role"], said.get("stint", 1))
        row.team[stint] = OnTheTeam(said["person"], said.get("until_on"))

    def hold_review(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        review = HeldReview(partial_event.said["held_on"], partial_event.version, partial_event.said["id"])
        self._reviews[review.version] = review
        row.review = max(review, row.review or review)

    def strike(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        struck = int(partial_event.said["event"].rpartition(":")[2])
        self._reviews.pop(struck, None)
        if row.review and row.review.version == struck:
            if not self._knows_all:
                raise LooksBack
            row.review = max(self._reviews.values(), default=None)


def _promise(partial_event: PartialEvent) -> str:
    return f"{partial_event.event.noun}:{partial_event.said['id']}"


READS: Mapping[type[Event], tuple[str, ...]] = {
    PlanOpened: tuple(PlanTerms.model_fields),
    PlanCorrected: ("segment", "territory"),
    AccountRenamed: ("account_name",),
    TierChanged: ("tier",),
    PlanReassigned: ("owner",),
    **dict.fromkeys((ContractSet, ContractRenewed), ("arr", "renews_on")),
    **dict.fromkeys((PlayPlanned, PlayRescheduled, ActionAdded, ActionRescheduled), ("id", "due_on")),
    **dict.fromkeys((PlayWon, PlayLost, PlayDropped, ActionCompleted, ActionDropped), ("id",)),
    **dict.fromkeys((PlayReopened, ActionReopened), ("id",)),
    MemberAssigned: ("person", "role", "stint"),
    MemberReleased: ("person", "role", "stint", "until_on"),
    ReviewHeld: ("id", "held_on"),
    EntryStruck: ("event", "section"),
    **dict.fromkeys((NoteWritten, SectionConfirmed), ("section",)),
}
"""The fields of events that tell.  Of every other event it counts when it was recorded and which section it refreshes."""

_FOLD: Mapping[type[Event], Callable[[PortfolioProjector, PortfolioRow, PartialEvent], None]] = {
    **dict.fromkeys((PlanCorrected, AccountRenamed, TierChanged, PlanReassigned), PortfolioProjector.amend),
    **dict.fromkeys((ContractSet, ContractRenewed), PortfolioProjector.amend),
    **dict.fromkeys((PlanArchived, PlanReopened), PortfolioProjector.archive),
    **dict.fromkeys((PlayPlanned, PlayRescheduled, ActionAdded, ActionRescheduled), PortfolioProjector.promise),
    **dict.fromkeys((PlayWon, PlayLost, PlayDropped, ActionCompleted, ActionDropped), PortfolioProjector.end),
    **dict.fromkeys((PlayReopened, ActionReopened), PortfolioProjector.reopen),
    **dict.fromkeys((MemberAssigned, MemberReleased), PortfolioProjector.staff),
    ReviewHeld: PortfolioProjector.hold_review,
    EntryStruck: PortfolioProjector.strike,
}


# A row, shown


class Shown(NamedTuple):
    """A row as of a day, and the instant from which on it is no longer true if nothing happens."""

    item: PortfolioItem
    changes_at: datetime | None
    people: list[str]
    """Who owns the plan or is on its team: see `application.aggregates.access.is_at_work_on`."""


_MOST_DAYS: Mapping[Tier, Mapping[Section, int | None]] = {
    tier: {section: most_days(section, tier) for section in get_args(Section)} for tier in get_args(Tier)
}


def shown(row: PortfolioRow, now: datetime) -> Shown:
    today = day_of(max(now, row.last_event_at), row.timezone).toordinal()
    overdue_from = [due_on.toordinal() + 1 for due_on in row.due_on.values()]
    stale_from = {
        section: row.refreshed_on[section].toordinal() + most + 1
        for section, most in _MOST_DAYS[row.tier].items()
        if most
    }
    stints = [(person, until_on.toordinal() + 1 if until_on else None) for person, until_on in row.team.values()]
    released_from = [day for _, day in stints if day]
    still_to_come = [day for day in (*overdue_from, *stale_from.values(), *released_from) if day > today]
    item = PortfolioItem(
        plan_id=row.plan_id,
        account_id=row.account_id,
        account_name=row.account_name,
        tier=row.tier,
        owner=same_person(row.owner),
        segment=row.segment,
        territory=row.territory,
        currency=row.currency,
        archived=row.archived,
        arr=row.arr,
        renews_on=row.renews_on,
        open_promises=len(row.due_on),
        overdue=sum(day <= today for day in overdue_from),
        last_review_on=row.review.held_on if row.review else None,
        last_review_id=row.review.id if row.review else None,
        stale_sections=[section for section, day in stale_from.items() if day <= today],
        version=row.version,
        position=row.position,
        opened_on=row.opened_on,
        last_event_at=row.last_event_at,
    )
    at_work = (row.owner, *(person for person, until in stints if until is None or until > today))
    people = {same_person(person) for person in at_work}
    changes_at = _midnight(min(still_to_come), row.timezone) if still_to_come else None
    return Shown(item, changes_at, sorted(people))


def _midnight(day: int, timezone: str) -> datetime | None:
    """When a day begins where the plan lives; None for the day after the last one of the calendar."""
    if day > date.max.toordinal():
        return None
    return datetime.combine(date.fromordinal(day), time(), ZoneInfo(timezone)).astimezone(UTC)


# Asking

SortKey = Literal["account_name", "arr", "renews_on", "open_promises", "overdue", "last_review_on", "tier"]
Sort = Literal[
    "account_name",
    "-account_name",
    "arr",
    "-arr",
    "renews_on",
    "-renews_on",
    "open_promises",
    "-open_promises",
    "overdue",
    "-overdue",
    "last_review_on",
    "-last_review_on",
    "tier",
    "-tier",
]

MOST_ITEMS = 200
LONGEST_KEY = 200


class PortfolioQuery(BaseModel):
    """Which plans, in which order, and from where on.  What is empty comes last in either order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: tuple[Tier, ...] = Field((), description="Any of these; none: all.")
    owner: PersonId | None = Field(None, description="Whose plans.")
    archived: bool = Field(False, description="The archived plans instead of those that are worked on.")
    stale: bool | None = Field(None, description="With a stale section, or without any.")
    overdue: bool | None = Field(None, description="With an overdue promise, or without any.")
    renews_before: Day | None = Field(None, description="With a contract that renews before this day.")
    q: OptionalName = Field(None, description="How the account's name begins; case and accents do not matter.")
    sort: Sort = Field("account_name", description="`-` is descending.")
    cursor: str | None = Field(None, max_length=2_000, description="`next` of the page before.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="How many plans at most.")


class CursorWrong(Exception):
    """This cursor was not given by this list in this order: begin again without one."""


class CursorPosition(NamedTuple):
    """A place in the order: after the plan with this value."""

    value: Any
    plan_id: UUID


_Key = Annotated[str, StringConstraints(max_length=LONGEST_KEY, pattern=r"^[^\x00]*$")]
_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
_VALUES: Mapping[SortKey, TypeAdapter[Any]] = {
    "account_name": TypeAdapter(_Key),
    "arr": TypeAdapter(Amount | None),
    "renews_on": TypeAdapter(date | None),
    "open_promises": TypeAdapter(_Number),
    "overdue": TypeAdapter(_Number),
    "last_review_on": TypeAdapter(date | None),
    "tier": TypeAdapter(_Number),
}
"""What a place holds, by what is sorted by."""

_CURSOR = TypeAdapter(tuple[str, Any, UUID])


def key_of(sort: Sort) -> SortKey:
    """What is sorted by, whichever way."""
    return cast(SortKey, sort.removeprefix("-"))


def cursor_of(place: CursorPosition, sort: Sort) -> str:
    return urlsafe_b64encode(to_json((sort, *place))).decode().rstrip("=")


def place_of(cursor: str, sort: Sort) -> CursorPosition:
    """Raises `CursorWrong`."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, value, plan_id = _CURSOR.validate_json(text)
        place = CursorPosition(_VALUES[key_of(sort)].validate_python(value), plan_id)
    except ValueError:
        raise CursorWrong(CursorWrong.__doc__) from None
    if order != sort:
        raise CursorWrong(CursorWrong.__doc__)
    return place


def name_key(name: str) -> str:
    """What names are sorted and searched by: neither case nor accents count."""
    letters = (sign for sign in normalize("NFKD", name) if not combining(sign))
    return "".join(letters).casefold()[:LONGEST_KEY]
