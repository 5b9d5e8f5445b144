"""The findings on top of the page of a plan."""

from collections.abc import Callable
from uuid import UUID

from adapters.web.findings.presenter import FindingsShown, findings_shown
from adapters.web.plan.pages import PlanRequest
from adapters.web.plan.presenter import plan_path
from application.aggregates.access import Right
from application.findings.registry import findings_view
from application.views.cuts import plan_at
from domain.account_plan.plan import the_plan


def findings_panel(make_id: Callable[[], UUID]) -> Callable[[PlanRequest], FindingsShown]:
    """What is wrong with the plan at the cut that is asked for, with remedies where they can be sent."""

    def panel(asked: PlanRequest) -> FindingsShown:
        found = findings_view(asked.known, asked.cut, asked.program)

        def may(right: Right) -> bool:
            return asked.cut.cut == "now" and asked.may(right)

        plan = plan_at(asked.known, asked.cut)
        path = plan_path(the_plan(asked.known.state))
        return findings_shown(found.items, plan, path, asked.known.version, str(make_id()), asked.say, may)

    return panel
