"""How much of what was said was done, from review to review, for each plan in the portfolio."""

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
"""The number of pairs of reviews in the drawing: the latest ones."""

MOST_PLANS = 10_000

Rates = Sequence[float | None]
"""The rate of each pair of reviews, the oldest first; None if nothing was scored."""


class KeepRates:
    """Computes the rates of a plan once for each version. They are figures, so forgetting a person does not change
    them."""

    def __init__(self) -> None:
        self._kept: Kept[Rates] = Kept(MOST_PLANS)

    def of(self, known: LoadedPlan, now: datetime) -> Rates:
        def made() -> Rates:
            return [score.keep_rate for score in kept_since(known, cut_at("now", known, now))][-MOST_SHOWN:]

        return self._kept.of(known.id, known.version, made)


@dataclass(frozen=True)
class KeepRate:
    """The rate at the last review, its change since the previous one, and a drawing of earlier rates."""

    now: str
    change: str
    tone: str
    spark: Line | None
    """The drawing; None if there are too few rates."""
    words: str
    """A description of the drawing for readers who do not see it."""


def keep_rate(rates: Rates, say: Speech) -> KeepRate | None:
    """Return the rate; None if nothing was ever scored."""
    said = [rate for rate in rates if rate is not None]
    if not said:
        return None
    points = round((said[-1] - said[-2]) * 100) if len(said) > 1 else 0
    change = "" if len(said) == 1 else say("as before") if not points else say.points(points)
    tone = "good" if points > 0 else "bad" if points < 0 else ""
    words = say("from review to review: {rates}", rates=", ".join(say.share(rate) for rate in rates))
    return KeepRate(say.share(said[-1]), change, tone, spark(rates) if says_something(rates) else None, words)
