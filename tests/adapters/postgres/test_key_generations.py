"""The key-encryption key is changed while the service runs, and an old one is destroyed when nothing needs it any
more."""

import subprocess
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import psycopg
import pytest

from adapters.postgres.key_generations import BATCH, GenerationInUse
from adapters.postgres.store import opened
from adapters.privacy.key_encryption import GivenKeys, KeyFault, KeyFiles, WrongKeyEncryptionKey
from tests.adapters.cli.test_cli import environment, plantrail, refused
from tests.cases import for_each
from tests.conftest import KEY
from tests.forks import PythonProgram
from tests.stores import ACME, connected, handle, opened_acme, plans_on, wait_until

JANE = {"id": "cfo", "level": "executive", "name": "Jäne Doe"}
ROTATE = """
import sys
from pathlib import Path
from adapters.privacy.key_encryption import KeyFiles
from adapters.postgres.store import ConnectionStrings, opened
with opened(ConnectionStrings(*sys.argv[1:4]), KeyFiles(Path(sys.argv[4]))) as store:
    store.generations.begin()
    print("begun", flush=True)
    store.generations.rewrap(lambda count: print(count, flush=True))
"""


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(connection_strings, folder):
    """Yield a store whose key-encryption keys are files."""
    with opened(connection_strings, KeyFiles(folder)) as store:
        yield store


def many(store, count):
    """Keys of as many people."""
    plan_id = uuid4()
    store.keys.add({(plan_id, f"s{number}"): number.to_bytes(32) for number in range(count)})
    return plan_id


def generations_in_use(where):
    with connected(where.keys) as connection:
        rows = connection.execute(
            "SELECT generation, count(*) FROM plantrail_keys.person_keys WHERE wrapped IS NOT NULL GROUP BY 1"
        )
        return dict(rows.fetchall())


def test_rotated_keys_open_with_the_new_generation_alone_and_what_was_sealed_stays_readable(
    store, connection_strings, folder
):
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", **JANE)
    plan_id, secret = many(store, 2 * BATCH + 1), store.secrets.of("idempotency")
    before = store.keys.all()
    assert store.generations.begin() == 2
    assert store.generations.rewrap() == 2 * BATCH + 3
    assert generations_in_use(connection_strings) == {2: 2 * BATCH + 2}
    store.generations.destroy(1)
    assert sorted(file.name for file in folder.iterdir()) == ["key-encryption-key-2"]
    with opened(connection_strings, KeyFiles(folder)) as next_process:
        assert next_process.keys.all() == before
        assert next_process.keys.of(plan_id)["s7"] == (7).to_bytes(32)
        assert next_process.secrets.of("idempotency") == secret
        assert plans_on(next_process).read(ACME).state.named("stakeholder", "cfo").name == "Jäne Doe"
    assert [(each.generation, each.current, each.wraps) for each in store.generations.all()] == [
        (2, True, 2 * BATCH + 3),
        (1, False, 0),
    ]


def test_a_running_process_takes_up_the_new_generation_and_nothing_is_wrapped_with_the_old_one(
    store, connection_strings, folder
):
    with opened(connection_strings, KeyFiles(folder)) as elsewhere:
        first = elsewhere.keys.ensure(ACME, ["cfo"])
        store.generations.begin()
        store.generations.rewrap()
        store.generations.destroy(1)
        both = elsewhere.keys.ensure(ACME, ["cto"])
        assert both == {**first, "cto": store.keys.of(ACME)["cto"]}
        assert generations_in_use(connection_strings) == {2: 2}


def test_a_generation_begins_when_whoever_wraps_with_the_one_before_has_ended(store, connection_strings):
    store.keys.ensure(ACME, ["cfo"])
    with psycopg.connect(connection_strings.keys) as slow, ThreadPoolExecutor(1) as pool:
        slow.execute("SELECT FROM plantrail_keys.generations WHERE current FOR SHARE")
        slow.execute(
            "INSERT INTO plantrail_keys.person_keys SELECT plan_id, 'cto', generation, wrapped"
            " FROM plantrail_keys.person_keys"
        )
        rotating = pool.submit(store.generations.begin)
        wait_until(lambda: waiting(connection_strings))
        assert not rotating.done()
        slow.commit()
        assert rotating.result() == 2
    assert generations_in_use(connection_strings) == {1: 2}


def waiting(where):
    with connected(where.owner) as connection:
        return connection.execute("SELECT FROM pg_locks WHERE NOT granted").fetchone() is not None


@contextmanager
def rotating(where, folder):
    words = (ROTATE, where.service, where.owner, where.keys, str(folder))
    with PythonProgram(*words, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_rotation_that_was_killed_is_gone_on_with_and_every_key_can_be_read_all_the_while(
    store, connection_strings, folder
):
    plan_id = many(store, 8 * BATCH)
    before = store.keys.all()
    with rotating(connection_strings, folder) as process:
        assert process.stdout.readline() == "begun\n"
        assert process.stdout.readline() == f"{BATCH}\n"
        process.kill()
        process.wait()
    assert store.keys.all() == before
    half_way = generations_in_use(connection_strings)
    assert half_way.keys() == {1, 2}
    with pytest.raises(GenerationInUse, match=r"keys are still wrapped with generation 1\. Complete"):
        store.generations.destroy(1)
    assert store.generations.begin() == 2, "the one that is not complete yet"
    assert store.generations.rewrap() == half_way[1]
    assert generations_in_use(connection_strings) == {2: 8 * BATCH}
    assert store.keys.all() == before
    assert store.keys.of(plan_id).keys() == {f"s{number}" for number in range(8 * BATCH)}


def test_two_who_rotate_at_once_share_the_work(store, connection_strings, folder):
    many(store, 4 * BATCH)
    before = store.keys.all()
    with opened(connection_strings, KeyFiles(folder)) as other, ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda each: each.generations.begin(), (store, other))) == {2}
        assert sum(pool.map(lambda each: each.generations.rewrap(), (store, other))) == 4 * BATCH
    assert store.keys.all() == before


def test_a_key_destroyed_while_keys_are_rotated_stays_destroyed(store, connection_strings):
    plan_id = many(store, 3)
    store.generations.begin()
    store.keys.destroy(plan_id, "s1")
    store.generations.rewrap()
    assert store.keys.of(plan_id).keys() == {"s0", "s2"}
    assert generations_in_use(connection_strings) == {2: 2}


def test_neither_the_current_generation_is_destroyed_nor_one_there_is_not(store):
    store.keys.ensure(ACME, ["cfo"])
    with pytest.raises(GenerationInUse, match="Generation 1 is the current one"):
        store.generations.destroy(1)
    with pytest.raises(GenerationInUse, match="There is no generation 7"):
        store.generations.destroy(7)
    assert store.keys.of(ACME).keys() == {"cfo"}


def test_an_old_copy_of_the_keys_can_be_read_until_its_generation_is_destroyed(store, connection_strings, folder):
    """As a backup has them, or a dead row, or the write-ahead log."""
    store.keys.ensure(ACME, ["cfo"])
    with connected(connection_strings.keys) as connection:
        [[generation, copy]] = connection.execute("SELECT generation, wrapped FROM plantrail_keys.person_keys")
    store.keys.destroy(ACME, "cfo")
    assert len(KeyFiles(folder).of(generation).unwrap("person key", f"{ACME} cfo", copy)) == 32
    store.generations.begin()
    store.generations.rewrap()
    store.generations.destroy(1)
    for keys in (KeyFiles(folder), store.generations._keys):
        with pytest.raises(WrongKeyEncryptionKey, match="generation 1 is missing"):
            keys.of(generation)


def test_a_store_whose_generation_is_missing_is_not_opened(store, connection_strings, folder, tmp_path):
    store.keys.ensure(ACME, ["cfo"])
    store.generations.begin()
    store.generations.rewrap()
    (folder / "key-encryption-key-2").rename(tmp_path / "kept")
    with (
        pytest.raises(WrongKeyEncryptionKey, match="generation 2 is missing"),
        opened(connection_strings, KeyFiles(folder)),
    ):
        pass


# Where keys come from


def test_a_key_is_given_alone_or_with_its_generation():
    one, other = (b64encode(sign * 32).decode() for sign in (b"a", b"b"))
    assert GivenKeys.read(one, "KEY").all().keys() == {1}
    both = GivenKeys.read(f"2:{other}  1:{one}", "KEY")
    assert {generation: key.secret for generation, key in both.all().items()} == {1: b"a" * 32, 2: b"b" * 32}
    assert both.newest() == 2


@for_each("wrong", ["", "short", "x:{}", "1:{} 1:{}", "{} 1:{}", "0:{}", "2:{} short"])
def test_keys_that_are_given_wrongly_are_refused(wrong):
    with pytest.raises(KeyFault, match="KEY must hold"):
        GivenKeys.read(wrong.replace("{}", b64encode(b"a" * 32).decode()), "KEY")


def test_what_is_given_by_the_environment_is_for_the_operator_to_make_and_to_destroy():
    keys = GivenKeys({1: b"k" * 32, 2: b"l" * 32}, "KEY")
    keys.make(2)
    with pytest.raises(KeyFault, match=r"Add a key of generation 3 to KEY of every process.*`openssl rand"):
        keys.make(3)
    with pytest.raises(KeyFault, match=r"given by KEY: take it out of there, destroy every copy"):
        keys.destroy(1)
    keys.destroy(7)


def test_a_destroyed_file_is_overwritten_and_not_made_anew(folder):
    keys = KeyFiles(folder)
    keys.make(2)
    kept = folder / "kept"
    kept.hardlink_to(keys.file(1))
    before = kept.read_bytes()
    keys.destroy(1)
    assert kept.read_bytes() != before
    assert len(kept.read_bytes()) == len(before)
    kept.unlink()
    assert KeyFiles(folder).all().keys() == {2}


# On the command line


@pytest.mark.torture
def test_keys_are_rotated_and_destroyed_on_the_command_line(connection_strings):
    first, second = environment(connection_strings), b64encode(b"s" * 32).decode()
    plantrail("demo", "--no-serve", **first)
    assert "Add a key of generation 2" in refused("keys", "rotate", **first)
    both = first | {"PLANTRAIL_KEY_ENCRYPTION_KEY": f"2:{second} 1:{b64encode(KEY.of(1).secret).decode()}"}
    rotated = plantrail("keys", "rotate", **both).stderr
    assert "wrapped anew. Generation 2 wraps everything now." in rotated
    assert "`plantrail keys destroy-generation 1`" in rotated
    assert "take it out of there" in refused("keys", "destroy-generation", "1", "--yes", **both)
    alone = first | {"PLANTRAIL_KEY_ENCRYPTION_KEY": f"2:{second}"}
    assert "is destroyed here" in plantrail("keys", "destroy-generation", "1", "--yes", **alone).stderr
    assert "is the current one" in refused("keys", "destroy-generation", "2", "--yes", **alone)
    told = plantrail("keys", "generations", **alone).stdout
    assert "current" in told
    assert "destroyed 20" in told
    assert "[forgotten]" not in plantrail("plan", "show", "halden-stores", **alone).stdout
