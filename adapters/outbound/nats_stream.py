"""The stream to which events are relayed, and its name before there is a connection."""

import re
from dataclasses import dataclass

STREAM_NAME = re.compile("[A-Za-z0-9_-]{1,255}")


class StreamUnfit(Exception):
    """What is wrong with the stream, and what to do about it."""


@dataclass(frozen=True)
class Target:
    """Where events are relayed to. Of all relays with one `name`, one works at a time, and their progress is shared."""

    url: str
    stream: str = "plans"
    name: str = "nats"
    replicas: int = 1

    def __post_init__(self) -> None:
        if not STREAM_NAME.fullmatch(self.stream):
            raise StreamUnfit("A stream is called by letters, digits, - and _ only.")
