"""The wiring of webhooks: subscriptions, and the worker that sends events."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from random import random

import structlog

from adapters.access.api_keys import ApiKeyCache, EndpointOwners
from adapters.access.tls_trust import public_authorities
from adapters.bootstrap.settings import DEFAULT_PUBLIC_URL, Settings, public_url
from adapters.bootstrap.store import findings_across_plans, make_id, utc_now, watching_keys
from adapters.events.cloud_events import CloudEvents, topics_named
from adapters.observability.metrics import BackgroundMetrics
from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.bodies import Bodies
from adapters.outbound.webhooks.delivery import WebhookSender
from adapters.outbound.webhooks.trial import Trial
from adapters.outbound.webhooks.worker import THREADS, Worker, at_work
from adapters.postgres.datastore import Datastore
from adapters.postgres.store import Store
from adapters.postgres.webhook_lanes import PostgresLanes
from application.aggregates.handle import Aggregates
from application.feed.cursors import NOW
from application.portfolio.digest import Digests
from application.webhooks.ports import TryOut
from application.webhooks.subscriptions import Subscriptions
from domain.account_plan import ACCOUNT_PLAN
from domain.registry import REGISTRY

logger = structlog.get_logger("plantrail")


def webhook_targets(settings: Settings) -> Targets:
    return Targets(settings.webhook_loopback)


def subscriptions(store: Store, targets: Targets, now: Callable[[], datetime] = utc_now) -> Subscriptions:
    return Subscriptions(store.webhooks, store.feed, targets, topics_named, now, make_id)


def trying_out(
    store: Store, targets: Targets, now: Callable[[], datetime] = utc_now, address: str = DEFAULT_PUBLIC_URL
) -> TryOut:
    return Trial(store.webhooks, store.feed, targets, now, make_id, address).send


def bodies(store: Store, address: str, now: Callable[[], datetime] = utc_now) -> Bodies:
    """Return the writer of messages. It reads aggregates through a cache that drops forgotten people."""
    readers = {each.noun: Aggregates(each, store.events, now, make_id) for each in REGISTRY.types}
    for reader in readers.values():
        store.erasures.when_forgotten(reader.drop)
    events = CloudEvents(store.feed.page(NOW, most=1).log_id, address)
    findings = findings_across_plans(store, now)
    digests = Digests(store.portfolio, readers[ACCOUNT_PLAN.noun].read, findings)
    return Bodies(events, store.keys.of_events, lambda type, id: readers[type.noun].read(id), digests, address, now)


@contextmanager
def pushing(store: Store, settings: Settings, metrics: BackgroundMetrics) -> Iterator[None]:
    """Send events to webhooks for the length of the context, in a thread and on connections of its own."""
    body = bodies(store, public_url(settings))
    datastore = Datastore(store.where.service, size=THREADS, synchronous=False)
    lanes = PostgresLanes(datastore, store.webhook_secrets)
    keys = ApiKeyCache(store.api_keys, utc_now)
    owners = EndpointOwners(keys, issuer_is_trusted=settings.oidc_issuer is not None)

    def worker() -> Worker:
        sender = WebhookSender(webhook_targets(settings), utc_now, public_authorities())
        return Worker(lanes, sender, body, owners.may_receive, utc_now, random, metrics, store.outages)

    def tell(_: int) -> None:
        # The watch is closed when the process ends. The worker completes its deliveries while other work ends too.
        there.end() if store.watch.closed else there.wake()

    try:
        keys.refresh()
        with watching_keys(keys, store), at_work(worker) as there, store.watch.telling(tell):
            yield
    finally:
        datastore.close()
