"""An event as the feed sends it, read back into the class of the event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from adapters.events.cloud_events import TOPICS
from adapters.events.stored_format import event_from_data
from domain.language import Event


@dataclass(frozen=True)
class FeedEvent:
    """A recorded event. `document` is the CloudEvent as it was sent."""

    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The same for ever, within `source`: whoever stores events knows by it what they have."""
        return str(self.document["id"])

    @property
    def source(self) -> str:
        """Names the log; another one after a restore from a backup."""
        return str(self.document["source"])

    @property
    def cursor(self) -> str:
        """What to ask for the events `after` this one."""
        return str(self.document["sequence"])

    @property
    def type(self) -> str:
        """As in the documentation of events: `plantrail.play-won.v1`."""
        return str(self.document["type"])

    @property
    def plan_id(self) -> str:
        """Of the plan, or of the program, that it is an event of."""
        return str(self.document["subject"])

    @property
    def version(self) -> int:
        """Of the plan, after it."""
        return int(self.document["planversion"])

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromisoformat(self.document["time"])

    @property
    def actor(self) -> str:
        return str(self.document["actor"])

    @cached_property
    def event(self) -> Event | None:
        """The event in today's shape; None for a type that is newer than this version.

        Words about people that the key may not read are `[forgotten]` or missing. Raises `UnreadableEvent`.
        """
        topic = TOPICS.get(self.type)
        return event_from_data(topic, self.document["data"]) if topic else None
