"""The pages of errors: what went wrong and what to do. Their statuses and words are those of the API."""

from collections.abc import Mapping, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import Response

from adapters.access.callers import CallerUnknown
from adapters.http.limits import TooManyRequests
from adapters.rendering.words import spaced
from adapters.web.same_origin import SentFromElsewhere
from adapters.web.templates import render, speech_of
from application.aggregates.access import CallerNotAllowed
from application.aggregates.ports import ProjectionLag, StoreUnavailable
from application.reports.said_vs_did import NotTwoReviews
from application.views.cuts import CutRefused
from application.views.diff import CutsOutOfOrder
from application.views.list_cursors import CursorUnknown
from domain.account_plan.plan import PlanNotOpen

logger = structlog.get_logger("plantrail.web")

FAULT = "Something went wrong on our side. It is logged under the request id {request_id}."


OF_THE_FORM = frozenset({"expected-version", "idempotency-key", "shown-thing", "back", "to"})
"""Fields of a form that nobody types."""


def is_typed(name: str) -> bool:
    """Return whether a field of a form contains what somebody typed, and not what the form says about itself."""
    return name not in OF_THE_FORM and not name.endswith("-shown")


class NoSuchPage(Exception):
    """There is no such page."""


class PageAskedWrongly(Exception):
    """What is wrong in the address of a page."""


STATUS: Mapping[type[Exception], int] = {
    NoSuchPage: 404,
    PageAskedWrongly: 422,
    PlanNotOpen: 404,
    SentFromElsewhere: 403,
    CallerUnknown: 401,
    CallerNotAllowed: 403,
    TooManyRequests: 429,
    StoreUnavailable: 503,
    ProjectionLag: 503,
    CursorUnknown: 422,
    CutRefused: 422,
    CutsOutOfOrder: 422,
    NotTwoReviews: 422,
}
"""The statuses of the errors that a page may meet. Any other error is a bug and is raised again."""


def page_of_error(request: Request, error: Exception, typed: Sequence[tuple[str, str]] = ()) -> Response:
    """Return the page of any error. A bug is logged, and its page names the id of the log entry. What was typed is
    shown on the page, so that it can be sent again or copied."""
    say = speech_of(request)
    said = [(say(spaced(name)), value) for name, value in typed if value.strip() and is_typed(name)]
    kind = next((kind for kind in type(error).__mro__ if kind in STATUS), None)
    if kind is None:
        request_id = request.scope["request_id"]
        logger.error("unhandled", request_id=request_id, exc_info=error)
        return render(
            request, "errors/page.html", 500, code=500, sentence=speech_of(request)(FAULT, request_id=request_id),
            typed=typed, said=said,
        )  # fmt: skip
    sentence = speech_of(request)(str(error) or " ".join((type(error).__doc__ or "").split()))
    return render(
        request, "errors/page.html", STATUS[kind], code=STATUS[kind], sentence=sentence, typed=typed, said=said
    )
