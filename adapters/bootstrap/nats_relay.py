"""The wiring of the relay to NATS."""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from random import random

from adapters.bootstrap.settings import Settings, public_url
from adapters.bootstrap.store import ending_in_order, open_store
from adapters.outbound.nats_relay import Relay
from adapters.outbound.nats_stream import Target
from adapters.postgres.relays import PostgresTurn
from adapters.postgres.store import Store


def relay_to_nats(settings: Settings, target: Target) -> None:
    """Publish every event to NATS JetStream until SIGINT or SIGTERM. Raises `StreamUnfit`."""
    address = public_url(settings)
    with ending_in_order(), open_store(settings) as store:
        asyncio.run(_run(relay_of(store, address, target)))


def relay_of(store: Store, address: str, target: Target, random: Callable[[], float] = random) -> Relay:
    """Return a relay of the events of a store."""
    take_turn = partial(PostgresTurn.take, store.datastore, target.name)
    return Relay(take_turn, store.feed, store.watch, address, target, random)


async def _run(relay: Relay) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, relay.end)
    await relay.run()
