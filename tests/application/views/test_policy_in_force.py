"""Which policy a verdict about a day is made under: once made it never changes, whatever is adopted later."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as some

from application.views.current_plan import current_plan
from application.views.diff import diff
from application.views.policy_in_force import DEFAULT, policy_at
from domain.program import PROGRAM
from domain.program.policy import DEFAULT_POLICY
from tests.histories import History, opened

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


ADOPTIONS = some.lists(
    some.tuples(some.integers(0, 300), some.integers(-60, 120), some.integers(1, 400)), min_size=1, max_size=5
)


@for_all(ADOPTIONS, some.integers(5, 300))
def test_adopting_policies_changes_no_verdict_about_a_cut_before_they_were_recorded(adoptions, asked_after):
    plan, practice = opened(), program()
    cut = plan.cut((NEW_YEAR + timedelta(days=asked_after)).isoformat(), "2027-12-31")
    last_day, before = NEW_YEAR, policy_at(practice.known.records, cut)
    for recorded_after, ahead, days in sorted(adoptions):
        recorded = NEW_YEAR + timedelta(days=max(recorded_after, 2))
        last_day = max(last_day, recorded + timedelta(days=ahead))
        adopt(practice, f"{recorded}T12:00Z", last_day.isoformat(), contact_days=days)
        if recorded > cut.date:
            assert policy_at(practice.known.records, cut) == before
        before = policy_at(practice.known.records, cut)
