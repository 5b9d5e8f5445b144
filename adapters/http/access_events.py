"""The access log over HTTP. It says who read which plan; auditors read it."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from adapters.access.access_log import AccessEvents, AccessPage, Period
from adapters.http.conditional import at_cursor
from adapters.http.documentation import LIST_QUERY
from adapters.http.guard import needs
from adapters.http.requests import caller_of
from application.views.plan_names import plans_named
from domain.calendar import Instant

MOST_ITEMS = 500


class AccessLogQuery(BaseModel):
    """Which entries of the access log to return."""

    model_config = ConfigDict(extra="forbid")

    plan: str | None = Field(None, max_length=128, description="Only reads of this plan: account id or plan id.")
    actor: str | None = Field(None, max_length=128, description="Only reads by this person.")
    from_: Instant | None = Field(None, alias="from", description="Only reads from this instant on.")
    to: Instant | None = Field(None, description="Only reads before this instant.")
    cursor: int | None = Field(None, ge=0, le=2**63 - 1, description="The value of `next` on the previous page.")
    limit: int = Field(100, ge=1, le=MOST_ITEMS, description="At most this many entries.")


SAYS: dict[str, Any] = LIST_QUERY | {"openapi_extra": LIST_QUERY["openapi_extra"] | needs("audit")}


def routes(events: AccessEvents) -> APIRouter:
    api = APIRouter(prefix="/v1/access-events", tags=["audit"])

    @api.get("", response_model=AccessPage, summary="Who has read what, the latest first", **SAYS)
    async def read_access_events(request: Request, wanted: Annotated[AccessLogQuery, Query()]) -> Response:
        caller, plans = caller_of(request), frozenset(plans_named(wanted.plan)) if wanted.plan else None
        period = Period(wanted.from_, wanted.to)
        page = await run_in_threadpool(events.page, wanted.limit, plans, wanted.actor, wanted.cursor, caller, period)
        headers = {"Cache-Control": "no-store"}
        if following := at_cursor(request, page.next):
            headers["Link"] = f'<{following}>; rel="next"'
        return Response(page.model_dump_json(), headers=headers, media_type="application/json")

    return api
