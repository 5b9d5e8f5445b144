"""The page of the whitespace."""

from starlette.routing import Route

from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.whitespace.presenter import WhitespaceView, whitespace_view


def whitespace(asked: PlanRequest) -> WhitespaceView:
    may_change = visitor_of(asked.request).caller.may("command")
    return whitespace_view(asked.known, asked.cut, asked.say, may_change, asked.program)


def routes(pages: PlanPages, guard: PageGuard) -> list[Route]:
    page = pages.page("whitespace/page.html", whitespace)
    return [guard.page("/plans/{plan}/whitespace", page, "view", "whitespace-page")]
