"""Every view of the program, for any cut."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from adapters.http.documentation import documented
from adapters.http.queries import (
    AsOf,
    CutsCompared,
    ProgramBlameWanted,
    ProgramHistoryParameters,
    Views,
    life_routes,
)
from adapters.http.requests import caller_of
from adapters.http.resources import THE_PROGRAM
from application.views.current_program import (
    CurrentProgram,
    LoadedProgram,
    ProgramDiff,
    current_program,
    program_diff,
)
from domain.program.language import ProgramState

BEFORE_IT_OPENED = "version:0"


def routes(views: Views[ProgramState]) -> APIRouter:
    api = APIRouter(prefix=THE_PROGRAM.path, tags=["program"])

    async def find(request: Request) -> LoadedProgram:
        return await views.found(request, {})

    @api.get(
        "",
        response_model=CurrentProgram,
        summary="The program as it stands, or stood: policy, list, library; rounds for those who see the whole",
        **documented("practice"),
    )
    async def read_program(request: Request, asked: Annotated[AsOf, Query()]) -> Response:
        known = await find(request)
        cut, whole = views.cuts(known).cut("as_of", asked.as_of), caller_of(request).may(THE_PROGRAM.view)
        return await views.answer(request, known, lambda: current_program(known, cut, whole), cut, whole)

    life_routes(api, views, find, ProgramHistoryParameters, ProgramBlameWanted, "program_")

    @api.get(
        "/diff",
        response_model=ProgramDiff,
        summary="What is different between two cuts of the program",
        **documented(THE_PROGRAM.view),
    )
    async def read_program_diff(request: Request, asked: Annotated[CutsCompared, Query()]) -> Response:
        known = await find(request)
        cuts = views.cuts(known)
        b = cuts.closing(asked)
        a = cuts.cut("from", asked.from_ or BEFORE_IT_OPENED)
        return await views.answer(request, known, lambda: program_diff(known, a, b), b, since=a)

    return api
