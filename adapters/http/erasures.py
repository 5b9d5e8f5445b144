"""Erasures over HTTP: who was forgotten, and the certificates."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from adapters.http.documentation import OTHER_PROBLEM, problem_of
from adapters.http.guard import needs
from adapters.http.problems import Rejected
from adapters.http.queries import PlanPath, PlanViews
from application.aggregates.erasures import Certificate, Erasures

DOCUMENTED: dict[int | str, dict[str, Any]] = {
    401: problem_of("Say who you are."),
    404: problem_of("There is no such plan, or nobody of this id was forgotten in it."),
    503: problem_of("The store is down or slow; try again."),
    "default": OTHER_PROBLEM,
}


class ErasureList(BaseModel):
    items: list[Certificate]


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
