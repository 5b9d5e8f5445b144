"""A client of the running service, for threads and for coroutines. Its commands and events are those of `domain`."""

from adapters.client.answers import CommandAnswer, CommandsAnswer, ProgramAnswer
from adapters.client.asynchronous import AsyncClient
from adapters.client.feed_event import FeedEvent
from adapters.client.retries import Problem, Unreachable
from adapters.client.synchronous import Client

__all__ = [
    "AsyncClient",
    "Client",
    "CommandAnswer",
    "CommandsAnswer",
    "FeedEvent",
    "Problem",
    "ProgramAnswer",
    "Unreachable",
]
