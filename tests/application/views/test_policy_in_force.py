"""Which policy a verdict about a day is made under: once made it never changes, whatever is adopted later."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as some
from pydantic_core import to_json

from adapters.events.partial_read import read_partial_event
from application.aggregates.loaded import LoadedAggregate
from application.findings.judging import findings_view
from application.findings.program import program_findings
from application.findings.program_examined import ProgramExamined
from application.measures.measured import measured_months
from application.measures.registry import figures_of
from application.packs.pack import PackKind
from application.packs.registry import pack
from application.portfolio.projector import PortfolioProjector
from application.portfolio.row import PortfolioRow, shown
from application.reports.month_report import month_report
from application.reports.months import month_named
from application.reports.said_vs_did import said_vs_did
from application.views.current_plan import current_plan
from application.views.cuts import Cut, stood_at
from application.views.diff import diff
from application.views.policy_in_force import DEFAULT, policy_at
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.record import Recorded
from tests.everything import everything
from tests.examples import examples
from tests.histories import History, instant, opened

NEW_YEAR = date(2026, 1, 1)


def program() -> History:
    history = History(type=PROGRAM)
    history.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR", timezone="Europe/Berlin")
    return history


def adopt(history: History, when: str, effective_on: str, **numbers: Any) -> None:
    history.on(when, "adopt-policy", effective_on=effective_on, policy=numbers, reason="What we learned")


def version_at(history: History, plan: History, cut: str, now: str = "2026-12-31") -> int:
    return policy_at(history.known.records, plan.cut(cut, now)).version


def test_without_a_program_the_default_policy_is_in_force():
    assert policy_at((), opened().cut("now")) == DEFAULT == (0, DEFAULT_POLICY)


@pytest.mark.parametrize(
    ("day", "version"), [("2026-02-28", 0), ("2026-03-01", 1), ("2026-05-31", 1), ("2026-06-01", 2)]
)
def test_a_policy_is_in_force_from_its_day_on(day, version):
    practice = program()
    adopt(practice, "2026-02-01", "2026-03-01", contact_days=60)
    adopt(practice, "2026-02-02", "2026-06-01", contact_days=30)
    assert version_at(practice, opened(), day) == version


def test_a_policy_with_a_day_in_the_past_judges_nothing_before_it_was_recorded():
    practice = program()
    adopt(practice, "2026-06-15", "2026-03-01", contact_days=60)
    assert [version_at(practice, opened(), day) for day in ("2026-03-02", "2026-06-14", "2026-06-15")] == [0, 0, 1]
    assert version_at(practice, opened(), "2026-06-15T08:59:59Z") == 0
    assert version_at(practice, opened(), "2026-06-15T09:00:00Z") == 1


def test_how_old_a_section_may_be_is_what_the_policy_of_the_cut_says():
    plan, practice = opened(), program()
    adopt(practice, "2026-02-01", "2026-02-10", sections={"risks": {"strategic": 20}})
    records = practice.known.records

    def risks(cut: str) -> tuple[int | None, bool]:
        fresh = current_plan(plan.known, plan.cut(cut, "2026-12-31"), records).sections.risks.freshness
        return fresh.most_days, fresh.stale

    assert [risks("2026-02-05"), risks("2026-02-06"), risks("2026-02-09")] == [(31, False), (31, True), (31, True)]
    assert risks("2026-02-10") == (20, True)
    gone = diff(plan.known, plan.cut("2026-02-01", "2026-12-31"), plan.cut("2026-02-11", "2026-12-31"), program=records)
    assert gone.gone_stale == ["risks"]


def test_the_list_of_plans_and_the_report_of_a_review_know_a_stale_section_by_the_policy_of_the_day():
    plan, practice = opened(timezone="UTC"), program()
    adopt(
        practice, "2026-02-01", "2026-02-10", sections={"risks": {"strategic": 20}}, cadence={"strategic": {"qbr": 9}}
    )
    seen = [
        read_partial_event(each.aggregate_id, each.version, each.position, type(each.event).__name__, each.stored)
        for each in plan.known.records
    ]
    projector = PortfolioProjector()
    projector.add(seen)

    def listed(when: str) -> tuple[bool, str | None]:
        item, changes_at, *_ = shown(projector.row(), instant(when), practice.known.records)
        return "risks" in item.stale_sections, str(changes_at)[:10] if changes_at else None

    assert listed("2026-01-20T12:00Z")[0] is False
    assert listed("2026-02-05") == (False, "2026-02-06")  # 31 days by the default policy
    assert listed("2026-02-06")[0] is True
    plan.on("2026-02-07", "confirm-section", section="risks")
    projector.add([read_partial_event(plan.plan_id, 2, 2, "SectionConfirmed", plan.known.records[-1].stored)])
    assert listed("2026-02-09") == (False, "2026-02-10")  # when the new policy begins to hold
    assert listed("2026-02-27") == (False, "2026-02-28")
    assert listed("2026-02-28") == (True, None)  # it is the only number that policy has

    def gone_stale(records: Sequence[Recorded]) -> list[str]:
        cuts = (plan.cut(day, "2026-12-31") for day in ("2026-02-20", "2026-03-05"))
        return said_vs_did(plan.known, *cuts, records).gone_stale

    assert gone_stale(practice.known.records) == ["risks"]
    assert "risks" not in gone_stale(())


def numbers(days: int, few: int, more: int, share: int, off: bool) -> dict[str, Any]:
    """A policy in which every number differs from the default: it is not to contradict itself."""
    part, most = str(Decimal(share) / 100), few + more
    sections = {section: {"strategic": days} for section in ("risks", "plays", "team", "goals")}
    return {
        "sections": sections,
        "cadence": {"strategic": {"weekly": days, "qbr": days, "annual": days}},
        "team": {"strategic": {"required": ["legal"], "expected": ["finance"]}},
        "list": {"target": few, "warn": most, "alarm": most + 1},
        "coverage": {"decision_makers": most, "multi_threaded": few + 1, "survivors": few},
        "plays": {"least": few, "most": most},
        "hypotheses": {"least": few, "most": most},
        "risks": {"least": few, "top": most},
        "whitespace": {"untouched_share": part, "untouched_days": days},
        "milestones": {"held_share": part},
        "findings": {"vague-promise": {"severity": "alarm", "off": off}, "empty-section": {"severity": "alarm"}},
        **dict.fromkeys(("contact_days", "pairing", "executive_days", "quick_win_days", "demote_months"), days),
        **dict.fromkeys(("eve_share", "sponsor_share", "similar_share"), part),
        "buying_centers": most,
        "path_multiple": few,
        "pack_hours": days,
    }


def test_the_policies_that_are_adopted_at_random_say_every_number():
    assert numbers(1, 2, 3, 50, off=True).keys() == Policy.model_fields.keys()


NUMBERS = some.builds(
    numbers,
    days=some.integers(1, 400),
    few=some.integers(1, 9),
    more=some.integers(0, 9),
    share=some.integers(0, 100),
    off=some.booleans(),
)
ADOPTIONS = some.lists(some.tuples(some.integers(0, 300), some.integers(-60, 120), NUMBERS), min_size=1, max_size=5)


def verdicts(plan: History, cut: Cut, records: Sequence[Recorded]) -> bytes:
    """Everything that is judged by a policy of a plan at a cut."""
    before = plan.cut(NEW_YEAR.isoformat(), "2027-12-31")
    month = month_named(str(cut.date)[:7], instant("2027-12-31"))
    now = instant("2027-12-31")
    measured = [figures_of(at) for at in measured_months(plan.known, [month.before(1)], now, records)]
    in_program = practice_at(records, cut)
    item, *_ = shown(row_at(plan, cut), cut.at, records)
    return to_json(
        {
            "policy": policy_at(records, cut),
            "plan": current_plan(plan.known, cut, records),
            "findings": findings_view(plan.known, cut, records),
            "diff": diff(plan.known, before, cut, program=records),
            "report": said_vs_did(plan.known, before, cut, records),
            "measures": measured,
            "month": month_report(month.before(1), [plan.known], now, program=records),
            "packs": [pack(kind, plan.known, cut, records) for kind in get_args(PackKind)],
            "list of plans": item,
            "program": program_findings(in_program) if in_program else None,
        }
    )


def row_at(plan: History, cut: Cut) -> PortfolioRow:
    """The row of the list of plans, as it stood at a cut."""
    projector = PortfolioProjector()
    projector.add(
        [
            read_partial_event(each.aggregate_id, each.version, each.position, type(each.event).__name__, each.stored)
            for each in plan.known.records[: cut.version]
        ]
    )
    return projector.row()


def practice_at(records: Sequence[Recorded], cut: Cut) -> ProgramExamined | None:
    """The program at the instant of a plan's cut."""
    known = LoadedAggregate.of(PROGRAM, PROGRAM_ID, records)
    stood = stood_at(known, cut.at)
    return ProgramExamined(*stood, ()) if stood else None


@settings(max_examples=examples(2))
@for_all(ADOPTIONS, some.integers(40, 300))
def test_adopting_policies_changes_no_verdict_about_a_cut_before_they_were_recorded(adoptions, asked_after):
    plan, practice = everything(), program()
    cut = plan.cut((NEW_YEAR + timedelta(days=asked_after)).isoformat(), "2027-12-31")
    last_day, before = NEW_YEAR, verdicts(plan, cut, practice.known.records)
    for recorded_after, ahead, numbers in sorted(adoptions, key=lambda each: each[0]):
        recorded = NEW_YEAR + timedelta(days=max(recorded_after, 2))
        last_day = max(last_day, recorded + timedelta(days=ahead))
        adopt(practice, f"{recorded}T12:00Z", last_day.isoformat(), **numbers)
        if recorded > cut.date:
            assert verdicts(plan, cut, practice.known.records) == before
        before = verdicts(plan, cut, practice.known.records)


def test_a_policy_that_was_withdrawn_before_it_began_is_never_in_force_and_the_one_before_it_goes_on():
    practice = program()
    adopt(practice, "2026-02-01", "2026-03-01", contact_days=60)
    adopt(practice, "2026-02-02", "2026-06-01", contact_days=30)
    practice.on("2026-05-01", "withdraw-policy", version=2, reason="Not decided yet")
    adopt(practice, "2026-05-02", "2026-07-01", contact_days=31)
    days = ("2026-03-01", "2026-06-01", "2026-06-30", "2026-07-01")
    assert [version_at(practice, opened(), day) for day in days] == [1, 1, 1, 3]
