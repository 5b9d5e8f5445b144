"""The library: plays that were won before, templates, agendas and example plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import EMPTY, NEVER_SAID, PlanHead, Value, value_address
from adapters.web.plan.timebar import point_told
from adapters.web.program.overview import PATH
from application.views.cuts import Cut, plan_at
from domain.program.agendas import Agenda
from domain.program.examples import Example
from domain.program.language import ProgramState
from domain.program.library_plays import LibraryPlay
from domain.program.templates import Template
from domain.things import Thing


@dataclass(frozen=True)
class PlayCard:
    """A play of the library."""

    id: str
    title: Value
    kind: Value
    purpose: Value
    success_measure: Value
    days: Value
    steps: Sequence[tuple[Value, str]]
    """Each step, and when it is due."""
    facts: Sequence[tuple[str, Value]]
    retired: str
    forms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Shelf:
    """Templates, agendas or examples: a title, a short description, and the contents."""

    title: Value
    about: Value
    lines: Sequence[Value]
    retired: str


@dataclass(frozen=True)
class LibraryView:
    head: PlanHead
    plays: Sequence[PlayCard]
    templates: Sequence[Shelf]
    agendas: Sequence[Shelf]
    examples: Sequence[Shelf]
    forms: Sequence[tuple[str, str]]


def library_view(asked: AggregateRequest[ProgramState]) -> LibraryView:
    state, say = plan_at(asked.known, asked.cut), asked.say
    may_change = asked.may("program") and asked.cut.cut == "now"
    plays = sorted(state.all(LibraryPlay).values(), key=lambda each: not each.is_open)
    forms = [
        ("publish-play", say("Publish a play")),
        ("publish-template", say("Publish a template")),
        ("publish-agenda", say("Publish an agenda")),
        ("publish-example", say("Publish an example")),
    ]
    return LibraryView(
        head=asked.head,
        plays=[_play(each, asked.cut, say, may_change) for each in plays],
        templates=[_template(each, asked.cut, say) for each in state.all(Template).values()],
        agendas=[_agenda(each, asked.cut, say) for each in state.all(Agenda).values()],
        examples=[_example(each, asked.cut, say) for each in state.all(Example).values()],
        forms=[(f"/program/do/{command}", name) for command, name in forms] if may_change else [],
    )


def _play(play: LibraryPlay, cut: Cut, say: Speech, may_change: bool) -> PlayCard:
    said = partial(_said, play, cut)
    facts = [
        (say("Value driver"), said("value_driver", play.value_driver or "")),
        (say("Prerequisites"), said("prerequisites", " · ".join(play.prerequisites))),
        (say("Proof assets"), said("proof_assets", say.value(play.proof_assets, "proof_assets"))),
        (say("Counter move"), said("counter_move", play.counter_move or "")),
        (say("Won at"), said("source_plan", play.source_plan or "")),
    ]
    forms = [
        (f"/program/do/revise-play?id={play.id}", say("Revise")),
        (f"/program/do/retire-play?id={play.id}", say("Retire")),
    ]
    return PlayCard(
        id=play.id,
        title=said("title", play.title),
        kind=said("kind", say(spaced(play.kind))),
        purpose=said("purpose", play.purpose),
        success_measure=said("success_measure", play.success_measure),
        days=said("typical_days", say.counted("{number} day", "{number} days", play.typical_days)),
        steps=[(said("steps", step.statement), say("day {number}", number=step.days_in)) for step in play.steps],
        facts=[(name, words) for name, words in facts if words.address],
        retired=say(play.ending) if play.ending else "",
        forms=forms if may_change and play.is_open else [],
    )


def _said(thing: Thing, cut: Cut, field: str, text: str) -> Value:
    if getattr(thing, field) in EMPTY:
        return NEVER_SAID
    return Value(text, value_address(PATH, cut, thing.noun, thing.id, field))


def _template(template: Template, cut: Cut, say: Speech) -> Shelf:
    said = partial(_said, template, cut)
    about = [say(spaced(word)) for word in (template.segment, template.tier) if word]
    lines = [
        said(
            "commands",
            f"{say(spaced(each.command))}: "
            + ", ".join(f"{say(spaced(name))} {say.value(value, name)}" for name, value in each.body.items()),
        )
        for each in template.commands
    ]
    whom = said("tier" if template.tier else "segment", ", ".join(about))
    return Shelf(said("title", template.title), whom, lines, say(template.ending) if template.ending else "")


def _agenda(agenda: Agenda, cut: Cut, say: Speech) -> Shelf:
    said = partial(_said, agenda, cut)
    minutes = said("minutes", say("{minutes} min", minutes=agenda.minutes))
    lines = [said("items", f"{item.topic} ({say('{minutes} min', minutes=item.minutes)})") for item in agenda.items]
    ending = say(agenda.ending) if agenda.ending else ""
    return Shelf(said("kind", say(spaced(agenda.kind))), minutes, lines, ending)


def _example(example: Example, cut: Cut, say: Speech) -> Shelf:
    said = partial(_said, example, cut)
    frozen, ending = (
        say("frozen at {cut}", cut=point_told(example.cut, say)),
        say(example.ending) if example.ending else "",
    )
    return Shelf(said("title", example.title), said("cut", frozen), [], ending)
