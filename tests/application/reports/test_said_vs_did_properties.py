"""Whatever is recorded: every promise is somewhere once, and what was said stays judged as it was."""

import json
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_core import to_json

from application.reports.outcomes import Outcome, rows
from application.reports.period import Period
from application.reports.promises import lives
from application.reports.said_vs_did import said_vs_did, scores
from application.reports.series import series
from application.reports.trend import pairs, trend
from application.views.cuts import plan_at
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import whitespace_totals
from domain.account_plan import ACCOUNT_PLAN, COMMANDS
from domain.account_plan.health import Contract
from domain.language import Refusal
from tests.examples import examples, spread
from tests.histories import History, opened, said_at_random, told_as_far_as_accepted
from tests.places import DEMO, SCENARIOS

IDS = st.sampled_from(["a", "b", "c"])
FINISH = {"result": "Done"}


@st.composite
def steps(draw: st.DrawFn) -> tuple[int, str, dict[str, Any]]:
    """Days that pass, a command, and its body; days in it are meant from then on."""
    days, id, due = draw(st.integers(0, 9)), draw(IDS), draw(st.integers(-3, 30))
    what: dict[str, dict[str, Any]] = {
        "plan-play": {"title": "T", "kind": "proof", "owner": "ann", "success_measure": "M", "due_on": due},
        "add-action": {"statement": "S", "kind": "joint", "owner": "ann", "due_on": due, "side": "customer"},
        "reschedule-play": {"due_on": due},
        "reschedule-action": {"due_on": due, "reason": "Why"},
        "restate-play": {"title": draw(st.sampled_from(["T", "U"]))},
        "reassign-play": {"owner": draw(st.sampled_from(["ann", "ben"]))},
        "win-play": {"finished_on": -draw(st.integers(0, 5)), **FINISH},
        "lose-play": {"finished_on": 0, "result": None},
        "complete-action": {"finished_on": -draw(st.integers(0, 5)), **FINISH},
        "drop-play": {"reason": "Why"},
        "drop-action": {"reason": "Why"},
        "reopen-play": {"reason": "Why"},
        "reopen-action": {"reason": "Why"},
        "block-play": {"reason": "Why"},
        "hold-review": {"kind": "monthly", "audience": "internal", "held_on": 0, "ours": ["ann"]},
    }
    command = draw(st.sampled_from(sorted(what)))
    return days, command, {"id": id, **what[command]}


def told_so(walked: list[tuple[int, str, dict[str, Any]]]) -> History:
    """What a plan accepts of it."""
    history = opened("2026-01-05")
    at = history.last
    for place, (days, command, body) in enumerate(walked):
        at += timedelta(days=days, minutes=1)
        body = {
            name: (at.date() + timedelta(days=value)).isoformat() if isinstance(value, int) else value
            for name, value in body.items()
        }
        if command == "hold-review":
            body["id"] = f"r{place}"
        try:
            history.handle(at, COMMANDS[command].model_validate(body, strict=False))
        except Refusal:
            continue
    return history


HISTORIES = st.lists(steps(), min_size=5, max_size=40).map(told_so)


@settings(max_examples=examples(15))
@given(HISTORIES, st.data())
def test_outcomes_partition_the_rows_and_later_events_change_nothing(history: History, data: st.DataObject) -> None:
    versions = st.integers(0, history.known.version)
    first, second = sorted((data.draw(versions), data.draw(versions)))
    a, b = history.cut(f"version:{first}"), history.cut(f"version:{max(second, 1)}")
    found = said_vs_did(history.known, a, b)
    every = [*found.said, *found.carried, *found.added]
    assert len({(row.kind, row.id) for row in every}) == len(every)
    counted = [found.score, found.carried_score, found.added_score, found.customer_score]
    assert sum(each.scored + each.pending + each.already_done for each in counted) == len(every)
    for each in counted:
        outcomes = {name: getattr(each, name) for name in get_args(Outcome)}
        assert sum(outcomes.values()) == each.scored + each.pending
        assert each.kept_proven <= each.kept_as_said <= each.kept
    short = LoadedPlan.of(ACCOUNT_PLAN, history.plan_id, history.known.records[: b.version])
    assert to_json(said_vs_did(short, a, b)) == to_json(found)


@settings(max_examples=examples(15))
@given(HISTORIES)
def test_every_promise_is_in_one_list_of_every_period_it_lived_in(history: History) -> None:
    cuts = [history.cut("version:0"), *(history.cut(f"version:{n}") for n in range(5, history.known.version, 5))]
    cuts.append(history.cut("now"))
    seen = set()
    for a, b in pairwise(cuts):
        found = rows(Period.between(history.known, a, b))
        keys = [(row.kind, row.id) for several in found.values() for row in several]
        assert len(set(keys)) == len(keys)
        seen.update(keys)
        was_open = {
            key for key, life in lives(history.known.records[: a.version]).items() if not life.last.promise.ending
        }
        assert {(row.kind, row.id) for row in [*found["said"], *found["carried"]]} == was_open
    assert seen == lives(history.known.records).keys()


@settings(max_examples=examples(15))
@given(HISTORIES, st.data())
def test_the_trend_is_what_the_report_of_each_of_its_pairs_says(history: History, data: st.DataObject) -> None:
    versions = st.integers(0, history.known.version)
    a, b = (history.cut(f"version:{version}") for version in sorted((data.draw(versions), data.draw(versions))))
    if b.version:
        period = Period.between(history.known, a, b)
        told = {(pair.from_.cut, pair.to.cut): pair.score for pair in trend(period)}
        assert told == {
            (first.cut.cut, second.cut.cut): scores(rows(Period.between(history.known, first.cut, second.cut))).score
            for first, second in pairs(period.reviews)
            if second.cut.version < b.version
        }


@settings(max_examples=examples(2), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_every_standing_is_that_of_the_plan_as_it_stood(random: Random) -> None:
    history = said_at_random(random, commands=60, reviews=0.15)
    for place, each in enumerate(series(history.known, history.cut("now")).standings):
        plan = plan_at(history.known, history.cut(each.cut))
        contract = plan.find(Contract, "contract")
        assert each.arr == (contract and contract.arr), place
        assert list(each.whitespace.items()) == list(whitespace_totals(plan).by_penetration.items())


@pytest.mark.hypothesis
def test_every_month_of_every_scenario_can_be_reported() -> None:
    """Of each scenario another third of them, and all in `make torture`."""
    turns = spread(range(3), 3)
    plans = (file for file in DEMO.glob("*.jsonl") if file.stem != "program")
    files = [*sorted(plans), *sorted(SCENARIOS.glob("*.jsonl"))]
    of_plans = [file for file in files if "plan" in json.loads(file.read_text().partition("\n")[0])]
    assert len(of_plans) >= 6
    for file in of_plans:
        history = told_as_far_as_accepted(file)
        begun, ended = history.known.records[0].meta.recorded_at.date(), history.last.date()
        ends = [begun + timedelta(days=30 * month) for month in range((ended - begun).days // 30)]
        turn = next(turns)
        for a, b in (pair for month, pair in enumerate(pairwise(ends)) if month % 3 in turn):
            found = said_vs_did(history.known, history.cut(a.isoformat()), history.cut(b.isoformat()))
            to_json(found, by_alias=True)
            assert found.finished >= found.finished_unsaid
