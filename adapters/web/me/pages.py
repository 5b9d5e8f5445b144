"""The page of a person's own day."""

from collections.abc import Callable
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.app import Rooms
from adapters.web.addresses import address
from adapters.web.blamed import origins
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.me.presenter import MyDay, MyPromise, Waiting, grouped, my_promises, waiting_for
from adapters.web.plan.presenter import plan_path
from adapters.web.promises.pages import PromisePages, Sent
from adapters.web.promises.presenter import NOTHING
from adapters.web.templates import render, speech_of
from application.portfolio.ports import Portfolio
from application.portfolio.query import MOST_ITEMS, PortfolioQuery
from application.views.cuts import cut_at
from application.views.policy_in_force import policy_at
from domain.account_plan.plan import the_plan
from domain.language import same_person
from domain.things import day_of


def routes(
    rooms: Rooms, portfolio: Portfolio, promises: PromisePages, guard: PageGuard, make_id: Callable[[], UUID]
) -> list[Route]:
    async def shown(request: Request, sent: Sent | None = None) -> Response:
        """Show the plans that the person owns or works on, with what was typed and could not be recorded."""
        caller, say, now = visitor_of(request).caller, speech_of(request), rooms.plans.now()
        me = same_person(caller.actor)
        query = PortfolioQuery.model_validate({"person": me, "limit": MOST_ITEMS})
        page = await run_in_threadpool(portfolio.query, query, caller)
        found = [await rooms.plans.standing(item.plan_id, request) for item in page.items]
        plans = [known for known in found if known.records and caller.sees(known, now)]
        for known in plans:
            rooms.plans.note_read(request, known.id, f"version:{known.version}")
        program = await rooms.plans.program(request)
        today = day_of(now, "UTC")

        def view() -> MyDay:
            mine, waiting = list[MyPromise](), list[Waiting]()
            for known in plans:
                cut = cut_at("now", known, now)
                typed = sent.typed if sent and sent.asked.known.id == known.id else NOTHING
                mine += my_promises(me, known, cut, say, caller.may("command"), typed)
                waiting += waiting_for(me, known, cut, policy_at(program, cut).policy, say)
            waiting.sort(key=lambda each: (each.on, each.plan, each.what))
            groups = grouped(mine, today, say)
            return MyDay(
                str(make_id()), caller.actor, say.day(today), groups, waiting, len(plans), page.next is not None
            )

        shown = {plan_path(the_plan(known.state)): (known, cut_at("now", known, now)) for known in plans}
        told = origins(shown, say) if "blame" in request.query_params else None
        turned = address("/me", request.query_params, blame=None if told else "yes")
        made = await run_in_threadpool(view)
        status, twin = sent.status if sent else 200, address("/v1/promises", {"owner": me})
        return render(request, "me/page.html", status, told=told, twin=twin, view=made, blame_address=turned)

    async def my_day(request: Request) -> Response:
        return await shown(request)

    async def record(request: Request) -> Response:
        """Record the outcome of one promise without leaving the page."""
        sent = await promises.sent(request)
        return RedirectResponse("/me", 303) if sent.typed is NOTHING else await shown(request, sent)

    return [
        guard.page_of_tables("/me", my_day, "view", "my-day-page"),
        guard.page("/me/{plan}", record, "command", "my-promise-recorded", "POST"),
    ]
