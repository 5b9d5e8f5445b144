"""A rule stands in one place: bent there, it is seen bent by every view that shows it.

A view that has the rule written out for itself does not follow, and fails here.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from io import StringIO
from typing import Any, NamedTuple

import pytest
from pydantic_core import to_json
from rich.console import Console, RenderableType

from adapters.cli import card, sections
from adapters.events.partial_read import read_partial_event
from adapters.web.languages import Speech
from adapters.web.plan.presenter import facts, plan_parts
from application.findings.judging import findings_view
from application.portfolio.projector import PortfolioProjector
from application.portfolio.row import shown
from application.reports import promises
from application.reports.month_report import month_report
from application.reports.months import month_named
from application.reports.said_vs_did import cuts_meant, said_vs_did
from application.views import freshness
from application.views.blame import blame
from application.views.current_plan import current_plan
from application.views.cuts import Cut, cut_at
from application.views.diff import diff
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import metrics
from application.views.pages import review_before
from application.views.reviews import held_reviews
from domain.account_plan import ACCOUNT_PLAN, risks, stakeholders, threads
from domain.account_plan.actions import Action
from domain.account_plan.goals import Goal
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play
from domain.account_plan.requests import WAITING
from domain.account_plan.reviews import HeldReview
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.team import Member
from domain.account_plan.whitespace import STILL_TO_WIN
from domain.program.limits import DEFAULT_POLICY
from domain.record import is_late
from domain.things import Thing
from tests.histories import History, instant, opened
from tests.promising import action, complete, play, review, win

NOW = instant("2026-03-10")
A, B = "review:m1", "now"


@cache
def story() -> LoadedPlan:
    """Something of everything that the rules below are about."""
    history = opened()
    _people(history)
    _promises(history)
    _since(history)
    history.on("2026-03-02", "record-departure", id="lead", left_on="2026-02-26")
    history.on("2026-03-03", "confirm-section", section="vision")
    return history.known


def _people(history: History) -> None:
    for person, role in (("ann", "account_executive"), ("ben", "customer_success")):
        history.on("2026-01-06", "assign-member", person=person, role=role, from_on="2026-01-06")
    history.on("2026-01-06", "add-unit", id="plant", name="Plant", kind="site", buying_center=True)
    history.on("2026-01-06", "list-offering", id="hub", name="Hub", kind="product")
    cell = {"unit": "plant", "offering": "hub", "penetration": "aware", "arr_potential": "50000", "probability": "0.5"}
    history.on("2026-01-06", "assess-cell", **cell)
    for id, name, strength in (("coo", "Jane Doe", 2), ("cfo", "Max Roe", 2), ("lead", "Tim Poe", 1)):
        history.on("2026-01-07", "add-stakeholder", id=id, name=name, level="executive", unit="plant")
        history.on("2026-01-07", "rate-relationship", id=id, member="ann", strength=strength)
    deal = {"amount": "90000", "stage": "discovery", "close_on": "2026-06-30", "source": "plan", "probability": "0.5"}
    history.on("2026-01-08", "open-opportunity", id="deal", name="Line B", **deal)
    history.on("2026-01-08", "engage-stakeholders", id="deal", stakeholders=["coo", "cfo"])
    risk = {"kind": "low_adoption", "statement": "Nobody uses it at night", "owner": "ann"}
    history.on("2026-01-08", "raise-risk", id="use", likelihood=4, impact=4, **risk)
    request = {"function": "marketing", "kind": "advisory_board", "statement": "A seat for the COO", "owner": "ann"}
    history.on("2026-01-08", "raise-request", id="seat", due_on="2026-02-20", **request)
    history.on("2026-01-08", "answer-request", id="seat", decision="planned", member="joy")


def _promises(history: History) -> None:
    goal = {"kind": "revenue", "measure": "ARR", "unit": "EUR", "baseline": "0", "target": "100", "owner": "ann"}
    history.on("2026-01-09", "set-goal", id="triple", statement="Triple ARR", due_on="2026-02-28", **goal)
    for id, due_on in (("pilot", "2026-02-20"), ("tour", "2026-02-27"), ("old", "2026-01-30")):
        play(history, "2026-01-09", id, due_on, owner="ben", title=f"Plant {id} of line B", stakeholders=["lead"])
    action(history, "2026-01-09", "price", "2026-02-25")
    action(history, "2026-01-09", "data", "2026-02-15", kind="joint", side="customer", statement="Send the data")
    play(history, "2026-01-09", "slip", "2026-02-10", title="Plant slip of line C")


def _since(history: History) -> None:
    review(history, "2026-01-20", "m0")
    review(history, "2026-02-02", "m1")
    review(history, "2026-02-03", "w1", "weekly", "2026-02-01")
    history.on("2026-02-03", "reschedule-play", id="tour", due_on="2026-03-01")
    history.on("2026-02-04", "reschedule-play", id="slip", due_on="2026-04-30")
    history.on("2026-02-15", "release-member", person="ben", role="customer_success", until_on="2026-02-15")
    complete(history, "2026-02-20", "price")
    history.on("2026-02-21", "report-progress", id="triple", value="50", as_of_on="2026-02-20")
    history.on("2026-02-22", "report-progress", id="triple", value="20", as_of_on="2026-02-01")
    win(history, "2026-02-28", "tour", result="")


# Views


@dataclass(frozen=True)
class Looked:
    """The story, folded by the rules as they are now."""

    known: LoadedPlan

    @property
    def plan(self) -> AccountPlan:
        return self.known.state

    @property
    def cut(self) -> Cut:
        return cut_at(B, self.known, NOW)

    @property
    def today(self) -> date:
        return self.cut.today


def look() -> Looked:
    return Looked(LoadedPlan.of(ACCOUNT_PLAN, story().id, story().records))


def printed(*parts: RenderableType | None) -> str:
    """With its colours, for they say something too."""
    console = Console(width=160, file=StringIO(), record=True, color_system="truecolor", force_terminal=True)
    for part in parts:
        console.print(part)
    return console.export_text(styles=True)


def portfolio(at: Looked) -> Any:
    seen = [
        read_partial_event(each.aggregate_id, each.version, each.position, type(each.event).__name__, each.stored)
        for each in at.known.records
    ]
    projector = PortfolioProjector()
    projector.add(seen)
    return shown(projector.row(), NOW)


def section_of_plan(name: str) -> Callable[[Looked], Any]:
    return lambda at: to_json(getattr(current_plan(at.known, at.cut).sections, name))


VIEWS: Mapping[str, Callable[[Looked], Any]] = {
    "portfolio, open": lambda at: portfolio(at).item.open_promises,
    "portfolio, overdue": lambda at: portfolio(at).item.overdue,
    "portfolio, stale": lambda at: portfolio(at).item.stale_sections,
    "portfolio, last review": lambda at: portfolio(at).item.last_review_id,
    "portfolio, people": lambda at: portfolio(at).people,
    "portfolio, next change": lambda at: portfolio(at).changes_at,
    "plan, opportunities": section_of_plan("opportunities"),
    "plan, goals": section_of_plan("goals"),
    "plan, freshness": lambda at: [s.freshness.stale for _, s in current_plan(at.known, at.cut).sections],
    "metrics, promises": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).promises,
    "metrics, stakeholders": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).stakeholders,
    "metrics, opportunities": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).opportunities,
    "metrics, whitespace": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).whitespace,
    "metrics, risks": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).risks,
    "metrics, requests": lambda at: metrics(at.plan, at.today, DEFAULT_POLICY).requests_waiting,
    "said versus did, lists": lambda at: [
        [row.id for row in rows] for rows in (report(at).said, report(at).carried, report(at).added)
    ],
    "said versus did, outcomes": lambda at: {row.id: row.outcome for row in all_rows(at)},
    "said versus did, flags": lambda at: {row.id: row.flags for row in all_rows(at)},
    "said versus did, sides": lambda at: (report(at).score, report(at).customer_score),
    "said versus did, blind spots": lambda at: report(at).blind_spots,
    "said versus did, signs": lambda at: report(at).theatre,
    "said versus did, stale": lambda at: report(at).gone_stale,
    "said versus did, what is compared": lambda at: cuts_meant(at.known, NOW, to=B),
    "month, totals": lambda at: month_report(month_named("2026-02", NOW), [at.known], NOW).totals,
    "month, slips": lambda at: month_report(month_named("2026-02", NOW), [at.known], NOW).worst_slips,
    "card, promises": lambda at: printed(sections.promises(at.plan, at.today)),
    "card, goals": lambda at: printed(sections.goals(at.plan, at.today)),
    "card, requests": lambda at: printed(sections.requests(at.plan, at.today)),
    "card, risks": lambda at: printed(sections.risks(at.plan, "EUR")),
    "card, stakeholders": lambda at: printed(sections.stakeholders(at.plan, at.cut.date)),
    "card, opportunities": lambda at: printed(sections.opportunities(at.plan, "EUR", 3)),
    "card, freshness": lambda at: printed(card.freshness(current_plan(at.known, at.cut))),
    "card, last review": lambda at: printed(card.review_held_last(at.known, at.cut)),
    "page, facts": lambda at: list(facts(at.plan, the_plan(at.plan), at.cut, Speech("en"), DEFAULT_POLICY)),
    "page, open and over": lambda at: over_on_page(at),
    "page, stale": lambda at: [
        each.is_stale for each in plan_parts(at.known, at.cut, Speech("en"), False, ()).sections
    ],
    "findings, promises": lambda at: found(at, "overdue-promise"),
    "findings, stale": lambda at: found(at, "stale-section"),
    "findings, threads": lambda at: found(at, "single-threaded"),
    "findings, people": lambda at: found(at, "unplaced-relationship"),
    "findings, team": lambda at: found(at, "team-incomplete"),
    "findings, whitespace": lambda at: found(at, "no-whitespace-candidate"),
    "findings, requests": lambda at: found(at, "advisory-board-unlinked"),
    "findings, reviews": lambda at: found(at, "not-reviewed"),
    "reviews, late": lambda at: [each.cut.recorded_late for each in held_reviews(at.known, at.cut)],
    "diff, values": lambda at: diff(at.known, cut_at(A, at.known, NOW), at.cut).changes,
    "diff, stale": lambda at: diff(at.known, cut_at(A, at.known, NOW), at.cut).gone_stale,
    "diff, from where": lambda at: review_before(at.known, at.cut),
    "blame": lambda at: [(each.kind, each.id, each.field, each.value) for each in blame(at.plan, at.known.records)],
    "who sees the plan": lambda at: ACCOUNT_PLAN.is_at_work_on(at.plan, "ben", date(2026, 3, 10)),
}


def report(at: Looked) -> Any:
    return said_vs_did(at.known, cut_at(A, at.known, NOW), at.cut)


def all_rows(at: Looked) -> Any:
    seen = report(at)
    return [*seen.said, *seen.carried, *seen.added]


def over_on_page(at: Looked) -> Any:
    tables = [table for each in plan_parts(at.known, at.cut, Speech("en"), False, ()).sections for table in each.tables]
    return [(table.kind, len(table.rows), table.in_all) for table in tables]


def found(at: Looked, rule: str) -> Any:
    return [each.sentence for each in findings_view(at.known, at.cut).items if each.rule == rule]


# Rules


class Rule(NamedTuple):
    """How a rule is bent at its one place, and the views that must follow."""

    bend: Callable[[pytest.MonkeyPatch], None]
    views: str


def everywhere(monkeypatch: pytest.MonkeyPatch, rule: Callable[..., Any], bent: Callable[..., Any]) -> None:
    """A function that is bent, in every module that knows it."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("domain.", "application.", "adapters.")):
            for known_as, value in list(vars(module).items()):
                if value is rule:
                    monkeypatch.setattr(module, known_as, bent)


def overdue_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is overdue before two months after it was due."""
    rule = Thing.overdue_after.fget
    assert rule

    def later(thing: Thing) -> date | None:
        last: date | None = rule(thing)
        return last and last + timedelta(days=60)

    monkeypatch.setattr(Thing, "overdue_after", property(later))


def over_when_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise is over when it is due, whatever became of it."""
    for kind in (Play, Action):
        monkeypatch.setattr(kind, "ending", property(lambda promise: "is over" if promise.due_on.day < 26 else None))


def gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stakeholder, "ending", property(lambda person: "has left" if person.id != "cfo" else None))


def of_the_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Play, "side", "customer")


def the_other_way_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HeldReview, "__gt__", lambda one, other: tuple(one) < tuple(other))
    monkeypatch.setattr(HeldReview, "__lt__", lambda one, other: tuple(one) > tuple(other))


def stale_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    everywhere(monkeypatch, freshness.stale_from, lambda refreshed_on, _most: refreshed_on)


def everybody_current(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Member, "is_current", lambda _member, _day: True)


def never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Member, "has_ended", lambda _member, _day: False)


RULES: Mapping[str, Rule] = {
    "when a promise is overdue": Rule(
        overdue_later,
        "portfolio, overdue | portfolio, next change | metrics, promises | said versus did, lists"
        " | said versus did, outcomes | said versus did, flags | month, totals | card, promises | card, goals"
        " | card, requests | page, facts | findings, promises",
    ),
    "when a promise is over": Rule(
        over_when_due,
        "portfolio, open | portfolio, overdue | metrics, promises | said versus did, lists | card, promises"
        " | page, open and over | findings, promises | said versus did, blind spots",
    ),
    "whose a promise is": Rule(
        of_the_customer,
        "metrics, promises | said versus did, sides | month, totals | month, slips | card, promises",
    ),
    "what proves a finish": Rule(
        lambda patch: everywhere(patch, promises.has_evidence, lambda _promise: False),
        "said versus did, flags | said versus did, signs | month, totals",
    ),
    "what was recorded late": Rule(
        lambda patch: everywhere(patch, is_late, lambda _true_on, _recorded_on: True),
        "said versus did, flags | reviews, late",
    ),
    "which notice is too late": Rule(
        lambda patch: everywhere(patch, promises.is_late_notice, lambda _move, _recorded_on: True),
        "said versus did, flags | said versus did, signs",
    ),
    "who is still there": Rule(
        gone,
        "metrics, stakeholders | card, stakeholders | findings, threads | findings, people | page, open and over",
    ),
    "who is engaged": Rule(
        lambda patch: patch.setattr(stakeholders, "ENGAGED", 3),
        "metrics, stakeholders | findings, threads | page, facts",
    ),
    "from how many on an account hangs on one": Rule(
        lambda patch: patch.setattr(stakeholders, "FEW_THREADS", 3),
        "metrics, stakeholders | findings, threads",
    ),
    "from how many on an opportunity is multi-threaded": Rule(
        lambda patch: everywhere(patch, threads.is_multi_threaded, lambda _plan, _opportunity, _least: True),
        "plan, opportunities | metrics, opportunities | metrics, stakeholders | card, opportunities",
    ),
    "who has a role today": Rule(everybody_current, "said versus did, flags | findings, team"),
    "until when somebody is on the team": Rule(never_ends, "portfolio, people | who sees the plan"),
    "which review was the last": Rule(
        the_other_way_round,
        "portfolio, last review | card, last review | diff, from where | said versus did, what is compared"
        " | findings, reviews",
    ),
    "how far a goal has come": Rule(
        lambda patch: patch.setattr(Goal, "reached", property(lambda _goal: 77)),
        "plan, goals | card, goals | diff, values | blame",
    ),
    "which cells are still to be won": Rule(
        lambda patch: patch.setitem(STILL_TO_WIN, "aware", False),
        "metrics, whitespace | findings, whitespace",
    ),
    "which risks are severe": Rule(
        lambda patch: patch.setattr(risks, "SEVERE", 20),
        "metrics, risks | card, risks",
    ),
    "which requests are waiting": Rule(
        lambda patch: patch.setitem(WAITING, "planned", False),
        "metrics, requests | card, requests | findings, requests",
    ),
    "when a section is stale": Rule(
        stale_at_once,
        "portfolio, stale | plan, freshness | card, freshness | page, stale | findings, stale | diff, stale"
        " | said versus did, stale",
    ),
}

FOLLOWING = [
    pytest.param(name, view.strip(), id=f"{name}: {view.strip()}")
    for name, rule in RULES.items()
    for view in rule.views.split("|")
]


@cache
def as_it_is(view: str) -> Any:
    """What a view shows while every rule is as it is."""
    return VIEWS[view](look())


@pytest.mark.parametrize(("name", "view"), FOLLOWING)
def test_a_view_follows_the_rule(name, view, monkeypatch):
    before = as_it_is(view)
    RULES[name].bend(monkeypatch)
    assert VIEWS[view](look()) != before, f"{view} does not ask {name} where it is said: is it written out there?"


def test_every_view_that_is_looked_at_shows_a_rule():
    shown_by = {view.strip() for rule in RULES.values() for view in rule.views.split("|")}
    assert shown_by == set(VIEWS)
