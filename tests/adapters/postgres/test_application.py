"""plantrail as an application of the library: the one the service itself records and reads by."""

from base64 import b64encode
from uuid import uuid4

import pytest
from eventsourcing.application import AggregateNotFoundError
from eventsourcing.persistence import InfrastructureFactoryError, IntegrityError, NotSupportedError

from adapters.events.stored_format import MetaToRecord
from adapters.postgres.application import AccountPlanApplication, loading
from adapters.postgres.tracking import PlanTrackingRecorder
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.entries import EntryStruck
from domain.account_plan.plays import Play
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, ProgramOpened
from domain.record import Recorded
from tests.stores import ACME, CONTEXT, KEY, MONDAY, commit, handle, log, note, opened_acme, plain, plans_on

LOAD = loading(ACCOUNT_PLAN)
META = MetaToRecord(MONDAY, CONTEXT, "command-1")


def written(version, text="seen", **meta):
    return Recorded(ACME, version, 0, META._replace(**meta), note(text))


@pytest.fixture
def downstream(store):
    """In another process it would be configured so."""
    with AccountPlanApplication({"PLANTRAIL_DATABASE_URL": store.where.service}) as application:
        yield application


def test_what_the_application_saves_the_service_reads_and_the_other_way_round(store, downstream):
    first = downstream.save(written(1), written(2, "again"))
    assert [recording.notification.id for recording in first] == [1, 2]
    assert plain(recording.domain_event for recording in first) == plain(store.events.read(ACME))
    store.events.append(commit(ACME, 2, note("third")))
    assert plain(downstream.events.get(ACME)) == plain(store.events.read(ACME))
    assert [each.version for each in downstream.events.get(ACME, gt=1, lte=2)] == [2]
    assert [each.version for each in downstream.events.get(ACME, desc=True, limit=2)] == [3, 2]
    with pytest.raises(IntegrityError):
        downstream.save(written(3))
    assert len(log(store.where.service)) == 3


def test_what_is_saved_is_stored_as_the_service_stores_it(store, downstream):
    downstream.save(written(1, reason="because"))
    [row] = log(store.where.service)
    assert row.command_id == META.command_id
    assert store.events.read(ACME)[0].meta.reason == "because"


def test_its_repository_gives_a_plan_as_it_stands_and_as_it_stood(store, downstream):
    plans = opened_acme(plans_on(store))
    play = {"title": "Pilot", "kind": "proof", "owner": "ann", "due_on": "2026-02-02", "success_measure": "rework down"}
    handle(plans, "plan-play", id="pilot", **play)
    handle(plans, "start-play", id="pilot")
    known = downstream.repository.get(ACME, projector_func=LOAD)
    assert (known.id, known.version) == (ACME, 3)
    assert known.state.find(Play, "pilot") == plans.read(ACME).state.find(Play, "pilot")
    before = downstream.repository.get(ACME, version=2, projector_func=LOAD)
    assert before.state.find(Play, "pilot").started_on is None
    with pytest.raises(AggregateNotFoundError):
        downstream.repository.get(uuid4(), projector_func=LOAD)


def test_a_plan_that_is_loaded_goes_on_with_news_also_where_they_strike_something(store):
    assert LOAD(None, []) is None
    store.application.save(written(1), written(2))
    known = LOAD(None, store.application.events.get(ACME))
    store.application.save(Recorded(ACME, 3, 0, META, EntryStruck(event=f"{ACME}:2", entry="note", section="plan")))
    went_on = LOAD(known, store.application.events.get(ACME, gt=2))
    assert went_on.version == 3
    assert went_on.state.entries.keys() == LOAD(None, store.application.events.get(ACME)).state.entries.keys()


def test_other_aggregates_go_through_the_same_recorder_and_mapper(store, downstream):
    opened = ProgramOpened(
        name="Strategic accounts",
        currency="EUR",
        timezone="Europe/Berlin",
        fiscal_year_starts=1,
        opened_on=MONDAY.date(),
    )
    downstream.save(Recorded(PROGRAM_ID, 1, 0, META, opened), written(1))
    assert [row.topic for row in log(store.where.service)] == ["ProgramOpened", "NoteWritten"]
    known = downstream.repository.get(PROGRAM_ID, projector_func=loading(PROGRAM))
    assert (known.state.noun, known.version, known.records[0].event) == ("program", 1, opened)
    assert len(store.events.read(ACME)) == 1


def test_its_notification_log_is_the_log(store, downstream):
    store.events.append(commit(ACME, 0, note(), note(), note()))
    section = downstream.notification_log["1,2"]
    assert [(each.id, each.originator_version, each.state) for each in section.items] == [
        (row.position, row.version, row.state) for row in log(store.where.service)[:2]
    ]


# Its environment


def test_it_must_be_told_where_the_log_is(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(OSError, match="PLANTRAIL_DATABASE_URL or DATABASE_URL"):
        AccountPlanApplication()


def test_the_persistence_of_other_applications_and_their_ciphers_are_not_its_own(store, monkeypatch):
    for name, value in {
        "PERSISTENCE_MODULE": "eventsourcing.popo",
        "CIPHER_KEY": "x",
        "IS_SNAPSHOTTING_ENABLED": "y",
    }.items():
        monkeypatch.setenv(name, value)
    with AccountPlanApplication({"DATABASE_URL": store.where.service}) as application:
        application.save(written(1))
        assert application.snapshots is None
    assert len(store.events.read(ACME)) == 1


@pytest.mark.parametrize("name", ["CIPHER_KEY", "COMPRESSOR_TOPIC", "MAPPER_TOPIC", "IS_SNAPSHOTTING_ENABLED"])
def test_what_cannot_be_chosen_is_refused_where_it_is_chosen_for_it(store, name):
    with pytest.raises(NotSupportedError, match=f"PLANTRAIL_{name} is set"):
        AccountPlanApplication({"DATABASE_URL": store.where.service, f"PLANTRAIL_{name}": "y"})


def test_another_persistence_for_it_is_refused():
    with pytest.raises(InfrastructureFactoryError, match=r"adapters\.postgres\.factory"):
        AccountPlanApplication({"PLANTRAIL_PERSISTENCE_MODULE": "eventsourcing.popo"})


def test_a_view_in_its_database_is_one_of_ours(store):
    with pytest.raises(NotSupportedError, match="PlanTrackingRecorder"):
        store.application.factory.tracking_recorder(PlanTrackingRecorder.__mro__[1])
    with pytest.raises(NotSupportedError, match="snapshots"):
        store.application.factory.aggregate_recorder("snapshots")


def test_with_the_peoples_keys_it_reads_and_records_words_about_them(store):
    store.events.append(commit(ACME, 0, note("Petra Kern was there"), about=("cfo",)))
    without = {"DATABASE_URL": store.where.service}
    secret = b64encode(KEY.of(1).secret).decode()
    with AccountPlanApplication(without) as blind:
        assert [each.event.text for each in blind.events.get(ACME)] == ["[forgotten]"]
    with AccountPlanApplication(without | {"KEYS_URL": store.where.keys, "KEY_ENCRYPTION_KEY": secret}) as seeing:
        seeing.save(written(2, "and Petra Kern again", about=("cfo",)))
        texts = [each.event.text for each in seeing.events.get(ACME)]
    assert texts == ["Petra Kern was there", "and Petra Kern again"]
    assert texts == [each.event.text for each in store.events.read(ACME)]
    assert b"Petra" not in b"".join(row.state for row in log(store.where.service))
