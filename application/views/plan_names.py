"""Wherever a plan is named, its own id and that of its account both work."""

import re
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import UUID

from domain.account_plan.plan import PlanNotOpen, plan_id_of

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")


def plans_named(plan: str) -> Iterator[UUID]:
    """The ids a name may mean: a plan id, or the id of an account, which may look like one."""
    if CANONICAL_UUID.fullmatch(plan):
        yield UUID(plan)
    yield plan_id_of(plan)


def first_open(plan: str, use: Callable[[UUID], T]) -> T:
    """What `use` makes of the first plan of this name that there is.  Raises `PlanNotOpen`."""
    for plan_id in plans_named(plan):
        try:
            return use(plan_id)
        except PlanNotOpen:
            continue
    raise PlanNotOpen
