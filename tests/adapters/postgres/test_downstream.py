"""The projection that docs/eventsourcing.md shows, run as it stands there: exactly once in effect, however often it is
killed."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, Store
from domain.account_plan.play_states import PlayWon
from tests.documents import document
from tests.forks import PythonProgram
from tests.places import ROOT
from tests.stores import MONDAY, commit, connected, handle, log, note, opened_acme, plans_on, wait_until

DOCUMENT = document("docs/eventsourcing.md")
PLANS, PLAYS = 8, 60


@pytest.fixture
def downstream(postgres: EmbeddedPostgres, store: Store) -> Iterator[str]:
    """Yield the connection string of a role that has the rights the document gives it, and no others."""
    superuser = make_conninfo(postgres.conninfo("superuser"), dbname=conninfo_to_dict(store.where.service)["dbname"])
    (rights,) = DOCUMENT.examples("sql")
    with connected(superuser) as connection:
        connection.execute("CREATE ROLE downstream LOGIN PASSWORD 'secret'")
        connection.execute(rights.encode())
        try:
            yield make_conninfo(store.where.service, user="downstream", password="secret")
        finally:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'downstream'")
            connection.execute("DROP OWNED BY downstream")
            connection.execute("DROP ROLE downstream")


@contextmanager
def running(program: str, log_url: str, own: str) -> Iterator[PythonProgram]:
    """Configured as the document says."""
    where = conninfo_to_dict(own)
    settings = {
        "DATABASE_URL": log_url,
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        **{f"POSTGRES_{name.upper()}": str(where[name]) for name in ("dbname", "host", "user", "password")},
    }
    (shown,) = DOCUMENT.examples("sh")
    assert all(f"{name}=" in shown for name in settings)
    given = settings | {"POSTGRES_PORT": str(where.get("port", 5432)), "PATH": os.environ["PATH"]}
    with PythonProgram(program, env=given | {"PYTHONPATH": str(ROOT)}) as process:
        try:
            yield process
        finally:
            process.kill()


def won(own: str) -> dict[UUID, int]:
    """What the projection has come to."""
    with connected(own) as connection:
        try:
            return dict(connection.execute("SELECT plan_id, won FROM plays_won").fetchall())
        except psycopg.errors.UndefinedTable:
            return {}


def test_the_documented_projection_counts_each_play_once_however_often_it_is_killed(
    store: Store, downstream: str, bare_database: ConnectionStrings
):
    program, own, plans = DOCUMENT.program("plays_won.py"), bare_database.owner, [uuid4() for _ in range(PLANS)]
    body = [line for line in program.splitlines() if line and not line.startswith(("#", "from "))]
    assert len(body) <= 25, "it is short"

    def win(plan_id: UUID, version: int) -> None:
        store.events.append(commit(plan_id, version, note(), PlayWon(id="pilot", finished_on=MONDAY.date())))

    with ThreadPoolExecutor(1) as pool:
        for round in range(3):
            with running(program, downstream, own) as projection:
                counted = sum(won(own).values())
                telling = pool.submit(
                    lambda r=round: [win(plan, 2 * (r * PLAYS // 3 + n)) for n in range(PLAYS // 3) for plan in plans]
                )
                wait_until(lambda so_far=counted: sum(won(own).values()) > so_far + PLANS)
                projection.kill()
            telling.result()
        with running(program, downstream, own):
            wait_until(lambda: sum(won(own).values()) >= PLANS * PLAYS)
    wins = Counter(row.plan_id for row in log(store.where.service) if row.topic == "PlayWon")
    assert won(own) == wins == dict.fromkeys(plans, PLAYS)


@pytest.mark.program
def test_the_documented_program_prints_a_plan_as_it_stands_and_as_it_stood(store: Store, tmp_path: Path):
    plans = opened_acme(plans_on(store))
    play = {"title": "Pilot", "kind": "proof", "owner": "ann", "due_on": "2026-02-02", "success_measure": "less rework"}
    for version in range(4):
        handle(plans, "plan-play", id=f"pilot-{version}", **play)
    handle(plans, "drop-play", id="pilot-1", reason="no time")
    file = tmp_path / "one_plan.py"
    file.write_text(DOCUMENT.program("one_plan.py"))
    given = {"DATABASE_URL": store.where.service, "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    told = [sys.executable, file, "acme"]
    printed = subprocess.run(told, env=given, check=True, capture_output=True, text=True, timeout=60).stdout
    assert printed == "6 pilot-0 pilot-1 pilot-2 pilot-3\n5 pilot-0 pilot-1 pilot-2 pilot-3\n"
