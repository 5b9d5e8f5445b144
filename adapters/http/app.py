"""The HTTP service: it puts the routes of all modules together, with what they need."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from threading import Lock
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic_core import to_json
from starlette.routing import BaseRoute

from adapters.access.access_log import SECONDS_BETWEEN_WRITES, AccessEvents, AccessLog
from adapters.access.api_keys import ApiKeys
from adapters.access.calendar_feeds import CalendarFeeds
from adapters.access.callers import Callers
from adapters.access.sent_forms import SentForms
from adapters.access.sessions import Sessions
from adapters.access.sign_in import SignIn
from adapters.access.tickets import Tickets
from adapters.exchange.imports.jobs import Imports
from adapters.http import (
    access_events,
    adoptions,
    calendars,
    commands,
    contracts,
    departures,
    erasures,
    feed,
    findings,
    handovers,
    imports,
    keys,
    measures,
    packs,
    parameters,
    portfolio,
    program,
    promises,
    proof,
    queries,
    reports,
    tables,
    webhooks,
)
from adapters.http.budgets import Budgets
from adapters.http.command_documentation import command_documentation
from adapters.http.documentation import HEALTH, document
from adapters.http.fast_path import FastPath
from adapters.http.forwarding import Forwarder, forward_slow_requests
from adapters.http.guard import Guard, needs
from adapters.http.limits import Buckets
from adapters.http.middleware import RequestMiddleware
from adapters.http.problems import RETRY_AFTER, answer_with_problems, problem
from adapters.http.report_forms import ReportResponder
from adapters.http.resources import PLANS, THE_PROGRAM
from adapters.http.reusable_answers import ReusableAnswers
from adapters.http.subscribers import Subscribers
from adapters.http.views import PlanViews, Views
from adapters.observability.metrics import Metrics
from adapters.observability.outages import Outages
from adapters.observability.periodic import every
from adapters.observability.readiness import Checks, found
from adapters.privacy.drafts import Drafts
from adapters.rendering.pool import RenderingPool
from application.aggregates.access import Caller
from application.aggregates.erasures import Erasures
from application.aggregates.handle import Aggregates
from application.aggregates.ports import Heads
from application.findings.ports import AllFindings
from application.handovers.handover import Handovers
from application.library.examples import check_seen
from application.library.from_library import LibraryReader
from application.measures.ports import MonthEnds
from application.portfolio.ports import Portfolio
from application.portfolio.promises import AllPromises
from application.proof.ports import LogTree, VerifyLog, WitnessRecord
from application.reports.ports import Histories, KeptMonths
from application.rounds.committed_lists import CommittedLists
from application.views.cuts import Cut
from application.views.loaded_plan import LoadedPlan
from application.webhooks.ports import TryOut, Webhooks
from application.webhooks.subscriptions import Subscriptions
from domain.account_plan.language import AccountPlan
from domain.language import Command
from domain.program.language import ProgramState


@dataclass(frozen=True)
class Services:
    """What the HTTP service needs from the other packages. `adapters.bootstrap.http_service` makes it."""

    plans: Aggregates[AccountPlan]
    program: Aggregates[ProgramState]
    library: LibraryReader
    lists: CommittedLists
    histories: Histories
    erasures: Erasures
    portfolio: Portfolio
    month_ends: MonthEnds
    findings: AllFindings
    promises: AllPromises
    kept_months: KeptMonths
    tree: LogTree
    witnesses: WitnessRecord
    verify_log: VerifyLog | None
    """Verifies the log; None where this process does not hold the log's key."""
    make_bundle: Callable[[LoadedPlan, Cut, datetime], bytes] | None
    """Makes an audit bundle of a plan without text about people; None where this process does not hold the log's key.
    """
    webhooks: Webhooks
    subscriptions: Subscriptions
    try_webhook: TryOut
    subscribers: Subscribers
    heads: Heads
    press: RenderingPool
    imports: Imports
    callers: Callers
    limits: Buckets | None
    """How often each caller may call; None for no limit."""
    api_keys: ApiKeys
    keys_changed: Callable[[], None]
    """Called when keys were created or revoked here."""
    access_log: AccessLog
    access_events: AccessEvents
    secret: bytes
    """The secret of the HMACs of idempotency keys."""
    now: Callable[[], datetime]
    make_id: Callable[[], UUID]
    make_request_id: Callable[[], str]
    """Makes the id of a request that brings none."""
    checks: Checks
    """The checks of readiness."""
    public_url: str
    """The URL under which others reach the service."""
    drafts: Drafts
    sent_forms: SentForms
    issuer_sign_in: SignIn | None
    """Signs people in through the issuer; None if the issuer does not know this service."""
    calendars: CalendarFeeds
    sessions: Sessions
    """The sessions of people who use the pages."""
    metrics: Metrics = field(default_factory=Metrics)
    outages: Outages = field(default_factory=Outages)
    """Where failures of work in the background are reported."""
    forwarder: Forwarder | None = None
    """Where slow requests are answered; None where this process answers them itself."""

    @cached_property
    def handovers(self) -> Handovers:
        return Handovers(self.plans, self.program, self.histories, self.portfolio)


@dataclass(frozen=True)
class Rooms:
    """Where plans and the program are viewed, commands on them are carried out, and API keys are managed. Pages use
    them too."""

    plans: PlanViews
    program: Views[ProgramState]
    plan_desk: commands.CommandEndpoints
    program_desk: commands.CommandEndpoints
    keys: keys.KeyService


Pages = Callable[[Services, Rooms], Iterable[BaseRoute]]
"""Makes the pages for people, which are served beside the API."""


def no_pages(_services: Services, _rooms: Rooms) -> Iterable[BaseRoute]:
    return ()


def create_app(services: Services, version: str = "0.1.0", pages: Pages = no_pages) -> FastAPI:
    """Return the ASGI application with all routes, behind the guard and the middleware."""
    metrics = services.metrics

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with every(
            SECONDS_BETWEEN_WRITES,
            services.access_log.write,
            "writing access events",
            "reads wait to be written down; when too many do, reading is refused",
            services.outages,
        ):
            yield
        await run_in_threadpool(services.access_log.close)
        await services.heads.close()
        services.press.close()
        await run_in_threadpool(services.imports.close)

    app = FastAPIOffline(
        title="plantrail",
        version=version,
        lifespan=lifespan,
        redoc_url=None,
        # FastAPI looks for telemetry in every request. We switch it off: `adapters.observability` measures requests.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    program_views = Views(THE_PROGRAM, services.program, services.heads, services.access_log)
    views = PlanViews(services.plans, program_views, services.portfolio, services.heads, services.access_log)
    services.erasures.when_forgotten(views.drop)
    services.erasures.when_forgotten(services.drafts.drop_of_plan)
    services.heads.when_another_log(views.drop_all)
    services.heads.when_another_log(program_views.drop_all)
    tickets = Tickets(services.secret, services.now)
    guard = Guard(services.callers, views.plan, services.limits, tickets)
    common = services.erasures, services.secret, metrics, services.heads, views.note_read
    key_desk = keys.KeyService(services.api_keys, services.now, services.keys_changed)
    desk = commands.CommandEndpoints(
        PLANS,
        services.plans,
        views.may_know,
        *common,
        library=services.library.commands_of,
        about=services.library.about,
    )

    def check_of_plans(caller: Caller, command: Command) -> None:
        check_seen(command, lambda plan: caller.sees(plan, services.now()), services.plans.read)

    program_desk = commands.CommandEndpoints(
        THE_PROGRAM, services.program, program_views.may_know, *common, check_seen=check_of_plans
    )
    forms = ReportResponder(services.press)
    # Our routes come first in a flat list, so that no router of FastAPI is tried before them.
    app.router.routes[:0] = [
        *guard.before_all(health(services, metrics)),
        commands.routes(desk, guard),
        commands.routes(program_desk, guard),
        *guard.before_all(
            queries.routes(views),
            departures.routes(views),
            program.routes(program_views, services.lists, services.findings, services.histories),
            adoptions.routes(views),
            reports.routes(views, services.histories, services.kept_months, services.tree, forms),
            packs.routes(views, forms),
            portfolio.routes(services.portfolio),
            measures.routes(services.month_ends, services.now, views.note_read),
            findings.routes(services.findings),
            promises.routes(services.promises),
            erasures.routes(views, services.erasures),
            erasures.previews(views),
            feed.routes(services.subscribers, services.plans.meant, views.note_read, tickets),
            contracts.routes(services.public_url, version),
            proof.routes(services.tree, views.plan, views.note_read),
            webhooks.routes(
                services.webhooks, services.subscriptions, services.try_webhook, services.now, views.note_read
            ),
            imports.routes(services.imports),
            calendars.routes(
                services.calendars,
                services.plans,
                services.portfolio,
                services.now,
                services.public_url,
                views.note_read,
                views.program,
                services.limits,
            ),
            handovers.routes(services.handovers),
            access_events.routes(services.access_events),
            keys.routes(key_desk),
            openapi(app),
        ),
        *pages(services, Rooms(views, program_views, desk, program_desk, key_desk)),
    ]
    tables.offer_tables(app.router.routes)
    parameters.guard(app.router.routes)
    app.router.redirect_slashes = False
    app.state.budgets = Budgets()
    answer_with_problems(app)
    if services.forwarder:
        forward_slow_requests(app, services.forwarder, lambda *given: fast_path(*given))
    document(app, command_documentation)
    # These two see a request before FastAPI's own middleware does.
    fast_path = FastPath(app.build_middleware_stack(), app, (desk, program_desk), guard, ReusableAnswers())
    app.middleware_stack = RequestMiddleware(fast_path, metrics, services.make_request_id)
    return app


def health(services: Services, metrics: Metrics) -> APIRouter:
    api = APIRouter(tags=["health"])

    @api.get("/livez", summary="The process serves", **HEALTH)
    async def livez() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/readyz", summary="The store answers and the tables follow it", response_model=dict[str, str], **HEALTH)
    async def readyz(request: Request) -> Any:
        reasons = await run_in_threadpool(lambda: list(found(services.checks)))
        if reasons:
            detail = " ".join(each.detail for each in reasons)
            return problem(request, 503, "not-ready", detail, RETRY_AFTER, reasons=[each.reason for each in reasons])
        return {"status": "ok"}

    @api.get("/metrics", summary="Metrics for Prometheus", response_class=Response, **HEALTH)
    async def read_metrics() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return api


def openapi(app: FastAPI) -> APIRouter:
    """Return the route of the OpenAPI document. The document is made once, in a thread, because that takes some
    seconds."""
    api = APIRouter()
    lock = Lock()
    made: list[bytes] = []

    def ready() -> bytes:
        with lock:
            if not made:
                made.append(to_json(app.openapi()))
            return made[0]

    @api.get("/openapi.json", include_in_schema=False, openapi_extra=needs("anybody"))
    async def document() -> Response:
        return Response(await run_in_threadpool(ready), media_type="application/json")

    return api
