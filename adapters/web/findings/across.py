"""The page of findings across plans: one row per finding, with its remedies. Filters are part of the address."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from urllib.parse import quote

from adapters.rendering.words import spaced
from adapters.web.addresses import address
from adapters.web.findings.presenter import FindingView, finding_view
from adapters.web.languages import Speech
from adapters.web.plan.presenter import Value
from application.aggregates.access import Caller
from application.findings.across import FindingsPage, FindingsQuery, PlanFinding
from application.findings.registry import RULES
from application.views.cuts import timezone_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier
from domain.account_plan.rule_names import PlanRuleName
from domain.program.limits import Severity
from domain.things import day_of

PATH = "/findings"
FILTERS = ("rule", "severity", "owner", "tier", "since", "excused")
AT_ONCE = 25
"""Findings on one page. Each needs its plan in its current state, to which its remedies are sent."""


@dataclass(frozen=True)
class Option:
    """A choice of a filter."""

    value: str
    word: str
    chosen: bool


@dataclass(frozen=True)
class FindingRow:
    """A finding and its plan."""

    finding: FindingView
    account_name: str
    account_id: str
    address: str
    """The address of the plan's findings."""
    tier: Value
    owner: Value
    since: str
    how_long: str
    version: int
    """The version of the plan for which the remedies are sent."""


@dataclass(frozen=True)
class FindingsList:
    """The page, as the template needs it."""

    rows: Sequence[FindingRow]
    severities: Sequence[Option]
    rules: Sequence[Option]
    tiers: Sequence[Option]
    excused: Sequence[Option]
    owner: str
    owners: Sequence[str]
    """Those of the plans on the page."""
    since: str
    next: str | None
    here: str
    """The address of this page, to which a remedy returns."""
    is_filtered: bool
    key: str


def findings_list(
    page: FindingsPage,
    plans: Mapping[str, LoadedPlan],
    query: FindingsQuery,
    given: Mapping[str, str],
    caller: Caller,
    now: datetime,
    key: str,
    say: Speech,
) -> FindingsList:
    """Return the page. `plans` contains plans by the ids of their accounts; findings of other plans get no remedies."""
    return FindingsList(
        rows=[_row(item, plans[item.account_id], caller, now, say) for item in page.items if item.account_id in plans],
        severities=[Option(each, say(each), each in query.severity) for each in get_args(Severity)],
        rules=sorted(_rules(query, say), key=lambda each: each.word),
        tiers=[Option(each, say(spaced(each)), each in query.tier) for each in get_args(Tier)],
        excused=[
            Option("false", say("not excused"), query.excused is False),
            Option("true", say("excused"), query.excused is True),
        ],
        owner=query.owner or "",
        owners=sorted({item.owner for item in page.items}),
        since=query.since.isoformat() if query.since else "",
        next=address(PATH, given, cursor=page.next) if page.next else None,
        here=address(PATH, given),
        is_filtered=any(given.get(name) for name in FILTERS),
        key=key,
    )


def _rules(query: FindingsQuery, say: Speech) -> Iterator[Option]:
    for rule in get_args(PlanRuleName):
        if rule in RULES:
            yield Option(rule, say(spaced(rule)), rule in query.rule)


def _row(item: PlanFinding, known: LoadedPlan, caller: Caller, now: datetime, say: Speech) -> FindingRow:
    path = f"/plans/{quote(item.account_id, safe='')}"
    return FindingRow(
        finding=finding_view(item, known.state, path, say, caller.may),
        account_name=item.account_name,
        account_id=item.account_id,
        address=f"{path}#findings",
        tier=Value(say(spaced(item.tier)), f"{path}/values/plan/plan/tier"),
        owner=Value(item.owner, f"{path}/values/plan/plan/owner"),
        since=say.day(item.since_on),
        how_long=say.how_far(item.since_on, day_of(now, timezone_of(known))),
        version=known.version,
    )
