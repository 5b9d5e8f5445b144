"""Tables made from the log: each event is folded once, however many follow and whatever breaks."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.postgres import followers, projections
from adapters.postgres.followers import Status
from adapters.postgres.portfolio import PortfolioTable
from adapters.postgres.projections import catch_up
from adapters.postgres.store import Store
from application.aggregates.handle import Aggregates
from application.aggregates.ports import BeyondTheLog, ProjectionLag
from application.portfolio.query import PortfolioQuery, Sort
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, OpenProgram
from domain.program.limits import Policy
from domain.program.policy import AdoptPolicy
from tests.application.portfolio.test_portfolio import ACTION, REVIEW
from tests.following import WEDNESDAY, Clock, as_they_should_be, do, following, nobody_follows, open_plan, rows
from tests.patience import soon
from tests.stores import CONTEXT, MONDAY, connected, included, plans_on, wait_until


def test_a_policy_that_is_adopted_has_every_row_looked_at_again_when_it_begins_to_hold(store):
    open_plan(plans_on(store), "acme")
    clock, practice = Clock(), Aggregates(PROGRAM, store.events, lambda: MONDAY, uuid4)
    store.portfolio.catch_up(clock)
    short = Policy.model_validate({"sections": {"risks": {"strategic": 1}}})
    adopt = AdoptPolicy(effective_on=(WEDNESDAY + timedelta(days=1)).date(), policy=short, reason="Risks move fast")
    practice.handle(PROGRAM_ID, [OpenProgram(name="Strategic accounts", currency="EUR"), adopt], CONTEXT)
    found = []
    for days in (0, 1):
        clock.now = WEDNESDAY + timedelta(days=days)
        store.portfolio.catch_up(clock)
        found.append(rows(store)["acme"].stale_sections)
    assert found == [[], ["risks"]]


# PortfolioProjector


def test_a_row_is_there_as_soon_as_the_table_has_come_to_its_event(store):
    plans = plans_on(store)
    with following(store, Clock()):
        open_plan(plans, "acme", account_name="Acme Manufacturing", segment="enterprise", territory="DACH")
        term = {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
        do(plans, "acme", "set-contract", arr="120000.50", **term)
        do(plans, "acme", "add-action", id="date", due_on="2026-01-05", **ACTION)
        do(plans, "acme", "hold-review", id="R1", held_on="2026-01-05", **REVIEW)
        position = do(plans, "acme", "reassign-plan", owner="ben", reason="Ann is away")
        included(store.portfolio, position)
    [row] = rows(store).values()
    assert row.model_dump(mode="json") == {
        "plan_id": str(plan_id_of("acme")),
        "account_id": "acme",
        "account_name": "Acme Manufacturing",
        "tier": "strategic",
        "owner": "ben",
        "segment": "enterprise",
        "territory": "DACH",
        "currency": "EUR",
        "archived": False,
        "arr": "120000.50",
        "renews_on": "2026-12-31",
        "open_promises": 1,
        "overdue": 1,
        "last_review_on": "2026-01-05",
        "last_review_id": "R1",
        "stale_sections": [],
        "version": 5,
        "position": position,
        "opened_on": "2026-01-05",
        "last_event_at": "2026-01-05T09:00:00Z",
    }


TAKEN_BACK = [
    ("strike-entry", {"event": "acme:3", "reason": "Another account's"}),
    ("reopen-action", {"id": "date", "reason": "Not agreed after all"}),
]


@pytest.mark.parametrize(("command", "body"), TAKEN_BACK)
@pytest.mark.parametrize("remembering", [True, False])
def test_what_an_event_takes_back_is_looked_up_in_the_past(store, remembering, command, body):
    plans, clock, table = plans_on(store), Clock(), PortfolioTable()
    open_plan(plans, "acme")
    do(plans, "acme", "hold-review", id="R1", held_on="2026-01-02", **REVIEW)
    do(plans, "acme", "hold-review", id="R2", held_on="2026-01-05", **REVIEW)
    do(plans, "acme", "add-action", id="date", due_on="2026-01-05", **ACTION)
    do(plans, "acme", "complete-action", id="date", finished_on="2026-01-05")
    with store.datastore.connection() as connection:
        list(catch_up(connection, table, clock))
        before = rows(store)["acme"]
        do(plans, "acme", command, **body)
        list(catch_up(connection, table if remembering else PortfolioTable(), clock))
    after = rows(store)["acme"]
    assert (before.last_review_id, before.overdue) == ("R2", 0)
    assert (after.last_review_id, after.overdue) == (("R1", 0) if command == "strike-entry" else ("R2", 1))
    assert {"acme": after} == as_they_should_be(store, "acme")


class BreaksOff(PortfolioTable):
    """Loses its connection when the rows are written and the position is not."""

    def fold(self, connection, generation, batches, now):
        super().fold(connection, generation, batches, now)
        connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_rows_and_position_are_written_together_or_not_at_all(store):
    open_plan(plans_on(store), "acme")
    with pytest.raises(psycopg.OperationalError), projections.connected(store.datastore) as connection:
        list(catch_up(connection, BreaksOff(), Clock()))
    assert (rows(store), store.portfolio.position()) == ({}, 0)
    at = store.portfolio.catch_up(Clock())
    assert at.position == at.head == store.portfolio.position() == rows(store)["acme"].position


class FailsOnce(PortfolioTable):
    """What it did the first time was in vain."""

    failed = False

    def fold(self, connection, generation, batches, now):
        super().fold(connection, generation, batches, now)
        if not self.failed:
            self.failed = True
            raise InterruptedError


def test_what_is_remembered_of_a_batch_that_was_lost_does_no_harm(store, monkeypatch):
    plans, table = plans_on(store), FailsOnce()
    open_plan(plans, "acme")
    do(plans, "acme", "add-action", id="date", due_on="2026-01-05", **ACTION)
    with projections.connected(store.datastore) as connection:
        with pytest.raises(InterruptedError):
            list(catch_up(connection, table, Clock()))
        monkeypatch.setattr(projections, "STEP", 1)
        list(catch_up(connection, table, Clock()))
    assert rows(store) == as_they_should_be(store, "acme")


def test_however_many_follow_every_event_is_folded_once(store, monkeypatch):
    monkeypatch.setattr(projections, "STEP", 3)
    accounts = [f"a{n}" for n in range(4)]

    def live(account_id: str) -> int:
        plans = plans_on(store)
        open_plan(plans, account_id)
        for n in range(15):
            do(plans, account_id, "add-action", id=f"x{n}", due_on="2026-01-05", **ACTION)
        return do(plans, account_id, "complete-action", id="x3", finished_on="2026-01-05")

    clock = Clock()
    with capture_logs() as logs, following(store, clock), following(store, clock), following(store, clock):
        with ThreadPoolExecutor(4) as pool:
            last = max(pool.map(live, accounts))
        included(store.portfolio, last)
    assert logs == []
    assert rows(store) == as_they_should_be(store, *accounts)


def test_holes_in_the_log_are_no_reason_to_stop(store):
    plans = plans_on(store)
    open_plan(plans, "acme")
    with connected(store.where.service) as connection:
        connection.execute("SELECT nextval('plantrail.stored_events_notification_id_seq') FROM generate_series(1, 50)")
    position = do(plans, "acme", "reassign-plan", owner="ben", reason="Ann is away")
    assert store.portfolio.catch_up(Clock()).position == position > 50
    assert rows(store)["acme"].owner == "ben"


@pytest.mark.parametrize(("batch", "step"), [(2, 100), (100, 2), (2, 3)])
def test_a_long_log_is_read_in_many_batches(store, monkeypatch, batch, step):
    monkeypatch.setattr(projections, "BATCH", batch)
    monkeypatch.setattr(projections, "STEP", step)
    plans = plans_on(store)
    for n in range(5):
        open_plan(plans, f"a{n}")
    at = store.portfolio.catch_up(Clock())
    assert at.position == at.head
    assert len(rows(store)) == 5


# Following


def test_without_notifications_the_table_follows_all_the_same(store):
    silence(store)
    plans = plans_on(store)
    with following(store, Clock()):
        for n in range(3):
            included(store.portfolio, open_plan(plans, f"a{n}"), timeout=soon(1.5))
    assert len(rows(store)) == 3


def silence(store: Store) -> None:
    """From here on nobody is notified of anything."""
    with connected(store.where.owner) as connection:
        [(source,)] = connection.execute("SELECT pg_get_functiondef('plantrail.append'::regproc)").fetchall()
        silent = source.replace("PERFORM pg_notify('plantrail', '');", "NULL;")
        assert silent != source
        connection.execute(silent)


def test_a_notification_makes_it_look_at_once(store, monkeypatch):
    monkeypatch.setattr(followers, "POLL", 600)
    plans = plans_on(store)
    with following(store, Clock()):
        for n in range(3):
            included(store.portfolio, open_plan(plans, f"a{n}"))
    open_plan(plans, "one-more-notification")
    wait_until(nobody_follows)


def test_it_goes_on_when_its_connection_is_lost(store):
    plans = plans_on(store)
    with capture_logs() as logs, following(store, Clock()) as follower:
        included(store.portfolio, open_plan(plans, "acme"))
        with connected(store.where.service) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
            )
        wait_until(lambda: follower.status.error)
        included(store.portfolio, open_plan(plans, "beta"))
        wait_until(lambda: follower.status.error is None)
    assert [log["event"] for log in logs] == ["store away", "store back"]


MIDNIGHT = datetime(2026, 1, 6, 11, tzinfo=UTC)
"""When the 7th of January begins in Auckland."""


def test_at_midnight_where_the_plan_lives_its_row_changes_by_itself(store):
    plans, clock = plans_on(store), Clock(MIDNIGHT - timedelta(seconds=1))
    open_plan(plans, "kiwi", timezone="Pacific/Auckland")
    open_plan(plans, "acme", timezone="Europe/Berlin")
    do(plans, "acme", "add-action", id="date", due_on="2026-01-06", **ACTION)
    last = do(plans, "kiwi", "add-action", id="date", due_on="2026-01-06", **ACTION)
    with following(store, clock):
        included(store.portfolio, last)
        assert [rows(store)[account].overdue for account in ("kiwi", "acme")] == [0, 0]
        clock.now = MIDNIGHT
        wait_until(lambda: rows(store)["kiwi"].overdue == 1, seconds=1.5)
    assert rows(store) == as_they_should_be(store, "kiwi", "acme", now=MIDNIGHT)


def test_many_rows_that_change_at_one_midnight_all_do(store, monkeypatch):
    monkeypatch.setattr("adapters.postgres.portfolio.ROWS_AT_A_TIME", 2)
    plans, clock = plans_on(store), Clock()
    for n in range(5):
        open_plan(plans, f"a{n}")
        do(plans, f"a{n}", "add-action", id="date", due_on="2026-01-06", **ACTION)
    store.portfolio.catch_up(clock)
    clock.now += timedelta(days=400)
    store.portfolio.catch_up(clock)
    assert rows(store) == as_they_should_be(store, *(f"a{n}" for n in range(5)), now=clock.now)
    assert {row.overdue for row in rows(store).values()} == {1}


UNREADABLE = [
    ("NoMetrics", b'{"meta":{"recorded_at":"2026-01-05T09:00:00Z"},"data":{},"sealed":[]}', "UnknownTopic"),
    (
        "TierChanged",
        b'{"meta":{"recorded_at":"2026-01-05T09:00:00Z"},"data":{"tier":"gold"},"sealed":[]}',
        "TierChanged",
    ),
    ("PlayWon", b'{"meta":{"recorded_at":"2026-01-05T09:00:00Z"},"data":{"id":"none"},"sealed":[]}', "PlayWon"),
]


@pytest.mark.parametrize(("topic", "state", "says"), UNREADABLE)
def test_an_event_that_cannot_be_folded_stops_the_table_visibly_and_is_tried_again(store, topic, state, says):
    plans = plans_on(store)
    with capture_logs() as logs, following(store, Clock()) as follower:
        included(store.portfolio, open_plan(plans, "acme"))
        with connected(store.where.service) as connection:
            [(position,)] = connection.execute(
                "INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)"
                " VALUES (%s, 2, %s, %s) RETURNING notification_id",
                (plan_id_of("acme"), topic, state),
            ).fetchall()
        later = open_plan(plans, "beta")
        wait_until(lambda: follower.status.error)
        assert says in follower.status.error
        assert f"at position {position}" in follower.status.error
        with pytest.raises(ProjectionLag):
            included(store.portfolio, later, timeout=0.1)
        take_away(store, position)
        included(store.portfolio, later)
        wait_until(lambda: follower.status == Status(later, later, None))
    assert [log["event"] for log in logs] == ["projection stands still", "projection goes on"]
    assert rows(store) == as_they_should_be(store, "acme", "beta")


def take_away(store: Store, position: int) -> None:
    """As only the owner can, and only by taking the guard away first."""
    with connected(store.where.owner) as connection:
        connection.execute("ALTER TABLE plantrail.stored_events DISABLE TRIGGER USER")
        connection.execute("DELETE FROM plantrail.stored_events WHERE notification_id = %s", (position,))


def test_it_ends_within_a_second_whatever_it_waits_for(store):
    open_plan(plans_on(store), "acme")
    follower = store.portfolio.follower(Clock())
    with connected(store.where.service) as connection, connection.transaction():
        connection.execute("SELECT FROM plantrail.projections FOR UPDATE")
        follower.start()
        wait_until(lambda: waiting_for_a_lock(connection))
        begun = monotonic()
        follower.stop()
        assert monotonic() - begun < soon(1.5)
    wait_until(nobody_follows)


def waiting_for_a_lock(connection: psycopg.Connection[Any]) -> bool:
    return bool(connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall())


def test_who_waits_for_a_position_is_told_when_it_takes_too_long(store):
    included(store.portfolio, 0)
    position, begun = open_plan(plans_on(store), "a1"), monotonic()
    with pytest.raises(ProjectionLag, match="ask again"):
        included(store.portfolio, position, timeout=0.2)
    with pytest.raises(BeyondTheLog, match=f"ends at {position}"):
        included(store.portfolio, position + 1)
    assert 0.1 < monotonic() - begun < soon(2)


INDEXED = (
    "SELECT DISTINCT a.attname FROM pg_index AS i"
    " JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid"
    " JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid"
    " WHERE i.indrelid = 'plantrail.portfolio'::regclass"
)


def test_what_changes_with_each_promise_is_in_no_index_of_the_wide_table_and_orders_the_list_all_the_same(store):
    plans, clock = plans_on(store), Clock()

    def stored() -> dict[str, Any]:
        store.portfolio.catch_up(clock)
        with connected(store.where.service) as connection:
            [(row,)] = connection.execute("SELECT to_jsonb(p) FROM plantrail.portfolio p WHERE account_id = 'acme'")
            return row

    def listed(sort: Sort) -> list[tuple[str, int]]:
        page = store.portfolio.query(PortfolioQuery(sort=sort))
        return [(item.account_id, item.open_promises) for item in page.items]

    for account_id in ("acme", "birch"):
        open_plan(plans, account_id)
        do(plans, account_id, "add-action", id="first", due_on="2026-01-09", **ACTION)
    before = stored()
    do(plans, "acme", "add-action", id="second", due_on="2026-01-09", **ACTION)
    after = stored()
    changed = {name for name, value in after.items() if value != before[name]}
    with connected(store.where.service) as connection:
        indexed = {name for (name,) in connection.execute(INDEXED)}
    assert "open_promises" in changed
    assert {"plan_id", "name_key", "overdue", "stale_sections", "people"} <= indexed
    assert not changed & indexed, "PostgreSQL writes the row anew without touching an index"
    assert listed("-open_promises") == [("acme", 2), ("birch", 1)]
    for id in ("first", "second"):
        do(plans, "acme", "drop-action", id=id, reason="No longer wanted")
    store.portfolio.catch_up(clock)
    assert listed("open_promises") == [("acme", 0), ("birch", 1)]
    do(plans, "acme", "archive-plan", reason="Over")
    store.portfolio.catch_up(clock)
    assert listed("open_promises") == [("birch", 1)]
