"""What the rules about the program examine: its records, and a few signs of every plan, at a cut."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

from application.aggregates.loaded import LoadedAggregate
from application.findings.finding import Remedy
from application.findings.sentences import listed
from application.findings.similarity import Signature
from application.findings.verdict import PlanSigns
from application.views.cuts import Cut
from application.views.policy_in_force import PolicyInForce, policy_at
from domain.account_plan.plan import Tier
from domain.language import Event
from domain.program.charter import Program, the_program
from domain.program.language import ProgramState
from domain.program.limits import Policy, Severity
from domain.record import Recorded

MOST_NAMED = 5
"""The number of accounts that one sentence names."""


class PlanStanding(NamedTuple):
    """A plan that is not archived, with what the rules about the program need."""

    id: UUID
    account_id: str
    account_name: str
    tier: Tier
    currency: str
    last_review_on: date | None
    signs: PlanSigns
    words: Signature

    @property
    def names(self) -> frozenset[str]:
        """The names by which a round or a phase may refer to the plan or its account."""
        return frozenset((self.account_id, str(self.id), *self.signs.other_accounts))


class ProgramFound(NamedTuple):
    """What a rule finds, before the rule and the policy are added."""

    sentence: str
    since_on: date
    accounts: Sequence[str] = ()
    events: Sequence[str] = ()
    remedies: Sequence[Remedy] = ()
    severity: Severity | None = None
    """The severity, if it differs from that of the rule."""


@dataclass(frozen=True)
class ProgramExamined:
    """The program and its plans at a cut. `known` ends at the cut, and `plans` are as they stood then."""

    known: LoadedAggregate[ProgramState]
    cut: Cut
    plans: Sequence[PlanStanding]

    @cached_property
    def card(self) -> Program:
        return the_program(self.known.state)

    @property
    def day(self) -> date:
        return self.cut.date

    @cached_property
    def in_force(self) -> PolicyInForce:
        return policy_at(self.known.records, self.cut)

    @property
    def policy(self) -> Policy:
        return self.in_force.policy

    @cached_property
    def strategic(self) -> Sequence[PlanStanding]:
        return [plan for plan in self.plans if plan.tier == "strategic"]

    def day_of(self, record: Recorded) -> date:
        return self.known.type.today(self.known.state, record.meta.recorded_at)

    def last(self, event: type[Event]) -> Recorded | None:
        return next((record for record in reversed(self.known.records) if isinstance(record.event, event)), None)

    @cached_property
    def _by_name(self) -> Mapping[str, PlanStanding]:
        return {name: plan for plan in reversed(self.plans) for name in plan.names}

    def plan_of(self, account: str) -> PlanStanding | None:
        return self._by_name.get(account)


def named(plans: Iterable[PlanStanding]) -> str:
    names = [plan.account_name for plan in plans]
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return listed([*names[:MOST_NAMED], *more])
