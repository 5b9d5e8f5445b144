"""The packs as pages, for reading and printing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from pydantic_core import from_json
from starlette.routing import Route

from adapters.rendering.document import Document, Of
from adapters.rendering.reports import document
from adapters.web.errors import NoSuchPage
from adapters.web.guard import PageGuard
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.plan.presenter import PlanHead, at_cut
from application.packs import registry
from application.packs.pack import PackKind
from domain.account_plan.reviews import Audience

NAMES: dict[PackKind, str] = {
    "canvas": "Canvas",
    "weekly": "Weekly list",
    "readout": "Read-out",
    "qbr": "QBR",
    "annual": "Year",
}
FORMS = ("pdf", "pptx", "html", "md", "json")


@dataclass(frozen=True)
class PackLink:
    address: str
    name: str
    is_here: bool


@dataclass(frozen=True)
class PackView:
    head: PlanHead
    kind: PackKind
    packs: Sequence[PackLink]
    audiences: Sequence[PackLink]
    """The audiences for which it is available; one if it is internal."""
    forms: Sequence[tuple[str, str]]
    twin: str
    document: Document
    who: Callable[[Of], str]
    """Returns the address of who set a value that the document says."""


def pack_view(asked: PlanRequest) -> PackView:
    """Return the view. Raises `NoSuchPage`."""
    say, given = asked.say, asked.request.query_params
    kind = next((each for each in get_args(PackKind) if each == asked.request.path_params["pack"]), None)
    if kind is None:
        raise NoSuchPage(say("There is no such pack: there are {packs}.", packs=", ".join(get_args(PackKind))))
    audience: Audience = "customer" if given.get("audience") == "customer" else "internal"
    here = f"{asked.path}/packs"
    try:
        made = registry.pack(kind, asked.known, asked.cut, asked.program, audience)
    except registry.PackIsInternal as error:
        raise NoSuchPage(str(error)) from None
    audiences: list[Audience] = ["internal", "customer"] if kind in registry.FOR_CUSTOMERS else ["internal"]
    api = f"/v1{here}/{kind}?{urlencode({'as_of': asked.cut.cut, 'audience': audience})}"
    return PackView(
        head=asked.head,
        kind=kind,
        packs=[PackLink(at_cut(f"{here}/{each}", asked.cut), say(NAMES[each]), each == kind) for each in NAMES],
        audiences=[
            PackLink(at_cut(f"{here}/{kind}", asked.cut, audience=each), say(_WHOM[each]), each == audience)
            for each in audiences
        ],
        forms=[(f"{api}&format={form}", form.upper()) for form in FORMS],
        twin=api,
        who=asked.who_set,
        document=document(kind, from_json(made.model_dump_json(by_alias=True))),
    )


_WHOM: dict[Audience, str] = {"internal": "For ourselves", "customer": "For the customer"}


def routes(pages: PlanPages, guard: PageGuard) -> list[Route]:
    page = pages.page("packs/page.html", pack_view, lambda _, view: view.twin)
    return [guard.page("/plans/{plan}/packs/{pack}", page, "view", "pack-page")]
