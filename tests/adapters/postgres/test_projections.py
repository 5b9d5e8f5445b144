"""Tables made from the log: each event is folded once, whoever follows, whatever breaks, and also while they are
rebuilt."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import enumerate as enumerate_threads
from time import monotonic
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.postgres import followers, migrations, projections
from adapters.postgres.followers import Follower, Status
from adapters.postgres.portfolio import PortfolioTable
from adapters.postgres.projections import RebuildUnderWay, catch_up
from adapters.postgres.store import Store, opened
from adapters.postgres.tracking import PlanTrackingRecorder
from application.aggregates.handle import Aggregates
from application.aggregates.ports import BeyondTheLog, ProjectionLag, StoreUnavailable
from application.portfolio.query import PortfolioQuery
from application.portfolio.row import SHAPE, PortfolioItem
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, OpenProgram
from domain.program.policy import AdoptPolicy, Policy
from tests.application.portfolio.test_portfolio import ACTION, REVIEW, item_of
from tests.conftest import KEY
from tests.databases import database
from tests.patience import soon
from tests.stores import CONTEXT, MONDAY, connected, included, plans_on, say, wait_until

WEDNESDAY = MONDAY + timedelta(days=2)
"""What happens in these tests happens on Monday; it is looked at on Wednesday."""


@dataclass
class Clock:
    now: datetime = WEDNESDAY

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def following(store: Store, clock: Clock) -> Iterator[Follower]:
    follower = store.portfolio.follower(clock)
    follower.start()
    try:
        yield follower
    finally:
        follower.stop()


def do(plans: Aggregates[AccountPlan], account_id: str, command: str, /, **body: Any) -> int:
    """Carry out a command; the position of what it recorded."""
    return plans.handle(plan_id_of(account_id), [say(command, **body)], CONTEXT).position


def open_plan(plans: Aggregates[AccountPlan], account_id: str, **more: Any) -> int:
    terms = {"account_name": account_id.title(), "tier": "strategic", "owner": "ann", "currency": "EUR"}
    return do(plans, account_id, "open-plan", **terms | {"account_id": account_id} | more)


def rows(store: Store) -> dict[str, PortfolioItem]:
    return {item.account_id: item for item in store.portfolio.query(PortfolioQuery(limit=200)).items}


def as_they_should_be(store: Store, *accounts: str, now: datetime = WEDNESDAY) -> dict[str, PortfolioItem]:
    plans = plans_on(store)
    return {account_id: item_of(plans.read(plan_id_of(account_id)), now) for account_id in accounts}


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


def nobody_follows() -> bool:
    return all(thread.name != "portfolio follower" for thread in enumerate_threads())


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


# Rebuilding


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(projections, "STEP", 2)
    monkeypatch.setattr(projections, "REBUILD_STEP", 2)


def generations(store: Store) -> list[tuple[int, int, bool]]:
    """Each with the number of its rows and whether it serves."""
    with connected(store.where.service) as connection:
        return connection.execute(
            "SELECT generation, (SELECT count(*) FROM plantrail.portfolio p WHERE p.generation = g.generation), live"
            " FROM plantrail.projections g WHERE name = 'portfolio' ORDER BY generation"
        ).fetchall()


@pytest.mark.usefixtures("small_steps")
def test_a_rebuild_serves_while_it_works_and_misses_nothing_that_happens_meanwhile(store):
    plans, clock, told, last = plans_on(store), Clock(), [], 0
    accounts = [f"a{n}" for n in range(5)]
    for account_id in accounts:
        last = open_plan(plans, account_id)

    def meanwhile(done: int, total: int) -> None:
        told.append((done, total))
        if len(told) < 6:
            position = do(plans, accounts[0], "write-note", section="plan", text="Something happened")
            included(store.portfolio, position)
            assert rows(store) == as_they_should_be(store, *accounts)

    with following(store, clock):
        included(store.portfolio, last)
        spoil(store)
        store.portfolio.rebuild(clock, meanwhile)
        after = open_plan(plans, "late")
        included(store.portfolio, after)
    assert rows(store) == as_they_should_be(store, *accounts, "late")
    assert generations(store) == [(2, 6, True)]
    assert told == sorted(told)
    assert all(done <= total for done, total in told)
    assert told[-1][0] == told[-1][1] > last


def spoil(store: Store) -> None:
    """What is wrong in the table that serves shall not be in the next."""
    with connected(store.where.service) as connection:
        connection.execute(
            "UPDATE plantrail.portfolio SET line = jsonb_set(line, '{things,plan,plan,owner}', '\"nobody\"')"
        )


@pytest.mark.usefixtures("small_steps")
def test_a_rebuild_under_load_comes_to_the_same_as_the_plans_themselves(store):
    accounts = [f"a{n}" for n in range(3)]
    for account_id in accounts:
        open_plan(plans_on(store), account_id)

    def live(account_id: str) -> int:
        plans = plans_on(store)
        for n in range(25):
            do(plans, account_id, "add-action", id=f"x{n}", due_on="2026-01-05", **ACTION)
        return do(plans, account_id, "drop-action", id="x7", reason="Not needed")

    with capture_logs() as logs, following(store, Clock()), following(store, Clock()), ThreadPoolExecutor(3) as pool:
        lives = [pool.submit(live, account_id) for account_id in accounts]
        for _ in range(3):
            store.portfolio.rebuild(Clock())
        included(store.portfolio, max(each.result() for each in lives))
    assert logs == []
    assert rows(store) == as_they_should_be(store, *accounts)
    assert generations(store) == [(4, 3, True)]


@pytest.mark.usefixtures("small_steps")
def test_a_rebuild_that_breaks_off_leaves_the_old_table_and_the_next_one_cleans_up(store):
    plans, clock = plans_on(store), Clock()
    accounts = [f"a{n}" for n in range(5)]
    for account_id in accounts:
        open_plan(plans, account_id)
    store.portfolio.catch_up(clock)
    whole = rows(store)

    def die(_done: int, _total: int) -> None:
        with connected(store.where.service) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
            )

    with pytest.raises(StoreUnavailable):
        store.portfolio.rebuild(clock, die)
    assert generations(store) == [(1, 5, True), (2, 2, False)]
    assert rows(store) == whole
    open_plan(plans, "late")
    store.portfolio.catch_up(clock)
    assert rows(store) == as_they_should_be(store, *accounts, "late")
    store.portfolio.rebuild(clock)
    assert generations(store) == [(2, 6, True)]
    assert rows(store) == as_they_should_be(store, *accounts, "late")


@pytest.mark.usefixtures("small_steps")
def test_nothing_goes_back_when_a_rebuilt_table_takes_over(store, monkeypatch):
    """What somebody waited for and has seen stays seen: the new table comes as far as the old one first."""
    plans, clock = plans_on(store), Clock()
    open_plan(plans, "acme")
    go_live = projections.go_live

    def go_live_late(*all_of_it):
        do(plans, "acme", "reassign-plan", owner="ben", reason="Ann is away")
        do(plans, "acme", "change-tier", tier="growth", reason="Round of January")
        do(plans, "acme", "rename-account", account_name="Acme Group")
        store.portfolio.catch_up(clock)
        go_live(*all_of_it)
        assert rows(store) == as_they_should_be(store, "acme")

    monkeypatch.setattr(projections, "go_live", go_live_late)
    store.portfolio.rebuild(clock)
    assert generations(store) == [(2, 1, True)]


def test_of_two_rebuilds_at_once_one_is_refused(store):
    open_plan(plans_on(store), "acme")
    refused = []

    def another(_done: int, _total: int) -> None:
        with pytest.raises(RebuildUnderWay) as error:
            store.portfolio.rebuild(Clock())
        refused.append(error)

    store.portfolio.rebuild(Clock(), another)
    assert len(refused) == 1
    assert generations(store) == [(2, 1, True)]


# Shapes


def made_in_another_shape(store: Store, shape: int) -> None:
    """As if another version of plantrail had made the table, with rows that this one cannot read."""
    with connected(store.where.service) as connection:
        connection.execute("UPDATE plantrail.projections SET shape = %s", (shape,))
        connection.execute("UPDATE plantrail.portfolio SET line = '{}', owner = 'nobody'")


def shapes(store: Store) -> list[tuple[int, int, bool]]:
    """Of every generation: its number, its shape, and whether it serves."""
    with connected(store.where.service) as connection:
        return connection.execute(
            "SELECT generation, shape, live FROM plantrail.projections WHERE name = 'portfolio' ORDER BY generation"
        ).fetchall()


@pytest.fixture
def told_before(store):
    """Some plans and their table, which knows all but the last event."""
    plans = plans_on(store)
    for account_id in ("acme", "beta", "gamma"):
        open_plan(plans, account_id)
    store.portfolio.catch_up(Clock())
    return do(plans, "acme", "rename-account", account_name="Acme Group")


@pytest.mark.usefixtures("small_steps")
def test_a_table_of_an_older_shape_serves_until_it_is_rebuilt_by_whoever_follows(store, told_before, monkeypatch):
    made_in_another_shape(store, SHAPE - 1)
    served_meanwhile = []
    go_live = projections.go_live

    def looked_at_before_going_live(*all_of_it):
        served_meanwhile.append(({row.owner for row in rows(store).values()}, rows(store)["acme"].account_name))
        go_live(*all_of_it)

    monkeypatch.setattr(projections, "go_live", looked_at_before_going_live)
    with capture_logs() as logs, following(store, Clock()):
        included(store.portfolio, told_before)
    assert served_meanwhile == [({"nobody"}, "Acme")]
    assert rows(store) == as_they_should_be(store, "acme", "beta", "gamma")
    assert shapes(store) == [(2, SHAPE, True)]
    told = [(log["event"], log["shape"]) for log in logs]
    assert told == [("projection is rebuilt", SHAPE), ("projection was rebuilt", SHAPE)]


def test_of_several_who_find_an_older_shape_one_rebuilds_it(store, told_before):
    made_in_another_shape(store, SHAPE - 1)
    with following(store, Clock()), following(store, Clock()), following(store, Clock()):
        included(store.portfolio, told_before)
    assert rows(store) == as_they_should_be(store, "acme", "beta", "gamma")
    assert shapes(store) == [(2, SHAPE, True)]


def test_a_command_that_reads_the_table_rebuilds_an_older_shape_first(store, told_before):
    made_in_another_shape(store, SHAPE - 1)
    at = store.portfolio.catch_up(Clock())
    assert (at.position, at.shape) == (told_before, SHAPE)
    assert rows(store) == as_they_should_be(store, "acme", "beta", "gamma")


@pytest.mark.usefixtures("told_before")
def test_a_table_of_a_newer_shape_is_left_to_those_who_make_it(store):
    made_in_another_shape(store, SHAPE + 1)
    before = rows(store)
    with capture_logs() as logs, following(store, Clock()) as follower:
        wait_until(lambda: follower.status.position)
        at = store.portfolio.catch_up(Clock())
    assert (at.shape, at.position < at.head) == (SHAPE + 1, True)
    assert (rows(store), shapes(store), logs) == (before, [(1, SHAPE + 1, True)], [])


@pytest.mark.usefixtures("small_steps", "told_before")
def test_who_is_told_to_stop_while_they_rebuild_leaves_the_rest_to_the_next(store, monkeypatch):
    made_in_another_shape(store, SHAPE - 1)
    fold, follower = projections.fold_batch, store.portfolio.follower(Clock())

    def fold_and_stop(*all_of_it):
        reached = fold(*all_of_it)
        follower._stopping.set()
        return reached

    with monkeypatch.context() as patched, capture_logs() as logs:
        patched.setattr(projections, "fold_batch", fold_and_stop)
        follower.start()
        wait_until(nobody_follows)
    assert [log["event"] for log in logs] == ["projection is rebuilt"]
    assert [live for _, _, live in shapes(store)] == [True, False]
    store.portfolio.catch_up(Clock())
    assert shapes(store) == [(2, SHAPE, True)]


def test_a_table_that_nothing_was_folded_into_yet_takes_the_shape_as_it_is(store):
    store.portfolio.catch_up(Clock())
    assert shapes(store) == [(1, SHAPE, True)]


def test_an_empty_log_is_rebuilt_to_an_empty_table(store):
    store.portfolio.rebuild(Clock())
    assert (rows(store), generations(store)) == ({}, [(2, 0, True)])


def test_a_store_that_is_away_is_told_from_one_that_is_wrong(postgres):
    with database(postgres) as where, opened(where, KEY) as store:
        pass
    for ask in (store.portfolio.catch_up, store.portfolio.rebuild):
        with pytest.raises(StoreUnavailable):
            ask(Clock())


def test_the_positions_of_before_are_tracked_after_an_upgrade(bare_database, monkeypatch):
    everything = migrations.migrations()
    monkeypatch.setattr(migrations, "migrations", lambda: [each for each in everything if each[0] < 13])
    migrations.migrate(bare_database.owner, bare_database.service, bare_database.keys)
    with connected(bare_database.owner) as connection:
        connection.execute("UPDATE plantrail.projections SET position = 42, generation = 3")
    monkeypatch.undo()
    with opened(bare_database, KEY) as store, store.datastore.connection() as connection:
        assert projections.standing(connection, "portfolio")[:2] == (3, 42)
        assert PlanTrackingRecorder(store.datastore, "portfolio.3").max_tracking_id("plantrail") == 42
