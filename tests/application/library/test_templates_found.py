"""Who publishes a template, or adopts a policy, is told what the policy finds fault with in plans opened by it."""

import json
from typing import Any

import pytest

from application.library.templates_found import MOST_TOLD, against_policy
from domain.language import Command
from domain.program import PROGRAM
from tests.application.findings.test_program import program
from tests.histories import History, instant

Drafted = dict[str, Any]


def template(*commands: Drafted, **more: Any) -> dict[str, Any]:
    return {"id": "start", "title": "First month", "commands": list(commands)} | more


def play(number: int, title: str = "Pilot on line B") -> Drafted:
    body = {"id": f"p{number}", "title": title, "kind": "proof", "owner": "{owner}", "due_on": "{today+30}"}
    return {"command": "plan-play", "body": body | {"success_measure": "Three causes named"}}


def pairing(every_days: int) -> list[Drafted]:
    coo = {"id": "s1", "title": "Chief operating officer", "level": "executive"}
    agreed = {"member": "{owner}", "stakeholder": "s1", "every_days": every_days}
    return [{"command": "add-stakeholder", "body": coo}, {"command": "agree-pairing", "body": agreed}]


def review(kind: str, ahead: int) -> Drafted:
    return {"command": "schedule-review", "body": {"id": "r1", "kind": kind, "planned_on": f"{{today+{ahead}}}"}}


def given(name: str, body: dict[str, Any]) -> Command:
    return PROGRAM.commands[name].model_validate_json(json.dumps(body))


def told(practice: History, name: str, body: dict[str, Any]) -> list[str]:
    known = practice.known
    found = list(against_policy(given(name, body), known, known.state, instant("2026-03-02")))
    assert {each.code for each in found} <= {"template-against-policy"}
    return [each.detail for each in found]


def adopting(**numbers: Any) -> dict[str, Any]:
    return {"effective_on": "2026-03-02", "policy": numbers, "reason": "Agreed"}


def test_what_the_rules_find_in_a_plan_only_because_of_the_template_is_told():
    practice = program()
    assert told(practice, "publish-template", template(*map(play, range(6)))) == []
    [found] = told(practice, "publish-template", template(*map(play, range(7))))
    assert found.startswith("7 plays are open; more than 6 at a time are not worked on.")
    [found] = told(practice, "publish-template", template(play(1, "Deepen the relationship")))
    assert found.startswith("The play “Deepen the relationship” names no object")


@pytest.mark.parametrize("tier", ["strategic", "growth", "enterprise", "standard", None])
def test_a_template_that_keeps_to_the_policy_is_nothing_to_tell(tier):
    assert told(program(), "publish-template", template(play(1), tier=tier)) == []


def test_a_rhythm_that_breaks_the_policy_even_if_it_is_kept_is_told():
    practice = program()
    assert told(practice, "publish-template", template(*pairing(92))) == []
    assert told(practice, "publish-template", template(*pairing(93))) == [
        "The pairing of owner and s1 meets every 93 days, and the policy allows 92 days without a contact."
    ]
    assert told(practice, "publish-template", template(review("qbr", 92))) == []
    assert told(practice, "publish-template", template(review("qbr", 93))) == [
        "The first review of the kind QBR is planned 93 days ahead, and the policy wants one every 92 days."
    ]
    # A growth plan holds no QBR by the default policy, so none can come too late.
    assert told(practice, "publish-template", template(review("qbr", 93), tier="growth")) == []


def test_who_adopts_a_policy_is_told_which_templates_do_not_suit_it_and_only_what_is_new():
    practice = program()
    practice.on("2026-02-01", "publish-template", **template(*map(play, range(5)), play(6, "Deepen the relationship")))
    assert told(practice, "adopt-policy", adopting(plays={"least": 4, "most": 6})) == []
    [found] = told(practice, "adopt-policy", adopting(plays={"least": 4, "most": 5}))
    assert found.startswith("The template “start” does not suit this policy. 6 plays are open; more than 5 at a time")
    practice.on("2026-02-02", "retire-template", id="start")
    assert told(practice, "adopt-policy", adopting(plays={"least": 4, "most": 5})) == []


def test_of_a_rule_that_the_policy_turns_off_and_of_other_commands_nothing_is_told():
    practice = program(findings={"vague-promise": {"severity": "hint", "off": True}})
    assert told(practice, "publish-template", template(play(1, "Deepen the relationship"))) == []
    assert told(practice, "name-program-owner", {"owner": "eve"}) == []


def test_of_many_faults_the_first_are_told():
    many = template(*(play(number, "Deepen the relationship") for number in range(MOST_TOLD + 5)))
    assert len(told(program(), "publish-template", many)) == MOST_TOLD
