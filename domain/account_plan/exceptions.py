"""Topic: exceptions, by which a plan is excused from a rule for a time."""

from datetime import date
from typing import Any, ClassVar, assert_never

from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.rule_names import PlanRuleName
from domain.aggregates import Topic
from domain.calendar import Day
from domain.language import Command, CommandRight, Decision, Event, Refusal, Text
from domain.things import Draft, Thing

# Events


class ExceptionEvent(Event):
    """About the exception from one rule; a plan has one for each rule at most."""

    noun: ClassVar[str] = "exception"
    home: ClassVar[Section] = "plan"

    rule: PlanRuleName

    def subject(self) -> str:
        return self.rule


class ExceptionGranted(ExceptionEvent):
    """The plan is excused from a rule up to a day; what the rule finds is shown all the same."""

    until_on: date


class ExceptionRevoked(ExceptionEvent):
    """The plan is no longer excused from a rule."""


ExceptionEvents = ExceptionGranted | ExceptionRevoked


# Commands


class ExceptionCommand(Command):
    noun: ClassVar[str] = "exception"
    home: ClassVar[Section] = "plan"
    needs: ClassVar[Any] = "nothing"
    right: ClassVar[CommandRight] = "exceptions"

    rule: PlanRuleName
    reason: Text

    def subject(self) -> str | None:
        return self.rule


class GrantException(ExceptionCommand):
    """Excuse the plan from a rule up to and including a day.  The rule still finds what it finds, and says who excused
    it."""

    until_on: Day


class RevokeException(ExceptionCommand):
    """Hold the plan to the rule again."""


ExceptionCommands = GrantException | RevokeException


# Refusals


class ExceptionOverAlready(Refusal):
    """An exception until {until_on} would be over already: name a day from {today} on."""


class NotExcused(Refusal):
    """The plan is not excused from the rule {rule}, so there is nothing to revoke."""


# State and rules


class RuleException(Thing):
    """What the plan is or was excused from."""

    noun: ClassVar[str] = "exception"
    home: ClassVar[Section] = "plan"

    rule: PlanRuleName
    until_on: date
    revoked: bool = False

    @property
    def ending(self) -> str | None:
        return "was revoked" if self.revoked else None

    def excuses(self, day: date) -> bool:
        """Return whether it is in force on a day."""
        return not self.revoked and day <= self.until_on


def decide(plan: AccountPlan, command: ExceptionCommands, today: date) -> Decision[ExceptionEvents]:
    granted = plan.find(RuleException, command.rule)
    event: ExceptionEvents | None
    match command:
        case GrantException(rule=rule, until_on=until_on):
            if until_on < today:
                raise ExceptionOverAlready("/until_on", until_on=until_on, today=today)
            known = granted is not None and not granted.revoked and granted.until_on == until_on
            event = None if known else ExceptionGranted(rule=rule, until_on=until_on)
        case RevokeException(rule=rule):
            if granted is None or granted.revoked:
                raise NotExcused("/rule", rule=rule)
            event = ExceptionRevoked(rule=rule)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: ExceptionEvents) -> None:
    match event:
        case ExceptionGranted(rule=rule):
            draft.create(RuleException, event, id=rule)
        case ExceptionRevoked(rule=rule):
            draft.set(RuleException, rule, revoked=True)
        case _:
            assert_never(event)


TOPIC = Topic(ExceptionCommands, ExceptionEvents, (RuleException,), decide, apply)
