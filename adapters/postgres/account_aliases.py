"""Aliases of accounts, found on the log: further ids under which an account and so its plan is known."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from pydantic_core import from_json

from adapters.events.stored_format import topic_of
from domain.account_plan.accounts import AccountAliased
from domain.account_plan.plan import plan_id_of

ALIASES = (
    "SELECT originator_id, state FROM plantrail.stored_events"
    f" WHERE topic = '{topic_of(AccountAliased.__name__)}' ORDER BY notification_id"
)
IS_THERE = "SELECT EXISTS (SELECT FROM plantrail.stored_events WHERE originator_id = ANY (%s))"


class NotVacant(Exception):
    """One of the ids has a plan, or names one."""


def aliases(connection: Connection[Any]) -> dict[UUID, UUID]:
    """Return the plan of every account with an alias, by the plan id that the alias would have."""
    rows = connection.execute(ALIASES, prepare=True).fetchall()
    return {plan_id_of(from_json(state)["data"]["account_id"]): plan for plan, state in reversed(rows)}


def plan_named_by(connection: Connection[Any], id: UUID) -> UUID | None:
    """Return the plan for whose account this id is an alias; None if there is none."""
    return aliases(connection).get(id)


def with_named(connection: Connection[Any], ids: Iterable[UUID]) -> list[UUID]:
    """Return the ids, and the plans for whose accounts some of them are aliases."""
    ids, named = list(ids), aliases(connection)
    return [*ids, *(named[id] for id in ids if id in named)]


def check_vacant(connection: Connection[Any], ids: Sequence[UUID]) -> None:
    """Check that none of the ids has a plan or is an alias. Raises `NotVacant`."""
    is_there = connection.execute(IS_THERE, (list(ids),)).fetchone() == (True,)
    if is_there or any(plan_named_by(connection, id) for id in ids):
        raise NotVacant(NotVacant.__doc__)
