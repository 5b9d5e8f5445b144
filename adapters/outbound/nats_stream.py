"""The streams of brokers that events are relayed to, as they are named before there is a connection."""

import re
from dataclasses import dataclass

STREAM_NAME = re.compile("[A-Za-z0-9_-]{1,255}")


class StreamUnfit(Exception):
    """What is wrong with the stream, and what to do."""


@dataclass(frozen=True)
class Target:
    """Where events are relayed to; `name` is that of the note of how far, and of which only one relays at a time."""

    url: str
    stream: str = "plans"
    name: str = "nats"
    replicas: int = 1

    def __post_init__(self) -> None:
        if not STREAM_NAME.fullmatch(self.stream):
            raise StreamUnfit("A stream is called by letters, digits, - and _ only.")
