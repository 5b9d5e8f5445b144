"""Signs that a plan is tidied up only for its review. They are evidence, not a verdict, and each names its events."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from pydantic import BaseModel, Field

from application.findings.reviews import EVE
from application.reports.period import Period
from application.reports.promises import (
    DROPS,
    FINISHES,
    REOPENINGS,
    Life,
    Moment,
    gave_no_reason,
    has_evidence,
    is_late_notice,
    moves_to_later,
)
from application.reports.scores import rate
from application.views.cuts import Cut
from domain.account_plan.reviews import ReviewHeld
from domain.account_plan.stakeholders import Stakeholder, StakeholderAdded
from domain.account_plan.standing import SentimentChanged
from domain.record import Recorded

LAST_MINUTES = timedelta(minutes=30)
TWO_QUARTERS_DAYS = 2 * 92
SAYING_SENTIMENTS = frozenset((SentimentChanged, StakeholderAdded))


class Signal(BaseModel):
    """How often a sign occurred, and in which events."""

    count: int
    events: list[str]


class Eve(Signal):
    """The events recorded in the 72 hours before the closing review, out of all events of the period."""

    of: int
    share: float | None = Field(description="The share of the period's events; null if no review closes the period.")


class Quiet(Signal):
    """Whether nothing was recorded in the period except its reviews. The events are those of the reviews."""

    only_reviews: bool


class Untouched(BaseModel):
    """A stakeholder whose sentiment nobody has updated."""

    id: str
    since_on: date
    days: int
    event: str


class UntouchedSentiments(Signal):
    """Sentiments that nobody has updated for two quarters at the second cut. For a stakeholder whose sentiment was
    never given, the time since they were added counts."""

    stakeholders: list[Untouched]


class WarningSigns(BaseModel):
    """The warning signs of a period. Each is a reason to look closer."""

    closing_review: str | None = Field(description="The last review held in the period.")
    recorded_on_the_eve: Eve
    finished_in_the_last_minutes: Signal = Field(
        description="Promises finished less than 30 minutes before the closing review."
    )
    finished_without_evidence: Signal
    finishes_taken_back: Signal = Field(
        description="Finishes that were reopened, each counted once; the events are the finish and its reopening."
    )
    only_reviews: Quiet
    untouched_sentiments: UntouchedSentiments
    unexplained_moves: Signal
    late_notice_moves: Signal


def warning_signs(period: Period) -> WarningSigns:
    """Return the warning signs of a period. Entries struck by the second cut are left out."""
    records = [record for record in period.records if record.version not in period.struck]
    held = [record for record in records if type(record.event) is ReviewHeld]
    closing = held[-1] if held else None
    before = period.a.version
    recorded = [(life, life.after(before)) for life in period.lives.values() if life.last.record.version > before]
    finishes = [moment for _, since in recorded for moment in since.those(FINISHES)]
    moves = [move for _, since in recorded for move in moves_to_later(since)]
    return WarningSigns(
        closing_review=closing.event.subject() if closing else None,
        recorded_on_the_eve=_eve(records, closing),
        finished_in_the_last_minutes=_signal(_before((each.record for each in finishes), closing, LAST_MINUTES)),
        finished_without_evidence=_signal(each.record for each in finishes if not has_evidence(each.promise)),
        finishes_taken_back=_taken_back((life for life, since in recorded if since.those(REOPENINGS)), period.a),
        only_reviews=_quiet(records),
        untouched_sentiments=_untouched(period),
        unexplained_moves=_signal(each.record for each in moves if gave_no_reason(each.record)),
        late_notice_moves=_signal(each.record for each in moves if is_late_notice(each, period.day_of(each.record))),
    )


def _in_order(records: Iterable[Recorded]) -> list[Recorded]:
    """Return the records in order, each once."""
    return [record for _, record in sorted({record.version: record for record in records}.items())]


def _signal(records: Iterable[Recorded]) -> Signal:
    found = [record.id for record in _in_order(records)]
    return Signal(count=len(found), events=found)


def _before(records: Iterable[Recorded], closing: Recorded | None, within: timedelta) -> Iterator[Recorded]:
    """Yield the records of the last `within` before the closing review."""
    if closing is None:
        return
    since = closing.meta.recorded_at - within
    for record in records:
        if record.version < closing.version and record.meta.recorded_at > since:
            yield record


def _eve(records: Sequence[Recorded], closing: Recorded | None) -> Eve:
    found = [record.id for record in _before(records, closing, EVE)]
    share = rate(len(found), len(records)) if closing else None
    return Eve(count=len(found), of=len(records), share=share, events=found)


def _taken_back(promises: Iterable[Life], a: Cut) -> Signal:
    found: list[tuple[Recorded, Recorded]] = []
    for life in promises:
        endings: list[Moment] = []
        for moment in life.moments:
            if moment.is_one_of(REOPENINGS):
                ending = endings.pop()
                if moment.record.version > a.version and ending.is_one_of(FINISHES):
                    found.append((ending.record, moment.record))
            elif moment.is_one_of(FINISHES | DROPS):
                endings.append(moment)
    cited = _in_order(record for both in found for record in both)
    return Signal(count=len(found), events=[record.id for record in cited])


def _quiet(period: Sequence[Recorded]) -> Quiet:
    reviews = [record.id for record in period if record.event.refreshes() == "reviews"]
    return Quiet(count=len(reviews), events=reviews, only_reviews=len(reviews) == len(period))


def _untouched(period: Period) -> UntouchedSentiments:
    last: dict[str, Recorded] = {}
    for record in period.known.records:
        if type(record.event) in SAYING_SENTIMENTS:
            last[record.event.subject()] = record
    there = (who for who, each in period.known.state.all(Stakeholder).items() if each.is_there)
    aged = ((who, last[who], period.day_of(last[who])) for who in there)
    found = [
        Untouched(id=who, since_on=since, days=(period.b.date - since).days, event=record.id)
        for who, record, since in aged
        if (period.b.date - since).days >= TWO_QUARTERS_DAYS
    ]
    return UntouchedSentiments(count=len(found), events=[each.event for each in found], stakeholders=found)
