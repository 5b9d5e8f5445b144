"""Erasures over HTTP: who was forgotten, the certificates, and previews."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, Field

from adapters.http.documentation import OTHER_PROBLEM, problem_of
from adapters.http.guard import needs
from adapters.http.problems import Rejected, rejected_parameter
from adapters.http.view_queries import PlanPath
from adapters.http.views import PlanViews
from application.aggregates.erasures import Certificate, Erasures
from application.aggregates.traces import Traces, traces
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.forgetting import to_forget
from domain.account_plan.plan import the_plan

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    401: problem_of("Say who you are."),
    404: problem_of("There is no such plan, or nobody of this id was forgotten in it."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}


class ErasureList(BaseModel):
    items: list[Certificate]


class ForgettingPreview(BaseModel):
    """What forgetting a stakeholder would destroy."""

    stakeholder: str
    ids: list[str] = Field(description="All ids they were entered under: they are forgotten under each.")
    on_hold: bool = Field(description="Whether a legal hold forbids it for the time being.")
    traces: Traces


def preview_of(known: LoadedPlan, id: str) -> ForgettingPreview | None:
    """Return the preview; None where no stakeholder with this id can be forgotten any more."""
    ids = to_forget(known.state, id)
    if not ids:
        return None
    found = traces(known.state, known.records, ids)
    return ForgettingPreview(stakeholder=id, ids=ids, on_hold=the_plan(known.state).on_hold, traces=found)


def routes(views: PlanViews, erasures: Erasures) -> APIRouter:
    api = APIRouter(prefix="/v1/plans/{plan}/erasures", tags=["erasures"])

    @api.get("", summary="Who was forgotten in a plan", responses=DOCUMENTED, openapi_extra=needs("erase"))
    async def read_erasures(request: Request, plan: PlanPath) -> ErasureList:
        known = await views.plan(request, plan)
        return ErasureList(items=await run_in_threadpool(erasures.certificates, known.id))

    @api.get(
        "/{stakeholder}",
        summary="The certificate that somebody was forgotten",
        responses=DOCUMENTED,
        openapi_extra=needs("erase"),
    )
    async def read_erasure(
        request: Request, plan: PlanPath, stakeholder: Annotated[str, Path(description="The stakeholder's id.")]
    ) -> Certificate:
        known = await views.plan(request, plan)
        certificate = await run_in_threadpool(erasures.certificate, known.id, stakeholder)
        if certificate is None:
            raise Rejected(404, "not-forgotten", "Nobody of this id was forgotten in this plan.")
        return certificate

    return api


def previews(views: PlanViews) -> APIRouter:
    """Return the route that shows what forgetting a stakeholder would destroy."""
    api = APIRouter(prefix="/v1/plans/{plan}", tags=["erasures"])

    @api.get(
        "/preview-forgetting",
        summary="What would go if somebody were forgotten, and what would be left",
        responses=DOCUMENTED,
        openapi_extra=needs("erase"),
    )
    async def preview_forgetting(
        request: Request, plan: PlanPath, id: Annotated[str | None, Query(description="The stakeholder's id.")] = None
    ) -> ForgettingPreview:
        known = await views.plan(request, plan)
        if id is None:
            raise rejected_parameter("id", "invalid-parameters", "Say whom: “id” is the stakeholder's.")
        preview = await run_in_threadpool(preview_of, known, id)
        if preview is None:
            raise Rejected(
                404, "unknown-stakeholder", "There is nobody of this id in this plan who could be forgotten."
            )
        return preview

    return api
