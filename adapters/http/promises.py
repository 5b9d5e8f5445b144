"""The promises of all plans over HTTP, by the person who made them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapters.http.conditional import Answer, at_cursor, tagged
from adapters.http.documentation import LIST_QUERY
from adapters.http.read_your_writes import PositionWaiter, RecentEnough
from adapters.http.requests import caller_of, is_for_table
from application.portfolio.promises import AllPromises, PromisesPage, PromisesQuery


class PromisesParameters(RecentEnough, PromisesQuery):
    """Which promises to return, and how recent they must be."""


def routes(promises: AllPromises) -> APIRouter:
    api = APIRouter(prefix="/v1/promises", tags=["views"])
    inclusion = PositionWaiter(promises.includes)

    @api.get(
        "", response_model=PromisesPage, summary="Open plays and actions of all plans, by who promised", **LIST_QUERY
    )
    async def read_promises(request: Request, wanted: Annotated[PromisesParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        query = wanted.in_long_pages() if is_for_table(request) else wanted

        def content() -> tuple[bytes, str | None]:
            found = promises.query(query, caller)
            return found.model_dump_json().encode(), found.next

        said, next = await run_in_threadpool(content)
        return tagged(request, Answer(said, at_cursor(request, next)))

    return api
