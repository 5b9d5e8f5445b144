"""A plan of a thousand events as a busy account team makes them, stored as they are stored."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from typing import Any
from uuid import UUID

from adapters.events.stored_format import MetaToRecord, encode
from application.aggregates.ports import CommandContext
from domain.account_plan import COMMANDS, EMPTY, AccountPlanEvent, decide, fold
from domain.account_plan.plan import plan_id_of

BEGAN = datetime(2025, 1, 6, 8, tzinfo=UTC)
CONTEXT = CommandContext("ann", "api", "0f2cbb86-3b0c-4d1c-9d3f-08b0a3a5d2f1", "0f2cbb86-3b0c-4d1c-9d3f-08b0a3a5d2f1")
COMMAND_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"

Row = tuple[int, int, str, bytes]
"""Version, position, topic, state."""


def command(called: str, /, **body: object) -> Any:
    return COMMANDS[called].model_validate(body, strict=False)


def opening(account_id: str) -> Any:
    return command(
        "open-plan",
        account_id=account_id,
        account_name=f"Account {account_id}",
        tier="strategic",
        owner="ann",
        currency="EUR",
    )


def weeks(number: int, day: datetime) -> list[Any]:
    """Return the nine events of one week."""
    due = (day + timedelta(days=21)).date()
    play, action, risk = f"play-{number}", f"action-{number}", f"risk-{number}"
    return [
        command("plan-play", id=play, title=f"Pilot on line {number}", kind="proof", owner="ann", due_on=due,
                success_measure="Rework down by a quarter, counted over two weeks"),
        command("add-action", id=action, statement=f"Send the price for line {number} to procurement", kind="task",
                owner="ben", due_on=due, play=play),
        command("start-play", id=play),
        command("raise-risk", id=risk, kind="budget_freeze", statement=f"Line {number} waits for next year's budget",
                likelihood=3, impact=4, owner="ann"),
        command("reschedule-action", id=action, due_on=due + timedelta(days=7), reason="procurement asked for a week"),
        command("reassess-risk", id=risk, likelihood=2),
        command("complete-action", id=action, finished_on=day.date(), result="price sent, answer promised"),
        command("win-play", id=play, finished_on=day.date(), result="rework down by 27 %"),
        command("hold-review", id=f"week-{number}", kind="weekly", audience="internal", held_on=day.date(),
                ours=["ann", "ben"]),
    ]  # fmt: skip


def rows(account_id: str, events: int) -> list[Row]:
    """Return the first so many events of such a plan, in their stored form."""
    plan_id = plan_id_of(account_id)
    return [
        (version, version, type(event).__name__, stored(plan_id, version, event, at))
        for version, (event, at) in enumerate(islice(story(account_id), events), 1)
    ]


def stored(plan_id: UUID, version: int, event: AccountPlanEvent, at: datetime) -> bytes:
    return encode(plan_id, version, event, MetaToRecord(at, CONTEXT, COMMAND_ID), {})


def story(account_id: str) -> Iterator[tuple[AccountPlanEvent, datetime]]:
    plan, at = EMPTY, BEGAN
    for number in count():
        for each in weeks(number, at) if number else [opening(account_id)]:
            decision = decide(plan, each, at)
            plan = fold(decision.events, plan)
            yield from ((event, at) for event in decision.events)
            at += timedelta(hours=3)
