"""The lives of promises: each play and action as it was after every event about it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from domain.account_plan import ACCOUNT_PLAN, EMPTY, actions, plays
from domain.account_plan.promises import PROMISES, Promise
from domain.record import Recorded
from domain.things import Draft

Key = tuple[str, str]
"""Kind and id."""

FINISHES = (plays.PlayWon, plays.PlayLost, actions.ActionCompleted)
DROPS = (plays.PlayDropped, actions.ActionDropped)
REOPENINGS = (plays.PlayReopened, actions.ActionReopened)
MOVES = (plays.PlayRescheduled, actions.ActionRescheduled)
RESTATEMENTS = (plays.PlayRestated, actions.ActionRestated)
REASSIGNMENTS = (plays.PlayReassigned, actions.ActionReassigned)
MAKINGS = (plays.PlayPlanned, actions.ActionAdded)
TOLD_BY_THE_STATE = (
    plays.PlayStarted,
    plays.PlayBlocked,
    plays.PlayUnblocked,
    plays.PlayRelinked,
    actions.ActionRelinked,
    actions.DateHeld,
    actions.ActionAcknowledged,
)
"""The events that a report need not tell apart, because the promise as it stands afterwards says all about them."""


NOTICE_DAYS = 3
"""A move that is recorded fewer days than this before the due day comes too late to be a notice."""


class Moment(NamedTuple):
    """An event about a promise, and the promise as it stood after it."""

    record: Recorded
    promise: Promise

    def is_one_of(self, events: tuple[type, ...]) -> bool:
        return isinstance(self.record.event, events)

    @property
    def is_move_to_later(self) -> bool:
        event = self.record.event
        return isinstance(event, MOVES) and event.due_on > event.former


@dataclass
class Life:
    """Everything that was recorded about one promise, the oldest first."""

    moments: list[Moment] = field(default_factory=list)

    @property
    def first(self) -> Moment:
        return self.moments[0]

    @property
    def last(self) -> Moment:
        return self.moments[-1]

    @property
    def key(self) -> Key:
        promise = self.first.promise
        return promise.noun, promise.id

    def until(self, version: int) -> "Life":
        """Return what was recorded up to a version."""
        return Life(self.moments[: self._place_after(version)])

    def after(self, version: int) -> "Life":
        return Life(self.moments[self._place_after(version) :])

    def _place_after(self, version: int) -> int:
        return bisect_right(self.moments, version, key=lambda moment: moment.record.version)

    def those(self, events: tuple[type, ...]) -> list[Moment]:
        return [moment for moment in self.moments if moment.is_one_of(events)]


def lives(records: Iterable[Recorded]) -> Mapping[Key, Life]:
    """Return the lives by kind and id, in order of creation. No event of another topic changes a promise."""
    draft, found = Draft(EMPTY), dict[Key, Life]()
    for record in records:
        event = record.event
        kind = PROMISES.get(event.noun)
        if kind is None:
            continue
        ACCOUNT_PLAN.add(draft, [event])
        promise = draft.the(kind, event.subject())
        found.setdefault((promise.noun, promise.id), Life()).moments.append(Moment(record, promise))
    return found


def finish_of(life: Life) -> Moment | None:
    """Return the event that finished a promise, if it is finished at the end of this life."""
    if life.last.promise.finished_on is None:
        return None
    return next(moment for moment in reversed(life.moments) if moment.is_one_of(FINISHES))


def has_evidence(promise: Promise) -> bool:
    """Return whether there is proof of the finish: a result or evidence that is not blank."""
    return any(words and words.strip() for words in (promise.result, promise.evidence))


def moves_to_later(life: Life) -> Iterator[Moment]:
    return (moment for moment in life.moments if moment.is_move_to_later)


def gave_no_reason(record: Recorded) -> bool:
    return not (record.meta.reason or "").strip()


def is_late_notice(move: Moment, recorded_on: date) -> bool:
    """Return whether a promise was moved fewer than `NOTICE_DAYS` before its due day, or after it."""
    event = move.record.event
    return isinstance(event, MOVES) and (event.former - recorded_on).days < NOTICE_DAYS
