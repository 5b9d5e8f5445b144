"""The templates of the pages. They contain no logic: presenters compute what they show.

The templates of a topic are in its folder, such as `portfolio/page.html`, and share the layout and partials in
`layout/`.
"""

import re
from collections.abc import Callable
from functools import cache
from secrets import token_hex
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.web.assets import address_of
from adapters.web.blamed import Told, with_origins
from adapters.web.languages import Speech, language_of
from adapters.web.same_origin import SAFE_METHODS
from adapters.web.twins import asks_for_json, link_to, own_twin, page_as_json
from application.aggregates.access import RIGHTS

NEEDS_ESCAPING = re.compile("[&<>\"']").search


def escaped(value: Any) -> str:
    """Return a value escaped for a page.

    The result equals that of `escape`, which creates a `Markup` for each value; that took as long as everything else in
    a table.
    """
    if type(value) is str and not NEEDS_ESCAPING(value):
        return value
    return str(value) if type(value) is int else escape(value)


class PageCode(CodeGenerator):
    """Compiles templates so that every value passes through `escaped`."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape or finalize.src is not None:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.escaped(")


class PageEnvironment(Environment):
    code_generator_class = PageCode
    escaped = staticmethod(escaped)


@cache
def environment() -> Environment:
    made = PageEnvironment(
        loader=PackageLoader("adapters.web", ""),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = address_of
    return made


def speech_of(request: Request, timezone: str = "UTC") -> Speech:
    return Speech(language_of(request), timezone)


def part(template: str, speech: Speech, **values: Any) -> str:
    """Return a part of a page that is the same for all readers of a language."""
    filled = environment().get_template(template).render(values, _=speech, counted=speech.counted)
    return Markup(filled)


def macro(template: str, name: str) -> Callable[..., str]:
    """Return a part of a template as a function, for what is drawn many times on a page."""
    drawn: Callable[..., str] = getattr(environment().get_template(template).module, name)
    return drawn


def render(
    request: Request,
    template: str,
    status: int = 200,
    speech: Speech | None = None,
    told: Told | None = None,
    twin: str | None = None,
    **values: Any,
) -> Response:
    """Return a page or a part of one. In templates, `_` translates a message, and `form_key` is the key
    under which a form of the page is carried out once. `told` says who set each value, if the reader asked for that.
    `twin` is the address of the JSON that says the same; a page without one is its own twin.
    """
    if twin is None and request.method in SAFE_METHODS:
        if asks_for_json(request):
            return page_as_json(values, status)
        twin = own_twin(request)
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
            twin=twin,
            form_key=token_hex(16),
            blaming=told is not None,
            is_behind=request.scope.get("is_behind", False),
        )
    )
    answer = HTMLResponse(with_origins(content, told) if told else content, status)
    if twin:
        answer.headers["Link"] = link_to(twin)
    return answer
