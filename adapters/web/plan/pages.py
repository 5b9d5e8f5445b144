"""The pages of a plan at a cut, and what the pages of all aggregates share."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.budgets import in_turn
from adapters.http.views import PlanViews
from adapters.web.addresses import address
from adapters.web.blamed import origins
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard
from adapters.web.kept import Kept
from adapters.web.plan.asked import AggregateRequest, PlanRequest
from adapters.web.plan.canvas import canvas_shown
from adapters.web.plan.presenter import (
    Fact,
    PlanView,
    head,
    kind_view,
    plan_parts,
)
from adapters.web.plan.tables import drawn_anew, drawn_once
from adapters.web.plan.timebar import Tick, steps, ticks_of, time_bar
from adapters.web.plan.value_page import VALUE_PATH, value_twin, value_view
from adapters.web.templates import part, render, speech_of
from application.aggregates.access import Right
from application.aggregates.loaded import LoadedAggregate
from application.packs import registry
from application.packs.canvas import CanvasPack
from application.views.cuts import Cut, check_there, cut_at, timezone_of
from domain.account_plan import ACCOUNT_PLAN, THINGS
from domain.account_plan.plan import OpenPlan, the_plan
from domain.account_plan.team import Member
from domain.aggregates import AggregateType
from domain.program.limits import Policy

T = TypeVar("T")


R = TypeVar("R", bound=AggregateRequest[Any])


class AggregatePages(ABC, Generic[R]):
    """Makes the pages of an aggregate: finds the aggregate and the cut, and adds the time machine."""

    of: AggregateType[Any]
    change: Right
    """The right that a reader needs to be offered forms."""

    @abstractmethod
    async def asked(self, request: Request) -> R:
        """Return the aggregate and the cut of a request. Raises its `not_open`, `CutRefused`, `StoreUnavailable`."""

    @abstractmethod
    def people(self, asked: R) -> list[str]:
        """Return our people whom it knows."""

    @abstractmethod
    def policy(self, asked: R) -> Policy:
        """Return the policy in force at the cut."""

    def before(self, name: str, asked: R) -> Mapping[str, Any]:
        """Return the initial values for the form of a command."""
        del name, asked
        return {}

    def ticks(self, known: LoadedAggregate[Any]) -> Sequence[Tick]:
        """Return the marks on its history."""
        del known
        return ()

    def shown(self, asked: R) -> Mapping[str, tuple[LoadedAggregate[Any], Cut]]:
        """Return the aggregates of which its pages show values, each at its cut, by the paths of their pages."""
        return {asked.path: (asked.known, asked.cut)}

    def page(
        self, template: str, make: Callable[[R], Any], twin: Callable[[R, Any], str] | None = None
    ) -> Callable[[Request], Any]:
        """Return a page that shows a view. `twin` returns the address of the JSON that says what the view does."""

        def made(asked: R) -> Response:
            view = make(asked)
            return self.rendered(asked, template, view, twin=twin(asked, view) if twin else None)

        async def page(request: Request) -> Response:
            asked = await self.asked(request)
            return await in_turn(request, asked.cut.version, lambda: made(asked))

        return page

    def rendered(self, asked: R, template: str, view: Any, status: int = 200, twin: str | None = None) -> Response:
        """Return the page. Its twin is the JSON of the aggregate where no other is named."""
        path, say = asked.path, asked.say
        here = f"{path}{asked.request.scope['path'].removeprefix(path)}"
        bar = time_bar(asked.known, asked.cut, self.ticks(asked.known), here, path, say, asked.blaming)
        may_change = asked.may(self.change)
        told = origins(self.shown(asked), say) if asked.blaming else None
        turned = address(here, asked.request.query_params, blame=None if told else "yes")
        return render(
            asked.request, template, status, say, told, twin or asked.as_json(), view=view, bar=bar,
            may_change=may_change, blame_address=turned,
        )  # fmt: skip


class PlanPages(AggregatePages[PlanRequest]):
    """Makes the pages of a plan."""

    of = ACCOUNT_PLAN
    change = "command"

    def __init__(self, views: PlanViews, ticks: Kept[Sequence[Tick]]) -> None:
        self._views = views
        self._ticks = ticks

    async def asked(self, request: Request) -> PlanRequest:
        known, program = await self._views.judged(request, request.path_params["plan"])
        text = request.query_params.get("as_of") or request.query_params.get("on") or "now"
        now, say = self._views.now(), speech_of(request, timezone_of(known))
        cut = cut_at(text, known, now)
        check_there(known, cut)
        self._views.note_read(request, known.id, f"version:{cut.version}")
        card = the_plan(known.state)
        return PlanRequest(request, known, cut, now, say, head(card, cut, say), card.currency, program)

    def kept(self, kept: Kept[T], asked: PlanRequest, make: Callable[[], T], *also: Hashable) -> T:
        """Return the cached parts of the current plan, for readers of this language on this day. `also` contains
        everything else on which they depend."""
        known, cut = asked.known, asked.cut
        where = known.version, known.erasures, cut.cut, cut.date, asked.policy_in_force.version, *also
        return kept.of(known.id, (*where, asked.blaming, asked.say.language), make)

    def policy(self, asked: PlanRequest) -> Policy:
        return asked.policy_in_force.policy

    def people(self, asked: PlanRequest) -> list[str]:
        """Return its owner and everybody who was ever on its team."""
        plan = asked.known.state
        return sorted({the_plan(plan).owner, *(member.person for member in plan.all(Member).values())})

    def shown(self, asked: PlanRequest) -> Mapping[str, tuple[LoadedAggregate[Any], Cut]]:
        return {**super().shown(asked), "/program": (asked.practice, asked.practice_cut)}

    def ticks(self, known: LoadedAggregate[Any]) -> Sequence[Tick]:
        return self._ticks.of(known.id, (known.version, known.erasures), lambda: ticks_of(known))


def home_of(opened: OpenPlan) -> str:
    """Return the first page of a plan that was opened."""
    return f"/plans/{quote(opened.account_id, safe='')}"


OnTop = Callable[[PlanRequest], object]
"""Makes what stands at the top of a plan's page."""

Parts = tuple[Sequence[Fact], str, str]
"""The facts of a plan, and its rendered canvas and sections."""


def routes(pages: PlanPages, guard: PageGuard, findings: OnTop, kept: Kept[Parts], tables: Kept[str]) -> list[Route]:
    def plan(asked: PlanRequest) -> Any:
        facts, canvas, sections = parts(asked)
        return PlanView(asked.head, facts, canvas, findings(asked), sections)

    def parts(asked: PlanRequest) -> Parts:
        def made() -> Parts:
            known, cut, say = asked.then, asked.cut, asked.say
            keeps = cut.cut == "now" and not asked.blaming
            drawn = drawn_once(tables, known, cut, say) if keeps else drawn_anew(say)
            found = plan_parts(known, cut, say, asked.blaming, asked.program, drawn)
            pack = registry.pack("canvas", asked.then, asked.cut, asked.program)
            assert isinstance(pack, CanvasPack)
            canvas = canvas_shown(pack, asked.path, asked.cut, asked.say)
            on_top = part("plan/canvas.html", asked.say, canvas=canvas)
            return found.facts, on_top, part("plan/sections.html", asked.say, sections=found.sections)

        return pages.kept(kept, asked, made)

    def every(asked: PlanRequest) -> Any:
        kind = THINGS.get(asked.request.path_params["kind"])
        if kind is None:
            raise NoSuchPage(asked.say("There is no such kind of thing."))
        return kind_view(asked.then, asked.cut, kind, asked.say, asked.blaming)

    async def read_steps(request: Request) -> Response:
        asked = await pages.asked(request)
        return JSONResponse(await run_in_threadpool(steps, asked.known, asked.say))

    return [
        guard.page("/plans/{plan}", pages.page("plan/page.html", plan), "view", "plan-page"),
        guard.page("/plans/{plan}/all/{kind}", pages.page("plan/kind.html", every), "view", "things-page"),
        guard.page("/plans/{plan}/steps", read_steps, "view", "plan-steps"),
        guard.page(
            f"/plans/{{plan}}{VALUE_PATH}", pages.page("plan/value.html", value_view, value_twin), "view", "value-page"
        ),
    ]
