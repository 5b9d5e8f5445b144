"""Names of plans: wherever a plan is named, its own id and its account's id both work."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from application.aggregates.read import first_there
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import plan_id_of

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


@lru_cache(maxsize=4096)
def plans_named(plan: str) -> tuple[UUID, ...]:
    """Return the ids that a name may mean: a plan id, or the id of an account, which may look like a plan id."""
    of_account = plan_id_of(plan)
    return (UUID(plan), of_account) if CANONICAL_UUID.fullmatch(plan) else (of_account,)


def first_open(plan: str, use: Callable[[UUID], T]) -> T:
    """Return `use(id)` for the first plan with this name that exists. Raises `PlanNotOpen`."""
    return first_there(ACCOUNT_PLAN, plans_named(plan), use)
