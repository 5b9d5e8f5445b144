"""The embedded PostgreSQL comes back after its postmaster was killed, or whoever holds it ends."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, embedded
from tests.conftest import binaries
from tests.forks import PythonProgram
from tests.patience import soon
from tests.stores import wait_until

HOLDS = """
import sys
from pathlib import Path
from threading import Event
from adapters.bootstrap.store import ending_in_order
from adapters.postgres.embedded import keeper
from adapters.postgres.store import embedded
keeper.FIRST_PAUSE_SECONDS, keeper.GIVE_UP_AFTER_SECONDS = 0.2, 1.0
with ending_in_order(), embedded(Path(sys.argv[1]), durable=False):
    print("held", flush=True)
    Event().wait()
"""


@pytest.fixture
def home(_programs: None, tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    EmbeddedPostgres(tmp_path / "home", binaries()).stop(force=True)


def held(home: Path):
    return embedded(home, binaries(), durable=False)


def postmaster(home: Path) -> int:
    return int((home / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def answers(where: ConnectionStrings) -> bool:
    try:
        with psycopg.connect(where.service, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


@contextmanager
def broken(home: Path) -> Iterator[None]:
    """So that it cannot be started."""
    settings = home / "postgres/data/postgresql.conf"
    good = settings.read_text()
    settings.write_text(f"{good}\nunheard_of = 1\n")
    yield
    settings.write_text(good)


def test_a_server_whose_postmaster_was_killed_is_started_again(home):
    with capture_logs() as lines, held(home) as where:
        for _ in range(2):
            os.kill(postmaster(home), signal.SIGKILL)
            wait_until(where.why_down, 30)
            wait_until(lambda: answers(where) and not where.why_down(), 60)
    assert [line["event"] for line in lines] == [
        "embedded PostgreSQL has died",
        "embedded PostgreSQL is back",
    ] * 2


@pytest.mark.torture
def test_of_several_who_hold_it_one_starts_it_again_for_all(home):
    with held(home) as where, held(home) as beside:
        killed = postmaster(home)
        os.kill(killed, signal.SIGKILL)
        wait_until(lambda: where.why_down() or beside.why_down(), 30)
        wait_until(lambda: answers(where) and answers(beside) and not (where.why_down() or beside.why_down()), 60)
        assert postmaster(home) != killed


def test_a_server_that_was_stopped_by_hand_is_left_until_it_is_started(home):
    with capture_logs() as lines, held(home) as where:
        EmbeddedPostgres(home, binaries()).stop(force=True)
        wait_until(where.why_down, 30)
        assert "plantrail db start" in (where.why_down() or "")
        assert not answers(where)
        with EmbeddedPostgres(home, binaries(), durable=False):
            wait_until(lambda: answers(where) and not where.why_down(), 30)
    assert [line["event"] for line in lines] == [
        "embedded PostgreSQL was stopped by hand",
        "embedded PostgreSQL is back",
    ]


@pytest.mark.torture
def test_what_keeps_it_from_starting_is_told_and_it_is_tried_again(home):
    with capture_logs() as lines, held(home) as where:
        with broken(home):
            os.kill(postmaster(home), signal.SIGKILL)
            wait_until(lambda: "cannot be started" in (where.why_down() or ""), 30)
        wait_until(lambda: answers(where) and not where.why_down(), 30)
    events = [line["event"] for line in lines]
    assert events[:2] == ["embedded PostgreSQL has died", "embedded PostgreSQL cannot be started"]
    assert events[-1] == "embedded PostgreSQL is back"


def test_whoever_holds_a_server_that_does_not_come_back_ends_so_that_a_supervisor_can_act(home):
    pipe = subprocess.PIPE
    with PythonProgram(HOLDS, str(home), stdout=pipe, stderr=pipe, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with broken(home):
            begun = monotonic()
            os.kill(postmaster(home), signal.SIGKILL)
            _, told = holder.communicate(timeout=60)
    assert holder.returncode == 1
    assert monotonic() - begun < soon(50)
    assert "unheard_of" in told
