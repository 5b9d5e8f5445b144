"""How the tests of the store record events, and how they look at its contents."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import Any, NamedTuple, Protocol
from uuid import UUID, uuid4

import psycopg
from psycopg import Connection

from adapters.postgres.store import Store
from adapters.privacy.key_encryption import GivenKeys
from application.aggregates.cache import AggregateCache
from application.aggregates.handle import Aggregates, Outcome
from application.aggregates.ports import Answer, CommandContext, Commit, ProjectionLag, ToRecord
from application.mergers.cross_plan_commands import reach_of
from domain.account_plan import ACCOUNT_PLAN, COMMANDS, AccountPlanEvent
from domain.account_plan.entries import NoteWritten
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import plan_id_of
from domain.language import Command
from domain.record import Recorded, Saying
from tests.patience import soon

KEY = GivenKeys({1: b"k" * 32})
MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
CONTEXT = CommandContext("ann", "api", "request", "conversation")
ACME = plan_id_of("acme")
OPEN_ACME = {
    "account_id": "acme",
    "account_name": "Acme Manufacturing",
    "tier": "strategic",
    "owner": "ann",
    "currency": "EUR",
}


# On the store itself


def note(text: str = "seen") -> NoteWritten:
    return NoteWritten(id="n1", section="plan", text=text)


def commit(
    plan_id: UUID, expected: int, *events: AccountPlanEvent, answer: Answer | None = None, about: tuple[str, ...] = ()
) -> Commit:
    """Return a commit of these events, which one command made on a plan at the expected version."""
    command_id = str(uuid4())
    to_record = [ToRecord(event, MONDAY, command_id, about=about) for event in events]
    return Commit(plan_id, expected, to_record, CONTEXT, answer)


def plain(records: Iterable[Recorded]) -> list[Recorded]:
    """Return records that are equal if their contents are, even if their meta data were not parsed yet."""
    return [
        record._replace(meta=tuple(getattr(record.meta, name) for name in Saying.model_fields)) for record in records
    ]


class Row(NamedTuple):
    position: int
    plan_id: UUID
    version: int
    topic: str
    state: bytes

    @property
    def command_id(self) -> str:
        return str(json.loads(self.state)["meta"]["command_id"])


def log(conninfo: str, after: int = 0) -> list[Row]:
    """Return the log after a position, as a reader by position sees it."""
    with connected(conninfo) as connection:
        return read_log(connection, after)


def read_log(connection: Connection[Any], after: int = 0) -> list[Row]:
    rows = connection.execute(
        "SELECT notification_id, originator_id, originator_version, topic, state FROM plantrail.stored_events"
        " WHERE notification_id > %s ORDER BY notification_id",
        (after,),
    )
    return [Row(*row) for row in rows]


def connected(conninfo: str) -> Connection[Any]:
    return psycopg.connect(conninfo, autocommit=True)


@contextmanager
def append_lock_held(conninfo: str) -> Iterator[None]:
    """Hold the append lock, so that nothing can be recorded."""
    with connected(conninfo) as connection, connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
        yield


@contextmanager
def followed(conninfo: str) -> Iterator[Callable[[], list[Row]]]:
    """Poll the log by position in a thread, and yield what was seen, in order."""
    seen: list[Row] = []
    stopping = False

    def follow() -> None:
        with connected(conninfo) as connection:
            while not stopping:
                seen.extend(read_log(connection, seen[-1].position if seen else 0))
            seen.extend(read_log(connection, seen[-1].position if seen else 0))

    with ThreadPoolExecutor(1) as pool:
        follower: Future[None] = pool.submit(follow)

        def finish() -> list[Row]:
            nonlocal stopping
            stopping = True
            follower.result()
            return seen

        try:
            yield finish
        finally:
            stopping = True


def wait_until(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = monotonic() + soon(seconds)
    while not condition():
        assert monotonic() < deadline, "it did not come to that"
        sleep(0.01)


class Table(Protocol):
    """A table that follows the log."""

    def includes(self, position: int) -> bool: ...


def included(table: Table, position: int, timeout: float = 60.0) -> None:
    """Wait until a table includes a position."""
    deadline = monotonic() + soon(timeout)
    while not table.includes(position):
        if monotonic() > deadline:
            raise ProjectionLag(ProjectionLag.__doc__)
        sleep(0.01)


# By commands


def say(command: str, **body: Any) -> Command:
    return COMMANDS[command].model_validate_json(json.dumps(body))


def plans_on(
    store: Store, now: Callable[[], datetime] = lambda: MONDAY, cache: AggregateCache[AccountPlan] | None = None
) -> Aggregates[AccountPlan]:
    """Return the plans as a separate process would have them, with a cache of its own."""
    return Aggregates(ACCOUNT_PLAN, store.events, now, uuid4, cache=cache, beyond=reach_of)


def handle(plans: Aggregates[AccountPlan], command: str, /, **body: Any) -> Outcome:
    return plans.handle(ACME, [say(command, **body)], CONTEXT)


def opened_acme(plans: Aggregates[AccountPlan]) -> Aggregates[AccountPlan]:
    handle(plans, "open-plan", **OPEN_ACME)
    return plans
