"""The views of one plan over HTTP, and the views that every aggregate has."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from adapters.http.documentation import LINK, QUERY, documented
from adapters.http.problems import Rejected
from adapters.http.resources import PLANS
from adapters.http.view_queries import (
    AsOf,
    BlameQuery,
    HistoryQuery,
    PlanBlameQuery,
    PlanDiffQuery,
    PlanHistoryQuery,
    PlanPath,
)
from adapters.http.views import PlanViews, Views
from application.aggregates.loaded import LoadedAggregate
from application.findings.judging import FindingsView, findings_view
from application.views import diff as changes
from application.views import history
from application.views.current_plan import CurrentPlan, current_plan
from application.views.loaded_plan import LoadedPlan
from application.views.pages import (
    BlameList,
    HistoryPage,
    ReviewList,
    blame_list,
    review_before,
    review_list,
)
from domain.aggregates import A
from domain.mistakes import did_you_mean, listed


def check_existed(known: LoadedAggregate[Any], kind: str, id: str) -> None:
    """Check that the aggregate has, or once had, such a thing. Raises `Rejected`."""
    things = known.type.things
    named = known.state.named(kind, id) if kind in things else None
    if not named and not any((kind, id) in history.concerned(record, known.records) for record in known.records):
        if kind not in things:
            near = did_you_mean(kind, things) or f": there are {listed(list(things))}."
            raise Rejected(404, "unknown-kind", f"There is no such kind of thing in {known.type.noun}s{near}")
        raise Rejected(404, f"unknown-{kind}", f"There never was such a thing in this {known.type.noun}.")


Asked = TypeVar("Asked", bound=AsOf)


def in_query(model: type[Asked]) -> Callable[[Any], Asked]:
    """Return a function that FastAPI takes as a dependency. It reads the model from the query."""

    def read(asked: Any) -> Asked:
        found: Asked = asked
        return found

    read.__annotations__["asked"] = Annotated[model, Query()]
    return read


def history_routes(
    api: APIRouter,
    views: Views[A],
    find: Callable[..., Awaitable[LoadedAggregate[A]]],
    history_asked: type[HistoryQuery],
    blame_asked: type[BlameQuery],
    prefix: str = "",
) -> None:
    """Add the routes that every aggregate has to `api`: its history, the history of one thing in it, and blame.

    `find` finds the aggregate of a request. `prefix` distinguishes the names of these routes between types.
    """
    of = views.resource.of
    view, list_view = documented(views.resource.view), documented(views.resource.view, LINK)

    @api.get(
        "/history",
        response_model=HistoryPage,
        name=f"read_{prefix}history",
        summary="Who did what when, what it changed, and why",
        **list_view,
    )
    async def read_history(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        wanted: Annotated[HistoryQuery, Depends(in_query(history_asked))],
    ) -> Response:
        return await views.page(request, known, wanted, wanted.filter(of))

    @api.get(
        "/entities/{kind}/{id}/history",
        response_model=HistoryPage,
        name=f"read_{prefix}entity_history",
        summary="The life of one stakeholder, play, risk …" if not prefix else "The life of one round, library play …",
        **list_view,
    )
    async def read_entity_history(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        kind: Annotated[str, Path(description=f"What it is called: {', '.join(f'`{noun}`' for noun in of.things)}.")],
        id: Annotated[str, Path(description="Its id.")],
        wanted: Annotated[HistoryQuery, Depends(in_query(history_asked))],
    ) -> Response:
        check_existed(known, kind, id)
        filter = wanted.filter(of).model_copy(update={"kind": kind, "id": id})
        return await views.page(request, known, wanted, filter)

    @api.get(
        "/blame",
        response_model=BlameList,
        name=f"read_{prefix}blame",
        summary="For every current value: who set it, when and why",
        **view,
    )
    async def read_blame(
        request: Request,
        known: Annotated[LoadedAggregate[Any], Depends(find)],
        asked: Annotated[BlameQuery, Depends(in_query(blame_asked))],
    ) -> Response:
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(
            request, known, lambda: blame_list(known, cut, asked.section, asked.kind, asked.id), cut
        )


def routes(views: PlanViews) -> APIRouter:
    api = APIRouter(prefix=PLANS.path, tags=["views"])

    async def find(request: Request, plan: PlanPath) -> LoadedPlan:
        return await views.plan(request, plan)

    @api.get("", response_model=CurrentPlan, summary="The plan as it stands, or as it stood at a cut", **QUERY)
    async def read_plan(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: current_plan(known, cut, program), cut, program=program)

    @api.get("/findings", response_model=FindingsView, summary="What is wrong with the plan, and what ends it", **QUERY)
    async def read_findings(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: findings_view(known, cut, program), cut, program=program)

    history_routes(api, views, find, PlanHistoryQuery, PlanBlameQuery)

    @api.get("/diff", response_model=changes.Diff, summary="What differs between two cuts", **QUERY)
    async def read_diff(request: Request, plan: PlanPath, asked: Annotated[PlanDiffQuery, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cuts = views.cuts(known)
        b = cuts.closing(asked)
        a = cuts.cut("from", asked.from_ or review_before(known, b))
        return await views.answer(
            request, known, lambda: changes.diff(known, a, b, asked.states, program), b, since=a, program=program
        )

    @api.get("/reviews", response_model=ReviewList, summary="The reviews, which are cuts of the plan", **QUERY)
    async def read_reviews(request: Request, plan: PlanPath, asked: Annotated[AsOf, Query()]) -> Response:
        known = await views.plan(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        return await views.answer(request, known, lambda: review_list(known, cut), cut)

    return api
