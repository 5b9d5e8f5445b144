from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from domain.account_plan.language import Section
from domain.program import PROGRAM
from domain.program.contradictions import contradictions, doubts
from domain.program.limits import DEFAULT_POLICY, Policy, RuleName
from domain.program.policy import AdoptedPolicy, AdoptPolicy, PolicyAdopted, PolicyContradictsItself
from tests.cases import for_each
from tests.given import MONDAY, PROGRAM_OPENED, given_program

FEBRUARY = date(2026, 2, 1)


def whole(policy: Policy) -> Policy:
    """With every number said, as it is stored."""
    return Policy.model_validate(policy.model_dump())


WHOLE = whole(DEFAULT_POLICY)


def adopting(policy: Policy = DEFAULT_POLICY, effective_on: date = FEBRUARY) -> AdoptPolicy:
    return AdoptPolicy(effective_on=effective_on, policy=policy, reason="Decided by the steering group")


def with_(**changes: Any) -> Policy:
    return Policy.model_validate({**DEFAULT_POLICY.model_dump(), **changes})


def test_policies_are_numbered_as_they_are_adopted():
    first = PolicyAdopted(version=1, effective_on=FEBRUARY, policy=WHOLE)
    given_program().when(adopting()).then(first)
    changed = with_(contact_days=100)
    second = PolicyAdopted(version=2, effective_on=FEBRUARY, policy=whole(changed))
    given_program(first).when(adopting(changed)).then(second)
    adopted = PROGRAM.fold((PROGRAM_OPENED, first, second)).all(AdoptedPolicy)
    assert [each.policy.contact_days for each in adopted.values()] == [92, 100]


def test_a_policy_is_stored_whole_so_that_a_new_default_changes_no_old_one():
    sparse = Policy(contact_days=60)
    [event] = PROGRAM.decide(given_program().aggregate, adopting(sparse), MONDAY).events
    assert isinstance(event, PolicyAdopted)
    assert set(event.model_dump(exclude_unset=True)["policy"]) == set(Policy.model_fields)


def test_a_policy_does_not_begin_before_the_one_before_it():
    first = PolicyAdopted(version=1, effective_on=FEBRUARY, policy=WHOLE)
    given_program(first).when(adopting(effective_on=date(2026, 1, 31))).then_refused(
        "policy-before-the-last", "/effective_on"
    )
    changed = with_(contact_days=93)
    given_program(first).when(adopting(changed)).then(
        PolicyAdopted(version=2, effective_on=FEBRUARY, policy=whole(changed))
    )


def test_a_policy_that_was_adopted_last_is_not_adopted_again():
    first = PolicyAdopted(version=1, effective_on=FEBRUARY, policy=WHOLE)
    given_program(first).when(adopting()).then()
    later = date(2026, 3, 1)
    from_march = PolicyAdopted(version=2, effective_on=later, policy=WHOLE)
    given_program(first).when(adopting(effective_on=later)).then(from_march)


@for_each(
    ("changes", "pointer"),
    [
        ({"coverage": {"decision_makers": 3}}, "/policy/coverage/survivors"),
        ({"pairing": 93}, "/policy/pairing"),
        ({"executive_days": 91}, "/policy/cadence/strategic/executive_meeting"),
        (
            {"cadence": {"strategic": {"weekly": 8, "annual": 7}, "growth": {"annual": 7}}},
            "/policy/cadence/strategic/annual",
        ),
        ({"whitespace": {"untouched_share": "1"}}, "/policy/whitespace/untouched_share"),
        ({"milestones": {"held_share": "0"}}, "/policy/milestones/held_share"),
        ({"eve_share": "1"}, "/policy/eve_share"),
        ({"sponsor_share": "0"}, "/policy/sponsor_share"),
    ],
)
def test_numbers_that_make_little_sense_together_are_told(changes, pointer):
    policy = with_(**changes)
    adopted = PolicyAdopted(version=1, effective_on=FEBRUARY, policy=whole(policy))
    given_program().when(adopting(policy)).then(adopted, warnings=("policy-doubtful",))
    [told] = doubts(policy)
    assert told.pointer == pointer
    off = {rule: {"severity": "hint", "off": True} for rule in get_args(RuleName)}
    if pointer.endswith("_share"):
        assert not list(doubts(with_(**changes, findings=off)))


@for_each(
    "changes",
    [
        {"coverage": {"decision_makers": 4}},
        {"pairing": 92},
        {"executive_days": 92},
        {"cadence": {"strategic": {"weekly": 7, "annual": 7}, "growth": {"annual": 7}}},
    ],
)
def test_numbers_that_just_go_together_are_not_told(changes):
    assert not list(doubts(with_(**changes)))


@for_each(
    ("changes", "pointer"),
    [
        ({"list": {"target": 10, "warn": 50, "alarm": 30}}, "/policy/list"),
        ({"list": {"target": 0, "warn": 30, "alarm": 50}}, "/policy/list"),
        ({"plays": {"least": 7, "most": 6}}, "/policy/plays"),
        ({"hypotheses": {"least": 4, "most": 3}}, "/policy/hypotheses"),
        ({"cadence": {"strategic": {"weekly": 7}}}, "/policy/cadence/growth"),
        ({"whitespace": {"untouched_share": "1.01", "untouched_days": 92}}, "/policy/whitespace/untouched_share"),
        ({"contact_days": -1}, "/policy/contact_days"),
        ({"contact_days": 0}, "/policy/contact_days"),
        ({"contact_days": 3_661}, "/policy/contact_days"),
        ({"demote_months": 3_661}, "/policy/demote_months"),
        ({"path_multiple": "3660.5"}, "/policy/path_multiple"),
        ({"sections": {"plays": {"strategic": 3_661}}}, "/policy/sections/plays/strategic"),
        ({"sections": {"plays": {"strategic": 0}}}, "/policy/sections/plays/strategic"),
        ({"plays": {"least": 0, "most": 0}}, "/policy/plays/most"),
        ({"hypotheses": {"least": 0, "most": 0}}, "/policy/hypotheses/most"),
        ({"risks": {"least": 0, "top": 0}}, "/policy/risks/top"),
        ({"coverage": {"multi_threaded": 1}}, "/policy/coverage/multi_threaded"),
        ({"coverage": {"multi_threaded": 0}}, "/policy/coverage/multi_threaded"),
        ({"team": {"growth": {"required": ["legal"], "expected": ["legal"]}}}, "/policy/team/growth"),
        ({"team": {"growth": {"required": ["legal", "legal"]}}}, "/policy/team/growth/required"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_where_it_does(changes, pointer):
    given_program().when(adopting(with_(**changes))).then_refused("policy-contradicts-itself", pointer)


def test_a_sentence_of_ours_is_told_to_its_end():
    [(pointer, what)] = contradictions(with_(list={"target": 10, "warn": 50, "alarm": 30}))
    assert what.endswith("each must be at least the one before it.")
    assert str(PolicyContradictsItself(pointer, what=what)) == what


@for_each(
    ("changes", "told"),
    [
        ({"plays": {"least": 0, "most": 0}}, "most is 0, so a plan may have no play at all: allow at least 1."),
        (
            {"coverage": {"multi_threaded": 1}},
            "multi_threaded is 1, so nobody or one person is several: allow at least 2.",
        ),
        ({"contact_days": -1}, "contact_days is -1; it must be from 0 to 3,660."),
        ({"contact_days": 0}, "contact_days is 0: allow at least 1."),
        ({"pairing": 0}, "pairing is 0: allow at least 1."),
        ({"sponsor_share": "-0.5"}, "sponsor_share is -0.5; it must be from 0 to 1."),
        ({"eve_share": "1.01"}, "eve_share is 1.01; it must be from 0 to 1."),
        (
            {"sections": {"plays": {"strategic": 0}}},
            "0 days is no time to keep anything in: allow at least 1 day.",
        ),
        ({"team": {"growth": {"required": ["legal"] * 2}}}, "legal stands there twice: name each role once."),
        (
            {"team": {"growth": {"required": ["legal"], "expected": ["legal"]}}},
            "legal cannot be both required and only expected of a growth plan.",
        ),
        ({"hypotheses": {"least": 4, "most": 3}}, "A plan cannot have at least 4 and at most 3 hypotheses."),
    ],
)
def test_it_is_told_what_is_wrong_and_what_would_be_right(changes, told):
    whole = {"cadence": DEFAULT_POLICY.cadence | {"growth": {"annual": 366}}} | changes
    assert [what for _, what in contradictions(with_(**whole))] == [told]


@pytest.mark.parametrize(
    "wrong",
    [
        {"findings": {"no-such-rule": {"severity": "alarm"}}},
        {"findings": {"stale-section": {"severity": "loud"}}},
        {"sections": {"gossip": {"strategic": 7}}},
        {"no_such_number": 1},
        {"list": {"target": "many"}},
    ],
)
def test_a_policy_says_nothing_that_there_is_not(wrong):
    with pytest.raises(ValidationError):
        with_(**wrong)


@for_each(
    "changes",
    [
        {"contact_days": 1, "pairing": 1},
        {"contact_days": 3_660},
        {"sections": {"plays": {"strategic": 1}}},
        {"plays": {"least": 6, "most": 6}},
        {"hypotheses": {"least": 3, "most": 3}},
        {"list": {"target": 1, "warn": 1, "alarm": 1}},
        {"whitespace": {"untouched_share": "0.99", "untouched_days": 1}},
        {"sponsor_share": "1"},
        {"plays": {"least": 0, "most": 1}},
        {"hypotheses": {"least": 0, "most": 1}},
        {"risks": {"least": 0, "top": 1}},
        {"coverage": {"multi_threaded": 2}},
    ],
)
def test_a_policy_may_go_to_each_of_its_boundaries(changes):
    policy = with_(**changes)
    given_program().when(adopting(policy)).then(PolicyAdopted(version=1, effective_on=FEBRUARY, policy=whole(policy)))


def test_the_default_policy_is_sound_and_says_what_every_section_owes():
    given_program().when(adopting()).then(PolicyAdopted(version=1, effective_on=FEBRUARY, policy=WHOLE))
    owed = {section: DEFAULT_POLICY.section_days(section, "strategic") for section in get_args(Section)}
    assert {section for section, days in owed.items() if days is None} == {"reviews", "plan"}
    assert all(
        DEFAULT_POLICY.section_days(section, "growth") == (None if days is None else 2 * days)
        for section, days in owed.items()
    )
    assert DEFAULT_POLICY.section_days("plays", "enterprise") is None
    assert DEFAULT_POLICY.whitespace.untouched_share == Decimal("0.6")
    assert DEFAULT_POLICY.roles("growth").required == ("account_executive", "customer_success")
    assert DEFAULT_POLICY.roles("standard").required == ()


# Mistakes

WITHDRAWN, WITHDRAW = PROGRAM.events["PolicyWithdrawn"], PROGRAM.commands["withdraw-policy"]


def withdrawing(version: int) -> Any:
    return WITHDRAW.model_validate({"version": version, "reason": "It was to begin in 2026"})


def test_a_policy_that_plans_may_have_been_judged_by_is_not_withdrawn_and_one_still_to_come_is():
    """Of two time zones one may be two calendar days ahead of the other."""
    for day, refused in ((MONDAY.date() + timedelta(days=2), True), (MONDAY.date() + timedelta(days=3), False)):
        adopted = PolicyAdopted(version=1, effective_on=day, policy=WHOLE)
        outcome = given_program(adopted).when(withdrawing(1))
        if refused:
            outcome.then_refused("policy-is-in-force", "/version")
        else:
            outcome.then(WITHDRAWN(version=1))
    given_program().when(withdrawing(1)).then_refused("unknown-policy")


def test_what_was_withdrawn_stands_in_nobodys_way_and_its_number_is_not_given_again():
    mistyped = PolicyAdopted(version=1, effective_on=date(2062, 2, 1), policy=WHOLE)
    given_program(mistyped).when(adopting()).then_refused("policy-before-the-last", "/effective_on")
    gone = WITHDRAWN(version=1)
    given_program(mistyped, gone).when(adopting()).then(PolicyAdopted(version=2, effective_on=FEBRUARY, policy=WHOLE))
    assert PROGRAM.fold((PROGRAM_OPENED, mistyped, gone)).all(AdoptedPolicy) == {}
