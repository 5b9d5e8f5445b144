"""The portfolio over HTTP."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from adapters.http.conditional import Answer, at_cursor, is_known, unchanged
from adapters.http.documentation import LIST_QUERY
from adapters.http.read_your_writes import Inclusion
from adapters.http.requests import caller_of
from application.portfolio.ports import Portfolio
from application.portfolio.query import PortfolioPage, PortfolioQuery

MOST_POSITION = 2**63 - 1


class PortfolioParameters(PortfolioQuery):
    """A query of the portfolio, and how recent it must be."""

    at_least: int | None = Field(
        None,
        ge=0,
        le=MOST_POSITION,
        description="The `position` of a command: wait up to 2 s until the list includes it.",
    )


def routes(portfolio: Portfolio) -> APIRouter:
    api = APIRouter(prefix="/v1/plans", tags=["views"])

    inclusion = Inclusion(portfolio.includes)

    @api.get("", response_model=PortfolioPage, summary="The portfolio: all plans, filtered and sorted", **LIST_QUERY)
    async def read_portfolio(request: Request, wanted: Annotated[PortfolioParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        content, next = await portfolio.written(wanted, caller)
        tag = f'"{sha256(content).hexdigest()[:32]}"'
        if is_known(request, tag):
            return unchanged(tag)
        return Answer(content, at_cursor(request, next)).with_tag(tag)

    return api
