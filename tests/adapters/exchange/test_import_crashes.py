"""Imports that are cut short: the service is killed, or the command that sent the file, and the file is sent again."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.store import ConnectionStrings
from tests import plain_http
from tests.adapters.cli.test_cli import environment, plantrail, running
from tests.adapters.cli.test_cli_webhooks import answers, free_port
from tests.stores import OPEN_ACME, log, wait_until

ROWS_OF_A_PLAN, PLANS = 250, ("acme", "birch")
ROWS = ROWS_OF_A_PLAN * len(PLANS)
OPTIONS = {"kind": "actions", "plan_column": "Plan", "dry_run": False}


@contextmanager
def serving(where: ConnectionStrings, temporary: Path) -> Iterator[tuple[str, Any]]:
    port = free_port()
    given = environment(where) | {"TMPDIR": str(temporary)}
    with (
        (temporary / "log").open("ab") as log,
        running("serve", "--port", str(port), "--no-worker", log=log, **given) as service,
    ):
        wait_until(lambda: answers(port), 60)
        yield f"http://127.0.0.1:{port}", service


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with actions of two plans in turn, one in each row."""
    made = tmp_path / "actions.csv"
    with made.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Plan", "Id", "Statement", "Kind", "Owner", "Due on"])
        for number in range(ROWS):
            writer.writerow([PLANS[number % 2], f"a{number}", f"Call number {number}", "task", "ann", "2027-03-31"])
    return made


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def open_plans(url: str) -> None:
    for plan in PLANS:
        plain_http.post(f"{url}/v1/plans", json=OPEN_ACME | {"account_id": plan}).raise_for_status()


def send(url: str, file: Path) -> str:
    """Where the status of the import is."""
    form = {"data": {"options": json.dumps(OPTIONS)}, "files": {"file": ("actions.csv", file.read_bytes())}}
    sent = plain_http.post(f"{url}/v1/imports", **form)
    assert sent.status_code == 202, sent.text
    return f"{url}{sent.headers['location']}"


def added(where: ConnectionStrings) -> Counter[str]:
    """How often each action was added."""
    events = (json.loads(row.state) for row in log(where.service) if row.topic.startswith("ActionAdded"))
    return Counter(str(event["data"]["id"]) for event in events)


def resume(url: str, where: ConnectionStrings, file: Path, results: Path) -> dict[str, Any]:
    """Send the file again from the shell, with the results of every row."""
    words = ["import", "csv", "actions", str(file), "--plan-column", "Plan", "--apply", "--json"]
    status = plantrail(*words, "--results", str(results), **environment(where), PLANTRAIL_URL=url).stdout
    return dict(json.loads(status))


def outcomes(results: Path) -> dict[str, str]:
    with (results / "successful.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == len({row["Id"] for row in rows})
    return {row["Id"]: row["plantrail_outcome"] for row in rows}


@pytest.mark.torture
def test_whatever_is_killed_the_file_sent_again_records_each_row_once(connection_strings, file, temporary, tmp_path):
    left_behind: set[Path] = set()
    for recorded in (0, 150):
        with serving(connection_strings, temporary) as (url, service):
            if not recorded:
                open_plans(url)
            send(url, file)
            wait_until(lambda enough=recorded: added(connection_strings).total() >= enough, 60)
            service.kill()
            service.wait()
        assert recorded <= added(connection_strings).total() <= ROWS
        left_behind |= set(temporary.glob("plantrail-imports-*"))
    assert left_behind
    with serving(connection_strings, temporary) as (url, _):
        words = ["import", "csv", "actions", str(file), "--plan-column", "Plan", "--apply"]
        with running(*words, **environment(connection_strings) | {"PLANTRAIL_URL": url}) as command:
            # It is killed where the file has arrived, and the service goes on by itself.
            wait_until(lambda: any(temporary.glob("plantrail-imports-*/*/sent")) or command.poll() is not None, 60)
            command.kill()
            command.wait()
        status = resume(url, connection_strings, file, tmp_path / "results")
        # What killed processes left of the file, in clear, is gone.
        assert not left_behind & set(temporary.glob("plantrail-imports-*"))
        assert added(connection_strings) == {f"a{number}": 1 for number in range(ROWS)}
        assert (status["rows"], status["done"], status["failed"], status["unprocessed"]) == (ROWS, ROWS, 0, 0)
        assert outcomes(tmp_path / "results").keys() == {f"a{number}" for number in range(ROWS)}
        resume(url, connection_strings, file, tmp_path / "again")
    assert set(outcomes(tmp_path / "again").values()) == {"already there"}
