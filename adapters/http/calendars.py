"""Calendars over HTTP: their secret addresses, and the iCalendar files that are served there."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from adapters.access.api_keys import key_id_in
from adapters.access.calendar_feeds import CalendarFeed, CalendarFeeds, Contents, TooManyCalendars
from adapters.exchange.calendars import CANCELLED_FOR, MEDIA_TYPE, calendar
from adapters.http.budgets import budgets_of
from adapters.http.conditional import Answer, tagged
from adapters.http.documentation import OTHER_PROBLEM, documented, problem_of
from adapters.http.forwarding import forward
from adapters.http.guard import needs
from adapters.http.limits import Buckets
from adapters.http.problems import Rejected, body_read
from adapters.http.requests import NoteRead, body_of, caller_of
from application.aggregates.access import Caller
from application.aggregates.handle import Aggregates
from application.portfolio.digest import plans_seen
from application.portfolio.ports import Portfolio
from application.portfolio.theirs import read_for
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.record import Recorded

TOKEN = Annotated[str, Path(description="What the address was made with.", max_length=100)]


class CalendarRequest(BaseModel):
    """A request for a calendar: what it shows."""

    model_config = ConfigDict(extra="forbid")

    contents: Contents = Field(
        description="`mine`: what concerns you in all plans; `plan`: all of one; `portfolio`: all of all you may see."
    )
    plan: str | None = Field(default=None, description="Of `plan`: account id or plan id.")
    words: bool = Field(
        default=False, description="Show titles that speak of the customer's people: only where nobody else looks."
    )


class CalendarShown(BaseModel):
    """A calendar without its address, which is secret."""

    id: str
    contents: Contents
    plan_id: UUID | None
    words: bool
    created_at: datetime
    last_read_at: datetime | None


class CalendarMade(CalendarShown):
    """A new calendar with its address, which is shown this once."""

    url: str = Field(description="Shown this once. Whoever has it can read the calendar.")


class CalendarList(BaseModel):
    items: list[CalendarShown]
    next: None = None


def shown(feed: CalendarFeed) -> dict[str, Any]:
    return {name: getattr(feed, name) for name in CalendarShown.model_fields}


def routes(
    feeds: CalendarFeeds,
    plans: Aggregates[AccountPlan],
    portfolio: Portfolio,
    now: Callable[[], datetime],
    address: str,
    note_read: NoteRead,
    program_of: Callable[[Request], Awaitable[Sequence[Recorded]]],
    limits: Buckets | None = None,
) -> APIRouter:
    """Without `limits` callers are not limited."""
    api = APIRouter(tags=["calendars"])

    def plan_of(caller: Caller, name: str | None) -> UUID:
        """Return the plan with this id, if the caller may see it. Raises `PlanNotOpen`."""
        return read_for(caller, name or "", plans, portfolio).id

    @api.post(
        "/v1/calendars",
        summary="Make the address of a calendar",
        status_code=201,
        response_model=CalendarMade,
        responses={
            400: problem_of("The body is not JSON."),
            409: problem_of("You have the most that one may have."),
            413: problem_of("The body is too large."),
            415: problem_of("The body is not application/json."),
            **PROBLEMS,
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": CalendarRequest.model_json_schema(), "example": {"contents": "mine"}}
                },
            },
            **needs("view"),
        },
    )
    async def make_calendar(request: Request) -> Response:
        caller = caller_of(request)
        wanted = body_read(CalendarRequest, await body_of(request))

        def made() -> CalendarMade:
            plan_id = plan_of(caller, wanted.plan) if wanted.contents == "plan" else None
            key_id = key_id_in(request.headers.get("authorization", ""))
            feed, token = feeds.make(caller, key_id, wanted.contents, plan_id, wanted.words)
            return CalendarMade(**shown(feed), url=f"{address}/calendars/{token}.ics")

        try:
            content = await run_in_threadpool(made)
        except TooManyCalendars as error:
            raise Rejected(409, "too-many-calendars", str(error)) from None
        headers = {"Cache-Control": "no-store"}
        return Response(content.model_dump_json(), 201, headers, media_type="application/json")

    @api.get("/v1/calendars", summary="Your calendars", response_model=CalendarList, **documented("view"))
    async def read_calendars(request: Request) -> Response:
        found = await run_in_threadpool(feeds.of, caller_of(request).actor)
        content = CalendarList(items=[CalendarShown(**shown(feed)) for feed in found]).model_dump_json()
        return Response(content, headers={"Cache-Control": "no-store"}, media_type="application/json")

    @api.delete(
        "/v1/calendars/{id}",
        summary="End the address of a calendar",
        status_code=204,
        response_class=Response,
        responses=PROBLEMS,
        openapi_extra=needs("view"),
    )
    async def delete_calendar(request: Request, id: Annotated[str, Path(description="Of the calendar.")]) -> Response:
        if not await run_in_threadpool(feeds.end, id, caller_of(request).actor):
            raise Rejected(404, "unknown-calendar", "You have no such calendar.")
        return Response(status_code=204)

    def plans_in(feed: CalendarFeed, caller: Caller) -> Iterator[LoadedPlan]:
        """Yield the plans of a calendar that its owner may see now."""
        if feed.plan_id is not None:
            known = plans.read(feed.plan_id)
            if caller.sees(known, now()):
                yield known
            return
        yield from map(plans.read, plans_seen(portfolio, caller)[0])
        yield from map(plans.read, plans_seen(portfolio, caller, archived_since=now() - CANCELLED_FOR)[0])

    @api.get(
        "/calendars/{token}.ics",
        summary="A calendar, for programs that subscribe to it",
        response_class=Response,
        responses={
            200: {"content": {"text/calendar": {"schema": {"type": "string"}}}},
            304: {"description": "You have this answer already."},
            **PROBLEMS,
        },
        openapi_extra=needs("anybody"),
    )
    async def read_calendar(request: Request, token: TOKEN) -> Response:
        found = await run_in_threadpool(feeds.recognise, token)
        if found is None:
            raise Rejected(404, "unknown-calendar", "There is no such calendar, or not any more: make another.")
        feed, caller = found
        request.scope["caller"] = caller
        if limits:
            limits.take(caller)
        note_read(request, feed.plan_id, None)

        program = await program_of(request)

        def made() -> bytes:
            at = now()
            known = list(plans_in(feed, caller))
            named = [the_plan(each.state).account_name for each in known] if feed.contents == "plan" else []
            name = " · ".join(["plantrail", *named])
            person = feed.actor if feed.contents == "mine" else None
            return calendar(name, known, at, address, person, feed.words, program)

        if feed.contents != "plan":
            forward(request)
        content = await budgets_of(request).do("gathering", caller.actor, made)
        return tagged(request, Answer(content, None, MEDIA_TYPE))

    return api


PROBLEMS: dict[int | str, Any] = {
    401: problem_of("Say who you are."),
    403: problem_of("What you may do does not include this."),
    404: problem_of("There is no such calendar or plan, or not any more."),
    422: problem_of("Fields are wrong."),
    429: problem_of("You call more often than you may; `Retry-After` says when to go on."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}
