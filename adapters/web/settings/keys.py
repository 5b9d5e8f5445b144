"""API keys: created and shown once, listed without their secrets, revoked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, get_args

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.access.api_keys import ApiKey, GivenRole
from adapters.exchange.typed import typed_day
from adapters.http.keys import KeyService, NewKey
from adapters.rendering.words import spaced
from adapters.web.choices import Choices, Known, with_blanks
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from domain.mistakes import predicate
from domain.things import day_of

FIELDS = ("name", "role", "expires_at")


@dataclass(frozen=True)
class KeyRow:
    id: str
    name: str
    role: str
    plans: str
    made: str
    last_used: str
    state: str
    tone: str
    sign: str
    may_be_revoked: bool


@dataclass(frozen=True)
class KeysView:
    tabs: Sequence[Tab]
    keys: Sequence[KeyRow]
    roles: Sequence[tuple[str, str, bool]]
    typed: dict[str, str]
    plans: Sequence[str]
    choices: Choices
    errors: Sequence[str] = ()
    made: str = ""
    """The key that was just created. It is shown this once."""


@dataclass(frozen=True)
class TypedKey:
    """What was typed into the form for a new key."""

    values: dict[str, str] = field(default_factory=dict)
    plans: Sequence[str] = ()
    errors: Sequence[str] = ()

    @classmethod
    async def of(cls, request: Request) -> "TypedKey":
        form = await request.form(max_files=0, max_fields=20)
        said = {name: str(value).strip() for name, value in form.items()}
        return cls(said, [str(plan).strip() for plan in form.getlist("plans")])

    def wanted(self, plans: Sequence[str], today: date) -> NewKey:
        """Return the request for a key for these plans. Raises `ValidationError`."""
        said: dict[str, Any] = {name: self.values[name] for name in ("name", "role") if self.values.get(name)}
        said["plans"] = plans or None
        if typed := self.values.get("expires_at"):
            day = typed_day(typed, today)
            said["expires_at"] = f"{day}T00:00:00Z" if len(day) == len("2027-01-01") else day
        said |= {name: True for name in ("personal_data", "on_behalf_of") if name in self.values}
        return NewKey.model_validate(said)


def key_row(key: ApiKey, now: datetime, known: Known, say: Speech) -> KeyRow:
    good = key.is_good(now)
    state, tone, sign = ("good", "good", "●") if good else ("revoked", "quiet", "×")
    if not good and key.revoked_at is None:
        state = "expired"
    return KeyRow(
        id=key.id,
        name=key.name,
        role=say(key.role),
        plans=say("all plans") if key.plans is None else ", ".join(map(known.account_name, key.plans)),
        made=say("{actor}, {at}", actor=key.created_by, at=say.instant(key.created_at)),
        last_used=say.instant(key.last_used_at) if key.last_used_at else say("never"),
        state=say(state),
        tone=tone,
        sign=sign,
        may_be_revoked=good,
    )


def routes(desk: KeyService, now: Callable[[], datetime], known: Known, guard: PageGuard) -> list[Route]:
    async def shown(request: Request, typed: TypedKey, made: str = "", status: int = 200) -> Response:
        say, caller = speech_of(request), visitor_of(request).caller
        found = await run_in_threadpool(desk.all, caller)
        rows = await run_in_threadpool(lambda: [key_row(key, now(), known, say) for key in found])
        chosen = typed.values.get("role", "editor")
        view = KeysView(
            tabs=tabs(request, say),
            keys=rows,
            roles=[(role, say(spaced(role)), role == chosen) for role in get_args(GivenRole)],
            typed={name: typed.values.get(name, "") for name in FIELDS},
            plans=with_blanks(typed.plans),
            choices=await run_in_threadpool(known.choices, caller),
            errors=typed.errors,
            made=made,
        )
        answer = render(request, "settings/keys.html", status, twin="/v1/keys", view=view)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def page(request: Request) -> Response:
        return await shown(request, TypedKey())

    async def make(request: Request) -> Response:
        typed, say = await TypedKey.of(request), speech_of(request)
        try:
            plans = await run_in_threadpool(known.account_ids, typed.plans, visitor_of(request).caller)
            wanted = typed.wanted(plans, day_of(now(), "UTC"))
        except ValidationError as error:
            wrong = [
                f"{say(spaced(str(each['loc'][0])))}: {say.told(predicate(each))}"
                for each in error.errors(include_url=False, include_input=False)
            ]
            return await shown(request, TypedKey(typed.values, typed.plans, wrong), status=422)
        _, text = await run_in_threadpool(desk.make, visitor_of(request).caller, wanted)
        return await shown(request, TypedKey(), text)

    async def revoke(request: Request) -> Response:
        revoked = await run_in_threadpool(desk.revoke, visitor_of(request).caller, request.path_params["id"])
        if revoked is None:
            raise NoSuchPage("There is no such key.")
        return RedirectResponse(f"{PATH}/keys", 303)

    return [
        guard.page(f"{PATH}/keys", page, "keys", "keys-page"),
        guard.form(f"{PATH}/keys", make, "keys", "key-made", f"{PATH}/keys"),
        guard.form(f"{PATH}/keys/{{id}}/revoke", revoke, "keys", "key-revoked", f"{PATH}/keys"),
    ]
