"""Reading the log by cursor: nothing is skipped, whatever is filtered out, and no cursor of another log is taken for
ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import Notification
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres import feed
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, Store, begin_another_log, opened
from adapters.postgres.transfer import exported_events, import_events
from application.feed.cursors import NOW, Cursor, CursorGone, cursor
from application.feed.ports import ALL, EventFilter, Page
from domain.account_plan.goals import GoalAbandoned
from domain.account_plan.plan import plan_id_of
from tests.conftest import KEY
from tests.databases import Stores, database
from tests.stores import ACME, commit, handle, log, note, opened_acme, plans_on

BETA, GAMMA, DELTA = map(plan_id_of, ("beta", "gamma", "delta"))
ABANDONED = GoalAbandoned(id="g1")
RARE = EventFilter(topics=frozenset({"GoalAbandoned"}))


def of(*plans: UUID, topics: frozenset[str] | None = None) -> EventFilter:
    return EventFilter(topics, frozenset(map(str, plans)))


def pages(store: Store, wanted: EventFilter, most: int) -> list[Page]:
    """From the first event to the last."""
    read = [store.feed.page(0, wanted, most)]
    while read[-1].next < read[-1].end:
        assert not read[1:] or read[-2].next < read[-1].next
        read.append(store.feed.page(read[-1].next, wanted, most))
    return read


def rows(read: list[Page]) -> list[Notification]:
    return [row for page in read for row in page.rows]


def as_rows(store: Store) -> list[Notification]:
    return [Notification(str(plan_id), *event, position) for position, plan_id, *event in log(store.where.service)]


@pytest.fixture(scope="module")
def told(stores: Stores) -> Iterator[Store]:
    """Yield a store with sixty events of three plans, one of a rare type and another one, with holes among the
    positions. Tests must not change it."""
    with stores.lend() as where, opened(where, KEY) as store:
        for version in range(0, 20, 4):
            for plan_id in (ACME, BETA, GAMMA):
                store.events.append(commit(plan_id, version, *[note()] * 4))
            with store.datastore.connection() as connection, connection.transaction(force_rollback=True):
                connection.execute("SELECT nextval('plantrail.stored_events_notification_id_seq')")
        store.events.append(commit(BETA, 20, ABANDONED))
        store.events.append(commit(ACME, 20, note()))
        yield store


# Pages


@pytest.mark.parametrize("most", [1, 7, 62, 1000])
def test_page_by_page_the_whole_log_is_read_in_its_order(told, most):
    read = pages(told, ALL, most)
    assert rows(read) == as_rows(told)
    assert read[-1].next == read[-1].end == as_rows(told)[-1].id


WANTED = [RARE, of(BETA), of(ACME, GAMMA), of(BETA, topics=frozenset({"GoalAbandoned"})), of(DELTA)]


@pytest.mark.parametrize("few", [20, 0])
@pytest.mark.parametrize("most", [1, 7, 1000])
@pytest.mark.parametrize("wanted", WANTED)
def test_of_what_is_wanted_nothing_is_skipped_however_little_a_page_looks_at(told, wanted, most, few, monkeypatch):
    monkeypatch.setattr(feed, "MOST_LOOKED_AT", 5)
    monkeypatch.setattr(feed, "FEW_PLANS", few)
    read = pages(told, wanted, most)
    assert rows(read) == [row for row in as_rows(told) if wanted.includes(row.topic, str(row.originator_id))]
    assert read[-1].next == as_rows(told)[-1].id


@pytest.mark.parametrize("wanted", [ALL, of(BETA), EventFilter(frozenset({"NoteWritten"}))])
def test_a_page_ends_with_the_event_that_comes_to_more_bytes_than_it_may_have(told, wanted, monkeypatch):
    whole = rows(pages(told, wanted, 1_000))
    monkeypatch.setattr(feed, "MOST_BYTES", 2_000)
    read = pages(told, wanted, 1_000)
    assert rows(read) == whole
    sizes = [[len(row.state) for row in page.rows] for page in read]
    assert len(sizes) > 2
    assert all(sum(page[:-1]) < 2_000 <= sum(page) for page in sizes[:-1])
    monkeypatch.setattr(feed, "MOST_BYTES", 1)
    assert len(told.feed.page(0, wanted, 1_000).rows) == 1


def test_what_is_rare_is_not_looked_for_in_the_whole_log_at_once(told, monkeypatch):
    monkeypatch.setattr(feed, "MOST_LOOKED_AT", 10)
    first = told.feed.page(0, RARE)
    assert first.rows == []
    assert first.next == as_rows(told)[9].id < first.end


def test_a_page_after_the_last_event_is_empty_and_goes_on_from_where_it_was(told):
    end = as_rows(told)[-1].id
    for wanted in (ALL, RARE, of(ACME)):
        page = told.feed.page(end, wanted)
        assert (page.rows, page.next, page.end) == ([], end, end)
    assert told.feed.page(NOW).next == end


def test_an_empty_log_has_an_empty_page(store):
    assert store.feed.page(0) == Page(log_id(store), [], 0, 0)


def log_id(store: Store) -> UUID:
    with store.datastore.connection() as connection:
        [(found,)] = connection.execute("SELECT id FROM plantrail.log").fetchall()
    return UUID(str(found))


def test_the_keys_that_are_there_come_with_the_page(store):
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", id="coo", name="Jane Doe", level="executive")
    handle(plans, "add-stakeholder", id="cfo", name="Max Roe", level="executive")
    handle(plans, "forget-stakeholder", id="cfo")
    read = store.feed.page(0).rows
    assert store.keys.of_events(read) == {str(ACME): {"coo": store.keys.of(ACME)["coo"]}}
    assert store.keys.of_events(read[:1]) == {}


# Cursors


def test_a_cursor_is_the_id_or_the_sequence_of_an_event(told):
    for row in as_rows(told)[::9]:
        for text in (str(row.id), f"{row.id:020}", f"{row.originator_id}:{row.originator_version}"):
            for source in (None, str(log_id(told)), f"/logs/{log_id(told)}"):
                assert told.feed.position(cursor(text, source)) == row.id
    assert told.feed.position(cursor("0")) == 0
    assert told.feed.position(cursor("now")) == as_rows(told)[-1].id


@pytest.mark.parametrize("text", [f"{ACME}:22", f"{DELTA}:1", f"{10**15}", f"{2**63 - 1}"])
def test_a_cursor_that_was_never_given_here_is_gone(told, text):
    with pytest.raises(CursorGone) as gone:
        told.feed.page(cursor(text))
    assert gone.value.last_common == as_rows(told)[-1].id


def test_a_cursor_of_a_log_nobody_knows_has_nothing_in_common_with_this_one(told):
    with pytest.raises(CursorGone) as gone:
        told.feed.page(cursor("3", str(uuid4())))
    assert gone.value.last_common == 0


# Another log


@contextmanager
def restored(postgres: EmbeddedPostgres, original: ConnectionStrings) -> Iterator[Store]:
    """A dump of a store that nobody uses at the moment, restored beside it."""
    with database(postgres, str(conninfo_to_dict(original.owner)["dbname"])) as where:
        begin_another_log(where)
        with opened(where, KEY) as copy:
            yield copy


def record(store: Store, times: int = 1) -> list[Notification]:
    """Something more is recorded on the plan of Acme; its events."""
    version = max((row.originator_version for row in as_rows(store)), default=0)
    store.events.append(commit(ACME, version, *[note("went on")] * times))
    return as_rows(store)[-times:]


def test_a_cursor_of_the_log_a_dump_was_made_of_is_told_where_they_parted(postgres, bare_database):
    with opened(bare_database, KEY) as store:
        common = record(store, 3)
        source = str(log_id(store))
    with restored(postgres, bare_database) as copy, opened(bare_database, KEY) as store:
        theirs, ours = record(store, 4), record(copy, 9)
        assert log_id(copy) != log_id(store)
        assert not {row.id for row in theirs} & {row.id for row in ours}
        for row in common:
            assert copy.feed.position(cursor(str(row.id), source)) == row.id
            assert copy.feed.position(cursor(f"{row.originator_id}:{row.originator_version}", source)) == row.id
        for row in theirs:
            for gone in (cursor(str(row.id)), cursor(f"{row.id}", source), cursor(id_of(row), source)):
                assert parted_at(copy, gone) == common[-1].id
        for row in ours:
            assert copy.feed.position(cursor(str(row.id))) == row.id
            assert parted_at(store, cursor(str(row.id))) == theirs[-1].id
        assert rows(pages(copy, ALL, 2)) == common + ours
        assert rows(pages(copy, of(ACME), 2)) == common + ours


def test_a_log_that_was_empty_when_they_parted_has_nothing_in_common_with_the_other(connection_strings):
    begin_another_log(connection_strings)
    with opened(connection_strings, KEY) as store:
        record(store, 2)
        for gone in ("1", f"{ACME}:6", f"{2**63 - 1}"):
            assert parted_at(store, cursor(gone)) == 0


def test_what_was_restored_twice_knows_where_it_parted_from_each(postgres, bare_database):
    with opened(bare_database, KEY) as store:
        record(store, 3)
        first = str(log_id(store))
    begin_another_log(bare_database)
    with opened(bare_database, KEY) as store:
        later = record(store, 2)[-1].id
        second = str(log_id(store))
    with restored(postgres, bare_database) as third:
        ours = record(third)[0].id
        assert parted_at(third, cursor(str(ours), first)) == 3
        assert parted_at(third, cursor(str(ours), second)) == later
        assert third.feed.position(cursor(str(later), second)) == later
        assert parted_at(third, cursor("4")) == 3
        assert parted_at(third, cursor(str(later + 1))) == later


def test_an_import_goes_on_at_positions_of_its_own(store, stores):
    common = record(store, 3)
    lines = list(exported_events(store.datastore))
    theirs = record(store, 2)
    with stores.lend() as where, opened(where, KEY) as copy:
        import_events(where.owner, lines)
        ours = record(copy, 3)
        assert rows(pages(copy, ALL, 2)) == common + ours
        assert parted_at(copy, cursor(str(theirs[1].id))) == common[-1].id
        assert copy.feed.position(cursor(str(ours[1].id))) == ours[1].id


def id_of(row: Notification) -> str:
    return f"{row.originator_id}:{row.originator_version}"


def parted_at(store: Store, of_another_log: Cursor) -> int:
    with pytest.raises(CursorGone) as gone:
        store.feed.page(of_another_log)
    return gone.value.last_common
