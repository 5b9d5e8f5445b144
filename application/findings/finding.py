"""What is wrong with a plan: a finding, what ends it, and the rule it comes from."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from domain.language import bare
from domain.program.policy import RuleName, Severity
from domain.things import Thing

Scope = Literal["every plan", "plans with duties", "strategic plans"]
"""The plans a rule is about: a plan has duties where the policy says of any section how old it may be."""


class Named(BaseModel):
    """A thing of the plan, by its kind and id."""

    kind: str
    id: str


class Remedy(BaseModel):
    """A command that would end a finding, with what is known filled in."""

    command: str
    body: dict[str, Any]
    missing: list[str] = Field(description="The fields that only who sends it can fill in; none: it can go as it is.")


class Excuse(BaseModel):
    """An exception from a rule that is in force at the cut."""

    by: str = Field(description="Who granted it.")
    until_on: date = Field(description="The last day it is in force.")
    reason: str | None
    event: str


class WhatIsWrong(BaseModel):
    """Something that is wrong with a plan at a cut, explained."""

    rule: RuleName
    about: str | None = Field(
        None,
        description="What in the plan it is about: `KIND:ID` of a thing, or a word of the rule's, such as a section."
        " Together with the rule, it tells a finding from all others of the plan, and is the same at every cut.",
    )
    severity: Severity
    sentence: str
    since_on: date = Field(description="The day from which on it is so, as far as what is on record tells.")
    things: list[Named]
    events: list[str]
    policy_version: int
    seed: str = Field(description="The experience that the rule comes from.")


class Finding(WhatIsWrong):
    """Something that is wrong with a plan at a cut, and what can be done about it on the day of the cut."""

    remedies: list[Remedy]
    excused: Excuse | None = Field(None, description="Null unless the plan is excused from the rule at the cut.")


class Found(NamedTuple):
    """What a rule finds, before it is known by which rule and policy."""

    sentence: str
    since_on: date
    things: Sequence[Thing] = ()
    events: Sequence[str] = ()
    remedies: Sequence[Remedy] = ()
    about: Thing | str | None = None
    """What tells it from whatever else the rule finds in a plan; a rule that finds one thing at most needs none."""


class Rule(NamedTuple):
    """One rule: when it finds something, and why anybody cares."""

    severity: Severity
    """Where the policy says nothing else."""
    scope: Scope
    finds: str
    """When there is a finding, in a sentence."""
    seed: str
    judge: Callable[[Examined], Iterable[Found]]
    reads_words: bool = False
    """Whether it judges what somebody wrote.  Words that were about somebody are forgotten with them, so what such a
    rule found is in no report that has to say the same for ever."""


def remedy(command: str, /, *missing: str, **body: Any) -> Remedy:
    """A command that would end a finding; `missing` names what is still to be said."""
    return bare(Remedy, {"command": command, "body": body, "missing": list(missing)}, REMEDY_SAYS)


REMEDY_SAYS = frozenset(Remedy.model_fields)
