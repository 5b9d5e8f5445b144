"""Witnesses: parties outside the store that receive every checkpoint. With their copies, a log that was truncated or
rewritten is detected.

A witness that cannot be reached delays nobody. It is tried again and then receives the latest checkpoint, which covers
all earlier ones.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Protocol
from urllib.parse import urlsplit

import httpx
import nats
import structlog
from nats.errors import Error as NatsError

from adapters.access.tls_trust import public_authorities
from application.aggregates.ports import StoreUnavailable
from application.proof.checkpoints import claimed, notes_in
from application.proof.ports import NotCoveredYet, WitnessRecord
from application.webhooks.signatures import signed

POLL = 1.0
FIRST_RETRY, LAST_RETRY = 5.0, 300.0
WITNESS_TIMEOUT_SECONDS = 10.0
TEXT = "text/plain; charset=utf-8"

logger = structlog.get_logger("plantrail.witnesses")


class NotWitnessed(Exception):
    """Why a witness did not receive a checkpoint."""


class Witness(Protocol):
    @property
    def name(self) -> str:
        """Where it is, for people to read: nothing secret is part of it."""

    def tell(self, note: str) -> None:
        """Send a checkpoint. Sending the same one twice has no further effect. Raises `NotWitnessed`."""


@dataclass(frozen=True)
class FileWitness:
    """A file to which each checkpoint is appended, possibly on write-once storage."""

    file: Path

    @property
    def name(self) -> str:
        return f"file://…/{self.file.name}"

    def tell(self, note: str) -> None:
        try:
            known = list(notes_in(self.file.read_text("utf-8"))) if self.file.exists() else []
            if note not in known[-1:]:
                with self.file.open("a", encoding="utf-8") as stream:
                    stream.write(("\n" if known else "") + note)
        except OSError as error:
            raise NotWitnessed(type(error).__name__) from error


@dataclass(frozen=True)
class WebhookWitness:
    """A URL to which each checkpoint is posted, signed like webhooks. The id is the digest of the note."""

    url: str
    secret: bytes
    now: Callable[[], datetime]

    @property
    def name(self) -> str:
        return _without_secrets(self.url)

    def tell(self, note: str) -> None:
        body = note.encode()
        headers = signed([self.secret], sha256(body).hexdigest(), self.now(), body) | {"Content-Type": TEXT}
        try:
            answer = httpx.post(
                self.url,
                content=body,
                headers=headers,
                verify=public_authorities(),
                timeout=WITNESS_TIMEOUT_SECONDS,
                trust_env=False,
            )
        except httpx.HTTPError as error:
            raise NotWitnessed(type(error).__name__) from error
        if not answer.is_success:
            raise NotWitnessed(f"it answered {answer.status_code}")


@dataclass(frozen=True)
class NatsWitness:
    """A subject that a JetStream stream stores: `nats://host:port/subject`."""

    url: str

    @property
    def name(self) -> str:
        return f"{_without_secrets(self.url)}{urlsplit(self.url).path}"

    def tell(self, note: str) -> None:
        try:
            asyncio.run(asyncio.wait_for(self._publish(note.encode()), WITNESS_TIMEOUT_SECONDS))
        except (NatsError, OSError, TimeoutError) as error:
            raise NotWitnessed(type(error).__name__) from error

    async def _publish(self, body: bytes) -> None:
        where = urlsplit(self.url)
        client = await nats.connect(f"{where.scheme}://{where.netloc}", allow_reconnect=False, error_cb=_quietly)
        try:
            headers = {"Nats-Msg-Id": sha256(body).hexdigest(), "Content-Type": TEXT}
            await client.jetstream().publish(where.path.lstrip("/"), body, headers=headers)
        finally:
            await client.close()


def _without_secrets(url: str) -> str:
    """Return scheme and host: a path or a user may be secret."""
    where = urlsplit(url)
    return f"{where.scheme}://{where.hostname or ''}{f':{where.port}' if where.port else ''}"


async def _quietly(_: Exception) -> None:
    """Ignore background errors, because sending the checkpoint raises them too."""


class Telling:
    """Sends each new checkpoint to the witnesses, in its own thread."""

    def __init__(
        self,
        witnesses: Sequence[Witness],
        latest: Callable[[], str],
        poll: float = POLL,
        failed: Callable[[], object] = lambda: None,
        record: WitnessRecord | None = None,
    ) -> None:
        """`latest` returns the note of the latest checkpoint; it may raise `NotCoveredYet` or `StoreUnavailable`.
        `failed` is called each time a witness could not be reached. `record` keeps what is known of each."""
        self._latest = latest
        self._poll = poll
        self._record = record
        self._names = [witness.name for witness in witnesses]
        self._lines = [
            Line(witness, partial(self._failed, witness.name, failed), partial(self._told, witness.name))
            for witness in witnesses
        ]
        self._stopping = Event()
        self._thread = Thread(target=self._tell, name="witnesses", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop. Before that, send the last checkpoint if that takes no longer than a second."""
        self._stopping.set()
        self._thread.join(timeout=1)

    def _failed(self, name: str, failed: Callable[[], object]) -> None:
        failed()
        if self._record:
            self._record.failed(name)

    def _told(self, name: str, note: str) -> None:
        if self._record:
            self._record.told(name, claimed(note).size)

    def _tell(self) -> None:
        ending = begun = False
        while not ending:
            ending = self._stopping.wait(self._poll)
            try:
                if self._record and not begun:
                    self._record.begin(self._names)
                    begun = True
                note = self._latest()
                for line in self._lines:
                    line.tell(note, monotonic())
            except (StoreUnavailable, NotCoveredYet):
                continue  # The same is tried again, and what could not be kept is told twice, which does no harm.


class Line:
    """The state of one witness: the last checkpoint it received, and when to try again after a failure."""

    def __init__(
        self,
        witness: Witness,
        failed: Callable[[], object] = lambda: None,
        told: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._witness = witness
        self._failed = failed
        self._note_told = told
        self._told = ""
        self._failures = 0
        self._not_before = 0.0

    def tell(self, note: str, now: float) -> None:
        if note == self._told or now < self._not_before:
            return
        try:
            self._witness.tell(note)
        except NotWitnessed as error:
            self._not_before = now + min(FIRST_RETRY * 2**self._failures, LAST_RETRY)
            self._failures += 1
            logger.warning("witness not told", witness=type(self._witness).__name__, error=str(error))
            self._failed()
            return
        if self._failures:
            logger.info("witness told again", witness=type(self._witness).__name__)
        self._failures, self._not_before = 0, 0.0
        self._note_told(note)
        self._told = note
