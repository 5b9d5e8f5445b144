"""The page of measures over months, across plans."""

from collections.abc import Callable
from datetime import datetime

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.requests import NoteRead
from adapters.web.addresses import query_in
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.measures.presenter import AT_FIRST, PATH, MeasuresPage, measures_page
from adapters.web.templates import render, speech_of
from application.measures.ports import MonthEnds
from application.measures.query import MeasuresQuery
from application.measures.series import measures_view


def routes(ends: MonthEnds, now: Callable[[], datetime], note_read: NoteRead, guard: PageGuard) -> list[Route]:
    async def measures(request: Request) -> Response:
        query = query_in(MeasuresQuery, request, ("measure",), {"measure": AT_FIRST})
        note_read(request, None, None)
        caller, say, given = visitor_of(request).caller, speech_of(request), dict(request.query_params)

        def made() -> MeasuresPage:
            return measures_page(measures_view(query, ends, now(), caller), query, given, say)

        view = await run_in_threadpool(made)
        return render(request, "measures/page.html", twin=view.twin, view=view)

    return [guard.page_of_tables(PATH, measures, "view", "measures-page")]
