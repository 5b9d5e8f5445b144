"""The tabs at the top of the settings pages: those that the reader may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from adapters.web.guard import visitor_of
from adapters.web.languages import Speech
from application.aggregates.access import Right

PATH = "/settings"
PAGES: Sequence[tuple[str, str, Right | None]] = (
    ("", "Sessions", None),
    ("/keys", "Keys", "keys"),
    ("/webhooks", "Webhooks", "own-endpoints"),
    ("/calendars", "Calendars", "view"),
    ("/handovers", "Handovers", "command"),
    ("/erasures", "Erasures", "erase"),
    ("/reads", "Who read what", "audit"),
)
"""The pages of the settings, their names, and the right that each needs."""


@dataclass(frozen=True)
class Tab:
    address: str
    name: str
    is_here: bool


def tabs(request: Request, say: Speech) -> list[Tab]:
    caller, here = visitor_of(request).caller, request.scope["path"]
    return [
        Tab(f"{PATH}{page}", say(name), here == f"{PATH}{page}" or (page != "" and here.startswith(f"{PATH}{page}/")))
        for page, name, right in PAGES
        if right is None or caller.may(right)
    ]
