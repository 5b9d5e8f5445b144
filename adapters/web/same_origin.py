"""Checks that a form was sent from a page of this service. Browsers say from where a request comes."""

from urllib.parse import urlsplit

from starlette.requests import Request

SAFE_METHODS = {"GET", "HEAD"}


class SentFromElsewhere(Exception):
    """This form was not sent from a page of this service: nothing was done. Open the page again and send it there."""


def check_same_origin(request: Request) -> None:
    """Check a request that changes something. Raises `SentFromElsewhere` if another site made the browser send it."""
    if request.method in SAFE_METHODS:
        return
    said = request.headers.get("sec-fetch-site")
    if said is not None:
        comes_from_here = said == "same-origin"
    else:  # An older browser sends the `Origin` header with every form.
        origin = request.headers.get("origin")
        comes_from_here = origin is not None and urlsplit(origin).netloc == request.headers.get("host")
    if not comes_from_here:
        raise SentFromElsewhere(SentFromElsewhere.__doc__)
