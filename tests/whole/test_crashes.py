"""Whatever is killed, nobody who follows a plan misses what was acknowledged."""

import os
from pathlib import Path

import pytest

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.migrations import migrate
from tests.conftest import binaries
from tests.crashes import live_through_crashes


@pytest.fixture
def server(_programs: None, tmp_path_factory: pytest.TempPathFactory):
    """Yield a durable server that only these tests use."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("server"), binaries()) as server:
        migrate(*(server.conninfo(role) for role in ("owner", "service", "keys")))
        yield server


@pytest.mark.torture
def test_nothing_acknowledged_is_missed_by_anybody_whatever_is_killed(server, tmp_path: Path, capsys):
    figures = live_through_crashes(server, tmp_path, writers=6, seed=1, kills=6)
    with capsys.disabled():
        print(f"\n{figures}")


@pytest.mark.torture
def test_nor_in_a_quarter_of_an_hour(server, tmp_path: Path, capsys):
    seconds = float(os.environ.get("TORTURE_SECONDS", "900"))
    figures = live_through_crashes(server, tmp_path, writers=8, seed=2, kills=10, seconds=seconds)
    with capsys.disabled():
        print(f"\n{figures}")
