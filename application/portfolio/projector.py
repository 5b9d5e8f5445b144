"""Updates the portfolio event by event. A row keeps only the part of a plan that later events need."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cache
from typing import Any, get_args
from uuid import UUID

from application.portfolio.row import KEPT, KeptPlan, PortfolioRow
from domain.account_plan import ACCOUNT_PLAN, EMPTY, EVENTS
from domain.account_plan.language import Section
from domain.account_plan.reviews import Review
from domain.language import Event, bare
from domain.markers import Sealed, marked
from domain.refusals import Unknown
from domain.things import Draft

NOUNS = frozenset(kind.noun for kind in KEPT)
APPLIED = frozenset(event for event in EVENTS.values() if event.noun in NOUNS)
"""The events about things that a row keeps. Of all other events only the time and the refreshed section count."""

STRIKING = frozenset(event for event in EVENTS.values() if event.strikes is not Event.strikes)
WITHDRAWING_A_REVIEW = frozenset(each for each in EVENTS.values() if each.withdraws and each.noun == Review.noun)
REFRESHING = frozenset(event for event in EVENTS.values() if event.refreshes is not Event.refreshes)
"""The events that name the section they refresh."""


@cache
def reads(event: type[Event]) -> tuple[str, ...]:
    """Return the fields that are read from an event; from most events there are none.

    From an event that creates a thing, these are the fields that a row keeps of the thing; from the other applied
    events, all fields without text about people.
    """
    if event not in APPLIED | STRIKING | REFRESHING:
        return ()
    untold = {name for name, _ in marked(event, Sealed)}
    for kind, kept in KEPT.items():
        needed = {name for name, field in kind.model_fields.items() if field.is_required()}
        if kind.noun == event.noun and needed <= event.model_fields.keys():
            untold |= event.model_fields.keys() - kept
    return tuple(name for name in event.model_fields if name not in untold)


PartialEvent = tuple[UUID, int, int, datetime, Event]
"""The part of a recorded event that is read: plan, version, position, time of recording, and the event with the fields
that `reads` names. A rule that needs another field of it raises an `AttributeError`. It is a plain tuple, because a
rebuild makes a hundred thousand of them."""


@cache
def maker(kind: type[Event]) -> Callable[[dict[str, Any]], Event]:
    """Return a function that makes partial events of a kind from validated fields."""
    fields = {name: kind.model_fields[name] for name in reads(kind)}
    unsaid = {name: field.get_default() for name, field in fields.items() if not field.is_required()}
    if not fields:
        nothing = bare(kind, {})
        return lambda _: nothing
    return lambda said: bare(kind, {**unsaid, **said} if unsaid else said, said.keys())


class NeedsWholeHistory(Exception):
    """The event takes back something that the row no longer contains. The plan must be folded from its first event."""


class CannotBeFolded(Exception):
    """The log contains an event that this version cannot read. The projection stops there, because it must not skip
    events."""

    def __init__(self, topic: str, position: int) -> None:
        super().__init__(
            f"{topic} at position {position} of the log cannot be folded: it was written by a newer plantrail, which is"
            " to be installed here too, or it was damaged, and the log is to be restored from a copy"
        )


class PortfolioProjector:
    """Computes the row of one plan. The rules of the plan itself apply the events, to the part that is kept."""

    def __init__(self, onto: PortfolioRow | None = None) -> None:
        self._draft = Draft(onto.plan if onto else EMPTY)
        self._knows_all = onto is None
        self._row = onto
        self._last: PartialEvent | None = None
        self._refreshed_at = dict(onto.refreshed_at) if onto else {}

    @property
    def version(self) -> int:
        return self._draft.version

    def row(self) -> PortfolioRow:
        """Return the row after the events so far, of which there must be at least one."""
        if self._last:
            plan_id, _, position, recorded_at, _ = self._last
            plan = KeptPlan.of(self._draft)
            self._row = PortfolioRow(plan_id, position, recorded_at, dict(self._refreshed_at), plan)
            self._draft, self._knows_all, self._last = Draft(plan), False, None
        assert self._row
        return self._row

    def add(self, partial_events: Iterable[PartialEvent]) -> None:
        """Apply the next events.

        Raises `CannotBeFolded`, and `NeedsWholeHistory` unless these are all the events of the plan.
        """
        draft, seen, first = self._draft, list(partial_events), self._draft.version + 1
        events, passed, struck = self._sorted(seen)
        withdrawn = {event.subject() for event in events if type(event) in WITHDRAWING_A_REVIEW}
        if (struck or withdrawn) and any(
            review.held_in in struck or (review.held_in and review.id in withdrawn)
            for review in draft.all(Review).values()
        ):
            # Of everything that can be taken back, a row keeps only the last held review.
            raise NeedsWholeHistory
        try:
            ACCOUNT_PLAN.add(draft, events, passed | struck)
        except Exception as error:
            if isinstance(error, KeyError | Unknown) and not self._knows_all:
                raise NeedsWholeHistory from None
            _, _, position, _, event = seen[draft.version - first]
            raise CannotBeFolded(type(event).__name__, position) from error
        self._last = seen[-1] if seen else self._last

    def _sorted(self, seen: Iterable[PartialEvent]) -> tuple[list[Event], set[int | None], set[int | None]]:
        """Return the events, the versions of events about things that are not kept, and the struck versions."""
        version, refreshed_at = self._draft.version, self._refreshed_at
        events, passed, struck = list[Event](), set[int | None](), set[int | None]()
        for _, its_version, position, recorded_at, event in seen:
            version += 1
            kind = type(event)
            if its_version != version:
                error = ValueError(f"version {its_version} does not follow version {version - 1}")
                raise CannotBeFolded(kind.__name__, position) from error
            if version == 1:
                refreshed_at |= dict.fromkeys(get_args(Section), recorded_at)
            refreshed_at[event.refreshes() if kind in REFRESHING else event.home] = recorded_at
            events.append(event)
            if kind not in APPLIED:
                passed.add(version)
            if kind in STRIKING:
                struck.add(event.strikes())
        return events, passed, struck
