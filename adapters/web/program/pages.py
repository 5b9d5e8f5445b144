"""The pages of the program: its charter, policy, list, rounds and library."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.app import Rooms
from adapters.http.budgets import budgets_of
from adapters.http.forwarding import forward
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.pages import AggregatePages
from adapters.web.plan.presenter import PlanHead, at_cut, value_address
from adapters.web.plan.timebar import steps
from adapters.web.plan.value_page import VALUE_PATH, value_twin, value_view
from adapters.web.program.findings import ProgramFindingsPage, findings_page
from adapters.web.program.library import library_view
from adapters.web.program.overview import overview
from adapters.web.program.policy import policy_view
from adapters.web.program.rounds import round_page, rounds_view
from adapters.web.templates import render, speech_of
from application.aggregates.access import Right
from application.findings.ports import AllFindings
from application.findings.program import program_findings
from application.findings.standings import examined_at
from application.reports.ports import Histories
from application.rounds.committed_lists import CommittedLists, EntryResult
from application.rounds.ranking import as_of, nominees
from application.views.cuts import check_there, cut_at, known_at, plan_at, timezone_of
from application.views.policy_in_force import policy_at
from application.views.round_ranking import RankedAccount, ranking
from domain.language import Person
from domain.program import PROGRAM
from domain.program.charter import OpenProgram, Program, ProgramNotOpen, the_program
from domain.program.language import ProgramState
from domain.program.limits import Policy
from domain.program.nominations import Opinion
from domain.program.rounds import Round

PATH = "/program"
PAGES: Sequence[tuple[str, str, Right]] = (
    ("", "Program", "practice"),
    ("/policy", "Policy", "practice"),
    ("/rounds", "Rounds", "view-program"),
    ("/library", "Library", "practice"),
    ("/findings", "Findings", "view-program"),
    ("/history", "History", "view-program"),
)
"""The pages of the program, their names, and the right that each needs."""

ProgramRequest = AggregateRequest[ProgramState]


class ProgramPages(AggregatePages[ProgramRequest]):
    """Makes the pages of the program."""

    of = PROGRAM
    change = "program"

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def asked(self, request: Request) -> ProgramRequest:
        views = self._rooms.program
        known = await views.found(request, {})
        text = request.query_params.get("as_of") or request.query_params.get("on") or "now"
        now, say = views.now(), speech_of(request, timezone_of(known))
        cut = cut_at(text, known, now)
        check_there(known, cut)
        views.note_read(request, known.id, f"version:{cut.version}")
        card, caller = the_program(known.state), visitor_of(request).caller
        tabs = [(at_cut(f"{PATH}{page}", cut), say(name)) for page, name, right in PAGES if caller.may(right)]
        head = PlanHead(card.name, "program", PATH, False, tabs, value_address(PATH, cut, card.noun, card.id, "name"))
        return AggregateRequest(request, known, cut, now, say, head, card.currency)

    def policy(self, asked: ProgramRequest) -> Policy:
        return policy_at(asked.known.records, asked.cut).policy

    def people(self, asked: ProgramRequest) -> list[Person]:
        """Return its owner, and everybody who gave an opinion."""
        state = asked.known.state
        owners = [each.owner for each in state.all(Program).values() if each.owner]
        return sorted({*owners, *(each.member for each in state.all(Opinion).values())})

    def before(self, name: str, asked: ProgramRequest) -> Mapping[str, Any]:
        """Return the initial values of a form. A policy is adopted as a whole, so its form begins with the policy in
        force."""
        return {"policy": self.policy(asked)} if name == "adopt-policy" else {}


def home_of(_opened: OpenProgram) -> str:
    """The first page of the program."""
    return PATH


def routes(
    pages: ProgramPages,
    lists: CommittedLists,
    findings: AllFindings,
    histories: Histories,
    guard: PageGuard,
    make_id: Callable[[], UUID],
) -> list[Route]:
    async def program(request: Request) -> Response:
        """Show the program. Before it was opened, the page explains what it is for."""
        try:
            asked = await pages.asked(request)
        except ProgramNotOpen:
            return render(request, "program/none.html", may_open=visitor_of(request).caller.may("program"))
        return pages.rendered(asked, "program/page.html", overview(asked))

    def with_plans(asked: ProgramRequest, round: Round) -> tuple[Sequence[RankedAccount], Sequence[EntryResult]]:
        """Return the ranking of a round, with the marks of plans that the reader may see, and what came of its list."""
        program, at = known_at(asked.known, asked.cut), None if asked.cut.still_moves else asked.cut.at
        read, caller = lists.plans.read, visitor_of(asked.request).caller
        known = nominees(program.state, round.id, as_of(read, at), lambda plan: caller.sees(read(plan.id), asked.now))
        return ranking(program.state, round, known), lists.results(program, round, at)

    async def one_round(request: Request) -> Response:
        asked = await pages.asked(request)
        round = plan_at(asked.known, asked.cut).find(Round, request.path_params["round"])
        if round is None:
            raise NoSuchPage(asked.say("There is no such round at this point."))
        may_change = asked.may("program") and asked.cut.cut == "now" and round.is_open
        ranked, results = await run_in_threadpool(with_plans, asked, round)
        page = round_page(asked, round, ranked, results, may_change)
        return pages.rendered(
            asked, "program/round.html", page, twin=asked.as_json(f"/rounds/{quote(round.id, safe='')}")
        )

    async def found(request: Request) -> Response:
        """Return the findings at the cut. They read many plans. Raises `TooMuchAtOnce`."""
        forward(request)
        asked = await pages.asked(request)

        def view() -> ProgramFindingsPage:
            at = examined_at(asked.known, asked.cut, findings.standings, histories.histories)
            return findings_page(program_findings(at).items, asked, str(make_id()))

        made = await budgets_of(request).do("gathering", visitor_of(request).caller.actor, view)
        return pages.rendered(asked, "program/findings.html", made, twin=asked.as_json("/findings"))

    async def read_steps(request: Request) -> Response:
        asked = await pages.asked(request)
        return JSONResponse(steps(asked.known, asked.say))

    return [
        guard.page(PATH, program, "practice", "program-page"),
        guard.page(f"{PATH}/steps", read_steps, "view-program", "program-steps"),
        guard.page(
            f"{PATH}{VALUE_PATH}",
            pages.page("plan/value.html", value_view, value_twin),
            "practice",
            "program-value-page",
        ),
        guard.page(f"{PATH}/policy", pages.page("program/policy.html", policy_view), "practice", "policy-page"),
        guard.page(f"{PATH}/rounds", pages.page("program/rounds.html", rounds_view), "view-program", "rounds-page"),
        guard.page(f"{PATH}/rounds/{{round}}", one_round, "view-program", "round-page"),
        guard.page(f"{PATH}/findings", found, "view-program", "program-findings-page"),
        guard.page(f"{PATH}/library", pages.page("program/library.html", library_view), "practice", "library-page"),
    ]
