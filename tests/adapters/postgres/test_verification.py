"""Whatever is altered in a log is found, and an untouched one is as it was signed, also while writing goes on."""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from random import Random

import psycopg
import pytest
from psycopg import Connection

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import Store, begin_another_log, opened
from adapters.postgres.transfer import exported_events, import_events
from adapters.postgres.verification import examine, verify
from adapters.proof.checkpoints import LogKey
from application.proof.checkpoints import NoteRefused
from application.proof.ports import LogAltered
from tests.cases import for_each
from tests.conftest import KEY, database
from tests.forks import PythonProgram
from tests.mutations import MUTATIONS, back_to, checkpoints
from tests.proving import LOG_KEY, more, sealed, told
from tests.stores import connected, log

TRUSTED = [LOG_KEY.verifier("ours")]
NAMED = re.compile(r"position \d|plan [0-9a-f-]{36}|leaf \d|[Cc]heckpoint|hash \d+ of level|index")
WRITE_MUCH = """
import sys
from tests.stores import KEY
from adapters.postgres.store import ConnectionStrings, opened
from tests.proving import more, sealed
with opened(ConnectionStrings(*sys.argv[1:]), KEY) as store:
    print("ready", flush=True)
    for _ in range(15):
        more(store, 40)
        sealed(store)
"""


def verified(store: Store, *elsewhere: str):
    return verify(store.datastore, TRUSTED, elsewhere)


def logged(store: Store) -> str:
    """Six checkpoints over three hundred events, with holes among their positions; the last one's note."""
    told(store, notes=5)
    for notes in (1, 40, 200, 50):
        sealed(store)
        with psycopg.connect(store.where.service) as connection:
            connection.execute("SELECT nextval('plantrail.stored_events_notification_id_seq')")
            connection.rollback()
        more(store, notes)
    return sealed(store).note


@pytest.fixture(scope="module")
def untouched(postgres: EmbeddedPostgres) -> Iterator[tuple[Store, str]]:
    with database(postgres) as where, opened(where, KEY) as store:
        yield store, logged(store)


def test_an_untouched_log_is_as_it_was_signed(untouched):
    store, note = untouched
    found = verified(store, note)
    assert (found.covered, found.not_covered, found.checkpoints) == (299, 0, 5)
    assert found.last
    assert found.last.note == note


def test_every_checkpoint_that_was_kept_elsewhere_agrees(untouched):
    store, _ = untouched
    with connected(store.where.service) as connection:
        notes = [kept.note for kept in checkpoints(connection)]
    assert verified(store, *reversed(notes)).covered == 299


def test_an_empty_store_is_as_nobody_signed_it(store):
    assert verified(store)[:4] == (0, 0, 0, 0)
    sealed(store)
    assert verified(store)[:4] == (0, 0, 0, 1)


def test_what_no_checkpoint_covers_is_counted_and_not_called_covered(store):
    told(store)
    sealed(store)
    more(store, 7)
    found = verified(store)
    assert (found.covered, found.not_covered) == (3, 7)


def tried(store: Store, note: str, postgres: EmbeddedPostgres, times: int, seed: int) -> Counter[str]:
    """So many mutations, each on the untouched log and undone again: how many of each kind.  All are found."""
    random, done = Random(seed), Counter[str]()
    name = psycopg.conninfo.conninfo_to_dict(store.where.owner)["dbname"]
    with connected(postgres.conninfo("superuser", str(name))) as connection:
        kinds = list(MUTATIONS)
        while done.total() < times:
            kind = kinds[done.total() % len(kinds)]
            with connection.transaction(force_rollback=True):
                found = mutated_and_found(connection, kind, random, note)
            done[kind] += found
    assert verified(store, note).covered == 299
    return done


def mutated_and_found(connection: Connection, kind: str, random: Random, note: str) -> int:
    connection.execute("SET LOCAL session_replication_role = replica")
    try:
        with connection.transaction():
            what = MUTATIONS[kind](connection, random)
    except (psycopg.errors.IntegrityError, psycopg.errors.DataError):
        return 0  # the schema does not even let a superuser
    if what is None:
        return 0
    told_of = what_is_found(connection, note)
    assert NAMED.search(told_of), f"{kind}: {what}: {told_of}"
    return 1


def what_is_found(connection: Connection, note: str) -> str:
    try:
        examine(connection, TRUSTED, [note])
    except LogAltered as error:
        return str(error)
    return "nothing"


def test_sixty_random_mutations_are_found_and_named(untouched, postgres):
    done = tried(*untouched, postgres, times=60, seed=23)
    assert done.keys() == MUTATIONS.keys()


@pytest.mark.torture
def test_ten_thousand_random_mutations_are_found_and_named(untouched, postgres):
    done = tried(*untouched, postgres, times=10_000, seed=24)
    assert min(done[kind] for kind in MUTATIONS) > 300


# What is said of it

ALTERED = {
    "UPDATE plantrail.stored_events SET state = state || ' ' WHERE notification_id = {third}": (
        r"The event at position {third} \(plan [0-9a-f-]{{36}}, version \d+\) is not as it was signed\."
    ),
    "DELETE FROM plantrail.stored_events WHERE notification_id = {third}": (
        r"The event at position {third}, the next after 2, is gone\."
    ),
    "DELETE FROM plantrail.stored_events WHERE notification_id >= {third}": (
        r"The log ends at position 2: the event at position {third} and all after it are gone\."
    ),
    "UPDATE plantrail.stored_events SET notification_id = 3 WHERE notification_id = {last}": (
        r"The event at position 3 \(plan .*\) was put in: no tree that was signed has it\."
    ),
    "UPDATE plantrail.tree SET hash = sha256(hash) WHERE level = 0 AND index = 2": r"In the tree, leaf 2 was altered\.",
    "UPDATE plantrail.tree SET hash = sha256(hash) WHERE level = 1": (
        r"In the tree, hash 0 of level 1 was altered or is gone\."
    ),
    "DELETE FROM plantrail.tree WHERE level = 0 AND index = 2": r"In the tree, leaf 2 is gone\.",
    "UPDATE plantrail.tree SET position = 3 WHERE index = 2 AND level = 0": (
        r"In the tree, the position of leaf 2 was altered: it is {third}\."
    ),
    "DELETE FROM plantrail.checkpoints WHERE number = 2": r"Checkpoint 2 is gone\.",
    "DELETE FROM plantrail.checkpoints WHERE number = 5": (
        r"The tree has 299 leaves, but the last checkpoint covers 249"
    ),
    "UPDATE plantrail.checkpoints SET note = replace(note, '=', '') WHERE number = 3": (
        r"Checkpoint 3 is not as it was signed"
    ),
    "UPDATE plantrail.checkpoints SET size = 100 WHERE number = 4": r"Checkpoint 4 is not kept as it was signed\.",
}


@for_each("statement", ALTERED)
def test_the_first_thing_that_is_wrong_is_named(statement, untouched, postgres):
    store, _ = untouched
    rows = log(store.where.service)
    places = {"third": rows[2].position, "last": rows[-1].position}
    name = psycopg.conninfo.conninfo_to_dict(store.where.owner)["dbname"]
    with connected(postgres.conninfo("superuser", name)) as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(statement.format(**places))
        with pytest.raises(LogAltered, match=ALTERED[statement].format(**places)):
            examine(connection, TRUSTED)


def test_an_older_copy_is_found_by_a_checkpoint_that_was_kept_elsewhere_alone(untouched, postgres):
    store, note = untouched
    name = psycopg.conninfo.conninfo_to_dict(store.where.owner)["dbname"]
    with connected(postgres.conninfo("superuser", name)) as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        back_to(connection, checkpoints(connection)[1])
        assert examine(connection, TRUSTED).covered == 9
        with pytest.raises(
            LogAltered, match="covers 299 events, but there are 9: the log was cut off, or an older copy"
        ):
            examine(connection, TRUSTED, [note])


def test_a_checkpoint_that_somebody_else_signed_is_not_taken(untouched):
    store, note = untouched
    with pytest.raises(NoteRefused):
        verified(store, note.replace("plantrail", "plantrial"))
    with pytest.raises(LogAltered, match=r"Checkpoint 1 is not as it was signed: .* name that with --key"):
        verify(store.datastore, [LogKey(b"m" * 32).verifier("ours")])
    assert verify(store.datastore, [LogKey(b"m" * 32).verifier("ours"), *TRUSTED]).covered == 299


# Restored, imported, written to


def test_a_restored_log_agrees_with_what_was_kept_of_the_log_it_was(store):
    told(store, notes=300)
    kept = sealed(store).note
    begin_another_log(store.where)
    more(store, 5)
    sealed(store)
    found = verified(store, kept)
    assert (found.covered, found.checkpoints) == (308, 2)


def test_an_imported_log_agrees_with_what_was_kept_of_the_log_it_was(store, stores):
    told(store, notes=300)
    kept = sealed(store).note
    with stores.lend() as where, opened(where, KEY) as copy:
        import_events(where.owner, exported_events(store.datastore))
        assert verified(copy, kept)[:2] == (0, 303)
        sealed(copy)
        assert verified(copy, kept)[:2] == (303, 0)


def test_an_untouched_log_is_as_it_was_signed_while_another_process_writes(store):
    told(store)
    kept = sealed(store).note
    where = [store.where.service, store.where.owner, store.where.keys]
    with PythonProgram(WRITE_MUCH, *where, stdout=subprocess.PIPE) as writing:
        assert writing.stdout
        assert writing.stdout.readline() == b"ready\n"
        sizes = [verified(store, kept).covered]
        while writing.poll() is None:
            sizes.append(verified(store, kept).covered)
    assert writing.returncode == 0
    assert sizes == sorted(sizes)
    assert verified(store, kept).covered == 603
