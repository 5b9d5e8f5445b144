"""Measures over HTTP: figures of plans over months, as JSON or as a table."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import Field

from adapters.http.conditional import Answer, tagged
from adapters.http.documentation import ETAG_AND_REQUEST_ID, QUERY
from adapters.http.problems import rejected_parameter
from adapters.http.report_forms import media_ranges, quality_of
from adapters.http.request_headers import headers_of
from adapters.http.requests import NoteRead, caller_of
from adapters.rendering.measures import as_csv
from application.measures.ports import MonthEnds
from application.measures.query import MeasuresQuery, months_asked
from application.measures.series import MeasuresView, measures_view
from application.views.cuts import CutRefused

JSON, CSV = "application/json", "text/csv"
IN_EITHER_FORM: dict[str, Any] = QUERY | {
    "responses": QUERY["responses"]
    | {200: {"headers": ETAG_AND_REQUEST_ID, "content": {CSV: {"schema": {"type": "string"}}}}}
}


class MeasuresParameters(MeasuresQuery):
    """Which measures to return, and in which form."""

    format: Literal["json", "csv"] | None = Field(None, description="If not given, what `Accept` likes best.")


def routes(ends: MonthEnds, now: Callable[[], datetime], note_read: NoteRead) -> APIRouter:
    api = APIRouter(prefix="/v1/measures", tags=["reports"])

    @api.get("", response_model=MeasuresView, summary="Measures of plans, over months", **IN_EITHER_FORM)
    async def read_measures(request: Request, asked: Annotated[MeasuresParameters, Query()]) -> Response:
        caller, at = caller_of(request), now()
        note_read(request, None, None)
        try:
            months_asked(asked, at)
        except CutRefused as error:
            raise rejected_parameter(_blamed(asked, at), error.type, str(error)) from None
        media_type = CSV if asked.format == "csv" or (asked.format is None and _likes_csv(request)) else JSON

        def made() -> bytes:
            view = measures_view(asked, ends, at, caller)
            return as_csv(view) if media_type == CSV else view.model_dump_json(by_alias=True).encode()

        content = await run_in_threadpool(made)
        answer = tagged(request, Answer(content, None, media_type))
        answer.headers["Vary"] = "Authorization, Accept"
        return answer

    return api


def _blamed(asked: MeasuresQuery, now: datetime) -> str:
    """Return the parameter to blame: the last month if it is wrong by itself, else the first."""
    try:
        months_asked(asked.model_copy(update={"from_": None}), now)
    except CutRefused:
        return "to"
    return "from"


def _likes_csv(request: Request) -> bool:
    ranges = list(media_ranges(headers_of(request.scope).get("accept", "")))
    return quality_of(CSV, ranges) > quality_of(JSON, ranges)
