"""Who may see a page: checks the session of a request, the right that the page needs, and where a form came from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.access.sent_forms import SentForms
from adapters.access.sessions import Session, Sessions
from adapters.http.limits import Buckets
from adapters.web.compression import compressed
from adapters.web.errors import page_of_error
from adapters.web.same_origin import SAFE_METHODS, SentFromElsewhere, check_same_origin
from adapters.web.templates import render
from application.aggregates.access import Caller, Right, check_right

SECURE_COOKIE = "__Host-plantrail"
COOKIE = "plantrail"
"""The cookie on a development machine, which is reached by plain http."""

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Accept-Encoding, Accept-Language, HX-Request",
}
"""The headers of every page that does not set its own."""

KEY = "idempotency-key"
"""The field of a form by which it is known again when it is sent once more."""

MOST_FIELDS = 20_000
"""The number of fields in one form. A review has about six for each open promise."""

FOR_SCRIPTS = frozenset({"application/json", "text/event-stream"})
"""What scripts of the pages ask for: they are told that nobody is signed in, and not led to where one signs in."""

Page = Callable[[Request], Awaitable[Response]]
WhoMay = Right | Literal["anybody", "signed-in"]
"""Who may see a page: callers with a right, everybody who is signed in, or everybody."""


@dataclass(frozen=True)
class Visitor:
    """A person who is signed in, with their current rights."""

    session: Session
    caller: Caller


def cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def visitor_of(request: Request) -> Visitor:
    """Return the person who is signed in, as the guard has identified them."""
    visitor: Visitor = request.scope["visitor"]
    return visitor


class PageRoute(Route):
    """The route of a page, which knows who may see it."""

    def __init__(self, path: str, page: Page, right: WhoMay, name: str, *methods: str) -> None:
        super().__init__(path, page, methods=list(methods or ("GET",)), name=name)
        self.right = right


async def typed_in(request: Request) -> list[tuple[str, str]]:
    """Return the fields of the form that was sent; none if there is no form or it cannot be read."""
    if request.method in SAFE_METHODS:
        return []
    try:
        form = await request.form(max_fields=MOST_FIELDS)
    except HTTPException:
        return []
    return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


class PageGuard:
    """Guards the pages."""

    def __init__(
        self, sessions: Sessions, limits: Buckets | None, sent: SentForms, why_behind: Callable[[], str | None]
    ) -> None:
        self._sessions = sessions
        self._limits = limits
        self._sent = sent
        self._why_behind = why_behind

    async def visitor(self, request: Request) -> Visitor | None:
        """Return the person who is signed in; None if nobody is. Raises `StoreUnavailable`."""
        token = request.cookies.get(cookie_name(request))
        found = await run_in_threadpool(self._sessions.recognise, token) if token else None
        return Visitor(*found) if found else None

    def asked_by_threads(self, request: Request) -> Callable[[], bool]:
        """Return what a thread asks whether who sent a request may still what they might then."""
        token, caller = request.cookies.get(cookie_name(request), ""), visitor_of(request).caller

        def still_may() -> bool:
            found = self._sessions.recognise(token)
            return found is not None and found[1] == caller

        return still_may

    def form(self, path: str, page: Page, right: Right | Literal["signed-in"], name: str, back: str) -> PageRoute:
        """Return the route to which a form is sent that is carried out once, however often it is sent. `back` is the
        page on which it shows what came of it."""

        async def once(request: Request) -> Response:
            form, caller = await typed_in(request), visitor_of(request).caller
            if not any(name == KEY and value for name, value in form):
                return await page(request)
            scope = await run_in_threadpool(self._sent.begin, caller, request.scope["path"], form)
            if scope is None:
                return render(request, "errors/sent_before.html", 409, back=back)
            answer = None
            try:
                answer = await page(request)
            finally:
                if answer is None or answer.status_code >= 400:
                    await run_in_threadpool(self._sent.refused, scope)
            return answer

        return self.page(path, once, right, name, "POST")

    def page_of_tables(self, path: str, page: Page, right: Right, name: str) -> PageRoute:
        """Return the route of a page about many plans. It is made from tables, and says so when these are behind."""

        async def told(request: Request) -> Response:
            request.scope["is_behind"] = self._why_behind() is not None
            return await page(request)

        return self.page(path, told, right, name)

    def page(self, path: str, page: Page, right: Right | Literal["signed-in"], name: str, *methods: str) -> PageRoute:
        """Return the route of a page for people with a right, or for everybody who is signed in."""

        async def guarded(request: Request) -> Response:
            request.scope.setdefault("log_fields", {})
            try:
                check_same_origin(request)
                visitor = await self.visitor(request)
                if visitor is None:
                    return await self._to_sign_in(request)
                request.scope["visitor"], request.scope["caller"] = visitor, visitor.caller
                request.scope["route"] = route
                request.scope["log_fields"] |= {"actor": visitor.caller.actor}
                if self._limits:
                    self._limits.take(visitor.caller)
                if right != "signed-in":
                    check_right(visitor.caller.role, right)
                return compressed(request, self._with_headers(await page(request)))
            except SentFromElsewhere as error:
                return self._with_headers(page_of_error(request, error))
            except Exception as error:  # noqa: BLE001 - every error has a page
                return self._with_headers(page_of_error(request, error, await typed_in(request)))

        route = PageRoute(path, guarded, right, name, *methods)
        return route

    def open_page(self, path: str, page: Page, name: str, *methods: str) -> PageRoute:
        """Return the route of a page for everybody, signed in or not."""

        async def guarded(request: Request) -> Response:
            request.scope.setdefault("log_fields", {})
            try:
                check_same_origin(request)
                return compressed(request, self._with_headers(await page(request)))
            except Exception as error:  # noqa: BLE001 - every error has a page
                return self._with_headers(page_of_error(request, error))

        return PageRoute(path, guarded, "anybody", name, *methods)

    async def _to_sign_in(self, request: Request) -> Response:
        if request.method not in SAFE_METHODS:
            return self._with_headers(await self._signed_out(request))
        if request.headers.get("accept") in FOR_SCRIPTS:
            return self._with_headers(Response(status_code=401))
        target = request.scope["path"] + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/sign-in?to={quote(target, safe='')}", 303)

    @staticmethod
    async def _signed_out(request: Request) -> Response:
        """Return the page for somebody whose session has ended. The form was not processed; the page offers to send it
        again."""
        return render(request, "errors/signed_out.html", 403, typed=await typed_in(request))

    @staticmethod
    def _with_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
