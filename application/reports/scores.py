"""Scores: how much of what was said was done, as counts of outcomes and two rates."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import get_args

from pydantic import BaseModel, Field

from application.reports.outcomes import Judged, Outcome, PromiseOutcome

PLACES = 10_000

COUNTS = (*get_args(Outcome), "scored", "already_done", "kept_as_said", "kept_proven")


class Score(BaseModel):
    """Counts of promises by outcome. Pending promises, and those already done when they were said, are not scored."""

    scored: int = 0
    kept: int = 0
    late: int = 0
    failed: int = 0
    dropped: int = 0
    slipped: int = 0
    missed: int = 0
    pending: int = Field(0, description="Not scored: still open and not past due.")
    already_done: int = Field(0, description="Not scored: done already when it was said.")
    kept_as_said: int = Field(0, description="Kept, and never reworded.")
    kept_proven: int = Field(0, description="Kept as said, with result or evidence, and recorded within two days.")
    keep_rate: float | None = Field(None, description="Kept of scored: done in time.")
    done_rate: float | None = Field(None, description="Kept, late or failed of scored: done, with whatever result.")


class Finished(BaseModel):
    """How many promises of ours were finished, and how many of these had never been said before."""

    finished: int = 0
    unsaid: int = 0
    unsaid_share: float | None = None


def rate(part: int, whole: int) -> float | None:
    """Return the rate, rounded half up to four decimal places; None if the divisor is zero."""
    return (2 * PLACES * part + whole) // (2 * whole) / PLACES if whole else None


def score(rows: Iterable[PromiseOutcome | Judged], missed: int = 0, pending: int = 0) -> Score:
    """Return the score of these promises, and of further ones that were missed or are pending without a flag that
    matters."""
    counts: Counter[str] = Counter(missed=missed, scored=missed, pending=pending)
    for row in rows:
        if "already_done" in row.flags:
            counts["already_done"] += 1
            continue
        counts[row.outcome] += 1
        counts["scored"] += row.outcome != "pending"
        as_said = row.outcome == "kept" and "restated" not in row.flags
        counts["kept_as_said"] += as_said
        counts["kept_proven"] += as_said and not {"no_evidence", "recorded_late"} & set(row.flags)
    return with_rates(counts)


def total(scores: Sequence[Score]) -> Score:
    """Add the counts of scores, and compute the rates from the sums."""
    return with_rates(Counter({name: sum(getattr(each, name) for each in scores) for name in COUNTS}))


def with_rates(counts: Counter[str]) -> Score:
    done = counts["kept"] + counts["late"] + counts["failed"]
    return Score(
        **{name: counts[name] for name in COUNTS},
        keep_rate=rate(counts["kept"], counts["scored"]),
        done_rate=rate(done, counts["scored"]),
    )


def finished(rows: Iterable[PromiseOutcome]) -> Finished:
    """Count finished promises over all lists together."""
    ended = [row for row in rows if row.finished_on]
    return share_of_unsaid(len(ended), sum("unsaid" in row.flags for row in ended))


def share_of_unsaid(finished: int, unsaid: int) -> Finished:
    return Finished(finished=finished, unsaid=unsaid, unsaid_share=rate(unsaid, finished))
