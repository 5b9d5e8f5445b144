"""Events of the feed, read back into their event classes."""

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
    """A recorded event. `document` is the CloudEvent that was sent."""

    document: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The id, which never changes within `source`. Use it to recognise events that you have stored already."""
        return str(self.document["id"])

    @property
    def source(self) -> str:
        """The name of the log. It changes when the service is restored from a backup."""
        return str(self.document["source"])

    @property
    def cursor(self) -> str:
        """The cursor for requesting the events `after` this one."""
        return str(self.document["sequence"])

    @property
    def type(self) -> str:
        """The type, as in the documentation of events: `plantrail.play-won.v1`."""
        return str(self.document["type"])

    @property
    def plan_id(self) -> str:
        """The id of the plan, or of the program."""
        return str(self.document["subject"])

    @property
    def version(self) -> int:
        """The version of the plan after this event."""
        return int(self.document["planversion"])

    @property
    def recorded_at(self) -> datetime:
        return datetime.fromisoformat(self.document["time"])

    @property
    def actor(self) -> str:
        return str(self.document["actor"])

    @cached_property
    def event(self) -> Event | None:
        """The event in its current version; None for a type that is newer than this client.

        Text about people that the key may not read is `[forgotten]` or missing. Raises `UnreadableEvent`.
        """
        topic = TOPICS.get(self.type)
        return event_from_data(topic, self.document["data"]) if topic else None
