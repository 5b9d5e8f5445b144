"""The portfolio over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from adapters.http.batched_lookups import BatchedLookup
from adapters.http.conditional import Answer, ReadyAnswers, at_cursor, hash_of, is_known, unchanged
from adapters.http.documentation import LIST_QUERY
from adapters.http.read_your_writes import PositionWaiter, RecentEnough
from adapters.http.requests import caller_of
from adapters.http.reusable_answers import TableConditions
from application.portfolio.ports import Portfolio
from application.portfolio.query import PortfolioPage, PortfolioQuery

MOST_BYTES_READY = 8 * 1024 * 1024


class PortfolioParameters(RecentEnough, PortfolioQuery):
    """Which rows of the portfolio to return, and how recent they must be."""


def routes(portfolio: Portfolio) -> APIRouter:
    api = APIRouter(prefix="/v1/plans", tags=["views"])

    inclusion, state = PositionWaiter(portfolio.includes), BatchedLookup(portfolio.state)
    ready = ReadyAnswers(MOST_BYTES_READY)

    @api.get("", response_model=PortfolioPage, summary="The portfolio: all plans, filtered and sorted", **LIST_QUERY)
    async def read_portfolio(request: Request, wanted: Annotated[PortfolioParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        at = await state.answer()  # The position is read before the page, so that the page is at least as recent.
        view, asked = (at.log, at.generation, at.written, caller), request.scope["query_string"]
        answer = ready.get(view, asked)
        if answer is None:
            content, next = await portfolio.written(wanted, caller)
            answer = Answer(content, at_cursor(request, next))
            ready.put(view, asked, answer)
        tag = hash_of(answer)
        request.scope["grounds"] = TableConditions.with_answer(state.answer, at, tag, answer)
        return unchanged(tag) if is_known(request, tag) else answer.with_tag(tag)

    return api
