"""The sessions of a person on all machines. They can end each of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from babel import Locale
from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.access.sessions import Method, Sessions
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import LANGUAGE_COOKIE, LANGUAGES, Language, Speech
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of


@dataclass(frozen=True)
class SessionRow:
    id: str
    browser: str
    method: str
    begun: str
    last_seen: str
    is_this_one: bool


@dataclass(frozen=True)
class SessionsView:
    tabs: Sequence[Tab]
    actor: str
    role: str
    sessions: Sequence[SessionRow]
    languages: Sequence[tuple[Language, str, bool]]
    """The code, the language's own name, and whether it is chosen."""


METHODS: Mapping[Method, str] = {"name": "by name", "key": "by key", "oidc": "through the issuer"}


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrom", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
           ("Linux", "Linux"))  # fmt: skip
"""The names of browsers and systems in the `User-Agent` header, the most specific first."""


def browser_in_words(agent: str, say: Speech) -> str:
    """Return “Firefox on Windows”; for an unknown browser, its own name."""
    browser = next((name for sign, name in BROWSERS if sign in agent), None)
    system = next((name for sign, name in SYSTEMS if sign in agent), None)
    if browser and system:
        return say("{browser} on {system}", browser=browser, system=system)
    return agent or "–"


def languages_of(request: Request) -> list[tuple[Language, str, bool]]:
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    return [(code, Locale(code).display_name or code, code == chosen) for code in LANGUAGES]


def routes(sessions: Sessions, guard: PageGuard) -> list[Route]:
    async def page(request: Request) -> Response:
        visitor, say = visitor_of(request), speech_of(request)
        found = await run_in_threadpool(sessions.of, visitor.caller.actor)
        rows = [
            SessionRow(
                each.id, browser_in_words(each.browser, say), say(METHODS[each.method]), say.instant(each.created_at),
                say.instant(each.last_seen_at), each.id == visitor.session.id,
            )
            for each in found
        ]  # fmt: skip
        view = SessionsView(
            tabs(request, say), visitor.caller.actor, say(visitor.caller.role), rows, languages_of(request)
        )
        return render(request, "settings/sessions.html", view=view)

    async def end(request: Request) -> Response:
        if not await run_in_threadpool(sessions.end, request.path_params["id"], visitor_of(request).caller.actor):
            raise NoSuchPage("There is no such session of yours.")
        return RedirectResponse(PATH, 303)

    return [
        guard.page(PATH, page, "signed-in", "settings-page"),
        guard.form(f"{PATH}/sessions/{{id}}/end", end, "signed-in", "session-ended", PATH),
    ]
