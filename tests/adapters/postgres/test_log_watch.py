"""Waiting readers learn about new events soon, also if a notification or the connection is lost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from threading import enumerate as enumerate_threads
from time import monotonic
from uuid import uuid4

from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.store import Store
from tests.patience import soon
from tests.stores import commit, connected, log, note, wait_until

WATCHING = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
    " AND (query LIKE 'LISTEN%' OR query LIKE '%max(notification_id)%')"
)


def record(store: Store) -> int:
    store.events.append(commit(uuid4(), 0, note()))
    return log(store.where.service)[-1].position


def without_notifications(store: Store) -> None:
    with connected(store.where.owner) as connection:
        [(append,)] = connection.execute("SELECT pg_get_functiondef('plantrail.append'::regproc)").fetchall()
        assert append.count("PERFORM pg_notify('plantrail', '')") == 1
        connection.execute(append.replace("PERFORM pg_notify('plantrail', '')", "NULL").encode())


def watched(store: Store) -> int:
    """Until the watch has seen all there is."""
    store.watch.wait(store.watch.position, 0)
    end = record(store)
    assert store.watch.wait(end - 1, 5) == end
    return end


def seconds_until_seen(store: Store) -> float:
    before = watched(store)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.watch.wait, before, 5)
        began = monotonic()
        store.events.append(commit(uuid4(), 0, note()))
        assert waiting.result() > before
        return monotonic() - began


def test_a_notification_is_followed_at_once(store):
    assert min(seconds_until_seen(store) for _ in range(5)) < soon(0.2)


def test_without_notifications_news_come_within_a_second_and_a_half(store):
    without_notifications(store)
    assert max(seconds_until_seen(store) for _ in range(2)) < soon(1.5)


def test_who_waits_in_vain_is_told_where_the_log_ends(store):
    end = watched(store)
    assert store.watch.wait(end, 0.01) == end
    assert asyncio.run(store.watch.moved(end, 0.01)) == end


def test_many_wait_in_threads_and_in_the_event_loop_on_one_connection(store):
    before = watched(store)

    async def in_the_loop() -> list[int]:
        waiting = [asyncio.create_task(store.watch.moved(before, 5)) for _ in range(50)]
        await asyncio.sleep(0)
        await asyncio.to_thread(record, store)
        return await asyncio.gather(*waiting)

    with ThreadPoolExecutor(20) as pool:
        waiting = [pool.submit(store.watch.wait, before, 5) for _ in range(20)]
        found = asyncio.run(in_the_loop()) + [each.result() for each in waiting]
    assert set(found) == {log(store.where.service)[-1].position}
    with connected(store.where.service) as connection:
        assert len(connection.execute(WATCHING + " AND pid <> pg_backend_pid()").fetchall()) == 1


def test_who_asks_to_be_told_is_told_no_more_afterwards(store):
    told: list[int] = []
    with store.watch.telling(told.append):
        end = watched(store)
        wait_until(lambda: end in told)
    told.clear()
    watched(store)
    assert told == []


def test_a_watch_whose_connection_is_killed_goes_on(store):
    before = watched(store)
    with connected(store.where.service) as connection:
        kill = WATCHING.replace("SELECT pid", "SELECT pg_terminate_backend(pid)") + " AND pid <> pg_backend_pid()"
        assert connection.execute(kill).fetchall() == [(True,)]
    assert record(store) == store.watch.wait(before, 5)


def test_a_watch_that_ends_lets_everybody_go(store):
    watch = PostgresLogWatch(store.datastore)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(watch.wait, 10**15, 60)
        in_the_loop = pool.submit(lambda: asyncio.run(watch.moved(10**15, 60)))
        wait_until(lambda: any(thread.name == "log watch" for thread in enumerate_threads()))
        began = monotonic()
        watch.close()
        assert {waiting.result(), in_the_loop.result()} <= {0}
        assert monotonic() - began < soon(1)


def test_a_watch_nobody_needs_has_no_thread(store):
    before: set[Thread] = set(enumerate_threads())
    watch = PostgresLogWatch(store.datastore)
    assert watch.position == 0
    watch.close()
    assert watch.wait(0, 60) == 0
    assert set(enumerate_threads()) <= before
