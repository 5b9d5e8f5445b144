"""API keys over HTTP, for admins: create a key and see it once, list keys without their secrets, revoke keys."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from adapters.access.api_keys import Aliases, ApiKey, ApiKeys, GivenRole, ids_of, new_key
from adapters.access.key_views import KeyList, KeyMade, KeyShown, key_list
from adapters.http.documentation import OTHER_PROBLEM, REQUEST_ID, problem_of
from adapters.http.guard import needs
from adapters.http.problems import Rejected, body_read
from adapters.http.requests import body_of, caller_of
from application.aggregates.access import Caller, CallerNotAllowed, reaches_beyond_plans_named
from domain.calendar import Instant
from domain.language import AccountId, PersonId

Plans = Annotated[list[AccountId], Field(max_length=1_000)]


class NewKey(BaseModel):
    """A request for a key."""

    model_config = ConfigDict(extra="forbid")

    name: PersonId = Field(description="Who holds the key: the actor of everything done with it.")
    role: GivenRole
    plans: Plans | None = Field(description="Account ids or plan ids; null for all plans.")
    expires_at: Instant | None = None
    personal_data: bool = Field(False, description="Whether their feed and webhooks may include text about people.")
    on_behalf_of: bool = Field(False, description="Whether they may act on behalf of others.")


EXAMPLE = {"name": "crm-sync", "role": "editor", "plans": None, "on_behalf_of": True}


BODY = {"application/json": {"schema": NewKey.model_json_schema(), "example": EXAMPLE}}


def documented(*problems: tuple[int, str], body: bool = False) -> dict[str, Any]:
    """Return the documentation of a route."""
    return {
        "responses": {
            401: problem_of("Say who you are."),
            403: problem_of("What you may do does not include this."),
            429: problem_of("You call more often than you may; `Retry-After` says when to go on."),
            503: problem_of("The store is down or slow; try again."),
            **{status: problem_of(description) for status, description in problems},
            "default": OTHER_PROBLEM,
        },
        "openapi_extra": needs("keys")
        | {"parameters": [REQUEST_ID]}
        | ({"requestBody": {"required": True, "content": BODY}} if body else {}),
    }


class KeyService:
    """Creates, lists and revokes API keys, within the plans of the caller. Raises `StoreUnavailable`."""

    def __init__(self, keys: ApiKeys, now: Callable[[], datetime], changed: Callable[[], None]) -> None:
        """`changed` lets this process read the keys again at once; other processes do so within a second."""
        self._keys = keys
        self._now = now
        self._changed = changed

    def all(self, caller: Caller) -> list[ApiKey]:
        aliases = self._keys.aliases()
        return [key for key in self._keys.all() if may_manage_key(caller, key.role, key.plans, aliases)]

    def make(self, caller: Caller, wanted: NewKey) -> tuple[ApiKey, str]:
        """Return the stored form of a new key, and the key itself. Raises `CallerNotAllowed`."""
        check_may_give(caller, wanted, self._keys.aliases())
        key, text = new_key(
            name=wanted.name,
            role=wanted.role,
            plans=None if wanted.plans is None else tuple(wanted.plans),
            personal_data=wanted.personal_data,
            on_behalf_of=wanted.on_behalf_of,
            expires_at=wanted.expires_at,
            created_at=self._now(),
            created_by=caller.actor,
        )
        self._keys.add(key)
        self._changed()
        return key, text

    def revoke(self, caller: Caller, id: str) -> ApiKey | None:
        """Return the revoked key; None if there is no such key that the caller may revoke."""
        for known in self.all(caller):
            if known.id == id:
                at = self._now()
                self._keys.revoke(id, at)
                self._changed()
                return replace(known, revoked_at=known.revoked_at or at)
        return None


def routes(desk: KeyService) -> APIRouter:
    api = APIRouter(prefix="/v1/keys", tags=["keys"])

    @api.get("", response_model=KeyList, summary="All keys, without their secrets", **documented())
    async def read_keys(request: Request) -> Response:
        return answer(key_list(await run_in_threadpool(desk.all, caller_of(request))))

    @api.post(
        "",
        response_model=KeyMade,
        status_code=201,
        summary="Create a key, and see it this once",
        **documented(
            (400, "The body is not JSON."),
            (413, "The body is too large."),
            (415, "The body is not application/json."),
            (422, "Fields are wrong."),
            body=True,
        ),
    )
    async def make_key(request: Request) -> Response:
        wanted = body_read(NewKey, await body_of(request))
        key, text = await run_in_threadpool(desk.make, caller_of(request), wanted)
        return answer(KeyMade.made(key, text), 201)

    @api.delete("/{id}", response_model=KeyShown, summary="Revoke a key", **documented((404, "There is no such key.")))
    async def revoke_key(request: Request, id: Annotated[str, Path(description="The key's id.")]) -> Response:
        key = await run_in_threadpool(desk.revoke, caller_of(request), id)
        if key is None:
            raise Rejected(404, "unknown-key", "There is no such key.")
        return answer(KeyShown.of(key))

    return api


def may_manage_key(caller: Caller, role: GivenRole, plans: Sequence[str] | None, aliases: Aliases) -> bool:
    """Return whether a caller may create or revoke a key for these plans. A caller limited to some plans may do so for
    those alone."""
    if caller.plans is None:
        return True
    return plans is not None and not reaches_beyond_plans_named(role) and ids_of(plans, aliases) <= caller.plans


def check_may_give(caller: Caller, wanted: NewKey, aliases: Aliases) -> None:
    """Check that the caller may create this key. Raises `CallerNotAllowed`."""
    if not may_manage_key(caller, wanted.role, wanted.plans, aliases):
        raise CallerNotAllowed("You may give keys for the plans only that were named for you.")


def answer(content: BaseModel, status: int = 200) -> Response:
    return Response(content.model_dump_json(), status, {"Cache-Control": "no-store"}, media_type="application/json")
