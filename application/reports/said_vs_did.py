"""Said versus did: what was said at one cut of a plan, and what had come of it by another.

Both sides come from recorded events, so that nobody can tidy up the past. What was recorded after the second cut does
not count. Once both cuts are past, the report never changes.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from uuid import UUID

from pydantic import AliasChoices, BaseModel, Field

from application.proof.checkpoints import LogHead
from application.reports.blind_spots import BlindSpot, blind_spots
from application.reports.outcomes import PromiseOutcome, PromiseOutcomes, rows
from application.reports.period import Period
from application.reports.scores import Score, finished, score
from application.reports.series import Series, series
from application.reports.trend import Pair, pairs, trend
from application.reports.warning_signs import WarningSigns, warning_signs
from application.reports.whitespace_grid import WhitespaceGrid, whitespace_grid
from application.views.by_section import CutView
from application.views.cuts import Cut, CutRefused, cut_at, plan_at
from application.views.diff import Change, Touched, check_in_order, diff_of
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, held_reviews, last_review
from domain.account_plan.language import Section
from domain.account_plan.plan import Tier, the_plan
from domain.account_plan.reviews import Review, ReviewKind
from domain.language import shortened
from domain.record import Recorded


class Decisions(BaseModel):
    """The decisions taken at a review of the period, and those still required."""

    review: str
    kind: ReviewKind
    held_on: date
    event: str
    decisions: list[str]
    decisions_required: list[str]


class Compared(BaseModel):
    """The plan at the second cut, and the two cuts."""

    plan: str = Field(description="The account id.")
    plan_id: UUID
    account_name: str
    owner: str
    tier: Tier
    timezone: str
    currency: str
    provisional: bool = Field(description="Whether the closing day is not over, so that it is judged as of now.")
    from_: CutView = Field(validation_alias=AliasChoices("from", "from_"), serialization_alias="from")
    to: CutView


class Scores(BaseModel):
    """The scores of one period. Promises of the customer are counted in `customer_score` only."""

    score: Score = Field(description="The score of what was said.")
    carried_score: Score
    added_score: Score
    customer_score: Score = Field(
        description="The score of joint actions promised by the customer, in all three lists."
    )
    by_kind: dict[str, Score] = Field(description="`score`, for plays and for actions separately.")
    finished: int = Field(description="Promises of ours that were finished, in all three lists.")
    finished_unsaid: int = Field(description="Of these, flagged `unsaid`: done without being said.")
    unsaid_share: float | None


class Report(Scores, Compared):
    """Said versus did, from one cut to another."""

    said: list[PromiseOutcome] = Field(description="Open at the first cut and not past due.")
    carried: list[PromiseOutcome] = Field(description="Open at the first cut, and overdue already.")
    added: list[PromiseOutcome] = Field(description="First recorded between the cuts, or over before and reopened.")
    unchanged: bool = Field(
        description="Whether nothing changed except the reviews themselves, which is a finding in itself."
    )
    changes: dict[Section, list[Change]]
    touched_unchanged: list[Touched]
    refreshed: list[Section]
    gone_stale: list[Section]
    decisions: list[Decisions]
    blind_spots: list[BlindSpot]
    recorded_on_the_day: int = Field(
        description="What was recorded on the very day it became true, so that it is no blind spot."
    )
    theatre: WarningSigns
    trend: list[Pair] = Field(description="Every earlier pair of consecutive reviews of the same kind.")
    series: Series = Field(description="Revenue, whitespace and sentiments over time, up to the second cut.")
    whitespace: WhitespaceGrid
    log_head: LogHead | None = Field(
        None,
        description="The first checkpoint that covers everything the report is made of; null while there is none yet.",
    )


class NotTwoReviews(CutRefused):
    """Nobody said what to compare, and there are not two held reviews of one kind."""

    type = "not-two-reviews"


def last_position(known: LoadedPlan, cut: Cut) -> int:
    """Return the position of the last event that a report up to a cut depends on."""
    return known.records[cut.version - 1].position if cut.version else 0


def said_vs_did(known: LoadedPlan, a: Cut, b: Cut, program: Sequence[Recorded] = ()) -> Report:
    """Compare cut `a` with cut `b`. Before the plan was opened, nothing was said. `program` contains the records of the
    program, whose policies say when sections are stale.

    Raises `CutsOutOfOrder`, and `CutBeforePlan` for the second cut.
    """
    check_in_order(a, b)
    period = Period.between(known, a, b)
    different = diff_of(period.known, a, b, period.was, period.known.state, program=program)
    found, learned = rows(period, period.lives), blind_spots(period)
    return Report.model_construct(
        **compared(period.known, a, b).__dict__,
        **scores(found).__dict__,
        said=found["said"],
        carried=found["carried"],
        added=found["added"],
        unchanged=different.changes.keys() <= {"reviews"},
        changes=different.changes,
        touched_unchanged=different.touched_unchanged,
        refreshed=different.refreshed,
        gone_stale=different.gone_stale,
        decisions=list(decisions(period)),
        blind_spots=learned.spots,
        recorded_on_the_day=learned.on_the_day,
        theatre=warning_signs(period),
        trend=trend(period),
        series=series(period.known, b, period.reviews),
        whitespace=whitespace_grid(period.was, period.known.state),
    )


def compared(known: LoadedPlan, a: Cut, b: Cut) -> Compared:
    """Return the plan and the cuts of a report. Raises `CutBeforePlan`."""
    card = the_plan(plan_at(known, b))
    return Compared(
        plan=card.account_id,
        plan_id=known.id,
        account_name=card.account_name,
        owner=card.owner,
        tier=card.tier,
        timezone=card.timezone,
        currency=card.currency,
        provisional=b.provisional,
        from_=CutView.of(a),
        to=CutView.of(b),
    )


def scores(found: PromiseOutcomes) -> Scores:
    ours = {name: [row for row in rows if row.side == "us"] for name, rows in found.items()}
    every = [row for rows in found.values() for row in rows]
    ended = finished(row for rows in ours.values() for row in rows)
    return Scores(
        score=score(ours["said"]),
        carried_score=score(ours["carried"]),
        added_score=score(ours["added"]),
        customer_score=score(row for row in every if row.side == "customer"),
        by_kind={kind: score(row for row in ours["said"] if row.kind == kind) for kind in ("play", "action")},
        finished=ended.finished,
        finished_unsaid=ended.unsaid,
        unsaid_share=ended.unsaid_share,
    )


# Reviews


def decisions(period: Period) -> Iterator[Decisions]:
    """Yield the decisions of the reviews in the period, with later corrections."""
    for event, record, _ in period.reviews:
        review = period.known.state.find(Review, event.id) or event
        if record.version > period.a.version and (review.decisions or review.decisions_required):
            yield Decisions(
                review=event.id,
                kind=event.kind,
                held_on=event.held_on,
                event=record.id,
                decisions=list(review.decisions),
                decisions_required=list(review.decisions_required),
            )


def cuts_meant(known: LoadedPlan, now: datetime, from_: str | None = None, to: str | None = None) -> tuple[str, str]:
    """Return the cuts to compare by default: the last two held reviews of the same kind.

    If only the second cut is given, the first is the previous review of its kind, or the last review of any kind. If
    only the first is given, the second is now. Raises `NotTwoReviews`, and `CutRefused` for a given cut.
    """
    if from_:
        return from_, to or "now"
    b = cut_at(to or "now", known, now)
    reviews = held_reviews(known, b) if b.version else []
    closing = next((review for review in reviews if review.cut.cut == to), None)
    if to and not closing:
        last = last_review(reviews, before=b)
        if last is None:
            raise NotTwoReviews(f"No review was held before “{shortened(to)}”; say from which cut to compare.")
        return last.cut.cut, to
    found = [pair for pair in pairs(reviews) if closing in (None, pair[1])]
    if not found:
        raise NotTwoReviews(_why_not_two(reviews))
    first, second = found[-1]
    return first.cut.cut, to or second.cut.cut


def _why_not_two(reviews: Sequence[ReviewOnRecord]) -> str:
    if not reviews:
        return "No review was held in this plan yet; say from which cut to compare, such as the day it was opened."
    last = reviews[-1]
    return (
        f"No two {last.event.kind.replace('_', ' ')} reviews were held that could be compared; say from which cut, such"
        f" as {last.cut.cut}, held on {last.event.held_on}, and to which, such as now."
    )
