"""Plans and people that a form offers by name, and what was typed or chosen there.

A plan is offered as “Halden Stores (halden-stores)”. Whoever types may write that, the name of the account, or an id.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from application.aggregates.access import Caller
from application.aggregates.read import AggregateReader
from application.portfolio.ports import Portfolio
from application.portfolio.query import MOST_ITEMS, PortfolioQuery
from application.portfolio.row import PortfolioItem
from application.views.plan_names import first_open
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen, the_plan
from domain.folding import folded

MOST_PEOPLE = 500
BLANK = 3
"""The number of empty fields for more plans than were typed already."""

OFFERED = re.compile(r"(?P<name>.+) \((?P<id>[^\s()]+)\)")
IDS = re.compile(r"[A-Za-z0-9][^\s,()]*(\s*,\s*[A-Za-z0-9][^\s,()]*)+")
"""Ids with commas between, which are no name of an account."""


@dataclass(frozen=True)
class Choices:
    """What a reader is offered; more can be typed."""

    plans: Sequence[str]
    people: Sequence[str]


def with_blanks(typed: Sequence[str]) -> list[str]:
    """Return the fields of a form in which several plans can be typed."""
    return [*filter(None, typed), *[""] * BLANK]


class Known:
    """Knows plans and people by name, within what a caller may see."""

    def __init__(self, portfolio: Portfolio, plans: AggregateReader[AccountPlan]) -> None:
        self._portfolio = portfolio
        self._plans = plans

    def choices(self, caller: Caller) -> Choices:
        plans = [f"{each.account_name} ({each.account_id})" for each in self._items(caller)]
        return Choices(plans, self._portfolio.people(MOST_PEOPLE, caller))

    def account_id(self, typed: str, caller: Caller) -> str:
        """Return the id of the account that was meant; what was typed, if it is an id or nothing that is known."""
        typed, offered = typed.strip(), OFFERED.fullmatch(typed.strip())
        if offered and any(each.account_id == offered["id"] for each in self._called(offered["name"], caller)):
            return offered["id"]
        of_this_name = self._called(typed, caller)
        return of_this_name[0].account_id if len(of_this_name) == 1 and not self._is_id(typed) else typed

    def account_ids(self, typed: Iterable[str], caller: Caller) -> list[str]:
        """Return the same of several plans. One field may have several ids, with commas between."""
        meant = [self.account_id(each, caller) for each in typed if each.strip()]
        return [id for each in meant for id in (map(str.strip, each.split(",")) if IDS.fullmatch(each) else [each])]

    def account_name(self, plan: str) -> str:
        """Return the name of the account of a plan that an id names; the id, if there is no such plan."""
        try:
            return the_plan(first_open(plan, self._plans.read).state).account_name
        except PlanNotOpen:
            return plan

    def _is_id(self, typed: str) -> bool:
        try:
            return bool(first_open(typed, self._plans.read))
        except PlanNotOpen:
            return False

    def _called(self, name: str, caller: Caller) -> list[PortfolioItem]:
        if not name:
            return []
        return [each for each in self._items(caller, name) if folded(each.account_name) == folded(name)]

    def _items(self, caller: Caller, name: str | None = None) -> Iterator[PortfolioItem]:
        for archived in (False, True):
            try:
                query = PortfolioQuery.model_validate({"q": name, "archived": archived, "limit": MOST_ITEMS})
            except ValidationError:  # Nothing can be called that.
                return
            yield from self._portfolio.query(query, caller).items
