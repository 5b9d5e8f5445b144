"""Histories that are written as commands at instants: decided, stored and read again as in a store, but in memory."""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from adapters.events.stored_format import MetaToRecord, decode, encode, people_spoken_of, topic_of
from application.aggregates.pending import PendingAggregate, with_id
from application.aggregates.ports import CommandContext, ToRecord
from application.views.cuts import Cut, cut_at
from application.views.diff import Diff
from application.views.effects import values_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN, COMMANDS
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import plan_id_of
from domain.aggregates import AggregateType
from domain.language import Command, Event, Refusal
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded
from tests.commands import Scene, made_up, somebodys_command

OPEN = {"account_id": "acme", "account_name": "Acme Manufacturing", "owner": "ann", "currency": "EUR"}
BY_ANN = CommandContext("ann", "api", "request", "conversation")


@dataclass
class History:
    """The records of one plan or of the program. `on` adds what somebody did on a day."""

    account_id: str = "acme"
    type: AggregateType[Any] = ACCOUNT_PLAN
    known: LoadedPlan = field(init=False)
    keys: dict[str, bytes] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        id = plan_id_of(self.account_id) if self.type is ACCOUNT_PLAN else PROGRAM_ID
        self.known = LoadedPlan.of(self.type, id)

    def copied(self) -> "History":
        """Return a copy that can continue separately."""
        other = copy(self)
        other.keys, other.forgotten = dict(self.keys), set(self.forgotten)
        return other

    def on(self, when: str, command: str, /, by: str = "ann", on_behalf_of: str | None = None, **body: Any) -> str:
        """Carry out a command and return the id of its last event. A day stands for nine o'clock UTC."""
        said = self.type.commands[command].model_validate_json(json.dumps(body))
        recorded = self.handle(instant(when), said, CommandContext(by, "api", "request", "conversation", on_behalf_of))
        return recorded[-1].id if recorded else f"{command} changed nothing"

    def handle(self, at: datetime, command: Command, context: CommandContext = BY_ANN) -> list[Recorded]:
        """Carry out a command. Raises `Refusal`; then nothing was recorded."""
        if self.known.records:
            at = max(at, self.known.records[-1].meta.recorded_at)
        version = self.known.version
        pending = PendingAggregate(self.known)
        pending.take(with_id(command, lambda: UUID(int=version)), at, f"command-{version + 1}")
        news = [self._record(version + place, each, context) for place, each in enumerate(pending.to_record, 1)]
        if news:
            self.known = self.known.with_news(news)
        for record in news:
            if isinstance(record.event, StakeholderForgotten):
                self.keys.pop(record.event.id, None)
                self.forgotten.add(record.event.id)
                self.known = self.read_again()
        return news

    def record(self, when: str, event: Event) -> None:
        """Record an event that no command of this aggregate alone makes."""
        said = ToRecord(event, instant(when), f"command-{self.known.version + 1}")
        self.known = self.known.with_news([self._record(self.known.version + 1, said, BY_ANN)])

    def _record(self, version: int, each: ToRecord, context: CommandContext) -> Recorded:
        meta, plan_id = MetaToRecord.of(each, context), self.known.id
        for who in people_spoken_of(each.event, meta) - self.forgotten:
            self.keys.setdefault(who, who.encode().ljust(32, b"."))
        state = encode(plan_id, version, each.event, meta, self.keys)
        return decode(plan_id, version, version, topic_in(each), state, self.keys)

    def read_again(self) -> LoadedPlan:
        """Return the stored events, read with the existing keys."""
        read = [
            decode(old.aggregate_id, old.version, old.position, topic_in(old), old.stored, self.keys)
            for old in self.known.records
        ]
        return LoadedPlan.of(self.type, self.known.id, read)

    @property
    def plan_id(self) -> UUID:
        return self.known.id

    @property
    def last(self) -> datetime:
        return self.known.records[-1].meta.recorded_at

    def event(self, version: int) -> str:
        return self.known.records[version - 1].id

    def cut(self, text: str, now: str | None = None) -> Cut:
        """Return the cut as seen on a day; by default just after the last event."""
        return cut_at(text, self.known, instant(now) if now else self.last)


def topic_in(record: Recorded | ToRecord) -> str:
    """Return the topic under which an event is stored today."""
    return topic_of(type(record.event).__name__)


def instant(when: str) -> datetime:
    at = datetime.fromisoformat(when)
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at + timedelta(hours=9) if len(when) == len("2026-01-05") else at.astimezone(UTC)


def opened(when: str = "2026-01-05", timezone: str = "Europe/Berlin", tier: str = "strategic", **more: Any) -> History:
    """Return a plan of Acme, which Ann opened on Monday, 5 January 2026, in Berlin."""
    history = History()
    history.on(when, "open-plan", **OPEN | {"timezone": timezone, "tier": tier} | more)
    return history


def said_at_random(random: Random, commands: int, reviews: float = 0.0) -> History:
    """Return a random history that begins with one thing of each kind, with so many reviews."""
    history = opened()
    names = [name for name, command in COMMANDS.items() if command.needs == "new"]
    for name in [*names, *[None] * commands]:
        at = history.last + timedelta(hours=random.randint(0, 60))
        scene = Scene(random, history.known.state, at.date())
        with suppress(Refusal, ValidationError):
            if random.random() < reviews:
                kind = random.choice(("weekly", "monthly"))
                body = {"kind": kind, "audience": "internal", "held_on": str(at.date()), "ours": ["ann"]}
                history.on(at.isoformat(), "hold-review", id=f"r{history.known.version}", **body)
            else:
                history.handle(at, made_up(name, scene) if name else somebodys_command(scene))
    return history


Values = dict[tuple[str, str, str], Any]
"""Values by kind, id and field."""


def values_of_plan(plan: AccountPlan) -> Values:
    """Return every current value of a plan."""
    return {
        (kind.noun, id, field): value
        for kind, things in plan.kinds().items()
        for id, thing in things.items()
        for field, value in values_of(thing).items()
    }


def applied(difference: Diff, values: Values) -> Values:
    """Return these values after the changes of a diff."""
    values = dict(values)
    for row in (each for changes in difference.changes.values() for each in changes):
        if row.field is None:
            values = {key: value for key, value in values.items() if key[:2] != (row.kind, row.id)}
            values |= {(row.kind, row.id, field): value for field, value in (row.after or {}).items()}
        else:
            values[row.kind, row.id, row.field] = row.after
    for each in (*(row for changes in difference.changes.values() for row in changes), *difference.touched_unchanged):
        values |= {(each.kind, each.id, field): move.after for field, move in each.also.items()}
    return {key: value for key, value in values.items() if value is not None}


def told(file: Path) -> History:
    """Return the history of a scenario file, as `plantrail load` would make it."""
    return told_once(file.read_text()).copied()


@cache
def told_once(lines: str) -> History:
    """Return the same history again each time. Tests must not change it."""
    return retold(map(json.loads, lines.splitlines()))


def all_told(file: Path) -> list[History]:
    """Return the history of each plan in a scenario file."""
    lines: dict[str | None, list[str]] = {}
    for line in file.read_text().splitlines():
        lines.setdefault(json.loads(line).get("plan"), []).append(line)
    return [told_once("\n".join(of_one)).copied() for of_one in lines.values()]


def told_as_far_as_accepted(file: Path) -> History:
    """Return the history of a scenario file in which refused lines change nothing."""
    *_, history = states(file)
    return history


def states(file: Path) -> Iterator[History]:
    """Yield the history after every line of a scenario file, accepted or refused."""
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    history = History(lines[0]["plan"])
    for line in lines:
        with suppress(Refusal):
            history.on(line["at"], line["command"], by=line["by"], **line["body"])
        yield history


def retold(lines: Iterable[dict[str, Any]]) -> History:
    history: History | None = None
    for line in lines:
        history = history or (History(line["plan"]) if "plan" in line else History(type=PROGRAM))
        history.on(line["at"], line["command"], by=line["by"], **line["body"])
    assert history
    return history
