"""The feed on the command line, and the consumer that docs/feed.md shows."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.postgres.store import Store
from domain.account_plan.goals import GoalAbandoned
from domain.account_plan.plan import plan_id_of
from tests.adapters.cli.test_cli import environment, plantrail, refused, running
from tests.adapters.http.test_http_feed import listening
from tests.documents import document
from tests.stores import ACME, commit, handle, log, note, opened_acme, plans_on, wait_until


@pytest.fixture
def told(store: Store) -> dict[str, str]:
    """Return an environment in which something was said about Acme and Beta."""
    plans = opened_acme(plans_on(store))
    handle(plans, "add-stakeholder", id="coo", name="Jane Doe", level="executive")
    store.events.append(commit(plan_id_of("beta"), 0, note(), GoalAbandoned(id="g1")))
    store.events.append(commit(ACME, 2, note()))
    return environment(store.where)


def events(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_tail_prints_cloud_events_a_line_each(told):
    printed = events(plantrail("tail", **told).stdout)
    assert [event["sequence"][-2:] for event in printed] == ["01", "02", "03", "04", "05"]
    assert {event["specversion"] for event in printed} == {"1.0"}
    for words, places in (
        (["--after", printed[2]["id"]], [3, 4]),
        (["--after", printed[2]["sequence"]], [3, 4]),
        (["--after", "now"], []),
        (["--type", "note-written"], [2, 4]),
        (["--type", "goal-abandoned", "--type", "plantrail.plan-opened.v1"], [0, 3]),
        (["--plan", "acme", "--after", "1"], [1, 4]),
        (["--plan", str(plan_id_of("beta")), "--type", "note-written"], [2]),
    ):
        assert events(plantrail("tail", *words, **told).stdout) == [printed[place] for place in places], words


def test_words_about_people_are_printed_when_they_are_asked_for(told):
    assert "Jane" not in plantrail("tail", **told).stdout
    assert events(plantrail("tail", "--personal-data", **told).stdout)[1]["data"]["name"] == "Jane Doe"


def test_what_tail_cannot_do_it_says(told):
    assert "A cursor is an event's" in refused("tail", "--after", "yesterday", **told)
    assert "There is no type of event called “play-sung”" in refused("tail", "--type", "play-sung", **told)
    assert "What both have ends at 5" in refused("tail", "--after", "99", **told)


def test_tail_follows_until_it_is_interrupted_and_then_is_quiet(told, store):
    with running("tail", "--follow", "--after", "3", **told) as process:
        assert process.stdout
        printed = [json.loads(process.stdout.readline())["sequence"][-1] for _ in range(2)]
        store.events.append(commit(ACME, 3, note()))
        printed.append(json.loads(process.stdout.readline())["sequence"][-1])
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=60)
    assert (printed, rest, errors, process.returncode) == (["4", "5", "6"], b"", b"", 130)


def test_who_reads_no_more_of_tail_ends_it_quietly(told, store):
    store.events.append(commit(ACME, 3, *[note("x" * 1000)] * 500))
    with running("tail", "--follow", **told) as process:
        assert process.stdout
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr
        assert process.stderr.read() == b""


# The consumer that docs/feed.md shows


def test_the_documented_consumer_loses_nothing_and_takes_nothing_twice_however_often_it_is_killed(store, tmp_path):
    program = document("docs/feed.md").program("consumer.py")
    assert len(program.splitlines()) <= 30
    with listening(store) as feed:
        file = tmp_path / "consumer.py"
        file.write_text(program.replace("http://127.0.0.1:8080", feed.url))
        for _ in range(3):
            feed.record(*[note()] * 700)
            with consuming(file) as consumer:
                wait_until(lambda: consumed(tmp_path) > 0)
                feed.record(*[note()] * 700)
                consumer.kill()
        feed.record(GoalAbandoned(id="g1"))
        with consuming(file) as consumer:
            wait_until(lambda: consumed(tmp_path) == 4201)
            consumer.kill()
    database = sqlite3.connect(tmp_path / "events.db")
    ids = [id for (id,) in database.execute("SELECT id FROM events ORDER BY rowid")]
    database.close()
    assert ids == [f"{row.plan_id}:{row.version}" for row in log(store.where.service)]


def consuming(file: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, file], cwd=file.parent, env={"PATH": os.environ["PATH"]})


def consumed(folder: Path) -> int:
    if not (folder / "events.db").exists():
        return 0
    database = sqlite3.connect(folder / "events.db")
    try:
        [(count,)] = database.execute("SELECT count(*) FROM events")
        return int(count)
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()
