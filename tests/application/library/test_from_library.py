"""What a plan takes from the library becomes its own: plays with their steps, and the commands of a template."""

from collections.abc import Sequence
from datetime import date
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from application.library.from_library import (
    AdoptPlay,
    AgreePairingByPolicy,
    OpenPlanFromTemplate,
    TemplateOutdated,
    about_template,
    from_library,
    needs_library,
)
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.actions import Action, AddAction
from domain.account_plan.plays import PlanPlay, Play
from domain.account_plan.relationships import AgreePairing
from domain.language import Command
from domain.program import PROGRAM
from domain.program.limits import Policy
from domain.program.templates import Template, TemplateCommand, TemplatePublished
from domain.refusals import Over, Unknown
from tests.cases import for_each
from tests.everything import PLAY
from tests.histories import OPEN, History, instant, opened

TODAY = date(2026, 4, 6)
PILOT = {
    "id": "pilot",
    "title": "Thirty-day pilot",
    "kind": "proof",
    "purpose": "Show that it works there",
    "success_measure": "Rework down 25 % on one line",
    "typical_days": 40,
    "value_driver": "Less rework",
    "prerequisites": ["A line with a night shift"],
    "steps": [
        {"statement": "Agree the measure with the line lead", "kind": "task", "days_in": 0},
        {"statement": "Read the result to the COO", "kind": "milestone", "days_in": 40},
    ],
}
TEMPLATE = {
    "id": "first-month",
    "title": "The first month",
    "commands": [
        {"command": "write-summary", "body": {"relevance": "What {account_name} is to us"}},
        {
            "command": "add-action",
            "body": {"statement": "Meet the COO", "kind": "task", "owner": "{owner}", "due_on": "{today+14}"},
        },
    ],
}


def library() -> History:
    history = History(type=PROGRAM)
    history.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    history.on("2026-01-02", "publish-play", **PILOT)
    history.on("2026-01-02", "publish-template", **TEMPLATE)
    return history


def put(command: Command, history: History | None = None) -> Sequence[Command]:
    numbers = count(1)
    return from_library(command, (history or library()).known.state, TODAY, lambda: UUID(int=next(numbers)))


def adopt(**more: Any) -> AdoptPlay:
    return AdoptPlay(**{"library_play": "pilot", "owner": "ben", "id": "ours"} | more)


def test_a_play_is_adopted_with_its_steps_as_actions_counted_from_the_day_it_starts():
    plan = opened()
    for command in put(adopt(starts_on=date(2026, 4, 20))):
        plan.handle(instant("2026-04-06"), command)
    play = plan.known.state.the(Play, "ours")
    assert (play.title, play.kind, play.success_measure, play.value_driver, play.prerequisites) == (
        PILOT["title"], PILOT["kind"], PILOT["success_measure"], PILOT["value_driver"], tuple(PILOT["prerequisites"])
    )  # fmt: skip
    assert (play.library_play, play.owner, play.starts_on, play.due_on) == (
        "pilot", "ben", date(2026, 4, 20), date(2026, 5, 30)
    )  # fmt: skip
    first, last = plan.known.state.all(Action).values()
    assert (first.statement, first.due_on, first.play) == (PILOT["steps"][0]["statement"], date(2026, 4, 20), "ours")
    assert (first.library_play, last.library_play) == ("pilot", "pilot")
    assert (last.kind, last.due_on, last.owner) == ("milestone", date(2026, 5, 30), "ben")


def test_a_play_without_a_day_starts_today_and_serves_what_it_is_linked_to():
    [play, *_] = put(adopt(goal="triple", stakeholders=("coo",), id=None))
    assert isinstance(play, PlanPlay)
    assert (play.starts_on, play.goal, play.stakeholders) == (TODAY, "triple", ("coo",))
    assert play.id == str(UUID(int=1))


@pytest.mark.parametrize(
    "command",
    [
        adopt(),
        PlanPlay(title="Pilot", due_on=TODAY, library_play="pilot", **PLAY),
        AddAction(statement="Agree it", kind="task", owner="ben", due_on=TODAY, library_play="pilot"),
    ],
)
def test_only_plays_that_are_published_are_named(command: Command):
    assert needs_library(command)
    assert put(command)
    practice = library()
    practice.on("2026-01-03", "retire-play", id="pilot", reason="Too long")
    with pytest.raises(Over) as retired:
        put(command, practice)
    assert (retired.value.pointer, retired.value.type) == ("/library_play", "library-play-over")
    with pytest.raises(Unknown):
        put(command.model_copy(update={"library_play": "nothing"}))


@pytest.mark.parametrize("command", ["correct-play", "correct-action"])
def test_a_correction_names_a_play_that_is_or_was_in_the_library(command: str):
    practice = library()
    practice.on("2026-01-03", "retire-play", id="pilot", reason="Too long")
    said = {"id": "ours", "reason": "Taken from another"}
    right = ACCOUNT_PLAN.commands[command].model_validate(said | {"library_play": "pilot"})
    assert put(right, practice) == [right]
    with pytest.raises(Unknown):
        put(ACCOUNT_PLAN.commands[command].model_validate(said | {"library_play": "nothing"}))


def test_a_pairing_without_a_rhythm_has_that_of_the_policy():
    said = {"member": "eve", "stakeholder": "coo"}
    own, left_out = AgreePairingByPolicy(**said, every_days=30), AgreePairingByPolicy(**said, reason="Agreed")
    assert (needs_library(own), needs_library(left_out)) == (True, True)
    assert put(own) == [AgreePairing(**said, every_days=30)]
    assert put(left_out) == [AgreePairing(**said, every_days=92, reason="Agreed")]
    state, policy = library().known.state, Policy(pairing=45)
    [agreed] = from_library(left_out, state, TODAY, lambda: UUID(int=1), policy)
    assert agreed == AgreePairing(**said, every_days=45, reason="Agreed")


def test_a_plan_is_opened_with_the_commands_of_a_template_carried_out():
    plan = History()
    opening = OpenPlanFromTemplate(**OPEN, tier="strategic", template="first-month")
    assert OpenPlanFromTemplate.called() == "open-plan"
    for command in put(opening):
        plan.handle(instant("2026-04-06"), command)
    assert [type(record.event).__name__ for record in plan.known.records] == [
        "PlanOpened", "SummaryWritten", "ActionAdded"
    ]  # fmt: skip
    [action] = plan.known.state.all(Action).values()
    assert (action.owner, action.due_on) == ("ann", date(2026, 4, 20))


def test_without_a_template_a_plan_is_opened_as_ever():
    opening = OpenPlanFromTemplate(**OPEN, tier="strategic")
    assert not needs_library(opening)
    assert put(opening) == [opening]


@for_each(
    ("tier", "segment", "told"),
    [
        ("strategic", "enterprise", []),
        ("strategic", None, []),
        ("growth", "enterprise", ["/tier"]),
        ("growth", "other", ["/tier", "/segment"]),
    ],
)
def test_a_plan_that_is_opened_by_a_template_of_other_accounts_is_told(tier, segment, told):
    template = Template(id="big", title="Big", tier="strategic", segment="enterprise", retired=False)
    opening = OpenPlanFromTemplate(**OPEN, tier=tier, segment=segment, template="big")
    found = list(about_template(opening, template))
    assert [(each.code, each.pointer) for each in found] == [("template-of-others", pointer) for pointer in told]
    assert not list(about_template(opening, template.model_copy(update={"tier": None, "segment": None})))
    if "/tier" in told:
        said = "The template “big” is for the tier strategic, and this plan is growth. Is another one meant?"
        assert found[0].detail == said


def test_a_template_that_was_retired_or_does_not_fit_any_more_says_so():
    opening, practice = OpenPlanFromTemplate(**OPEN, tier="strategic", template="first-month"), library()
    outdated = TemplateCommand(command="write-summary", body={"gone": "{account_name}"})
    event = TemplatePublished(id="first-month", title="Old", commands=(outdated,))
    with pytest.raises(TemplateOutdated, match="“gone” is not a field here"):
        from_library(opening, PROGRAM.fold([event], practice.known.state), TODAY, lambda: UUID(int=1))
    step = {"statement": "Agree it", "kind": "task", "owner": "{owner}", "due_on": "{today}", "library_play": "gone"}
    named = TemplateCommand(command="add-action", body=step)
    event = TemplatePublished(id="first-month", title="Old", commands=(named,))
    with pytest.raises(TemplateOutdated, match="no library-play “gone”"):
        from_library(opening, PROGRAM.fold([event], practice.known.state), TODAY, lambda: UUID(int=1))
    practice.on("2026-01-03", "retire-template", id="first-month", reason="Too long")
    with pytest.raises(Over):
        put(opening, practice)


def test_a_command_that_names_nothing_of_the_library_is_itself():
    command = ACCOUNT_PLAN.commands["archive-plan"].model_validate({"reason": "Sold"})
    assert not needs_library(command)
    assert put(command) == [command]
