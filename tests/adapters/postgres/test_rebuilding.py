"""Tables that are rebuilt while they serve, because somebody asks for it or their shape is outdated."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from structlog.testing import capture_logs

from adapters.postgres import migrations, projections
from adapters.postgres.projections import RebuildUnderWay
from adapters.postgres.store import Store, opened
from adapters.postgres.tracking import PlanTrackingRecorder
from application.aggregates.ports import StoreUnavailable
from application.portfolio.row import SHAPE
from tests.application.portfolio.test_portfolio import ACTION
from tests.conftest import KEY
from tests.databases import database
from tests.following import Clock, as_they_should_be, do, following, nobody_follows, open_plan, rows
from tests.stores import connected, included, plans_on, wait_until

# Rebuilding


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(projections, "STEP", 2)
    monkeypatch.setattr(projections, "REBUILD_STEP", 2)


def generations(store: Store) -> list[tuple[int, int, bool]]:
    """Return the generations of the table, each with the number of its rows and whether it serves."""
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
    """Return the number and the shape of every generation, and whether it serves."""
    with connected(store.where.service) as connection:
        return connection.execute(
            "SELECT generation, shape, live FROM plantrail.projections WHERE name = 'portfolio' ORDER BY generation"
        ).fetchall()


@pytest.fixture
def told_before(store):
    """Record some plans of whose events the table knows all but the last, and return the outcome of the last."""
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
        assert projections.state_of(connection, "portfolio")[:2] == (3, 42)
        assert PlanTrackingRecorder(store.datastore, "portfolio.3").max_tracking_id("plantrail") == 42
