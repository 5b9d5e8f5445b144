"""The wiring of the HTTP service: authentication, the application, the server and the processes beside it."""

import resource
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any, cast, get_args

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from adapters.access.access_log import AccessLog
from adapters.access.api_keys import ApiKeyCache
from adapters.access.calendar_feeds import CalendarFeeds
from adapters.access.callers import (
    Bearers,
    Callers,
    Development,
    DevelopmentUntilKeys,
    Tokens,
    is_this_machine,
)
from adapters.access.sent_forms import SentForms
from adapters.access.sessions import Sessions
from adapters.access.sign_in import SignIn
from adapters.bootstrap.audit_bundle import bundle_without_words
from adapters.bootstrap.background import forgetting, witnessing
from adapters.bootstrap.background_process import BackgroundProcess
from adapters.bootstrap.garbage_collection import tune_garbage_collection, without_garbage_collection
from adapters.bootstrap.imports import importing
from adapters.bootstrap.settings import (
    DEFAULT_PUBLIC_URL,
    Settings,
    SettingsError,
    log_key,
    public_url,
    served_at,
)
from adapters.bootstrap.store import (
    account_plans,
    ending_in_order,
    findings_across_plans,
    make_id,
    make_request_id,
    needs_keys,
    open_store,
    promises_across_plans,
    the_program,
    utc_now,
    watching_keys,
)
from adapters.bootstrap.views_process import ViewsProcess
from adapters.bootstrap.webhook_worker import subscriptions, trying_out, webhook_targets
from adapters.exchange.imports.jobs import Imports
from adapters.http.app import Pages, Services, create_app, no_pages
from adapters.http.connections import BoundedProtocol, Connections, Limits
from adapters.http.forwarding import Forwarder
from adapters.http.limits import Buckets
from adapters.http.routing import build_models
from adapters.http.subscribers import Subscribers
from adapters.observability.metrics import BackgroundMetrics, Metrics
from adapters.observability.readiness import Checks, Reason
from adapters.outbound.webhooks.addresses import Targets
from adapters.postgres.clock import MOST_SECONDS_AHEAD
from adapters.postgres.heads import PostgresHeads
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.relays import came_to
from adapters.postgres.sent_forms import PostgresSentForms
from adapters.postgres.store import Store
from adapters.postgres.verification import verify as verify_log
from adapters.postgres.witnesses import PostgresWitnesses
from adapters.privacy.drafts import Drafts
from adapters.proof.checkpoints import LogKey
from adapters.rendering.pool import RenderingPool
from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable
from application.library.from_library import LibraryReader
from application.proof.ports import LogVerified, VerifyLog
from application.rounds.committed_lists import CommittedLists
from application.rounds.list_follower import NAME as LISTS

logger = structlog.get_logger("plantrail")

FILES_BESIDE_CONNECTIONS = 200


@dataclass(frozen=True)
class Authentication:
    """How callers are identified, and how often each may call."""

    callers: Callers
    limits: Buckets | None = None
    keys_changed: Callable[[], None] = lambda: None
    caller_by_key: Callable[[str], Caller | None] = lambda _: None
    """Returns the caller who owns a key id; None if the key is no longer valid."""
    development: Development | None = None
    """Set in development, where callers choose their own names."""
    why_unread: Callable[[], str | None] = lambda: None
    """Returns why callers cannot be identified at the moment; None if they can."""
    as_meant: Callable[[Caller], Caller] = lambda caller: caller
    """Returns the caller with plan ids for those of their plans that are named by an alias."""


@contextmanager
def authentication(settings: Settings, host: str, store: Store, tell: bool = True) -> Iterator[Authentication]:
    """Return how callers are identified: by API keys and tokens, if there are any. Otherwise only this machine is
    served, and the log says so.

    Raises `SettingsError`, `StoreUnavailable`.
    """
    development = None
    if not needs_keys(settings, store):
        if not is_this_machine(host):
            raise SettingsError(
                f"To serve on {host} others must be known: make a key with `plantrail keys create`, or set"
                " PLANTRAIL_OIDC_ISSUER, or serve on 127.0.0.1."
            )
        if tell:
            logger.warning("development: callers on this machine name themselves by X-Actor; no key is asked for")
        development = Development(lambda: keys.any_made)
    keys = ApiKeyCache(store.api_keys, utc_now)
    keys.refresh()
    bearers = Bearers(keys, tokens(settings))

    def look_anew() -> None:
        with suppress(StoreUnavailable):  # The keys are read again within a second.
            keys.refresh()

    store.datastore.timeline.when_another(keys.forget)
    with watching_keys(keys, store):
        yield Authentication(
            DevelopmentUntilKeys(development, bearers) if development else bearers,
            Buckets(settings.requests_per_second),
            look_anew,
            keys.caller_by_id,
            development,
            keys.why_unread,
            keys.as_meant,
        )


def tokens(settings: Settings) -> Tokens | None:
    """Return the verifier of the issuer's tokens; None without an issuer. Raises `SettingsError`."""
    if settings.oidc_issuer is None:
        return None
    # The token library loads slowly, so it is loaded only with an issuer.
    from adapters.bootstrap.issuer import issued_tokens

    return issued_tokens(settings)


def sign_in(settings: Settings, address: str) -> SignIn | None:
    """Return the sign-in through the issuer; None if the issuer does not know this service. Raises `SettingsError`."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    from adapters.bootstrap.issuer import issuer_sign_in

    return issuer_sign_in(settings, address)


def http_app(
    store: Store,
    let_in: Authentication,
    secret: bytes,
    checks: Checks | None = None,
    address: str = DEFAULT_PUBLIC_URL,
    now: Callable[[], datetime] = utc_now,
    targets: Targets | None = None,
    metrics: Metrics | None = None,
    pages: Pages = no_pages,
    signing: LogKey | None = None,
    by_issuer: SignIn | None = None,
    slides_template: Path | None = None,
    forwarder: Forwarder | None = None,
) -> FastAPI:
    """Return the application. `signing` is the key of the log, if this process may verify the log and make bundles."""
    plans, targets = account_plans(store, now), targets or Targets()
    program = the_program(store, now)
    store.erasures.when_forgotten(plans.drop)
    library = LibraryReader(program, now, make_id)
    services = Services(
        plans=plans,
        program=program,
        library=library,
        lists=CommittedLists(program, plans, make_id, partial(came_to, store.datastore, LISTS)),
        histories=store.events,
        erasures=store.erasures,
        portfolio=store.portfolio,
        month_ends=store.month_ends,
        findings=findings_across_plans(store, now),
        promises=promises_across_plans(store, now),
        kept_months=store.month_ends,
        tree=store.tree,
        witnesses=PostgresWitnesses(store.datastore),
        verify_log=verifying(store, signing) if signing else None,
        make_bundle=partial(bundle_without_words, store, signing) if signing else None,
        webhooks=store.webhooks,
        subscriptions=subscriptions(store, targets, now),
        try_webhook=trying_out(store, targets, now, address),
        subscribers=Subscribers(store.feed, store.keys.of_events, store.watch, address),
        heads=PostgresHeads(store.datastore),
        press=RenderingPool(address="" if pages is no_pages else address, slides_template=slides_template),
        imports=Imports(importing(plans, store.portfolio, library, store.secrets.of("imports")), now, make_id),
        callers=let_in.callers,
        limits=let_in.limits,
        api_keys=store.api_keys,
        keys_changed=let_in.keys_changed,
        access_log=AccessLog(store.access_events, now),
        access_events=store.access_events,
        secret=secret,
        now=now,
        make_id=make_id,
        make_request_id=make_request_id,
        checks={"store-away": store.why_away} if checks is None else checks,
        public_url=address,
        drafts=Drafts(store.drafts, store.secrets.of("drafts")),
        sent_forms=SentForms(PostgresSentForms(store.datastore), secret),
        issuer_sign_in=by_issuer,
        sessions=Sessions(store.sessions, now, let_in.caller_by_key, let_in.development, let_in.as_meant),
        calendars=CalendarFeeds(store.calendars, now, let_in.caller_by_key, let_in.development),
        metrics=metrics or Metrics(),
        outages=store.outages,
        forwarder=forwarder,
    )
    return create_app(services, pages=pages)


def verifying(store: Store, key: LogKey) -> VerifyLog:
    def verify(progress: Callable[[int, int], object]) -> LogVerified:
        found = verify_log(store.datastore, [key.verifier("ours")], progress=progress)
        return LogVerified(found.covered, found.not_covered, found.plans, found.checkpoints)

    return verify


def why_clock_ahead(store: Store, metrics: Metrics) -> str | None:
    """Return why nothing is recorded with this process's clock, as a sentence; None if it is right."""
    try:
        seconds = store.seconds_ahead()
    except StoreUnavailable:
        return None  # An unavailable store is reported separately.
    metrics.clock_ahead.set(seconds)
    if seconds <= MOST_SECONDS_AHEAD:
        return None
    return f"The clock of this machine is {seconds:.0f} seconds ahead of the database's."


class Server(uvicorn.Server):
    """A uvicorn server. Once it serves, it calls `begin`. When it ends, it calls `end_soon` and wakes the requests that
    wait for events, then completes the others."""

    def __init__(
        self,
        config: uvicorn.Config,
        watch: PostgresLogWatch,
        begin: Callable[[], None] = lambda: None,
        end_soon: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._watch = watch
        self._begin = begin
        self._end_soon = end_soon

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        self._begin()

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self._end_soon()
        self._watch.close()
        await super().shutdown(sockets)


def server_config(app: FastAPI, host: str, port: int, connections: Connections) -> uvicorn.Config:
    """Return the configuration of the server. Every connection is a `BoundedProtocol` with these limits."""

    class Protocol(BoundedProtocol):
        among = connections

    config = uvicorn.Config(
        app,
        host,
        port,
        interface="asgi3",
        proxy_headers=False,  # see `in_front_of`
        http=Protocol,
        ws="none",
        timeout_keep_alive=connections.limits.idle_seconds,
        timeout_graceful_shutdown=4,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    config.app = in_front_of(app, config.forwarded_allow_ips)
    return config


def in_front_of(app: FastAPI, trusted: str | list[str]) -> ASGIApp:
    """Return what the server calls: the first middleware for requests, without the steps of the framework before it.

    Only a request that says that a proxy passed it on takes the step that looks whether that proxy is `trusted`.
    """

    def first(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope["app"] = app
        return ((app.middleware_stack if scope["type"] == "http" else None) or app)(scope, receive, send)

    # The server has types of its own for what ASGI calls the same.
    passed_on = cast(ASGIApp, ProxyHeadersMiddleware(cast(Any, first), trusted))

    def front(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        for name, _ in scope.get("headers", ()):
            if name.startswith(b"x-forwarded-"):
                return passed_on(scope, receive, send)
        return first(scope, receive, send)

    return front


def open_enough_files(connections: int) -> None:
    """Raise the limit of open files to what the connections may need, if the system allows it."""
    wanted, (soft, hard) = connections + FILES_BESIDE_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


def app_of(
    settings: Settings,
    store: Store,
    let_in: Authentication,
    pages: Pages,
    checks: Checks | None = None,
    metrics: Metrics | None = None,
    forwarder: Forwarder | None = None,
) -> FastAPI:
    """Return the application that the settings describe. Raises `SettingsError`, `KeyFault`."""
    address = public_url(settings)
    return http_app(
        store,
        let_in,
        store.secrets.of("idempotency"),
        checks,
        address,
        targets=webhook_targets(settings),
        metrics=metrics,
        pages=pages,
        signing=log_key(settings),
        by_issuer=sign_in(settings, address),
        slides_template=settings.slides_template,
        forwarder=forwarder,
    )


@contextmanager
def application(settings: Settings, host: str, pages: Pages) -> Iterator[FastAPI]:
    """Yield the application, for the process that answers slow requests."""
    with open_store(settings) as store, authentication(settings, host, store, tell=False) as let_in, forgetting(store):
        yield app_of(settings, store, let_in, pages)


def serve(settings: Settings, host: str, port: int, with_worker: bool = True, pages: Pages = no_pages) -> None:
    """Serve until SIGINT or SIGTERM. Requests in progress are answered first, for up to five seconds."""
    settings, metrics = served_at(settings, host, port), Metrics()
    witnessing(settings, BackgroundMetrics())  # Wrong settings are reported here, once, and not by each process.
    # Both processes are forks of this one, which must have a single thread for that.
    background = BackgroundProcess(settings, with_webhooks=with_worker)
    views = ViewsProcess(partial(application, settings, host, pages))
    with (
        ending_in_order(),
        background,
        views,
        open_store(settings) as store,
        authentication(settings, host, store) as let_in,
        forgetting(store),
    ):
        metrics.registry.register(background)
        # The checks are in the order in which reasons are reported.
        why_not = (
            store.where.why_down,
            store.why_away,
            store.why_read_only,
            partial(why_clock_ahead, store, metrics),
            let_in.why_unread,
            background.why_behind,
            background.why_unsealed,
        )
        checks: Checks = dict(zip(get_args(Reason), why_not, strict=True))
        with without_garbage_collection():
            app = app_of(settings, store, let_in, pages, checks, metrics, views.forwarder)
        limits = Limits(of_one_address=settings.connections_per_address, in_all=settings.connections)
        config = server_config(app, host, port, Connections(limits, metrics, make_request_id))
        open_enough_files(settings.connections)
        tune_garbage_collection()

        def begin() -> None:
            """Prepare what only requests need."""
            views.begin()
            Thread(target=build_models, args=(app,), name="models", daemon=True).start()

        def end_soon() -> None:
            background.end_soon()
            views.end_soon()

        Server(config, store.watch, begin, end_soon).run()
