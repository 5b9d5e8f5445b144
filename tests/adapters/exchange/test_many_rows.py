"""A hundred thousand rows, sent to a running service and asked of it: what it and the processes beside it hold of them
stays small, in and out.
"""

import csv
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import psutil
import pyarrow.dataset
import pytest
from python_calamine import CalamineWorkbook

from tests import plain_http
from tests.adapters.cli.test_cli import environment, plantrail, running
from tests.adapters.cli.test_cli_webhooks import answers, free_port
from tests.bench.exchange import ROWS_A_PLAN, write_files
from tests.stores import connected, wait_until

pytestmark = pytest.mark.torture

ROWS = 100_000
MOST_MEGABYTES_MORE = 400
"""By which all processes of the service together may grow: for a moment two follow the log."""
MOST_MEGABYTES_OF_ONE = 250
SECONDS_BETWEEN_LOOKS = 0.3
SECONDS = 3_000
"""Within which each step is done, however busy the machine is."""


@dataclass
class Held:
    """What a service and the processes that it started hold in memory, each page of which counts once."""

    service: psutil.Process
    at_first: float = 0.0
    most: float = 0.0
    most_of_one: Counter[str] = field(default_factory=Counter)

    def look(self) -> None:
        held: dict[str, float] = {}
        for process in [self.service, *self.service.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                held[str(process.pid)] = process.memory_full_info().pss / 1e6
        self.most = max(self.most, sum(held.values()))
        self.at_first = self.at_first or self.most
        for pid, megabytes in held.items():
            self.most_of_one[pid] = max(self.most_of_one[pid], round(megabytes))


@contextmanager
def watched(pid: int) -> Iterator[Held]:
    held, ended = Held(psutil.Process(pid)), threading.Event()
    held.look()

    def look() -> None:
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            held.look()

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield held
    finally:
        ended.set()
        looking.join()


def imported(url: str, file: Path, **asked: Any) -> dict[str, Any]:
    """The status of an import that is over, of which no row failed."""
    options = {"format": file.suffix.removeprefix("."), "dry_run": False} | asked
    with file.open("rb") as sent:
        form = {"data": {"options": json.dumps(options)}, "files": {"file": (file.name, sent)}}
        begun = plain_http.post(f"{url}/v1/imports", **form, timeout=60)
    assert begun.status_code == 202, begun.text
    status: dict[str, Any] = {}

    def over() -> bool:
        with suppress(httpx.TimeoutException):
            status.update(plain_http.get(f"{url}{begun.headers['location']}", timeout=60).json())
        return status.get("state") in ("finished", "refused", "stopped")

    wait_until(over, SECONDS)
    assert (status["state"], status["failed"], status["unprocessed"]) == ("finished", 0, 0), status
    return status


def download(url: str, file: Path) -> None:
    with plain_http.stream("GET", url, timeout=SECONDS) as answer, file.open("wb") as written:
        assert answer.status_code == 200, answer.read()
        for part in answer.iter_bytes():
            written.write(part)


def rows_of(table: Path) -> int:
    if table.suffix == ".xlsx":
        return CalamineWorkbook.from_path(table).get_sheet_by_index(0).height - 1
    with table.open(encoding="utf-8", newline="") as lines:
        return sum(1 for _ in csv.reader(lines)) - 1


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_hundred_thousand_rows_come_in_and_go_out_in_bounded_memory(form, connection_strings, tmp_path, capsys):
    home, port = tmp_path / "files", free_port()
    home.mkdir()
    write_files(home, ROWS)
    given = environment(connection_strings) | {"TMPDIR": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log, running("serve", "--port", str(port), log=log, **given) as service:
        wait_until(lambda: answers(port), 60)
        url = f"http://127.0.0.1:{port}"
        with watched(service.pid) as held:

            @contextmanager
            def measured(step: str) -> Iterator[None]:
                began = monotonic()
                yield
                each = ", ".join(map(str, held.most_of_one.values()))
                with capsys.disabled():
                    print(f"\n{step}: {monotonic() - began:.0f} s; {held.most:.0f} MB of all, {each} MB each", end="")

            with measured("plans in"):
                imported(url, home / "portfolio.csv", kind="portfolio")
            with measured(f"{form} in"):
                rows = imported(url, home / f"actions.{form}", kind="actions", plan_column="Plan")
            assert rows["recorded"] == ROWS
            with measured("tables follow"), connected(connection_strings.service) as connection:
                [last] = connection.execute("SELECT max(notification_id) FROM plantrail.stored_events").fetchone() or [
                    0
                ]
                listed = f"{url}/v1/promises?limit=1&at_least={last}"
                wait_until(lambda: plain_http.get(listed, timeout=60).status_code == 200, SECONDS)
            with measured(f"{form} out"):
                download(f"{url}/v1/promises?format={form}", tmp_path / f"promises.{form}")
            with measured("parquet out"):
                plantrail("export", "parquet", str(tmp_path / "warehouse"), **given)
    assert rows_of(tmp_path / f"promises.{form}") >= ROWS
    events = pyarrow.dataset.dataset(tmp_path / "warehouse" / "events", partitioning="hive")
    assert events.count_rows() == ROWS + ROWS // ROWS_A_PLAN
    assert held.most - held.at_first < MOST_MEGABYTES_MORE, held
    assert max(held.most_of_one.values()) < MOST_MEGABYTES_OF_ONE, held
