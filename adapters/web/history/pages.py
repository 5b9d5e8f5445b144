"""The pages of an aggregate's history, and of one event."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.history.presenter import FILTERS, HistoryView, event_view, filter_in, history_view, says
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.pages import AggregatePages
from application.aggregates.access import check_right
from application.proof.ports import EventProof, LogTree, NotCoveredYet
from application.views.cuts import cut_at
from application.views.history import history
from application.views.list_cursors import cursor_after, version_of
from application.views.pages import HistoryPage, event_named, version_before
from domain.aggregates import AggregateType
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded

ENTRIES_ON_A_PAGE = 100
IN_JSON = (*(name for name in FILTERS if name != "words"), "cursor")
"""The filters that the API has as well; it does not look for words."""


def trail(of: AggregateType[Any], asked: AggregateRequest[Any]) -> HistoryView:
    given = {name: value for name, value in asked.request.query_params.items() if value}
    type = event_named(given["type"], of) if "type" in given else None
    if "type" in given and type is None:
        raise NoSuchPage(f"There is no type of event “{given['type']}”.")
    filter, words = filter_in(of, given, type), says(given.get("words", ""))
    after = version_before(given.get("from"), asked.known, asked.now)
    after = max(after, version_of(given["cursor"]) if "cursor" in given else 0)
    until = cut_at(given["to"], asked.known, asked.now).version if "to" in given else asked.cut.version
    records = asked.known.records[: asked.cut.version]

    def wanted(record: Recorded, all: Sequence[Recorded]) -> bool:
        return filter.leaves_in(record, all) and words(record, all)

    items, last = history(records[:until], wanted, after, ENTRIES_ON_A_PAGE)
    page = HistoryPage.model_construct(items=items, next=cursor_after(last) if last else None)
    return history_view(of, asked, page, given, [each for each in records if wanted(each, records)])


def trail_twin(asked: AggregateRequest[Any], _: HistoryView) -> str:
    given = asked.request.query_params
    return asked.as_json("/history", **{name: given[name] for name in IN_JSON if given.get(name)})


def routes(plans: AggregatePages[Any], program: AggregatePages[Any], tree: LogTree, guard: PageGuard) -> list[Route]:
    async def event(request: Request) -> Response:
        """Show an event of a plan or of the program. Events of the program are only for people who may see all of
        it.
        """
        whose, _, version = request.path_params["id"].rpartition(":")
        if not version.isdecimal() or len(version) > 9:
            raise NoSuchPage("An event is named by its plan's id and its version: plan-id:version.")
        caller, of_program = visitor_of(request).caller, whose == str(PROGRAM_ID)
        check_right(caller.role, "view-program" if of_program else "view")
        request.scope["path_params"] = {**request.path_params, "plan": whose}
        pages = program if of_program else plans
        asked, may_prove = await pages.asked(request), caller.may("audit")

        def view() -> Response:
            proof = proved(asked, int(version)) if may_prove else None
            view, number = event_view(asked, int(version), proof), int(version)
            before = {"from": f"version:{number - 1}"} if number > 1 else {}
            entry = asked.as_json("/history", **before, to=f"version:{number}")
            twin = f"/v1/events/{view.id}/proof" if proof else entry
            return pages.rendered(asked, "history/event.html", view, twin=twin)

        return await run_in_threadpool(view)

    def proved(asked: AggregateRequest[Any], version: int) -> EventProof | None:
        try:
            return tree.prove(asked.known.id, version) if 1 <= version <= asked.known.version else None
        except NotCoveredYet:
            return None

    def page(pages: AggregatePages[Any]) -> Any:
        return pages.page("history/page.html", partial(trail, pages.of), trail_twin)

    return [
        guard.page("/plans/{plan}/history", page(plans), "view", "history-page"),
        guard.page("/program/history", page(program), "view-program", "program-history-page"),
        guard.page("/events/{id}", event, "signed-in", "event-page"),
    ]
