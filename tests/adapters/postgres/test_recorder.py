"""The library's recorder on our log: all or nothing, no version left out, errors that library and application know."""

from contextlib import contextmanager
from time import monotonic
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import (
    DataError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    StoredEvent,
    Tracking,
)

from adapters.postgres.datastore import Datastore
from adapters.postgres.errors import persistence_error
from adapters.postgres.factory import PlanFactory
from application.aggregates.ports import Answer, StoreBusy, StoreUnavailable
from tests.patience import soon
from tests.stores import log

STATE = b'{"meta":{},"data":{},"sealed":[]}'


def events(plan_id, *versions):
    return [StoredEvent(plan_id, version, "Something", STATE) for version in versions]


def standing(store):
    return [(row.plan_id, row.version, row.position) for row in log(store.where.service)]


@pytest.fixture
def recorder(store):
    return store.application.recorder


def test_what_is_recorded_says_its_positions(store, recorder):
    plan_id = uuid4()
    assert recorder.insert_events(events(plan_id, 1, 2)) == [1, 2]
    assert recorder.insert_events(events(plan_id, 3)) == [3]
    assert standing(store) == [(plan_id, version, version) for version in (1, 2, 3)]


@pytest.mark.parametrize("versions", [(2,), (0,), (1, 3), (1, 1), (2, 1)])
def test_versions_begin_at_one_and_none_is_left_out_or_comes_twice(store, recorder, versions):
    with pytest.raises(IntegrityError):
        recorder.insert_events(events(uuid4(), *versions))
    assert standing(store) == []


@pytest.mark.parametrize("expected", [0, 2])
def test_an_aggregate_that_is_at_another_version_than_expected_is_not_written_to(store, recorder, expected):
    plan_id = uuid4()
    recorder.insert_events(events(plan_id, 1), expected=0)
    with pytest.raises(IntegrityError):
        recorder.insert_events(events(plan_id, expected + 1), expected=expected)
    with pytest.raises(IntegrityError):
        recorder.insert_events(events(plan_id, 2), expected=expected)
    assert len(standing(store)) == 1


def test_an_answer_is_recorded_along_and_once(store, recorder):
    one, other = uuid4(), uuid4()
    recorder.insert_events(events(one, 1), answer=Answer(b"scope", b"body", one, {"version": 1}))
    with pytest.raises(IntegrityError):
        recorder.insert_events(events(other, 1), answer=Answer(b"scope", b"body", other, {"version": 1}))
    assert store.events.answered(b"scope").aggregate_id == one
    assert [plan_id for plan_id, _, _ in standing(store)] == [one]


def test_an_answer_is_recorded_also_where_nothing_happened(store, recorder):
    plan_id = uuid4()
    recorder.insert_events(events(plan_id, 1))
    answer = Answer(b"scope", b"body", plan_id, {"version": 1})
    assert recorder.insert_events([], expected=1, answer=answer) == []
    assert store.events.answered(b"scope").content["version"] == 1
    assert recorder.insert_events([]) == []


def test_events_of_several_aggregates_are_recorded_together_and_each_says_its_position(store, recorder):
    one, other = uuid4(), uuid4()
    (first,), (second,) = events(one, 1), events(other, 1)
    positions = recorder.insert_events([first, second, *events(one, 2)])
    assert {(one, 1, positions[0]), (other, 1, positions[1]), (one, 2, positions[2])} == set(standing(store))


def test_of_several_aggregates_none_is_written_to_where_one_has_moved_on(store, recorder):
    moved_on = uuid4()
    recorder.insert_events(events(moved_on, 1))
    with pytest.raises(IntegrityError):
        recorder.insert_events([*events(uuid4(), 1), *events(moved_on, 1)])
    assert len(standing(store)) == 1
    for of_one in ({"expected": 0}, {"answer": Answer(b"scope", b"body", moved_on, {})}):
        with pytest.raises(NotSupportedError):
            recorder.insert_events([*events(uuid4(), 1), *events(uuid4(), 1)], **of_one)


def test_tracking_is_not_silently_lost(store, recorder):
    with pytest.raises(NotSupportedError):
        recorder.insert_events(events(uuid4(), 1), tracking=Tracking("upstream", 1))
    assert standing(store) == []


# Errors


@contextmanager
def recorder_on(conninfo):
    datastore = Datastore(conninfo, timeout=0.2)
    factory = PlanFactory(datastore=datastore)
    yield factory.recorder
    factory.close()
    datastore.close()


def test_what_the_database_refuses_has_the_name_the_library_gives_it(store, recorder):
    with pytest.raises(DataError):
        recorder.insert_events([StoredEvent(uuid4(), 1, "nul\0", STATE)])
    with recorder_on(store.where.keys) as without_rights:
        for refused in (
            lambda: without_rights.insert_events(events(uuid4(), 1)),
            lambda: without_rights.select_events(uuid4()),
            without_rights.max_notification_id,
        ):
            with pytest.raises(OperationalError, match="permission denied"):
                refused()


def test_a_store_that_is_away_is_known_to_the_library_and_to_the_application():
    with recorder_on("host=127.0.0.1 port=1 dbname=nowhere") as away:
        began = monotonic()
        with pytest.raises(OperationalError) as unavailable:
            away.select_events(uuid4())
        assert monotonic() - began < soon(2), "and after no more than one attempt"
    assert isinstance(unavailable.value, StoreUnavailable)


def test_a_log_that_takes_no_more_for_now_is_so_too(store):
    with recorder_on(store.where.service) as ended:
        pass
    with pytest.raises(OperationalError) as busy:
        ended.insert_events(events(uuid4(), 1))
    assert isinstance(busy.value, StoreBusy)
    assert standing(store) == []


def test_every_error_of_the_driver_is_one_of_the_library():
    for error in vars(psycopg.errors).values():
        if isinstance(error, type) and issubclass(error, psycopg.Error):
            named = type(persistence_error(error("why"))).__name__
            assert named in [kind.__name__ for kind in error.__mro__] + ["PersistenceError"]
