"""Rules about the program, each on both sides of its boundary."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, get_args

import pytest

from application.findings.program import PROGRAM_RULES, ProgramFindings, program_findings
from application.findings.program_examined import PlanStanding, ProgramExamined, named
from application.findings.similarity import signature
from application.findings.verdict import PlanSigns
from application.views.cuts import cut_at
from domain.account_plan.plan import Criteria, plan_id_of
from domain.program import PROGRAM
from domain.program.limits import ProgramRuleName
from tests.histories import History, instant

TODAY = "2026-04-08"
SAME = [" ".join(f"word{number}" for number in range(100))]


def plan(account: str, tier: str = "strategic", text: Sequence[str] = (), **more: Any) -> PlanStanding:
    named = {"currency": "EUR", "last_review_on": date(2026, 4, 1)}
    named |= {name: more.pop(name) for name in list(more) if name in named}
    signs = {"is_sponsored": True, "lacks_roles": False, "milestones": 0, "milestones_held": 0, "scores": {}}
    return PlanStanding(
        id=plan_id_of(account),
        account_id=account,
        account_name=account.title(),
        tier=tier,
        signs=PlanSigns.model_validate(signs | more),
        words=signature(text),
        **named,
    )


def program(**policy: Any) -> History:
    """A program with an owner and a fresh list, in which nothing is wrong but what a test adds."""
    history = History(type=PROGRAM)
    history.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR", timezone="Europe/Berlin")
    history.on("2026-01-02", "name-program-owner", owner="vera")
    numbers = {"list": {"target": 1, "warn": 3, "alarm": 4}} | policy
    history.on("2026-01-02", "adopt-policy", effective_on="2026-01-02", policy=numbers, reason="Agreed")
    commit(history, "spring", "2026-01-06", acme="strategic")
    return history


def commit(history: History, round: str, on: str, weights: Mapping[str, int] | None = None, **tiers: str) -> None:
    history.on(on, "open-round", id=round, title=round, due_on=on, criteria_weights=weights or {})
    entries = [{"account": account, "tier": tier} for account, tier in tiers.items()]
    history.on(on, "commit-list", round=round, entries=entries, decided_by=["vera"])
    history.on(on, "close-round", id=round)


def examined(history: History, *plans: PlanStanding, day: str = TODAY) -> ProgramExamined:
    return ProgramExamined(history.known, cut_at("now", history.known, instant(day)), plans or (plan("acme"),))


def findings(history: History, *plans: PlanStanding, day: str = TODAY) -> ProgramFindings:
    return program_findings(examined(history, *plans, day=day))


def rules(history: History, *plans: PlanStanding, day: str = TODAY) -> list[str]:
    return [each.rule for each in findings(history, *plans, day=day).items]


def accounts(number: int, **more: Any) -> list[PlanStanding]:
    return [plan(f"a{each}", **more) for each in range(number)]


def test_every_rule_of_the_program_is_in_the_registry():
    assert set(PROGRAM_RULES) == set(get_args(ProgramRuleName))


def test_nothing_is_wrong_with_a_program_that_is_run():
    assert findings(program()).items == []


@pytest.mark.parametrize(("number", "severity"), [(3, None), (4, "warning"), (5, "alarm")])
def test_the_list_is_too_long_beyond_the_number_to_warn_from_and_alarming_beyond_the_next(number, severity):
    found = findings(program(), *accounts(number)).items
    assert [(each.rule, each.severity) for each in found] == ([("list-too-long", severity)] if severity else [])


def test_the_list_is_too_short_below_its_target():
    practice = program(list={"target": 2, "warn": 3, "alarm": 4})
    assert rules(practice, *accounts(2)) == []
    assert rules(practice, *accounts(1), plan("beta", "growth")) == ["list-too-short"]


def test_a_list_stands_for_a_quarter():
    assert rules(program(), day="2026-04-08") == []
    [found] = findings(program(), day="2026-04-12").items
    assert (found.rule, str(found.since_on)) == ("list-not-refreshed", "2026-04-09")
    assert found.sentence.startswith("The list was committed last on 2026-01-06; at most 92 days may pass.")
    assert found.events != []
    assert rules(program(), day="2026-04-09") == ["list-not-refreshed"]
    never = History(type=PROGRAM)
    never.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR", timezone="Europe/Berlin")
    [found] = [each for each in findings(never, day="2026-04-05").items if each.rule == "list-not-refreshed"]
    assert found.sentence.startswith("No list was committed since 2026-01-02; at most 92 days may pass.")
    assert (str(found.since_on), found.events) == ("2026-04-05", [])
    assert "list-not-refreshed" not in rules(never, day="2026-04-04")


def test_of_many_accounts_a_sentence_names_five_and_counts_the_others():
    assert named([plan(f"a{number}") for number in range(5)]) == "A0, A1, A2, A3 and A4"
    assert named([plan(f"a{number}") for number in range(6)]) == "A0, A1, A2, A3, A4 and 1 more"
    assert named([plan("alfa")]) == "Alfa"


def test_somebody_answers_for_the_program():
    history = History(type=PROGRAM)
    history.on(TODAY, "open-program", name="Strategic accounts", currency="EUR")
    assert rules(history, *accounts(10)) == ["no-owner"]
    history.on(TODAY, "name-program-owner", owner="vera")
    assert rules(history, *accounts(10)) == []


def test_plans_that_say_the_same_are_named():
    other = [" ".join(f"other{number}" for number in range(100))]
    assert rules(program(), plan("acme", text=SAME), plan("beta", text=other)) == []
    [found] = findings(program(), plan("acme", text=SAME), plan("beta", text=SAME), plan("gamma", text=other)).items
    assert (found.rule, {each.id for each in found.things}) == ("copy-paste-plans", {"acme", "beta"})
    assert "100 %" in found.sentence


def test_of_very_many_pairs_of_plans_that_say_the_same_only_the_first_are_a_finding_each():
    copies = [plan(f"a{number}", text=SAME, tier="growth") for number in range(60)]
    found = [each for each in findings(program(), plan("acme"), *copies).items if each.rule == "copy-paste-plans"]
    assert len(found) == 101
    assert found[-1].sentence.startswith("17 more pairs of plans say the same, word for word, among them those of")
    assert {each.id for of_all in found for each in of_all.things} == {each.account_id for each in copies}


@pytest.mark.parametrize(("rule", "signs"), [("sponsor-share", {"is_sponsored": False})])
def test_a_share_of_the_strategic_accounts_has_sponsors(rule, signs):
    practice = program(sponsor_share="0.5")
    assert rules(practice, plan("acme"), plan("beta", **signs)) == []
    assert rules(practice, plan("acme"), plan("beta", **signs), plan("gamma", **signs)) == [rule]
    assert rules(practice, plan("acme"), *accounts(3, tier="growth", **signs)) == []


def test_a_share_of_all_milestones_is_in_the_calendar():
    assert rules(program(), plan("acme", milestones=5, milestones_held=4)) == []
    loose = plan("beta", "growth", milestones=5, milestones_held=3)
    assert rules(program(), plan("acme", milestones=5, milestones_held=4), loose) == ["milestones-share"]


def test_who_scores_as_a_strategic_account_in_two_rounds_is_to_be_promoted():
    practice, weights = program(), {"top_arr": 2}
    commit(practice, "summer", "2026-03-02", weights, acme="strategic", beta="growth")
    commit(practice, "autumn", "2026-04-02", weights, acme="strategic", beta="growth")

    def beta(summer: int, autumn: int, tier: str = "growth") -> list[str]:
        scores = {"summer": Criteria(top_arr=summer), "autumn": Criteria(top_arr=autumn)}
        acme = plan("acme", scores=dict.fromkeys(("summer", "autumn"), Criteria(top_arr=2)))
        return rules(practice, acme, plan("beta", tier, scores=scores))

    assert beta(2, 3) == ["promotion-due"]
    assert beta(1, 3) == beta(2, 2, "standard") == []


PHASES: list[tuple[str, Sequence[PlanStanding], Sequence[PlanStanding]]] = [
    ("pilot", [plan("acme", last_review_on=date(2026, 3, 2))], [plan("acme", last_review_on=date(2026, 3, 1))]),
    ("instrument", [plan("acme")], [plan("acme", currency="USD")]),
    ("roll_out", [plan("acme")], [plan("other")]),
    ("cross_functional", [plan("acme")], [plan("acme", lacks_roles=True)]),
    ("rhythm", [plan("acme", last_review_on=date(2026, 3, 8))], [plan("acme", last_review_on=date(2026, 3, 7))]),
]
"""What completes a phase that was begun on 2 March, and the nearest that does not."""


def test_an_account_is_known_by_each_of_its_ids_and_by_those_that_were_merged_into_it():
    history = program()
    commit(history, "summer", "2026-02-02", crm7="strategic")
    history.on("2026-02-03", "begin-phase", phase="roll_out")
    assert "phase-exit" in rules(history, plan("acme"))
    assert "phase-exit" not in rules(history, plan("acme", other_accounts=["crm7"]))
    assert "phase-exit" not in rules(history, plan("crm7"))


@pytest.mark.parametrize(("phase", "enough", "missing"), PHASES)
def test_a_phase_is_over_once_its_exit_criteria_hold(phase, enough, missing):
    practice = program()
    practice.on("2026-03-02", "begin-phase", phase=phase, accounts=["acme"])
    assert rules(practice, *enough) == []
    assert rules(practice, *missing) == ["phase-exit"]
    practice.on("2026-03-03", "complete-phase", phase=phase, reason="Enough")
    assert rules(practice, *missing) == []


def test_a_pilot_that_is_limited_to_no_accounts_is_tried_with_all():
    practice = program()
    practice.on("2026-03-02", "begin-phase", phase="pilot")
    assert rules(practice, plan("acme"), plan("crm:7")) == []
    assert rules(practice, plan("acme"), plan("crm:7", last_review_on=date(2026, 3, 1))) == ["phase-exit"]
    empty = program_findings(ProgramExamined(practice.known, cut_at("now", practice.known, instant(TODAY)), [])).items
    assert "there is no plan to try it with" in next(each.sentence for each in empty if each.rule == "phase-exit")


def test_a_currency_that_the_rates_in_force_leave_out_has_no_rate():
    practice = program()
    practice.on("2026-03-02", "begin-phase", phase="instrument")
    practice.on("2026-03-03", "set-exchange-rates", as_of_on="2026-03-03", rates={"USD": "0.9", "GBP": "1.2"})
    abroad = plan("acme", currency="USD")
    assert rules(practice, abroad) == []
    practice.on("2026-03-05", "set-exchange-rates", as_of_on="2026-03-04", rates={"GBP": "1.2"})
    [found] = findings(practice, abroad).items
    assert "amounts in USD have no exchange rate" in found.sentence
    practice.on("2026-03-06", "revise-charter", currency="USD", reason="Moved")
    assert rules(practice, abroad) == []


def test_the_policy_says_how_loud_a_rule_of_the_program_is_and_may_turn_it_off():
    loud = {"findings": {"list-not-refreshed": {"severity": "alarm"}}}
    off = {"findings": {"list-not-refreshed": {"severity": "alarm", "off": True}}}
    assert [each.severity for each in findings(program(**loud), day="2026-06-01").items] == ["alarm"]
    assert findings(program(**off), day="2026-06-01").items == []


def test_what_is_found_is_said_word_for_word_with_the_accounts_it_is_about():
    practice = program()
    for day, phase in (("2026-02-02", "pilot"), ("2026-02-03", "rhythm"), ("2026-02-04", "cross_functional")):
        practice.on(day, "begin-phase", phase=phase, accounts=["a0", "a1", "nobody"] if phase == "pilot" else [])
    commit(practice, "summer", "2026-03-02", {"top_arr": 2}, a0="strategic", zeta="growth")
    commit(practice, "autumn", "2026-04-02", {"top_arr": 2}, a0="strategic", zeta="growth", omega="growth")
    practice.on("2026-04-03", "begin-phase", phase="roll_out")
    practice.on("2026-04-03", "begin-phase", phase="instrument")
    practice.on("2026-04-03", "set-exchange-rates", as_of_on="2026-04-01", rates={"USD": "0.9"})
    marks = dict.fromkeys(("summer", "autumn"), Criteria(top_arr=2))
    found = findings(
        practice,
        plan("a0", text=SAME, scores=marks, last_review_on=date(2026, 2, 1)),
        plan("a1", text=SAME, is_sponsored=False, lacks_roles=True, milestones=3, milestones_held=1,
             last_review_on=date(2026, 3, 7)),
        plan("a2", is_sponsored=False, lacks_roles=True, milestones=2, milestones_held=2, currency="CHF",
             last_review_on=None),
        plan("a3", last_review_on=date(2026, 3, 8)),
        plan("a4", currency="USD"),
        plan("zeta", "growth", scores=marks | {"autumn": Criteria(top_arr=3)}),
    ).items  # fmt: skip
    late = "was not reviewed for more than 31 days"
    assert [(each.rule, each.severity, str(each.since_on), each.sentence) for each in found] == [
        (
            "list-too-long",
            "alarm",
            TODAY,
            ("5 accounts are strategic, more than 4; the list aims at 1. Commit a shorter one."),
        ),
        (
            "copy-paste-plans",
            "warning",
            TODAY,
            (
                "100 % of what the plans of A0 and A1 say is the same, word for word."
                " Write down what is so at each of them."
            ),
        ),
        (
            "sponsor-share",
            "warning",
            TODAY,
            ("3 of 5 strategic accounts have executive sponsors on both sides; 70 % should. Find them at A1 and A2."),
        ),
        (
            "phase-exit",
            "hint",
            "2026-02-02",
            (
                "The phase pilot, begun on 2026-02-02, cannot be completed yet: the plan"
                " of A0 was not reviewed since 2026-02-02 and nobody has no plan."
            ),
        ),
        (
            "phase-exit",
            "hint",
            "2026-02-03",
            (
                "The phase rhythm, begun on 2026-02-03, cannot be completed yet: the plan"
                f" of A0 {late}, the plan of A1 {late} and the plan of A2 {late}."
            ),
        ),
        (
            "phase-exit",
            "hint",
            "2026-02-04",
            (
                "The phase cross functional, begun on 2026-02-04, cannot be completed"
                " yet: required roles are filled by nobody at A1 and A2."
            ),
        ),
        (
            "phase-exit",
            "hint",
            "2026-04-03",
            ("The phase roll out, begun on 2026-04-03, cannot be completed yet: omega is on the list and has no plan."),
        ),
        (
            "phase-exit",
            "hint",
            "2026-04-03",
            (
                "The phase instrument, begun on 2026-04-03, cannot be completed yet:"
                " amounts in CHF have no exchange rate."
            ),
        ),
        (
            "promotion-due",
            "hint",
            TODAY,
            (
                "Zeta is a growth account and scored as high as a strategic one in 2 rounds."
                " Nominate it, or say in a round why it stays."
            ),
        ),
        (
            "milestones-share",
            "hint",
            TODAY,
            ("3 of 5 open milestones of all plans are in the calendar; 80 % should be. Hold those of A1."),
        ),
    ]
    assert [[each.id for each in found[place].things] for place in (0, 1, 2, 8, 9)] == [
        [], ["a0", "a1"], ["a1", "a2"], ["zeta"], ["a1"],
    ]  # fmt: skip
    assert [(each.command, each.body, each.missing) for each in (*found[0].remedies, *found[8].remedies)] == [
        ("open-round", {"tiers": {"strategic": 1}}, ["title", "due_on"]),
        ("nominate", {"account": "zeta", "account_name": "Zeta"}, ["round", "why"]),
    ]
    assert [each.events for each in found[3:5]] == [[practice.event(7)], [practice.event(8)]]
