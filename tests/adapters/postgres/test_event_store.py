"""The contract of every event store: an event that was acknowledged is stored whole, once, in order and for ever."""

from concurrent.futures import ThreadPoolExecutor
from time import monotonic, sleep
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL

from adapters.events.stored_format import MetaToRecord, topic_of
from adapters.postgres import recorder as recorder_module
from adapters.postgres.append import append
from adapters.postgres.datastore import SCHEMA, Datastore
from adapters.postgres.mapper import PlanMapper
from adapters.postgres.recorder import append_of
from application.aggregates.ports import StoreUnavailable
from domain.account_plan.play_states import PlayStarted, PlayWon
from domain.record import Recorded
from tests.patience import soon
from tests.stores import CONTEXT, MONDAY, append_lock_held, commit, connected, followed, log, note, plain

CHANGES = [
    "UPDATE plantrail.stored_events SET topic = 'PlayLost'",
    "DELETE FROM plantrail.stored_events",
    "TRUNCATE plantrail.stored_events",
]


def an_append(plan_id, expected, *texts):
    """An append of notes as the committer takes it."""
    meta = MetaToRecord(MONDAY, CONTEXT, str(uuid4()))
    notes = [Recorded(plan_id, expected + place, 0, meta, note(text)) for place, text in enumerate(texts, 1)]
    return append_of(list(map(PlanMapper().to_stored_event, notes)))


def texts(store, plan_id):
    return [record.event.text for record in store.events.read(plan_id)]


def test_what_is_recorded_can_be_read_back(store):
    plan_id = uuid4()
    first = store.events.append(commit(plan_id, 0, note("one"), note("two")))
    then = store.events.append(commit(plan_id, 2, PlayStarted(id="pilot", started_on=MONDAY.date())))
    read = store.events.read(plan_id)
    assert plain(read) == plain([*first, *then])
    assert [record.version for record in read] == [1, 2, 3]
    assert [record.meta.recorded_at for record in read] == [MONDAY] * 3
    assert plain(store.events.read(plan_id, after=2)) == plain(then)
    assert store.events.read(uuid4()) == []


def test_an_event_is_stored_as_a_bare_name_and_json(store):
    plan_id = uuid4()
    [record] = store.events.append(commit(plan_id, 0, PlayStarted(id="pilot", started_on=MONDAY.date())))
    [row] = log(store.where.service)
    assert row[:4] == (record.position, plan_id, 1, "PlayStarted")
    assert row.state == record.stored
    assert row.state.endswith(b'"data":{"id":"pilot","started_on":"2026-01-05"},"sealed":[]}')


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_version_is_taken_once_and_none_is_left_out(store, expected):
    plan_id = uuid4()
    store.events.append(commit(plan_id, 0, note("first")))
    assert store.events.append(commit(plan_id, expected, note("late"), note("later"))) is None
    assert texts(store, plan_id) == ["first"]


def test_what_loses_drops_out_whole_and_disturbs_nobody_else(store):
    taken, new, going_on = uuid4(), uuid4(), uuid4()
    store.events.append(commit(taken, 0, note("first")))
    store.events.append(commit(going_on, 0, note("first")))
    batch = [
        an_append(new, 0, "a", "b"),
        an_append(taken, 0, "never", "never", "never"),
        an_append(going_on, 1, "second", "third"),
        an_append(uuid4(), 5, "never"),
    ]
    with connected(store.where.service) as connection:
        outcomes = append(connection, batch)
    last = log(store.where.service)[-1].position
    assert outcomes == [(True, last - 2), (False, 0), (True, last), (False, 0)]
    assert texts(store, new) == ["a", "b"]
    assert texts(store, taken) == ["first"]
    assert texts(store, going_on) == ["first", "second", "third"]
    assert len(log(store.where.service)) == 6


def test_positions_say_in_which_order_it_was_recorded(store):
    plans = [uuid4() for _ in range(3)]
    for version in range(4):
        for plan_id in plans:
            store.events.append(commit(plan_id, version, note()))
    assert [(row.plan_id, row.version) for row in log(store.where.service)] == [
        (plan_id, version) for version in range(1, 5) for plan_id in plans
    ]


def test_an_append_held_open_makes_the_others_wait_and_hides_none_of_them(store):
    early, late = uuid4(), uuid4()
    with (
        psycopg.connect(store.where.service) as slow,
        ThreadPoolExecutor() as pool,
        followed(store.where.service) as finish,
    ):
        append(slow, [an_append(early, 0, "drew its positions first", "and commits later")])
        waiting = pool.submit(store.events.append, commit(late, 0, note()))
        sleep(0.2)
        assert not waiting.done()
        assert log(store.where.service) == []
        slow.commit()
        waiting.result(timeout=60)
        seen = finish()
    assert [(row.plan_id, row.version) for row in seen] == [(early, 1), (early, 2), (late, 1)]
    assert seen == log(store.where.service)


def test_a_reader_that_follows_skips_nothing_however_many_write(store):
    def write(plan_id):
        with psycopg.connect(store.where.service) as connection:
            for version in range(15):
                append(connection, [an_append(plan_id, version, "x")])
                sleep(0.001)
                connection.rollback() if version % 5 == 4 else connection.commit()
                if version % 5 == 4:
                    append(connection, [an_append(plan_id, version, "x")])
                    connection.commit()

    with ThreadPoolExecutor() as pool, followed(store.where.service) as finish:
        list(pool.map(write, [uuid4() for _ in range(4)]))
        seen = finish()
    assert seen == log(store.where.service)
    assert len(seen) == 60
    assert seen[-1].position > 60, "a position was drawn and not used"


@pytest.mark.parametrize("change", CHANGES)
def test_the_service_may_only_add_to_the_log(store, change):
    store.events.append(commit(uuid4(), 0, note()))
    with connected(store.where.service) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        connection.execute(change)
    assert "permission denied" in str(refused.value)


@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_owner_changes_the_log(store, change):
    store.events.append(commit(uuid4(), 0, note()))
    before = log(store.where.service)
    with connected(store.where.owner) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        connection.execute(change)
    assert "plan events are append-only" in str(refused.value)
    assert log(store.where.service) == before


def test_who_reads_events_reads_no_keys_and_the_other_way_round(store):
    for conninfo, table in (
        (store.where.service, "plantrail_keys.person_keys"),
        (store.where.keys, "plantrail.stored_events"),
    ):
        with connected(conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"SELECT * FROM {table}")


# The library's own recorder, on our table


def library_datastore(conninfo, schema=SCHEMA):
    where = conninfo_to_dict(conninfo)
    names = ("dbname", "host", "port", "user", "password")
    return PostgresDatastore(**{name: where[name] for name in names}, schema=schema)


@pytest.fixture
def recorder(store):
    """Yield the recorder of the library, of which only the lock is changed."""
    with library_datastore(store.where.service) as datastore:
        recorder = PostgresApplicationRecorder(datastore)
        recorder.lock_table_statements = [SQL("SELECT pg_advisory_xact_lock(plantrail.append_lock())")]
        yield recorder


def test_the_library_reads_what_we_record(store, recorder):
    plan_id = uuid4()
    recorded = store.events.append(commit(plan_id, 0, note("one"), PlayWon(id="pilot", finished_on=MONDAY.date())))
    stored = [(each.originator_id, each.originator_version, each.topic, each.state) for each in log_of(recorder)]
    assert stored == [(plan_id, each.version, topic_of(type(each.event).__name__), each.stored) for each in recorded]
    assert recorder.select_events(plan_id, gt=1) == [StoredEvent(*stored[1])]
    assert [each.id for each in log_of(recorder)] == [each.position for each in recorded]
    assert recorder.max_notification_id() == recorded[-1].position


def test_we_read_what_the_library_records_and_wait_for_it(store, recorder):
    ours, theirs = uuid4(), uuid4()
    [record] = store.events.append(commit(ours, 0, note("theirs")))
    with ThreadPoolExecutor() as pool:
        with append_lock_held(store.where.service):
            waiting = pool.submit(recorder.insert_events, [StoredEvent(theirs, 1, "NoteWritten", record.stored)])
            sleep(0.1)
            assert not waiting.done()
        waiting.result(timeout=60)
    assert texts(store, theirs) == ["theirs"]
    assert store.events.append(commit(theirs, 0, note("taken"))) is None


def log_of(recorder):
    return recorder.select_notifications(start=1, limit=100)


def test_our_table_is_the_one_the_library_would_make_but_for_two_indexes_of_few_events(store):
    with connected(store.where.owner) as connection:
        connection.execute("DROP INDEX plantrail.stored_events_forgotten_idx, plantrail.stored_events_aliases_idx")
        connection.execute("CREATE SCHEMA scratch")
        with library_datastore(store.where.owner, "scratch") as datastore:
            PostgresApplicationRecorder(datastore).create_table()
        ours, theirs = (shape(connection, schema) for schema in (SCHEMA, "scratch"))
    assert ours == theirs
    assert len(ours["columns"]) == 5


def shape(connection, schema):
    """Columns, constraints, indexes, options and the composite type, with the schema's name left out."""
    queries = {
        "columns": "SELECT column_name, data_type, is_nullable, column_default, ordinal_position"
        " FROM information_schema.columns WHERE table_schema = %s AND table_name = 'stored_events' ORDER BY 5",
        "constraints": "SELECT conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " WHERE conrelid = (%s || '.stored_events')::regclass ORDER BY 1",
        "indexes": "SELECT indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = %s AND tablename = 'stored_events' ORDER BY 1",
        "options": "SELECT unnest(reloptions) FROM pg_class WHERE oid = (%s || '.stored_events')::regclass ORDER BY 1",
        "type": "SELECT attribute_name, data_type FROM information_schema.attributes"
        " WHERE udt_schema = %s AND udt_name = 'stored_event_uuid' ORDER BY ordinal_position",
    }
    return {
        what: [str(row).replace(f"{schema}.", "") for row in connection.execute(query, (schema,))]
        for what, query in queries.items()
    }


@pytest.mark.parametrize("at_a_time", [1, 4, 6, 100])
def test_all_plans_are_read_in_the_order_of_their_ids_each_with_all_its_events(store, monkeypatch, at_a_time):
    monkeypatch.setattr(recorder_module, "EVENTS_AT_A_TIME", at_a_time)
    plans = sorted(uuid4() for _ in range(4))
    for events, plan_id in zip((1, 5, 2, 3), plans, strict=True):
        for version in range(events):
            store.events.append(commit(plan_id, version, note(f"{version}")))
    read = list(store.events.histories())
    assert [(known.id, known.version) for known in read] == list(zip(plans, (1, 5, 2, 3), strict=True))
    assert all(plain(known.records) == plain(store.events.read(known.id)) for known in read)
    assert [known.id for known in store.events.histories(after_plan=plans[1])] == plans[2:]


def test_sealed_words_are_read_with_all_plans(store):
    plan_id = uuid4()
    store.events.append(commit(plan_id, 0, note("Petra Kern was there"), about=("cfo",)))
    [known] = store.events.histories()
    assert known.records[0].event.text == "Petra Kern was there"


def test_the_log_ends_at_its_last_position(store):
    assert store.events.last_position() == 0
    [record] = store.events.append(commit(uuid4(), 0, note()))
    assert store.events.last_position() == record.position


def test_no_statement_and_no_lock_is_waited_for_longer_than_five_seconds(store):
    with store.datastore.connection() as connection:
        set_to = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout')"
        assert connection.execute(set_to).fetchone() == ("5s", "5s")


@pytest.mark.parametrize("statement", ["SELECT pg_sleep(9)", "SELECT pg_advisory_lock(9)"])
def test_who_waits_too_long_is_told_that_the_store_is_slow(store, statement):
    hurried = Datastore(store.where.service, size=1, statement_timeout=0.1)
    with connected(store.where.owner) as other:
        other.execute("SELECT pg_advisory_lock(9)")
        begun = monotonic()
        with pytest.raises(StoreUnavailable), hurried.connection() as connection:
            connection.execute(statement)
    hurried.close()
    assert monotonic() - begun < soon(3)
