"""Names of plans: wherever a plan is named, its own id and its account's id both work, and so do its aliases."""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from application.aggregates.read import first_there
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import PlanNotOpen, plan_id_of, the_plan

CANONICAL_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

T = TypeVar("T")

ReadPlan = Callable[[UUID], LoadedPlan]
"""Reads the current state of a plan, by its own id or that of an alias. Raises `PlanNotOpen`."""


@lru_cache(maxsize=4096)
def plans_named(plan: str) -> tuple[UUID, ...]:
    """Return the ids that a name may mean: a plan id, or the id of an account, which may look like a plan id."""
    of_account = plan_id_of(plan)
    return (UUID(plan), of_account) if CANONICAL_UUID.fullmatch(plan) else (of_account,)


def first_open(plan: str, use: Callable[[UUID], T]) -> T:
    """Return `use(id)` for the first plan with this name that exists. Raises `PlanNotOpen`."""
    return first_there(ACCOUNT_PLAN, plans_named(plan), use)


def plan_of(account: str, read: ReadPlan) -> LoadedPlan | None:
    """Return the plan with this name; None if there is none."""
    try:
        return first_open(account, read)
    except PlanNotOpen:
        return None


def going_on(account: str, read: ReadPlan) -> Iterator[LoadedPlan]:
    """Yield the plan with this name, then the plan into which it was merged, and so on to the one that goes on."""
    known = plan_of(account, read)
    while known:
        yield known
        into = the_plan(known.state).merged_into
        known = plan_of(into, read) if into else None


def ids_named(account: str, read: ReadPlan) -> frozenset[UUID]:
    """Return what every name of an account may mean (`plans_named`): of its plan, of its aliases, and of the plans that
    were merged with it. Another name is one of the same account if it may mean one of these."""
    ids, seen, names = set[UUID](), set[UUID](), [account]
    while names:
        name = names.pop()
        ids.update(plans_named(name))
        known = plan_of(name, read)
        if known and known.id not in seen:
            seen.add(known.id)
            card = the_plan(known.state)
            ids.update((known.id, *map(plan_id_of, (card.account_id, *card.aliases))))
            names += [*card.merged, *([card.merged_into] if card.merged_into else [])]
    return frozenset(ids)
