"""The relay to a broker put together."""

import asyncio
import signal
from random import random

from adapters.bootstrap.settings import Settings, public_url
from adapters.bootstrap.store import ending_in_order, open_store
from adapters.outbound.nats_relay import Relay
from adapters.outbound.nats_stream import Target


def relay_to_nats(settings: Settings, target: Target) -> None:
    """Relay every event to NATS JetStream until told to stop by SIGINT or SIGTERM.  Raises `StreamUnfit`."""
    address = public_url(settings)
    with ending_in_order(), open_store(settings) as store:
        asyncio.run(_relay(Relay(store.datastore, store.feed, store.watch, address, target, random)))


async def _relay(relay: Relay) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, relay.end)
    await relay.run()
