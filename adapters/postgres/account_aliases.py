"""Other ids of accounts, found on the log: an id that is that of no plan may name one as an alias."""

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
    """Return the plan of every account that has another id, by the id that this would have as a plan."""
    rows = connection.execute(ALIASES, prepare=True).fetchall()
    return {plan_id_of(from_json(state)["data"]["account_id"]): plan for plan, state in reversed(rows)}


def plan_named_by(connection: Connection[Any], id: UUID) -> UUID | None:
    """Return the plan that an id names as an alias of its account, if it does."""
    return aliases(connection).get(id)


def with_named(connection: Connection[Any], ids: Iterable[UUID]) -> list[UUID]:
    """Return the ids, and the plans that some of them name as aliases."""
    ids, named = list(ids), aliases(connection)
    return [*ids, *(named[id] for id in ids if id in named)]


def check_vacant(connection: Connection[Any], ids: Sequence[UUID]) -> None:
    """Raises `NotVacant`."""
    is_there = connection.execute(IS_THERE, (list(ids),)).fetchone() == (True,)
    if is_there or any(plan_named_by(connection, id) for id in ids):
        raise NotVacant(NotVacant.__doc__)
