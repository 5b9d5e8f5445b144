"""Findings across plans over HTTP."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from adapters.http.conditional import Answer, at_cursor, is_known, unchanged
from adapters.http.documentation import LIST_QUERY
from adapters.http.portfolio import MOST_POSITION
from adapters.http.read_your_writes import Inclusion
from adapters.http.requests import caller_of
from application.findings.across import FindingsPage, FindingsQuery
from application.findings.ports import AllFindings


class FindingsParameters(FindingsQuery):
    """Which findings, and how recent they must be."""

    at_least: int | None = Field(
        None,
        ge=0,
        le=MOST_POSITION,
        description="The `position` of a command: wait up to 2 s until the list includes what follows from it.",
    )


def routes(findings: AllFindings) -> APIRouter:
    api = APIRouter(prefix="/v1/findings", tags=["views"])

    inclusion = Inclusion(findings.includes)

    @api.get("", response_model=FindingsPage, summary="What is wrong, across plans", **LIST_QUERY)
    async def read_all_findings(request: Request, wanted: Annotated[FindingsParameters, Query()]) -> Response:
        caller = caller_of(request)
        await inclusion.of(wanted.at_least)
        found = await run_in_threadpool(findings.query, wanted, caller)
        content = found.model_dump_json().encode()
        tag = f'"{sha256(content).hexdigest()[:32]}"'
        if is_known(request, tag):
            return unchanged(tag)
        return Answer(content, at_cursor(request, found.next)).with_tag(tag)

    return api
