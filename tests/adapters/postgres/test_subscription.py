"""The library's subscription on our log: every event once and in order, whatever becomes of connections and servers."""

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from threading import Event, Thread
from time import monotonic
from uuid import uuid4

import pytest
from eventsourcing.persistence import Tracking
from eventsourcing.projection import ApplicationSubscription

from adapters.postgres import subscription as subscription_module
from adapters.postgres.application import AccountPlanApplication
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, begin_another_log, opened
from adapters.postgres.subscription import LogReplaced
from domain.account_plan.goals import GoalAbandoned
from domain.record import Recorded
from tests.conftest import KEY, binaries
from tests.patience import soon
from tests.stores import ACME, commit, connected, log, note

OTHERS = (
    "FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"
)


@pytest.fixture
def recorder(store):
    return store.application.recorder


def record(store, event=None):
    [recorded] = store.events.append(commit(uuid4(), 0, event or note()))
    return recorded.position


def positions(subscription, number):
    return [notification.id for notification in islice(subscription, number)]


@pytest.mark.parametrize("page", [1, 3, 500])
def test_what_is_there_comes_first_and_then_what_is_recorded(store, recorder, monkeypatch, page):
    monkeypatch.setattr(subscription_module, "PAGE", page)
    before = [record(store) for _ in range(5)]
    with recorder.subscribe(gt=before[0]) as subscription:
        assert positions(subscription, 4) == before[1:]
        after = [record(store) for _ in range(3)]
        assert positions(subscription, 3) == after


def test_only_the_topics_asked_for_come_however_rare_they_are(store, recorder, monkeypatch):
    monkeypatch.setattr("adapters.postgres.feed.MOST_LOOKED_AT", 2)
    with recorder.subscribe(topics=["GoalAbandoned"]) as subscription:
        recorded = [record(store, event) for event in [note(), note(), note(), GoalAbandoned(id="g1")] * 3]
        assert positions(subscription, 3) == recorded[3::4]


def test_without_any_notification_it_goes_on_within_a_second_and_a_half(store, recorder):
    with connected(store.where.owner) as connection:
        [(append,)] = connection.execute("SELECT pg_get_functiondef('plantrail.append'::regproc)").fetchall()
        connection.execute(append.replace("PERFORM pg_notify('plantrail', '')", "NULL").encode())
    with ThreadPoolExecutor(1) as pool, recorder.subscribe() as subscription:
        first = record(store)
        assert positions(subscription, 1) == [first]
        waiting = pool.submit(positions, subscription, 1)
        began, position = monotonic(), record(store)
        assert waiting.result(timeout=60) == [position]
        assert monotonic() - began < soon(1.5)


def test_all_connections_may_be_lost_at_any_time(store, recorder):
    with ThreadPoolExecutor(1) as pool, recorder.subscribe() as subscription:
        for _ in range(3):
            waiting = pool.submit(positions, subscription, 1)
            with connected(store.where.service) as connection:
                connection.execute(f"SELECT pg_terminate_backend(pid) {OTHERS}")
            position = record(store)
            assert waiting.result(timeout=60) == [position]


@pytest.mark.torture
@pytest.mark.program
def test_a_server_that_is_stopped_is_waited_for(tmp_path_factory):
    with EmbeddedPostgres(tmp_path_factory.mktemp("stopped"), binaries()) as server:
        where = ConnectionStrings(*(server.conninfo(role) for role in ("service", "owner", "keys")))
        with (
            opened(where, KEY) as store,
            ThreadPoolExecutor(1) as pool,
            store.application.recorder.subscribe() as subscription,
        ):
            waiting = pool.submit(positions, subscription, 2)
            before = record(store)
            server.stop(force=True)
            assert store.why_away()
            server.start()
            after = record(store)
            assert waiting.result(timeout=60) == [before, after]


def test_nothing_is_lost_however_many_write(store, recorder):
    def write(plan_id):
        for version in range(20):
            store.events.append(commit(plan_id, version, note()))

    with ThreadPoolExecutor(9) as pool, recorder.subscribe() as subscription:
        reading = pool.submit(positions, subscription, 8 * 20)
        list(pool.map(write, [uuid4() for _ in range(8)]))
        assert reading.result(timeout=60) == [row.position for row in log(store.where.service)]


def test_whoever_waits_is_let_go_when_it_is_stopped_and_when_the_application_ends(store):
    for end in ("stop", "close"):
        application = AccountPlanApplication({"DATABASE_URL": store.where.service})
        subscription = application.recorder.subscribe()
        ended = Event()
        thread = Thread(target=lambda s=subscription, e=ended: (list(s), e.set()))
        thread.start()
        assert not ended.wait(0.3)
        subscription.stop() if end == "stop" else application.close()
        assert ended.wait(2)
        thread.join()
        application.close()


def test_a_position_of_another_log_is_not_followed_on_from(store, recorder):
    common = [record(store) for _ in range(2)]
    with ThreadPoolExecutor(1) as pool, recorder.subscribe(gt=common[-1]) as subscription:
        waiting = pool.submit(positions, subscription, 1)
        begin_another_log(store.where)
        record(store)
        assert len(waiting.result(timeout=60)) == 1, "which had come no further than both have"
    for theirs in (common[-1] + 1, 10**17):
        with recorder.subscribe(gt=theirs) as subscription, pytest.raises(LogReplaced) as replaced:
            next(subscription)
        assert replaced.value.last_common == common[-1]


def test_an_application_subscription_brings_what_is_on_record_and_the_place_of_it(store):
    [recorded] = store.events.append(commit(ACME, 0, note("seen")))
    with ApplicationSubscription(store.application, gt=None) as subscription:
        event, tracking = next(subscription)
    assert isinstance(event, Recorded)
    assert (event.aggregate_id, event.version, event.position, event.event) == (
        ACME,
        1,
        recorded.position,
        note("seen"),
    )
    assert tracking == Tracking("plantrail", recorded.position)
