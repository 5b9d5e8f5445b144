"""The parts that the current views of every aggregate share: the cut they show, and the things of each section."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, Field, create_model

from application.views.cuts import Cut
from application.views.effects import section_of
from domain.things import Aggregate, Thing

ONE_EACH = {"plan", "summary", "overview", "contract", "health", "vision", "program"}
"""The kinds of which an aggregate has one thing. It is null until something was recorded about it."""

PLURALS = {
    "opportunity": "opportunities",
    "hypothesis": "hypotheses",
    "news": "news",
    "touch": "touches",
    "priorities": "priorities",
    "policy": "policies",
    "exchange-rates": "exchange_rates",
    "library-play": "plays",
}


class CutView(BaseModel):
    """The point in history that a view shows."""

    cut: str
    version: int
    at: datetime
    date: date
    recorded_late: bool = False
    provisional: bool = Field(False, description="Whether its day is not over: judged as of now.")
    struck: bool = Field(False, description="Whether it is a review that was struck later; it names the same point.")

    @classmethod
    def of(cls, cut: Cut) -> "CutView":
        return cls(
            cut=cut.cut,
            version=cut.version,
            at=cut.at,
            date=cut.date,
            recorded_late=cut.recorded_late,
            provisional=cut.provisional,
            struck=cut.struck,
        )


def plural(noun: str) -> str:
    return PLURALS.get(noun, f"{noun}s")


def section_models(
    sections: Iterable[str], things: Iterable[type[Thing]], everywhere: Mapping[str, Any], noted: type[Thing] | None
) -> dict[str, type[BaseModel]]:
    """Return a model of each section: the fields that every section has, then the things that belong to it.

    Things of the kind `noted` are shown in the section for which they were written, which may be any.
    """
    kinds = sorted(things, key=lambda thing: thing is noted)
    return {section: _section_model(section, kinds, everywhere, noted) for section in sections}


def _section_model(
    section: str, things: Iterable[type[Thing]], everywhere: Mapping[str, Any], noted: type[Thing] | None
) -> type[BaseModel]:
    fields: dict[str, Any] = dict(everywhere)
    for thing in things:
        if thing.noun in ONE_EACH and thing.home == section:
            fields[thing.noun] = (thing | None, None)
        elif thing is noted or thing.home == section:
            fields[plural(thing.noun)] = (list[thing], [])  # type: ignore[valid-type]
    return create_model(f"{section.capitalize()}Section", **fields)


def by_section(aggregate: Aggregate, sections: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return all things by section and then by the plural of their kind. Of a kind with one thing, that thing stands
    alone."""
    found: dict[str, dict[str, Any]] = {section: {} for section in sections}
    for kind, things in aggregate.kinds().items():
        for thing in things.values():
            if kind.noun in ONE_EACH:
                found[section_of(thing)][kind.noun] = thing
            else:
                found[section_of(thing)].setdefault(plural(kind.noun), []).append(thing)
    return found
