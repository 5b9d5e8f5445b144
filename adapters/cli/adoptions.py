"""The command that lists what can be adopted from merged plans."""

import typer

from adapters.cli.asking import AsJson, PlanName, found
from adapters.cli.tables import QUIET, lines, table, text
from adapters.cli.terminal import out, print_json
from application.mergers.adoption import merged_accounts, to_adopt
from domain.account_plan.plan import plan_id_of


def add_to(plan: typer.Typer) -> None:
    plan.command("adoptions")(show_adoptions)


def show_adoptions(plan: PlanName, as_json: AsJson = False) -> None:
    """List what is open in plans that were merged into this one, with the command that adopts each here."""
    with found(plan) as (store, asked):
        merged = map(plan_id_of, merged_accounts(asked.known.state))
        view = to_adopt(asked.known.state, [store.events.history(id) for id in merged])
    if as_json:
        print_json(view)
        return
    rows = [
        [
            lines(text(each.title or each.id, "bold"), text(f"{each.kind} {each.id}", QUIET)),
            text(each.due_on),
            text(each.owner),
            text(each.account_id),
            text(each.command),
        ]
        for each in view.items
    ]
    columns = ["*What", "!Due", "Owner", "From", "!Command"]
    out().print(table("To adopt", columns, rows) or text("There is nothing to adopt."))
