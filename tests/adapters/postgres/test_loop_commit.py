"""Appends that an event loop records itself are recorded exactly once, whatever happens to the connection, the server
or the caller."""

import asyncio
import json
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from structlog.testing import capture_logs

from adapters.postgres import clock, group_commit, loop_commit
from adapters.postgres.append import Append, Appended
from adapters.postgres.datastore import Datastore
from adapters.postgres.errors import ClockAhead, OutcomeUnknown, StoreBusy, StoreUnavailable
from adapters.postgres.group_commit import GroupCommit
from adapters.postgres.loop_connection import LoopConnection, Statement
from application.aggregates.ports import Answer
from tests.stores import append_lock_held, connected, log


def an_append(plan_id=None, expected=0, events=1, answer=None):
    plan_id, state = plan_id or uuid4(), b'{"meta":{"command_id":"%b"},"data":{},"sealed":[]}' % str(uuid4()).encode()
    stored = [StoredEvent(plan_id, expected + number, "Something", state) for number in range(1, events + 1)]
    return Append(plan_id, expected, stored, answer)


def command_id_of(append):
    return json.loads(append.stored_events[0].state)["meta"]["command_id"]


def recorded(store):
    return [row.command_id for row in log(store.where.service)]


@pytest.fixture
def committer(store):
    datastore = Datastore(store.where.service)
    committer = GroupCommit(datastore.connect, open_in_loop=datastore.open_in_loop)
    yield committer
    committer.close()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def asked_of(committer, *appends):
    return [asyncio.ensure_future(committer.append_async(each)) for each in appends]


def end_backend(store, committer):
    """End the backend that works for the loop, and wait until it has ended."""
    backend = committer._on_the_loop._connection._connection.info.backend_pid
    with connected(store.where.service) as other:
        assert other.execute("SELECT pg_terminate_backend(%s, 5000)", (backend,)).fetchone() == (True,)


def test_what_comes_together_is_recorded_together_by_no_thread(store, committer):
    taken, answer = uuid4(), Answer(b"scope", b"body", uuid4(), {"version": 1})

    async def at_once():
        first = await asyncio.gather(
            *asked_of(committer, an_append(taken, events=2), an_append(), an_append(taken), an_append(expected=4))
        )
        second = await asyncio.gather(
            *asked_of(committer, an_append(answer=answer), an_append(answer=answer), an_append(taken, 2))
        )
        return first, second

    first, second = asyncio.run(at_once())
    assert first == [Appended(True, 2), Appended(True, 3), Appended(False, 0), Appended(False, 0)]
    assert [each.recorded for each in second] == [True, False, True]
    assert len(log(store.where.service)) == 5
    assert committer._thread is None


def test_what_comes_while_a_batch_is_under_way_is_the_next_one(store, committer, monkeypatch):
    sizes, parameters = [], loop_commit.parameters
    monkeypatch.setattr(loop_commit, "parameters", lambda batch: sizes.append(len(batch)) or parameters(batch))

    async def one_then_many():
        with append_lock_held(store.where.service):
            first = asked_of(committer, an_append())
            await until(lambda: sizes)
            many = asked_of(committer, *[an_append() for _ in range(20)])
            await asyncio.sleep(0.05)
        return await asyncio.gather(*first, *many)

    assert all(outcome.recorded for outcome in asyncio.run(one_then_many()))
    assert sizes == [1, 20]


@pytest.mark.parametrize(("more", "batches"), [(6, [1, 8]), (0, [1, 2])])
def test_after_a_batch_more_are_waited_for_but_those_who_wait_alone_only_once(
    store, committer, monkeypatch, more, batches
):
    sizes, parameters = [], loop_commit.parameters
    monkeypatch.setattr(loop_commit, "parameters", lambda batch: sizes.append(len(batch)) or parameters(batch))
    monkeypatch.setattr(loop_commit, "SECONDS_FOR_MORE", 5.0 if more else 0.02)

    async def few_then_more():
        with append_lock_held(store.where.service):
            first = asked_of(committer, an_append())
            await until(lambda: sizes)
            few = asked_of(committer, an_append(), an_append())
            await asyncio.sleep(0.05)
        await asyncio.gather(*first)
        return await asyncio.gather(*few, *asked_of(committer, *[an_append() for _ in range(more)]))

    assert all(outcome.recorded for outcome in asyncio.run(few_then_more()))
    assert sizes == batches
    assert bool(committer._on_the_loop._no_pause_until) == (more == 0)


@pytest.mark.parametrize("events", [1, 3])
def test_a_lost_acknowledgement_is_found_again(store, committer, monkeypatch, events):
    run = LoopConnection.run

    async def losing(connection, *asked, **how):
        await run(connection, *asked, **how)
        connection.close()
        raise psycopg.OperationalError("the connection was lost")

    async def appended():
        await committer.append_async(an_append())
        monkeypatch.setattr(LoopConnection, "run", losing)
        lost, taken = an_append(events=events), an_append(expected=7)
        outcomes = await asyncio.gather(*asked_of(committer, lost, taken))
        monkeypatch.undo()
        again = await committer.append_async(an_append(lost.aggregate_id, events))
        return outcomes, again

    outcomes, again = asyncio.run(appended())
    assert outcomes == [Appended(True, 1 + events), Appended(False, 0)]
    assert again == Appended(True, 2 + events)
    assert len(log(store.where.service)) == 2 + events


def test_a_backend_that_is_ended_in_the_middle_loses_and_doubles_nothing(store, committer):
    appends = [an_append() for _ in range(3)]

    async def ended_in_the_middle():
        await committer.append_async(an_append())
        with append_lock_held(store.where.service):
            asked = asked_of(committer, *appends)
            await until(lambda: appends[0].claimed)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(end_backend, store, committer)
        return await asyncio.gather(*asked)

    assert all(outcome.recorded for outcome in asyncio.run(ended_in_the_middle()))
    assert sorted(recorded(store)[1:]) == sorted(map(command_id_of, appends))


def test_after_a_trouble_the_loop_takes_over_again(store, committer, monkeypatch):
    monkeypatch.setattr(loop_commit, "SECONDS_BY_THREAD", 0.2)

    async def trouble():
        await committer.append_async(an_append())
        end_backend(store, committer)
        assert (await committer.append_async(an_append())).recorded
        await asyncio.sleep(0.3)
        assert (await committer.append_async(an_append())).recorded
        return not committer._on_the_loop._connection.closed

    assert asyncio.run(trouble())
    assert len(log(store.where.service)) == 3


def test_who_goes_before_their_turn_is_never_recorded_and_who_is_under_way_is(store, committer):
    first, late, last = an_append(), an_append(), an_append()

    async def some_go():
        with append_lock_held(store.where.service):
            under_way = asked_of(committer, first)[0]
            await until(lambda: first.claimed)
            waiting = asked_of(committer, late, last)
            await asyncio.sleep(0.05)
            under_way.cancel()
            waiting[0].cancel()
        return await waiting[1]

    assert asyncio.run(some_go()).recorded
    assert recorded(store) == [command_id_of(first), command_id_of(last)]


def test_a_store_that_is_too_slow_is_told_apart_from_one_that_recorded_nothing(store, monkeypatch):
    monkeypatch.setattr(group_commit, "APPEND_TIMEOUT_SECONDS", 0.4)
    datastore = Datastore(store.where.service, statement_timeout=0.3)
    committer = GroupCommit(datastore.connect, open_in_loop=datastore.open_in_loop)

    async def slow():
        with append_lock_held(store.where.service):
            return await asyncio.gather(*asked_of(committer, an_append(), an_append()), return_exceptions=True)

    try:
        assert {type(each) for each in asyncio.run(slow())} <= {OutcomeUnknown, StoreUnavailable}
        assert not log(store.where.service)
        assert asyncio.run(committer.append_async(an_append())).recorded, "in another loop"
    finally:
        committer.close()
    assert len(log(store.where.service)) == 1


def test_a_clock_that_is_ahead_records_nothing_until_it_is_right_and_the_log_says_both(store, committer, monkeypatch):
    monkeypatch.setattr(loop_commit, "SECONDS_BY_THREAD", 0.0)

    async def ahead_and_right():
        with monkeypatch.context() as wrong:
            wrong.setattr(clock, "wall_clock", lambda: 1e10)
            with pytest.raises(ClockAhead):
                await committer.append_async(an_append())
        assert not log(store.where.service)
        return await committer.append_async(an_append())

    with capture_logs() as told:
        assert asyncio.run(ahead_and_right()).recorded
    assert [line["event"] for line in told] == ["clock ahead", "clock is right"]


def test_a_full_queue_is_busy_and_records_nothing_more(store):
    datastore = Datastore(store.where.service)
    committer = GroupCommit(datastore.connect, most_waiting=2, open_in_loop=datastore.open_in_loop)

    async def crowd():
        with append_lock_held(store.where.service):
            first = an_append()
            asked = asked_of(committer, first)
            await until(lambda: first.claimed)
            asked += asked_of(committer, an_append(), an_append())
            await asyncio.sleep(0.05)
            with pytest.raises(StoreBusy, match="nothing was recorded, try again"):
                await committer.append_async(an_append())
        return await asyncio.gather(*asked)

    assert all(each.recorded for each in asyncio.run(crowd()))
    committer.close()
    assert len(log(store.where.service)) == 3


def test_what_is_larger_than_a_socket_takes_is_recorded_whole(store, committer):
    large = an_append()
    state = b'{"meta":{"command_id":"large"},"data":{"text":"%b"},"sealed":[]}' % (b"x" * 4_000_000)
    large = Append(large.aggregate_id, 0, [StoredEvent(large.aggregate_id, 1, "Something", state)])
    assert asyncio.run(committer.append_async(large)).recorded
    with connected(store.where.service) as connection:
        row = connection.execute("SELECT state FROM plantrail.stored_events").fetchone()
    assert bytes(row[0]) == state


def test_a_connection_whose_statement_fails_can_be_used_on(store):
    async def after_a_mistake():
        connection = await Datastore(store.where.service).open_in_loop()
        try:
            with pytest.raises(psycopg.errors.UndefinedTable):
                await connection.run(Statement.of("SELECT FROM nowhere"), [], seconds=5)
            with pytest.raises(psycopg.errors.DivisionByZero):
                await connection.run(Statement.of("SELECT 1 / %t::int"), [b"0"], seconds=5)
            return (await connection.run(Statement.of("SELECT %t::int + %t::int"), [b"2", b"3"], 5)).get_value(0, 0)
        finally:
            connection.close()

    assert asyncio.run(after_a_mistake()) == b"5"


def test_a_connection_that_takes_too_long_is_closed(store):
    async def too_long():
        connection = await Datastore(store.where.service).open_in_loop()
        with pytest.raises(psycopg.OperationalError):
            await connection.run(Statement.of("SELECT pg_sleep(3)"), [], seconds=0.1)
        return connection.closed

    assert asyncio.run(too_long())
