"""Findings: what is wrong with a plan, what would remedy it, and the rule that found it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from domain.language import bare
from domain.program.limits import RuleName, Severity
from domain.things import Thing

Scope = Literal["every plan", "plans with duties", "strategic plans"]
"""The plans that a rule examines. A plan has duties if the policy limits the age of any section."""


class Named(BaseModel):
    """A thing of the plan, by kind and id."""

    kind: str
    id: str


class Remedy(BaseModel):
    """A command that would end a finding, with the fields that are known."""

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
    """Something that is wrong with a plan at a cut, with an explanation."""

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
    """What a rule finds, before the rule and the policy are added."""

    sentence: str
    since_on: date
    things: Sequence[Thing] = ()
    events: Sequence[str] = ()
    remedies: Sequence[Remedy] = ()
    about: Thing | str | None = None
    """What distinguishes it from other findings of the rule in the same plan. A rule with one finding at most needs
    none."""


class Rule(NamedTuple):
    """A rule: when it finds something, and why that matters."""

    severity: Severity
    """The severity, unless the policy sets another one."""
    scope: Scope
    finds: str
    """When there is a finding, as a sentence."""
    seed: str
    judge: Callable[[Examined], Iterable[Found]]
    reads_words: bool = False
    """Whether the rule judges text. Text about a person is forgotten with them, so findings of such a rule are left out
    of reports that must not change."""


def remedy(command: str, /, *missing: str, **body: Any) -> Remedy:
    """Return a command that would end a finding. `missing` names the fields that somebody still has to fill in."""
    return bare(Remedy, {"command": command, "body": body, "missing": list(missing)}, REMEDY_SAYS)


REMEDY_SAYS = frozenset(Remedy.model_fields)
