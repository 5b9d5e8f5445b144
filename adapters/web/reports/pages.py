"""The page of said versus did. It shows the same document as the other forms of the report, with a choice of cuts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from pydantic_core import from_json
from starlette.routing import Route

from adapters.rendering.document import Document, Of
from adapters.rendering.reports import document
from adapters.web.changes.presenter import Difference, difference
from adapters.web.guard import PageGuard
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.plan.presenter import PlanHead, head, set_in
from application.reports.said_vs_did import NotTwoReviews, cuts_meant, said_vs_did
from application.views.cuts import cut_at, plan_at
from application.views.reviews import held_reviews
from domain.account_plan.plan import the_plan


@dataclass(frozen=True)
class ReportView:
    head: PlanHead
    document: Document | None
    """The document; None if there are no two cuts to compare yet."""
    who: Callable[[Of], str]
    """Returns the address of who set a value that it says."""
    changes: Difference | None
    """The contents of its section about changes, in the reader's language."""
    why_not: str
    from_cut: str
    to_cut: str
    cuts: Sequence[str]
    forms: Sequence[tuple[str, str]]
    """Address and name of each form of the report."""


def said_versus_did(asked: PlanRequest) -> ReportView:
    given, known = asked.request.query_params, asked.known
    cuts = [review.cut.cut for review in held_reviews(known, cut_at("now", known, asked.now))]
    page, to = head(the_plan(known.state), asked.cut, asked.say), given.get("to")
    closing = to or (None if asked.cut.cut == "now" else asked.cut.cut)
    try:
        first, second = cuts_meant(known, asked.now, given.get("from") or None, closing)
    except NotTwoReviews as reason:
        return ReportView(
            page,
            None,
            asked.who_set,
            None,
            asked.say.told(str(reason)),
            given.get("from", ""),
            closing or "",
            [*cuts, "now"],
            [],
        )
    report = said_vs_did(known, cut_at(first, known, asked.now), cut_at(second, known, asked.now), asked.program)
    made = document("said-vs-did", from_json(report.model_dump_json(by_alias=True)))
    where = {"from": first, "to": second}
    address = f"/v1{page.path}/said-vs-did"
    forms = [
        (f"{address}?{urlencode({**where, 'format': form})}", form.upper())
        for form in ("pdf", "pptx", "html", "md", "json")
    ]
    changes = difference(report, known.state, asked.currency, asked.say)
    cut = cut_at(second, known, asked.now)
    then = plan_at(known, cut)

    def who(value: Of) -> str:
        return set_in(then, value, asked.path, cut)

    return ReportView(page, made, who, changes, "", first, second, [*cuts, "now"], forms)


def report_twin(asked: PlanRequest, view: ReportView) -> str:
    cuts = {"from": view.from_cut, "to": view.to_cut}
    return asked.as_json("/said-vs-did", **{name: cut for name, cut in cuts.items() if cut})


def routes(pages: PlanPages, guard: PageGuard) -> list[Route]:
    page = pages.page("reports/page.html", said_versus_did, report_twin)
    return [guard.page("/plans/{plan}/said-vs-did", page, "view", "said-vs-did-page")]
