"""The list of promises across plans, by the person who made them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, get_args

import typer
from pydantic import ValidationError
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store, promises_across_plans, utc_now
from adapters.cli.asking import AsJson
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, named, table, text
from adapters.cli.terminal import out, print_json, tell
from adapters.rendering.wording import OUTCOMES
from adapters.rendering.words import counted, spaced
from application.portfolio.promises import MOST_ITEMS, PlanPromise, PromisesPage, PromisesQuery, PromiseState
from domain.account_plan.language import Side
from domain.mistakes import sentence


def add_to(app: typer.Typer) -> None:
    app.command()(promises)


def promises(
    owner: Annotated[str | None, typer.Option(help="Only what this person promised.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only those of this plan: account id or plan id.")] = None,
    state: Annotated[
        PromiseState, typer.Option(help="All that are open, only what is overdue, or only what is still to come.")
    ] = "open",
    due_before: Annotated[
        datetime | None,
        typer.Option(metavar="DAY", formats=["%Y-%m-%d"], help="Only what is due before this day."),
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Only plays, only actions, or only those of a kind, such as joint.")
    ] = None,
    side: Annotated[
        str | None, typer.Option(metavar="|".join(get_args(Side)), help="Only what we promised, or the customer.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST_ITEMS, help="At most this many promises.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on where the page before ended.")] = None,
    as_json: AsJson = False,
) -> None:
    """List what is promised and still open, in all plans, by who promised it; the earliest due first."""
    day = due_before and due_before.date()
    said = {"owner": owner, "plan": plan, "due_before": day, "kind": kind, "side": side, "cursor": cursor}
    query = asked_for(state=state, limit=limit, **said)
    with open_store(Settings()) as store:
        store.portfolio.catch_up(utc_now)
        promised = promises_across_plans(store)
        promised.catch_up()
        page = promised.query(query)
    show(page, as_json)


def asked_for(**said: object) -> PromisesQuery:
    """Return the query. Raises `typer.BadParameter`."""
    try:
        return PromisesQuery.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        (first, *_) = error.errors()
        raise typer.BadParameter(sentence(first, PromisesQuery)) from None


def show(page: PromisesPage, as_json: bool) -> None:
    if as_json:
        print_json(page)
        return
    columns = ["!Due", "***What", "**Plan", "Who", "!Outcome"]
    rows = [promise_row(each) for each in page.items]
    out().print(table("Open promises, the earliest due first", columns, rows) or Text("Nothing is promised.", GOOD))
    if page.next:
        tell(f"There is more: add --cursor {page.next}, or raise --limit (up to {MOST_ITEMS}).", "dim")


def promise_row(each: PlanPromise) -> Sequence[Text]:
    late = f"{counted(each.days_overdue, 'day')} overdue" if each.overdue else ""
    moved = f"first {each.first_due_on}, moved {counted(each.times_moved, 'time')}" if each.times_moved else ""
    return (
        lines(text(each.due_on, ALARM if each.overdue else ""), text(late, ALARM) if late else None),
        lines(named(each.title, each.id), text(moved, WARNING) if moved else None),
        lines(text(each.account_name), text(each.account_id, QUIET)),
        lines(text(each.owner if each.side == "us" else "customer"), text(f"{spaced(each.kind)} {each.noun}", QUIET)),
        text(OUTCOMES[each.outcome] if each.outcome else None),
    )
