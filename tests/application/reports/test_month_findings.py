"""What became of the findings of plans in a month: they opened, they ended, or they are still there."""

from collections import Counter
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from application.findings.judging import findings_view
from application.reports.month_report import MonthReport, month_report
from application.reports.months import Month, cuts_of, month_named, months_between
from domain.account_plan.forgetting import ForgetStakeholder
from domain.account_plan.stakeholders import Stakeholder
from domain.language import Refusal
from domain.program import PROGRAM
from tests.forgotten import as_json, differing
from tests.histories import History, instant, said_at_random
from tests.promising import action, complete, review

NOW = instant("2026-06-10")
MARCH = month_named("2026-03", NOW)
IN_WORDS = {"vague-promise", "executive-meeting-is-qbr", "repeated-topics"}


def opened(account_id: str = "acme", when: str = "2026-01-05", **more: Any) -> History:
    history = History(account_id)
    terms = {"account_name": "Acme", "tier": "enterprise", "owner": "ann", "currency": "EUR"}
    history.on(when, "open-plan", account_id=account_id, **terms | more)
    return history


def in_march(*plans: History, program: History | None = None) -> MonthReport:
    records = program.known.records if program else ()
    return month_report(MARCH, [plan.known for plan in plans], NOW, program=records)


def moves(report: MonthReport) -> dict[str, tuple[int, int, int, int]]:
    """By rule: opened, ended, still there, and in how many plans."""
    return {each.rule: (each.opened, each.ended, each.still, each.plans) for each in report.findings.rules}


def test_a_finding_opened_ended_or_is_still_there():
    plan = opened()
    for id, due_on in (("still", "2026-02-27"), ("ends", "2026-02-27"), ("opens", "2026-03-30"), ("not", "2026-03-31")):
        action(plan, "2026-02-01", id, due_on)
    complete(plan, "2026-03-05", "ends")
    complete(plan, "2026-04-01", "not")
    action(plan, "2026-03-02", "comes-and-goes", "2026-03-03")
    complete(plan, "2026-03-05", "comes-and-goes")
    report = in_march(plan)
    assert moves(report) == {"overdue-promise": (2, 1, 1, 1)}  # of the last day of a month, the day is over
    [of_plan] = report.plans
    [overdue] = of_plan.findings
    assert (overdue.opened, overdue.ended, overdue.still, overdue.excused) == (2, 1, 1, 0)
    assert (report.findings.opened["warning"], report.findings.ended["warning"]) == (2, 1)
    assert [each.about for each in report.findings.loudest_opened] == ["action:opens", "action:not"]


def test_ten_that_opened_are_named_and_all_are_counted():
    plan = opened()
    for number in range(12):
        action(plan, "2026-02-01", f"late-{number:02}", "2026-03-10")
    report = in_march(plan)
    assert moves(report)["overdue-promise"][0] == 12
    assert len(report.findings.loudest_opened) == 10


def test_what_somebody_excused_is_there_and_not_told_among_the_loudest():
    plan = opened()
    action(plan, "2026-02-01", "late", "2026-03-10")
    plan.on("2026-03-12", "grant-exception", rule="overdue-promise", until_on="2026-03-31", reason="Plant closed")
    report = in_march(plan)
    [overdue] = report.findings.rules
    assert (overdue.opened, overdue.excused) == (1, 1)
    assert report.findings.loudest_opened == []


def test_plans_are_added_and_a_rule_is_as_loud_as_in_the_plan_where_it_is_loudest():
    plans = [opened("a"), opened("b"), opened("c", tier="growth")]
    for plan in plans[:2]:
        action(plan, "2026-02-01", "late", "2026-03-10")
    found = in_march(*plans)
    assert moves(found)["overdue-promise"] == (2, 0, 0, 2)
    assert {each.account_name for each in found.findings.loudest_opened} == {"Acme"}
    assert [plan.plan for plan in found.plans if any(each.rule == "stale-section" for each in plan.findings)] == ["c"]


def test_a_plan_is_judged_by_the_policy_of_each_cut():
    plan = opened(tier="growth")
    action(plan, "2026-02-01", "late", "2026-02-10")
    program = History(type=PROGRAM)
    program.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    off = {"findings": {"overdue-promise": {"severity": "hint", "off": True}}}
    program.on("2026-03-10", "adopt-policy", effective_on="2026-03-15", policy=off, reason="Fewer rules")
    assert moves(in_march(plan))["overdue-promise"] == (0, 0, 1, 1)
    assert moves(in_march(plan, program=program))["overdue-promise"] == (0, 1, 0, 1)


def test_a_plan_that_opens_in_the_month_had_nothing_wrong_before_it():
    plan = opened(when="2026-03-02", tier="growth")
    found = in_march(plan)
    assert all(still == ended == 0 for _, ended, still, _ in moves(found).values())
    assert found.findings.opened["alarm"] > 0


def test_whom_a_finding_could_be_ended_with_is_not_told_because_they_may_be_gone():
    plan = opened(when="2026-03-02", tier="strategic")
    for id in ("cfo", "coo"):
        plan.on("2026-03-02", "add-stakeholder", id=id, name="Kim Loe", level="executive")

    def told() -> Any:
        return as_json(month_report(MARCH, [plan.known], instant("2026-03-20")).findings)

    before = told()
    assert "no-executive-sponsor" in {each["rule"] for each in before["loudest_opened"]}
    plan.on("2026-03-19", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert told() == before


def test_what_is_found_in_words_is_not_told_because_they_may_be_forgotten():
    plan = opened(tier="strategic")
    plan.on("2026-03-02", "add-stakeholder", id="cfo", title="CFO", level="executive")
    action(plan, "2026-03-02", statement="Deepen the relationship", due_on="2026-07-01", about=["cfo"])
    hers: dict[str, Any] = {"theirs": ["cfo"], "topics": ["Her budget"], "about": ["cfo"]}
    for day, id in (("2026-03-03", "Q1"), ("2026-03-10", "Q2")):
        review(plan, day, id, kind="qbr", **hers)
    met = {"happened_on": "2026-03-11", "kind": "executive_meeting", "members": ["ann"], "stakeholders": ["cfo"]}
    plan.on("2026-03-11", "log-touch", topics=["Her budget"], about=["cfo"], **met)

    def in_words() -> set[str]:
        return {each.rule for each in findings_view(plan.known, plan.cut("2026-03-31", "2026-06-10")).items} & IN_WORDS

    found, before = in_words(), as_json(in_march(plan))
    plan.on("2026-06-01", "forget-stakeholder", id="cfo", reason="She asked for it")
    assert (found, in_words()) == (IN_WORDS, set())
    assert differing(before, as_json(in_march(plan))) == []


@pytest.mark.parametrize("seed", range(2))
def test_forgetting_anybody_alters_no_month_that_is_over_but_for_words(seed: int):
    plan = said_at_random(Random(seed), 60, reviews=0.1)
    months = months_between(month_named("2026-01", NOW), Month.of(plan.last.date()).before(1))
    assert months

    def told() -> list[Any]:
        return [as_json(month_report(month, [plan.known], NOW)) for month in months]

    before = told()
    for who in plan.known.state.all(Stakeholder):
        with suppress(Refusal):
            plan.handle(instant("2026-06-01"), ForgetStakeholder(id=who))
    assert differing(before, told()) == []


@pytest.mark.parametrize("seed", range(3))
def test_they_are_the_findings_that_the_plan_shows_at_both_cuts(seed: int):
    history = said_at_random(Random(seed), 60, reviews=0.1)
    months = months_between(month_named("2026-01", NOW), MARCH)
    for month in months:
        assert_as_shown(history, month)


def assert_as_shown(history: History, month: Month) -> None:
    cuts = cuts_of(month, history.known, NOW)
    report = month_report(month, [history.known], NOW)
    if cuts is None or not report.plans:
        return
    shown = [findings_view(history.known, cut).items if cut.version else [] for cut in cuts]
    named = [Counter((each.rule, each.about) for each in found if each.rule not in IN_WORDS) for found in shown]
    assert all(count == 1 for each in named for count in each.values())  # its name tells a finding from all others
    before, after = named
    [plan] = report.plans
    by_rule = {each.rule: (each.opened, each.ended, each.still) for each in plan.findings}
    expected = {
        rule: tuple(sum(each[0] == rule for each in some) for some in (after - before, before - after, before & after))
        for rule in {rule for rule, _ in before | after}
    }
    assert by_rule == expected
