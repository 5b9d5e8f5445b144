"""The templates of the pages.  They hold no logic: what they show was worked out by the presenters beside them.

A topic's templates lie in its folder, `portfolio/page.html`, and share the layout and the partials of `layout/`.
"""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.web.assets import address_of
from adapters.web.languages import Speech, language_of
from application.aggregates.access import RIGHTS


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("adapters.web", ""),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = address_of
    return made


def speech_of(request: Request, timezone: str = "UTC") -> Speech:
    return Speech(language_of(request), timezone)


def part(template: str, speech: Speech, **values: Any) -> str:
    """A part of a page that is the same for whoever reads it in a language."""
    filled = environment().get_template(template).render(values, _=speech, counted=speech.counted)
    return Markup(filled)


def render(request: Request, template: str, status: int = 200, speech: Speech | None = None, **values: Any) -> Response:
    """A page, or a part of one.  In templates `_` says a message in the reader's language."""
    speech = speech or speech_of(request)
    visitor = request.scope.get("visitor")
    content = (
        environment()
        .get_template(template)
        .render(
            values,
            _=speech,
            counted=speech.counted,
            language=speech.language,
            actor=visitor.caller.actor if visitor else None,
            may={right.replace("-", "_"): bool(visitor and visitor.caller.may(right)) for right in RIGHTS},
            path=request.scope["path"],
        )
    )
    return HTMLResponse(content, status)
