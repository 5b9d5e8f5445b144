"""Forms whose address contains the key under which they are recorded once.

A browser that goes back requests a form anew and restores what was typed. It gets the same form under the same key, so
that sending it again unchanged records nothing twice.
"""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapters.web.forms.form import FormData
from adapters.web.guard import KEY


def to_address_with_key(request: Request, make_id: Callable[[], UUID]) -> Response | None:
    """Return a redirect to the form's address with a new key; None if the address has a key already."""
    if request.query_params.get(KEY):
        return None
    given = [*given_in(request).pairs, (KEY, str(make_id()))]
    return RedirectResponse(f"{request.scope['path']}?{urlencode(given)}", 303)


def given_in(request: Request) -> FormData:
    """Return the field values that the address of a form contains."""
    return FormData([(name, value) for name, value in request.query_params.multi_items() if name != KEY])
