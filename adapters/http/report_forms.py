"""The forms of reports over HTTP: JSON, Markdown, HTML, PDF or slides, as the caller prefers."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import Request
from pydantic_core import to_json

from adapters.http.conditional import Answer
from adapters.http.documentation import ETAG_AND_REQUEST_ID, QUERY, problem_of
from adapters.http.problems import Rejected
from adapters.http.request_headers import headers_of
from adapters.rendering.document import Form
from adapters.rendering.pool import MEDIA_TYPES, FormNotInstalled, RenderingPool, check_installed
from adapters.rendering.style import security_policy

BY_MEDIA_TYPE: Mapping[str, Form] = {media_type.partition(";")[0]: form for form, media_type in MEDIA_TYPES.items()}

FORMED_QUERY: dict[str, Any] = QUERY | {
    "responses": QUERY["responses"]
    | {
        200: {
            "headers": ETAG_AND_REQUEST_ID,
            "content": {name: {"schema": {"type": "string"}} for name in BY_MEDIA_TYPE if name != "application/json"},
        },
        406: problem_of("It is to be had as JSON, Markdown, HTML, PDF and slides only."),
    }
}
"""The documentation shared by the routes of reports."""


def form_asked(request: Request, format: Form | None) -> Form:
    """Return the form in the query, else the one that `Accept` prefers; JSON if it prefers none. Raises `Rejected`."""
    accepted = headers_of(request.scope).get("accept", "")
    if format or not accepted.strip():
        return format or "json"
    ranges = list(media_ranges(accepted))
    liking = {form: quality_of(media_type, ranges) for media_type, form in BY_MEDIA_TYPE.items()}
    best = max(liking, key=lambda form: liking[form])
    if not liking[best]:
        raise Rejected(406, "not-acceptable", f"It is to be had as {', '.join(BY_MEDIA_TYPE)}; see Accept.")
    return best


def media_ranges(accepted: str) -> Iterator[tuple[str, float]]:
    """Yield each media range of `Accept` with its quality, which is 0 if it cannot be parsed."""
    for each in accepted.split(","):
        range, *parameters = (part.strip().lower() for part in each.split(";"))
        given = next((part.partition("=")[2].strip() for part in parameters if re.match(r"q\s*=", part)), "1")
        if re.fullmatch(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", given):
            yield range, float(given)


def quality_of(media_type: str, ranges: list[tuple[str, float]]) -> float:
    """Return the quality that the most specific matching range gives a media type (RFC 9110)."""
    for wanted in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        found = [quality for range, quality in ranges if range == wanted]
        if found:
            return max(found)
    return 0.0


class ReportResponder:
    """Renders reports and returns them as answers."""

    def __init__(self, press: RenderingPool) -> None:
        self._press = press

    def formed(self, name: str, form: Form, report: Any, about: str) -> Answer:
        """Return the report in a form, with a file name for saving it. Raises `Rejected`, `RenderingFailed`."""
        try:
            check_installed(form)
        except FormNotInstalled as error:
            raise Rejected(406, "not-acceptable", str(error)) from None
        content = report if isinstance(report, bytes) else to_json(report, by_alias=True)
        if form == "json":
            return Answer(content)
        file = re.sub(r"[^A-Za-z0-9._-]", "-", f"{name}-{about}.{form}")
        headers = {"Content-Disposition": f'inline; filename="{file}"'}
        made = self._press.made(name, form, content)
        if form == "html":
            headers["Content-Security-Policy"] = security_policy(made)
        return Answer(made, None, MEDIA_TYPES[form], headers)
