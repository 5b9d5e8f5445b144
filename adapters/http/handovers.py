"""Handovers over HTTP: everything that one person owns is given to another."""

from typing import Any

from fastapi import APIRouter, Request, Response

from adapters.http.budgets import budgets_of
from adapters.http.documentation import OTHER_PROBLEM, REQUEST_ID, problem_of
from adapters.http.guard import needs
from adapters.http.problems import body_read
from adapters.http.requests import body_of, caller_of, context, permission_of
from application.handovers.handover import HandedOver, Handover, Handovers

EXAMPLE = {"from": "eva", "to": "ben", "reason": "Eva leaves in March", "dry_run": True}
BODY = {"application/json": {"schema": Handover.model_json_schema(), "example": EXAMPLE}}
PROBLEMS: dict[int | str, Any] = {
    401: problem_of("Say who you are."),
    403: problem_of("What you may do does not include this."),
    422: problem_of("Some fields are wrong."),
    429: problem_of("You call more often than you may; `Retry-After` says when to go on."),
    503: problem_of("The store is down or slow; try again: nothing is handed over twice."),
    "default": OTHER_PROBLEM,
}
DOCUMENTED = needs("command") | {
    "parameters": [REQUEST_ID],
    "requestBody": {"required": True, "content": BODY},
}


def routes(handovers: Handovers) -> APIRouter:
    api = APIRouter(prefix="/v1/handovers", tags=["commands"])

    @api.post(
        "",
        response_model=HandedOver,
        summary="Hand over everything that somebody owns, in every plan that you may change",
        responses=PROBLEMS,
        openapi_extra=DOCUMENTED,
    )
    async def hand_over(request: Request) -> Response:
        """Plans, plays, actions, risks, goals, requests and pairings are handed over by one list of commands per plan,
        and the program too, where the caller may run it; all under one correlation id. The answer lists what could not
        be handed over. Repeat the request to continue with the rest."""
        caller = caller_of(request)
        asked = body_read(Handover, await body_of(request))
        said, holds = context(request, caller), permission_of(request).asked_by_threads()
        done = await budgets_of(request).do(
            "gathering", caller.actor, lambda: handovers.carry_out(asked, caller, said, holds)
        )
        return Response(done.model_dump_json(), media_type="application/json", headers={"Cache-Control": "no-store"})

    return api
