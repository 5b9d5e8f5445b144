"""Many callers, one committer, and a store that may go away at any moment: every acknowledged event is recorded exactly
once."""

import json
import os
import signal
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from time import monotonic, sleep
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from adapters.postgres import group_commit
from adapters.postgres.append import Append, Appended
from adapters.postgres.datastore import Datastore
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.errors import OutcomeUnknown, StoreBusy, StoreUnavailable
from adapters.postgres.group_commit import GroupCommit, append_unless_found
from adapters.postgres.migrations import migrate
from adapters.postgres.store import ConnectionStrings, opened
from application.aggregates.ports import Answer
from tests.conftest import KEY, binaries
from tests.forks import PythonProgram
from tests.patience import soon
from tests.stores import (
    ACME,
    append_lock_held,
    connected,
    followed,
    handle,
    log,
    opened_acme,
    plans_on,
    wait_until,
)

NOTES_IN_A_PROCESS = """
import sys
from adapters.postgres.store import ConnectionStrings, opened
from tests.stores import KEY, handle, plans_on

with opened(ConnectionStrings(*sys.argv[1:4]), KEY) as store:
    plans = plans_on(store)
    print("ready", flush=True)
    sys.stdin.readline()
    for number in range(25):
        print(handle(plans, "write-note", section="plan", text=f"note {number}").version)
"""


def an_append(plan_id=None, expected=0, events=1, answer=None, kind=Append):
    plan_id, state = plan_id or uuid4(), b'{"meta":{"command_id":"%b"},"data":{},"sealed":[]}' % str(uuid4()).encode()
    stored = [StoredEvent(plan_id, expected + number, "Something", state) for number in range(1, events + 1)]
    return kind(plan_id, expected, stored, answer)


def command_id_of(append):
    return json.loads(append.stored_events[0].state)["meta"]["command_id"]


@pytest.fixture
def committer(store):
    committer = GroupCommit(Datastore(store.where.service).connect)
    yield committer
    committer.close()


@pytest.fixture
def hurried(store, monkeypatch):
    """Yield a committer whose callers wait half a second, as its store waits for a lock."""
    monkeypatch.setattr(group_commit, "APPEND_TIMEOUT_SECONDS", 0.5)
    committer = GroupCommit(Datastore(store.where.service, statement_timeout=0.5).connect)
    yield committer
    committer.close()


def backend(committer):
    """Return the process in the server that works for a committer. Under load it is nearly always in the middle of
    an append."""
    return committer._connection.info.backend_pid


def under_way(pool, committer):
    """An append that was begun; what comes after it waits for the next batch."""
    first = an_append()
    acknowledgement = pool.submit(committer.append, first)
    wait_until(lambda: first.claimed)
    return acknowledgement


# Order


def test_whatever_is_acknowledged_is_there_in_order_for_all_callers(store, committer):
    def append_many(plan_id):
        made = []
        for version in range(12):
            each = an_append(plan_id, version * 2, events=2)
            made.append((command_id_of(each), committer.append(each)))
        return made

    with ThreadPoolExecutor(32) as pool, followed(store.where.service) as finish:
        acknowledged = [made for plan in pool.map(append_many, [uuid4() for _ in range(32)]) for made in plan]
        seen = finish()
    rows = log(store.where.service)
    assert len(rows) == 32 * 12 * 2
    assert seen == rows
    last_of = {row.command_id: row for row in rows}
    for command_id, outcome in acknowledged:
        row = last_of[command_id]
        assert outcome == (True, row.position)
    for plan_id in {row.plan_id for row in rows}:
        assert [row.version for row in rows if row.plan_id == plan_id] == list(range(1, 25))


def test_two_memories_and_two_committers_neither_lose_nor_double_a_version(connection_strings):
    with opened(connection_strings, KEY) as one, opened(connection_strings, KEY) as other:
        callers = [opened_acme(plans_on(one)), plans_on(other), plans_on(other)] * 4
        together = Barrier(len(callers))

        def write(plans):
            together.wait()
            return [handle(plans, "write-note", section="plan", text="seen").version for _ in range(8)]

        with ThreadPoolExecutor(len(callers)) as pool:
            versions = [version for made in pool.map(write, callers) for version in made]
        rows = log(connection_strings.service)
    assert sorted(versions) == list(range(2, 12 * 8 + 2))
    assert [(row.plan_id, row.version) for row in rows] == [(ACME, version) for version in range(1, 12 * 8 + 2)]


def test_two_processes_racing_on_one_plan_neither_lose_nor_double_a_version(store):
    opened_acme(plans_on(store))
    words = (NOTES_IN_A_PROCESS, store.where.service, store.where.owner, store.where.keys)
    pipe = subprocess.PIPE
    racers = [PythonProgram(*words, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    versions = [int(line) for racer in racers for line in racer.communicate(timeout=60)[0].split()]
    assert [racer.returncode for racer in racers] == [0, 0]
    assert sorted(versions) == list(range(2, 52))
    assert [row.version for row in log(store.where.service)] == list(range(1, 52))


# Batches


def test_what_waits_is_recorded_together_and_who_loses_disturbs_nobody(store, committer, monkeypatch):
    batches = []

    def recording(connection, batch):
        batches.append(len(batch))
        return append(connection, batch)

    append = group_commit.append
    monkeypatch.setattr(group_commit, "append", recording)
    contested = uuid4()
    appends = [an_append(), an_append(contested), an_append(contested), an_append(), an_append(uuid4(), expected=9)]
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            first = pool.submit(committer.append, an_append())
            wait_until(lambda: batches)
            outcomes = [pool.submit(committer.append, each) for each in appends]
            wait_until(lambda: committer._queue.qsize() == len(appends))
        assert first.result(timeout=60).recorded
        assert sorted(each.result(timeout=60).recorded for each in outcomes) == [False, False, True, True, True]
    assert batches == [1, 4, 1], "one command of a plan at a time"
    assert len(log(store.where.service)) == 4


def test_of_two_that_come_with_the_same_idempotency_key_one_wins_whatever_their_plans(store, committer):
    answers = [Answer(b"scope", b"body", uuid4(), {"version": 1, "of": place}) for place in range(2)]
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            first = under_way(pool, committer)
            rivals = [pool.submit(committer.append, an_append(answer=answer)) for answer in answers]
            innocent = pool.submit(committer.append, an_append())
        assert sorted(rival.result(timeout=60).recorded for rival in rivals) == [False, True]
        assert first.result(timeout=60).recorded
        assert innocent.result(timeout=60).recorded
    [winner] = [answer for answer, rival in zip(answers, rivals, strict=True) if rival.result().recorded]
    assert store.events.answered(b"scope").content["of"] == winner.content["of"]


def test_what_the_store_cannot_take_does_not_take_the_others_along(store, committer):
    impossible = an_append(answer=Answer(b"scope", b"body", uuid4(), {"version": 1, "nul": "\0"}))
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            first = under_way(pool, committer)
            others = [pool.submit(committer.append, each) for each in (an_append(), impossible, an_append())]
        assert first.result(timeout=60).recorded
        assert [isinstance(each.exception(timeout=60), psycopg.DataError) for each in others] == [False, True, False]
    assert len(log(store.where.service)) == 3
    assert committer.append(an_append()).recorded


# Patience


def test_a_full_queue_is_busy_and_records_nothing_more(store):
    committer = GroupCommit(Datastore(store.where.service).connect, most_waiting=2)
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            waiting = [under_way(pool, committer)]
            waiting += [pool.submit(committer.append, an_append()) for _ in range(2)]
            wait_until(lambda: committer._queue.qsize() == 2)
            with pytest.raises(StoreBusy, match="nothing was recorded, try again"):
                committer.append(an_append())
        assert all(each.result(timeout=60).recorded for each in waiting)
    committer.close()
    assert len(log(store.where.service)) == 3


def test_who_gives_up_before_their_turn_is_never_recorded(store, committer, monkeypatch):
    monkeypatch.setattr(group_commit, "APPEND_TIMEOUT_SECONDS", 0.3)
    first, late, last = an_append(), an_append(), an_append()
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            pool.submit(committer.append, first)
            wait_until(lambda: first.claimed)
            with pytest.raises(StoreBusy):
                committer.append(late)
        assert committer.append(last).recorded, "the committer has seen the one that was given up"
    assert [row.command_id for row in log(store.where.service)] == [command_id_of(first), command_id_of(last)]


def test_who_gives_up_what_is_under_way_is_not_told_that_nothing_was_recorded(store, committer, monkeypatch):
    monkeypatch.setattr(group_commit, "APPEND_TIMEOUT_SECONDS", 0.2)
    with append_lock_held(store.where.service), pytest.raises(OutcomeUnknown, match="look whether it was recorded"):
        committer.append(an_append())
    wait_until(lambda: log(store.where.service))


def test_who_is_interrupted_before_their_turn_is_never_recorded(store, committer):
    class Interrupted(Append):
        def wait(self, _):
            raise KeyboardInterrupt

    first, late, last = an_append(), an_append(kind=Interrupted), an_append()
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            pool.submit(committer.append, first)
            wait_until(lambda: first.claimed)
            with pytest.raises(KeyboardInterrupt):
                committer.append(late)
        assert committer.append(last).recorded
    assert [row.command_id for row in log(store.where.service)] == [command_id_of(first), command_id_of(last)]


def test_a_committer_that_is_closed_while_the_store_keeps_it_waiting_ends_with_what_is_under_way(store, hurried):
    with ThreadPoolExecutor() as pool, append_lock_held(store.where.service):
        waiting = under_way(pool, hurried)
        hurried.close()
        assert not hurried._thread.is_alive()
        assert isinstance(waiting.exception(), StoreUnavailable)


def test_a_closed_committer_has_recorded_what_waited_and_takes_no_more(store):
    committer = GroupCommit(Datastore(store.where.service).connect)
    plan_id = uuid4()
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(committer.append, an_append(plan_id)) for _ in range(5)]
        wait_until(lambda: committer._thread)
        committer.close()
        recorded = [each.result(timeout=60).recorded for each in waiting if not each.exception(timeout=60)]
    assert recorded.count(True) == 1
    with pytest.raises(StoreBusy):
        committer.append(an_append())


def test_a_store_that_is_too_slow_is_unavailable_and_nothing_is_written(store, hurried):
    begun = monotonic()
    with append_lock_held(store.where.service), pytest.raises(StoreUnavailable) as slow:
        hurried.append(an_append())
    assert type(slow.value) is StoreUnavailable, "it is certain that nothing was recorded"
    assert monotonic() - begun < soon(1.5)
    assert log(store.where.service) == []
    assert hurried.append(an_append()).recorded
    assert len(log(store.where.service)) == 1


# A store that goes away


@pytest.mark.parametrize("events", [1, 3])
def test_a_lost_acknowledgement_is_found_again(store, committer, monkeypatch, events):
    lose = Event()
    append = group_commit.append

    def losing(connection, batch):
        outcomes = append(connection, batch)
        if not lose.is_set():
            lose.set()
            connection.close()
            raise psycopg.OperationalError("the connection was lost")
        return outcomes

    monkeypatch.setattr(group_commit, "append", losing)
    plan_id = uuid4()
    assert committer.append(an_append(plan_id, 0, events)) == Appended(True, events)
    assert lose.is_set()
    assert [row.version for row in log(store.where.service)] == list(range(1, events + 1))
    assert committer.append(an_append(plan_id, events)).recorded


def test_with_a_lost_acknowledgement_each_of_a_batch_learns_its_own_outcome(store, committer, monkeypatch):
    taken, calls = uuid4(), []
    append = group_commit.append

    def losing(connection, batch):
        calls.append(len(batch))
        outcomes = append(connection, batch)
        if len(calls) == 2:
            connection.close()
            raise psycopg.OperationalError("the connection was lost")
        return outcomes

    monkeypatch.setattr(group_commit, "append", losing)
    answer = Answer(b"scope", b"body", uuid4(), {"version": 1})
    appends = [an_append(), an_append(taken), an_append(answer=answer), an_append(expected=4)]
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            first = pool.submit(committer.append, an_append(taken))
            wait_until(lambda: calls)
            outcomes = [pool.submit(committer.append, each) for each in appends]
            wait_until(lambda: committer._queue.qsize() == len(appends))
        assert first.result(timeout=60).recorded
        assert [each.result(timeout=60).recorded for each in outcomes] == [True, False, True, False]
    assert calls == [1, 4, 2], "only those are tried again that are not found"
    assert len(log(store.where.service)) == 3


def test_between_the_look_for_what_was_recorded_and_the_rest_nobody_else_records(store, monkeypatch):
    """Least of all the backend that may still have our append in hand."""
    could_be_had = []
    find = group_commit.find

    def looking(connection, wanted):
        with connected(store.where.service) as other:
            lock = "SELECT pg_try_advisory_xact_lock(plantrail.append_lock())"
            could_be_had.append(other.execute(lock).fetchone()[0])
        return find(connection, wanted)

    monkeypatch.setattr(group_commit, "find", looking)
    with connected(store.where.service) as connection:
        outcomes = append_unless_found(connection, [an_append(), an_append()])
    assert [outcome.recorded for outcome in outcomes] == [True, True]
    assert could_be_had == [False, False]


def test_a_backend_that_wakes_up_after_it_was_given_up_changes_nothing(store):
    committer = GroupCommit(Datastore(store.where.service, statement_timeout=0.3).connect)
    plan_id = uuid4()
    committer.append(an_append(plan_id, 0))
    frozen = backend(committer)
    os.kill(frozen, signal.SIGSTOP)
    try:
        begun = monotonic()
        assert committer.append(an_append(plan_id, 1, events=2)).recorded
        assert 1 < monotonic() - begun < soon(4)
    finally:
        os.kill(frozen, signal.SIGCONT)
    with connected(store.where.service) as connection:
        alive = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s"
        wait_until(lambda: connection.execute(alive, (frozen,)).fetchone() == (0,))
    assert [row.version for row in log(store.where.service)] == [1, 2, 3]
    committer.close()


def test_a_reader_gives_up_a_server_that_froze(store):
    datastore = Datastore(store.where.service, size=1, timeout=0.2, statement_timeout=0.1)
    with datastore.connection() as connection:
        frozen = connection.info.backend_pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        begun = monotonic()
        with pytest.raises(StoreUnavailable), datastore.connection() as connection:
            connection.execute("SELECT 1")
        assert monotonic() - begun < soon(3)
    finally:
        os.kill(frozen, signal.SIGCONT)
    wait_until(lambda: reads(datastore))
    datastore.close()


def reads(datastore):
    try:
        with datastore.connection() as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except StoreUnavailable:
        return False


@pytest.fixture
def own_server(_programs, tmp_path_factory):
    """Return a durable server that a test may kill."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("killed"), binaries()) as server:
        where = ConnectionStrings(*(server.conninfo(role) for role in ("service", "owner", "keys")))
        migrate(where.owner, where.service, where.keys)
        yield server, where


@pytest.mark.torture
def test_a_server_that_is_stopped_is_unavailable_until_it_is_back(own_server, monkeypatch):
    server, where = own_server
    monkeypatch.setattr(group_commit, "APPEND_TIMEOUT_SECONDS", 1.0)
    with opened(where, KEY) as store:
        plans = opened_acme(plans_on(store))
        datastore = Datastore(where.service, timeout=0.5)
        assert reads(datastore)
        committer = GroupCommit(datastore.connect)
        committer.append(an_append())
        server.stop(force=True)
        for _ in range(2):
            begun = monotonic()
            with pytest.raises(StoreUnavailable):
                committer.append(an_append())
            assert monotonic() - begun < soon(2)
        with pytest.raises(StoreUnavailable), datastore.connection():
            pass
        begun = monotonic()
        with pytest.raises(StoreUnavailable):
            handle(plans, "write-note", section="plan", text="lost")
        assert monotonic() - begun < soon(7)
        server.start()
        wait_until(lambda: reads(datastore))
        assert committer.append(an_append()).recorded
        assert handle(plans, "write-note", section="plan", text="back again").version == 2
        committer.close()
        datastore.close()
    assert len(log(where.service)) == 4


def test_killed_backends_lose_nothing_that_was_acknowledged_and_double_nothing(own_server):
    _, where = own_server
    committer = GroupCommit(Datastore(where.service).connect)
    stop = Event()
    acknowledged, in_doubt, refused = [], [], []

    def append_until_told():
        plan_id, head = uuid4(), 0
        while not stop.is_set():
            each = an_append(plan_id, head, events=2)
            try:
                outcome = committer.append(each)
            except OutcomeUnknown:
                in_doubt.append(command_id_of(each))
                plan_id, head = uuid4(), 0
            except StoreUnavailable:
                refused.append(command_id_of(each))
            else:
                assert outcome.recorded, "nobody else writes to this plan"
                acknowledged.append(command_id_of(each))
                head += 2

    def when_it_goes_on():
        wanted = len(acknowledged) + 50
        wait_until(lambda: len(acknowledged) > wanted, 20)

    with ThreadPoolExecutor(8) as pool:
        writers = [pool.submit(append_until_told) for _ in range(8)]
        try:
            for kill in range(6):
                when_it_goes_on()
                sleep(0.003 * kill)
                os.kill(backend(committer), signal.SIGKILL)
            when_it_goes_on()
        finally:
            stop.set()
        for writer in writers:
            writer.result(timeout=60)
    committer.close()
    recorded = Counter(row.command_id for row in log(where.service))
    assert set(recorded.values()) == {2}, "whole, and once"
    assert set(acknowledged) <= set(recorded)
    assert set(recorded) <= {*acknowledged, *in_doubt}
    assert not set(refused) & set(recorded)
