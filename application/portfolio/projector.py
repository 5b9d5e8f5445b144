"""Updates the portfolio event by event. A row keeps only as much of the plan's past as later events need."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple, cast, get_args
from uuid import UUID

from application.portfolio.row import OnTheTeam, PortfolioRow
from domain.account_plan.actions import ActionAdded, ActionCompleted, ActionDropped, ActionReopened, ActionRescheduled
from domain.account_plan.entries import EntryStruck, NoteWritten, SectionConfirmed
from domain.account_plan.health import ContractRenewed, ContractSet
from domain.account_plan.language import Section
from domain.account_plan.plan import (
    AccountRenamed,
    PlanArchived,
    PlanCorrected,
    PlanOpened,
    PlanReassigned,
    PlanReopened,
    PlanTerms,
    TierChanged,
)
from domain.account_plan.plays import PlayDropped, PlayLost, PlayPlanned, PlayReopened, PlayRescheduled, PlayWon
from domain.account_plan.reviews import HeldReview, ReviewHeld
from domain.account_plan.team import MemberAssigned, MemberReleased, stint_id
from domain.language import Event
from domain.things import day_of


class PartialEvent(NamedTuple):
    """The part of a recorded event that `READS` names. It takes a fraction of the time of decoding it, and contains
    nobody's text."""

    plan_id: UUID
    version: int
    position: int
    recorded_at: datetime
    event: type[Event]
    said: Mapping[str, Any]


class LooksBack(Exception):
    """The event takes back something that the row no longer knows. The plan must be folded from its first event."""


class CannotBeFolded(Exception):
    """An event is on record that this version cannot read. The projection stops there, because it must not skip
    anything."""

    def __init__(self, topic: str, position: int) -> None:
        super().__init__(
            f"{topic} at position {position} of the log cannot be folded: it was written by a newer plantrail, which is"
            " to be installed here too, or it was damaged, and the log is to be restored from a copy"
        )


class PortfolioProjector:
    """Computes the row of one plan."""

    def __init__(self, onto: PortfolioRow | None = None) -> None:
        self._row = onto and replace(
            onto, due_on=dict(onto.due_on), team=dict(onto.team), refreshed_on=dict(onto.refreshed_on)
        )
        self._knows_all = onto is None
        self._refreshed_at: dict[Section, datetime] = {}
        self._over: dict[str, date] = {}
        self._reviews: dict[int, HeldReview] = {}

    @property
    def version(self) -> int:
        return self._row.version if self._row else 0

    def row(self) -> PortfolioRow:
        """Return the row after the events so far, of which there is at least one."""
        assert self._row
        for section, at in self._refreshed_at.items():
            self._row.refreshed_on[section] = day_of(at, self._row.timezone)
        self._refreshed_at.clear()
        return self._row

    def add(self, partial_events: Iterable[PartialEvent]) -> None:
        """Apply events. Raises `CannotBeFolded`, and `LooksBack` unless the first event of the plan was applied too."""
        for partial_event in partial_events:
            try:
                self._add(partial_event)
            except LooksBack:
                raise
            except Exception as error:
                raise CannotBeFolded(partial_event.event.__name__, partial_event.position) from error

    def _add(self, partial_event: PartialEvent) -> None:
        row, event = self._row or self._open(partial_event), partial_event.event
        if partial_event.version != row.version + 1:
            raise ValueError(f"version {partial_event.version} does not follow version {row.version}")
        row.version, row.position, row.last_event_at = (
            partial_event.version,
            partial_event.position,
            partial_event.recorded_at,
        )
        section = cast(Section, partial_event.said.get("section") or event.home)
        self._refreshed_at[section] = partial_event.recorded_at
        if event in _FOLD:
            _FOLD[event](self, row, partial_event)

    def _open(self, partial_event: PartialEvent) -> PortfolioRow:
        said, at = partial_event.said, partial_event.recorded_at
        touched = dict.fromkeys(get_args(Section), day_of(at, said["timezone"]))
        self._row = PortfolioRow(**said, plan_id=partial_event.plan_id, last_event_at=at, refreshed_on=touched)
        return self._row

    def amend(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        for name, value in partial_event.said.items():
            setattr(row, name, value)

    def archive(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        row.archived = partial_event.event is PlanArchived

    def promise(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        row.due_on[_promise(partial_event)] = partial_event.said["due_on"]

    def end(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        promise = _promise(partial_event)
        self._over[promise] = row.due_on.pop(promise)

    def reopen(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        promise = _promise(partial_event)
        if promise not in self._over and not self._knows_all:
            raise LooksBack
        row.due_on[promise] = self._over.pop(promise)

    def staff(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        said = partial_event.said
        stint = stint_id(said["person"], said["role"], said.get("stint", 1))
        row.team[stint] = OnTheTeam(said["person"], said.get("until_on"))

    def hold_review(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        review = HeldReview(partial_event.said["held_on"], partial_event.version, partial_event.said["id"])
        self._reviews[review.version] = review
        row.review = max(review, row.review or review)

    def strike(self, row: PortfolioRow, partial_event: PartialEvent) -> None:
        struck = int(partial_event.said["event"].rpartition(":")[2])
        self._reviews.pop(struck, None)
        if row.review and row.review.version == struck:
            if not self._knows_all:
                raise LooksBack
            row.review = max(self._reviews.values(), default=None)


def _promise(partial_event: PartialEvent) -> str:
    return f"{partial_event.event.noun}:{partial_event.said['id']}"


READS: Mapping[type[Event], tuple[str, ...]] = {
    PlanOpened: tuple(PlanTerms.model_fields),
    PlanCorrected: ("segment", "territory"),
    AccountRenamed: ("account_name",),
    TierChanged: ("tier",),
    PlanReassigned: ("owner",),
    **dict.fromkeys((ContractSet, ContractRenewed), ("arr", "renews_on")),
    **dict.fromkeys((PlayPlanned, PlayRescheduled, ActionAdded, ActionRescheduled), ("id", "due_on")),
    **dict.fromkeys((PlayWon, PlayLost, PlayDropped, ActionCompleted, ActionDropped), ("id",)),
    **dict.fromkeys((PlayReopened, ActionReopened), ("id",)),
    MemberAssigned: ("person", "role", "stint"),
    MemberReleased: ("person", "role", "stint", "until_on"),
    ReviewHeld: ("id", "held_on"),
    EntryStruck: ("event", "section"),
    **dict.fromkeys((NoteWritten, SectionConfirmed), ("section",)),
}
"""The fields that are read of each event. Of every other event only the time and the section that it refreshes
count."""

_FOLD: Mapping[type[Event], Callable[[PortfolioProjector, PortfolioRow, PartialEvent], None]] = {
    **dict.fromkeys((PlanCorrected, AccountRenamed, TierChanged, PlanReassigned), PortfolioProjector.amend),
    **dict.fromkeys((ContractSet, ContractRenewed), PortfolioProjector.amend),
    **dict.fromkeys((PlanArchived, PlanReopened), PortfolioProjector.archive),
    **dict.fromkeys((PlayPlanned, PlayRescheduled, ActionAdded, ActionRescheduled), PortfolioProjector.promise),
    **dict.fromkeys((PlayWon, PlayLost, PlayDropped, ActionCompleted, ActionDropped), PortfolioProjector.end),
    **dict.fromkeys((PlayReopened, ActionReopened), PortfolioProjector.reopen),
    **dict.fromkeys((MemberAssigned, MemberReleased), PortfolioProjector.staff),
    ReviewHeld: PortfolioProjector.hold_review,
    EntryStruck: PortfolioProjector.strike,
}
