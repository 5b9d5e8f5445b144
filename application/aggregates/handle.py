"""The one way in for commands: read the aggregate, let it decide, record the outcome."""

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from math import inf
from time import monotonic
from typing import Any, Generic, NamedTuple
from uuid import UUID

from application.aggregates.access import CallerNotAllowed
from application.aggregates.aggregate_turns import Turns
from application.aggregates.cache import AggregateCache
from application.aggregates.loaded import LoadedAggregate, RecordsUnread, forgotten_in
from application.aggregates.pending import (
    Done,
    Meant,
    Outside,
    PendingAggregate,
    as_said,
    nothing_outside,
    reason_beside,
    with_id,
)
from application.aggregates.ports import Answer, CommandContext, Commit, EventStore, StoreBusy, ToRecord
from application.aggregates.read import AggregateReader
from application.aggregates.strangers import cautions_about_strangers, people_named
from application.aggregates.traces import traces
from domain.aggregates import A, AggregateType
from domain.language import Caution, Command, Event, Refusal
from domain.record import Recorded

DECIDE_TIMEOUT_SECONDS = 5.0
"""Seconds for which a command is decided again after losing a race, before it is given up."""

TRIES_ON_THE_LOOP = 3
"""How often a command is decided in the event loop before it is left to a thread."""
SECONDS_OTHERS_COUNT = 10.0
"""Seconds after a lost race for which new events of other processes are read before each command."""

MOST_EVENTS_AT_ONCE = 2_000
"""The most events of an aggregate whose commands the event loop decides. The time to decide may grow with them."""


class VersionConflict(Exception):
    """Since the version you have seen, the same thing was changed: look at what happened, then decide again."""

    def __init__(self, known: LoadedAggregate[Any], since: Sequence[Recorded]) -> None:
        super().__init__(known.version)
        self.known = known
        self.since = since

    @property
    def current_version(self) -> int:
        return self.known.version


class KeyReused(Exception):
    """This Idempotency-Key was used for another request; a new request takes a new key."""


class CommandRefused(Exception):
    """An aggregate refused one of several commands. `place` is its index."""

    def __init__(self, place: int, refusal: Refusal) -> None:
        super().__init__(place, refusal)
        self.place = place
        self.refusal = refusal


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key together with its caller, route and body, as HMACs that reveal none of them."""

    scope: bytes
    body: bytes


class Outcome(NamedTuple):
    """The outcome of a list of commands that were all carried out."""

    aggregate_id: UUID
    version: int
    position: int
    done: Sequence[Done]
    erasures: int
    today: date
    """The day it is in the aggregate's time zone."""
    opened: bool = False
    replayed: bool = False
    """Whether this is the answer given before under the same Idempotency-Key."""


class Decided(NamedTuple, Generic[A]):
    """The result of a list of commands, before it is recorded."""

    commit: Commit
    done: Sequence[Done]
    state: A
    """The state of the aggregate after the commands."""


class Reach(NamedTuple):
    """What a command means for other aggregates than its own."""

    command: Command
    """The command in the form in which its own aggregate decides it."""
    vacant: Sequence[UUID] = ()
    """Ids that no other aggregate may have, neither as its own id nor as another name."""
    beside: Sequence[tuple[UUID, Event]] = ()
    """Events of other aggregates that are recorded in the same transaction."""


Check = Callable[[LoadedAggregate[A]], None]
"""Checks the caller's rights to an aggregate. Raises the type's `not_open`, `CallerNotAllowed`."""
Beyond = Callable[["Aggregates[A]", LoadedAggregate[A], Command, Check[A]], Reach]
"""Returns the effects of a command that `reaches_beyond` its own aggregate. Raises `Refusal`."""


def stays_within(_aggregates: object, _known: object, command: Command, _check: object) -> Reach:
    """Return a reach without other aggregates."""
    return Reach(command)


class Aggregates(AggregateReader[A]):
    """The aggregates of one type. Every command of every caller is carried out by `handle` or `handle_async`."""

    def __init__(
        self,
        type: AggregateType[A],
        store: EventStore,
        now: Callable[[], datetime],
        make_id: Callable[[], UUID],
        outside: Outside[A] = nothing_outside,
        cache: AggregateCache[A] | None = None,
        beyond: Beyond[A] = stays_within,
        as_meant: Meant[A] = as_said,
    ) -> None:
        super().__init__(type, store, now, cache)
        self.make_id = make_id
        self._outside = outside
        self._asks_others = outside is not nothing_outside
        self._beyond = beyond
        self._as_meant = as_meant
        self._turns = Turns()
        self._others_seen_at = -inf
        """When a lost race last showed that another process records events of these aggregates."""

    def handle(
        self,
        id: UUID,
        commands: Sequence[Command],
        context: CommandContext,
        *,
        if_match: int | None = None,
        key: Key | None = None,
        at: datetime | None = None,
        check: Callable[[LoadedAggregate[A]], None] = lambda _: None,
    ) -> Outcome:
        """Carry out all of the commands, or none.

        They are decided on the cached aggregate, and again on what is on record if a command is refused or another
        writer was faster. So nobody is refused because of old data. `check` checks the caller's rights on the same
        state that decides. If the commands were carried out before under this `key`, the answer given then is returned.

        Raises `Refusal` (of several commands: `CommandRefused`), `VersionConflict`, `KeyReused`, `StoreUnavailable`.
        """
        commands = [with_id(command, self.make_id) for command in commands]
        id = self._meant_by(id, commands)
        deadline = monotonic() + DECIDE_TIMEOUT_SECONDS
        with self._turns.of(id):
            known, fresh = self.folded(id), False
            while True:
                lost = False
                try:
                    decided = self._decided(known, commands, context, if_match, key, at, check)
                except (Refusal, CommandRefused, VersionConflict):
                    if fresh and key and (outcome := self._answered(key, check)):
                        return outcome
                    if fresh:
                        raise
                    decided = None
                if decided and (decided.commit.events or fresh):
                    commit = decided.commit
                    recorded = self._store.append(commit) if commit.events or commit.answer else ()
                    if recorded is not None:
                        return self._outcome(known, recorded, decided, all_named_in(commands))
                    if key and (outcome := self._answered(key, check)):
                        return outcome
                    lost = True
                if monotonic() > deadline:
                    raise StoreBusy(StoreBusy.__doc__)
                since, known, fresh = known.version, self.refreshed(known), True
                if lost and known.version == since:
                    # Lost although nothing newer is on record: what is cached was lost when another server took over.
                    self._cache.drop(id)
                    known = self.refreshed(LoadedAggregate.of(self._type, id))

    def pending(self, known: LoadedAggregate[A]) -> PendingAggregate[A]:
        """Return an aggregate that decides commands as `handle` does, without recording anything."""
        return PendingAggregate(known, self._outside, self._as_meant)

    def about_strangers(self, before: A, command: Command, context: CommandContext) -> Iterator[Caution]:
        """Yield a warning for everybody of ours whom a command names and nobody has named before. `before` is the state
        on which it is decided."""
        return cautions_about_strangers(self._store, before, command, context)

    def record(
        self, pending: PendingAggregate[A], commands: Sequence[Command], context: CommandContext
    ) -> LoadedAggregate[A] | None:
        """Record what `pending` has decided about the commands, and return the aggregate after it.

        Nothing is recorded, and None is returned, if something else was recorded since, or if a command reaches beyond
        its aggregate: then `handle` decides again. Raises `StoreUnavailable`.
        """
        if any(command.reaches_beyond for command in commands):
            return None
        known = pending.known
        with self._turns.of(known.id):
            commit = Commit(known.id, known.version, pending.to_record, context)
            recorded = self._store.append(commit)
            if recorded is None:
                return None
            return self._taken(known, recorded, Decided(commit, (), pending.state), all_named_in(commands))

    def tried(
        self,
        id: UUID,
        commands: Sequence[Command],
        context: CommandContext,
        *,
        if_match: int | None = None,
        check: Callable[[LoadedAggregate[A]], None] = lambda _: None,
    ) -> Outcome:
        """Return what the outcome of the commands would be now. Nothing is recorded.

        Raises as `handle` does.
        """
        commands = [with_id(command, self.make_id) for command in commands]
        known = self.refreshed(self.folded(self._meant_by(id, commands)))
        commit, done, _ = self._decided(known, commands, context, if_match, None, None, check)
        today = self.today(known) if known.records else self._now().date()
        return Outcome(known.id, known.version + len(commit.events), known.position, done, known.erasures, today)

    async def handle_async(
        self,
        id: UUID,
        commands: Sequence[Command],
        context: CommandContext,
        *,
        if_match: int | None = None,
        key: Key | None = None,
        check: Callable[[LoadedAggregate[A]], None] = lambda _: None,
    ) -> Outcome | None:
        """Carry out the commands as `handle` does, in the event loop, if the cached aggregate is enough to decide them.

        Otherwise, for instance if it is out of date, refuses, or other aggregates matter, nothing is recorded and None
        is returned. The caller then calls `handle` in a thread. Raises `StoreUnavailable`.
        """
        commands = [with_id(command, self.make_id) for command in commands]
        if self._asks_others or any(command.reaches_beyond for command in commands):
            return None
        async with self._turns.on_the_loop(id) as has_it:
            if not (has_it and 0 < self._cache.version(id) <= MOST_EVENTS_AT_ONCE):
                return None
            callers = (context.actor, context.on_behalf_of) if context.on_behalf_of else (context.actor,)
            named = all_named_in(commands)
            if not (self._store.knows(callers) and self._store.remembers(named)):
                return None
            for _ in range(TRIES_ON_THE_LOOP):
                known = await self._current_async(id)
                if known is None:
                    return None
                try:
                    decided = self._decided(known, commands, context, if_match, key, None, check)
                except (Refusal, CommandRefused, VersionConflict, CallerNotAllowed, RecordsUnread):
                    return None
                events = decided.commit.events
                if not events or any(each.event.forgets() is not None for each in events):
                    return None
                recorded = await self._store.append_async(decided.commit)
                if recorded is not None:
                    return self._outcome(known, recorded, decided, named)
                if key:  # the answer to this key may be on record
                    return None
                self._others_seen_at = monotonic()
            return None

    async def _current_async(self, id: UUID) -> LoadedAggregate[A] | None:
        """Return the cached aggregate. If other processes record events too, read those first. Returns None if that
        takes a thread."""
        known = self.folded(id, may_read=False)
        if monotonic() - self._others_seen_at > SECONDS_OTHERS_COUNT:
            return known
        try:
            return await self.refreshed_async(known)
        except RecordsUnread:  # an event strikes an entry, so all events are folded again
            return None

    def _meant_by(self, id: UUID, commands: Sequence[Command]) -> UUID:
        """Return the id of the aggregate that the commands are about. An id that is opened is never an alias."""
        return id if isinstance(commands[0], self._type.opening.command) else self.meant(id)

    def _decided(
        self,
        known: LoadedAggregate[A],
        commands: Sequence[Command],
        context: CommandContext,
        if_match: int | None,
        key: Key | None,
        at: datetime | None,
        check: Callable[[LoadedAggregate[A]], None],
    ) -> Decided[A]:
        if not known.records and not isinstance(commands[0], self._type.opening.command):
            raise self._type.not_open
        check(known)
        check_not_stale(known, commands, if_match)
        last = known.records[-1].meta.recorded_at if known.records else None
        at = at or self._now()
        # A clock that was set back must not reorder the record: every cut is a prefix of it.
        at = max(at, last) if last else at
        pending, done = self.pending(known), list[Done]()
        vacant, beside = list[UUID](), list[Commit]()
        for place, command in enumerate(commands):
            try:
                before = pending.state
                if command.reaches_beyond:
                    reach = self._beyond(self, known, command, check)
                    command = reach.command
                    vacant += reach.vacant
                    beside += self._beside(reach, reason_beside(before, command), at, context)
                carried_out = pending.take(command, at, command_id=str(self.make_id()))
                warnings = (*carried_out.warnings, *self.about_strangers(before, command, context))
                done.append(Done(carried_out.id, carried_out.events, warnings))
            except Refusal as refusal:
                raise (CommandRefused(place, refusal) if len(commands) > 1 else refusal) from None
        answer = None
        if key:
            opened = any(isinstance(command, self._type.opening.command) for command in commands)
            answer = Answer(key.scope, key.body, known.id, _content(pending.state.version, opened, done))
        commit = Commit(known.id, known.version, pending.to_record, context, answer, vacant, beside)
        return Decided(commit, done, pending.state)

    def _beside(self, reach: Reach, reason: str | None, at: datetime, context: CommandContext) -> Iterator[Commit]:
        """Yield the commits of other aggregates that are recorded with a command."""
        for id, event in reach.beside:
            other = self.remembered(id)
            at = max(at, other.records[-1].meta.recorded_at)
            recorded = ToRecord(event, at, str(self.make_id()), reason)
            yield Commit(id, other.version, [recorded], context)

    def _outcome(
        self, known: LoadedAggregate[A], recorded: Sequence[Recorded], decided: Decided[A], named: AbstractSet[str]
    ) -> Outcome:
        opened = not known.records and bool(recorded)
        known = self._taken(known, recorded, decided, named)
        today = self.today(known)
        return Outcome(known.id, known.version, known.position, decided.done, known.erasures, today, opened)

    def _taken(
        self, known: LoadedAggregate[A], recorded: Sequence[Recorded], decided: Decided[A], named: AbstractSet[str]
    ) -> LoadedAggregate[A]:
        """Return the aggregate after what was recorded, which is cached."""
        if forgotten_in(recorded):
            self._cache.drop(known.id)
            left = traces(known.state, known.records, forgotten_in(recorded))
            for record in recorded:
                if record.event.forgets() is not None:
                    self._store.forget(record, left)
            known = self.refreshed(LoadedAggregate.of(self._type, known.id))
        elif recorded:
            # Events that are partly sealed are read as they were recorded.
            as_decided = all(
                each.event is wanted.event for each, wanted in zip(recorded, decided.commit.events, strict=True)
            )
            known = known.with_news(recorded, decided.state if as_decided else None)
            self._cache.put(known)
        if not self._store.knows(named):
            today = self.today(known)
            self._store.meet([who for who in named if self._type.is_at_work_on(known.state, who, today)])
        return known

    def _answered(self, key: Key, check: Callable[[LoadedAggregate[A]], None]) -> Outcome | None:
        """Return the outcome kept under a key; None if there is none. `check` is called again, because the caller's
        rights may have changed. Raises `KeyReused` if the key was used for another request."""
        answer = self._store.answered(key.scope)
        if answer is None:
            return None
        if answer.body != key.body:
            raise KeyReused(KeyReused.__doc__)
        content = answer.content
        done = [
            Done(
                each["id"],
                {int(version): type for version, type in each["events"].items()},
                tuple(Caution(**caution) for caution in each["warnings"]),
            )
            for each in content["done"]
        ]
        known = self.read(answer.aggregate_id)
        check(known)
        version, position = content["version"], content["position"]
        today, opened = self.today(known), content["opened"]
        return Outcome(known.id, version, position, done, known.erasures, today, opened, replayed=True)


def check_not_stale(known: LoadedAggregate[A], commands: Sequence[Command], if_match: int | None) -> None:
    """Raise `VersionConflict` if an event after version `if_match` concerns the same thing as a command."""
    if if_match is None:
        return
    since = known.records[if_match:]
    if if_match > known.version or any(concerns(record.event, command) for record in since for command in commands):
        raise VersionConflict(known, since)


def concerns(event: Event, command: Command) -> bool:
    """Return whether an event concerns the thing of a command. For a thing of which there is only one, every event of
    its section does."""
    if command.subject() == command.noun:
        return event.refreshes() == command.home
    return (event.noun, event.subject()) == (command.noun, command.subject())


def all_named_in(commands: Sequence[Command]) -> set[str]:
    """Return the people of ours whom commands name."""
    return {who for command in commands for who in people_named(command)}


def _content(version: int, opened: bool, done: Sequence[Done]) -> dict[str, Any]:
    return {
        "version": version,
        "opened": opened,
        "done": [
            {"id": each.id, "events": each.events, "warnings": [vars(caution) for caution in each.warnings]}
            for each in done
        ],
    }
