"""Webhooks on the command line, the worker, and the receiver that docs/webhooks.md shows."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic

import pytest

from adapters.bootstrap.settings import Settings, for_this_machine
from adapters.postgres.store import ConnectionStrings, opened
from tests import plain_http
from tests.adapters.cli.test_cli import environment, plantrail, refused, running
from tests.conftest import KEY
from tests.documents import document
from tests.patience import soon
from tests.receiver import Receiver, Reply, receiving
from tests.stores import wait_until
from tests.webhooks import Hooks, hooks_of

LOOPBACK = "PLANTRAIL_WEBHOOK_LOOPBACK"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def hooks(connection_strings: ConnectionStrings, receiver: Receiver) -> Iterator[Hooks]:
    with opened(connection_strings, KEY) as store:
        yield hooks_of(store, receiver)


@pytest.fixture
def here(connection_strings: ConnectionStrings) -> dict[str, str]:
    return environment(connection_strings) | {LOOPBACK: "true"}


def test_a_webhook_from_its_beginning_to_its_end(hooks: Hooks, receiver: Receiver, here):
    plan = hooks.say("acme", "one")
    made = json.loads(plantrail("webhooks", "create", receiver.url, "--after", "0", "--json", **here).stdout)
    id, short = made["id"], made["id"][:8]
    assert made["secret"].startswith("whsec_")
    other = plantrail("webhooks", "create", receiver.url, "--owner", "kit", **here)
    assert re.search("^whsec_[A-Za-z0-9+/]{43}=$", other.stdout, re.MULTILINE)
    assert "only time the secret is shown" in other.stderr

    receiver.reply = lambda _: Reply(500)
    hooks.work_off()
    receiver.reply = lambda _: Reply()
    assert short in plantrail("webhooks", "list", **here).stdout
    shown = plantrail("webhooks", "show", short, **here).stdout
    assert receiver.url in shown
    assert "failing since" in shown.lower()
    assert made["secret"] not in shown
    assert "500" in plantrail("webhooks", "attempts", short, **here).stdout
    assert "There is none." in plantrail("webhooks", "parked", short, **here).stdout
    assert "paused" in plantrail("webhooks", "pause", short, **here).stdout
    assert "active" in plantrail("webhooks", "resume", short, **here).stdout
    assert "whsec_" in plantrail("webhooks", "rotate-secret", short, **here).stdout
    assert "200" in plantrail("webhooks", "test", short, **here).stdout
    assert "Webhook" in plantrail("webhooks", "replay", short, "--after", "0", **here).stdout
    hooks.work_off()
    assert receiver.versions(plan)[-2:] == [1, 2]
    assert f"Webhook {id} is gone." in plantrail("webhooks", "delete", short, **here).stderr
    for action in ("show", "delete"):
        assert f"0 webhooks begin with “{short}”" in refused("webhooks", action, short, **here)


def test_json_is_what_http_answers(hooks: Hooks, here):
    id, _ = hooks.create()
    hooks.say("acme")
    hooks.work_off()
    for action, page in (("show", hooks.get(id)), ("attempts", hooks.store.webhooks.attempts(id, None))):
        written = plantrail("webhooks", action, str(id), "--json", **here).stdout
        assert json.loads(written) == json.loads(page.model_dump_json())
    listed = json.loads(plantrail("webhooks", "list", "--json", **here).stdout)
    assert [each["id"] for each in listed["items"]] == [str(id)]


def test_a_test_that_does_not_arrive_is_a_failure(hooks: Hooks, receiver: Receiver, here):
    id, _ = hooks.create()
    receiver.answers(Reply(503))
    assert "503" in plantrail("webhooks", "test", str(id), code=1, **here).stdout


def test_what_goes_wrong_is_said_in_words(hooks: Hooks, here):
    create = ("webhooks", "create")
    for words, why in (
        ((*create, "http://example.com/"), "must begin with https://"),
        ((*create, "https://10.1.1.1/"), "not public"),
        ((*create, "http://localhost/", "--type", "play-wun"), "no type of event called “play-wun”"),
        ((*create, "http://localhost/", "--plan", "nowhere"), "no plan “nowhere”"),
        ((*create, "http://localhost/", "--after", "soon"), "A cursor is an event's `id`"),
        (("webhooks", "replay", str(hooks.create()[0])), "Say what to replay"),
    ):
        assert why in refused(*words, **here)
    assert "PLANTRAIL_WEBHOOK_LOOPBACK" in refused(*create, "http://localhost/", **here | {LOOPBACK: "false"})


def test_a_worker_by_itself_pushes_what_is_recorded_and_ends_when_told(hooks: Hooks, receiver: Receiver, here):
    hooks.create()
    plan = hooks.say("acme")
    with running("work", **here) as worker:
        wait_until(lambda: receiver.versions(plan) == [1], 30)
        hooks.say("acme", "two")
        wait_until(lambda: receiver.versions(plan) == [1, 2])
        receiver.reply = lambda _: Reply(hangs=True)
        hooks.say("acme", "three")
        wait_until(lambda: receiver.versions(plan) == [1, 2, 3])
        began = monotonic()
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=60) == 0
        assert monotonic() - began < soon(5.5)


@pytest.mark.torture
@pytest.mark.parametrize(("words", "pushes"), [([], True), (["--no-worker"], False)])
def test_the_service_has_a_worker_unless_it_is_told_not_to(hooks: Hooks, receiver: Receiver, here, words, pushes):
    hooks.create()
    hooks.say("acme")
    port = free_port()
    with running("serve", "--port", str(port), *words, **here) as service:
        wait_until(lambda: answers(port), 30)
        if pushes:
            receiver.reply = lambda received: Reply(hangs=received.version > 1)
            arrived = 'plantrail_webhook_attempts_total{outcome="arrived"} 1.0'
            wait_until(lambda: arrived in plain_http.get(f"http://127.0.0.1:{port}/metrics").text)
            hooks.say("acme", "hangs")
            wait_until(lambda: len(receiver.received) == 2)
        began = monotonic()
        service.send_signal(signal.SIGTERM)
        service.wait(timeout=60)
        assert monotonic() - began < soon(7.5)
    assert bool(receiver.received) is pushes


@pytest.mark.parametrize(("said", "may"), [(None, True), ("true", True), ("false", False)])
def test_the_demo_pushes_to_this_machine_unless_that_is_forbidden(said, may, monkeypatch):
    if said:
        monkeypatch.setenv(LOOPBACK, said)
    assert for_this_machine(Settings()).webhook_loopback is may


def answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


# The receiver that docs/webhooks.md shows


def test_the_documented_receiver_takes_what_is_ours_and_nothing_else(hooks: Hooks, tmp_path):
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    _, secret = hooks.create(address)
    plan = hooks.say("acme", "Budget talks in May")
    program = document("docs/webhooks.md").program("receiver.py")
    assert len(program.splitlines()) <= 30
    file = tmp_path / "receiver.py"
    file.write_text(program)
    given = {"SECRET": secret, "PORT": str(port), "PATH": os.environ["PATH"]}
    with subprocess.Popen([sys.executable, file], env=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as it:
        try:
            wait_until(lambda: answers(port), 20)
            forged = {"webhook-id": f"{plan}:1", "webhook-timestamp": "1", "webhook-signature": "v1,Zm9yZ2Vk"}
            assert plain_http.post(address, json={"id": f"{plan}:1"}, headers=forged).status_code == 400
            hooks.work_off()
            first, second = (it.stdout.readline().decode().split() for _ in range(2))
        finally:
            it.kill()
    assert first[:2] == [f"{plan}:1", "plantrail.plan-opened.v1"]
    assert second[:2] == [f"{plan}:2", "plantrail.note-written.v1"]
    assert hooks.table("webhook_lanes") == []


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
