"""Adoptions over HTTP: the entries of plans that were merged into another and are still to be taken over there."""

from fastapi import APIRouter, Request, Response

from adapters.http.documentation import QUERY
from adapters.http.requests import caller_of
from adapters.http.resources import PLANS
from adapters.http.view_queries import PlanPath
from adapters.http.views import PlanViews
from application.mergers.adoption import Adoption, merged_accounts, to_adopt
from domain.account_plan.plan import plan_id_of


def routes(views: PlanViews) -> APIRouter:
    api = APIRouter(prefix=PLANS.path, tags=["views"])

    @api.get(
        "/adoptions", response_model=Adoption, summary="What is open in plans that were merged into this one", **QUERY
    )
    async def read_adoptions(request: Request, plan: PlanPath) -> Response:
        """Lists each entry with the command that adopts it. An entry whose id already exists in this plan is not
        listed."""
        known, caller = await views.plan(request, plan), caller_of(request)
        merged = [await views.standing(plan_id_of(each), request) for each in merged_accounts(known.state)]
        others = [each for each in merged if caller.sees(each, views.now())]
        head = max((each.position for each in others), default=0)
        cut = views.cuts(known).cut("as_of", "now")
        return await views.answer(request, known, lambda: to_adopt(known.state, others), cut, head=head, settled=False)

    return api
