"""Topic: reviews, which compare what was said with what was done. A held review is the baseline of the next."""

from datetime import date
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self, assert_never

from pydantic import Field, StringConstraints, model_validator

from domain.account_plan.language import AccountPlan, OpportunityId, Section
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import (
    GRAMMAR,
    AtLeastOne,
    Command,
    Decision,
    Event,
    Many,
    Name,
    OptionalFigure,
    OptionalText,
    PastDay,
    Person,
    PersonId,
    Prose,
    Refusal,
    Slug,
    StakeholderId,
    Terms,
    Text,
    said,
)
from domain.markers import check_fields
from domain.refusals import Over
from domain.things import Aggregate, Draft, Thing

ReviewKind = Literal[
    "weekly",
    "monthly",
    "quarterly",
    "qbr",
    "executive_readout",
    "executive_meeting",
    "offsite",
    "business_value",
    "annual",
    "red_team",
    "ad_hoc",
]
Audience = Literal["internal", "customer"]
ReviewState = Literal["scheduled", "held", "cancelled"]

MOST_MINUTES = 24 * 60
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256, as 64 hexadecimal digits in lower case."""


class AgendaItem(Terms):
    topic: Prose
    minutes: int


class PackMetric(Terms):
    """What the pack shows, and the figure it is measured against."""

    name: Prose
    goal: Prose | None = None


class ReviewTerms(Terms):
    id: str
    kind: ReviewKind


class ReviewPlans(Terms):
    """What is said of a review before it is held."""

    agenda: tuple[AgendaItem, ...] = ()
    ours: tuple[Person, ...] = ()
    theirs: tuple[StakeholderId, ...] = ()


class ReviewOutcome(Terms):
    """What is said of a review once it is held."""

    topics: tuple[Prose, ...] = ()
    decisions: tuple[Prose, ...] = ()
    decisions_required: tuple[Prose, ...] = ()
    expansion_path: Prose | None = None
    opportunity: OpportunityId | None = None
    notes: Prose | None = None
    next_on: date | None = None


# Events


class ReviewEvent(Event):
    """About one review."""

    noun: ClassVar[str] = "review"
    home: ClassVar[Section] = "reviews"


class ReviewScheduled(ReviewEvent, ReviewPlans, ReviewTerms):
    """A review is to be held on a day."""

    planned_on: date


class PackCirculated(ReviewEvent):
    """Everybody was sent what to read before a review."""

    id: str
    circulated_on: date
    metrics: tuple[PackMetric, ...] = ()
    sha256: str | None = None
    """The SHA-256 of the document that was sent, as 64 hexadecimal digits."""


class ReviewHeld(ReviewEvent, ReviewOutcome, ReviewTerms):
    """A review was held: the plan as it stands here is what was said, the baseline of the next one."""

    strikable: ClassVar[str | None] = "review"
    spends_its_id: ClassVar[bool] = True

    audience: Audience
    held_on: date
    ours: tuple[Person, ...] = ()
    theirs: tuple[StakeholderId, ...] = ()


class ReviewCancelled(ReviewEvent):
    """A review will not take place."""

    id: str
    moved_to_on: date | None = None


ReviewEvents = ReviewScheduled | PackCirculated | ReviewHeld | ReviewCancelled


# Commands


class PlannedItem(AgendaItem, strict=True):
    topic: Text
    minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)]


class ShownMetric(PackMetric, strict=True):
    name: Name
    goal: OptionalFigure = None


class ReviewCommand(Command):
    noun: ClassVar[str] = "review"
    home: ClassVar[Section] = "reviews"


class ScheduleReview(ReviewCommand):
    """Plan a review for a day, with its agenda and who is to be there."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    kind: ReviewKind
    planned_on: Day
    agenda: Many[PlannedItem] = ()
    ours: Many[PersonId] = ()
    theirs: Many[StakeholderId] = ()


class CirculatePack(ReviewCommand):
    """What everybody was sent to read before the review.  Metrics left out are as they were.  `sha256` is the hash of
    the document, by which anybody can tell later whether theirs is the one that was sent."""

    id: Slug
    circulated_on: PastDay
    metrics: Many[ShownMetric] = ()
    sha256: Digest | None = None


class HoldReview(ReviewCommand):
    """A review took place, scheduled or not: from here on the plan as it stands is what was said.

    Of a scheduled one, what is said here counts: its kind and who came may differ from what was planned.  Some of ours
    were there, and where the customer was, some of theirs.
    """

    needs: ClassVar[Any] = "nothing"

    id: Slug | None = None
    kind: ReviewKind
    audience: Audience
    held_on: PastDay
    ours: AtLeastOne[PersonId]
    theirs: Many[StakeholderId] = ()
    topics: Many[Text] = ()
    decisions: Many[Text] = ()
    decisions_required: Many[Text] = ()
    expansion_path: OptionalText = None
    opportunity: OpportunityId | None = None
    notes: OptionalText = None
    next_on: Day | None = None

    @model_validator(mode="after")
    def _says_who_came(self) -> Self:
        of_nobody = self.audience == "customer" and not self.theirs
        check_fields(self, {"theirs": "names at least one of theirs where the customer was there"} if of_nobody else {})
        return self


class CancelReview(ReviewCommand):
    """It does not take place.  Where it was moved to another day, schedule that one under an id of its own."""

    id: Slug
    moved_to_on: Day | None = None
    reason: Text


ReviewCommands = ScheduleReview | CirculatePack | HoldReview | CancelReview


# Refusals


class ReviewWasStruck(Refusal):
    """A review “{id}” was struck from this plan.  “review:{id}” names it for ever, so its id is not given again: choose
    another id."""

    @property
    def type(self) -> str:
        return "review-id-taken"


class ReviewIsABaseline(Refusal):
    """“review:{id}” names the plan as it stood at this review for ever, so its kind, its day and its audience stay:
    strike the entry, and hold the review under another id."""


class ReviewOfNobody(Refusal):
    """A review that was held names who was there: some of ours, and where the customer was, some of theirs."""


class ReviewHeldBeforeTheLast(Refusal):
    """The last {kind} review was held on {last_on}, so none can have been held on {held_on}, before it."""


# State and rules


class Review(ReviewOutcome, ReviewPlans, ReviewTerms, Thing):
    noun: ClassVar[str] = "review"
    home: ClassVar[Section] = "reviews"

    state: ReviewState = "scheduled"
    planned_on: date | None = None
    circulated_on: date | None = None
    metrics: tuple[PackMetric, ...] = ()
    sha256: str | None = None
    audience: Audience | None = None
    held_on: date | None = None
    held_in: int | None = Field(None, exclude=True)
    """The version of the event that recorded it as held."""
    moved_to_on: date | None = None

    @property
    def ending(self) -> str | None:
        """Only a cancelled review is over: a held one may still be named by the promises made at it."""
        return "was cancelled" if self.state == "cancelled" else None


class HeldReview(NamedTuple):
    """A review that was held. Reviews are ordered by day, and those of one day by when they were recorded."""

    held_on: date
    version: int
    id: str


def last_held(plan: Aggregate) -> Review | None:
    """Return the review that was held last, in the order of `HeldReview`."""
    held = (
        (HeldReview(review.held_on, review.held_in, review.id), review)
        for review in plan.all(Review).values()
        if review.held_on and review.held_in
    )
    return max(held, default=(None, None))[1]


def decide(plan: AccountPlan, command: ReviewCommands, _today: date) -> Decision[ReviewEvents]:
    review = still_to_be_held(plan, command.id)
    if isinstance(command, ScheduleReview | HoldReview) and ("review", command.id) in plan.spent_ids:
        raise ReviewWasStruck("/id", id=command.id)
    event: ReviewEvents | None
    match command:
        case ScheduleReview():
            event = ReviewScheduled(**in_plain_values(command))
        case CirculatePack():
            circulated = PackCirculated(**in_plain_values(command))
            new = any(getattr(circulated, name) != getattr(review, name) for name in circulated.model_fields_set)
            event = circulated if new else None
        case HoldReview():
            check_held(plan, command)
            event = ReviewHeld(**said(command))
        case CancelReview():
            event = ReviewCancelled(**said(command))
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def still_to_be_held(plan: AccountPlan, id: str | None) -> Review | None:
    review = plan.find(Review, id or "")
    if review and review.state != "scheduled":
        raise Over("/id", kind="review", id=id, ending=f"was {review.state}")
    return review


def check_held(plan: AccountPlan, command: HoldReview) -> None:
    kind, held_on = command.kind, command.held_on
    held = [review.held_on for review in plan.all(Review).values() if review.held_on and review.kind == kind]
    if held and held_on < max(held):
        raise ReviewHeldBeforeTheLast("/held_on", kind=kind, held_on=held_on, last_on=max(held))


def check_correction(_plan: AccountPlan, before: Review, after: Review) -> None:
    """Check that a correction keeps what identifies a held review, and that the review names who was there."""
    if before.state == "held":
        for field in ("kind", "held_on", "audience"):
            if getattr(before, field) != getattr(after, field):
                raise ReviewIsABaseline(f"/{field}", id=before.id)
        if not after.ours:
            raise ReviewOfNobody("/ours")
        if after.audience == "customer" and not after.theirs:
            raise ReviewOfNobody("/theirs")


def in_plain_values(command: ReviewCommands) -> dict[str, Any]:
    """Return `said` with the items of lists as plain values, from which the event builds its own."""
    return command.model_dump(exclude=set(GRAMMAR), exclude_unset=True, exclude_none=True)


def apply(draft: Draft, event: ReviewEvents) -> None:
    match event:
        case ReviewScheduled():
            draft.create(Review, event)
        case PackCirculated():
            draft.change(Review, event)
        case ReviewHeld() if draft.has(Review, event.id):
            draft.change(Review, event, state="held", held_in=draft.version)
        case ReviewHeld():
            draft.create(Review, event, state="held", held_in=draft.version)
        case ReviewCancelled():
            draft.change(Review, event, state="cancelled")
        case _:
            assert_never(event)


TOPIC = Topic(
    ReviewCommands,
    ReviewEvents,
    (Review,),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Review,
            ScheduleReview,
            later={
                HoldReview: ("held_on", "audience", *ReviewOutcome.model_fields),
                CirculatePack: ("circulated_on", "metrics"),
                CancelReview: ("moved_to_on",),
            },
            check=check_correction,
        ),
    ),
)
