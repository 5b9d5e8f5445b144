"""The lives of promises: each play and action as it was after every event about it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from domain.account_plan import ACCOUNT_PLAN, EMPTY, actions, play_states, plays
from domain.account_plan.consequences import naming_the_other
from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.promises import PROMISES, Promise
from domain.language import Event
from domain.record import Recorded
from domain.things import Draft

Key = tuple[str, str]
"""Kind and id."""

EventTypes = AbstractSet[type[Event]]

FINISHES: EventTypes = frozenset((play_states.PlayWon, play_states.PlayLost, actions.ActionCompleted))
DROPS: EventTypes = frozenset((play_states.PlayDropped, actions.ActionDropped))
REOPENINGS: EventTypes = frozenset((play_states.PlayReopened, actions.ActionReopened))
MOVES: EventTypes = frozenset((plays.PlayRescheduled, actions.ActionRescheduled))
RESTATEMENTS: EventTypes = frozenset((plays.PlayRestated, actions.ActionRestated))
REASSIGNMENTS: EventTypes = frozenset((plays.PlayReassigned, actions.ActionReassigned))
MAKINGS: EventTypes = frozenset((plays.PlayPlanned, actions.ActionAdded))
TOLD_BY_THE_STATE: EventTypes = frozenset(
    (
        play_states.PlayStarted,
        play_states.PlayBlocked,
        play_states.PlayUnblocked,
        plays.PlayRelinked,
        actions.ActionRelinked,
        actions.DateHeld,
        actions.ActionAcknowledged,
    )
)
"""Events that a report need not distinguish, because the resulting state of the promise says everything about them."""


NOTICE_DAYS = 3
"""A move recorded fewer days than this before the due day is late notice."""

CORRECTIONS_OF: Mapping[EventTypes, frozenset[str]] = {
    MOVES: frozenset({"due_on"}),
    RESTATEMENTS: frozenset({*plays.PlayRestated.model_fields, *actions.ActionRestated.model_fields} - {"id"}),
    REASSIGNMENTS: frozenset({"owner"}),
}
"""Which corrected fields make a correction count like the events of this kind, so that nobody can improve a promise by
correcting it."""


class Moment(NamedTuple):
    """An event about a promise, and the promise after it."""

    record: Recorded
    promise: Promise

    def is_one_of(self, events: EventTypes) -> bool:
        event = self.record.event
        return type(event) in events or (
            event.corrects and not CORRECTIONS_OF.get(events, frozenset()).isdisjoint(event.model_fields_set)
        )

    @property
    def is_correction(self) -> bool:
        return self.record.event.corrects

    @property
    def is_withdrawal(self) -> bool:
        return self.record.event.withdraws

    @property
    def is_move_to_later(self) -> bool:
        return self.is_one_of(MOVES) and self.promise.due_on > former_day(self)


@dataclass
class Life:
    """All events about one promise, the oldest first."""

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
        """Return the life up to a version."""
        whole = not self.moments or self.last.record.version <= version
        return self if whole else Life(self.moments[: self._place_after(version)])

    def after(self, version: int) -> "Life":
        whole = not self.moments or self.first.record.version > version
        return self if whole else Life(self.moments[self._place_after(version) :])

    def _place_after(self, version: int) -> int:
        return bisect_right(self.moments, version, key=lambda moment: moment.record.version)

    def those(self, events: EventTypes) -> list[Moment]:
        return [moment for moment in self.moments if moment.is_one_of(events)]


def lives(records: Iterable[Recorded], only: AbstractSet[Key] | None = None) -> Mapping[Key, Life]:
    """Return the lives by kind and id, in order of creation: of all promises, or of those in `only`.

    Among events of other topics only the merging of stakeholders changes promises: those that name the stakeholder.
    """
    draft, found = Draft(EMPTY), dict[Key, Life]()
    for record in records:
        event = record.event
        kind = PROMISES.get(event.noun)
        if type(event) is StakeholderMerged:
            for each in found.values():
                promise = naming_the_other(each.last.promise, event)
                if promise is not each.last.promise:
                    each.moments.append(Moment(record, promise))
                    if draft.has(type(promise), promise.id):
                        draft.put(promise)
        if kind is None:
            continue
        key = event.noun, event.subject()
        if only is not None and key not in only:
            continue
        ACCOUNT_PLAN.add(draft, [event])
        life = found.get(key)
        if life is None:
            life = found[key] = Life()
        promise = draft.find(kind, key[1]) or withdrawn(life.last.promise)
        life.moments.append(Moment(record, promise))
    return found


def withdrawn(promise: Promise) -> Promise:
    """Return a promise that was withdrawn because it had been entered by mistake. It counts as dropped."""
    return promise.but({"state": "dropped", "finished_on": None})


def former_day(move: Moment) -> date:
    """Return the day on which a promise was due before it was moved."""
    former: Any = getattr(move.record.event, "former", None)
    day: date = former.due_on if move.is_correction else former
    return day


def finish_of(life: Life) -> Moment | None:
    """Return the moment at which a promise was finished; None if it is not finished at the end of this life."""
    if life.last.promise.finished_on is None:
        return None
    return next(moment for moment in reversed(life.moments) if moment.is_one_of(FINISHES))


def has_evidence(promise: Promise) -> bool:
    """Return whether the finish is proven by a result or evidence that is not blank."""
    return any(words and words.strip() for words in (promise.result, promise.evidence))


def moves_to_later(life: Life) -> Iterator[Moment]:
    return (moment for moment in life.moments if moment.is_move_to_later)


def gave_no_reason(record: Recorded) -> bool:
    return not (record.meta.reason or "").strip()


def is_late_notice(move: Moment, recorded_on: date) -> bool:
    """Return whether a promise was moved fewer than `NOTICE_DAYS` before its due day, or after it."""
    return move.is_one_of(MOVES) and (former_day(move) - recorded_on).days < NOTICE_DAYS
