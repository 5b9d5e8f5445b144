"""The findings of a plan: the most severe at the top of its page, all of them on a page of their own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID

from starlette.routing import Route

from adapters.web.findings.presenter import AT_FIRST, FindingsShown, findings_shown
from adapters.web.guard import PageGuard
from adapters.web.kept import Kept
from adapters.web.plan.asked import PlanRequest
from adapters.web.plan.pages import PlanPages
from adapters.web.plan.presenter import PlanHead, at_cut
from application.aggregates.access import Right
from application.findings.judging import findings_view


@dataclass(frozen=True)
class PlanFindingsPage:
    """All findings of a plan."""

    head: PlanHead
    findings: FindingsShown


class FindingsPanel:
    """The findings of a plan at the requested cut, with remedies where they can be sent."""

    def __init__(self, pages: PlanPages, kept: Kept[FindingsShown], make_id: Callable[[], UUID]) -> None:
        self._pages = pages
        self._kept = kept
        self._make_id = make_id

    def first(self, asked: PlanRequest) -> FindingsShown:
        """Return the most severe findings, for the top of the plan's page."""
        return self._shown(asked, AT_FIRST)

    def all(self, asked: PlanRequest) -> PlanFindingsPage:
        return PlanFindingsPage(asked.head, self._shown(asked, None))

    def _shown(self, asked: PlanRequest, at_most: int | None) -> FindingsShown:
        def may(right: Right) -> bool:
            return asked.cut.cut == "now" and asked.may(right)

        def shown() -> FindingsShown:
            items, plan = findings_view(asked.then, asked.cut, asked.program).items, asked.then.state
            every, version = at_cut(f"{asked.path}/findings", asked.cut), asked.known.version
            return findings_shown(items, plan, asked.path, version, "", asked.say, may, at_most=at_most, every=every)

        kept = self._pages.kept(self._kept, asked, shown, at_most, asked.role)
        return replace(kept, key=str(self._make_id()))


def routes(pages: PlanPages, panel: FindingsPanel, guard: PageGuard) -> list[Route]:
    page = pages.page("findings/plan.html", panel.all, lambda asked, _: asked.as_json("/findings"))
    return [guard.page("/plans/{plan}/findings", page, "view", "plan-findings-page")]
