"""Said versus did across plans for a month of the calendar."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from application.reports.month_report import MonthReport, MonthReportBuilder, month_report
from application.reports.months import Month, MonthInTheFuture, MonthUnknown, cuts_of, month_named
from application.reports.plan_month import PlanInMonth
from application.reports.said_vs_did import last_position
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier
from tests.cases import for_each
from tests.histories import OPEN, History, instant
from tests.promising import action, complete, move, play, win


def opened(account_id: str, when: str = "2026-01-05", **more: Any) -> History:
    history = History(account_id)
    history.on(when, "open-plan", **OPEN | {"account_id": account_id, "tier": "strategic"} | more)
    return history


def march(
    plans: Iterable[History], now: str = "2026-05-01", owner: str | None = None, tier: Tier | None = None
) -> MonthReport:
    at = instant(now)
    return month_report(month_named("2026-03", at), (plan.known for plan in plans), at, owner, tier)


def one_kept() -> History:
    history = opened("kept")
    for id in ("one", "two"):
        action(history, "2026-02-20", id)
    complete(history, "2026-03-20", "one")
    return history


def three_missed() -> History:
    history = opened("missed", owner="ben", tier="growth")
    for id in ("one", "two", "three", "next"):
        action(history, "2026-02-20", id, "2026-04-20" if id == "next" else "2026-03-31")
    complete(history, "2026-03-31", "one")
    history.on("2026-03-31", "reopen-action", id="one", reason="Wrong price")
    return history


def test_the_counts_of_the_plans_are_added_and_then_divided() -> None:
    found = march([one_kept(), three_missed(), opened("quiet", owner="ben", tier="growth")])
    assert [(plan.plan, plan.score.kept, plan.score.scored, plan.score.keep_rate) for plan in found.plans] == [
        ("kept", 1, 2, 0.5),
        ("missed", 0, 3, 0.0),
        ("quiet", 0, 0, None),
    ]
    totals = found.totals
    assert (totals.plans, totals.plans_without_score) == (3, 1)
    assert (totals.score.kept, totals.score.scored, totals.score.pending, totals.score.keep_rate) == (1, 5, 1, 0.2)
    assert (totals.finished, totals.unsaid_share) == (1, 0.0)
    assert [(each.owner, each.plans, each.plans_without_score, each.score.keep_rate) for each in found.owners] == [
        ("ann", 1, 0, 0.5),
        ("ben", 2, 1, 0.0),
    ]
    assert [(each.tier, each.plans, each.score.scored) for each in found.tiers] == [
        ("growth", 2, 3),
        ("strategic", 1, 2),
    ]


def test_only_the_plans_of_an_owner_or_a_tier_are_counted_where_one_is_asked_for() -> None:
    plans = [one_kept(), three_missed()]
    assert [plan.plan for plan in march(plans, owner="ann").plans] == ["kept"]
    of_growth = march(plans, tier="growth")
    assert ([plan.plan for plan in of_growth.plans], of_growth.totals.plans, of_growth.tier) == (
        ["missed"],
        1,
        "growth",
    )


def test_owner_and_tier_are_those_of_the_end_of_the_month() -> None:
    history = one_kept()
    history.on("2026-03-31", "reassign-plan", owner="ben", reason="Ann moves on")
    history.on("2026-04-01", "reassign-plan", owner="cleo", reason="Ben moves on")
    assert [each.owner for each in march([history]).owners] == ["ben"]


def test_both_ends_are_the_ends_of_local_days() -> None:
    history = opened("acme", timezone="America/New_York")
    play(history, "2026-03-01T04:59:59Z", "february")
    play(history, "2026-03-01T05:00:00Z", "march")
    win(history, "2026-04-01T03:59:59Z", "february", "2026-03-20")
    win(history, "2026-04-01T04:00:00Z", "march", "2026-03-20")
    [plan] = march([history]).plans
    assert (plan.from_.cut, plan.to.cut) == ("2026-02-28", "2026-03-31")
    assert (plan.score.kept, plan.score.scored, plan.added_score.missed) == (1, 1, 1)
    assert not plan.provisional


def test_what_was_due_on_the_last_day_of_the_month_before_is_carried() -> None:
    history = opened("acme")
    action(history, "2026-02-20", "before", "2026-02-28")
    action(history, "2026-02-20", "first", "2026-03-01")
    [plan] = march([history]).plans
    assert (plan.carried_score.missed, plan.score.missed) == (1, 1)


def test_a_month_that_is_not_over_is_judged_as_of_now_and_provisional() -> None:
    history = opened("acme")
    action(history, "2026-02-20", "due", "2026-03-10")
    action(history, "2026-02-20", "today", "2026-03-15")
    found = march([history], now="2026-03-15T12:00:00Z")
    [plan] = found.plans
    assert found.provisional
    assert plan.provisional
    assert (plan.to.date.isoformat(), plan.score.missed, plan.score.pending) == ("2026-03-15", 1, 1)
    assert not march([history], now="2026-04-01T12:00:00Z").provisional


def test_a_month_to_come_is_refused_but_not_one_that_has_begun_somewhere() -> None:
    with pytest.raises(MonthInTheFuture):
        month_named("2026-04", instant("2026-03-31T09:59:59Z"))
    plans = [opened("auckland", timezone="Pacific/Auckland"), opened("berlin", timezone="Europe/Berlin")]
    now = instant("2026-03-31T12:00:00Z")
    found = month_report(month_named("2026-04", now), [plan.known for plan in plans], now)
    assert [plan.plan for plan in found.plans] == ["auckland"]


def test_a_month_has_begun_for_a_plan_in_which_something_was_recorded_in_it_whatever_the_clock_says() -> None:
    plan = opened("acme")
    plan.on("2026-04-01", "write-note", section="plan", text="Seen")
    april, behind = Month.of(date(2026, 4, 1)), instant("2026-03-31T12:00:00Z")
    assert cuts_of(april, plan.known, behind) is not None
    assert cuts_of(april, opened("beta").known, behind) is None
    assert [last_position(plan.known, plan.cut(cut, "2026-04-02")) for cut in ("2026-01-04", "2026-03-31", "now")] == [
        0, 1, 2,
    ]  # fmt: skip


@for_each("text", ["2026-13", "2026-3", "March", "2026-03-01", "0001-01", "２０２６-03"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(MonthUnknown):
        month_named(text, instant("2026-05-01"))


def test_in_the_month_a_plan_was_opened_in_everything_was_added() -> None:
    history = opened("acme", "2026-03-05")
    action(history, "2026-03-05", "price", "2026-03-10")
    [plan] = march([history]).plans
    assert (plan.from_.version, plan.score.scored, plan.added_score.missed) == (0, 0, 1)


def test_a_plan_opened_after_the_month_is_not_in_it() -> None:
    assert march([opened("acme", "2026-04-01")]).plans == []


def test_a_plan_archived_all_the_month_is_left_out_if_nothing_was_open_in_it_and_counted() -> None:
    archived_later = one_kept()
    archived_later.on("2026-04-10", "archive-plan", reason="Lost")
    with_a_promise, with_none, held_in_march, reopened = map(opened, ("promise", "none", "hold", "reopened"))
    for history in (with_a_promise, with_none, held_in_march, reopened):
        action(history, "2026-02-01")
        if history is not with_a_promise:
            complete(history, "2026-02-19")
        history.on("2026-02-20", "archive-plan", reason="Lost")
    held_in_march.on("2026-03-10", "place-hold", reason="A lawsuit")
    reopened.on("2026-03-10", "reopen-plan", reason="Won back")
    found = march([archived_later, with_a_promise, with_none, held_in_march, reopened])
    assert [(plan.plan, plan.score.missed) for plan in found.plans] == [("kept", 1), ("promise", 1), ("reopened", 0)]
    assert found.plans_left_out == 2
    assert march([with_none], owner="ben").plans_left_out == 0, "it is none of those that were asked for"


def test_a_plan_archived_on_the_first_day_of_the_month_is_in_it() -> None:
    history = opened("acme")
    history.on("2026-03-01", "archive-plan", reason="Lost")
    found = march([history])
    assert (len(found.plans), found.plans_left_out) == (1, 0)


def test_people_answer_for_what_they_promised_in_whichever_plan() -> None:
    history = opened("acme", owner="cleo")
    action(history, "2026-02-20", "anns", owner="ann")
    action(history, "2026-02-20", "theirs", kind="joint", side="customer", owner="ben")
    action(history, "2026-03-05", "unsaid", owner="ben")
    complete(history, "2026-03-06", "unsaid")
    history.on("2026-03-10", "reassign-action", id="anns", owner="ben")
    found = march([one_kept(), history])
    assert [(each.person, each.plans, each.score.scored, each.score.kept) for each in found.people] == [
        ("ann", 2, 3, 1),
        ("ben", 1, 0, 0),
    ]
    ben = found.people[1]
    assert (ben.added_score.kept, ben.customer_score.missed, ben.unsaid_share) == (1, 1, 1.0)
    assert (found.people[0].plans_without_score, ben.plans_without_score) == (0, 1)
    for name in ("score", "carried_score", "added_score", "customer_score"):
        scored = [getattr(each, name).scored for each in found.people]
        assert sum(scored) == getattr(found.totals, name).scored


def test_the_worst_slips_are_told_with_their_plans() -> None:
    plans = []
    for number in range(12):
        history = opened(f"plan-{number}")
        play(history, "2026-02-20")
        move(history, "2026-03-10", f"2026-04-{number + 1:02}")
        plans.append(history)
    worst = march(plans).worst_slips
    assert [slip.days for slip in worst] == [23, 22, 21, 20, 19, 18, 17, 16, 15, 14]
    assert (worst[0].plan, worst[0].list, worst[0].row.id) == ("plan-11", "said", "pilot")


def test_departures_noticed_late_are_told_the_latest_first() -> None:
    history = opened("acme")
    for id in ("cfo", "coo", "cio"):
        history.on("2026-01-06", "add-stakeholder", id=id, title=id, level="executive")
    history.on("2026-03-10", "record-departure", id="cfo", left_on="2026-03-09")
    history.on("2026-03-10", "record-departure", id="coo", left_on="2026-03-01")
    history.on("2026-03-10", "record-departure", id="cio", left_on="2026-03-10")
    found = march([history]).departures_noticed_late
    assert [(each.plan, each.id, each.days) for each in found] == [("acme", "coo", 9), ("acme", "cfo", 1)]


def test_what_was_kept_of_a_month_adds_up_to_the_same_and_its_words_are_read_when_they_are_told() -> None:
    plans = [one_kept(), three_missed(), opened("quiet", owner="ben", tier="growth")]
    plans[0].on("2026-01-06", "add-stakeholder", id="cfo", title="CFO", level="executive")
    plans[0].on("2026-03-10", "record-departure", id="cfo", left_on="2026-03-01")
    play(plans[1], "2026-02-21", "late")
    plans[1].on("2026-03-10", "reschedule-play", id="late", due_on="2026-04-30")
    by_id, read = {plan.plan_id: plan for plan in plans}, list[str]()

    def words_of(id: UUID) -> LoadedPlan:
        read.append(by_id[id].account_id)
        return by_id[id].known

    now = instant("2026-05-01")
    month = month_named("2026-03", now)
    for owner, tier in ((None, None), ("ben", None), (None, "strategic")):
        making, again = MonthReportBuilder(month, now, owner, tier), MonthReportBuilder(month, now, owner, tier)
        for plan in plans:
            kept = PlanInMonth.of(plan.known, month, now)
            assert kept is not None
            assert making.add(plan.known) == again.add_kept(plan.plan_id, kept.kept())
        assert again.summary(words_of) == making.summary()
    assert sorted(read[:2]) == ["kept", "missed"], "each once, and none of which there is nothing to tell"


def test_where_there_is_no_plan_the_totals_are_nothing() -> None:
    found = march([])
    assert (found.plans, found.totals.plans, found.totals.score.keep_rate, found.owners) == ([], 0, None, [])
    assert not found.provisional
