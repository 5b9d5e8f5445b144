"""The page of the portfolio."""

from collections.abc import Callable
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.app import Services
from adapters.web.addresses import query_in
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.portfolio.presenter import portfolio_view
from adapters.web.templates import render, speech_of
from application.portfolio.query import PortfolioQuery


def routes(services: Services, guard: PageGuard, now: Callable[[], datetime]) -> list[Route]:
    async def portfolio(request: Request) -> Response:
        query, caller = query_in(PortfolioQuery, request, ("tier",)), visitor_of(request).caller
        page = await run_in_threadpool(services.portfolio.query, query, caller)
        counts = await run_in_threadpool(services.findings.counts, [item.plan_id for item in page.items])
        view = portfolio_view(page, counts, query, dict(request.query_params), now(), speech_of(request))
        return render(request, "portfolio/page.html", view=view)

    return [guard.page("/", portfolio, "view", "portfolio-page")]
