"""The period between two cuts of a plan, and what was known at the second. Every part of a report is computed from
it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from application.reports.promises import Key, Life, lives
from application.views.cuts import Cut, judged_from, plans_at, shortened_to, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, held_reviews
from domain.account_plan.language import AccountPlan
from domain.account_plan.promises import PROMISES, open_promises
from domain.record import Recorded
from domain.things import day_of


@dataclass(frozen=True)
class Period:
    """A period. What several parts of a report need is computed once."""

    known: LoadedPlan
    """The plan up to the second cut, without anything recorded later."""
    a: Cut
    b: Cut
    """The second cut as it is judged (`judged_from`)."""
    was: AccountPlan
    """The plan at the first cut; empty before it was opened."""

    @classmethod
    def between(cls, known: LoadedPlan, a: Cut, b: Cut) -> "Period":
        """Return the period between two cuts. Raises `CutBeforePlan` for the second."""
        was, now = plans_at(known, a, b)
        return cls(shortened_to(known, b, now), a, judged_from(a, b), was)

    @cached_property
    def zone(self) -> str:
        return timezone_of(self.known)

    @cached_property
    def records(self) -> Sequence[Recorded]:
        """The events after the first cut."""
        return self.known.records[self.a.version :]

    @cached_property
    def lives(self) -> Mapping[Key, Life]:
        """The life of every promise that was ever made."""
        return lives(self.known.records)

    @cached_property
    def lives_at_stake(self) -> Mapping[Key, Life]:
        """The lives of the promises that were open at the first cut or had an event since. In a long history these are
        few."""
        open_then = {(promise.noun, promise.id) for promise in open_promises(self.was)}
        events = (record.event for record in self.records)
        told_of = {(event.noun, event.subject()) for event in events if event.noun in PROMISES}
        return lives(self.known.records, open_then | told_of)

    @property
    def struck(self) -> Mapping[int, str]:
        """The versions of all entries that were struck as mistakes (`struck_by`)."""
        return self.known.struck

    @cached_property
    def reviews(self) -> Sequence[ReviewOnRecord]:
        """The reviews that were held and not struck by the second cut, in order of recording."""
        return held_reviews(self.known, self.b)

    def day_of(self, record: Recorded) -> date:
        return day_of(record.meta.recorded_at, self.zone)
