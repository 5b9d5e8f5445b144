"""Packs over HTTP: documents about a plan for a certain meeting, in several forms."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from hashlib import sha256
from typing import Annotated, get_args

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from adapters.http.conditional import Answer
from adapters.http.problems import Rejected, rejected_parameter
from adapters.http.report_forms import FORMED_QUERY, ReportResponder, form_asked
from adapters.http.reports import FORMAT, VARY
from adapters.http.resources import PLANS
from adapters.http.view_queries import AsOf, PlanPath
from adapters.http.views import PlanViews
from adapters.rendering.document import Form
from application.packs import registry
from application.packs.annual import AnnualPack
from application.packs.canvas import CanvasPack
from application.packs.pack import PackKind
from application.packs.qbr import QbrPack
from application.packs.readout import ReadoutPack
from application.packs.weekly import WeeklyPack
from domain.account_plan.reviews import Audience
from domain.language import shortened

AnyPack = CanvasPack | WeeklyPack | ReadoutPack | QbrPack | AnnualPack

DIGEST = "Repr-Digest"
"""The header that says the SHA-256 of the document (RFC 9530), for `circulate-pack`."""


class PackQuery(AsOf):
    """The cut, the audience and the form of a pack."""

    audience: Audience = Field("internal", description="For ourselves, or for the customer.")
    format: Form | None = Field(None, description=FORMAT)


KINDS: Sequence[PackKind] = get_args(PackKind)
KindPath = Annotated[str, Path(description="Which pack.", json_schema_extra={"enum": list(KINDS)})]


def routes(views: PlanViews, forms: ReportResponder) -> APIRouter:
    api = APIRouter(prefix=PLANS.path, tags=["reports"])

    @api.get(
        "/packs/{pack}", response_model=AnyPack, summary="What the people in a room need of a plan", **FORMED_QUERY
    )
    async def read_pack(
        request: Request, plan: PlanPath, pack: KindPath, asked: Annotated[PackQuery, Query()]
    ) -> Response:
        known, program = await views.judged(request, plan)
        kind = kind_named(pack)
        form, audience = form_asked(request, asked.format), asked.audience
        cut = views.cuts(known).cut("as_of", asked.as_of)
        try:
            registry.check_audience(kind, audience)
        except registry.PackIsInternal as error:
            raise rejected_parameter("audience", "pack-is-internal", str(error)) from None

        def made() -> Answer:
            document = registry.pack(kind, known, cut, program, audience)
            answer = forms.formed(kind, form, document, f"{document.account_name}-{document.day}")
            return replace(answer, more={**answer.more, DIGEST: digest_of(answer.content)})

        agenda = registry.agenda_on_record(program, cut)
        answer = await views.answer(
            request,
            known,
            made,
            cut,
            audience,
            form=form,
            head=agenda.position if agenda else 0,
            program=program,
        )
        answer.headers["Vary"] = VARY
        return answer

    return api


def kind_named(name: str) -> PackKind:
    """Return the kind of pack with this name. Raises `Rejected` where there is none."""
    for kind in KINDS:
        if kind == name:
            return kind
    near = get_close_matches(name, KINDS, 1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise Rejected(404, "unknown-pack", f"There is no pack “{shortened(name)}”, but {', '.join(KINDS)}.{meant}")


def digest_of(document: bytes) -> str:
    return f"sha-256=:{b64encode(sha256(document).digest()).decode()}:"
