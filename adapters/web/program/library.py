"""The library: plays that were won before, templates, agendas and example plans."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.plan.pages import AggregateRequest
from adapters.web.plan.presenter import PlanHead
from application.views.cuts import plan_at
from domain.program.agendas import Agenda
from domain.program.examples import Example
from domain.program.language import ProgramState
from domain.program.library_plays import LibraryPlay
from domain.program.templates import Template


@dataclass(frozen=True)
class PlayCard:
    """A play of the library."""

    id: str
    title: str
    kind: str
    purpose: str
    success_measure: str
    days: str
    steps: Sequence[tuple[str, str]]
    """Each step, and when it is due."""
    facts: Sequence[tuple[str, str]]
    retired: str
    forms: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Shelf:
    """Templates, agendas or examples: a title, a short description, and the contents."""

    title: str
    about: str
    lines: Sequence[str]
    retired: str
    address: str = ""


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
        plays=[_play(each, say, may_change) for each in plays],
        templates=[_template(each, say) for each in state.all(Template).values()],
        agendas=[_agenda(each, say) for each in state.all(Agenda).values()],
        examples=[_example(each, say) for each in state.all(Example).values()],
        forms=[(f"/program/do/{command}", name) for command, name in forms] if may_change else [],
    )


def _play(play: LibraryPlay, say: Speech, may_change: bool) -> PlayCard:
    facts = [
        (say("Value driver"), play.value_driver or ""),
        (say("Prerequisites"), " · ".join(play.prerequisites)),
        (say("Proof assets"), say.value(play.proof_assets, "proof_assets")),
        (say("Counter move"), play.counter_move or ""),
        (say("Won at"), play.source_plan or ""),
    ]
    forms = [
        (f"/program/do/revise-play?id={play.id}", say("Revise")),
        (f"/program/do/retire-play?id={play.id}", say("Retire")),
    ]
    return PlayCard(
        id=play.id,
        title=play.title,
        kind=say(spaced(play.kind)),
        purpose=play.purpose,
        success_measure=play.success_measure,
        days=say.counted("{number} day", "{number} days", play.typical_days),
        steps=[(step.statement, say("day {number}", number=step.days_in)) for step in play.steps],
        facts=[(name, words) for name, words in facts if words],
        retired=say(play.ending) if play.ending else "",
        forms=forms if may_change and play.is_open else [],
    )


def _template(template: Template, say: Speech) -> Shelf:
    about = [say(spaced(word)) for word in (template.segment, template.tier) if word]
    lines = [
        f"{say(spaced(each.command))}: "
        + ", ".join(f"{say(spaced(name))} {say.value(value, name)}" for name, value in each.body.items())
        for each in template.commands
    ]
    return Shelf(template.title, ", ".join(about), lines, say(template.ending) if template.ending else "")


def _agenda(agenda: Agenda, say: Speech) -> Shelf:
    minutes = say("{minutes} min", minutes=agenda.minutes)
    lines = [f"{item.topic} ({say('{minutes} min', minutes=item.minutes)})" for item in agenda.items]
    return Shelf(say(spaced(agenda.kind)), minutes, lines, say(agenda.ending) if agenda.ending else "")


def _example(example: Example, say: Speech) -> Shelf:
    return Shelf(
        example.title, say("frozen at {cut}", cut=example.cut), [], say(example.ending) if example.ending else ""
    )
