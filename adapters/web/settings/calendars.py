"""Calendars for subscription: created for oneself, for a plan or for all plans, listed without their addresses,
deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.access.calendar_feeds import CalendarFeed, CalendarFeeds, Contents, TooManyCalendars
from adapters.http.views import PlanViews
from adapters.web.choices import Choices, Known
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from domain.account_plan.plan import PlanNotOpen, the_plan

HERE = f"{PATH}/calendars"
CONTENTS: Mapping[Contents, str] = {
    "mine": "What concerns me in all plans",
    "plan": "Everything of one plan",
    "portfolio": "Everything of all plans I may see",
}


@dataclass(frozen=True)
class CalendarRow:
    id: str
    contents: str
    plan: str
    words: bool
    made: str
    last_read: str


@dataclass(frozen=True)
class CalendarsView:
    tabs: Sequence[Tab]
    calendars: Sequence[CalendarRow]
    contents: Sequence[tuple[Contents, str, bool]]
    """The value, its word, and whether it is chosen."""
    plan: str
    words: bool
    can_be_made: bool
    choices: Choices
    errors: Sequence[str] = ()
    made: str = ""
    """The address of a calendar that was just created. It is shown this once."""


def calendar_row(feed: CalendarFeed, plan: str, say: Speech) -> CalendarRow:
    return CalendarRow(
        id=feed.id,
        contents=say(CONTENTS[feed.contents]),
        plan=plan,
        words=feed.words,
        made=say.instant(feed.created_at),
        last_read=say.instant(feed.last_read_at) if feed.last_read_at else say("never"),
    )


def routes(feeds: CalendarFeeds, plans: PlanViews, public_url: str, known: Known, guard: PageGuard) -> list[Route]:
    async def name_of(feed: CalendarFeed, request: Request) -> str:
        plan = await plans.standing(feed.plan_id, request) if feed.plan_id else None
        sees = plan and plan.records and visitor_of(request).caller.sees(plan, plans.now())
        return the_plan(plan.state).account_name if plan and sees else ""

    async def shown(
        request: Request, typed: Mapping[str, str], errors: Sequence[str] = (), made: str = "", status: int = 200
    ) -> Response:
        say, visitor = speech_of(request), visitor_of(request)
        found = await run_in_threadpool(feeds.of, visitor.caller.actor)
        chosen = typed.get("contents", "mine")
        view = CalendarsView(
            tabs=tabs(request, say),
            calendars=[calendar_row(feed, await name_of(feed, request), say) for feed in found],
            contents=[(each, say(word), each == chosen) for each, word in CONTENTS.items()],
            plan=typed.get("plan", ""),
            words="words" in typed,
            can_be_made=feeds.can_be_made(visitor.session.key_id),
            choices=await run_in_threadpool(known.choices, visitor.caller),
            errors=errors,
            made=made,
        )
        answer = render(request, "settings/calendars.html", status, twin="/v1/calendars", view=view)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def page(request: Request) -> Response:
        return await shown(request, request.query_params)

    async def make(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        typed = {name: str(value).strip() for name, value in form.items()}
        say, visitor = speech_of(request), visitor_of(request)
        contents = next((each for each in get_args(Contents) if each == typed.get("contents")), None)
        if contents is None:
            return await shown(request, typed, [say("Say what the calendar is to show.")], status=422)
        plan_id = None
        if contents == "plan":
            try:
                plan = await run_in_threadpool(known.account_id, typed.get("plan", ""), visitor.caller)
                plan_id = (await plans.plan(request, plan)).id
            except PlanNotOpen:
                return await shown(
                    request, typed, [say("There is no such plan: choose it by the name of its account.")], status=422
                )
        try:
            _, token = await run_in_threadpool(
                feeds.make, visitor.caller, visitor.session.key_id, contents, plan_id, "words" in typed
            )
        except TooManyCalendars as error:
            return await shown(request, typed, [str(error)], status=409)
        return await shown(request, {}, made=f"{public_url}/calendars/{token}.ics")

    async def end(request: Request) -> Response:
        if not await run_in_threadpool(feeds.end, request.path_params["id"], visitor_of(request).caller.actor):
            raise NoSuchPage("You have no such calendar.")
        return RedirectResponse(HERE, 303)

    return [
        guard.page(HERE, page, "view", "calendars-page"),
        guard.form(HERE, make, "view", "calendar-made", HERE),
        guard.form(f"{HERE}/{{id}}/end", end, "view", "calendar-ended", HERE),
    ]
