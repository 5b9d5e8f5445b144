"""A store whose disk is full: commands say so, plans are shown, nothing acknowledged is lost, then all goes on."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from adapters.observability.outages import of_the_store
from adapters.postgres.datastore import unavailable, why_unavailable
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, opened
from application.aggregates.ports import StoreFull
from tests.api import assert_problem, served
from tests.conftest import KEY, binaries
from tests.stores import wait_until

MEGABYTES = 160


def test_a_full_disk_is_told_apart_from_a_store_that_is_away():
    with pytest.raises(StoreFull, match="made room"), unavailable():
        raise psycopg.errors.DiskFull("could not extend file")
    outage = of_the_store(why_unavailable(psycopg.errors.DiskFull()))
    assert outage
    assert (outage.begins, outage.ends) == ("store full", "store has room")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", tmp_path], check=False)
    if made.returncode:
        pytest.skip("a small disk can be mounted by root alone")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", tmp_path], check=True)


def fill(file: Path) -> None:
    with suppress(OSError), file.open("wb", buffering=0) as filling:
        while True:
            filling.write(bytes(65_536))


@pytest.mark.torture
@pytest.mark.program
def test_on_a_full_disk_commands_are_refused_and_nothing_acknowledged_is_lost(small_disk):
    with EmbeddedPostgres(small_disk / "home", binaries()) as server:
        where = ConnectionStrings(*(server.conninfo(role) for role in ("service", "owner", "keys")))
        with opened(where, KEY) as store, served(store) as api:
            acme, filling = api.with_a_plan("acme"), small_disk / "filling"
            fill(filling)
            notes = [f"{number} " + "word " * 390 for number in range(400)]
            written = 0
            for note in notes:
                answer = acme.do("write-note", section="plan", text=note)
                if answer.status_code != 200:
                    break
                written += 1
            assert_problem(answer, 503, "store-full")
            assert answer.headers["retry-after"]
            assert acme.view().json()["version"] == 1 + written
            filling.unlink()
            wait_until(lambda: acme.do("write-note", section="plan", text="there is room").status_code == 200)
            assert acme.view().json()["version"] == 2 + written
