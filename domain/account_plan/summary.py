"""Topic: the summary, the plan on half a page: why this account, why now, and the goal for a year."""

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, assert_never

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import Amount, Command, Decision, Event, Many, OptionalText, Prose, Terms, Text, changed
from domain.things import Draft, Thing


class SummaryTerms(Terms):
    relevance: Prose | None = None
    why_now: Prose | None = None
    goal_sentence: Prose | None = None
    challenges: tuple[Prose, ...] = ()
    addressable_spend: Decimal | None = None
    growth_path: Prose | None = None


# Events


class SummaryWritten(Event, SummaryTerms):
    """The plan on a page was written or rewritten, in the parts that are said."""

    noun: ClassVar[str] = "summary"
    home: ClassVar[Section] = "summary"


SummaryEvents = SummaryWritten


# Commands


class WriteSummary(Command):
    """Why this account matters, why now, the goal for twelve months in one sentence, and the path to triple it."""

    noun: ClassVar[str] = "summary"
    home: ClassVar[Section] = "summary"
    needs: ClassVar[Any] = "nothing"

    relevance: OptionalText = None
    why_now: OptionalText = None
    goal_sentence: OptionalText = None
    challenges: Many[Text] = ()
    addressable_spend: Amount | None = None
    growth_path: OptionalText = None


SummaryCommands = WriteSummary


# State and rules


class Summary(SummaryTerms, Thing):
    noun: ClassVar[str] = "summary"
    home: ClassVar[Section] = "summary"


def decide(plan: AccountPlan, command: SummaryCommands, _today: date) -> Decision[SummaryEvents]:
    match command:
        case WriteSummary():
            new = changed(command, plan.find(Summary, "summary") or Summary(id="summary"))
            return Decision((SummaryWritten(**new),) if new else ())
        case _:
            assert_never(command)


def apply(draft: Draft, event: SummaryEvents) -> None:
    match event:
        case SummaryWritten():
            draft.amend(Summary, event)
        case _:
            assert_never(event)


TOPIC = Topic(
    SummaryCommands,
    SummaryEvents,
    (Summary,),
    decide,
    apply,
    mistakes=(Mistakes(Summary, WriteSummary, identity=()),),
)
