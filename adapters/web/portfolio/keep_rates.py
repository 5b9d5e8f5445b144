"""How much of what was said was done, from review to review, of each plan in the portfolio."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from adapters.web.figures import Line, says_something, spark
from adapters.web.kept import Kept
from adapters.web.languages import Speech
from application.reports.trend import kept_since
from application.views.cuts import cut_at
from application.views.loaded_plan import LoadedPlan

MOST_SHOWN = 8
"""Pairs of reviews that are drawn, the latest ones."""

MOST_PLANS = 10_000

Rates = Sequence[float | None]
"""The rate of each pair of reviews, the oldest first; None where nothing is scored."""


class KeepRates:
    """Reckons the rates of a plan once for each of its versions. They are figures: forgetting somebody changes none."""

    def __init__(self) -> None:
        self._kept: Kept[Rates] = Kept(MOST_PLANS)

    def of(self, known: LoadedPlan, now: datetime) -> Rates:
        def made() -> Rates:
            return [score.keep_rate for score in kept_since(known, cut_at("now", known, now))][-MOST_SHOWN:]

        return self._kept.of(known.id, known.version, made)


@dataclass(frozen=True)
class KeepRate:
    """The rate as of the last review, its change since the one before, and a drawing of those before."""

    now: str
    change: str
    tone: str
    spark: Line | None
    """None where there are too few to draw."""
    words: str
    """What the drawing shows, for whoever does not see it."""


def keep_rate(rates: Rates, say: Speech) -> KeepRate | None:
    """None where nothing was ever scored."""
    said = [rate for rate in rates if rate is not None]
    if not said:
        return None
    points = round((said[-1] - said[-2]) * 100) if len(said) > 1 else 0
    change = "" if len(said) == 1 else say("as before") if not points else say.points(points)
    tone = "good" if points > 0 else "bad" if points < 0 else ""
    words = say("from review to review: {rates}", rates=", ".join(say.share(rate) for rate in rates))
    return KeepRate(say.share(said[-1]), change, tone, spark(rates) if says_something(rates) else None, words)
