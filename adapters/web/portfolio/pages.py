"""The page of the portfolio."""

from collections.abc import Callable
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.app import Services
from adapters.web.errors import PageAskedWrongly
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.portfolio.presenter import portfolio_view
from adapters.web.templates import render, speech_of
from application.portfolio.query import PortfolioQuery

FIELDS = set(PortfolioQuery.model_fields)


def query_in(request: Request) -> PortfolioQuery:
    """What of the portfolio is asked for in the address.  Raises `PageAskedWrongly`."""
    given: dict[str, object] = {name: value for name, value in request.query_params.items() if value and name in FIELDS}
    if "tier" in given:
        given["tier"] = tuple(request.query_params.getlist("tier"))
    try:
        return PortfolioQuery.model_validate(given)
    except ValidationError as error:
        names = ", ".join(str(each["loc"][0]) for each in error.errors() if each["loc"])
        raise PageAskedWrongly(f"The address asks for something there cannot be: look at {names}.") from None


def routes(services: Services, guard: PageGuard, now: Callable[[], datetime]) -> list[Route]:
    async def portfolio(request: Request) -> Response:
        query, caller = query_in(request), visitor_of(request).caller
        page = await run_in_threadpool(services.portfolio.query, query, caller)
        counts = await run_in_threadpool(services.findings.counts, [item.plan_id for item in page.items])
        view = portfolio_view(page, counts, query, dict(request.query_params), now(), speech_of(request))
        return render(request, "portfolio/page.html", view=view)

    return [guard.page("/", portfolio, "view", "portfolio-page")]
