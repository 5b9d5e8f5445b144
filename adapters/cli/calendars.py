"""Calendars of the running service, for programs that subscribe to them."""

from typing import Annotated, Any

import typer

from adapters.access.calendar_feeds import Contents
from adapters.cli.asking import AsJson
from adapters.cli.doing import running_service
from adapters.cli.groups import Group
from adapters.cli.tables import table, text
from adapters.cli.terminal import out, print_json, print_lines, says_in_json, tell

calendars = typer.Typer(cls=Group, help="Calendars to subscribe to, by their address.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(calendars, name="calendars")


@calendars.command()
@says_in_json
def make(
    contents: Annotated[
        Contents,
        typer.Argument(
            metavar="CONTENTS", help="mine: what concerns you; plan: all of one; portfolio: all you may see."
        ),
    ],
    plan: Annotated[str | None, typer.Argument(metavar="PLAN", help="Of which plan, by account id or plan id.")] = None,
    words: Annotated[
        bool, typer.Option("--words", help="Show titles that speak of the customer's people, too.")
    ] = False,
) -> None:
    """Make the address of a calendar and show it, this once. It ends with the key it was made with."""
    with running_service() as service:
        made = service.post("/v1/calendars", {"contents": contents, "plan": plan, "words": words})
    print_lines([f"{made['url']}\n".encode()])
    tell(f"Whoever has this address reads the calendar; `plantrail calendars delete {made['id']}` ends it.")


@calendars.command("list")
def list_calendars(as_json: AsJson = False) -> None:
    """List your calendars, without their addresses."""
    with running_service() as service:
        found: dict[str, Any] = service.get("/v1/calendars")
    if as_json:
        print_json(found)
        return
    columns = ["!Id", "Contents", "**Plan", "!Made", "!Last read"]
    rows = [
        [text(each[name]) for name in ("id", "contents", "plan_id", "created_at", "last_read_at")]
        for each in found["items"]
    ]
    out().print(table("Calendars", columns, rows) or text("There are no calendars yet."))


@calendars.command()
@says_in_json
def delete(
    id: Annotated[str, typer.Argument(metavar="CALENDAR", help="As `plantrail calendars list` shows it.")],
) -> None:
    """End the address of a calendar."""
    with running_service() as service:
        service.request("DELETE", f"/v1/calendars/{id}")
    tell(f"The calendar {id} is gone.")
