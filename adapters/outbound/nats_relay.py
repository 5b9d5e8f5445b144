"""The relay to NATS JetStream: publishes every event once, in the order of the log, as a CloudEvent in binary mode.

Each message states the sequence that it expects of the stream. So no message is accepted after one that was lost on the
way, and a relay that has lost its turn adds nothing. The last message in the stream therefore says how far the relay
has come, even if the broker has lost acknowledged messages. The position in PostgreSQL is used only if the stream does
not say.
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
"""How many events are published before the acknowledgement of the first is awaited."""
CONNECTED_WITHIN = 3
ANSWERED_WITHIN = 3.0
ACKNOWLEDGED_WITHIN = 10.0
DEDUPLICATED_FOR = 120.0
"""Seconds for which a stream that we create refuses a `Nats-Msg-Id` again."""
POLL = 1.0
"""Seconds between two looks for new events, and between two checks of whether this relay still has its turn."""
SECONDS_BETWEEN_WORDS = 60.0
"""Seconds between two log entries about the progress."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 10.0

logger = structlog.get_logger("plantrail.relay")

T = TypeVar("T")
Message = tuple[str, bytes, dict[str, str]]
"""Subject, data and headers."""


class NotTaken(Exception):
    """The broker refused an event, or did not acknowledge it in time."""


class Ended(Exception):
    """The relay was asked to end."""


@dataclass
class Place:
    """The progress of the relay: a position on the log, and the sequence of the stream that belongs to it."""

    position: int
    sequence: int


class Broker:
    """A connection to the broker. After any error it is replaced by a new one, which first reads the state of the
    stream."""

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
        """End the connection. All background errors arrive here, including that of a refused message."""
        self._because = self._because or error
        self.broken.set()

    def trouble(self) -> Exception:
        return self._because or ConnectionClosedError()

    async def stream(self) -> StreamInfo:
        """Return the stream, creating it if there is none. Raises `StreamUnfit`."""
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
        """Return the cursor of the event in a message; None if the message is gone or is not ours."""
        try:
            message = await self._jetstream.get_msg(self._target.stream, sequence)
            said = message.headers or {}
            return cursor(said["ce-sequence"], said["ce-source"])
        except (NotFoundError, KeyError, CursorMalformed, SourceMalformed):
            return None

    async def publish(self, messages: Sequence[Message], sequence: int) -> tuple[list[PubAck], Exception | None]:
        """Publish all messages before the first acknowledgement is awaited. Returns the accepted ones, and the error
        that ended it, if any."""
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
    """Return why events cannot be relayed into a stream and what to do; None if they can."""
    if not TAKES_OUR_SUBJECTS & set(config.subjects or ()):
        return f"does not take {SUBJECTS}: add that to its subjects, or name another stream (--stream)."
    if config.no_ack:
        return "acknowledges nothing, so that nobody knows what it has: make it with acknowledgements."
    if config.sealed:
        return "is sealed: name another stream (--stream)."
    return None


class Relay:
    """Relays events until it is asked to end. Whatever is unavailable is tried again until it is available."""

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
        """Relay events until asked to end. Raises `StreamUnfit`."""
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
        """Return the seconds to wait: doubled each time, and randomised so that relays do not all return at once."""
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
        """Await something, unless the relay is asked to end or the connection breaks before. Raises `Ended`."""
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
        """Relay until something fails. Does nothing while another relay has the turn."""
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
        """Return the progress according to the stream, else according to the store. An empty new stream starts at the
        first event."""
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
        """Publish events, and store the progress of the accepted ones, whatever happens to the rest."""
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
        """Check that the last message belongs to our log. Raises `NotTaken` while the broker still deduplicates against
        a message of the log from which we were restored and which has the same id."""
        if await self._unless(broker.cursor_in(sequence), broker) not in (ours, None):
            raise NotTaken("an event of another log goes by the same id, for now")


def cursor_of(row: Notification, log_id: UUID) -> Cursor:
    return Cursor(row.id, log=log_id)


def message_of(row: Notification, cloud_events: CloudEvents) -> Message:
    """Return the message of an event without sealed text, because messages in a broker cannot be forgotten."""
    headers, data = cloud_events.binary(row)
    subject = f"plans.{row.originator_id}.{kebab_case(row.topic.partition('.')[0])}"
    return subject, data, headers | {Header.MSG_ID: headers["ce-id"]}
