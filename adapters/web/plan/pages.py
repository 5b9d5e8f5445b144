"""The pages of one plan at a cut."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.http.queries import PlanViews
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.presenter import plan_path, plan_view
from adapters.web.plan.timebar import steps, time_bar
from adapters.web.plan.value_page import value_view
from adapters.web.templates import render, speech_of
from application.views.cuts import Cut, check_there, cut_at, timezone_of
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import reviews
from domain.account_plan.plan import the_plan
from domain.record import Recorded


@dataclass(frozen=True)
class PlanRequest:
    """A page of a plan that somebody asked for."""

    request: Request
    known: LoadedPlan
    cut: Cut
    now: datetime
    say: Speech
    program: Sequence[Recorded]
    """By whose policies the plan is judged."""

    @property
    def blaming(self) -> bool:
        return "blame" in self.request.query_params


class PlanPages:
    """Makes the pages of a plan: finds the plan and the cut, and puts the time machine on top."""

    def __init__(self, views: PlanViews) -> None:
        self._views = views

    async def asked(self, request: Request) -> PlanRequest:
        """Raises `PlanNotOpen`, `CutRefused`, `StoreUnavailable`."""
        known, program = await self._views.judged(request, request.path_params["plan"])
        text = request.query_params.get("as_of") or request.query_params.get("on") or "now"
        now = self._views.now()
        cut = cut_at(text, known, now)
        check_there(known, cut)
        self._views.note_read(request, known.id, f"version:{cut.version}")
        return PlanRequest(request, known, cut, now, speech_of(request, timezone_of(known)), program)

    def page(self, template: str, make: Callable[[PlanRequest], Any]) -> Callable[[Request], Any]:
        async def page(request: Request) -> Response:
            asked = await self.asked(request)
            return await run_in_threadpool(lambda: self.rendered(asked, template, make(asked)))

        return page

    def rendered(self, asked: PlanRequest, template: str, view: Any, status: int = 200) -> Response:
        known, cut, say = asked.known, asked.cut, asked.say
        now = cut_at("now", known, self._views.now())
        path = plan_path(the_plan(known.state))
        here = f"{path}{asked.request.scope['path'].removeprefix(path)}"
        bar = time_bar(known, cut, reviews(known, now), here, path, say, asked.blaming)
        may_change = visitor_of(asked.request).caller.may("command")
        return render(asked.request, template, status, say, view=view, bar=bar, may_change=may_change)


OnTop = Callable[[PlanRequest], object]
"""What stands on top of the page of a plan."""


def routes(pages: PlanPages, guard: PageGuard, findings: OnTop) -> list[Route]:
    def plan(asked: PlanRequest) -> Any:
        return plan_view(asked.known, asked.cut, asked.say, asked.blaming, findings(asked), asked.program)

    def value(asked: PlanRequest) -> Any:
        kind, id, field = (asked.request.path_params[name] for name in ("kind", "id", "field"))
        return value_view(asked.known, asked.cut, kind, id, field, asked.say)

    async def read_steps(request: Request) -> Response:
        asked = await pages.asked(request)
        return JSONResponse(await run_in_threadpool(steps, asked.known, asked.say))

    return [
        guard.page("/plans/{plan}", pages.page("plan/page.html", plan), "view", "plan-page"),
        guard.page("/plans/{plan}/steps", read_steps, "view", "plan-steps"),
        guard.page(
            "/plans/{plan}/values/{kind}/{id}/{field}", pages.page("plan/value.html", value), "view", "value-page"
        ),
    ]
