"""The address of a form that was opened names the key under which it is recorded once.

After Back browsers ask for a form anew and fill in what was typed: it is the same form under the same key, so that what
is sent again unchanged is not recorded a second time.
"""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.forms.form import FormData
from adapters.web.guard import KEY


def to_address_with_key(request: Request, make_id: Callable[[], UUID]) -> Response | None:
    """Where a form is opened that has no key yet, send the browser to its address with one; None where it has."""
    if request.query_params.get(KEY):
        return None
    given = [*given_in(request).pairs, (KEY, str(make_id()))]
    return RedirectResponse(f"{request.scope['path']}?{urlencode(given)}", 303)


def given_in(request: Request) -> FormData:
    """What the address of a form fills in."""
    return FormData([(name, value) for name, value in request.query_params.multi_items() if name != KEY])
