"""Signing in: by an API key or through the issuer, and on a development machine by a name or the demo's link. And
signing out."""

from functools import partial

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.access.api_keys import KEY
from adapters.access.callers import Callers, CallerUnknown
from adapters.access.sessions import Sessions
from adapters.access.sign_in import Pending, SignIn, SignInRefused
from adapters.access.sign_in_link import PATH, SignInLink
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard, cookie_name, visitor_of
from adapters.web.sign_in.targets import target_in
from adapters.web.templates import render, speech_of

MOST_BYTES = 16 * 1024
PENDING_SECONDS = 600
"""Seconds for signing in at the issuer."""


def pending_cookie(request: Request) -> str:
    """Return the name of the cookie that a browser keeps while somebody signs in at the issuer."""
    return f"{cookie_name(request)}_pending"


def routes(
    guard: PageGuard,
    sessions: Sessions,
    callers: Callers,
    by_issuer: SignIn | None = None,
    link: SignInLink | None = None,
) -> list[Route]:
    async def page(request: Request) -> Response:
        return shown(request, target_in(request.query_params.get("to")))

    def shown(request: Request, to: str, wrong: str = "", status: int = 200) -> Response:
        return render(
            request,
            "sign_in/page.html",
            status,
            to=to,
            wrong=wrong,
            names_may_be_chosen=sessions.names_may_be_chosen,
            through_issuer=by_issuer is not None,
        )

    async def sign_in(request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=10)
        to, key, name = (str(form.get(field) or "").strip() for field in ("to", "key", "name"))
        browser, to = request.headers.get("user-agent", ""), target_in(to)
        if name and sessions.names_may_be_chosen:
            try:
                caller = await callers.identify(with_name(request, name))
            except CallerUnknown as error:
                return shown(request, to, str(error), 422)
            token = await run_in_threadpool(sessions.begin, caller, "name", browser)
            return signed_in(request, token, to)
        match = KEY.fullmatch(key)
        try:
            caller = await callers.identify({"authorization": f"Bearer {key}"})
        except CallerUnknown:
            match = None
        if match is None:
            return shown(request, to, "This is no key of this service, or it has expired or was revoked.", 422)
        token = await run_in_threadpool(sessions.begin, caller, "key", browser, match[1])
        return signed_in(request, token, to)

    async def by_link(link: SignInLink, request: Request) -> Response:
        if not sessions.names_may_be_chosen:
            raise NoSuchPage("Names cannot be chosen here any more: sign in by a key.")
        caller = await callers.identify(with_name(request, link.actor))
        if not is_ahead(request) and link.use(request.query_params.get("token", "")):
            token = await run_in_threadpool(sessions.begin, caller, "name", request.headers.get("user-agent", ""))
            return signed_in(request, token, "/")
        if await guard.visitor(request):
            return RedirectResponse("/", 303)
        used = speech_of(request)("This link was used already, or it is of another start: choose a name.")
        return shown(request, "/", used, 422)

    async def sign_out(request: Request) -> Response:
        visitor = visitor_of(request)
        await run_in_threadpool(sessions.end, visitor.session.id, visitor.session.actor)
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(cookie_name(request), path="/", secure=request.url.scheme == "https", httponly=True)
        return answer

    def issuer() -> SignIn:
        if by_issuer is None:
            raise NoSuchPage("No issuer lets people sign in here: sign in by a key.")
        return by_issuer

    async def to_issuer(request: Request) -> Response:
        to = target_in(request.query_params.get("to"))
        try:
            pending, address = await issuer().begin(to)
        except SignInRefused as error:
            return shown(request, to, str(error), 503)
        answer = RedirectResponse(address, 303)
        answer.set_cookie(
            pending_cookie(request), pending.cookie(), PENDING_SECONDS, path="/",
            secure=request.url.scheme == "https", httponly=True, samesite="lax",
        )  # fmt: skip
        return answer

    async def from_issuer(request: Request) -> Response:
        try:
            pending = Pending.read(request.cookies.get(pending_cookie(request)))
            caller, until = await issuer().finish(pending, request.query_params)
        except SignInRefused as error:
            return shown(request, "/", str(error), 422)
        browser = request.headers.get("user-agent", "")
        token = await run_in_threadpool(sessions.begin, caller, "oidc", browser, expires_at=until)
        answer = signed_in(request, token, target_in(pending.to))
        answer.delete_cookie(
            pending_cookie(request), path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
        )
        return answer

    printed = [guard.open_page(PATH, partial(by_link, link), "signed-in-by-link")] if link else []
    return [
        *printed,
        guard.open_page("/sign-in/issuer", to_issuer, "sign-in-at-issuer"),
        guard.open_page("/sign-in/issuer/done", from_issuer, "signed-in-at-issuer"),
        guard.open_page("/sign-in", page, "sign-in-page"),
        guard.open_page("/sign-in", sign_in, "sign-in", "POST"),
        guard.page("/sign-out", sign_out, "signed-in", "sign-out", "POST"),
    ]


def with_name(request: Request, name: str) -> dict[str, str]:
    """Return the headers of this request with a name that identifies the caller."""
    here = {header: value for header, value in request.headers.items() if header != "x-on-behalf-of"}
    return here | {"x-actor": sent(name)}


def is_ahead(request: Request) -> bool:
    """Return whether nobody looks at the page yet, because a program or a browser fetches it in advance."""
    return request.scope["head_only"] or "prefetch" in request.headers.get("sec-purpose", "")


def sent(name: str) -> str:
    """Return a name in the encoding of headers: the bytes of its UTF-8, one character each."""
    return name.encode().decode("latin-1")


def signed_in(request: Request, token: str, to: str) -> Response:
    """Redirect to the requested page, with the session in a cookie that scripts cannot read."""
    answer = RedirectResponse(to, 303)
    answer.set_cookie(
        cookie_name(request), token, path="/", secure=request.url.scheme == "https", httponly=True, samesite="lax"
    )
    return answer
