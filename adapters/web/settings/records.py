"""Pages for auditors and admins: who was forgotten, with the certificates, and who read what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.access.access_log import AccessEvents, AccessItem
from adapters.http.access_events import AccessLogQuery
from adapters.rendering.words import spaced
from adapters.web.addresses import same_query
from adapters.web.choices import Choices, Known
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.plan.timebar import point_told
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from application.aggregates.erasures import Certificate, Erasures
from application.aggregates.read import AggregateReader
from application.views.plan_names import plans_named
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen, the_plan
from domain.program.charter import PROGRAM_ID

MOST_READS = 100

VIEWS = (
    "access events", "adoptions", "all findings", "audit bundle", "audit bundle chosen", "blame", "calendar",
    "calendars", "changes", "checkpoint", "consistency", "departure", "diff", "entity history", "erasure",
    "erasures", "event", "event proof", "example", "findings", "forgetting", "forgetting begun", "forgotten there",
    "handed over", "handovers", "history", "import", "import results", "key", "keys", "library",
    "list parked plans", "list webhook attempts", "list webhooks", "live", "log key", "log verified", "map",
    "measures", "metrics", "month", "my day", "my promise recorded", "pack", "plan", "plan command form",
    "plan command sent", "plan commands", "plan findings", "plan opening form", "plan since", "plan steps",
    "policy", "portfolio", "preview forgetting", "program", "program blame", "program command form",
    "program command sent", "program commands", "program diff", "program entity history", "program findings",
    "program history", "program opening form", "program steps", "program value", "promise recorded",
    "promises", "proof",
    "pull events", "reads", "review", "review ahead", "review draft", "review draft dropped", "review held",
    "reviews", "round", "rounds", "said vs did", "schema", "settings", "stream events", "things", "tile", "value",
    "webhook", "webhooks", "whitespace",
)  # fmt: skip
"""What can be read, as pages and operations are named; a command is called what it is called everywhere."""


@dataclass(frozen=True)
class CertificateCard:
    title: str
    state: str
    tone: str
    sign: str
    facts: Sequence[tuple[str, str]]
    purged: Sequence[str]
    kept: str
    remains: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ErasuresView:
    tabs: Sequence[Tab]
    plan: str
    certificates: Sequence[CertificateCard]
    choices: Choices


@dataclass(frozen=True)
class ReadRow:
    at: str
    actor: str
    role: str
    view: str
    plan: str
    """The account of the plan; the id of what is no plan that can be read."""
    cut: str
    times: str


@dataclass(frozen=True)
class ReadsView:
    tabs: Sequence[Tab]
    plan: str
    actor: str
    reads: Sequence[ReadRow]
    next: str
    choices: Choices


def certificate_card(certificate: Certificate, account: str, say: Speech) -> CertificateCard:
    final, by = certificate.final, certificate.forgotten_by
    forgotten = say("{actor}, {at}", actor=by, at=say.instant(certificate.forgotten_at))
    return CertificateCard(
        title=f"{certificate.stakeholder} · {account}",
        state=say("final") if final else say("copies may be left"),
        tone="good" if final else "warning",
        sign="●" if final else "!",
        facts=[
            (say("Certificate"), certificate.id),
            (say("Forgotten"), forgotten),
            (say("Event"), certificate.event),
            (say("SHA-256 of the event"), certificate.event_sha256),
            (say("Key destroyed"), say.instant(certificate.key_destroyed_at)),
            (say("On the list of erasures"), say.instant(certificate.listed_at)),
        ],
        purged=[say.told(each) for each in certificate.purged],
        kept=say.told(certificate.kept),
        remains=[(say.told(each.where), say.told(each.until)) for each in certificate.remains],
    )  # fmt: skip


def view_told(name: str, say: Speech) -> str:
    words = view_in_words(name)
    told = say(words) if words in VIEWS else say.told(words)
    return say("{view} (page)", view=told) if name.endswith("-page") else told


def view_in_words(name: str) -> str:
    """What was read, by the name of the page, the operation or the command."""
    return spaced(name.removesuffix("-page").removeprefix("read_").replace("-", "_"))


def account_of(id: UUID, plans: AggregateReader[AccountPlan], say: Speech) -> str:
    if id == PROGRAM_ID:
        return say("Program")
    try:
        return the_plan(plans.read(id).state).account_name
    except PlanNotOpen:
        return str(id)


def cut_told(cut: str | None, say: Speech) -> str:
    """Return up to which point something was read, as people say it."""
    return point_told(cut, say) if cut else ""


def read_row(item: AccessItem, accounts: Mapping[UUID, str], say: Speech) -> ReadRow:
    actor = item.actor
    if item.on_behalf_of:
        actor = say("{actor} for {person}", actor=item.actor, person=item.on_behalf_of)
    account = accounts.get(item.plan_id, "") if item.plan_id else ""
    return ReadRow(
        say.instant(item.at), actor, say(item.role), view_told(item.view, say), account, cut_told(item.cut, say),
        say.number(item.times),
    )  # fmt: skip


def routes(
    erasures: Erasures, events: AccessEvents, plans: AggregateReader[AccountPlan], known: Known, guard: PageGuard
) -> list[Route]:
    async def forgotten(request: Request) -> Response:
        """Show the erasures in plans that the reader may manage; in one plan, if it is named."""
        say, caller = speech_of(request), visitor_of(request).caller
        named = request.query_params.get("plan", "").strip()
        account = await run_in_threadpool(known.account_id, named, caller)
        wanted = {str(await run_in_threadpool(plans.meant, id)) for id in plans_named(account)} if named else None
        found = [
            each
            for each in await run_in_threadpool(erasures.certificates)
            if caller.plans is None or each.plan_id in set(map(str, caller.plans))
            if wanted is None or each.plan_id in wanted
        ]
        ids = {each.plan_id for each in found}
        accounts = await run_in_threadpool(lambda: {id: account_of(UUID(id), plans, say) for id in ids})
        cards = [certificate_card(each, accounts[each.plan_id], say) for each in found]
        choices = await run_in_threadpool(known.choices, caller)
        return render(request, "settings/erasures.html", view=ErasuresView(tabs(request, say), named, cards, choices))

    async def reads(request: Request) -> Response:
        say, caller, asked = speech_of(request), visitor_of(request).caller, request.query_params
        plan, actor, cursor = (asked.get(name, "").strip() for name in ("plan", "actor", "cursor"))
        before = int(cursor) if cursor.isdecimal() and len(cursor) < 19 else None
        account = await run_in_threadpool(known.account_id, plan, caller)
        wanted = frozenset(plans_named(account)) if plan else None
        page = await run_in_threadpool(events.page, MOST_READS, wanted, actor or None, before, caller)
        given = {name: value for name, value in (("plan", plan), ("actor", actor)) if value}
        following = f"{PATH}/reads?{urlencode(given | {'cursor': page.next})}" if page.next else ""
        ids = {each.plan_id for each in page.items if each.plan_id}
        accounts = await run_in_threadpool(lambda: {id: account_of(id, plans, say) for id in ids})
        rows = [read_row(each, accounts, say) for each in page.items]
        twin = same_query("/v1/access-events", AccessLogQuery, request, **({"plan": account} if plan else {}))
        choices = await run_in_threadpool(known.choices, caller)
        view = ReadsView(tabs(request, say), plan, actor, rows, following, choices)
        return render(request, "settings/reads.html", twin=twin, view=view)

    return [
        guard.page(f"{PATH}/erasures", forgotten, "erase", "erasures-page"),
        guard.page(f"{PATH}/reads", reads, "audit", "reads-page"),
    ]
