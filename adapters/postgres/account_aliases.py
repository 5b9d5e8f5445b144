"""Other ids of accounts, found on the log: an id that is that of no plan may name one as an alias."""

from collections.abc import Sequence
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


def plan_named_by(connection: Connection[Any], id: UUID) -> UUID | None:
    """Return the plan that an id names as an alias of its account, if it does."""
    rows = connection.execute(ALIASES, prepare=True).fetchall()
    return next((plan for plan, state in rows if plan_id_of(from_json(state)["data"]["account_id"]) == id), None)


def check_vacant(connection: Connection[Any], ids: Sequence[UUID]) -> None:
    """Raises `NotVacant`."""
    is_there = connection.execute(IS_THERE, (list(ids),)).fetchone() == (True,)
    if is_there or any(plan_named_by(connection, id) for id in ids):
        raise NotVacant(NotVacant.__doc__)
