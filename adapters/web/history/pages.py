"""The pages of a plan's audit trail, and of one event."""

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.history.presenter import HistoryView, event_view, filter_in, history_view, says
from adapters.web.plan.pages import PlanPages, PlanRequest
from application.proof.ports import EventProof, LogTree, NotCoveredYet
from application.views.history import history
from application.views.list_cursors import cursor_after, version_of
from application.views.pages import HistoryPage, event_named, version_before
from domain.account_plan import ACCOUNT_PLAN

ENTRIES_ON_A_PAGE = 100


def trail(asked: PlanRequest) -> HistoryView:
    given = {name: value for name, value in asked.request.query_params.items() if value}
    type = event_named(given["type"], ACCOUNT_PLAN) if "type" in given else None
    if "type" in given and type is None:
        raise NoSuchPage(f"There is no type of event “{given['type']}”.")
    filter, words = filter_in(given, type), says(given.get("words", ""))
    after = version_before(given.get("from"), asked.known, asked.now)
    after = max(after, version_of(given["cursor"]) if "cursor" in given else 0)
    items, last = history(
        asked.known.records[: asked.cut.version],
        lambda record, records: filter.leaves_in(record, records) and words(record, records),
        after,
        ENTRIES_ON_A_PAGE,
    )
    page = HistoryPage.model_construct(items=items, next=cursor_after(last) if last else None)
    return history_view(asked.known, asked.cut, page, given, asked.say)


def routes(pages: PlanPages, tree: LogTree, guard: PageGuard) -> list[Route]:
    async def event(request: Request) -> Response:
        plan, _, version = request.path_params["id"].rpartition(":")
        if not version.isdecimal() or len(version) > 9:
            raise NoSuchPage("An event is named by its plan's id and its version: plan-id:version.")
        request.scope["path_params"] = {**request.path_params, "plan": plan}
        asked, may_prove = await pages.asked(request), visitor_of(request).caller.may("audit")

        def view() -> Response:
            proof = proved(asked, int(version)) if may_prove else None
            shown = event_view(asked.known, int(version), asked.cut, proof, asked.say)
            return pages.rendered(asked, "history/event.html", shown)

        return await run_in_threadpool(view)

    def proved(asked: PlanRequest, version: int) -> EventProof | None:
        try:
            return tree.prove(asked.known.id, version) if 1 <= version <= asked.known.version else None
        except NotCoveredYet:
            return None

    return [
        guard.page("/plans/{plan}/history", pages.page("history/page.html", trail), "view", "history-page"),
        guard.page("/events/{id}", event, "view", "event-page"),
    ]
