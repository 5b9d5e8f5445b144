"""The command line: its output, its refusals, and what it leaves behind."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import IO
from urllib.error import URLError
from urllib.request import urlopen

import httpx
import psycopg
import pytest
import typer.testing
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner, Result

from adapters.access.callers import Development
from adapters.bootstrap.http_service import Authentication, http_app
from adapters.bootstrap.store import account_plans
from adapters.cli.commands import app
from adapters.postgres.store import ConnectionStrings, opened
from application.aggregates.ports import CommandContext
from domain.account_plan.plan import plan_id_of
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores, database
from tests.forks import COMMAND_LINE, PythonProgram
from tests.places import ROOT
from tests.stores import say

ACME = plan_id_of("acme")
WORKED = ROOT / "tests" / "scenarios" / "worked-case.jsonl"
OPEN = {"account_id": "globex", "account_name": "Globex", "tier": "growth", "owner": "ben", "currency": "USD"}


# Put together once: it takes longer than most commands.
typer.testing._get_command = cache(typer.testing._get_command)


def plantrail(*words: str, code: int = 0, **environment: str) -> Result:
    """What a command answers.  It ends with this code, and never with a stack trace."""
    result = CliRunner(env=environment).invoke(app, words)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    return result


def refused(*words: str, **environment: str) -> str:
    """What a command that went wrong says on standard error; on standard output it says nothing."""
    result = plantrail(*words, code=1, **environment)
    assert result.stdout == ""
    return " ".join(result.stderr.split())


def environment(where: ConnectionStrings) -> dict[str, str]:
    return {
        "DATABASE_URL": where.service,
        "PLANTRAIL_OWNER_URL": where.owner,
        "PLANTRAIL_KEYS_URL": where.keys,
        "PLANTRAIL_HOME": str(Path(str(conninfo_to_dict(where.service)["host"])).parents[1] / "of-the-command-line"),
        "PLANTRAIL_KEY_ENCRYPTION_KEY": b64encode(KEY.of(1).secret).decode(),
        "COLUMNS": "300",
    }


@pytest.fixture
def empty(connection_strings: ConnectionStrings) -> dict[str, str]:
    """Return an environment with an empty store for one test."""
    return environment(connection_strings)


@pytest.fixture(scope="module")
def told_store(stores: Stores) -> Iterator[ConnectionStrings]:
    """Yield a store in which the worked case was told. Tests must not change it."""
    with stores.lend() as where:
        plantrail("load", str(WORKED), **environment(where))
        yield where


@pytest.fixture
def told(told_store: ConnectionStrings) -> dict[str, str]:
    return environment(told_store)


def written(file: Path, *lines: dict[str, object]) -> str:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return str(file)


def line(command: str, plan: str = "globex", at: str = "2026-01-05T09:00:00Z", **body: object) -> dict[str, object]:
    return {"at": at, "by": "ben", "plan": plan, "command": command, "body": body}


def everything_in(where: ConnectionStrings) -> list[tuple[object, ...]]:
    with psycopg.connect(where.owner) as connection:
        events = connection.execute("SELECT * FROM plantrail.stored_events ORDER BY notification_id").fetchall()
        return events + connection.execute("SELECT * FROM plantrail_keys.person_keys").fetchall()


# Reading


@for_each(
    ("words", "path"),
    [
        ("plan show acme --as-of review:R1", "?as_of=review:R1"),
        ("plan show acme --as-of 2026-03-10", "?as_of=2026-03-10"),
        ("plan history acme", "/history"),
        ("plan history acme --limit 3", "/history?limit=3"),
        ("plan history acme --entity play:exec --actor ann", "/history?entity=play:exec&actor=ann"),
        ("plan history acme --type play-won --from 2026-03-09", "/history?type=PlayWon&from=2026-03-09"),
        ("plan history acme --section plays --to review:R1", "/history?section=plays&to=review:R1"),
        ("plan blame acme --as-of review:R2", "/blame?as_of=review:R2"),
        ("plan blame acme --as-of review:R2 --section plays", "/blame?as_of=review:R2&section=plays"),
        ("plan diff acme --from review:R1 --to review:R2", "/diff?from=review:R1&to=review:R2"),
        ("plan diff acme --to review:R2", "/diff?to=review:R2"),
        ("plan reviews acme --as-of review:R2", "/reviews?as_of=review:R2"),
    ],
)
def test_json_is_what_the_http_view_answers_byte_for_byte(words, path, told, views):
    assert plantrail(*words.split(), "--json", **told).stdout_bytes == views(f"/v1/plans/acme{path}") + b"\n"


def test_the_portfolio_as_json_is_what_the_http_view_answers(told, views):
    written = plantrail("plans", "--json", "--tier", "strategic", "--overdue", **told).stdout_bytes
    assert written == views("/v1/plans?tier=strategic&overdue=true") + b"\n"
    assert [item["account_id"] for item in json.loads(written)["items"]] == ["acme"]


@pytest.fixture(scope="module")
def views(told_store: ConnectionStrings) -> Iterator[Callable[[str], bytes]]:
    """Yield what HTTP answers."""
    with opened(told_store, KEY) as store:
        service = http_app(store, Authentication(Development()), b"secret")

        async def ask(path: str) -> bytes:
            transport = httpx.ASGITransport(service)
            async with (
                service.router.lifespan_context(service),
                httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
            ):
                answered = await client.get(path)
                assert answered.status_code == 200
                return answered.content

        yield lambda path: asyncio.run(ask(path))


@for_each("command", ["show", "history", "blame", "diff", "reviews"])
def test_a_plan_is_found_by_its_own_id_and_by_that_of_its_account(command, told):
    until = ["--to" if command in ("diff", "history") else "--as-of", "review:R2", "--json"]
    by_account, by_id = (plantrail("plan", command, name, *until, **told) for name in ("acme", str(ACME)))
    assert by_account.stdout == by_id.stdout != ""


def test_a_plan_is_shown_as_it_stood_at_a_cut(told):
    shown = plantrail("plan", "show", "acme", "--as-of", "review:R1", **told).stdout
    assert "Acme Manufacturing" in shown
    assert "8 open" in shown
    assert "1 overdue" in shown
    promised = [row for row in shown.splitlines() if " qbr-date " in row or " exec " in row or " sow " in row]
    assert [row.split()[0] for row in promised] == ["2026-02-20", "2026-03-20"]


def test_a_diff_tells_what_became_of_the_promises_who_did_it_and_why(told):
    shown = plantrail("plan", "diff", "acme", "--from", "review:R1", "--to", "review:R2", **told).stdout
    rows = {id: row for row in shown.splitlines() for id in ("exec", "pricing", "pilot") if f" {id}  " in row}
    assert "due on: 2026-03-20 → 2026-04-15" in rows["exec"]
    assert "play won" in rows["pilot"]
    assert all(words in rows["pricing"] for words in ("action dropped", "open → dropped", "ben", "procurement froze"))


def test_a_history_tells_when_who_what_and_why(told):
    shown = plantrail("plan", "history", "acme", "--entity", "action:pricing", **told).stdout
    dropped = next(row for row in shown.splitlines() if "action dropped" in row)
    assert all(words in dropped for words in ("2026-03-14 09:00", "ben", "state: open → dropped", "procurement froze"))


def test_a_history_that_goes_on_says_how_to_read_on(told):
    first = plantrail("plan", "history", "acme", "--limit", "15", **told)
    cursor = first.stderr.partition("--cursor ")[2].partition(",")[0]
    rest = plantrail("plan", "history", "acme", "--cursor", cursor, "--json", **told)
    assert [entry["version"] for entry in json.loads(rest.stdout)["items"]] == [16, 17, 18, 19, 20]


def test_blame_tells_the_event_behind_a_value(told):
    shown = plantrail("plan", "blame", "acme", "--section", "plays", **told).stdout
    assert any(
        all(words in row for words in ("due on", "2026-04-15", "2026-03-19", "ann", "play rescheduled 17"))
        for row in shown.splitlines()
    )


def test_a_file_gets_no_colours_and_words_are_never_taken_for_markup(empty, tmp_path):
    title = "[bold]Pilot[/bold] :smile: [/] of line B"
    play = {"title": title, "kind": "proof", "owner": "ben", "due_on": "2026-02-01", "success_measure": "Less rework"}
    plantrail("load", written(tmp_path / "a.jsonl", line("open-plan", **OPEN), line("plan-play", **play)), **empty)
    shown = plantrail("plan", "show", "globex", **empty).stdout
    assert title in shown
    assert "\x1b" not in shown


@for_each(
    ("words", "says"),
    [
        ("plan show nobody", "There is no plan “nobody”. `plantrail plans` lists those there are."),
        ("plan show acme --as-of 2999-01-01", "2999-01-01 is still to come"),
        ("plan show acme --as-of yesterday", "“yesterday” is not a cut: use now, review:ID"),
        ("plan show acme --as-of 2020-01-01", "there is nothing to show"),
        ("plan diff acme --from review:R2 --to review:R1", "must not be later than the second"),
        ("plan diff acme --to review:R1", "No review was held before; say from which cut"),
        ("plan history acme --cursor x", "This cursor does not come from this list"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(words, says, told):
    assert says in refused(*words.split(), **told)


@for_each(
    ("words", "says"),
    [
        ("plan history acme --type PlayStrated", "did you mean PlayStarted?"),
        ("plan history acme --section weather", "“weather” is not one of summary, overview,"),
        ("plan history acme --section risk", "did you mean “risks”?"),
        ("pack acme canvass", "did you mean “canvas”?"),
        ("plan history acme --entity paly:exec", "“paly” is no kind of thing of a plan; did you mean “play”?"),
        ("plan history acme --entity :exec", "there are action, alignment, cell,"),
        ("plan history acme --entity weather", "there are action, alignment, cell,"),
        ("plan history acme --limit 501", "--limit': must be at most 500"),
        ("plans --tier gold", "“tier” must be one of strategic, growth, enterprise or standard"),
        ("plans --sort colour", "colour"),
        ("import cvs stakeholders contacts.csv", "Did you mean 'csv'?"),
        ("export parqet warehouse", "Did you mean 'parquet'?"),
        ("plans --owner J\udcfcrgen", "“J?rgen” is not UTF-8"),
        ("plan show", "PLAN"),
        ("plant", "plant"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused_with_code_2(words, says, told):
    assert says in in_a_line(plantrail(*words.split(), code=2, **told).stderr)


def in_a_line(framed: str) -> str:
    """What a frame in the terminal says, on one line."""
    return " ".join(framed.replace("│", " ").split())


# Loading

PLAY = {
    "id": "pilot",
    "title": "Pilot",
    "kind": "proof",
    "owner": "ben",
    "due_on": "2026-02-01",
    "success_measure": "Done",
}


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "a.jsonl, line 1: The file holds no command"),
        ([line("open-plan", **OPEN), line("plan-plan")], "a.jsonl, line 2: There is no command “plan-plan”"),
        ([line("open-plan", **OPEN, size=3)], "a.jsonl, line 1: “/body/size” is not a field of open-plan"),
        (
            [line("open-plan", **OPEN), line("start-play", id="tour")],
            "a.jsonl, line 2: “/body/id”: There is no play “tour”",
        ),
        ([line("plan-play", **PLAY)], "a.jsonl, line 1: The plan “globex” is not open yet"),
        (
            [line("open-plan", **OPEN), line("plan-play", at="2026-01-04T00:00:00Z", **PLAY)],
            "a.jsonl, line 2: 2026-01-04T00:00:00+00:00 is before line 1",
        ),
        (
            [
                line("open-plan", **OPEN),
                line("add-stakeholder", id="cfo", name="Jo Dee", level="executive"),
                line("plan-play", plan="acme", **PLAY),
            ],
            "a.jsonl, line 3: 2026-01-05T09:00:00+00:00 is before what the plan “acme” already holds",
        ),
    ],
)
def test_a_scenario_that_is_refused_says_where_and_why_and_changes_nothing(
    lines, says, told, told_store, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = everything_in(told_store)
    assert says in refused("load", written(Path("a.jsonl"), *lines), **told)
    assert everything_in(told_store) == before


def test_of_several_scenarios_all_are_loaded_or_none(empty, connection_strings, tmp_path):
    good = written(tmp_path / "good.jsonl", line("open-plan", **OPEN), line("plan-play", **PLAY))
    bad = written(tmp_path / "bad.jsonl", line("start-play", id="tour"))
    assert "bad.jsonl, line 1" in refused("load", good, bad, **empty)
    assert everything_in(connection_strings) == []
    loaded = plantrail("load", good, str(WORKED), **empty).stdout
    assert "22 commands from 2 files loaded: 22 events in 2 plans." in loaded
    assert any(row.split()[:3] == ["acme", "Acme", "Manufacturing"] for row in loaded.splitlines())


def test_a_store_with_real_events_takes_no_scenario(empty, connection_strings):
    with opened(connection_strings, KEY) as store:
        account_plans(store).handle(
            plan_id_of("globex"), [say("open-plan", **OPEN)], CommandContext("ben", "api", "r", "c")
        )
    assert "holds real events" in refused("load", str(WORKED), **empty)
    assert len(everything_in(connection_strings)) == 1


@pytest.mark.parametrize("file", ["nowhere.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(file, empty, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert refused("load", file, **empty).startswith(f"{file}: ")


# The log as a file


def test_an_exported_log_comes_back_byte_for_byte_with_its_words(empty, postgres, tmp_path):
    with_people = [line("open-plan", **OPEN), line("add-stakeholder", id="cfo", name="Jo Dee", level="executive")]
    log, keys, again = tmp_path / "log.jsonl", tmp_path / "keys.jsonl", tmp_path / "again.jsonl"
    with database(postgres) as other:
        there = environment(other)
        plantrail("load", written(tmp_path / "a.jsonl", *with_people), str(WORKED), **there)
        plantrail("export", "-o", str(log), "--keys", str(keys), **there)
        shown = plantrail("plan", "show", "globex", "--as-of", "version:2", "--json", **there).stdout
    assert "22 events imported, and 1 key." in plantrail("import", str(log), "--keys", str(keys), **empty).stderr
    plantrail("export", "-o", str(again), **empty)
    assert again.read_bytes() == log.read_bytes() == plantrail("export", **empty).stdout_bytes
    assert b"Jo Dee" not in log.read_bytes()
    assert plantrail("plan", "show", "globex", "--as-of", "version:2", "--json", **empty).stdout == shown
    assert "Jo Dee" in shown
    assert "There are events in this store already." in refused("import", str(log), **empty)


@pytest.mark.parametrize("kept", ["log.jsonl", "keys.jsonl"])
def test_an_export_overwrites_nothing(kept, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(kept).write_text("mine")
    assert f"{kept} exists already" in refused("export", "-o", "log.jsonl", "--keys", "keys.jsonl", **told)
    assert [file.name for file in tmp_path.iterdir()] == [kept]
    assert Path(kept).read_text() == "mine"


def test_a_file_is_not_called_what_it_is_not(told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "cannot end in “.csv”" in refused("export", "-o", "log.csv", **told)
    assert "cannot end in “.csv”" in refused("export", "-o", "log.jsonl", "--keys", "keys.csv", **told)
    assert "cannot end in “.pdf”" in refused("audit-bundle", "acme", "-o", "bundle.pdf", **told)
    embedded = {"PLANTRAIL_HOME": str(tmp_path / "home")}
    assert "cannot end in “.docx”" in refused("db", "dump", "d.docx", **embedded)
    words = ["import", "csv", "goals", "goals.csv", "--results", "results.csv"]
    assert "--results names a folder, and “results.csv” is a file." in refused(*words, **embedded)
    assert list(tmp_path.iterdir()) == []


@for_each("words", ["tail --plan acne", "access-events --plan acne", "erasures acne"])
def test_a_list_of_a_plan_that_there_is_not_is_refused(words, told):
    assert refused(*words.split(), **told).startswith("There is no plan “acne”.")


def test_an_import_that_fails_names_the_line_and_leaves_nothing(told, empty, connection_strings, tmp_path):
    log = tmp_path / "log.jsonl"
    lines = plantrail("export", **told).stdout_bytes.splitlines(keepends=True)
    log.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    assert "Line 4: " in refused("import", str(log), **empty)
    assert everything_in(connection_strings) == []


# Looking after the store


def test_the_portfolio_made_anew_is_the_same(told):
    before = plantrail("plans", "--json", **told).stdout
    plantrail("rebuild", **told)
    assert plantrail("plans", "--json", **told).stdout == before


def test_migrate_says_what_it_did_once(bare_database):
    where = environment(bare_database)
    assert "migrated: 0001 the log" in plantrail("migrate", **where).stderr.replace("_", " ")
    assert "migrated" not in plantrail("migrate", **where).stderr


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://ann:secret@127.0.0.1:1/plans", "does not answer"),
        ("plans", "cannot be used: missing"),
    ],
)
def test_a_database_that_cannot_be_used_is_told_in_words_and_without_its_password(url, says):
    told = refused("plans", DATABASE_URL=url)
    assert "The database that DATABASE_URL names" in told
    assert says in told
    assert "secret" not in told


@pytest.mark.parametrize("words", ["start", "stop", "url", "dump x", "restore x"])
def test_with_a_database_of_its_own_nobody_needs_the_embedded_one(words):
    told = refused("db", *words.split(), DATABASE_URL="postgresql://127.0.0.1:1/plans")
    assert told.startswith("DATABASE_URL is set, so the database is not ours.")


def test_a_wrong_key_encryption_key_is_told_in_words(told):
    assert "32 bytes in base64" in refused("plans", **told | {"PLANTRAIL_KEY_ENCRYPTION_KEY": "short"})


# In a home of its own, with the embedded PostgreSQL


@pytest.fixture(scope="module")
def home(_programs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Yield an environment with a database that the command line starts and stops."""
    home = {"PLANTRAIL_HOME": str(tmp_path_factory.mktemp("home")), "COLUMNS": "300"}
    assert "`plantrail db stop` ends it" in plantrail("db", "start", **home).stderr
    yield home
    assert "is stopped" in plantrail("db", "stop", **home).stderr
    assert "is not running now" in plantrail("db", "url", **home).stderr


@pytest.mark.torture
def test_the_demo_shows_a_plan_and_a_diff_and_loads_itself_once(home):
    first, second = (plantrail("demo", "--no-serve", **home).stdout for _ in range(2))
    assert "events in 12 plans." in first
    assert "The plans of the demo are there already." in second
    for shown in (first, second):
        assert "Open promises, by the day they are due" in shown
        assert "from review:m-2026-02" in shown
        assert "opportunity lost" in shown
        listed = {
            row.split("  ")[0].split()[-1] for row in shown.splitlines() if row.split()[-3:-1] == ["strategic", "done"]
        }
        assert {"fjord-freight", "halden-stores"} <= listed
        assert shown.count(" alarm ") + shown.count("\nalarm ") >= 3
        assert "Net retention: 8" in shown
        assert "Sponsor coverage: 2 of 4 strategic accounts on both sides." in shown
    across = plantrail("findings", "--rule", "single-threaded", "--tier", "strategic", "--json", **home).stdout
    items = json.loads(across)["items"]
    assert {each["tier"] for each in items} == {"strategic"}
    assert "fjord-freight" in {each["account_id"] for each in items}
    of_program = json.loads(plantrail("program", "findings", "--json", **home).stdout)
    assert {"list-not-refreshed", "sponsor-share"} <= {each["rule"] for each in of_program["items"]}
    round = plantrail("program", "round", "2026-summer", **home).stdout
    assert re.search(r"pereda-ceramics .* 2 against .* growth .* done", round)
    assert "There is no round “spring”" in refused("program", "round", "spring", **home)
    assert "list committed" in plantrail("program", "history", "--section", "rounds", **home).stdout


@pytest.mark.parametrize(
    "filling", [("load", str(WORKED)), pytest.param(("demo", "--no-serve"), marks=pytest.mark.torture)]
)
def test_a_dump_brings_back_what_was_there_and_begins_a_log_of_its_own(filling, home, tmp_path):
    dump = str(tmp_path / "plans.dump")
    plantrail(*filling, **home)
    before, log = plantrail("plans", "--json", **home).stdout, log_id(home)
    assert "key-encryption-key" in plantrail("db", "dump", dump, **home).stderr
    assert "exists already" in refused("db", "dump", dump, **home)
    [opened, *_] = WORKED.with_name("struck-review.jsonl").read_text().splitlines(keepends=True)
    (later := tmp_path / "later.jsonl").write_text(opened)
    plantrail("load", str(later), **home)
    assert "Say --yes" in refused("db", "restore", dump, **home)
    plantrail("db", "restore", dump, "--yes", **home)
    assert plantrail("plans", "--json", **home).stdout == before
    assert log_id(home) != log
    assert "There is no file" in refused("db", "restore", str(tmp_path / "nothing"), **home)


def test_what_was_restored_by_other_means_begins_a_log_of_its_own_when_told_to(empty, connection_strings):
    def logs() -> list[object]:
        with psycopg.connect(connection_strings.owner) as connection:
            return connection.execute("SELECT id FROM plantrail.log").fetchall()

    before = logs()
    assert "a log of its own" in plantrail("begin-another-log", **empty).stderr
    assert logs() != before


def log_id(home: dict[str, str]) -> object:
    url = plantrail("db", "url", "--role", "owner", **home).stdout.strip()
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT id FROM plantrail.log").fetchone()


def test_the_demo_serves_until_it_is_interrupted_and_says_when_its_port_is_taken(home, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        assert f"Port {port} of 127.0.0.1 is taken" in refused("demo", "--port", port, **home)
    shown, logged = tmp_path / "shown", tmp_path / "logged"
    with (
        shown.open("wb") as output,
        logged.open("wb") as log,
        running("demo", "--port", port, output=output, log=log, **home) as demo,
    ):
        reviews = json.loads(answer(f"http://127.0.0.1:{port}/v1/plans/halden-stores/reviews"))
        assert len(reviews["items"]) > 10
        assert "is taken" in refused("serve", "--port", port, **home)
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=60) == 130
    assert f"curl -s http://127.0.0.1:{port}/v1/plans" in shown.read_text()
    entries = [json.loads(entry) for entry in logged.read_text().splitlines()]
    assert any(entry.get("route") == "/v1/plans/{plan}/reviews" for entry in entries)


def test_whoever_stops_reading_causes_no_complaint(home):
    with running("export", **home) as export:
        assert export.stdout
        export.stdout.readline()
        export.stdout.close()
        assert export.stderr
        assert export.stderr.read() == b""
        assert export.wait(timeout=60) == 0


@contextmanager
def running(
    *words: str, output: IO[bytes] | int = subprocess.PIPE, log: IO[bytes] | int = subprocess.PIPE, **environment: str
) -> Iterator[PythonProgram]:
    given = os.environ | environment
    with PythonProgram(COMMAND_LINE, *words, env=given, stdout=output, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(url: str) -> bytes:
    deadline = monotonic() + 60
    while True:
        try:
            with urlopen(url, timeout=5) as response:
                return bytes(response.read())
        except URLError:
            assert monotonic() < deadline, f"{url} does not answer"
            sleep(0.1)
