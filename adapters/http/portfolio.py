"""The portfolio over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from adapters.http.conditional import Answer, at_cursor, tagged
from adapters.http.documentation import LIST_QUERY
from adapters.http.read_your_writes import Inclusion, RecentEnough
from adapters.http.requests import caller_of
from application.portfolio.ports import Portfolio
from application.portfolio.query import PortfolioPage, PortfolioQuery


class PortfolioParameters(RecentEnough, PortfolioQuery):
    """A query of the portfolio, and how recent it must be."""


def routes(portfolio: Portfolio) -> APIRouter:
    api = APIRouter(prefix="/v1/plans", tags=["views"])

    inclusion = Inclusion(portfolio.includes)

    @api.get("", response_model=PortfolioPage, summary="The portfolio: all plans, filtered and sorted", **LIST_QUERY)
    async def read_portfolio(request: Request, wanted: Annotated[PortfolioParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        content, next = await portfolio.written(wanted, caller)
        return tagged(request, Answer(content, at_cursor(request, next)))

    return api
