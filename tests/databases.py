"""Databases for tests: a new one, or one of several that are reused in their initial state."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.sql import SQL, Identifier

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrations import migrate
from adapters.postgres.store import ConnectionStrings

OURS = "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname LIKE 'plantrail%'"
TABLES = f"SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND oid IN ({OURS}) ORDER BY 1"
SEQUENCES = f"SELECT oid::regclass::text FROM pg_class WHERE relkind = 'S' AND oid IN ({OURS}) ORDER BY 1"
# A table that is emptied gets another file, and nothing else.
SHAPE = """
    SELECT md5(string_agg(what, ',' ORDER BY what)) FROM (
        SELECT oid::text || relname::text || relhastriggers || coalesce(relacl::text, '') FROM pg_class
        WHERE relnamespace NOT IN (SELECT oid FROM pg_namespace WHERE nspname IN ('pg_catalog', 'pg_toast'))
          AND relpersistence <> 't'
        UNION ALL SELECT oid::text || tgname || tgenabled::text FROM pg_trigger
        UNION ALL SELECT oid::text || md5(prosrc) FROM pg_proc WHERE oid >= 16384
        UNION ALL SELECT oid::text || nspname::text FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%temp\\_%'
    ) AS everything (what)
"""
OTHERS = "SELECT FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
SECONDS_TO_GO = 3
ELSEWHERE = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


@contextmanager
def database(postgres: EmbeddedPostgres, copied: str = "template1") -> Iterator[ConnectionStrings]:
    """Yield a new database: empty, or a copy of another that nobody uses at the moment."""
    name = f"test_{os.urandom(6).hex()}"
    with psycopg.connect(postgres.conninfo("superuser", "postgres"), autocommit=True) as connection:
        owner = conninfo_to_dict(postgres.conninfo("owner"))["user"]
        create = SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        connection.execute(create.format(*map(Identifier, (name, str(owner), copied))))
        yield ConnectionStrings(
            *(make_conninfo(postgres.conninfo(role), dbname=name) for role in ("service", "owner", "keys"))
        )
        end_sessions(connection, name)
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


class Stores:
    """Databases with an empty store, lent to one test after the other. Emptying one takes a tenth of creating one."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._postgres = postgres
        self._free: list[Reusable] = []

    @contextmanager
    def lend(self) -> Iterator[ConnectionStrings]:
        lent = self._free.pop() if self._free else Reusable(self._postgres)
        yield lent.where
        if lent.is_as_made():
            self._free.append(lent)
        else:
            lent.drop()

    def drop(self) -> None:
        while self._free:
            self._free.pop().drop()


class Reusable:
    """A database that is reused."""

    def __init__(self, postgres: EmbeddedPostgres) -> None:
        self._made = ExitStack()
        self.where = self._made.enter_context(database(postgres))
        migrate(self.where.owner, self.where.service, self.where.keys)
        self._name = str(conninfo_to_dict(self.where.owner)["dbname"])
        superuser = make_conninfo(postgres.conninfo("superuser"), dbname=self._name)
        self._connection = self._made.enter_context(psycopg.connect(superuser, autocommit=True))
        # No trigger fires while rows are removed.
        self._connection.execute("SET session_replication_role = replica")
        self._tables = [name for (name,) in self._connection.execute(TABLES)]
        self._sequences = [name for (name,) in self._connection.execute(SEQUENCES)]
        self._filled = filled(self._connection, self._tables)
        for number, table in enumerate(self._filled):
            self._connection.execute(f"CREATE TEMPORARY TABLE as_made_{number} AS TABLE {table}".encode())
        self._shape = self._connection.execute(SHAPE).fetchone()

    def is_as_made(self) -> bool:
        """Remove every row. Returns False if a test has changed more than rows, or has left a connected program, which
        would continue with what the next test records."""
        try:
            if not are_gone(self._connection, self._name):
                return False
            if self._connection.execute(SHAPE).fetchone() != self._shape:
                return False
            self._empty()
        except psycopg.Error:
            return False
        return True

    def _empty(self) -> None:
        used = sorted({*filled(self._connection, self._tables), *self._filled})
        # For a few rows this is faster than TRUNCATE, which makes new files.
        statements = [f"DELETE FROM {table}" for table in used]
        statements += [f"INSERT INTO {table} TABLE as_made_{number}" for number, table in enumerate(self._filled)]
        statements += [f"ALTER SEQUENCE {sequence} RESTART" for sequence in self._sequences]
        self._connection.execute("; ".join(statements).encode())

    def drop(self) -> None:
        self._made.close()


def are_gone(connection: Connection[TupleRow], database: str) -> bool:
    """Whether everybody else has gone, or goes within a moment: programs that were stopped may be about to."""
    deadline = monotonic() + SECONDS_TO_GO
    while connection.execute(OTHERS, (database,)).fetchall():
        if monotonic() > deadline:
            return False
        sleep(0.002)
    return True


def end_sessions(connection: Connection[TupleRow], database: str) -> None:
    """End all sessions but this one. PostgreSQL itself would check only every tenth of a second."""
    deadline = monotonic() + 5
    while connection.execute(ELSEWHERE, (database,)).fetchall() and monotonic() < deadline:
        sleep(0.002)


def filled(connection: Connection[TupleRow], tables: list[str]) -> list[str]:
    """Return those of the tables that have rows."""
    any_rows = " UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in tables)
    return [name for (name,) in connection.execute(any_rows.encode())]
