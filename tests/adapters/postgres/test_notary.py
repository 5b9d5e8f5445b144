"""The notary brings what is recorded under signed checkpoints: everything, in the order of the feed, and each but
once."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from threading import Event
from uuid import UUID

import psycopg
import pytest

from adapters.postgres.notary import MANY, TreeDamaged, Watch
from adapters.postgres.store import begin_another_log, opened
from adapters.postgres.transfer import exported_events, import_events
from adapters.proof.checkpoints import VerifierKey, checkpoint_in
from application.proof.checkpoints import origin_of
from application.proof.leaves import entry_of, leaf_of
from application.proof.merkle import EMPTY_ROOT, includes, root_of
from application.proof.ports import NoCheckpointYet, NotCoveredYet
from tests.conftest import KEY
from tests.proving import LOG_KEY, leaves, more, notary, sealed, told
from tests.stores import connected, log, wait_until

PLAN = UUID("00112233-4455-6677-8899-aabbccddeeff")


def log_id(store):
    with connected(store.where.service) as connection:
        return connection.execute("SELECT id FROM plantrail.log").fetchone()[0]


def test_the_canonical_bytes_of_an_event_are_five_fields_each_after_its_length():
    entry = entry_of(258, PLAN, 3, "NoteWritten", b'{"meta":{}}')
    assert entry == bytes.fromhex(
        "00000008 0000000000000102 00000010 00112233445566778899aabbccddeeff 00000008 0000000000000003"
        "0000000b 4e6f74655772697474656e 0000000b 7b226d657461223a7b7d7d"
    )
    assert leaf_of(258, PLAN, 3, "NoteWritten", b'{"meta":{}}') == sha256(b"\x00" + entry).digest()


def test_an_empty_log_has_a_checkpoint_that_says_so(store):
    with pytest.raises(NoCheckpointYet):
        store.tree.latest()
    kept = sealed(store)
    assert (kept.size, kept.said.root) == (0, EMPTY_ROOT)
    assert store.tree.latest() == kept


def test_everything_that_is_recorded_is_under_the_checkpoint_in_the_order_of_the_feed(store):
    told(store, notes=700)
    kept = sealed(store)
    made = leaves(store.where.service)
    assert (kept.number, kept.size, len(made)) == (1, 703, 703)
    said = checkpoint_in(kept.note, [LOG_KEY.verifier("any")])
    assert said == (origin_of(log_id(store)), 703, root_of(made))
    assert VerifierKey.read(kept.key) == LOG_KEY.verifier(said.origin)


def test_a_tree_that_grows_by_and_by_is_the_one_that_is_made_at_once(store):
    told(store)
    for notes in (0, 1, 252, 1, 300, 0):
        more(store, notes)
        kept = sealed(store)
        assert (kept.size, kept.said.root) == (len(leaves(store.where.service)), root_of(leaves(store.where.service)))
    assert kept.number == 5


def test_where_nothing_was_recorded_nothing_is_signed(store):
    told(store)
    assert sealed(store) == sealed(store)


def test_the_index_of_a_leaf_is_not_the_position_of_its_event(store):
    told(store)
    sealed(store)
    with connected(store.where.service) as connection:
        found = connection.execute(
            "SELECT index, position FROM plantrail.tree WHERE level = 0 ORDER BY index"
        ).fetchall()
    assert found == list(enumerate(row.position for row in log(store.where.service)))
    assert [position - index for index, position in found] == [1, 1, 2]


def test_every_event_is_proven_by_its_canonical_bytes(store):
    told(store, notes=300)
    kept = sealed(store)
    for row in log(store.where.service):
        proof = store.tree.prove(row.plan_id, row.version)
        assert proof.entry == entry_of(*row)
        assert includes(kept.said.root, kept.size, proof.leaf_index, proof.leaf, proof.hashes)


def test_what_is_not_under_a_checkpoint_yet_is_not_proven_and_not_under_an_earlier_one_either(store):
    told(store)
    before = sealed(store)
    more(store, 1)
    last = log(store.where.service)[-1]
    with pytest.raises(NotCoveredYet):
        store.tree.prove(last.plan_id, last.version)
    sealed(store)
    assert store.tree.prove(last.plan_id, last.version).leaf_index == 3
    with pytest.raises(NotCoveredYet):
        store.tree.prove(last.plan_id, last.version, at=before)


def test_the_first_checkpoint_over_an_event_stays_the_first(store):
    told(store)
    first, position = sealed(store), log(store.where.service)[-1].position
    more(store, 1)
    second = sealed(store)
    assert store.tree.first_over(position) == first
    assert store.tree.first_over(log(store.where.service)[-1].position) == second
    assert store.tree.first_over(position + 100) is None


def test_of_many_notaries_at_once_one_seals_each_event(store):
    with opened(store.where, KEY) as other, ThreadPoolExecutor(6) as pool:
        sealing = [pool.submit(sealed, each) for each in (store, other) * 10]
        told(store, notes=200)
        sizes = [future.result().size for future in sealing]
    kept = sealed(store)
    assert sizes[-1] <= kept.size == 203
    assert kept.said.root == root_of(leaves(store.where.service))


def test_a_restored_log_signs_under_another_name_and_its_tree_goes_on(store):
    told(store)
    before = sealed(store)
    begin_another_log(store.where)
    with pytest.raises(NoCheckpointYet):
        store.tree.latest()
    restored = sealed(store)
    assert restored.said == (origin_of(log_id(store)), before.size, before.said.root)
    assert restored.said.origin != before.said.origin
    more(store, 2)
    assert sealed(store).size == before.size + 2


def test_an_imported_log_has_the_same_tree_under_another_name(store, stores):
    told(store, notes=300)
    kept = sealed(store)
    with stores.lend() as where, opened(where, KEY) as copy:
        sealed(copy)
        import_events(where.owner, exported_events(store.datastore))
        imported = sealed(copy)
    assert imported.said[1:] == kept.said[1:]
    assert imported.said.origin != kept.said.origin


def test_nothing_is_signed_on_top_of_a_tree_that_is_not_the_one_that_was_signed(store, postgres):
    told(store)
    sealed(store)
    more(store, 1)
    for damage in (
        "UPDATE plantrail.tree SET hash = sha256(hash) WHERE index = 1",
        "DELETE FROM plantrail.tree WHERE index = 1",
        "DELETE FROM plantrail.checkpoints",
    ):
        with as_superuser(postgres, store) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(damage)
            with pytest.raises(TreeDamaged):
                notary(store).seal()


def as_superuser(postgres, store):
    name = psycopg.conninfo.conninfo_to_dict(store.where.owner)["dbname"]
    return connected(postgres.conninfo("superuser", name))


@pytest.mark.parametrize("table", ["tree", "checkpoints"])
def test_nobody_alters_what_the_notary_wrote(table, store):
    told(store)
    sealed(store)
    for conninfo in (store.where.service, store.where.owner):
        for words in (
            f"DELETE FROM plantrail.{table}",
            f"UPDATE plantrail.{table} SET size = 1",
            f"TRUNCATE plantrail.{table}",
        ):
            with connected(conninfo) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(words.replace("size", "level") if table == "tree" else words)


def test_the_watch_seals_at_once_what_is_much_and_at_the_end_what_is_left(store):
    sealed(store)
    watch = Watch(notary(store), patience=1000, poll=0.01)
    watch.start()
    wait_until(lambda: store.tree.latest())
    more(store, MANY - 1)
    more(store, 1)
    wait_until(lambda: store.tree.latest().size == MANY)
    more(store, 3)
    watch.stop()
    assert store.tree.latest().size == MANY + 3


def test_a_notary_that_stands_still_is_seen(store):
    failed = Event()
    watch = Watch(notary(store), patience=0.05, poll=0.01, failed=failed.set)
    with connected(store.where.owner) as connection:
        connection.execute("ALTER TABLE plantrail.checkpoints RENAME TO out_of_reach")
        watch.start()
        assert failed.wait(5)
        wait_until(lambda: watch.why_unsealed() == "No checkpoint can be made: UndefinedTable.")
        before = watch.seconds_behind()
        wait_until(lambda: watch.seconds_behind() > before + 0.1)
        connection.execute("ALTER TABLE plantrail.out_of_reach RENAME TO checkpoints")
    wait_until(lambda: watch.seconds_behind() < 0.1)
    watch.stop()
    assert watch.error is watch.why_unsealed() is None


def test_the_watch_seals_little_after_a_while(store):
    sealed(store)
    more(store, 1)
    watch = Watch(notary(store), patience=0.05, poll=0.01)
    watch.start()
    wait_until(lambda: store.tree.latest().size == 1)
    watch.stop()
