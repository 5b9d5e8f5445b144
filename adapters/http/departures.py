"""Departures over HTTP: what would remain of a plan's relationships if somebody left."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from adapters.http.documentation import QUERY
from adapters.http.problems import rejected_parameter
from adapters.http.resources import PLANS
from adapters.http.view_queries import AsOf, PlanPath
from adapters.http.views import PlanViews
from application.views.departure import DepartureView, departure_of_member, departure_of_stakeholder
from domain.language import Refusal

ONE_OF_THEM = "Say who would go: `stakeholder` for one of the customer's people, or `member` for one of ours."


class DepartureQuery(AsOf):
    """Who is imagined to leave: a person of ours or of the customer's, one of the two."""

    stakeholder: str | None = Field(None, max_length=64, description="The id of one of the customer's people.")
    member: str | None = Field(None, max_length=128, description="One of our people.")


def routes(views: PlanViews) -> APIRouter:
    api = APIRouter(prefix=PLANS.path, tags=["views"])

    @api.get("/departure", response_model=DepartureView, summary="What would be left if somebody went", **QUERY)
    async def read_departure(request: Request, plan: PlanPath, asked: Annotated[DepartureQuery, Query()]) -> Response:
        known, program = await views.judged(request, plan)
        cut = views.cuts(known).cut("as_of", asked.as_of)
        stakeholder, member = asked.stakeholder, asked.member
        if (stakeholder is None) == (member is None):
            raise rejected_parameter("stakeholder", "invalid-parameters", ONE_OF_THEM)

        def made() -> DepartureView:
            if stakeholder is not None:
                return departure_of_stakeholder(known, cut, stakeholder, program)
            return departure_of_member(known, cut, member or "")

        try:
            return await views.answer(request, known, made, cut, program=program)
        except Refusal as refusal:
            raise rejected_parameter(refusal.pointer[1:], refusal.type, str(refusal)) from None

    return api
