"""The time between two cuts of a plan, and what was known at the second: what every part of a report is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from application.reports.promises import Key, Life, lives
from application.views.cuts import Cut, judged_from, known_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, held_reviews
from domain.record import Recorded
from domain.things import day_of


@dataclass(frozen=True)
class Period:
    """What several parts need is made once."""

    known: LoadedPlan
    """Up to the second cut, and nothing of what was recorded later."""
    a: Cut
    b: Cut
    """As it is judged: see `judged_from`."""

    @classmethod
    def between(cls, known: LoadedPlan, a: Cut, b: Cut) -> "Period":
        """Raises `CutBeforePlan` for the second cut."""
        return cls(known_at(known, b), a, judged_from(a, b))

    @cached_property
    def zone(self) -> str:
        return timezone_of(self.known)

    @cached_property
    def records(self) -> Sequence[Recorded]:
        """Those after the first cut."""
        return self.known.records[self.a.version :]

    @cached_property
    def lives(self) -> Mapping[Key, Life]:
        """Of every promise there ever was."""
        return lives(self.known.records)

    @cached_property
    def reviews(self) -> Sequence[ReviewOnRecord]:
        """Every review that was held and not struck by the second cut, in the order they were recorded."""
        return held_reviews(self.known, self.b)

    def day_of(self, record: Recorded) -> date:
        return day_of(record.meta.recorded_at, self.zone)
