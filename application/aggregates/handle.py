"""The one way in: read the record, let the plan decide, put the outcome on record."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from application.aggregates.cache import LoadedPlan, PlanCache, forgets
from application.aggregates.pending_plan import Done, PendingPlan, with_id
from application.aggregates.ports import Answer, CommandContext, Commit, EventStore, StoreBusy
from domain.account_plan import AccountPlanCommand
from domain.account_plan.plan import OpenPlan, PlanNotOpen, the_plan
from domain.account_plan.stakeholders import StakeholderForgotten
from domain.language import Caution, Command, Event, Refusal
from domain.record import Recorded
from domain.things import day_of

DECIDE_TIMEOUT_SECONDS = 5.0
"""Seconds a command is decided anew before it is given up."""

TURN_TIMEOUT_SECONDS = 2.0
"""Seconds a command waits for those before it on the same plan: whoever needs longer waits for the store as well."""


class VersionConflict(Exception):
    """Since the version you have seen, the same thing was changed: look at what happened, then decide again."""

    def __init__(self, known: LoadedPlan, since: Sequence[Recorded]) -> None:
        super().__init__(known.version)
        self.known = known
        self.since = since

    @property
    def current_version(self) -> int:
        return self.known.version


class KeyReused(Exception):
    """This Idempotency-Key was used for another request; a new request takes a new key."""


class CommandRefused(Exception):
    """A plan's refusal of one command of several; `place` is its index."""

    def __init__(self, place: int, refusal: Refusal) -> None:
        super().__init__(place, refusal)
        self.place = place
        self.refusal = refusal


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key, with its caller and route, and the body it came with: HMACs, no words."""

    scope: bytes
    body: bytes


@dataclass(frozen=True)
class Outcome:
    plan_id: UUID
    version: int
    position: int
    done: Sequence[Done]
    erasures: int
    today: date
    """Where the plan lives."""
    opened: bool = False
    replayed: bool = False
    """It is the answer given before under the same Idempotency-Key."""


class AccountPlans:
    """Every command of every caller goes through `handle`, every view starts with `read`."""

    def __init__(
        self,
        store: EventStore,
        now: Callable[[], datetime],
        make_id: Callable[[], UUID],
        memory: PlanCache | None = None,
    ) -> None:
        self._store = store
        self._now = now
        self._make_id = make_id
        self._memory = memory or PlanCache()
        self._turns = [Lock() for _ in range(1024)]

    def read(self, plan_id: UUID) -> LoadedPlan:
        """The plan as it stands now, never stale: what is known is brought up to date first.

        Raises `PlanNotOpen`, `StoreUnavailable`.
        """
        known = self._refreshed(self._memory.get(plan_id))
        if not known.records:
            raise PlanNotOpen
        return known

    def remembered(self, plan_id: UUID) -> LoadedPlan:
        """What this process knows of a plan, which may be old or nothing at all."""
        return self._memory.get(plan_id)

    def drop(self, plan_id: UUID) -> None:
        """Remember nothing of a plan any more."""
        self._memory.drop(plan_id)

    def now(self) -> datetime:
        return self._now()

    def _refreshed(self, known: LoadedPlan) -> LoadedPlan:
        news = self._store.read(known.plan_id, after=known.version)
        if not news:
            return known
        if known.records and forgets(news):
            self._memory.drop(known.plan_id)
            return self._refreshed(LoadedPlan(known.plan_id))
        known = known.with_news(news)
        self._memory.put(known)
        return known

    def handle(
        self,
        plan_id: UUID,
        commands: Sequence[AccountPlanCommand],
        context: CommandContext,
        *,
        if_match: int | None = None,
        key: Key | None = None,
        at: datetime | None = None,
        check: Callable[[LoadedPlan], None] = lambda _: None,
    ) -> Outcome:
        """Carry out all of the commands or none.

        It is decided on what this process knows; when that proves to be old, at once or by losing a race, it is decided
        anew on what is on record.  Only a fresh look refuses.  `check` sees the very plan that decides.  Raises
        `Refusal` (of several commands: `CommandRefused`), `VersionConflict`, `KeyReused`, `StoreUnavailable`.
        """
        commands = [with_id(command, self._make_id) for command in commands]
        with self._turn(plan_id) as deadline:
            known, fresh = self._memory.get(plan_id), False
            if key and (outcome := self._answered(key, check)):
                return outcome
            while True:
                try:
                    commit, done = self._decided(known, commands, context, if_match, key, at, check)
                except (Refusal, CommandRefused, VersionConflict):
                    if fresh and key and (outcome := self._answered(key, check)):
                        return outcome
                    if fresh:
                        raise
                    commit = None
                if commit and (commit.events or fresh):
                    recorded = self._store.append(commit) if commit.events or commit.answer else ()
                    if recorded is not None:
                        return self._outcome(known, recorded, done)
                    if key and (outcome := self._answered(key, check)):
                        return outcome
                if monotonic() > deadline:
                    raise StoreBusy(StoreBusy.__doc__)
                known, fresh = self._refreshed(known), True

    @contextmanager
    def _turn(self, plan_id: UUID) -> Iterator[float]:
        """One command at a time on a plan in this process: losing a race against oneself is a waste."""
        deadline = monotonic() + DECIDE_TIMEOUT_SECONDS
        turn = self._turns[hash(plan_id) % len(self._turns)]
        if not turn.acquire(timeout=TURN_TIMEOUT_SECONDS):
            raise StoreBusy(StoreBusy.__doc__)
        try:
            yield deadline
        finally:
            turn.release()

    def _decided(
        self,
        known: LoadedPlan,
        commands: Sequence[AccountPlanCommand],
        context: CommandContext,
        if_match: int | None,
        key: Key | None,
        at: datetime | None,
        check: Callable[[LoadedPlan], None],
    ) -> tuple[Commit, list[Done]]:
        if not known.records and not isinstance(commands[0], OpenPlan):
            raise PlanNotOpen
        check(known)
        check_not_stale(known, commands, if_match)
        last = known.records[-1].meta.recorded_at if known.records else None
        at = at or self._now()
        # A clock that was set back must not reorder the record: every cut is a prefix.
        at = max(at, last) if last else at
        pending, done = PendingPlan(known), list[Done]()
        for place, command in enumerate(commands):
            try:
                done.append(pending.take(command, at, command_id=str(self._make_id())))
            except Refusal as refusal:
                raise (CommandRefused(place, refusal) if len(commands) > 1 else refusal) from None
        content = _content(pending.plan.version, done, commands)
        answer = Answer(key.scope, key.body, known.plan_id, content) if key else None
        return Commit(known.plan_id, known.version, pending.to_record, context, answer), done

    def _outcome(self, known: LoadedPlan, recorded: Sequence[Recorded], done: Sequence[Done]) -> Outcome:
        opened = not known.records and bool(recorded)
        if forgets(recorded):
            self._memory.drop(known.plan_id)
            for record in recorded:
                if isinstance(record.event, StakeholderForgotten):
                    self._store.forget(record)
            known = self._refreshed(LoadedPlan(known.plan_id))
        elif recorded:
            known = known.with_news(recorded)
            self._memory.put(known)
        return Outcome(known.plan_id, known.version, known.position, done, known.erasures, self.today(known), opened)

    def today(self, known: LoadedPlan) -> date:
        """The day it is now where the plan lives."""
        return day_of(self._now(), the_plan(known.plan).timezone)

    def _answered(self, key: Key, check: Callable[[LoadedPlan], None]) -> Outcome | None:
        """`check` is asked again: the caller's rights may be others by now."""
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
        known = self.read(answer.plan_id)
        check(known)
        version, position = content["version"], content["position"]
        return Outcome(
            answer.plan_id, version, position, done, known.erasures, self.today(known), content["opened"], replayed=True
        )


def check_not_stale(known: LoadedPlan, commands: Sequence[AccountPlanCommand], if_match: int | None) -> None:
    """Stale: since the version the caller has seen, an event concerned the same thing."""
    if if_match is None:
        return
    since = known.records[if_match:]
    if if_match > known.version or any(concerns(record.event, command) for record in since for command in commands):
        raise VersionConflict(known, since)


def concerns(event: Event, command: Command) -> bool:
    """Of what a plan has one of, whatever happened in the same section counts."""
    if command.subject() == command.noun:
        return event.refreshes() == command.home
    return (event.noun, event.subject()) == (command.noun, command.subject())


def _content(version: int, done: Sequence[Done], commands: Sequence[AccountPlanCommand]) -> dict[str, Any]:
    return {
        "version": version,
        "opened": any(isinstance(command, OpenPlan) for command in commands),
        "done": [
            {"id": each.id, "events": each.events, "warnings": [vars(caution) for caution in each.warnings]}
            for each in done
        ],
    }
