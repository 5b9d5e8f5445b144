"""Measures: a figure of a plan in a month, and how the figures of several plans are combined."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple, get_args

from application.measures.measured import Measured

Unit = Literal["money", "count", "share", "days", "grade", "exposure", "times a week"]
Adding = Literal["sum", "ratio", "median"]
"""How figures are combined. The part of a sum is one number; those of a ratio are dividend and divisor; those of a
median are all its numbers. Parts are added first, and the value is computed last."""

Span = Literal["in the month", "at its end", "at its end, archived plans too"]
"""What a measure covers: what happened in the month, or the state at its end. Nobody works on an archived plan, so its
state is measured only for what the account pays."""

Parts = tuple[Decimal, ...]
Figures = Mapping[str, Parts]
"""The parts by the key that distinguishes them; the key is empty for a measure with a single figure."""

ALL = ""
"""The key of a measure with a single figure."""

FOUR_PLACES = Decimal("0.0001")

MeasureName = Literal[
    "arr",
    "net_retention",
    "nrr_class",
    "nrr_migrations",
    "arr_won",
    "arr_won_by_source",
    "attributable_arr",
    "claimed_arr",
    "discount",
    "cycle_days",
    "pipeline_created",
    "pipeline_created_by_source",
    "pipeline_open",
    "weighted_pipeline",
    "multi_threaded",
    "multi_threaded_opportunities",
    "next_step_dated",
    "contacts_mapped",
    "contacts_engaged",
    "coverage",
    "new_buying_centers",
    "executive_meetings",
    "buyer_meetings",
    "sponsor_coverage",
    "whitespace_converted",
    "penetrated_share",
    "on_schedule",
    "play_completion",
    "plays_started",
    "milestone_on_time",
    "milestones_held",
    "pilot_days",
    "library_win_rate",
    "library_keep_rate",
    "risks_worked",
    "risk_updates_per_week",
    "exposure",
    "arr_exposed",
    "hypothesis_quality",
    "calibration_hypotheses",
    "calibration_plays",
    "hygiene",
    "findings",
]
MEASURE_NAMES: Sequence[MeasureName] = get_args(MeasureName)


class Measure(NamedTuple):
    """A measure: what it says, and why it matters."""

    unit: Unit
    adding: Adding
    span: Span
    definition: str
    """What is measured, as a sentence."""
    seed: str
    """The experience behind the measure."""
    judge: Callable[[Measured], Figures]
    of_money: bool = False
    """Whether its parts are amounts of money, which are added only within one currency."""
    by: str | None = None
    """The property that distinguishes its figures."""


def one(*parts: Decimal | int) -> Figures:
    """Return the figure of a measure with a single figure."""
    return {ALL: tuple(map(Decimal, parts))}


def share(part: Decimal | int, whole: Decimal | int) -> Figures:
    """Return the figure of a ratio; none if the divisor is zero."""
    return one(part, whole) if whole else {}


def added(adding: Adding, figures: Sequence[Parts]) -> Parts:
    """Return the sum of the parts of several plans or months."""
    if len(figures) == 1 and adding != "median":
        return figures[0]
    if adding == "median":
        return tuple(sorted(number for parts in figures for number in parts))
    return tuple(sum(parts, Decimal(0)) for parts in zip(*figures, strict=True))


def value_of(adding: Adding, parts: Parts) -> Decimal | None:
    """Return the value of a measure; None if the divisor is zero or there are no numbers."""
    match adding:
        case "sum":
            return parts[0] if parts else Decimal(0)
        case "ratio":
            part, whole = parts or (Decimal(0), Decimal(0))
            return (part / whole).quantize(FOUR_PLACES, ROUND_HALF_UP) if whole else None
        case "median":
            return _middle(parts)


def _middle(numbers: Parts) -> Decimal | None:
    """Return the median of sorted numbers; of an even count, the mean of the two in the middle."""
    if not numbers:
        return None
    return (numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]) / 2
