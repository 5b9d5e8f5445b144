"""The language of the pages, if the reader wants another one than their browser."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.web.guard import PageGuard
from adapters.web.languages import LANGUAGE_COOKIE, LANGUAGES
from adapters.web.settings.tabs import PATH

A_YEAR = 366 * 24 * 60 * 60


def routes(guard: PageGuard) -> list[Route]:
    async def choose(request: Request) -> Response:
        """Store the choice in this browser. Without a language, the browser's preference counts again."""
        form = await request.form(max_files=0, max_fields=5)
        chosen, answer = str(form.get("language") or ""), RedirectResponse(PATH, 303)
        if chosen in LANGUAGES:
            answer.set_cookie(
                LANGUAGE_COOKIE, chosen, A_YEAR, httponly=True, samesite="lax", secure=request.url.scheme == "https"
            )
        else:
            answer.delete_cookie(LANGUAGE_COOKIE)
        return answer

    return [guard.form(f"{PATH}/language", choose, "signed-in", "language-chosen", PATH)]
