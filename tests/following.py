"""A portfolio that follows the log, and the rows it should have."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import enumerate as enumerate_threads
from typing import Any

from adapters.postgres.followers import Follower
from adapters.postgres.store import Store
from application.aggregates.handle import Aggregates
from application.portfolio.query import PortfolioQuery
from application.portfolio.row import PortfolioItem
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import plan_id_of
from tests.application.portfolio.test_portfolio import item_of
from tests.stores import CONTEXT, MONDAY, plans_on, say

WEDNESDAY = MONDAY + timedelta(days=2)
"""The tests record on Monday and look at the table on Wednesday."""


@dataclass
class Clock:
    now: datetime = WEDNESDAY

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def following(store: Store, clock: Clock) -> Iterator[Follower]:
    follower = store.portfolio.follower(clock)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def do(plans: Aggregates[AccountPlan], account_id: str, command: str, /, **body: Any) -> int:
    """Carry out a command and return the position of its event."""
    return plans.handle(plan_id_of(account_id), [say(command, **body)], CONTEXT).position


def open_plan(plans: Aggregates[AccountPlan], account_id: str, **more: Any) -> int:
    terms = {"account_name": account_id.title(), "tier": "strategic", "owner": "ann", "currency": "EUR"}
    return do(plans, account_id, "open-plan", **terms | {"account_id": account_id} | more)


def rows(store: Store) -> dict[str, PortfolioItem]:
    return {item.account_id: item for item in store.portfolio.query(PortfolioQuery(limit=200)).items}


def as_they_should_be(store: Store, *accounts: str, now: datetime = WEDNESDAY) -> dict[str, PortfolioItem]:
    plans = plans_on(store)
    return {account_id: item_of(plans.read(plan_id_of(account_id)), now) for account_id in accounts}


def nobody_follows() -> bool:
    return all(thread.name != "portfolio follower" for thread in enumerate_threads())
