"""The views of the program over HTTP, at any cut."""

from collections.abc import Callable, Hashable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel
from pydantic_core import to_json

from adapters.http.budgets import budgets_of
from adapters.http.documentation import documented
from adapters.http.forwarding import forward
from adapters.http.problems import Rejected
from adapters.http.queries import history_routes
from adapters.http.requests import caller_of
from adapters.http.resources import THE_PROGRAM
from adapters.http.view_queries import AsOf, DiffQuery, ProgramBlameQuery, ProgramHistoryQuery
from adapters.http.views import Views
from application.aggregates.access import Caller
from application.findings.ports import AllFindings
from application.findings.program import ProgramFindings, program_findings
from application.findings.standings import examined_at
from application.library.examples import ExampleView, NoSuchExample, example_view
from application.reports.ports import Histories
from application.rounds.committed_lists import CommittedLists, EntryResult
from application.rounds.ranking import as_of, nominees
from application.views.by_section import CutView
from application.views.current_program import (
    CurrentProgram,
    LoadedProgram,
    ProgramDiff,
    current_program,
    program_diff,
)
from application.views.cuts import Cut, CutRefused, known_at
from application.views.round_ranking import RankedAccount, ranking
from domain.account_plan.plan import PlanNotOpen
from domain.program.language import ProgramState
from domain.program.rounds import Round

BEFORE_IT_OPENED = "version:0"


class RoundShown(BaseModel):
    """A round at a cut: its nominations, their ranking by the plans as they stood then, and the outcome of its list."""

    program_id: UUID
    version: int
    as_of: CutView
    round: Round
    ranking: list[RankedAccount]
    results: list[EntryResult]


def routes(views: Views[ProgramState], lists: CommittedLists, findings: AllFindings, histories: Histories) -> APIRouter:
    api = APIRouter(prefix=THE_PROGRAM.path, tags=["program"])

    async def find(request: Request) -> LoadedProgram:
        return await views.found(request, {})

    async def with_plans(
        request: Request, asked: AsOf, view: Callable[[LoadedProgram, Cut], BaseModel], *others: Hashable
    ) -> Response:
        """Answer with a view of the program that shows its plans too. As the program stands now, caches must not keep
        it, because the plans change without the program; an earlier cut is as it was. `view` reads many plans, so it
        runs in a thread when it is the caller's turn. Raises `TooMuchAtOnce`."""
        known = await find(request)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        if not cut.still_moves:
            return await views.answer(
                request, known, lambda: view(known, cut), cut, *others, settled=False, work="gathering"
            )
        views.note_read(request, known.id, f"version:{known.version}")
        caller = caller_of(request)
        content = await budgets_of(request).do(
            "gathering", caller.actor, lambda: to_json(view(known, cut), by_alias=True)
        )
        return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")

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

    history_routes(api, views, find, ProgramHistoryQuery, ProgramBlameQuery, "program_")

    @api.get(
        "/diff",
        response_model=ProgramDiff,
        summary="What is different between two cuts of the program",
        **documented(THE_PROGRAM.view),
    )
    async def read_program_diff(request: Request, asked: Annotated[DiffQuery, Query()]) -> Response:
        known = await find(request)
        cuts = views.cuts(known)
        b = cuts.closing(asked)
        a = cuts.cut("from", asked.from_ or BEFORE_IT_OPENED)
        return await views.answer(request, known, lambda: program_diff(known, a, b), b, since=a)

    @api.get(
        "/findings",
        response_model=ProgramFindings,
        summary="What is wrong with the program as it stands, or stood: its list, its phases, plans that are alike",
        **documented(THE_PROGRAM.view),
    )
    async def read_program_findings(request: Request, asked: Annotated[AsOf, Query()]) -> Response:
        forward(request)

        def found(known: LoadedProgram, cut: Cut) -> ProgramFindings:
            return program_findings(examined_at(known, cut, findings.standings, histories.histories))

        return await with_plans(request, asked, found)

    @api.get(
        "/rounds/{round}",
        response_model=RoundShown,
        summary="A round as it stands, or stood: score matrix, opinions, and what came of its list",
        **documented(THE_PROGRAM.view),
    )
    async def read_round(
        request: Request, round: Annotated[str, Path(description="Its id.")], asked: Annotated[AsOf, Query()]
    ) -> Response:
        caller = caller_of(request)
        return await with_plans(
            request, asked, lambda known, cut: shown(known, cut, round, caller), caller.actor, caller.plans
        )

    @api.get(
        "/examples/{example}",
        response_model=ExampleView,
        summary="A gold-standard plan of the library as it stood at its cut, without names",
        **documented("practice"),
    )
    async def read_example(
        request: Request, example: Annotated[str, Path(description="Its id.")], asked: Annotated[AsOf, Query()]
    ) -> Response:
        def made(known: LoadedProgram, cut: Cut) -> ExampleView:
            try:
                return example_view(known_at(known, cut), example, histories.without_words)
            except (NoSuchExample, PlanNotOpen, CutRefused):
                raise Rejected(404, "unknown-example", "There is no such example in the library.") from None

        return await with_plans(request, asked, made)

    def shown(program: LoadedProgram, cut: Cut, id: str, caller: Caller) -> RoundShown:
        """Return a round with its ranking. Raises `Rejected`, `StoreUnavailable`, `CutBeforePlan`."""
        known, now, at = known_at(program, cut), views.now(), None if cut.still_moves else cut.at
        round = known.state.find(Round, id)
        if round is None:
            raise Rejected(404, "unknown-round", "There is no such round in this program at this point.")
        read = lists.plans.read
        theirs = nominees(known.state, id, as_of(read, at), lambda plan: caller.sees(read(plan.id), now))
        return RoundShown.model_construct(
            program_id=known.id,
            version=known.version,
            as_of=CutView.of(cut),
            round=round,
            ranking=ranking(known.state, round, theirs),
            results=lists.results(known, round, at),
        )

    return api
