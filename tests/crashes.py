"""Everything is killed again and again while plans go on and others follow them.

Writers say things over HTTP, each with an Idempotency-Key, and ask again until they are answered.  Four subscribers
listen: one pulls, one streams, one has a webhook that often fails, one reads what the relay put into a broker.
Meanwhile the service, the worker of webhooks, the relay, the broker and backends of PostgreSQL end by SIGKILL.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sysconfig
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import nats
import psycopg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, opened
from tests import plain_http
from tests.conftest import KEY
from tests.forks import COMMAND_LINE, PythonProgram
from tests.patience import soon
from tests.receiver import Received, Receiver, Reply, receiving
from tests.stores import OPEN_ACME, log
from tests.webhooks import hooks_of

ROOT = Path(__file__).parents[1]
FASTER = 300
"""Times that the clock of the worker runs faster than ours, for an endpoint is given hours to come back."""
WORKER = f"""
import asyncio, sys
from datetime import UTC, datetime, timedelta
from adapters.postgres.store import ConnectionStrings, opened
from tests.stores import KEY
from tests.webhooks import hooks_of
began = datetime.now(UTC)
def now():
    return began + (datetime.now(UTC) - began) * {FASTER}
with opened(ConnectionStrings(*sys.argv[1:]), KEY) as store:
    async def run():
        await hooks_of(store, patience=0.5).worker(timedelta(seconds=3), now).run()
    asyncio.run(run())
"""


@dataclass
class Program:
    """One that can be killed and started again, in a folder of its own."""

    name: str
    words: list[str]
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    is_python: bool = True
    """Its words are code and arguments; otherwise a command line."""
    process: "PythonProgram | subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with Path(self.folder, f"{self.name}.log").open("ab") as told:
            environment = os.environ | {"PYTHONPATH": str(ROOT)} | self.environment
            begin = partial(PythonProgram, *self.words) if self.is_python else partial(subprocess.Popen, self.words)
            self.process = begin(cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@dataclass
class Channel:
    """What a subscriber was given, in its order."""

    name: str
    ids: list[str] = field(default_factory=list)

    def missing(self, wanted: set[str]) -> set[str]:
        return wanted - set(self.ids)

    @property
    def again(self) -> int:
        """How many were given that had been given before."""
        return len(self.ids) - len(set(self.ids))

    def versions(self) -> dict[str, list[int]]:
        """Of each plan, in the order in which they were given first."""
        found: dict[str, list[int]] = {}
        for id in dict.fromkeys(self.ids):
            plan, _, version = id.partition(":")
            found.setdefault(plan, []).append(int(version))
        return found


@dataclass
class Figures:
    """What happened."""

    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    again: dict[str, int] = field(default_factory=dict)
    longest_outage: float = 0.0
    """Seconds in which no writer was answered."""
    ended: int = 0
    """How often a program ended by itself, because what it needs was away just then, and was started again."""

    def __str__(self) -> str:
        killed = ", ".join(f"{name} {times}" for name, times in sorted(self.kills.items()))
        again = ", ".join(f"{name} {times}" for name, times in self.again.items())
        return (
            f"{self.kills.total()} kills ({killed}); {self.acknowledged} events acknowledged; given again: {again};"
            f" longest outage {self.longest_outage:.1f} s; {self.ended} ended by themselves"
        )


class World:
    """The programs, the writers and the subscribers, until they are stopped."""

    def __init__(self, server: EmbeddedPostgres, folder: Path, receiver: Receiver, random: Random) -> None:
        self.random = random
        self.where = ConnectionStrings(*(server.conninfo(role) for role in ("service", "owner", "keys")))
        self._superuser = server.conninfo("superuser")
        self._folder = folder
        port, broker_port = free_port(), free_port()
        self.url, self.broker_url = f"http://127.0.0.1:{port}", f"nats://127.0.0.1:{broker_port}"
        self.receiver = receiver
        receiver.reply = self.answer_somehow
        self.acknowledged: list[str] = []
        self.answered_at: list[float] = []
        self.pulled, self.streamed, self.pushed, self.relayed = map(Channel, ("pull", "stream", "webhook", "broker"))
        self.faulty = True
        self._ending, self._writers_end = Event(), Event()
        self._lock = Lock()
        self._threads: list[Thread] = []
        self._to_kill: list[str] = []
        self.ended = 0
        self.programs = self._programs(port, broker_port)

    def _programs(self, port: int, broker_port: int) -> dict[str, Program]:
        environment = {
            "PLANTRAIL_HOME": str(self._folder),
            "DATABASE_URL": self.where.service,
            "PLANTRAIL_OWNER_URL": self.where.owner,
            "PLANTRAIL_KEYS_URL": self.where.keys,
            "PLANTRAIL_KEY_ENCRYPTION_KEY": b64encode(b"k" * 32).decode(),  # that of `tests.conftest.KEY`
        }
        configuration = Path(self._folder, "broker.conf")
        configuration.write_text(
            f"listen: 127.0.0.1:{broker_port}\n"
            f"jetstream {{ store_dir: {json.dumps(str(self._folder / 'broker'))}, sync_interval: always }}\n"
        )
        words = {
            "service": [COMMAND_LINE, "serve", "--port", str(port), "--no-worker"],
            "worker": [WORKER, self.where.service, self.where.owner, self.where.keys],
            "relay": [COMMAND_LINE, "relay", "nats", "--url", self.broker_url],
            "broker": [str(Path(sysconfig.get_path("scripts"), "nats-server")), "-c", str(configuration)],
        }
        return {
            name: Program(name, each, self._folder, environment, is_python=name != "broker")
            for name, each in words.items()
        }

    # Writers

    def write(self, number: int) -> None:
        """Open a plan and send one command after the other, repeating each until it is answered."""
        with plain_http.Client(base_url=f"{self.url}/v1", timeout=15) as client:
            account = f"account-{number}"
            self.say(client, "/plans", OPEN_ACME | {"account_id": account})
            said = 0
            while not self._writers_end.is_set():
                said += 1
                note = {"section": "plan", "text": f"note {said}"}
                if said % 5:
                    self.say(client, f"/plans/{account}/write-note", note)
                else:
                    several = [{"command": "write-note", "body": note}] * 3
                    self.say(client, f"/plans/{account}/commands", several)

    def say(self, client: plain_http.Client, path: str, body: Any) -> None:
        headers = {"Idempotency-Key": str(uuid4())}
        while (answer := answered(partial(client.post, path, json=body, headers=headers))) is None:
            sleep(0.05)
        with self._lock:
            self.acknowledged += [event["id"] for event in answer.json()["events"]]
            self.answered_at.append(monotonic())

    # Subscribers

    def pull(self) -> None:
        """Pull events. Sometimes a received page is dropped before the position is stored."""
        cursor = "0"
        with plain_http.Client(base_url=self.url, timeout=10) as client:
            while not self._ending.is_set():
                asked = {"after": cursor, "limit": 100, "timeout": 500}
                answer = answered(partial(client.get, "/v1/events", params=asked))
                if answer is None:
                    sleep(0.05)
                    continue
                ids = [event["id"] for event in answer.json()]
                self.pulled.ids += ids
                if ids and self.random.random() > 0.05:
                    cursor = ids[-1]

    def stream(self) -> None:
        with plain_http.Client(base_url=self.url, timeout=5) as client:
            while not self._ending.is_set():
                last = self.streamed.ids[-1] if self.streamed.ids else "0"
                try:
                    with client.stream("GET", "/v1/events/stream", headers={"Last-Event-ID": last}) as answer:
                        if answer.status_code == 200:
                            self._take_from(answer.iter_lines())
                except httpx.TransportError:
                    pass  # the next attempt is the answer to it
                sleep(0.05)

    def _take_from(self, lines: Iterator[str]) -> None:
        for line in lines:
            name, _, value = line.partition(": ")
            if name == "data":
                self.streamed.ids.append(json.loads(value)["id"])
            if self._ending.is_set():
                return

    def answer_somehow(self, received: Received) -> Reply:
        fate = self.random.random() if self.faulty else 1
        if fate < 0.05:
            return Reply(500)
        if fate < 0.06:
            return Reply(seconds=1)
        if fate < 0.09:
            return Reply(drops=True)
        self.pushed.ids.append(received.id)
        return Reply()

    async def read_broker(self) -> list[str]:
        """Read everything in the stream, in order."""
        ids: list[str] = []
        connection = await nats.connect(self.broker_url, allow_reconnect=False)
        try:
            stream = connection.jetstream()
            wanted = (await stream.stream_info("plans")).state.messages
            everything = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE)
            subscription = await stream.pull_subscribe("plans.>", stream="plans", config=everything)
            while len(ids) < wanted:
                for message in await subscription.fetch(500, timeout=5):
                    ids.append((message.headers or {})["ce-id"])
        finally:
            await connection.close()
        return ids

    # Crashes

    @contextmanager
    def going_on(self, writers: int) -> Iterator[None]:
        for program in self.programs.values():
            program.start()
        for act in [self.pull, self.stream, *(lambda n=n: self.write(n) for n in range(writers))]:
            self._threads.append(Thread(target=act, daemon=True))
            self._threads[-1].start()
        try:
            yield
        finally:
            self._ending.set()
            self._writers_end.set()
            for program in self.programs.values():
                program.kill()

    def go_on_for_a_while(self) -> None:
        """Wait until every writer has been answered a few times, however slow the machine is."""
        wanted = len(self.acknowledged) + self.random.randrange(50)
        wait(lambda: self.look_after_programs() or len(self.acknowledged) > wanted, soon(90))

    def look_after_programs(self) -> None:
        """Start programs that have ended by themselves, as an operator would."""
        for program in self.programs.values():
            if program.process and program.process.poll() is not None:
                program.start()
                self.ended += 1

    def kill_something(self) -> str:
        """Kill all programs in turn, in random order, the service twice per turn."""
        if not self._to_kill:
            self._to_kill = [*self.programs, "service", "backend"]
            self.random.shuffle(self._to_kill)
        name = self._to_kill.pop()
        if name == "backend":
            self._kill_backend()
            return name
        self.programs[name].kill()
        sleep(self.random.uniform(0, 0.5))
        self.programs[name].start()
        return name

    def _kill_backend(self) -> None:
        """Kill a session of PostgreSQL. The server then ends all other processes and recovers from its log."""
        try:
            with psycopg.connect(self._superuser, connect_timeout=5) as connection:
                found = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                ).fetchall()
            if found:
                os.kill(self.random.choice(found)[0], signal.SIGKILL)
        except (psycopg.OperationalError, ProcessLookupError):
            return  # it was not back from the time before

    def settle(self, seconds: float) -> set[str]:
        """Kill nothing more and send nothing new. Returns what was acknowledged, once every subscriber has it."""
        self.faulty = False
        self._writers_end.set()
        deadline = monotonic() + seconds
        for thread in self._threads[2:]:
            thread.join(max(0.0, deadline - monotonic()))
            assert not thread.is_alive(), "a writer is not answered"
        acknowledged = set(self.acknowledged)
        while self._missing(acknowledged) and monotonic() < deadline:
            self.look_after_programs()
            sleep(0.2)
        return acknowledged

    def _missing(self, acknowledged: set[str]) -> bool:
        if any(channel.missing(acknowledged) for channel in (self.pulled, self.streamed, self.pushed)):
            return True
        try:
            self.relayed.ids = asyncio.run(self.read_broker())
        except (OSError, nats.errors.Error):
            return True
        return bool(self.relayed.missing(acknowledged))

    @property
    def channels(self) -> tuple[Channel, ...]:
        return self.pulled, self.streamed, self.pushed, self.relayed


def answered(ask: Callable[[], httpx.Response]) -> httpx.Response | None:
    """None where the service is not there for the moment."""
    try:
        answer = ask()
    except httpx.TransportError:
        return None
    assert answer.is_success or answer.status_code == 503, answer.text
    return answer if answer.is_success else None


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def live_through_crashes(
    server: EmbeddedPostgres, folder: Path, writers: int, seed: int, kills: int, seconds: float = 0
) -> Figures:
    """Kill something so many times, over so many seconds at least, then check everything. What is wrong is raised as an
    `AssertionError`."""
    figures = Figures()
    with receiving() as receiver:
        world = World(server, folder, receiver, Random(seed))
        with opened(world.where, KEY) as store:
            hooks_of(store, receiver).create()
        with world.going_on(writers):
            until = monotonic() + seconds
            while figures.kills.total() < kills or monotonic() < until:
                world.go_on_for_a_while()
                for _ in range(world.random.choice([1, 1, 2])):
                    figures.kills[world.kill_something()] += 1
            world.go_on_for_a_while()
            look_at(world, world.settle(soon(90)), figures)
    return figures


def look_at(world: World, acknowledged: set[str], figures: Figures) -> None:
    for channel in world.channels:
        assert not channel.missing(acknowledged), f"{channel.name} never gave {channel.missing(acknowledged)}"
    rows = log(world.where.service)
    recorded = [f"{row.plan_id}:{row.version}" for row in rows]
    # Every question was asked until it was answered, and under one key a thing is done once.
    assert sorted(recorded) == sorted(acknowledged)
    assert len(world.acknowledged) == len(acknowledged)
    for channel in world.channels:
        assert set(channel.ids) <= set(recorded), f"{channel.name} gave what never happened"
        for plan, versions in channel.versions().items():
            assert versions == list(range(1, len(versions) + 1)), f"{channel.name} gave {plan} out of order"
    for channel in (world.pulled, world.streamed, world.relayed):
        assert list(dict.fromkeys(channel.ids)) == recorded, f"{channel.name} is not in the order of the log"
    gaps = [later - earlier for earlier, later in zip(world.answered_at, world.answered_at[1:], strict=False)]
    figures.acknowledged = len(acknowledged)
    figures.again = {channel.name: channel.again for channel in world.channels}
    figures.longest_outage = max(gaps)
    figures.ended = world.ended


def wait(condition: Callable[[], bool], seconds: float) -> None:
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "it does not come about"
        sleep(0.05)
