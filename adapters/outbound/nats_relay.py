"""The relay to NATS JetStream: every event once, in the order of the log, as a CloudEvent in binary mode.

Each message says at which sequence it expects the stream to stand.  So none gets in before one that was lost on the
way, and a relay that has lost its turn puts nothing between.  The last message in the stream therefore says how far the
relay has come, and says it also when the broker lost what it had acknowledged.  The note in PostgreSQL is for when it
does not.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from time import monotonic
from typing import TypeVar
from uuid import UUID

import structlog
from eventsourcing.persistence import Notification
from nats.aio.client import Client
from nats.errors import ConnectionClosedError
from nats.errors import Error as NatsError
from nats.js.api import Header, PubAck, RetentionPolicy, StorageType, StreamConfig, StreamInfo
from nats.js.errors import BadRequestError, NotFoundError

from adapters.events.cloud_events import CloudEvents
from adapters.outbound.nats_stream import StreamUnfit, Target
from application.aggregates.ports import StoreUnavailable
from application.feed.cursors import Cursor, CursorGone, CursorMalformed, SourceMalformed, cursor
from application.feed.ports import Feed, LogWatch, Turn
from domain.language import kebab_case

SUBJECTS = "plans.>"
TAKES_OUR_SUBJECTS = {SUBJECTS, "plans.*.*", "plans.*.>", "*.>", "*.*.*", ">"}
BATCH = 500
"""Events that are on the way at a time."""
CONNECTED_WITHIN = 3
ANSWERED_WITHIN = 3.0
ACKNOWLEDGED_WITHIN = 10.0
DEDUPLICATED_FOR = 120.0
"""Seconds for which a stream that we make refuses a `Nats-Msg-Id` it has."""
POLL = 1.0
"""Seconds between two looks: for events, and whether it is our turn (still)."""
SECONDS_BETWEEN_WORDS = 60.0
"""Between two lines in the log that say how far it is."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 10.0

logger = structlog.get_logger("plantrail.relay")

T = TypeVar("T")
Message = tuple[str, bytes, dict[str, str]]
"""Subject, data, headers."""


class NotTaken(Exception):
    """The broker did not take an event, or did not say so in time."""


class Ended(Exception):
    """The relay was told to end."""


@dataclass
class Place:
    """Where the relay is: at which event of the log, and at which message of the stream."""

    position: int
    sequence: int


class Broker:
    """One connection.  Once anything goes wrong with it, it is not mended: a new one begins by finding out where the
    stream stands."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._client = Client()
        self._jetstream = self._client.jetstream(timeout=ANSWERED_WITHIN)
        self.broken = asyncio.Event()
        self._because: Exception | None = None

    async def open(self) -> None:
        await self._client.connect(
            self._target.url.split(","),
            name=f"plantrail relay {self._target.name}",
            allow_reconnect=False,
            connect_timeout=CONNECTED_WITHIN,
            error_cb=self._break,
            closed_cb=self._break,
        )

    async def close(self) -> None:
        with suppress(NatsError, OSError):
            await self._client.close()

    async def _break(self, error: Exception | None = None) -> None:
        """Whatever goes wrong in the background comes here, a message that was refused as well."""
        self._because = self._because or error
        self.broken.set()

    def trouble(self) -> Exception:
        return self._because or ConnectionClosedError()

    async def stream(self) -> StreamInfo:
        """The stream, made where there is none.  Raises `StreamUnfit`."""
        try:
            info = await self._jetstream.stream_info(self._target.stream)
        except NotFoundError:
            info = await self._made_stream()
        if reason := unfitness(info.config):
            raise StreamUnfit(f"The stream “{self._target.stream}” {reason}")
        return info

    async def _made_stream(self) -> StreamInfo:
        config = StreamConfig(
            name=self._target.stream,
            description="Account plans: every event, in the order of the log.",
            subjects=[SUBJECTS],
            storage=StorageType.FILE,
            retention=RetentionPolicy.LIMITS,
            num_replicas=self._target.replicas,
            duplicate_window=DEDUPLICATED_FOR,
            allow_direct=True,
        )
        try:
            return await self._jetstream.add_stream(config)
        except BadRequestError as error:
            raise StreamUnfit(
                f"The broker does not make a stream “{self._target.stream}” for {SUBJECTS}: {error.description}."
                " Name the stream that takes these subjects (--stream), or fewer --replicas."
            ) from error

    async def cursor_in(self, sequence: int) -> Cursor | None:
        """Of the event in a message; None where it is gone or none of ours."""
        try:
            message = await self._jetstream.get_msg(self._target.stream, sequence)
            said = message.headers or {}
            return cursor(said["ce-sequence"], said["ce-source"])
        except (NotFoundError, KeyError, CursorMalformed, SourceMalformed):
            return None

    async def publish(self, messages: Sequence[Message], sequence: int) -> tuple[list[PubAck], Exception | None]:
        """All are sent before the first is acknowledged.  Those that were taken before anything went wrong, and
        what."""
        sent = []
        for number, (subject, data, headers) in enumerate(messages, sequence):
            expected = {Header.EXPECTED_STREAM: self._target.stream, Header.EXPECTED_LAST_SEQUENCE: str(number)}
            sent.append(await self._jetstream.publish_async(subject, data, headers=headers | expected))
        taken = asyncio.ensure_future(asyncio.wait(sent, timeout=ACKNOWLEDGED_WITHIN))
        broken = asyncio.ensure_future(self.broken.wait())
        await asyncio.wait((taken, broken), return_when=asyncio.FIRST_COMPLETED)
        for each in (taken, broken):
            each.cancel()
        acknowledged = [each.result() for each in takewhile(asyncio.Future.done, sent)]
        if len(acknowledged) == len(messages):
            return acknowledged, None
        return acknowledged, self.trouble() if self.broken.is_set() else NotTaken(NotTaken.__doc__)


def unfitness(config: StreamConfig) -> str | None:
    """Why events cannot be relayed into a stream, and what to do; None where they can."""
    if not TAKES_OUR_SUBJECTS & set(config.subjects or ()):
        return f"does not take {SUBJECTS}: add that to its subjects, or name another stream (--stream)."
    if config.no_ack:
        return "acknowledges nothing, so that nobody knows what it has: make it with acknowledgements."
    if config.sealed:
        return "is sealed: name another stream (--stream)."
    return None


class Relay:
    """Goes on until it is told to end; whatever is away is tried again until it is back."""

    def __init__(
        self,
        take_turn: Callable[[], Turn | None],
        feed: Feed[Notification],
        watch: LogWatch,
        public_url: str,
        target: Target,
        random: Callable[[], float],
    ) -> None:
        self._take_turn = take_turn
        self._feed = feed
        self._watch = watch
        self._target = target
        self._random = random
        self._ending = asyncio.Event()
        self._failures = 0
        self._trouble: str | None = None
        self._told_at = monotonic()
        self._cloud_events = lru_cache(maxsize=2)(lambda log_id: CloudEvents(log_id, public_url))

    def end(self) -> None:
        self._ending.set()

    async def run(self) -> None:
        """Raises `StreamUnfit`."""
        with suppress(Ended):
            while True:
                try:
                    await self._work()
                    pause = POLL
                except (NatsError, NotTaken, CursorGone, StoreUnavailable, OSError, TimeoutError) as error:
                    self._tell(f"{type(error).__name__}: {error}".partition("\n")[0])
                    pause = self._next_pause()
                await self._unless(asyncio.sleep(pause))

    def _next_pause(self) -> float:
        """Seconds: twice as many each time, and others than everybody else who waits for the same server."""
        self._failures += 1
        return min(SHORTEST_PAUSE * 2.0 ** min(self._failures, 10), LONGEST_PAUSE) * (0.5 + self._random() / 2)

    def _tell(self, trouble: str | None) -> None:
        if trouble and trouble != self._trouble:
            logger.warning("relay stands still", relay=self._target.name, error=trouble)
        elif self._trouble and not trouble:
            logger.info("relay goes on", relay=self._target.name)
        self._trouble = trouble

    def _tell_how_far(self, position: int, end: int) -> None:
        if self._told_at + SECONDS_BETWEEN_WORDS <= monotonic():
            self._told_at = monotonic()
            logger.info("relay", relay=self._target.name, position=position, end=end)

    async def _unless(self, awaited: Awaitable[T], broker: Broker | None = None) -> T:
        """What is awaited, unless the relay is to end or the connection breaks before.  Raises `Ended`."""
        wanted = asyncio.ensure_future(awaited)
        ends = [asyncio.ensure_future(event.wait()) for event in (self._ending, *([broker.broken] if broker else []))]
        try:
            await asyncio.wait((wanted, *ends), return_when=asyncio.FIRST_COMPLETED)
            if self._ending.is_set():
                raise Ended(Ended.__doc__)
            if broker and not wanted.done():
                raise broker.trouble()
            return wanted.result()
        finally:
            for each in (wanted, *ends):
                each.cancel()
            await asyncio.gather(wanted, *ends, return_exceptions=True)

    async def _work(self) -> None:
        """Relay until something goes wrong, or not at all while it is another's turn."""
        turn = await asyncio.to_thread(self._take_turn)
        if turn is None:
            self._tell("it is the turn of another relay of this name")
            return
        broker = Broker(self._target)
        try:
            await self._unless(broker.open(), broker)
            place = await self._place(broker, turn)
            self._failures = 0
            self._tell(None)
            logger.info("relaying", relay=self._target.name, position=place.position)
            while True:
                await self._step(broker, turn, place)
        finally:
            await broker.close()
            await asyncio.to_thread(turn.end)

    async def _place(self, broker: Broker, turn: Turn) -> Place:
        """As the stream says; where it does not, as was noted.  In a stream nothing ever was in: before the first."""
        sequence = (await self._unless(broker.stream(), broker)).state.last_seq
        at = await self._unless(broker.cursor_in(sequence), broker) if sequence else Cursor(0)
        at = at or await asyncio.to_thread(turn.reached) or Cursor(0)
        try:
            return Place(await asyncio.to_thread(self._feed.position, at), sequence)
        except CursorGone as gone:
            return Place(gone.last_common, sequence)

    async def _step(self, broker: Broker, turn: Turn, place: Place) -> None:
        page = await asyncio.to_thread(self._feed.page, place.position, most=BATCH)
        self._tell_how_far(place.position, page.end)
        if page.rows:
            await self._relay(broker, turn, place, page.log_id, page.rows)
        else:
            await self._unless(self._watch.moved(place.position, POLL), broker)
            await asyncio.to_thread(turn.check)

    async def _relay(
        self, broker: Broker, turn: Turn, place: Place, log_id: UUID, rows: Sequence[Notification]
    ) -> None:
        """What was taken is noted, whatever becomes of the rest."""
        cloud_events = self._cloud_events(log_id)
        messages = [message_of(row, cloud_events) for row in rows]
        taken, why = await self._unless(broker.publish(messages, place.sequence))
        for row, acknowledged in zip(rows, taken, strict=False):
            if acknowledged.duplicate:
                await self._check_it_is_ours(broker, acknowledged.seq, cursor_of(row, log_id))
            else:
                place.sequence = acknowledged.seq
            place.position = row.id
        if taken:
            await asyncio.to_thread(turn.reach, log_id, place.position)
        if why:
            raise why

    async def _check_it_is_ours(self, broker: Broker, sequence: int, ours: Cursor) -> None:
        """An event of the log this one was restored from may go by the same id: until it is forgotten, ours waits."""
        if await self._unless(broker.cursor_in(sequence), broker) not in (ours, None):
            raise NotTaken("an event of another log goes by the same id, for now")


def cursor_of(row: Notification, log_id: UUID) -> Cursor:
    return Cursor(row.id, log=log_id)


def message_of(row: Notification, cloud_events: CloudEvents) -> Message:
    """Nobody's sealed words go out: what a broker keeps cannot be forgotten."""
    headers, data = cloud_events.binary(row)
    subject = f"plans.{row.originator_id}.{kebab_case(row.topic.partition('.')[0])}"
    return subject, data, headers | {Header.MSG_ID: headers["ce-id"]}
