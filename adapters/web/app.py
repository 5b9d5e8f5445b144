"""The pages put together: every page with the right it takes."""

from starlette.routing import BaseRoute

from adapters.http.app import Services
from adapters.http.commands import CommandDesk
from adapters.http.queries import PlanViews
from adapters.web.assets import asset_routes
from adapters.web.changes import pages as changes
from adapters.web.findings.panel import findings_panel
from adapters.web.forms import pages as forms
from adapters.web.guard import PageGuard
from adapters.web.history import pages as history
from adapters.web.map import pages as relationship_map
from adapters.web.plan import pages as plan
from adapters.web.portfolio import pages as portfolio
from adapters.web.promises import pages as promises
from adapters.web.reports import pages as reports
from adapters.web.review import pages as review
from adapters.web.sign_in import pages as sign_in
from adapters.web.whitespace import pages as whitespace


def pages(services: Services, views: PlanViews, desk: CommandDesk) -> list[BaseRoute]:
    """The routes of the pages."""
    guard = PageGuard(services.sessions, services.limits)
    plan_pages = plan.PlanPages(views)
    return [
        *asset_routes(),
        *sign_in.routes(guard, services.sessions, services.callers),
        *portfolio.routes(services, guard, services.now),
        *plan.routes(plan_pages, guard, findings_panel(services.make_id)),
        *promises.routes(plan_pages, desk, guard, services.make_id),
        *relationship_map.routes(plan_pages, guard),
        *whitespace.routes(plan_pages, guard),
        *changes.routes(plan_pages, guard),
        *history.routes(plan_pages, services.tree, guard),
        *reports.routes(plan_pages, guard),
        *review.routes(plan_pages, desk, services.drafts, guard, services.make_id),
        *forms.routes(plan_pages, desk, guard, services.make_id),
    ]
