"""The log is exported and imported byte for byte. Text about people stays sealed unless their keys are exported too."""

import json
import stat
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import sleep
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.person_keys import AnotherKeyThere
from adapters.postgres.store import opened
from adapters.postgres.transfer import (
    TransferRefused,
    export_keys,
    exported_events,
    import_events,
    import_keys,
)
from adapters.privacy.key_encryption import GivenKeys
from application.aggregates.ports import StoreUnavailable
from tests.cases import for_each
from tests.conftest import KEY
from tests.stores import (
    ACME,
    commit,
    followed,
    handle,
    log,
    note,
    opened_acme,
    plans_on,
)

JANE = {"id": "cfo", "level": "executive", "name": "Jäne Doe"}
JIM = {"id": "cto", "level": "executive", "name": "Jim Roe"}
OTHER_KEY = GivenKeys({1: b"o" * 32})


@pytest.fixture
def plans(store):
    return told(store)


def told(store):
    """Two people, one of whom was forgotten, a hole among the positions, and another plan."""
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", **JANE)
    store.events.append(commit(uuid4(), 0, note("elsewhere"), note('“ü” \\ " \n')))
    with psycopg.connect(store.where.service) as connection:
        connection.execute("SELECT nextval('plantrail.stored_events_notification_id_seq')")
        connection.rollback()
    handle(plans, "add-stakeholder", **JIM)
    handle(plans, "forget-stakeholder", id="cto")
    return plans


@pytest.fixture
def copy(stores):
    """Yield another store, which is still empty and has its own key-encryption key."""
    with stores.lend() as where, opened(where, OTHER_KEY) as store:
        yield store


def exported(store):
    return list(exported_events(store.datastore))


@pytest.fixture(scope="module")
def lines(stores):
    """Return the exported lines of a store in which something was told."""
    with stores.lend() as where, opened(where, KEY) as store:
        told(store)
        return exported(store)


@pytest.fixture(scope="module")
def untouched(stores):
    """Yield a store that stays empty, because nothing that the tests try on it succeeds."""
    with stores.lend() as where:
        yield where


# Export


@pytest.mark.usefixtures("plans")
def test_a_line_holds_an_event_as_it_is_stored(store):
    rows, lines = log(store.where.service), exported(store)
    assert len(lines) == len(rows) == 6
    assert [row.position for row in rows] == [1, 2, 3, 4, 6, 7]
    for row, line in zip(rows, lines, strict=True):
        assert line.endswith(b',"state":' + row.state + b"}\n")
        assert json.loads(line) == {
            "position": row.position,
            "plan_id": str(row.plan_id),
            "version": row.version,
            "topic": row.topic,
            "state": json.loads(row.state),
        }
    assert "Jäne".encode() not in b"".join(lines)


def test_an_empty_store_is_an_empty_file(store, copy):
    assert exported(store) == []
    assert import_events(copy.where.owner, []) == 0
    assert copy.events.append(commit(uuid4(), 0, note()))[0].position == 1


def test_an_export_is_of_one_moment_and_hinders_nobody(store):
    plan_id = uuid4()
    store.events.append(commit(plan_id, 0, *[note("x" * 1000)] * 1200))
    lines = exported_events(store.datastore)
    first = list(islice(lines, 10))
    assert store.events.append(commit(plan_id, 1200, note("later"))) is not None
    rest = list(lines)
    assert len(first) + len(rest) == 1200
    assert len(exported(store)) == 1201


def test_an_export_takes_no_more_memory_for_more_events(store):
    store.events.append(commit(uuid4(), 0, *[note("x" * 5000)] * 2000))
    tracemalloc.start()
    try:
        count = sum(1 for _ in exported_events(store.datastore))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 2000
    assert peak < 2000 * 5000 / 2


# Import


@pytest.mark.usefixtures("plans")
def test_what_was_exported_comes_back_byte_for_byte(store, copy):
    lines = exported(store)
    assert import_events(copy.where.owner, lines) == 6
    assert log(copy.where.service) == log(store.where.service)
    assert exported(copy) == lines


@pytest.mark.usefixtures("plans")
def test_lines_that_went_through_a_file_of_another_system_are_the_same(store, copy):
    lines = b"".join(exported(store)).replace(b"\n", b"\r\n").rstrip()
    assert import_events(copy.where.owner, lines.splitlines(keepends=True)) == 6
    assert exported(copy) == exported(store)


def test_an_imported_plan_goes_on_where_it_stopped(store, plans, copy):
    import_events(copy.where.owner, exported(store))
    copies = plans_on(copy)
    assert [record.id for record in copies.read(ACME).records] == [record.id for record in plans.read(ACME).records]
    outcome = handle(copies, "write-note", section="plan", text="went on")
    assert outcome.version == 5
    assert [row.position for row in log(copy.where.service)] == [1, 2, 3, 4, 6, 7, outcome.position]


def test_only_an_empty_store_takes_an_import(lines, store):
    store.events.append(commit(uuid4(), 0, note()))
    before = log(store.where.service)
    with pytest.raises(TransferRefused, match=r"There are events in this store already\. Import into an empty one"):
        import_events(store.where.owner, lines)
    assert log(store.where.service) == before


def test_whoever_follows_the_log_sees_an_import_whole(lines, store):
    def slowly():
        for line in lines:
            sleep(0.01)
            yield line

    with followed(store.where.service) as finish:
        import_events(store.where.owner, slowly())
        seen = finish()
    assert seen == log(store.where.service)
    assert len(seen) == 6


def test_who_records_waits_for_an_import_and_comes_after_it(lines, store):
    with ThreadPoolExecutor() as pool:
        waiting = []

        def with_a_writer():
            yield lines[0]
            waiting.append(pool.submit(store.events.append, commit(uuid4(), 0, note("meanwhile"))))
            sleep(0.2)
            assert not waiting[0].done()
            yield from lines[1:]

        assert import_events(store.where.owner, with_a_writer()) == 6
        [record] = waiting[0].result(timeout=60)
        assert record.position > 7


def test_the_service_may_not_import(lines, untouched):
    with pytest.raises(StoreUnavailable, match="permission denied"):
        import_events(untouched.service, lines)
    assert log(untouched.service) == []


def test_a_store_that_is_gone_takes_nothing(untouched):
    with pytest.raises(StoreUnavailable):
        import_events(f"{untouched.owner} dbname=gone", [])


BROKEN = {
    "it is cut off": (lambda line: line[:-20], "it is not of the form"),
    "it is no JSON": (lambda _: b"hello\n", "it is not of the form"),
    "it is two lines in one": (lambda line: line.rstrip() + line, "not that of an event NoteWritten"),
    "its state is no JSON": (lambda line: line.replace(b'"data":{', b'"data":{{'), "not that of an event NoteWritten"),
    "its state lacks a part": (lambda line: line.replace(b'"sealed"', b'"opened"'), "not that of an event NoteWritten"),
    "a field is missing": (lambda line: line.replace(b'"id":"n1",', b""), "not that of an event NoteWritten"),
    "a field is unknown": (lambda line: line.replace(b'"id":"n1",', b'"id":"n1","x":1,'), "not that of an event"),
    "its topic is unknown": (
        lambda line: line.replace(b'"NoteWritten"', b'"NoteSung"'),
        "written by a newer plantrail; install that version. ('NoteSung' at position 3)",
    ),
    "its position is another's": (
        lambda line: line.replace(b'{"position":3,', b'{"position":2,'),
        "position 2 does not come after 2.",
    ),
    "a version is left out": (
        lambda line: line.replace(b'"version":1,', b'"version":2,'),
        "is at version 0 here, so that 1 must follow, not 2.",
    ),
    "its version is no number": (
        lambda line: line.replace(b'"version":1,', b'"version":"1",'),
        "it is not of the form",
    ),
    "it was recorded when nobody recorded": (
        lambda line: line.replace(b'"recorded_at":"2026-01-05T09:00:00', b'"recorded_at":"9999-12-31T23:59:59'),
        "not that of an event NoteWritten",
    ),
    "nobody knows where it was recorded then": (
        lambda line: line.replace(b'"recorded_at":"2026-01-05T09:00:00Z"', b'"recorded_at":"2026-01-05T09:00:00"'),
        "not that of an event NoteWritten",
    ),
    "its number is out of this world": (
        lambda line: line.replace(b'"position":3,', b'"position":%d,' % 10**30),
        "it is not of the form",
    ),
}


@for_each("case", BROKEN)
def test_a_broken_line_is_named_and_nothing_is_imported(lines, untouched, case):
    breaks, complaint = BROKEN[case]
    assert breaks(lines[2]) != lines[2]
    with pytest.raises(TransferRefused) as refused:
        import_events(untouched.owner, [*lines[:2], breaks(lines[2]), *lines[3:]])
    assert str(refused.value).startswith("Line 3: ")
    assert complaint in str(refused.value)
    assert str(refused.value).endswith("Nothing was imported. Import a file as `plantrail export` wrote it.")
    assert log(untouched.service) == []


def test_a_plan_that_goes_back_in_time_is_not_imported(lines, untouched):
    earlier = lines[4].replace(b'"recorded_at":"2026-01-05', b'"recorded_at":"2026-01-04')
    with pytest.raises(TransferRefused, match=r"Line 5: it was recorded at 2026-01-04 .* before the plan's last event"):
        import_events(untouched.owner, [*lines[:4], earlier, lines[5]])
    assert log(untouched.service) == []


# Keys


def name_of(plans, who):
    return plans.read(ACME).state.named("stakeholder", who).name


def test_without_the_keys_everything_works_and_the_words_are_missing(store, plans, copy):
    import_events(copy.where.owner, exported(store))
    copies = plans_on(copy)
    assert (name_of(plans, "cfo"), name_of(copies, "cfo")) == ("Jäne Doe", "[forgotten]")
    handle(copies, "change-sentiment", id="cfo", attitude=1, evidence="she smiled")
    again = plans_on(copy).read(ACME).state.named("stakeholder", "cfo")
    assert (again.name, again.attitude, again.evidence) == ("[forgotten]", 1, "she smiled")


def test_with_the_keys_the_words_are_there(store, plans, copy, tmp_path):
    file = tmp_path / "keys"
    assert export_keys(store.keys, file) == 1
    import_events(copy.where.owner, exported(store))
    assert import_keys(copy.keys, file) == 1
    copies = plans_on(copy)
    assert (name_of(copies, "cfo"), name_of(copies, "cto")) == ("Jäne Doe", "[forgotten]")
    assert [record.event for record in copies.read(ACME).records] == [
        record.event for record in plans.read(ACME).records
    ]
    assert import_keys(copy.keys, file) == 1, "doing it again does no harm"
    assert copy.keys.all() == store.keys.all()


@pytest.mark.usefixtures("plans")
def test_keys_are_written_for_our_eyes_only_and_over_no_other_file(store, tmp_path):
    file = tmp_path / "keys"
    export_keys(store.keys, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [line] = file.read_text().splitlines()
    assert json.loads(line).keys() == {"plan_id", "stakeholder", "key"}
    before = file.read_bytes()
    with pytest.raises(TransferRefused, match=r"File exists\. Choose a new file\."):
        export_keys(store.keys, file)
    assert file.read_bytes() == before


def test_who_was_forgotten_in_the_meantime_stays_forgotten(store, plans, copy, tmp_path):
    file = tmp_path / "keys"
    export_keys(store.keys, file)
    handle(plans, "forget-stakeholder", id="cfo")
    assert import_keys(store.keys, file) == 1
    assert store.keys.of(ACME) == {}
    import_events(copy.where.owner, exported(store))
    import_keys(copy.keys, file)
    assert name_of(plans_on(copy), "cfo") == "[forgotten]"
    assert copy.keys.of(ACME) == {}, "the copy has seen that she was forgotten"


@pytest.mark.usefixtures("plans")
def test_keys_that_come_too_late_replace_none(store, copy, tmp_path):
    file = tmp_path / "keys"
    export_keys(store.keys, file)
    import_events(copy.where.owner, exported(store))
    copies = plans_on(copy)
    handle(copies, "change-sentiment", id="cfo", attitude=1, evidence="she smiled")
    before = copy.keys.all()
    with pytest.raises(AnotherKeyThere, match="import keys before anybody works there"):
        import_keys(copy.keys, file)
    assert copy.keys.all() == before


@pytest.mark.parametrize(
    "broken",
    [b"hello", b"{}", b"[]", b'{"plan_id":"5eed","stakeholder":"cfo","key":"AAAA"}', b'{"plan_id":1,"key":2}'],
)
def test_a_broken_line_of_keys_is_named_and_no_key_is_imported(store, tmp_path, broken):
    file = tmp_path / "keys"
    store.keys.ensure(ACME, ["cfo"])
    export_keys(store.keys, file)
    store.keys.destroy(ACME, "cfo")
    file.write_bytes(file.read_bytes().replace(b"cfo", b"cto") + broken + b"\n")
    with pytest.raises(TransferRefused, match="Line 2 is not of the form"):
        import_keys(store.keys, file)
    assert store.keys.all() == {}


def test_a_file_that_is_not_there_is_named(store, tmp_path):
    with pytest.raises(TransferRefused, match=r"nowhere/keys cannot be read: No such file or directory\."):
        import_keys(store.keys, tmp_path / "nowhere" / "keys")
    with pytest.raises(TransferRefused, match=r"nowhere/keys cannot be written: No such file or directory\."):
        export_keys(store.keys, tmp_path / "nowhere" / "keys")
