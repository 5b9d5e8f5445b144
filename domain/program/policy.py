"""Topic: policy, the adoption of the limits that every plan has to keep.

A policy is adopted as a whole, with a day from which it is in force.
"""

from datetime import date, timedelta
from typing import Any, ClassVar, assert_never

from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes
from domain.language import Command, Decision, Event, Refusal, Text
from domain.program.contradictions import contradictions, doubts
from domain.program.language import OnProgram, ProgramSection, ProgramState
from domain.program.limits import Policy
from domain.things import Aggregate, Draft, Thing

# Events


class PolicyAdopted(Event):
    """From a day on, plans are held to these numbers; what was judged before stays as it was."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"

    version: int
    effective_on: date
    policy: Policy

    def subject(self) -> str:
        return str(self.version)


PolicyEvents = PolicyAdopted


# Commands


class AdoptPolicy(OnProgram):
    """Hold plans to other numbers from a day on.  The policy is whole: what is left out has its default."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"
    needs: ClassVar[Any] = "nothing"

    effective_on: Day
    policy: Policy
    reason: Text

    def subject(self) -> str | None:
        return None


PolicyCommands = AdoptPolicy


# Refusals


class PolicyContradictsItself(Refusal):
    """{what}"""


class PolicyBeforeTheLast(Refusal):
    """The policy before this one is in force from {last_on} on, so this one cannot begin earlier, on {effective_on}."""


class PolicyIsInForce(Refusal):
    """Version {version} of the policy is in force from {effective_on} on, and plans may have been judged by it: only
    one that begins after {last_on} can be withdrawn.  Adopt another policy instead."""


# State and rules


class AdoptedPolicy(Thing):
    """One version of the policy."""

    noun: ClassVar[str] = "policy"
    home: ClassVar[ProgramSection] = "policy"

    version: int
    effective_on: date
    policy: Policy


def decide(program: ProgramState, command: PolicyCommands, _today: date) -> Decision[PolicyEvents]:
    match command:
        case AdoptPolicy():
            for pointer, what in contradictions(command.policy):
                raise PolicyContradictsItself(pointer, what=what)
            adopted = program.all(AdoptedPolicy).values()
            last_on = max((each.effective_on for each in adopted), default=None)
            if last_on and command.effective_on < last_on:
                raise PolicyBeforeTheLast("/effective_on", last_on=last_on, effective_on=command.effective_on)
            whole = Policy.model_validate(command.policy.model_dump())
            last = max(adopted, key=lambda each: each.version, default=None)
            if last and (last.effective_on, last.policy) == (command.effective_on, whole):
                return Decision()
            event = PolicyAdopted(version=next_version(program), effective_on=command.effective_on, policy=whole)
            return Decision((event,), tuple(doubts(whole)))
        case _:
            assert_never(command)


def next_version(program: ProgramState) -> int:
    """Return the next version number. Numbers of withdrawn versions are not used again."""
    withdrawn = (int(id) for noun, id in program.spent_ids if noun == AdoptedPolicy.noun)
    return max([*withdrawn, *(each.version for each in program.all(AdoptedPolicy).values())], default=0) + 1


MOST_DAYS_APART = 2
"""The most days by which the date in one time zone is ahead of that in another."""


class MistakesOfPolicies(Mistakes):
    """Mistakes in policies that are not yet in force. A policy by which plans were judged stays as it is."""

    def decide(self, aggregate: Aggregate, command: Command, today: date) -> Decision[Event]:
        policy = aggregate.the(AdoptedPolicy, command.subject())
        last_on = today + timedelta(days=MOST_DAYS_APART)
        if policy.effective_on <= last_on:
            about = {"version": policy.version, "effective_on": policy.effective_on}
            raise PolicyIsInForce("/version", **about, last_on=last_on)
        return super().decide(aggregate, command, today)


def apply(draft: Draft, event: PolicyEvents) -> None:
    match event:
        case PolicyAdopted(version=version):
            draft.create(AdoptedPolicy, event, id=str(version))
        case _:
            assert_never(event)


TOPIC = Topic(
    PolicyCommands,
    PolicyEvents,
    (AdoptedPolicy,),
    decide,
    apply,
    mistakes=(
        MistakesOfPolicies(
            AdoptedPolicy,
            AdoptPolicy,
            identity=("version",),
            subject=lambda said: str(said.version),
            corrects=False,
        ),
    ),
)
