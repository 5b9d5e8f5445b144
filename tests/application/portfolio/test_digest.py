"""A digest says what is overdue, due, planned and new in plans, and nothing that its reader may not know."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from application.aggregates.access import Caller
from application.findings.across import FindingsPage, FindingsQuery, PlanFinding
from application.portfolio.digest import AHEAD_DAYS, DUE_DAYS, Digest, Digests, DigestWanted, plans_seen, put_in
from application.portfolio.query import PortfolioPage
from application.portfolio.row import PortfolioItem
from tests.cases import for_each
from tests.histories import History, opened

NOW = datetime(2026, 1, 12, 7, tzinfo=UTC)
WEEK = timedelta(days=7)
READER = Caller("ann", "subscriber", None)


def digest(acme: History, person: str | None = None, now: datetime = NOW, **right: Any) -> Digest:
    made = Digest(
        person=person, since=now - WEEK, until=now, overdue=[], due=[], ahead=[], findings=[], news=[], is_whole=True
    )
    put_in(made, acme.known, DigestWanted(replace(READER, **right), person, now - WEEK, "UTC"), now)
    return made


def ids(items: Any) -> list[str]:
    return [each.id for each in items]


def promise(acme: History, id: str, due_on: str, **more: Any) -> None:
    said = {"statement": f"Call number {id}", "kind": "task", "owner": "ann", "due_on": due_on}
    acme.on("2026-01-05", "add-action", id=id, **said | more)


@pytest.fixture
def acme() -> History:
    acme = opened()
    acme.on("2026-01-05", "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    return acme


def test_a_promise_is_overdue_from_the_day_after_and_due_for_a_week_ahead(acme):
    for id, due_on in (("past", "2026-01-11"), ("today", "2026-01-12"), ("last", "2026-01-19"), ("far", "2026-01-20")):
        promise(acme, id, due_on)
    found = digest(acme)
    assert (ids(found.overdue), ids(found.due), DUE_DAYS) == (["past"], ["today", "last"], 7)
    acme.on("2026-01-12T06:00:00Z", "complete-action", id="past", finished_on="2026-01-12", result="Called")
    acme.on("2026-01-12T06:00:00Z", "drop-action", id="today", reason="not needed")
    found = digest(acme)
    assert (ids(found.overdue), ids(found.due)) == ([], ["last"])


def test_reviews_and_renewals_are_ahead_for_two_weeks_until_they_are_held(acme):
    for id, day in (("near", "2026-01-26"), ("far", "2026-01-27"), ("off", "2026-01-20"), ("held", "2026-01-12")):
        acme.on("2026-01-05", "schedule-review", id=id, kind="ad_hoc", planned_on=day, ours=["ben"])
    acme.on("2026-01-05", "set-contract", arr="10", starts_on="2025-01-01", renews_on="2026-01-25", products=["x"])
    acme.on("2026-01-06", "cancel-review", id="off", reason="nobody is there")
    acme.on("2026-01-12T06:00:00Z", "hold-review", id="held", kind="ad_hoc", audience="internal", held_on="2026-01-12",
            ours=["ann"], theirs=[])  # fmt: skip
    assert (ids(digest(acme).ahead), AHEAD_DAYS) == (["near", "contract"], 14)


def test_of_a_person_it_tells_what_concerns_them_and_news_of_plans_they_work_on(acme):
    promise(acme, "hers", "2026-01-15")
    promise(acme, "his", "2026-01-15", owner="ben")
    assert ids(digest(acme).due) == ["hers", "his"]
    of_ann, of_ben = digest(acme, "ann"), digest(acme, "ben")
    assert (ids(of_ann.due), len(of_ann.news)) == (["hers"], 1)
    assert (ids(of_ben.due), of_ben.news) == (["his"], [])


def test_titles_that_speak_of_people_take_the_right_to_them(acme):
    promise(acme, "ask", "2026-01-15", statement="Ask Maria why", about=["coo"])
    assert [each.title for each in digest(acme).due] == [None]
    assert [each.title for each in digest(acme, personal_data=True).due] == ["Ask Maria why"]


def test_of_a_person_who_has_left_the_team_the_news_end_and_the_promises_stay():
    told = opened()
    promise(told, "his", "2026-01-15", owner="ben")
    told.on("2026-01-05", "assign-member", person="ben", role="sales_engineer", from_on="2026-01-05")
    assert len(digest(told, "ben").news) == 1
    told.on("2026-01-10", "release-member", person="ben", role="sales_engineer", until_on="2026-01-11")
    assert (ids(digest(told, "ben").due), digest(told, "ben").news) == (["his"], [])


def test_news_are_what_was_recorded_since_and_nothing_is_told_where_there_is_nothing(acme):
    assert acme.known.records[-1].meta.recorded_at == NOW - WEEK + timedelta(hours=2)
    (news,) = digest(acme).news
    assert (news.events, news.types, news.account_name) == (
        2,
        ["stakeholder-added", "plan-opened"],
        "Acme Manufacturing",
    )
    later = digest(acme, now=NOW + timedelta(hours=2))
    assert later.is_empty
    acme.on("2026-01-19T08:59:00Z", "write-note", section="plan", text="news")
    assert digest(acme, now=NOW + WEEK).news[0].types == ["note-written"]


# Many plans


@dataclass
class Listed:
    """So many plans in the order of names, and what is found in them, as a store answers for them."""

    number: int
    pages: list[int] = field(default_factory=list)
    asked: list[FindingsQuery] = field(default_factory=list)

    def query(self, query: Any, caller: Any = None) -> Any:
        assert caller is READER
        if isinstance(query, FindingsQuery):
            self.asked.append(query)
            found = {"rule": "no-owner", "severity": "alarm", "sentence": "Maria left", "account_name": "Acme"}
            return FindingsPage.model_construct(items=[PlanFinding.model_construct(plan_id=UUID(int=1), **found)])
        self.pages.append(query.limit)
        first = int(query.cursor or 0)
        last = min(first + query.limit, self.number)
        items = [PortfolioItem.model_construct(plan_id=UUID(int=each)) for each in range(first, last)]
        return PortfolioPage.model_construct(items=items, next=str(last) if last < self.number else None)


@for_each(
    ("number", "pages", "shown", "whole"),
    [
        (0, [200], 0, True),
        (199, [200], 199, True),
        (201, [200, 200], 201, True),
        (400, [200, 200], 400, True),
        (401, [200, 200], 400, False),
    ],
)
def test_of_more_than_400_plans_the_first_by_name_are_told_and_that_there_are_more(number, pages, shown, whole):
    listed: Any = Listed(number)
    plans, is_whole = plans_seen(listed, READER)
    assert (len(plans), is_whole, listed.pages) == (shown, whole, pages)
    assert plans == [UUID(int=each) for each in range(shown)]
    few: Any = Listed(number)
    assert plans_seen(few, READER, most=3)[0] == plans[:3]
    assert few.pages == [3]


def test_new_findings_are_those_since_the_day_that_nobody_is_excused_from(acme):
    listed: Any = Listed(0)
    made = Digests(listed, lambda _: acme.known, listed).digest(DigestWanted(READER, "ann", NOW - WEEK, "UTC"), NOW)
    [asked] = listed.asked
    assert (str(asked.since), asked.excused, asked.owner, asked.limit) == ("2026-01-05", False, "ann", 10)
    assert [(each.rule, each.severity, each.sentence) for each in made.findings] == [("no-owner", "alarm", None)]
    assert (made.person, made.is_whole, made.is_empty) == ("ann", True, False)


def test_entries_come_by_day_then_by_account_and_name(acme):
    for id, day in (("b", "2026-01-15"), ("a", "2026-01-15"), ("c", "2026-01-14")):
        promise(acme, id, day)
    listed: Any = Listed(1)
    made = Digests(listed, lambda _: acme.known, listed).digest(DigestWanted(READER, None, NOW - WEEK, "UTC"), NOW)
    assert ids(made.due) == ["c", "a", "b"]
