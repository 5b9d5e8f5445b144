"""The promises of all plans, by the person who made them: query, order, pages, and the current state of each."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import to_json

from application.aggregates.access import Caller
from application.reports.outcomes import Case, Outcome
from application.reports.promises import MOVES, Key, Life, lives
from application.views.cuts import cut_at, timezone_of
from application.views.list_cursors import CursorUnknown
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import held_reviews, last_review
from domain.account_plan.actions import ActionKind, ActionState
from domain.account_plan.language import AccountPlan, Side
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import PlayKind, PlayState
from domain.account_plan.promises import PROMISES
from domain.calendar import Day
from domain.language import OptionalName, PersonId, same_person

MOST_ITEMS = 200
ITEMS_OF_A_LONG_PAGE = 5_000
"""Of a page for whoever reads the whole list. The plans of a page are read for it, so few long pages read each of them
few times."""
OTHER_LIST = "This cursor was not given by this list: begin again without one."

PromiseState = Literal["open", "overdue", "due"]
Noun = Literal["play", "action"]


class PromisesQuery(BaseModel):
    """Which promises to list, the earliest due first. Promises of archived plans are not listed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: PersonId | None = Field(None, description="Only what this person promised.")
    plan: OptionalName = Field(None, description="Only those of this plan: its id, or its account's.")
    state: PromiseState = Field(
        "open", description="All that are open; of these only what is overdue, or only what is still to come."
    )
    due_before: Day | None = Field(None, description="Only what is due before this day.")
    kind: Literal[Noun, PlayKind, ActionKind] | None = Field(
        None, description="Only plays, only actions, or only those of this kind."
    )
    side: Side | None = Field(None, description="Only what we promised, or only what the customer did.")
    cursor: str | None = Field(None, max_length=2_000, description="The value of `next` on the previous page.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="At most this many promises.")

    def in_long_pages(self) -> "PromisesQuery":
        """Return the query of somebody who reads the whole list."""
        return self.model_copy(update={"limit": ITEMS_OF_A_LONG_PAGE})


class PlanPromise(BaseModel):
    """An open play or action, its plan, and its current state."""

    plan_id: UUID
    account_id: str
    account_name: str
    noun: Noun
    id: str
    kind: PlayKind | ActionKind
    title: str = Field(description="The title of a play, the statement of an action.")
    owner: str
    side: Side
    state: PlayState | ActionState
    due_on: date
    first_due_on: date
    times_moved: int = Field(description="How often the day was moved, either way.")
    overdue: bool
    days_overdue: int
    since_review: str | None = Field(description="The last review held; null where there was none.")
    outcome: Outcome | None = Field(description="What it has come to since that review; null where there was none.")


class PromisesPage(BaseModel):
    items: list[PlanPromise]
    next: str | None
    """The cursor of the next page; null on the last one."""


class PromisePosition(NamedTuple):
    """A position in the list: after this promise."""

    due_on: date
    plan_id: UUID
    noun: Noun
    id: str


_POSITION = TypeAdapter(tuple[date, UUID, Noun, str])


def cursor_of(position: PromisePosition) -> str:
    return urlsafe_b64encode(to_json(position)).decode().rstrip("=")


def position_of(cursor: str) -> PromisePosition:
    """Parse a cursor. Raises `CursorUnknown`."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        position = PromisePosition(*_POSITION.validate_json(text))
    except ValueError:
        raise CursorUnknown(OTHER_LIST) from None
    if "\x00" in position.id:
        raise CursorUnknown(OTHER_LIST)
    return position


class PromiseRow(NamedTuple):
    """What the table stores of an open promise: what finds it, and none of its text."""

    noun: str
    id: str
    kind: str
    owner: str
    side: Side
    due_on: date
    overdue_at: datetime
    """The instant from which it is overdue: the end of the day on which it is due, in the plan's time zone."""


def rows_of(plan: AccountPlan) -> Iterator[PromiseRow]:
    """Return the open promises of a plan; none if it is archived."""
    card = the_plan(plan)
    if card.archived:
        return
    zone = ZoneInfo(card.timezone)
    for kind in PROMISES.values():
        for each in plan.open(kind):
            after = each.due_on + timedelta(days=1)
            overdue_at = datetime(after.year, after.month, after.day, tzinfo=zone)
            yield PromiseRow(each.noun, each.id, each.kind, same_person(each.owner), each.side, each.due_on, overdue_at)


class PromisesOfAPlan:
    """The promises of one plan, for those that a page shows."""

    def __init__(self, known: LoadedPlan, now: datetime, asked: AbstractSet[Key] | None = None) -> None:
        """`asked` contains noun and id of the promises that will be shown; None stands for all. Others are not
        computed."""
        self._card, self._zone = the_plan(known.state), timezone_of(known)
        self._plan_id, self._now = known.id, cut_at("now", known, now)
        self._lives = lives(known.records, asked)
        before = last_review(held_reviews(known, self._now))
        self._review = before

    def shown(self, noun: Noun, id: str) -> PlanPromise | None:
        """Return a promise; None if it no longer exists."""
        life = self._lives.get((noun, id))
        return self._told(life) if life else None

    def _told(self, life: Life) -> PlanPromise:
        now, review = life.last.promise, self._review
        case = Case(life, review.cut, self._now, self._zone) if review else None
        late = now.is_overdue(self._now.today)
        return PlanPromise.model_construct(
            plan_id=self._plan_id,
            account_id=self._card.account_id,
            account_name=self._card.account_name,
            noun=now.noun,
            id=now.id,
            kind=now.kind,
            title=now.known_as,
            owner=now.owner,
            side=now.side,
            state=now.state,
            due_on=now.due_on,
            first_due_on=life.first.promise.due_on,
            times_moved=len(life.those(MOVES)),
            overdue=late,
            days_overdue=(self._now.date - now.due_on).days if late else 0,
            since_review=review.event.id if review else None,
            outcome=case.outcome if case else None,
        )


class AllPromises(Protocol):
    """The table of the promises of all plans. Every method raises `StoreUnavailable`."""

    def query(self, query: PromisesQuery, caller: Caller | None = None) -> PromisesPage:
        """Return a page, limited to plans that the caller may see; without a caller, of all plans.

        Raises `CursorUnknown`.
        """

    def includes(self, position: int) -> bool:
        """Return whether the table includes everything recorded up to a position of the log. Raises `BeyondTheLog`."""
