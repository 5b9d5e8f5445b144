"""A measure: a figure of a plan in a month, and how the figures of several plans become one."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal, NamedTuple, get_args

from application.measures.measured import Measured

Unit = Literal["money", "count", "share", "days", "grade", "exposure", "times a week"]
Adding = Literal["sum", "ratio", "median"]
"""How figures become one.  The parts of a sum are one number, those of a ratio what is divided and by what, those of a
median all its numbers: whatever the parts are added up to, the value is reckoned last."""

Span = Literal["in the month", "at its end", "at its end, archived plans too"]
"""What a measure is about: what happened, or how things stand.  Nobody works on an archived plan any more, so how it
stands is measured only where it says what the account pays."""

Parts = tuple[Decimal, ...]
Figures = Mapping[str, Parts]
"""The parts by what they are told apart by; of a measure that tells nothing apart, by an empty string."""

ALL = ""
"""The only key of a measure that tells nothing apart."""

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
    """One measure: what it says, and why anybody asks."""

    unit: Unit
    adding: Adding
    span: Span
    definition: str
    """What is measured, in a sentence."""
    seed: str
    """The experience that the measure comes from."""
    judge: Callable[[Measured], Figures]
    of_money: bool = False
    """Whether its parts are amounts, so that they are added within one currency only."""
    by: str | None = None
    """What its figures are told apart by."""


def one(*parts: Decimal | int) -> Figures:
    """The figure of a measure that tells nothing apart."""
    return {ALL: tuple(map(Decimal, parts))}


def share(part: Decimal | int, whole: Decimal | int) -> Figures:
    """The figure of a ratio; none where there is nothing to divide by."""
    return one(part, whole) if whole else {}


def added(adding: Adding, figures: Sequence[Parts]) -> Parts:
    """The parts of several plans, or months, as those of one."""
    if len(figures) == 1 and adding != "median":
        return figures[0]
    if adding == "median":
        return tuple(sorted(number for parts in figures for number in parts))
    return tuple(sum(parts, Decimal(0)) for parts in zip(*figures, strict=True))


def value_of(adding: Adding, parts: Parts) -> Decimal | None:
    """The value of a measure; None where there is nothing to divide by and nothing to take the middle of."""
    match adding:
        case "sum":
            return parts[0] if parts else Decimal(0)
        case "ratio":
            part, whole = parts or (Decimal(0), Decimal(0))
            return (part / whole).quantize(FOUR_PLACES, ROUND_HALF_UP) if whole else None
        case "median":
            return _middle(parts)


def _middle(numbers: Parts) -> Decimal | None:
    """Of numbers in their order; of an even count, half way between the two in the middle."""
    if not numbers:
        return None
    return (numbers[(len(numbers) - 1) // 2] + numbers[len(numbers) // 2]) / 2
