"""The table of promises across plans: by who promised, in order, as each plan itself has them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from adapters.bootstrap.store import promises_across_plans
from adapters.postgres.promises import PostgresPromises
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.aggregates.ports import ProjectionLag
from application.portfolio.promises import PlanPromise, PromisesQuery
from application.views.current_plan import current_plan
from application.views.cuts import cut_at
from application.views.list_cursors import CursorUnknown
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import plan_id_of
from tests.clock import Clock
from tests.stores import CONTEXT, OPEN_ACME, included, plans_on, say

MORNING = datetime(2026, 1, 6, 9, tzinfo=UTC)
ZONES = {"acme": "Europe/Berlin", "beta": "America/New_York"}


class Office:
    """Two plans on two sides of an ocean, and the table, at a time that only the test moves."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Clock(MORNING)
        self.plans = plans_on(store, self.clock)
        self.table: PostgresPromises = promises_across_plans(store, self.clock)
        for account, zone in ZONES.items():
            self.do(account, "open-plan", **OPEN_ACME | {"account_id": account, "timezone": zone})

    def do(self, account: str, command: str, /, **body: Any) -> int:
        return self.plans.handle(plan_id_of(account), [say(command, **body)], CONTEXT).position

    def promise(self, account: str, id: str, day: str, owner: str = "ann", **more: Any) -> int:
        action = {"statement": f"Send {id} to the COO", "kind": "task", "owner": owner, "due_on": day}
        return self.do(account, "add-action", id=id, **action | more)

    def shown(self, caller: Caller | None = None, **asked: Any) -> list[PlanPromise]:
        self.store.portfolio.catch_up(self.clock)
        self.table.catch_up()
        return self.table.query(PromisesQuery(**asked), caller).items

    def ids(self, caller: Caller | None = None, **asked: Any) -> list[str]:
        return [each.id for each in self.shown(caller, **asked)]


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def test_promises_of_all_plans_are_found_by_who_promised_and_by_what_they_are(office: Office):
    office.promise("acme", "price", "2026-02-01")
    office.promise("beta", "visit", "2026-01-20", owner="Ben@Example.com")
    office.promise("beta", "data", "2026-01-15", kind="joint", side="customer")
    play = {"title": "Pilot", "kind": "proof", "owner": "ann", "success_measure": "Rework down", "due_on": "2026-01-10"}
    office.do("acme", "plan-play", id="pilot", **play)
    assert office.ids() == ["pilot", "data", "visit", "price"]
    assert office.ids(owner="ann") == ["pilot", "data", "price"]
    assert office.ids(owner="ben@example.com") == ["visit"]
    assert office.ids(plan="beta") == office.ids(plan=str(plan_id_of("beta"))) == ["data", "visit"]
    assert office.ids(kind="play") == office.ids(kind="proof") == ["pilot"]
    assert (office.ids(side="customer"), office.ids(due_before="2026-01-20")) == (["data"], ["pilot", "data"])
    assert office.ids(plan="nowhere") == []


def test_the_day_after_it_is_due_where_its_plan_lives_a_promise_is_overdue_without_any_event(office: Office):
    for account in ZONES:
        office.promise(account, f"of-{account}", "2026-01-10")
    for at, overdue in (
        ("2026-01-10T22:59:59Z", []),
        ("2026-01-10T23:00:00Z", ["of-acme"]),
        ("2026-01-11T04:59:59Z", ["of-acme"]),
        ("2026-01-11T05:00:00Z", ["of-acme", "of-beta"]),
    ):
        office.clock.now = datetime.fromisoformat(at)
        assert sorted(office.ids(state="overdue")) == overdue
        assert [each.id for each in office.shown() if each.overdue] == [
            each for each in office.ids() if each in overdue
        ]
        assert sorted([*office.ids(state="due"), *overdue]) == ["of-acme", "of-beta"]


def test_each_says_when_it_was_due_first_how_often_it_moved_and_what_it_has_come_to_since_the_last_review(
    office: Office,
):
    office.promise("acme", "price", "2026-01-20")
    [before] = office.shown()
    assert (before.since_review, before.outcome) == (None, None)
    held = {"kind": "monthly", "audience": "internal", "held_on": "2026-01-06", "ours": ["ann"]}
    office.do("acme", "hold-review", id="r1", **held)
    office.do("acme", "reschedule-action", id="price", due_on="2026-02-01", reason="COO is ill")
    [moved] = office.shown()
    assert (str(moved.first_due_on), str(moved.due_on), moved.times_moved) == ("2026-01-20", "2026-02-01", 1)
    assert (moved.since_review, moved.outcome, moved.title) == ("r1", "slipped", "Send price to the COO")
    office.clock.now += timedelta(days=30)
    [late] = office.shown()
    assert (late.overdue, late.days_overdue) == (True, 4)


def test_what_is_done_handed_over_or_archived_is_listed_so_at_once_and_reopened_it_is_back(office: Office):
    office.promise("acme", "price", "2026-02-01")
    office.promise("beta", "visit", "2026-02-01")
    office.do("beta", "reassign-action", id="visit", owner="eve")
    office.do("acme", "complete-action", id="price", finished_on="2026-01-06")
    assert (office.ids(), office.ids(owner="eve")) == (["visit"], ["visit"])
    office.do("acme", "reopen-action", id="price", reason="Wrong version")
    office.do("beta", "archive-plan", reason="Account sold")
    assert office.ids() == ["price"]
    office.do("beta", "reopen-plan", reason="Sale fell through")
    assert sorted(office.ids()) == ["price", "visit"]


def test_it_lists_for_every_plan_what_the_plan_has_open_also_after_a_rebuild(office: Office):
    for day in range(1, 25):
        office.promise("acme" if day % 2 else "beta", f"p{day}", f"2026-01-{day:02}", owner="ann" if day % 3 else "ben")
    office.do("acme", "drop-action", id="p1", reason="Budget")
    listed = office.ids(limit=200)
    for account in ZONES:
        known = office.plans.read(plan_id_of(account))
        promises = current_plan(known, cut_at("now", known, office.clock.now)).metrics.promises
        assert len(office.shown(plan=account, limit=200)) == promises.open
        assert len(office.shown(plan=account, state="overdue", limit=200)) == promises.overdue
    office.table.rebuild()
    assert office.ids(limit=200) == listed


def test_pages_come_in_order_and_whole_and_a_cursor_of_another_list_is_refused(office: Office):
    for number in range(5):
        office.promise("acme", f"p{number}", "2026-02-01")
    office.promise("beta", "last", "2026-02-02")
    whole, pages, cursor = office.ids(), [], None
    while page := office.table.query(PromisesQuery(limit=2, cursor=cursor)):
        pages += [each.id for each in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert pages == whole
    with pytest.raises(CursorUnknown):
        office.table.query(PromisesQuery(cursor="bm90IG91cnM"))


def test_whoever_reads_the_whole_list_reads_each_plan_once(office: Office):
    for number in range(1, 4):
        for account in ZONES:
            office.promise(account, f"{account}-{number}", f"2026-02-0{number}")
    whole, read = office.ids(), list[UUID]()

    def noted(ids: Sequence[UUID]) -> Iterator[LoadedPlan]:
        read.extend(ids)
        return office.plans.read_each(ids)

    table = PostgresPromises(office.store.datastore, noted, office.clock)
    page = table.query(PromisesQuery(limit=2).in_long_pages())
    assert ([each.id for each in page.items], page.next) == (whole, None)
    assert sorted(read) == sorted(map(plan_id_of, ZONES))


def test_callers_see_the_promises_of_their_plans_alone(office: Office):
    for account in ZONES:
        office.promise(account, f"of-{account}", "2026-02-01")
    only_beta = Caller("joe", role="reader", plans=frozenset({plan_id_of("beta")}))
    assert office.ids(only_beta) == ["of-beta"]


def test_it_waits_for_what_was_just_recorded_and_says_when_it_is_not_there_in_time(office: Office):
    office.table.catch_up()
    position = office.promise("acme", "price", "2026-02-01")
    with pytest.raises(ProjectionLag):
        included(office.table, position, timeout=0.05)
    office.table.catch_up()
    included(office.table, position, timeout=0.05)
    assert office.table.position() == position


def test_of_the_promises_of_a_plan_only_those_that_changed_are_written(office: Office):
    def written() -> dict[str, str]:
        office.table.catch_up()
        with office.store.datastore.connection() as connection:
            return dict(connection.execute("SELECT id, xmin::text || ctid FROM plantrail.promises").fetchall())

    for id in ("price", "visit", "data"):
        office.promise("acme", id, "2026-02-01")
    first = written()
    office.do("acme", "reschedule-action", id="price", due_on="2026-02-03", reason="They asked for it")
    office.do("acme", "complete-action", id="visit", finished_on="2026-01-06")
    office.promise("acme", "call", "2026-02-01")
    second = written()
    assert first["data"] == second["data"]
    assert first["price"] != second["price"]
    assert second.keys() == {"price", "data", "call"}
