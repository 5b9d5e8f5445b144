"""Each number of the policy decides what the rule that it belongs to finds: a laxer one ends what the default found."""

import re
from typing import Any

import pytest

from application.findings.examined import Examined
from application.findings.judging import findings_by
from application.findings.program import copy_paste_plans
from application.views.cuts import known_at
from application.views.policy_in_force import PolicyInForce
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.rule_names import PlanRuleName
from domain.glossary import MEANINGS
from domain.program.limits import Policy
from tests.application.findings.stories import STORIES, Story, in_order
from tests.application.findings.test_program import SAME, examined, plan, program
from tests.histories import opened

AGES = 3_660
LAXER: list[tuple[PlanRuleName, dict[str, Any]]] = [
    ("stale-section", {"sections": {}}),
    ("stale-contact", {"contact_days": AGES}),
    ("missing-people", {"coverage": {"decision_makers": 0}}),
    ("survivors", {"coverage": {"survivors": 0}}),
    ("whitespace-untouched", {"whitespace": {"untouched_share": "1"}}),
    ("whitespace-untouched", {"whitespace": {"untouched_days": AGES}}),
    ("not-reviewed", {"cadence": {}}),
    ("evaluator-only", {"executive_days": AGES}),
    ("team-incomplete", {"team": {}}),
    ("team-expected", {"team": {}}),
    ("too-few-plays", {"plays": {"least": 0}}),
    ("too-many-plays", {"plays": {"most": 99}}),
    ("too-few-hypotheses", {"hypotheses": {"least": 0}}),
    ("too-many-hypotheses", {"hypotheses": {"most": 99}}),
    ("milestones-not-held", {"milestones": {"held_share": "0"}}),
    ("pack-late", {"pack_hours": 0}),
    ("plan-for-the-review", {"eve_share": "1"}),
    ("demotion-due", {"demote_months": AGES}),
    ("buying-centers", {"buying_centers": 0}),
    ("buying-centers", {"path_multiple": "0"}),
]


def finds(story: Story, numbers: dict[str, Any]) -> bool:
    history = opened(story.opened_on)
    for when, command, body in in_order(story.told, story.loud):
        history.on(when, command, **body)
    cut = history.cut(story.days[1], "2027-12-31")
    in_force = PolicyInForce(1, Policy.model_validate(numbers))
    return bool(findings_by(story.rule, Examined(known_at(history.known, cut), cut, in_force)))


@pytest.mark.parametrize(("rule", "laxer"), LAXER, ids=lambda each: str(each))
def test_a_laxer_number_ends_what_the_default_found(rule, laxer):
    found = [story for story in STORIES if story.rule == rule and not story.numbers and finds(story, {})]
    assert found
    assert any(not finds(story, laxer) for story in found)


def test_how_soon_a_quick_win_is_piloted_is_what_the_policy_says():
    [story] = [each for each in STORIES if each.rule == "no-whitespace-candidate" and finds(each, {})][:1]
    history = opened(story.opened_on)
    for when, command, body in in_order(story.told, story.loud):
        history.on(when, command, **body)
    cut = history.cut(story.days[1], "2027-12-31")
    in_force = PolicyInForce(1, Policy(quick_win_days=33))
    [found] = findings_by(story.rule, Examined(known_at(history.known, cut), cut, in_force))
    assert "to be piloted within 33 days" in found.sentence


def test_no_explanation_repeats_a_number_that_a_policy_may_change():
    explanations = [*MEANINGS.values(), *(each.__doc__ or "" for each in ACCOUNT_PLAN.commands.values())]
    assert [say for say in explanations if re.search(r"\d+ (days|hours|months)", say)] == []


@pytest.mark.parametrize(("share", "told"), [("0.5", 1), ("1", 0)])
def test_from_which_share_on_two_plans_are_alike_is_what_the_policy_says(share, told):
    same = [f"word{number}" for number in range(100)]
    texts = [" ".join(same)], [" ".join([*same[:90], *(f"other{number}" for number in range(10))])]
    plans = [plan(account, text=text) for account, text in zip(("acme", "beta"), texts, strict=True)]
    assert len(list(copy_paste_plans(examined(program(similar_share=share), *plans)))) == told
    assert (
        len(list(copy_paste_plans(examined(program(similar_share="1"), plan("a", text=SAME), plan("b", text=SAME)))))
        == 1
    )
