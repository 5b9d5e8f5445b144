"""Every view of one plan, for any cut.  An answer that was made before is served as the same bytes."""

import base64
import re
from collections.abc import Callable, Hashable
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from pydantic_core import to_json

from adapters.http.callers import Callers
from adapters.http.conditional import ReadyAnswers, etag, is_known, ready, unchanged
from adapters.http.documentation import QUERY_PROBLEMS
from adapters.http.problems import Rejected
from adapters.http.requests import plans_named
from adapters.postgres.heads import Heads
from application import blame as blames
from application import changes, history, reviews
from application.account_plans import AccountPlans
from application.current_plan import CurrentPlan, CutView, current_plan
from application.cuts import Cut, cut_at, plan_at
from application.plan_memory import KnownPlan
from domain.account_plan import EVENTS, THINGS
from domain.language import Section, kebab_case
from domain.plan import PlanNotOpen

MOST_ENTRIES = 500

PlanPath = Annotated[str, Path(description="Plan id or account id.", max_length=128)]
AsOf = Annotated[
    str,
    Query(
        max_length=200,
        description="A cut: `now`, `review:ID`, `version:N`, `event:ID`, a date or an instant.",
        examples=["2026-03-31"],
    ),
]
From = Annotated[str | None, Query(alias="from", max_length=200, description="A cut; see `as_of`.")]
To = Annotated[str, Query(max_length=200, description="A cut; see `as_of`.")]


class HistoryPage(BaseModel):
    items: list[history.Entry]
    next: str | None


class BlameList(BaseModel):
    as_of: CutView
    items: list[blames.Blame]


class ReviewList(BaseModel):
    as_of: CutView
    items: list[reviews.ReviewView]


class Views:
    """Finds plans as they stand now and makes the views of them."""

    def __init__(self, plans: AccountPlans, heads: Heads, callers: Callers) -> None:
        self._plans = plans
        self._heads = heads
        self._callers = callers
        self._ready = ReadyAnswers()

    async def plan(self, request: Request, plan: str) -> KnownPlan:
        """Raises `PlanNotOpen`, `StoreUnavailable`, `CallerUnknown`."""
        caller = self._callers.identify(request.headers)
        for plan_id in plans_named(plan):
            version = await self._heads.version(plan_id)
            if version:
                request.scope["spoken_of"] = {"actor": caller.actor, "plan_id": str(plan_id)}
                known = self._plans.remembered(plan_id)
                return known if known.version == version else await run_in_threadpool(self._plans.read, plan_id)
        raise PlanNotOpen

    def cut(self, text: str, known: KnownPlan) -> Cut:
        return cut_at(text, known, self._plans.now())

    async def answer(
        self, request: Request, known: KnownPlan, make: Callable[[], Any], until: Cut, *others: Hashable
    ) -> Response:
        """The view up to a cut: unchanged, ready, or made now.  The day counts where the cut moves with it."""
        moves = until.cut == "now" or until.provisional
        tag = etag(until.version, known.erasures, until.date if moves else None)
        if is_known(request, tag):
            return unchanged(tag)
        key = (known.plan_id, request.scope["path"], request.scope["query_string"], tag, *others)
        content = self._ready.get(key)
        if content is None:
            content = await run_in_threadpool(lambda: to_json(make(), by_alias=True))
            self._ready.put(key, content)
        return ready(content, tag)


class Wanted:
    """What of a history is asked for."""

    def __init__(
        self,
        as_of: AsOf = "now",
        section: Section | None = None,
        type: Annotated[
            str | None,
            Query(max_length=100, description="`PlayStarted`, or as in the feed: `plantrail.play-started.v1`."),
        ] = None,
        actor: Annotated[str | None, Query(max_length=128)] = None,
        entity: Annotated[str | None, Query(max_length=300, description="A kind, or `kind:id`.")] = None,
        from_: Annotated[
            str | None,
            Query(
                alias="from", max_length=200, description="Only what was recorded after this cut; a day: on or after."
            ),
        ] = None,
        to: Annotated[str | None, Query(max_length=200, description="Only what was recorded up to this cut.")] = None,
        cursor: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES)] = 100,
    ) -> None:
        kind, _, id = (entity or "").partition(":")
        self.filter = history.Filter(
            section=section, type=_event_name(type), actor=actor, kind=kind or None, id=id or None
        )
        self.from_ = from_
        self.until = to or as_of
        self.after = _opened(cursor) if cursor else 0
        self.limit = limit


def _event_name(type: str | None) -> str | None:
    if type is None:
        return None
    found = _EVENT_NAMES.get(re.sub(r"^plantrail\.|\.v\d+$", "", type))
    if found is None:
        errors = [{"pointer": "/type", "in": "query", "detail": "is not an event of an account plan"}]
        raise Rejected(422, "invalid-parameters", "Some parameters are wrong; see errors.", errors=errors)
    return found


_EVENT_NAMES = {name: name for name in EVENTS} | {kebab_case(name): name for name in EVENTS}


def _sealed(version: int) -> str:
    return base64.urlsafe_b64encode(f"v{version}".encode()).decode().rstrip("=")


def _opened(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        text = ""
    if not re.fullmatch(r"v\d{1,9}", text):
        raise Rejected(422, "unknown-cursor", "This cursor is not one this list gave.")
    return int(text[1:])


def routes(views: Views) -> APIRouter:
    api = APIRouter(prefix="/v1/plans/{plan}", responses=QUERY_PROBLEMS)

    @api.get("", response_model=CurrentPlan, summary="The plan as it stands, or stood")
    async def read_plan(request: Request, plan: PlanPath, as_of: AsOf = "now") -> Response:
        known = await views.plan(request, plan)
        cut = views.cut(as_of, known)
        return await views.answer(request, known, lambda: current_plan(known, cut), cut)

    @api.get("/history", response_model=HistoryPage, summary="Who did what when, what it changed, and why")
    async def read_history(request: Request, plan: PlanPath, wanted: Annotated[Wanted, Depends()]) -> Response:
        known = await views.plan(request, plan)
        return await page(views, request, known, wanted, wanted.filter)

    @api.get(
        "/entities/{kind}/{id}/history", response_model=HistoryPage, summary="The life of one stakeholder, play, risk …"
    )
    async def read_entity_history(
        request: Request,
        plan: PlanPath,
        kind: Annotated[str, Path(max_length=64)],
        id: Annotated[str, Path(max_length=300)],
        wanted: Annotated[Wanted, Depends()],
    ) -> Response:
        known = await views.plan(request, plan)
        if not any((kind, id) in set(history.concerned(record)) for record in known.records):
            raise Rejected(
                404, f"unknown-{kind}" if kind in THINGS else "unknown-kind", "There is no such thing in this plan."
            )
        return await page(views, request, known, wanted, wanted.filter.model_copy(update={"kind": kind, "id": id}))

    @api.get("/blame", response_model=BlameList, summary="For every current value: who set it, when and why")
    async def read_blame(
        request: Request,
        plan: PlanPath,
        as_of: AsOf = "now",
        section: Section | None = None,
        kind: Annotated[str | None, Query(max_length=64)] = None,
        id: Annotated[str | None, Query(max_length=300)] = None,
    ) -> Response:
        known = await views.plan(request, plan)
        cut = views.cut(as_of, known)

        def make() -> BlameList:
            items = [
                each
                for each in blames.blame(plan_at(known, cut), known.records[: cut.version])
                if section in (None, each.section) and kind in (None, each.kind) and id in (None, each.id)
            ]
            return BlameList.model_construct(as_of=CutView.of(cut), items=items)

        return await views.answer(request, known, make, cut)

    @api.get("/diff", response_model=changes.Diff, summary="What is different between two cuts")
    async def read_diff(
        request: Request, plan: PlanPath, from_: From = None, to: To = "now", states: bool = False
    ) -> Response:
        known = await views.plan(request, plan)
        b = views.cut(to, known)
        a = views.cut(from_ or last_review(known, b), known)
        return await views.answer(request, known, lambda: changes.diff(known, a, b, states), b, a.version)

    @api.get("/reviews", response_model=ReviewList, summary="The reviews, which are cuts of the plan")
    async def read_reviews(request: Request, plan: PlanPath, as_of: AsOf = "now") -> Response:
        known = await views.plan(request, plan)
        cut = views.cut(as_of, known)

        def make() -> ReviewList:
            return ReviewList.model_construct(as_of=CutView.of(cut), items=reviews.reviews(known, cut))

        return await views.answer(request, known, make, cut)

    return api


def last_review(known: KnownPlan, before: Cut) -> str:
    """The cut of the last review held before another cut: what one compares with if nothing else is said."""
    held = [review for review in reviews.reviews(known, before) if review.version and review.version < before.version]
    if not held:
        raise Rejected(422, "no-review-to-compare-with", "No review was held before; say from which cut: from=….")
    latest = max(held, key=lambda review: review.version or 0)
    return f"review:{latest.review.id}"


async def page(views: Views, request: Request, known: KnownPlan, wanted: Wanted, filter: history.Filter) -> Response:
    until = views.cut(wanted.until, known)
    after = max(wanted.after, _lower_bound(views, wanted.from_, known))

    def make() -> HistoryPage:
        records = known.records[: until.version]
        items, last = history.history(records, known.struck, filter.leaves_in, after, wanted.limit)
        return HistoryPage.model_construct(items=items, next=_sealed(last) if last else None)

    return await views.answer(request, known, make, until)


def _lower_bound(views: Views, cut: str | None, known: KnownPlan) -> int:
    """The version after which to begin.  A day is meant from its beginning: what was recorded on it counts."""
    if cut is None:
        return 0
    found = views.cut(cut, known)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", cut) and found.date > date.min:
        return views.cut((found.date - timedelta(days=1)).isoformat(), known).version
    return found.version
