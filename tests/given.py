"""Given a history, when a command arrives, then these events or this refusal follow."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from domain.account_plan import ACCOUNT_PLAN, AccountPlanEvent
from domain.account_plan.plan import PlanOpened
from domain.aggregates import AggregateType
from domain.language import Command, Event, Refusal
from domain.program import PROGRAM, ProgramEvent
from domain.program.charter import ProgramOpened
from domain.things import Aggregate

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
OPENED = PlanOpened(
    account_id="acme",
    account_name="Acme Manufacturing",
    tier="strategic",
    owner="ann",
    currency="EUR",
    timezone="Europe/Berlin",
    opened_on=MONDAY.date(),
)


PROGRAM_OPENED = ProgramOpened(
    name="Strategic accounts",
    currency="EUR",
    timezone="Europe/Berlin",
    fiscal_year_starts=1,
    opened_on=MONDAY.date(),
)


@dataclass
class Given:
    type: AggregateType
    aggregate: Aggregate

    def when(self, command: Command, at: datetime = MONDAY) -> "When":
        return When(self.type, self.aggregate, command, at)


@dataclass
class When:
    type: AggregateType
    aggregate: Aggregate
    command: Command
    at: datetime

    def then(self, *events: Event, warnings: tuple[str, ...] = ()) -> None:
        """Check that these events follow, equal in their values and in the values they leave out, with these
        warnings.
        """
        decision = self.type.decide(self.aggregate, self.command, self.at)
        assert [stored_as(event) for event in decision.events] == [stored_as(event) for event in events]
        assert tuple(caution.code for caution in decision.warnings) == warnings

    def then_nothing_happens(self) -> None:
        self.then()

    def then_refused(self, type: str, pointer: str | None = None) -> None:
        """Check that the refusal has this problem type, and says in a whole sentence what is wrong and where."""
        with pytest.raises(Refusal) as refused:
            self.type.decide(self.aggregate, self.command, self.at)
        assert refused.value.type == type
        assert len(str(refused.value)) > 20
        assert pointer is None or refused.value.pointer == pointer


def stored_as(event: Event) -> tuple[str, str]:
    return type(event).__name__, event.model_dump_json(exclude_unset=True)


def given(*events: AccountPlanEvent) -> Given:
    """Return a plan that was opened on Monday, 5 January 2026, in Berlin, after these events."""
    return Given(ACCOUNT_PLAN, ACCOUNT_PLAN.fold((OPENED, *events)))


def given_nothing() -> Given:
    return Given(ACCOUNT_PLAN, ACCOUNT_PLAN.empty)


def given_program(*events: ProgramEvent) -> Given:
    """Return a program that was opened on the same Monday, after these events."""
    return Given(PROGRAM, PROGRAM.fold((PROGRAM_OPENED, *events)))


def given_no_program() -> Given:
    return Given(PROGRAM, PROGRAM.empty)
