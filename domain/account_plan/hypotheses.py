"""Topic: value hypotheses, what we believe the customer gains with us, and the evidence for and against it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal, assert_never

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Count,
    Decision,
    Event,
    Figure,
    Grade,
    Many,
    Name,
    OptionalFigure,
    OptionalText,
    Prose,
    Slug,
    Terms,
    Text,
    Unless,
    changed,
    said,
)
from domain.things import Draft, Thing

Proof = Literal["reference", "roi_model", "benchmark"]
HypothesisState = Literal["open", "confirmed", "refuted"]


class HypothesisTerms(Terms):
    id: str
    outcome: Prose
    metric: Prose
    unit: str
    """The unit of the figures, such as hours, % or EUR."""
    expected: Prose
    baseline: Prose | None = None
    proof: tuple[Proof, ...] = ()
    triggers: tuple[Prose, ...] = ()
    counter_evidence: tuple[Prose, ...] = ()
    value_driver: Prose | None = None
    payback_months: int | None = None


class Evidence(Terms):
    observed: Prose
    supports: bool
    note: Prose | None = None


# Events


class HypothesisEvent(Event):
    """About one hypothesis."""

    noun: ClassVar[str] = "hypothesis"
    home: ClassVar[Section] = "hypotheses"


class HypothesisProposed(HypothesisEvent, HypothesisTerms):
    """What we believe the account would gain, still to be proven."""


class HypothesisRevised(HypothesisEvent):
    """What we believe the account would gain was put differently, in the parts that are said."""

    id: str
    outcome: Prose | None = None
    metric: Prose | None = None
    unit: str | None = None
    expected: Prose | None = None
    baseline: Prose | None = None
    proof: tuple[Proof, ...] = ()
    triggers: tuple[Prose, ...] = ()
    counter_evidence: tuple[Prose, ...] = ()
    value_driver: Prose | None = None
    payback_months: int | None = None


class HypothesisRated(HypothesisEvent):
    """How good a hypothesis is, as judged by us."""

    id: str
    quality: int


class EvidenceRecorded(HypothesisEvent, Evidence):
    """Something was observed that speaks for a hypothesis or against it."""

    strikable: ClassVar[str | None] = "evidence"

    id: str


class HypothesisConfirmed(HypothesisEvent):
    """A hypothesis has proven true."""

    id: str
    observed: Prose


class HypothesisRefuted(HypothesisEvent):
    """A hypothesis has proven false."""

    id: str
    observed: Prose


class HypothesisReopened(HypothesisEvent):
    """A hypothesis that was confirmed or refuted is to be proven again."""

    id: str


HypothesisEvents = (
    HypothesisProposed
    | HypothesisRevised
    | HypothesisRated
    | EvidenceRecorded
    | HypothesisConfirmed
    | HypothesisRefuted
    | HypothesisReopened
)


# Commands


class HypothesisCommand(Command):
    noun: ClassVar[str] = "hypothesis"
    home: ClassVar[Section] = "hypotheses"


class ProposeHypothesis(HypothesisCommand):
    """Say what the customer gains, what it is measured by, and what would prove or disprove it.

    `unit` is the unit of measurement.
    """

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    outcome: Text
    metric: Text
    unit: Name
    expected: Figure
    baseline: OptionalFigure = None
    proof: Many[Proof] = ()
    triggers: Many[Text] = ()
    counter_evidence: Many[Text] = ()
    value_driver: OptionalText = None
    payback_months: Count | None = None


class ReviseHypothesis(HypothesisCommand):
    """Change what is expected to come true, how it is measured, or what would prove it."""

    id: Slug
    outcome: Unless[Text] = None
    metric: Unless[Text] = None
    unit: Unless[Name] = None
    expected: Unless[Figure] = None
    baseline: OptionalFigure = None
    proof: Many[Proof] = ()
    triggers: Many[Text] = ()
    counter_evidence: Many[Text] = ()
    value_driver: OptionalText = None
    payback_months: Count | None = None


class RateHypothesis(HypothesisCommand):
    """How good a hypothesis it is, 1 to 5: not whether it is true, but whether it is worth testing."""

    id: Slug
    quality: Grade


class RecordEvidence(HypothesisCommand):
    """Something was observed that supports it or speaks against it; it stays open."""

    id: Slug
    observed: Figure
    supports: bool
    note: OptionalText = None


class ConfirmHypothesis(HypothesisCommand):
    """Say that what was expected came true, and what was observed."""

    id: Slug
    observed: Figure


class RefuteHypothesis(HypothesisCommand):
    """Say that what was expected did not come true, and what was observed instead."""

    id: Slug
    observed: Figure


class ReopenHypothesis(HypothesisCommand):
    """Leave open again whether what was expected will come true."""

    needs: ClassVar[Any] = "over"

    id: Slug
    reason: Text


HypothesisCommands = (
    ProposeHypothesis
    | ReviseHypothesis
    | RateHypothesis
    | RecordEvidence
    | ConfirmHypothesis
    | RefuteHypothesis
    | ReopenHypothesis
)


# State and rules

ENDINGS: Mapping[HypothesisState, str | None] = {"open": None, "confirmed": "was confirmed", "refuted": "was refuted"}
"""The ending that each state means, for a sentence; None while it is open."""


class Hypothesis(HypothesisTerms, Thing):
    noun: ClassVar[str] = "hypothesis"
    home: ClassVar[Section] = "hypotheses"

    state: HypothesisState = "open"
    quality: int | None = None
    evidence: tuple[Evidence, ...] = ()
    """All evidence, in the order of recording."""
    observed: Prose | None = None
    """The observation that confirmed or refuted it."""

    @property
    def ending(self) -> str | None:
        return ENDINGS[self.state]


def decide(plan: AccountPlan, command: HypothesisCommands, _today: date) -> Decision[HypothesisEvents]:
    if isinstance(command, ProposeHypothesis):
        return Decision((HypothesisProposed(**said(command)),))

    new = changed(command, plan.the(Hypothesis, command.id))
    event: HypothesisEvents | None
    match command:
        case ReviseHypothesis(id=id):
            event = HypothesisRevised(id=id, **new) if new else None
        case RateHypothesis(id=id):
            event = HypothesisRated(id=id, **new) if new else None
        case RecordEvidence():
            event = EvidenceRecorded(**said(command))
        case ConfirmHypothesis():
            event = HypothesisConfirmed(**said(command))
        case RefuteHypothesis():
            event = HypothesisRefuted(**said(command))
        case ReopenHypothesis(id=id):
            event = HypothesisReopened(id=id)
        case _:
            assert_never(command)
    return Decision((event,) if event else ())


def apply(draft: Draft, event: HypothesisEvents) -> None:
    match event:
        case HypothesisProposed():
            draft.create(Hypothesis, event)
        case HypothesisRevised() | HypothesisRated():
            draft.change(Hypothesis, event)
        case EvidenceRecorded(id=id):
            evidence = Evidence(observed=event.observed, supports=event.supports, note=event.note)
            draft.set(Hypothesis, id, evidence=(*draft.the(Hypothesis, id).evidence, evidence))
        case HypothesisConfirmed():
            draft.change(Hypothesis, event, state="confirmed")
        case HypothesisRefuted():
            draft.change(Hypothesis, event, state="refuted")
        case HypothesisReopened():
            draft.change(Hypothesis, event, state="open", observed=None)
        case _:
            assert_never(event)


TOPIC = Topic(
    HypothesisCommands,
    HypothesisEvents,
    (Hypothesis,),
    decide,
    apply,
    mistakes=(Mistakes(Hypothesis, ProposeHypothesis, later={ConfirmHypothesis: ("observed",)}),),
)
