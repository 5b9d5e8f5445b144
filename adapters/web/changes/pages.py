"""The page that compares two points of a plan's history."""

from starlette.routing import Route

from adapters.web.changes.presenter import ChangesView, changes_view
from adapters.web.guard import PageGuard
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from application.views.cuts import cut_at
from application.views.reviews import held_reviews, last_review, reviews


def changes(asked: PlanRequest) -> ChangesView:
    """Compare from the given point, else from the last review, else from the opening of the plan."""
    known, now = asked.known, asked.now
    to = cut_at(asked.request.query_params.get("to") or asked.cut.cut, known, now)
    last = last_review(held_reviews(known, to), to)
    start = asked.request.query_params.get("from") or (last.cut.cut if last else "version:1")
    listed, begin = reviews(known, cut_at("now", known, now)), cut_at(start, known, now)
    if (begin.version, begin.at) > (to.version, to.at):  # Somebody at the later one picked the earlier one.
        begin, to = to, begin
    return changes_view(known, begin, to, listed, asked.say, asked.program)


def changes_twin(asked: PlanRequest, view: ChangesView) -> str:
    return asked.as_json("/diff", **{"from": view.from_cut, "to": view.to_cut})


def routes(pages: PlanPages, guard: PageGuard) -> list[Route]:
    return [
        guard.page(
            "/plans/{plan}/changes", pages.page("changes/page.html", changes, changes_twin), "view", "changes-page"
        )
    ]
