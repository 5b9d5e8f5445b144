"""The schema is created once, however many processes start at once, and is never taken for an older one."""

import subprocess

import pytest

from adapters.postgres.migrations import SchemaIsNewer, migrate, migrations
from adapters.postgres.store import ConnectionStrings, StoreUnfit, opened
from tests.conftest import KEY
from tests.forks import PythonProgram
from tests.stores import connected, handle, opened_acme, plans_on

MIGRATE_WHEN_TOLD = """
import sys
from adapters.postgres.migrations import migrate
print("ready", flush=True)
sys.stdin.readline()
print(len(migrate(*sys.argv[1:])))
"""
OBJECTS = """
    SELECT n.nspname, c.relname, c.relkind::text, coalesce(c.relacl::text, '') FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname LIKE 'plantrail%'
    UNION ALL
    SELECT n.nspname, p.proname, 'f', md5(p.prosrc) || coalesce(p.proacl::text, '') FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname LIKE 'plantrail%'
    ORDER BY 1, 2, 3
"""


def objects(where):
    with connected(where.owner) as connection:
        return connection.execute(OBJECTS).fetchall()


def test_each_migration_has_a_number_of_its_own():
    numbers = [number for number, _, _ in migrations()]
    assert numbers == sorted(set(numbers))


@pytest.mark.torture
def test_ten_processes_that_start_at_once_on_an_empty_database_all_succeed(bare_database):
    words = (MIGRATE_WHEN_TOLD, bare_database.owner, bare_database.service, bare_database.keys)
    pipe = subprocess.PIPE
    starting = [PythonProgram(*words, stdin=pipe, stdout=pipe, text=True) for _ in range(10)]
    for process in starting:
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        process.stdin.write("go\n")
        process.stdin.flush()
    done = [int(process.communicate(timeout=60)[0]) for process in starting]
    assert [process.returncode for process in starting] == [0] * 10
    assert sorted(done) == [0] * 9 + [len(migrations())]
    with opened(bare_database, KEY) as store:
        assert handle(opened_acme(plans_on(store)), "write-note", section="plan", text="works").version == 2


def test_migrating_again_does_nothing(bare_database):
    first = migrate(bare_database.owner, bare_database.service, bare_database.keys)
    assert first == [f"{number:04} {name}" for number, name, _ in migrations()]
    before = objects(bare_database)
    assert migrate(bare_database.owner, bare_database.service, bare_database.keys) == []
    assert objects(bare_database) == before


def test_a_store_of_a_newer_version_is_left_alone(bare_database):
    migrate(bare_database.owner, bare_database.service, bare_database.keys)
    with connected(bare_database.owner) as connection:
        connection.execute("INSERT INTO plantrail.migrations (number, name) VALUES (9999, 'from_the_future')")
    before = objects(bare_database)
    with pytest.raises(SchemaIsNewer) as newer, opened(bare_database, KEY):
        pass
    assert str(newer.value) == (
        "The store was upgraded by a newer plantrail; install that version, or restore a dump made before."
    )
    assert objects(bare_database) == before


def test_a_migration_that_fails_leaves_nothing_behind(bare_database, monkeypatch):
    broken = [*migrations(), (9999, "broken", "CREATE TABLE plantrail.half (); SELECT 1 / 0")]
    monkeypatch.setattr("adapters.postgres.migrations.migrations", lambda: broken)
    with pytest.raises(Exception, match="division by zero"):
        migrate(bare_database.owner, bare_database.service, bare_database.keys)
    assert objects(bare_database) == []
    monkeypatch.undo()
    assert len(migrate(bare_database.owner, bare_database.service, bare_database.keys)) == len(migrations())


def test_a_store_that_is_up_to_date_opens_without_the_rights_of_its_owner(connection_strings):
    migrate(connection_strings.owner, connection_strings.service, connection_strings.keys)
    assert migrate(connection_strings.service, connection_strings.service, connection_strings.keys) == []


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII", "WIN1252"])
def test_a_database_that_cannot_hold_every_name_is_refused_before_anything_is_made_in_it(postgres, encoding):
    name = f"in_{encoding.lower()}"
    with connected(postgres.conninfo("superuser", "postgres")) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LOCALE 'C'".encode())
        try:
            there = postgres.conninfo("superuser", name)
            where = ConnectionStrings(there, there, there)
            with pytest.raises(StoreUnfit, match=f"{encoding}.*ENCODING 'UTF8'"), opened(where, KEY):
                pass
            assert objects(where) == []
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
