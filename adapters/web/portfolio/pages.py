"""The page of the portfolio."""

from collections.abc import Callable
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.app import Services
from adapters.http.views import PlanViews
from adapters.web.addresses import query_in, same_query
from adapters.web.blamed import origins
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.presenter import plan_path
from adapters.web.portfolio.keep_rates import KeepRates
from adapters.web.portfolio.presenter import portfolio_view
from adapters.web.templates import render, speech_of
from application.portfolio.query import PortfolioQuery
from application.views.cuts import cut_at
from domain.account_plan.plan import the_plan


def routes(services: Services, plans: PlanViews, guard: PageGuard, now: Callable[[], datetime]) -> list[Route]:
    kept = KeepRates()

    async def portfolio(request: Request) -> Response:
        say = speech_of(request)
        query, caller = query_in(PortfolioQuery, request, ("tier",)), visitor_of(request).caller
        page = await run_in_threadpool(services.portfolio.query, query, caller)
        counts = await run_in_threadpool(services.findings.counts, [item.plan_id for item in page.items])
        known = {item.plan_id: await plans.standing(item.plan_id, request) for item in page.items}
        rates = await run_in_threadpool(
            lambda: {id: kept.of(plan, now()) for id, plan in known.items() if plan.records}
        )
        there = {id: plan for id, plan in known.items() if plan.records}
        view = await run_in_threadpool(
            portfolio_view, page, counts, rates, there, query, dict(request.query_params), now(), say
        )
        asks_who = "blame" in request.query_params
        told = origins(
            {plan_path(the_plan(plan.state)): (plan, cut_at("now", plan, now())) for plan in there.values()}, say
        )
        twin = same_query("/v1/plans", PortfolioQuery, request)
        return render(request, "portfolio/page.html", told=told if asks_who else None, twin=twin, view=view)

    return [guard.page_of_tables("/", portfolio, "view", "portfolio-page")]
