"""The page of the findings of all plans."""

from collections.abc import Callable
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.app import Rooms
from adapters.web.addresses import address, query_in, same_query
from adapters.web.blamed import origins
from adapters.web.findings.across import AT_ONCE, PATH, findings_list
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.presenter import plan_path
from adapters.web.templates import render, speech_of
from application.findings.across import FindingsQuery
from application.findings.ports import AllFindings
from application.views.cuts import cut_at
from domain.account_plan.plan import the_plan


def routes(rooms: Rooms, findings: AllFindings, guard: PageGuard, make_id: Callable[[], UUID]) -> list[Route]:
    async def list_all(request: Request) -> Response:
        query, caller = query_in(FindingsQuery, request, ("rule", "severity", "tier")), visitor_of(request).caller
        query = query.model_copy(update={"limit": min(query.limit, AT_ONCE)})
        page = await run_in_threadpool(findings.query, query, caller)
        names = {item.account_id: item.plan_id for item in page.items}
        plans = {name: await rooms.plans.standing(id, request) for name, id in names.items()}
        now, given, say = rooms.plans.now(), dict(request.query_params), speech_of(request)
        known = {name: plan for name, plan in plans.items() if plan.records and caller.sees(plan, now)}
        for plan in known.values():
            rooms.plans.note_read(request, plan.id, f"version:{plan.version}")
        view = await run_in_threadpool(findings_list, page, known, query, given, caller, now, str(make_id()), say)
        shown = {plan_path(the_plan(plan.state)): (plan, cut_at("now", plan, now)) for plan in known.values()}
        told = origins(shown, say) if "blame" in given else None
        turned = address(PATH, given, blame=None if told else "yes")
        twin = same_query("/v1/findings", FindingsQuery, request)
        return render(request, "findings/page.html", told=told, twin=twin, view=view, blame_address=turned)

    return [guard.page_of_tables(PATH, list_all, "view", "findings-page")]
