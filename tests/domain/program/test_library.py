from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from domain.account_plan.reviews import AgendaItem, PlannedItem
from domain.language import Refusal
from domain.program import PROGRAM
from domain.program.agendas import AgendaPublished, AgendaRetired, PublishAgenda, RetireAgenda
from domain.program.examples import (
    ExamplePublished,
    ExampleWithdrawn,
    PublishExample,
    Redaction,
    ReplacedWords,
    WithdrawExample,
)
from domain.program.library_plays import (
    LibraryPlay,
    LibraryPlayPublished,
    LibraryPlayRetired,
    LibraryPlayRevised,
    LibraryStep,
    PlannedStep,
    PublishPlay,
    RetirePlay,
    RevisePlay,
)
from domain.program.templates import (
    DraftedCommand,
    PublishTemplate,
    RetireTemplate,
    TemplateCommand,
    TemplatePublished,
    TemplateRetired,
    filled,
)
from tests.given import MONDAY, PROGRAM_OPENED, given_program

PLAY = {
    "id": "tour",
    "title": "Plant tour",
    "kind": "discovery",
    "purpose": "See the rework where it happens",
    "success_measure": "Three causes named",
    "typical_days": 30,
}
STEP = {"statement": "Agree the date with the line lead", "kind": "task", "days_in": 5}
PUBLISHED = LibraryPlayPublished(**PLAY, steps=(LibraryStep(**STEP),))
ACTION = {
    "command": "add-action",
    "body": {"statement": "Meet the COO of {account_name}", "kind": "task", "owner": "{owner}", "due_on": "{today+30}"},
}


def template(*commands: dict[str, Any], **more: Any) -> PublishTemplate:
    said = {"id": "start", "title": "First month", "reason": None} | more
    return PublishTemplate(commands=tuple(DraftedCommand(**each) for each in commands), **said)


def test_a_play_is_published_revised_and_retired():
    given_program().when(PublishPlay(**PLAY, steps=(PlannedStep(**STEP),), reason=None)).then(PUBLISHED)
    given_program().when(PublishPlay(**PLAY, steps=(PlannedStep(**STEP),), reason="Agreed")).then(PUBLISHED)
    given_program(PUBLISHED).when(RevisePlay(id="tour", typical_days=45, reason=None)).then(
        LibraryPlayRevised(id="tour", typical_days=45)
    )
    given_program(PUBLISHED).when(RevisePlay(id="tour", typical_days=30, reason=None)).then_nothing_happens()
    retired = LibraryPlayRetired(id="tour")
    given_program(PUBLISHED).when(RetirePlay(id="tour", reason=None)).then(retired)
    given_program(PUBLISHED, retired).when(RevisePlay(id="tour", title="Tour", reason=None)).then_refused(
        "library-play-over"
    )


def test_a_step_after_the_play_itself_is_told():
    steps = tuple(PlannedStep(statement="Call", kind="task", days_in=days) for days in (30, 31))
    decided = PROGRAM.decide(given_program().aggregate, PublishPlay(**PLAY, steps=steps, reason=None), MONDAY)
    assert [(each.code, each.pointer) for each in decided.warnings] == [("step-after-the-play", "/steps/1/days_in")]
    shorter = RevisePlay(id="tour", typical_days=0, reason=None)
    decided = PROGRAM.decide(given_program(PUBLISHED).aggregate, shorter, MONDAY)
    assert [each.code for each in decided.warnings] == ["step-after-the-play"]


def test_revising_a_play_leaves_what_is_not_said():
    revised = PROGRAM.fold((PROGRAM_OPENED, PUBLISHED, LibraryPlayRevised(id="tour", title="Tour of line B")))
    play = revised.the(LibraryPlay, "tour")
    assert (play.title, play.typical_days, play.steps) == ("Tour of line B", 30, (LibraryStep(**STEP),))


def test_a_template_is_tried_before_it_is_taken():
    given_program().when(template(ACTION)).then(
        TemplatePublished(id="start", title="First month", commands=(TemplateCommand(**ACTION),))
    )


def test_a_template_whose_commands_leave_its_tier_is_told():
    change = {"command": "change-tier", "body": {"tier": "growth", "reason": "Small"}}
    asked = template(change).model_copy(update={"tier": "strategic"})
    given_program().when(asked).then(
        TemplatePublished(id="start", title="First month", tier="strategic", commands=(TemplateCommand(**change),)),
        warnings=("template-of-others",),
    )


@pytest.mark.parametrize(
    ("command", "type", "pointer"),
    [
        ({"command": "open-plan", "body": {}}, "template-command-unknown", "/commands/0/command"),
        ({"command": "plan-paly", "body": {}}, "template-command-unknown", "/commands/0/command"),
        (
            {"command": "merge-plan", "body": {"account_id": "beta", "reason": "Entered twice"}},
            "template-command-unknown",
            "/commands/0/command",
        ),
        ({"command": "alias-account", "body": {"account_id": "b"}}, "template-command-unknown", "/commands/0/command"),
        (
            {"command": "add-action", "body": ACTION["body"] | {"owner": "{boss}"}},
            "placeholder-unknown",
            "/commands/0/body/owner",
        ),
        ({"command": "add-action", "body": {"statement": "x"}}, "template-command-refused", "/commands/0/body"),
        (
            {"command": "complete-action", "body": {"id": "none", "finished_on": "{today}", "result": None}},
            "template-command-refused",
            "/commands/0/body/id",
        ),
        (
            {"command": "add-action", "body": ACTION["body"] | {"library_play": "nothing"}},
            "template-command-refused",
            "/commands/0/body/library_play",
        ),
    ],
)
def test_a_template_its_own_plan_would_refuse_is_refused(command, type, pointer):
    given_program().when(template(command)).then_refused(type, pointer)


def test_the_commands_of_a_template_build_on_one_another():
    goal = {
        "command": "set-goal",
        "body": {
            "id": "g", "kind": "revenue", "statement": "ARR of 300,000", "measure": "ARR", "unit": "EUR",
            "baseline": "0", "target": "300000", "due_on": "{today+365}", "owner": "{owner}",
        },
    }  # fmt: skip
    linked = {"command": "add-action", "body": ACTION["body"] | {"goal": "g"}}
    assert PROGRAM.decide(given_program().aggregate, template(goal, linked), MONDAY).events
    given_program().when(template(linked, goal)).then_refused("template-command-refused", "/commands/0/body/goal")


def test_placeholders_are_filled_wherever_they_stand():
    body = {"a": "{account_name} and {owner}", "b": ["{today}", {"c": "{today+7}"}], "d": 3}
    assert filled(body, "Acme", "ann", date(2026, 1, 5)) == {
        "a": "Acme and ann",
        "b": ["2026-01-05", {"c": "2026-01-12"}],
        "d": 3,
    }


def test_a_template_is_retired_once():
    published = TemplatePublished(id="start", title="First month", commands=(TemplateCommand(**ACTION),))
    retired = TemplateRetired(id="start")
    given_program(published).when(RetireTemplate(id="start", reason=None)).then(retired)
    given_program(published, retired).when(RetireTemplate(id="start", reason=None)).then_refused("template-over")


def test_an_agenda_fits_its_review():
    items = (PlannedItem(topic="Said versus did", minutes=20), PlannedItem(topic="Next", minutes=10))
    published = AgendaPublished(
        kind="monthly", items=tuple(AgendaItem(**item.model_dump()) for item in items), minutes=30
    )
    fits = PublishAgenda(kind="monthly", items=items, minutes=30, reason=None)
    given_program().when(fits).then(published)
    given_program(published).when(fits).then_nothing_happens()
    given_program().when(fits.model_copy(update={"minutes": 29})).then_refused("agenda-does-not-fit", "/minutes")
    retired = AgendaRetired(kind="monthly")
    given_program(published).when(RetireAgenda(kind="monthly", reason=None)).then(retired)
    given_program(published, retired).when(fits).then(published)


def test_an_example_is_published_with_the_words_to_be_replaced():
    said = {"id": "gold", "title": "A plan as it should be", "plan": "acme", "cut": "review:R1"}
    words = ReplacedWords(words="Acme", shown_as="A manufacturer")
    published = ExamplePublished(**said, redactions=(Redaction(words="Acme", shown_as="A manufacturer"),))
    given_program().when(PublishExample(**said, redactions=(words,), reason=None)).then(published)
    given_program(published).when(WithdrawExample(id="gold", reason=None)).then(ExampleWithdrawn(id="gold"))


@pytest.mark.parametrize("wrong", [{"typical_days": -1}, {"kind": "trick"}, {"title": " "}])
def test_a_play_of_the_library_is_refused_by_its_shape(wrong):
    with pytest.raises(ValidationError):
        PublishPlay(**PLAY | wrong)


def test_of_several_mistakes_in_a_command_of_a_template_the_first_is_told():
    wrong = {"command": "add-action", "body": ACTION["body"] | {"kind": "trick", "owner": "x" * 129}}
    with pytest.raises(Refusal) as refused:
        PROGRAM.decide(given_program().aggregate, template(wrong), MONDAY)
    assert "kind" in str(refused.value)
    assert "owner" not in str(refused.value)
