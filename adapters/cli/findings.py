"""Findings of a plan and across plans: severity, what is wrong, and the commands that end it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, get_args

import typer
from pydantic import ValidationError
from pydantic_core import to_jsonable_python
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import findings_across_plans, open_store, utc_now
from adapters.cli.asking import AsJson, AsOf, find
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, heading
from adapters.cli.terminal import out, print_json, tell
from application.findings.across import MOST_ITEMS, FindingsPage, FindingsQuery
from application.findings.finding import Finding, Remedy
from application.findings.judging import FindingsView, findings_view
from domain.account_plan.plan import Tier
from domain.mistakes import sentence
from domain.program.limits import Severity


def add_to(app: typer.Typer) -> None:
    app.command()(findings)


def findings(
    plan: Annotated[
        str | None, typer.Argument(metavar="[PLAN]", help="Account id or plan id; none: across all plans, as of now.")
    ] = None,
    as_of: AsOf = "now",
    rule: Annotated[list[str] | None, typer.Option(help="Only what this rule finds; repeat for more.")] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option(metavar="|".join(get_args(Severity)), help="Only findings as loud as this; repeat for more."),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Only the plans of this person.")] = None,
    tier: Annotated[
        list[str] | None, typer.Option(metavar="|".join(get_args(Tier)), help="Only this tier; repeat for more.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="Only what is so since this day or a later one."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ITEMS, help="At most this many findings.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where the page before ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is wrong with a plan or across plans, the most severe first, and the commands that would end it."""
    across = {"rule": rule, "severity": severity, "owner": owner, "tier": tier, "since": since, "cursor": cursor}
    if plan is None:
        if as_of != "now":
            raise typer.BadParameter("an earlier cut can be had of one plan: name it.", param_hint="--as-of")
        show_across(asked_for(limit=limit, **across), as_json)
        return
    if any(across.values()):
        named = next(f"--{name}" for name, value in across.items() if value)
        raise typer.BadParameter("chooses among findings across plans: leave the plan out.", param_hint=named)
    asked = find(plan)
    view = findings_view(asked.known, asked.cut(as_of), asked.program)
    show(view, findings_list(view), as_json)


def show_across(query: FindingsQuery, as_json: bool) -> None:
    with open_store(Settings()) as store:
        store.portfolio.catch_up(utc_now)
        table = findings_across_plans(store)
        table.catch_up()
        page = table.query(query)
    show(page, findings_page(page), as_json)
    if page.next and not as_json:
        tell(f"There is more: add --cursor {page.next}, or raise --limit (up to {MOST_ITEMS}).", "dim")


def show(view: FindingsView | FindingsPage, parts: Iterator[RenderableType], as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    terminal = out()
    for part in parts:
        terminal.print(part)


def asked_for(**said: object) -> FindingsQuery:
    """Return the query. Raises `typer.BadParameter`."""
    try:
        return FindingsQuery.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        (first, *_) = error.errors()
        raise typer.BadParameter(sentence(first, FindingsQuery)) from None


STYLES: Mapping[Severity, str] = {"alarm": ALARM, "warning": WARNING, "hint": QUIET}


def findings_list(view: FindingsView) -> Iterator[RenderableType]:
    policy = f"policy {view.policy_version}" if view.policy_version else "default policy"
    yield heading(f"{len(view.items)} findings", f"at {view.as_of.cut}, {view.as_of.date}, by the {policy}")
    if not view.items:
        yield Text("Nothing is wrong with this plan.", GOOD)
    for each in view.items:
        yield from shown(each)


def findings_page(page: FindingsPage) -> Iterator[RenderableType]:
    yield heading(f"{len(page.items)} findings", "across plans, as of now")
    if not page.items:
        yield Text("Nothing is wrong with any plan.", GOOD)
    for each in page.items:
        yield Text.assemble((each.account_name, "bold"), (f"  {each.tier}, {each.owner}", QUIET))
        yield from shown(each)


MOST_REMEDIES_SHOWN = 1
"""The number of remedies that are shown where findings stand beside other things."""


def shown(finding: Finding, most_remedies: int | None = None) -> Iterator[RenderableType]:
    yield Text.assemble(
        (f"{finding.severity:8}", STYLES[finding.severity]),
        (finding.rule, "bold"),
        (f"  since {finding.since_on}", QUIET),
    )
    yield Padding(Text(finding.sentence), (0, 0, 0, 8))
    if excused := finding.excused:
        why = f": {excused.reason}" if excused.reason else ""
        yield Padding(Text(f"Excused by {excused.by} until {excused.until_on}{why}", QUIET), (0, 0, 0, 8))
    for each in finding.remedies[:most_remedies]:
        yield Padding(Text(told(each), QUIET), (0, 0, 0, 10))


def told(remedy: Remedy) -> str:
    """Return a remedy: the command, its known fields, and the fields that are missing."""
    missing = f"  + {', '.join(remedy.missing)}" if remedy.missing else ""
    return f"→ {remedy.command} {json.dumps(to_jsonable_python(remedy.body), ensure_ascii=False)}{missing}"
