"""All pages, each with the right that it needs."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from adapters.access.sign_in_link import SignInLink
from adapters.http.app import Rooms, Services
from adapters.web.assets import asset_routes
from adapters.web.changes import pages as changes
from adapters.web.choices import Known
from adapters.web.findings import pages as findings
from adapters.web.findings import panel
from adapters.web.findings.presenter import FindingsShown
from adapters.web.forms import pages as forms
from adapters.web.forms.opening import OpeningPages
from adapters.web.guard import PageGuard
from adapters.web.history import pages as history
from adapters.web.kept import Kept
from adapters.web.live import pages as live
from adapters.web.map import pages as relationship_map
from adapters.web.me import pages as me
from adapters.web.measures import pages as measures
from adapters.web.packs import pages as packs
from adapters.web.plan import pages as plan
from adapters.web.plan.timebar import Tick
from adapters.web.portfolio import pages as portfolio
from adapters.web.program import pages as program
from adapters.web.promises import pages as promises
from adapters.web.proof import pages as proof
from adapters.web.reports import pages as reports
from adapters.web.review import pages as review
from adapters.web.settings import calendars, forgetting, handovers, keys, language, records, sessions, webhooks
from adapters.web.sign_in import pages as sign_in
from adapters.web.whitespace import pages as whitespace

MOST_PARTS, MOST_TICKS, MOST_TABLES = 100, 2_000, 3_000
"""How many plans' pages are cached, about 60 kB each, how many plans' reviews, and how many tables of plans."""


def pages(services: Services, rooms: Rooms, link: SignInLink | None = None) -> list[BaseRoute]:
    """Return the routes of the pages. `link` is the demo's link that signs somebody in, if there is one."""
    why_behind = services.checks.get("projection-behind", lambda: None)
    guard = PageGuard(services.sessions, services.limits, services.sent_forms, why_behind)
    make_id = services.make_id
    ticks = Kept[Sequence[Tick]](MOST_TICKS)
    parts, found = Kept[plan.Parts](MOST_PARTS), Kept[FindingsShown](MOST_PARTS)
    tables = Kept[str](MOST_TABLES)
    for kept in (ticks, parts, found, tables):
        services.erasures.when_forgotten(kept.drop)
        services.heads.when_another_log(kept.drop_all)
    plans, the_program = plan.PlanPages(rooms.plans, ticks), program.ProgramPages(rooms)
    on_top = panel.FindingsPanel(plans, found, make_id)
    desk, note_read, library = rooms.plan_desk, rooms.plans.note_read, services.library.offered
    known = Known(services.portfolio, services.plans)
    hooks = webhooks.WebhookPages(
        services.webhooks, services.subscriptions, services.try_webhook, services.now, note_read, known
    )
    in_place = promises.PromisePages(plans, desk, make_id)
    return [
        *asset_routes(),
        *sign_in.routes(guard, services.sessions, services.callers, services.issuer_sign_in, link),
        *portfolio.routes(services, rooms.plans, guard, services.now),
        *findings.routes(rooms, services.findings, guard, make_id),
        *measures.routes(services.month_ends, services.now, note_read, guard),
        *me.routes(rooms, services.portfolio, in_place, guard, make_id),
        *OpeningPages(desk, library, "/open-plan", plan.home_of, "/", make_id).routes(guard),
        *plan.routes(plans, guard, on_top.first, parts, tables),
        *panel.routes(plans, on_top, guard),
        *live.routes(rooms, services.subscribers, plans, guard),
        *promises.routes(in_place, guard),
        *relationship_map.routes(plans, guard),
        *whitespace.routes(plans, guard),
        *changes.routes(plans, guard),
        *history.routes(plans, the_program, services.tree, guard),
        *reports.routes(plans, guard),
        *packs.routes(plans, guard),
        *review.routes(plans, desk, services.drafts, guard, make_id),
        *forms.routes(
            plans, "/plans/{plan}", "view", desk, library, guard, make_id, {"forget-stakeholder": forgetting.of_a_form}
        ),
        *OpeningPages(rooms.program_desk, library, "/program/open", program.home_of, program.PATH, make_id).routes(
            guard
        ),
        *program.routes(the_program, services.lists, services.findings, services.histories, guard, make_id),
        *proof.routes(services, plans, known, guard),
        *sessions.routes(services.sessions, guard),
        *language.routes(guard),
        *keys.routes(rooms.keys, services.now, known, guard),
        *webhooks.routes(hooks, guard),
        *calendars.routes(services.calendars, rooms.plans, services.public_url, known, guard),
        *forgetting.routes(rooms.plans, desk, known, guard, make_id),
        *handovers.routes(services.handovers, services.plans, note_read, known, guard),
        *records.routes(services.erasures, services.access_events, services.plans, known, guard),
        *forms.routes(the_program, program.PATH, "program", rooms.program_desk, library, guard, make_id),
    ]
