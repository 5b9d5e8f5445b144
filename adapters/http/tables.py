"""Every list, and a whole plan, as a table: `?format=csv` or `xlsx`, or by `Accept`.

A table is made from the view's JSON answer, so it shows the same to the same callers. All pages of a list are read. As
a document, a plan is its canvas: the plan on one page.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qsl, urlencode

from annotated_types import Le
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic_core import from_json
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from adapters.exchange.tables.views import ITEMS, add_items, begin_list, is_tabular, write_sections
from adapters.exchange.tables.writers import MEDIA_TYPES, TableForm, TableWriter, TooManyRows, writer
from adapters.http.guard import Guarded
from adapters.http.problems import Rejected, rejected_parameter
from adapters.http.report_forms import media_ranges, quality_of
from adapters.http.request_headers import headers_of
from adapters.http.requests import FOR_TABLE
from adapters.rendering.document import Form
from adapters.rendering.pool import MEDIA_TYPES as of_documents
from domain.language import shortened

FORMAT, BOM, NEUTRAL = "format", "bom", "neutral"
CURSOR, LIMIT = "cursor", "limit"
FORMS: Sequence[TableForm] = get_args(TableForm)
DOCUMENTS: Sequence[Form] = ("html", "md", "pdf")
"""The document forms of a plan, which show its canvas."""
CANVAS = "canvas"
PACK = "/packs/{pack}"


def format_parameter(documents: Sequence[Form]) -> dict[str, Any]:
    page = f"; {', '.join(documents)}: the canvas, which is the plan on one page" if documents else ""
    return {
        "name": FORMAT,
        "in": "query",
        "description": f"`csv` or `xlsx`: as a table, of all pages{page}; else as `Accept` says.",
        "schema": {"type": "string", "enum": ["json", *FORMS, *documents]},
    }


PARAMETERS = [
    {
        "name": BOM,
        "in": "query",
        "description": "For CSV: begin with a byte order mark, by which Excel knows UTF-8.",
        "schema": {"type": "boolean", "default": False},
    },
    {
        "name": NEUTRAL,
        "in": "query",
        "description": "For CSV: texts that a spreadsheet program would take for a formula begin with an apostrophe."
        " Leave it out for a file that is to be read back.",
        "schema": {"type": "boolean", "default": False},
    },
]


def offer_tables(routes: Iterable[BaseRoute]) -> None:
    """Add tables to every guarded route of a list, except routes that have forms of their own."""
    found = [route for route in routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())]
    packs = {route.path: route.app for route in found if route.path.endswith(PACK)}
    for route in found:
        if is_tabular(route.response_model):
            assert isinstance(route.app, Guarded), route
            if not any(FORMAT in _fields(each.field_info.annotation) for each in route.dependant.query_params):
                _add_to(route, route.app, packs.get(f"{route.path}{PACK}"))


def _fields(model: Any) -> Any:
    return getattr(model, "model_fields", {})


def _longest_page(route: APIRoute) -> int | None:
    """Return the largest number of items a caller may ask for per page; None if the route has no such parameter."""
    limits = (_fields(each.field_info.annotation).get(LIMIT) for each in route.dependant.query_params)
    return next(
        (int(str(said.le)) for limit in limits if limit for said in limit.metadata if isinstance(said, Le)), None
    )


def _add_to(route: APIRoute, guarded: Guarded, packs: ASGIApp | None) -> None:
    name = route.path.rstrip("/").rpartition("/")[2].strip("{}")
    route.app = replace(
        guarded, app=ViewWithTables(guarded.app, route.response_model, name, _longest_page(route), packs)
    )
    extra = dict(route.openapi_extra or {})
    documents = DOCUMENTS if packs else ()
    extra["parameters"] = [*extra.get("parameters", ()), format_parameter(documents), *PARAMETERS]
    route.openapi_extra = extra
    answered = dict(route.responses.get(200, {}))
    answered["content"] = {
        **answered.get("content", {}),
        **{media_type: {"schema": {"type": "string"}} for media_type in media_types(documents).values()},
    }
    route.responses[200] = answered


@dataclass
class CapturedAnswer:
    """Collects the answer of a view."""

    messages: list[Message] = field(default_factory=list)

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def status(self) -> int:
        return int(self.messages[0]["status"])

    def content(self) -> Any:
        """Return the view. Raises `ViewFailed` if the answer is a problem."""
        if self.status != 200:
            raise ViewFailed(self)
        return from_json(b"".join(message.get("body", b"") for message in self.messages[1:]))


class ViewFailed(Exception):
    """The view answered with a problem, on the first page or a later one."""

    def __init__(self, answered: CapturedAnswer) -> None:
        self.answered = answered


@dataclass(frozen=True)
class ViewWithTables:
    """The app of a view, together with its tables."""

    app: ASGIApp
    view: type[BaseModel]
    name: str
    longest_page: int | None
    """The length of every page after the first, in items."""
    packs: ASGIApp | None = None
    """The app that makes documents of the view: the packs of a plan. None where it has no documents."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        asked = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        form = form_asked(request, DOCUMENTS if self.packs else ())
        as_csv = is_set(request, BOM), is_set(request, NEUTRAL)
        rest = [(name, value) for name, value in asked if name not in (FORMAT, BOM, NEUTRAL)]
        if form is None:
            if len(rest) < len(asked):
                scope = {**scope, "query_string": urlencode(rest).encode()}
            await self.app(scope, receive, send)
            return
        if self.packs and form not in FORMS:
            path_params = {**scope["path_params"], "pack": CANVAS}
            query = urlencode([*rest, (FORMAT, form)]).encode()
            await self.packs({**scope, "path_params": path_params, "query_string": query}, receive, send)
            return
        first = await self._json_answer(scope, receive, rest)
        try:
            answer = await self._table(request, form, as_csv, rest, first)
        except ViewFailed as error:
            for message in error.answered.messages:
                await send(message)
        else:
            await answer(scope, receive, send)

    async def _json_answer(self, scope: Scope, receive: Receive, asked: Sequence[tuple[str, str]]) -> CapturedAnswer:
        """Ask the view for JSON, without `If-None-Match`, so that it is never answered with 304."""
        headers = [each for each in scope["headers"] if each[0] not in (b"if-none-match", b"accept")]
        answered = CapturedAnswer()
        query = urlencode(asked).encode()
        asked_anew = {**scope, "query_string": query, "headers": headers, "head": None, FOR_TABLE: True}
        await self.app(asked_anew, receive, answered.send)
        return answered

    async def _table(
        self,
        request: Request,
        form: TableForm,
        as_csv: tuple[bool, bool],
        asked: Sequence[tuple[str, str]],
        first: CapturedAnswer,
    ) -> FileResponse:
        path = Path(tempfile.mkstemp(suffix=f".{form}")[1])
        try:
            with writer(form, path, *as_csv) as out:
                await self._write(request, form, out, asked, first)
        except BaseException as error:
            path.unlink()
            if isinstance(error, TooManyRows):
                raise Rejected(422, "too-many-rows", str(error)) from None
            raise
        headers = {"Vary": "Authorization, Accept", "Cache-Control": "private, no-store"}
        file = "-".join([*filter(None, [request.path_params.get("plan")]), f"{self.name}.{form}"])
        return SentOnce(path, headers=headers, media_type=MEDIA_TYPES[form], filename=file)

    async def _write(
        self,
        request: Request,
        form: TableForm,
        out: TableWriter,
        asked: Sequence[tuple[str, str]],
        first: CapturedAnswer,
    ) -> None:
        content = await run_in_threadpool(first.content)
        if ITEMS not in self.view.model_fields:
            await run_in_threadpool(write_sections, out, form, self.view, content)
            return
        begin_list(out, self.view, self.name)
        rest = [pair for pair in asked if pair[0] not in (CURSOR, LIMIT)]
        if self.longest_page:
            rest.append((LIMIT, str(self.longest_page)))
        while True:
            await run_in_threadpool(add_items, out, content)
            cursor = content.get("next")
            if cursor is None:
                return
            page = await self._json_answer(request.scope, request.receive, [*rest, (CURSOR, cursor)])
            content = await run_in_threadpool(page.content)


class SentOnce(FileResponse):
    """A file that is deleted after it was sent, even if sending failed, because it contains unsealed text about
    people."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            Path(self.path).unlink(missing_ok=True)


def form_asked(request: Request, documents: Sequence[Form]) -> Any:
    """Return the requested form of table or document. Returns None for JSON, which also wins if `Accept` prefers it as
    much as another form. Raises `Rejected`."""
    forms = media_types(documents)
    said = request.query_params.get(FORMAT)
    if said is not None:
        if said not in ("json", *forms):
            detail = f"“{shortened(said)}” must be {', '.join(['json', *list(forms)[:-1]])} or {list(forms)[-1]}."
            raise rejected_parameter(FORMAT, "invalid-parameters", detail)
        return said if said != "json" else None
    ranges = list(media_ranges(headers_of(request.scope).get("accept", "")))
    liking = {form: quality_of(media_type.partition(";")[0], ranges) for form, media_type in forms.items()}
    best = max(liking, key=lambda form: liking[form])
    return best if liking[best] > quality_of("application/json", ranges) else None


def media_types(documents: Sequence[Form]) -> Mapping[str, str]:
    """Return the media types of tables, and of these documents, by form."""
    tables: Mapping[str, str] = {form: MEDIA_TYPES[form] for form in FORMS}
    return {**tables, **{form: of_documents[form] for form in documents}}


def is_set(request: Request, name: str) -> bool:
    said = request.query_params.get(name, "false")
    if said not in ("true", "false"):
        raise rejected_parameter(name, "invalid-parameters", f"“{shortened(said)}” must be true or false.")
    return said == "true"
