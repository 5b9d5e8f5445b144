"""The page of the relationship map."""

from starlette.routing import Route

from adapters.web.guard import PageGuard, visitor_of
from adapters.web.map.presenter import MapView, map_view
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages


def relationship_map(asked: PlanRequest) -> MapView:
    may_change = visitor_of(asked.request).caller.may("command")
    return map_view(asked.known, asked.cut, asked.say, may_change, asked.program)


def routes(pages: PlanPages, guard: PageGuard) -> list[Route]:
    return [guard.page("/plans/{plan}/map", pages.page("map/page.html", relationship_map), "view", "map-page")]
