"""The page of the portfolio."""

from collections.abc import Callable
from datetime import date, datetime

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.app import Services
from adapters.http.views import PlanViews
from adapters.web.addresses import query_in
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.portfolio.keep_rates import KeepRates
from adapters.web.portfolio.presenter import portfolio_view
from adapters.web.templates import render, speech_of
from application.portfolio.query import PortfolioQuery
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.reviews import Review


def next_review(known: LoadedPlan) -> date | None:
    """Return the day of the first planned review."""
    return min(
        (each.planned_on for each in known.state.open(Review) if each.state == "scheduled" and each.planned_on),
        default=None,
    )


def routes(services: Services, plans: PlanViews, guard: PageGuard, now: Callable[[], datetime]) -> list[Route]:
    kept = KeepRates()

    async def portfolio(request: Request) -> Response:
        query, caller = query_in(PortfolioQuery, request, ("tier",)), visitor_of(request).caller
        page = await run_in_threadpool(services.portfolio.query, query, caller)
        counts = await run_in_threadpool(services.findings.counts, [item.plan_id for item in page.items])
        known = {item.plan_id: await plans.standing(item.plan_id, request) for item in page.items}
        rates = await run_in_threadpool(
            lambda: {id: kept.of(plan, now()) for id, plan in known.items() if plan.records}
        )
        planned = {id: next_review(plan) for id, plan in known.items() if plan.records}
        view = portfolio_view(
            page, counts, rates, planned, query, dict(request.query_params), now(), speech_of(request)
        )
        return render(request, "portfolio/page.html", view=view)

    return [guard.page("/", portfolio, "view", "portfolio-page")]
