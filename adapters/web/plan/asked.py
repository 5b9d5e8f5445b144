"""Requests for pages of an aggregate: which one, at which cut, and how its reader is spoken to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Generic, TypeVar

from starlette.requests import Request

from adapters.web.guard import visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.presenter import PlanHead, at_cut, set_in
from application.aggregates.access import Right, Role
from application.aggregates.loaded import LoadedAggregate
from application.views.contacts import as_the_team_knows
from application.views.cuts import Cut, known_at
from application.views.policy_in_force import PolicyInForce, policy_at
from domain.account_plan.language import AccountPlan
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from domain.program.language import ProgramState
from domain.record import Recorded
from domain.things import Aggregate

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True)
class AggregateRequest(Generic[A]):
    """A request for a page of an aggregate."""

    request: Request
    known: LoadedAggregate[A]
    cut: Cut
    now: datetime
    say: Speech
    head: PlanHead
    currency: str
    """The currency of its amounts."""

    @cached_property
    def then(self) -> LoadedAggregate[A]:
        """The aggregate at the cut. It is folded once for all parts of the page."""
        return known_at(self.known, self.cut)

    @property
    def as_known(self) -> A:
        """The aggregate at the cut, as it is told to those who may see it."""
        return self.then.state

    @property
    def path(self) -> str:
        """The path of the aggregate's first page."""
        return self.head.path

    def as_json(self, path: str = "", **asked: str) -> str:
        """Return the address at which the API tells of the aggregate, or of a part of it, at the same cut."""
        return at_cut(f"/v1{self.path}{path}", self.cut, **asked)

    def who_set(self, value: tuple[str, str, str]) -> str:
        """Return the address of who set a value, when and why; nothing if it was never said."""
        return set_in(self.then.state, value, self.path, self.cut)

    @property
    def blaming(self) -> bool:
        return "blame" in self.request.query_params

    @property
    def role(self) -> Role:
        return visitor_of(self.request).caller.role

    def may(self, right: Right) -> bool:
        return visitor_of(self.request).caller.may(right)


@dataclass(frozen=True)
class PlanRequest(AggregateRequest[AccountPlan]):
    """A request for a page of a plan."""

    program: Sequence[Recorded]
    """The records of the program, whose policies judge the plan."""

    @cached_property
    def policy_in_force(self) -> PolicyInForce:
        return policy_at(self.program, self.cut)

    @cached_property
    def practice(self) -> LoadedAggregate[ProgramState]:
        """The program as it was at the cut of the plan."""
        until = [record for record in self.program if record.meta.recorded_at <= self.cut.at]
        return LoadedAggregate.of(PROGRAM, PROGRAM_ID, until)

    @property
    def practice_cut(self) -> Cut:
        point = "now" if self.cut.cut == "now" else f"version:{self.practice.version}"
        return replace(self.cut, cut=point, version=self.practice.version)

    def who_set(self, value: tuple[str, str, str]) -> str:
        """A plan shows values of the program as well, such as the agenda of a review."""
        if value[0] not in PROGRAM.things:
            return super().who_set(value)
        return set_in(self.practice.state, value, "/program", self.practice_cut) if self.may("practice") else ""

    @property
    def as_known(self) -> AccountPlan:
        return as_the_team_knows(self.then.state, self.cut.date)
