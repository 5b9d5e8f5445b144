"""Commands that show one plan, now or at any cut, and the list of plans."""

from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, get_args

import typer
from pydantic import ValidationError

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli import adoptions, contacts
from adapters.cli.asking import AsJson, AsOf, PlanName, find
from adapters.cli.card import card
from adapters.cli.comparison import comparison
from adapters.cli.groups import Group
from adapters.cli.lists import blame_table, history_table, portfolio_table, reviews_table
from adapters.cli.terminal import out, print_json, tell
from application.portfolio.query import MOST_ITEMS, PortfolioQuery, Sort
from application.views.current_plan import current_plan
from application.views.cuts import timezone_of
from application.views.diff import diff
from application.views.history import Filter
from application.views.list_cursors import version_of
from application.views.pages import (
    UnknownKind,
    blame_list,
    event_named,
    history_page,
    review_before,
    review_list,
    thing_named,
    version_before,
)
from domain.account_plan import ACCOUNT_PLAN, EVENTS
from domain.account_plan.language import Section
from domain.account_plan.plan import Tier, the_plan
from domain.mistakes import sentence

MOST_ENTRIES = 500
SORTED_BY = [field for field in get_args(Sort) if not field.startswith("-")]

plan = typer.Typer(cls=Group, help="Read one plan, now or as of any cut of its history.", no_args_is_help=True)

From = Annotated[
    str, typer.Option("--from", metavar="CUT", help="The first cut; without it, the last review held before.")
]
To = Annotated[str, typer.Option("--to", metavar="CUT", help="The second cut.")]
OfSection = Annotated[Section | None, typer.Option(help="Only this section.")]
Cursor = Annotated[str | None, typer.Option(help="The value of `next` on the previous page.")]


def add_to(app: typer.Typer) -> None:
    contacts.add_to(plan)
    adoptions.add_to(plan)
    app.add_typer(plan, name="plan")
    app.command("plans")(plans)


@plan.command()
def show(plan: PlanName, as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """Show the plan as it stands, or as it stood at a cut."""
    asked = find(plan)
    cut = asked.cut(as_of)
    if as_json:
        print_json(current_plan(asked.known, cut, asked.program))
        return
    terminal = out()
    for part in card(asked.known, cut, asked.program):
        terminal.print(part)


@plan.command("history")
def show_history(
    plan: PlanName,
    as_of: AsOf = "now",
    section: OfSection = None,
    type: Annotated[
        str | None, typer.Option(metavar="EVENT", help="Only events of this type, such as play-started.")
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Only what this person entered, or what was entered on their behalf.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option(metavar="KIND[:ID]", help="Only what concerns this thing, such as play:pilot.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="CUT", help="Only what was recorded after this cut; a day: on it or after."),
    ] = None,
    to: Annotated[str | None, typer.Option(metavar="CUT", help="Only what was recorded up to this cut.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ENTRIES, help="At most this many entries.")] = 100,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """Show who did what when, what it changed, and why."""
    kind, id = thing(entity)
    wanted = Filter(section=section, type=type and event(type), actor=actor, kind=kind, id=id)
    asked = find(plan)
    after = max(version_of(cursor) if cursor else 0, version_before(from_, asked.known, asked.now))
    page = history_page(asked.known, wanted, asked.cut(to or as_of), after, limit)
    if as_json:
        print_json(page)
        return
    out().print(history_table(page, timezone_of(asked.known)))
    if page.next:
        tell(f"There is more: add --cursor {page.next}, or raise --limit (up to {MOST_ENTRIES}).", "dim")


def event(name: str) -> str:
    found = event_named(name, ACCOUNT_PLAN)
    if found is None:
        close = get_close_matches(name, EVENTS, 1)
        raise typer.BadParameter(
            f"{name} is not an event of an account plan{f'; did you mean {close[0]}?' if close else '.'}",
            param_hint="--type",
        )
    return found


def thing(named: str | None) -> tuple[str | None, str | None]:
    try:
        return thing_named(named, ACCOUNT_PLAN)
    except UnknownKind as error:
        raise typer.BadParameter(str(error), param_hint="--entity") from None


@plan.command()
def blame(plan: PlanName, as_of: AsOf = "now", section: OfSection = None, as_json: AsJson = False) -> None:
    """Show for every current value who set it, when and why."""
    asked = find(plan)
    blamed = blame_list(asked.known, asked.cut(as_of), section)
    if as_json:
        print_json(blamed)
    else:
        out().print(blame_table(blamed, timezone_of(asked.known)))


@plan.command("diff")
def show_diff(plan: PlanName, from_: From = "", to: To = "now", as_json: AsJson = False) -> None:
    """Show what differs between two cuts, who changed it and why."""
    asked = find(plan)
    b = asked.cut(to)
    found = diff(asked.known, asked.cut(from_ or review_before(asked.known, b)), b, program=asked.program)
    if as_json:
        print_json(found)
        return
    terminal = out()
    for part in comparison(the_plan(asked.known.state), found):
        terminal.print(part)


@plan.command("reviews")
def show_reviews(plan: PlanName, as_of: AsOf = "now", as_json: AsJson = False) -> None:
    """List the reviews, planned and held. Each held one is a cut to compare with."""
    asked = find(plan)
    listed = review_list(asked.known, asked.cut(as_of))
    if as_json:
        print_json(listed)
    else:
        out().print(reviews_table(listed))


def plans(
    tier: Annotated[
        list[str] | None,
        typer.Option(metavar="|".join(get_args(Tier)), help="Only this tier; repeat for more."),
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Only the plans of this person.")] = None,
    archived: Annotated[
        bool, typer.Option("--archived", help="Show the archived plans instead of the others.")
    ] = False,
    stale: Annotated[
        bool | None, typer.Option("--stale/--fresh", help="Only plans with a stale section, or without any.")
    ] = None,
    overdue: Annotated[
        bool | None, typer.Option("--overdue/--on-time", help="Only plans with an overdue promise, or without any.")
    ] = None,
    renews_before: Annotated[
        datetime | None,
        typer.Option(
            metavar="DAY", formats=["%Y-%m-%d"], help="Only contracts that renew before this day, such as 2027-01-31."
        ),
    ] = None,
    q: Annotated[str | None, typer.Option("--name", help="How the account's name begins.")] = None,
    sort: Annotated[
        Sort, typer.Option(metavar="[-]FIELD", help="By " + ", ".join(SORTED_BY) + "; - is descending.")
    ] = "account_name",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ITEMS, help="At most this many plans.")] = 50,
    cursor: Cursor = None,
    as_json: AsJson = False,
) -> None:
    """List all plans."""
    query = asked_for(
        tier=tuple(tier or ()),
        owner=owner,
        archived=archived,
        stale=stale,
        overdue=overdue,
        renews_before=renews_before and renews_before.date(),
        q=q,
        sort=sort,
        limit=limit,
        cursor=cursor,
    )
    with open_store(Settings()) as store:
        store.portfolio.catch_up(utc_now)
        page = store.portfolio.query(query)
    if as_json:
        print_json(page)
        return
    out().print(portfolio_table(page.items))
    if page.next:
        tell(f"There is more: add --cursor {page.next}, or raise --limit (up to {MOST_ITEMS}).", "dim")


def asked_for(**said: Any) -> PortfolioQuery:
    try:
        return PortfolioQuery(**said)
    except ValidationError as error:
        (first, *_) = error.errors()
        raise typer.BadParameter(sentence(first, PortfolioQuery)) from None
