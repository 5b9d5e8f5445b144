"""Findings across plans over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from adapters.http.conditional import Answer, at_cursor, tagged
from adapters.http.documentation import LIST_QUERY
from adapters.http.read_your_writes import PositionWaiter, RecentEnough
from adapters.http.requests import caller_of
from application.findings.across import FindingsPage, FindingsQuery
from application.findings.ports import AllFindings


class FindingsParameters(RecentEnough, FindingsQuery):
    """Which findings to return, and how recent they must be."""


def routes(findings: AllFindings) -> APIRouter:
    api = APIRouter(prefix="/v1/findings", tags=["views"])

    inclusion = PositionWaiter(findings.includes)

    @api.get("", response_model=FindingsPage, summary="What is wrong, across plans", **LIST_QUERY)
    async def read_all_findings(request: Request, wanted: Annotated[FindingsParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        found = await run_in_threadpool(findings.query, wanted, caller)
        content = found.model_dump_json().encode()
        return tagged(request, Answer(content, at_cursor(request, found.next)))

    return api
