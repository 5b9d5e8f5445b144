"""Composition root: the only place where the pieces meet, the clock and the configuration included."""

import asyncio
import gc
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import random
from socket import socket
from threading import Event
from urllib.parse import unquote, urlsplit
from uuid import UUID, uuid4

import structlog
import uvicorn
from fastapi import FastAPI

from adapters.access_log import AccessLog
from adapters.api_keys import KnownKeys
from adapters.checkpoints import LogKey
from adapters.cloud_events import CloudEvents, Row
from adapters.http.app import Services, create_app
from adapters.http.callers import Bearers, Callers, Development, is_this_machine
from adapters.http.conversation import Numbers
from adapters.http.feed import Subscribers
from adapters.http.limits import Buckets
from adapters.key_encryption import decoded
from adapters.nats import Relay, Target
from adapters.oidc import IssuedTokens, Issuer, is_safe
from adapters.periodic import every
from adapters.postgres.datastore import Datastore
from adapters.postgres.erasures import SECONDS_BETWEEN_SWEEPS
from adapters.postgres.feed import NOW
from adapters.postgres.heads import Heads
from adapters.postgres.log_tree import KeptCheckpoint
from adapters.postgres.log_watch import LogWatch
from adapters.postgres.notary import Notary, Watch
from adapters.postgres.projections import Follower
from adapters.postgres.store import Store, Whereabouts, embedded, opened
from adapters.postgres.webhook_lanes import Lanes
from adapters.rendering.press import Press
from adapters.settings import (
    DAYS_OF_ACCESS_EVENTS,
    DEFAULT_PUBLIC_URL,
    Settings,
    SettingsError,
    erasure_list,
    key_encryption_keys,
    log_key,
    public_url,
)
from adapters.webhooks.addresses import Targets
from adapters.webhooks.delivery import Courier, public_authorities
from adapters.webhooks.subscriptions import Subscriptions
from adapters.webhooks.worker import THREADS, Worker, at_work
from adapters.witnesses import FileWitness, NatsWitness, Telling, WebhookWitness, Witness
from application.account_plans import AccountPlans

logger = structlog.get_logger("plantrail")

MINUTES_BETWEEN_SWEEPS = 1
SECONDS_BETWEEN_LOOKS = 0.5
"""At the keys there are."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_id() -> UUID:
    return uuid4()


@contextmanager
def whereabouts(settings: Settings) -> Iterator[Whereabouts]:
    """Of the configured store, else of the embedded one, started for as long as it is used."""
    if settings.database_url is None:
        with embedded(settings.home, settings.pg_bin) as where:
            yield where
        return
    service = settings.database_url.get_secret_value()
    owner, keys = (
        secret.get_secret_value() if secret else service for secret in (settings.owner_url, settings.keys_url)
    )
    yield Whereabouts(service, owner, keys)


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    keys, erasures = key_encryption_keys(settings), erasure_list(settings)
    with whereabouts(settings) as where, opened(where, keys, erasures) as store:
        yield store


def account_plans(store: Store, now: Callable[[], datetime] = utc_now) -> AccountPlans:
    return AccountPlans(store.events, now, make_id)


@dataclass(frozen=True)
class Reception:
    """Who is let in, and how often they may call."""

    callers: Callers
    limits: Buckets | None = None
    keys_changed: Callable[[], None] = lambda: None


def needs_keys(settings: Settings, store: Store) -> bool:
    """Whether callers are to be known.  Once a key was made they are for good, also when it was revoked."""
    return settings.oidc_issuer is not None or bool(store.api_keys.all())


@contextmanager
def reception(settings: Settings, host: str, store: Store) -> Iterator[Reception]:
    """Callers are known by keys and tokens; as long as there are none, only this machine is served, and callers name
    themselves.  Raises `SettingsError`, `StoreUnavailable`.
    """
    if needs_keys(settings, store):
        keys = KnownKeys(store.api_keys, utc_now)
        keys.refresh()
        tokens = IssuedTokens(issuer(settings), utc_now) if settings.oidc_issuer else None
        with every(SECONDS_BETWEEN_LOOKS, keys.refresh):
            yield Reception(Bearers(keys, tokens), Buckets(settings.requests_per_second), keys.refresh)
    elif is_this_machine(host):
        logger.warning("development: callers on this machine name themselves by X-Actor; no key is asked for")
        yield Reception(Development())
    else:
        raise SettingsError(
            f"To serve on {host} others must be known: make a key with `plantrail keys create`, or set"
            " PLANTRAIL_OIDC_ISSUER, or serve on 127.0.0.1."
        )


def issuer(settings: Settings) -> Issuer:
    """Raises `SettingsError`."""
    url = settings.oidc_issuer or ""
    if not is_safe(url):
        raise SettingsError("PLANTRAIL_OIDC_ISSUER must be an https URL: what is read there tells who may do what.")
    claims = settings.oidc_actor_claim, settings.oidc_role_claim, settings.oidc_plans_claim
    return Issuer(url, settings.oidc_audience, *claims)


def http_app(
    store: Store,
    let_in: Reception,
    secret: bytes,
    why_not_ready: Callable[[], str | None] | None = None,
    address: str = DEFAULT_PUBLIC_URL,
    now: Callable[[], datetime] = utc_now,
    targets: Targets | None = None,
    numbers: Numbers | None = None,
) -> FastAPI:
    plans = account_plans(store, now)
    store.erasures.when_forgotten(plans.drop)
    services = Services(
        plans=plans,
        events=store.events,
        erasures=store.erasures,
        portfolio=store.portfolio,
        tree=store.tree,
        webhooks=store.webhooks,
        subscriptions=subscriptions(store, targets or Targets(), now),
        subscribers=Subscribers(store.feed, store.watch, address),
        heads=Heads(store.where.service),
        press=Press(),
        callers=let_in.callers,
        limits=let_in.limits,
        api_keys=store.api_keys,
        keys_changed=let_in.keys_changed,
        access_log=AccessLog(store.access_events, now),
        access_events=store.access_events,
        secret=secret,
        now=now,
        make_id=make_id,
        why_not_ready=why_not_ready or store.why_not_ready,
        public_url=address,
        numbers=numbers or Numbers(),
    )
    return create_app(services)


def webhook_targets(settings: Settings) -> Targets:
    return Targets(settings.webhook_loopback)


def subscriptions(store: Store, targets: Targets, now: Callable[[], datetime] = utc_now) -> Subscriptions:
    return Subscriptions(store.webhooks, store.feed, targets, now, make_id)


@contextmanager
def pushing(store: Store, settings: Settings, numbers: Numbers) -> Iterator[None]:
    """A worker that pushes events to webhooks, in a thread and on connections of its own."""
    events = CloudEvents(store.feed.page(NOW, most=1).log_id, public_url(settings))
    datastore = Datastore(store.where.service, size=THREADS, synchronous=False)
    lanes = Lanes(datastore, store.webhook_secrets)

    def body(row: Row, personal_data: bool) -> bytes:
        return events.structured(row, store.feed.keys([row]).get(row.plan_id, {}) if personal_data else None)

    def worker() -> Worker:
        courier = Courier(webhook_targets(settings), utc_now, public_authorities())
        return Worker(lanes, courier, body, utc_now, random, numbers)

    def tell(_: int) -> None:
        # When the watch ends everything does: what is under way may then be done beside what others still do.
        there.end() if store.watch.closed else there.wake()

    try:
        with at_work(worker) as there, store.watch.telling(tell):
            yield
    finally:
        datastore.close()


@contextmanager
def following(store: Store, access_events_days: int = DAYS_OF_ACCESS_EVENTS) -> Iterator[Follower]:
    """The portfolio kept up with the log; what is too old to be kept, and people who were forgotten, swept away."""

    def sweep() -> None:
        store.events.purge()
        store.access_events.purge(access_events_days)

    follower = store.portfolio.follower(utc_now)
    follower.start()
    try:
        with every(MINUTES_BETWEEN_SWEEPS * 60, sweep), every(SECONDS_BETWEEN_SWEEPS, store.erasures.sweep):
            yield follower
    finally:
        follower.stop()


def notary(store: Store, key: LogKey, made: Callable[[KeptCheckpoint], object] = lambda _: None) -> Notary:
    return Notary(store.datastore, key, utc_now, made)


@contextmanager
def notarised(store: Store, key: LogKey) -> Iterator[Watch]:
    """What is recorded brought under checkpoints."""
    watch = Watch(notary(store, key))
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def witnesses(settings: Settings) -> Iterator[Witness]:
    """Raises `SettingsError`, `KeyFault`."""
    for url in settings.witnesses.split():
        where = urlsplit(url)
        if where.scheme == "file" and where.path:
            yield FileWitness(Path(unquote(where.path)))
        elif where.scheme in ("nats", "tls") and where.netloc and where.path.strip("/"):
            yield NatsWitness(url)
        elif where.scheme == "https" or (where.scheme == "http" and is_this_machine(where.hostname or "")):
            if settings.witness_secret is None:
                raise SettingsError("A witness that is posted to needs PLANTRAIL_WITNESS_SECRET: 32 bytes in base64.")
            secret = decoded(settings.witness_secret.get_secret_value(), "PLANTRAIL_WITNESS_SECRET")
            yield WebhookWitness(url, secret, utc_now)
        else:
            raise SettingsError(
                "PLANTRAIL_WITNESSES must name file:///path, https://host/path or nats://host:4222/subject, with blanks"
                " between."
            )


@contextmanager
def witnessed(store: Store, by: Sequence[Witness]) -> Iterator[None]:
    """Every checkpoint told."""
    telling = Telling(by, lambda: store.tree.latest().note)
    telling.start()
    try:
        yield
    finally:
        telling.stop()


@contextmanager
def ending_in_order() -> Iterator[None]:
    """At whatever point SIGTERM comes, what was begun is ended.  uvicorn raises it again once it has stopped serving."""

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Server(uvicorn.Server):
    """Lets go those who wait for news on the log before it waits for what is under way."""

    def __init__(self, config: uvicorn.Config, watch: LogWatch) -> None:
        super().__init__(config)
        self._watch = watch

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._watch.close()
        await super().shutdown(sockets)


def work(settings: Settings) -> None:
    """Push events to webhooks until told to stop by SIGINT or SIGTERM; what is under way is ended within five seconds."""
    with ending_in_order(), open_store(settings) as store, pushing(store, settings, Numbers()):
        logger.info("pushing events to webhooks")
        Event().wait()


def serve(settings: Settings, host: str, port: int, with_worker: bool = True) -> None:
    """Serve until told to stop by SIGINT or SIGTERM; requests under way are answered first, within five seconds."""
    address, signing, numbers = public_url(settings), log_key(settings), Numbers()
    told = list(witnesses(settings))
    with (
        ending_in_order(),
        open_store(settings) as store,
        reception(settings, host, store) as let_in,
        following(store, settings.access_events_days) as follower,
        witnessed(store, told) if told else nullcontext(),
        notarised(store, signing),
        pushing(store, settings, numbers) if with_worker else nullcontext(),
    ):

        def why_not_ready() -> str | None:
            return store.why_not_ready() or follower.why_behind()

        app = http_app(
            store,
            let_in,
            store.secrets.of("idempotency"),
            why_not_ready,
            address,
            targets=webhook_targets(settings),
            numbers=numbers,
        )
        config = uvicorn.Config(
            app, host, port, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=4
        )
        # What is loaded by now stays: the collector need not look through it again and again.
        gc.collect()
        gc.freeze()
        Server(config, store.watch).run()


def relay_to_nats(settings: Settings, target: Target) -> None:
    """Relay every event to NATS JetStream until told to stop by SIGINT or SIGTERM.  Raises `StreamUnfit`."""
    address = public_url(settings)
    with ending_in_order(), open_store(settings) as store:
        asyncio.run(_relay(Relay(store.datastore, store.feed, store.watch, address, target, random)))


async def _relay(relay: Relay) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, relay.end)
    await relay.run()
