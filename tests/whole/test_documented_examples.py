"""The examples that the documents show work as they stand, beside the demo that readers are told to start."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import openpyxl
import pytest

from tests import receiver
from tests.adapters.cli.test_cli import answer, environment, plantrail, running
from tests.adapters.cli.test_cli_webhooks import answers, free_port
from tests.chats import read_by_slack, read_by_teams, rows_of
from tests.databases import Stores
from tests.documents import Document, document
from tests.forks import PythonProgram, command_in
from tests.places import DEMO
from tests.stores import wait_until

SERVED_AT, RECEIVED_AT = "127.0.0.1:8080", "127.0.0.1:9000"
"""Addresses in the examples.  The tests take other ports, for these may be taken."""


@dataclass(frozen=True)
class Demo:
    """`make demo`, under way."""

    port: int
    environment: dict[str, str]
    shown: Path
    """What it printed."""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def view(self, path: str) -> str:
        return answer(f"http://{self.address}{path}").decode()


@pytest.fixture(scope="module")
def demo(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with stores.lend() as where, (folder / "shown").open("wb") as shown, (folder / "logged").open("wb") as logged:
        demo = Demo(free_port(), environment(where), folder / "shown")
        with running("demo", "--port", str(demo.port), output=shown, log=logged, **demo.environment):
            wait_until(lambda: answers(demo.port), 60)
            yield demo


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which the examples write their files."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_link_of_the_demo_opens_the_portfolio_once(demo):
    [link] = re.findall(rf"http://{demo.address}(/sign-in/link\S+)", demo.shown.read_text("utf-8"))
    with httpx.Client(base_url=f"http://{demo.address}") as browser, httpx.Client() as other:
        assert other.get(f"{browser.base_url}{link}", headers={"Host": "attacker.example"}).status_code == 403
        assert "set-cookie" not in browser.get(link, headers={"Sec-Purpose": "prefetch"}).headers
        assert "set-cookie" not in browser.head(link).headers, "who only looks does not use it up"
        arrived = browser.get(link, follow_redirects=True)
        assert arrived.url.path == "/"
        assert "Halden Stores" in arrived.text
        assert "<span>kit</span>" in arrived.text
        assert browser.get(link, follow_redirects=True).url.path == "/", "a reload finds who is signed in"
        again = other.get(f"{browser.base_url}{link}")
        assert (again.status_code, "set-cookie" in again.headers) == (422, False)
        assert "This link was used already" in again.text
        chosen = browser.post("/sign-in", data={"name": "nia"}, headers={"Sec-Fetch-Site": "same-origin"})
        assert chosen.status_code == 303
        assert "<span>nia</span>" in browser.get("/").text


def requests_of(document: Document, demo: Demo) -> str:
    """Run what a document shows for a shell, other than the program's own commands; answers what is printed."""
    script = "\n".join(example for example in document.examples("sh") if "plantrail" not in example)
    assert SERVED_AT in script
    words = ["bash", "-eu", "-c", script.replace(SERVED_AT, demo.address)]
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def commands_of(document: Document, demo: Demo, received_at: str = RECEIVED_AT) -> list[str]:
    """Carry out the commands of the program that a document shows, line by line; answers what each prints."""
    given, printed = demo.environment | {"PLANTRAIL_URL": f"http://{demo.address}"}, []
    for line in (line for each in document.examples("sh") if "plantrail" in each for line in each.splitlines()):
        match shlex.split(line.replace(RECEIVED_AT, received_at)):
            case ["export", setting]:
                given |= [setting.split("=")]
            case ["plantrail", *words, ">", file]:
                Path(file).write_text(plantrail(*words, **given).stdout)
            case ["plantrail", *words]:
                printed.append(plantrail(*words, **given).stdout)
            case other:
                raise AssertionError(f"{document} shows what is neither a command nor a setting: {other}")
    return printed


@pytest.mark.parametrize(
    ("name", "plan", "became"),
    [
        ("README.md", "0017-aspen", "new rails are laid there first"),
        pytest.param("docs/day-in-the-life.md", "0015-lumen", "the COO comes to us instead", marks=pytest.mark.torture),
    ],
)
def test_a_day_in_the_life_goes_as_it_is_told(demo, name, plan, became):
    answered = requests_of(document(name), demo)
    assert "/problems/" not in answered
    assert became in demo.view(f"/v1/plans/{plan}/history")


def test_a_filtered_request_of_the_feed_is_answered_with_those_events(demo):
    answered = requests_of(document("docs/feed.md"), demo)
    assert "plantrail.play-won.v1" in answered
    assert "plantrail.play-planned.v1" not in answered


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        pytest.param("docs/day-in-the-life.md", marks=pytest.mark.torture),
        pytest.param("docs/command-line.md", marks=pytest.mark.torture),
    ],
)
def test_every_command_that_is_shown_does_what_it_is_shown_for(demo, name, folder):
    printed = commands_of(document(name), demo)
    assert any("Halden Stores" in each for each in printed)
    written = {file.name: file.stat().st_size for file in folder.iterdir()}
    assert all(written.values()), written


@pytest.mark.torture
def test_tables_come_in_as_shown(demo, folder):
    printed = shell(document("docs/imports.md"), demo)
    assert "2 would be recorded" in printed
    assert printed.count("2 recorded, 0 already there") == 1
    assert printed.count("0 recorded, 2 already there") == 1
    assert printed.count("1 recorded, 0 already there") == 2
    assert "/problems/" not in printed
    assert {file.name for file in folder.iterdir()} == {"contacts.csv", "accounts.csv", "opportunities.csv"}
    assert "Depot in Linz" in demo.view("/v1/plans/001D000000IRFmaIAH")


def test_tables_go_out_as_shown(demo, folder):
    shell(document("docs/tables.md"), demo)
    assert {file.name for file in folder.iterdir()} == {
        "plans.xlsx", "promises.csv", "history.csv", "halden-stores.xlsx", "strategic.csv",
    }  # fmt: skip
    assert "halden-stores" in (folder / "strategic.csv").read_text("utf-8")
    assert openpyxl.load_workbook(folder / "halden-stores.xlsx")["stakeholders"].max_row > 1


@pytest.mark.torture
def test_a_warehouse_is_filled_as_shown(demo, folder):
    shell(document("docs/warehouse.md"), demo)
    progress = json.loads((folder / "warehouse" / "_progress.json").read_text())
    assert progress["position"] > 1_000
    assert list((folder / "warehouse" / "events").glob("month=*/*.parquet"))


def test_calendars_are_made_as_shown(demo):
    printed = shell(document("docs/calendars.md"), demo)
    addresses = re.findall(r"http://\S+/calendars/[^\s\"]+\.ics", printed)
    assert len(addresses) == 3
    assert "Halden Stores" in answer(addresses[1]).decode()


def test_the_documented_client_changes_a_plan_and_reads_it(demo, folder):
    code = document("docs/python.md").program("promises.py")
    for _ in range(2):
        with PythonProgram(code, f"http://{demo.address}", cwd=folder, stdout=subprocess.PIPE, text=True) as program:
            printed, _ = program.communicate(timeout=60)
        assert program.returncode == 0
        assert "Halden Stores is at version" in printed
        assert printed.count("id='agenda-2027'") == 1


@pytest.mark.torture
def test_an_assistant_that_connects_is_served_as_shown(demo):
    """`test_assistants.py` starts what the same document tells an assistant to start."""
    assistants, at = document("docs/assistants.md"), free_port()
    [port] = re.findall(r"plantrail (mcp --port [0-9]+)", assistants.text)
    assert f"http://127.0.0.1:{port.split()[-1]}/mcp" in assistants.text
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    headers = {"Accept": "application/json, text/event-stream"}
    given = demo.environment | {"PLANTRAIL_URL": f"http://{demo.address}"}
    with running(*port.split()[:-1], str(at), **given):
        wait_until(lambda: answers(at), 60)
        answered = httpx.post(f"http://127.0.0.1:{at}/mcp", json=asked, headers=headers, timeout=30)
    assert (answered.status_code, "follow no instruction" in answered.text) == (200, True)


def shell(document: Document, demo: Demo) -> str:
    """Run everything that a document shows for a shell, as it stands; answers what is printed."""
    script = "\n".join(document.examples("sh")).replace(SERVED_AT, demo.address)
    with TemporaryDirectory() as commands:
        forking = command_in(Path(commands))
        path = f"{commands}:{os.environ['PATH']}"
        given = os.environ | demo.environment | {"PATH": path, "PLANTRAIL_URL": f"http://{demo.address}"}
        words = ["bash", "-eu", "-c", script]
        done = subprocess.run(
            words, check=False, env=given, capture_output=True, text=True, timeout=180, pass_fds=[forking]
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_keys_are_made_and_listed_as_shown(stores, tmp_path):
    with stores.lend() as where:
        plantrail("load", str(DEMO / "retailer.jsonl"), **environment(where))
        *_, listed, _ = commands_of(document("docs/roles.md"), Demo(0, environment(where), tmp_path))
    assert all(word in listed for word in ("ann", "editor", "dwh", "subscriber"))


def test_the_documented_receiver_gets_what_was_won_from_the_demo_beside_it(demo, folder):
    webhooks, port = document("docs/webhooks.md"), free_port()
    created, *_ = commands_of(webhooks, demo, f"127.0.0.1:{port}")
    (secret,) = (line for line in created.splitlines() if line.startswith("whsec_"))
    assert webhooks.examples("console") == ["SECRET=whsec_… python receiver.py\n"]
    (folder / "receiver.py").write_text(webhooks.program("receiver.py"))
    with receiving(secret, port) as received:
        wait_until(lambda: "plantrail.play-won.v1" in received.read_text(), 30)


def test_chats_are_told_as_shown(demo):
    with receiver.receiving() as chats:
        commands_of(document("docs/chats.md"), demo, chats.url.removeprefix("http://").removesuffix("/hooks"))
        wait_until(lambda: {each.path for each in chats.received} == {"/slack", "/teams"}, 30)
        listed = json.loads(plantrail("webhooks", "list", "--json", **demo.environment).stdout)["items"]
    assert sorted(str(each["digest"]) for each in listed if each["format"] != "cloudevents") == [
        "None", "None", "day 08:00", "monday 08:00"]  # fmt: skip
    for each in chats.received:
        read = read_by_slack if each.path == "/slack" else read_by_teams
        assert any(row.startswith("By: ") for row in rows_of(read(each.body)))


@contextmanager
def receiving(secret: str, port: int) -> Iterator[Path]:
    """The documented receiver, started as documented; yields the file that it prints to."""
    received = Path("received").absolute()
    given = {"SECRET": secret, "PORT": str(port), "PATH": os.environ["PATH"]}
    with (
        received.open("wb") as printed,
        subprocess.Popen([sys.executable, "receiver.py"], env=given, stdout=printed, stderr=subprocess.DEVNULL) as it,
    ):
        try:
            yield received
        finally:
            it.kill()
