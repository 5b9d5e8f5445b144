"""The demo: invented accounts, three of them with a year of history, and the program that selected them."""

from datetime import date, timedelta
from functools import partial
from importlib.resources import files
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from adapters.access.sign_in_link import SignInLink
from adapters.bootstrap.settings import Settings, for_this_machine
from adapters.bootstrap.store import account_plans, aggregates_read, make_id, needs_keys, open_store, utc_now
from adapters.cli.card import card
from adapters.cli.comparison import comparison
from adapters.cli.loading import summarise
from adapters.cli.program import page, practice_of
from adapters.cli.serving import Port, check_free
from adapters.cli.tables import QUIET, TITLE, heading
from adapters.cli.terminal import out
from adapters.postgres.store import Store
from application.aggregates.handle import Aggregates
from application.scenarios.scenario import Line, read
from application.scenarios.simulation import Read, load
from application.views.cuts import cut_at
from application.views.diff import diff
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import OpenPlan, PlanNotOpen, plan_id_of, the_plan
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, OpenProgram, ProgramNotOpen

HOST = "127.0.0.1"
ACCOUNT, FROM, TO = "halden-stores", "review:m-2026-02", "review:m-2026-03"


def add_to(app: typer.Typer) -> None:
    app.command()(demo)


def demo(
    port: Port = 8080,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Only load the plans and show one.")] = False,
) -> None:
    """Load invented accounts with twelve months of history, show one of them, and serve them all until Ctrl-C."""
    if not no_serve:
        check_free(HOST, port)
    settings, terminal = Settings(), out()
    with open_store(settings) as store:
        plans = account_plans(store)
        load_missing(store, plans, terminal)
        show(terminal, plans.read(plan_id_of(ACCOUNT)))
        terminal.print(heading("How the program stands that they belong to", "plantrail program show"))
        for part in page(store, practice_of(store)):
            terminal.print(part)
        if not no_serve:
            # The web framework loads slowly. The plans are shown before that.
            from adapters.bootstrap.http_service import serve
            from adapters.web.app import pages

            owner = the_plan(plans.read(plan_id_of(ACCOUNT)).state).owner
            link = None if needs_keys(settings, store) else SignInLink(owner)
            invite(terminal, f"http://{HOST}:{port}", utc_now().date(), link)
            serve(for_this_machine(settings), HOST, port, pages=partial(pages, link=link))


def stories() -> list[list[Line]]:
    """Return the scenarios that come with the program."""
    found = files("adapters.cli").joinpath("demo").iterdir()
    return [read(file.name, file.read_bytes()) for file in found if file.name.endswith(".jsonl")]


def load_missing(store: Store, plans: Aggregates[AccountPlan], terminal: Console) -> None:
    """Load the stories that are not in the store. Raises `RealEventsHeld` if the store holds real events."""
    known = aggregates_read(store)
    missing = [lines for lines in stories() if not is_known(lines, known)]
    if not missing:
        terminal.print(Text("The plans of the demo are there already.", QUIET))
        return
    lines = sorted((line for story in missing for line in story), key=lambda line: line.at)
    loaded = load(lines, store.events, known, make_id)
    summarise(loaded, len(missing), [plans.read(plan_id) for plan_id in loaded.plans])


def is_known(lines: list[Line], read: Read) -> bool:
    opening = next(line.command for line in lines if isinstance(line.command, OpenPlan | OpenProgram))
    try:
        if isinstance(opening, OpenPlan):
            read(ACCOUNT_PLAN, plan_id_of(opening.account_id))
        else:
            read(PROGRAM, PROGRAM_ID)
    except (PlanNotOpen, ProgramNotOpen):
        return False
    return True


def show(terminal: Console, known: LoadedPlan) -> None:
    before, now = (cut_at(cut, known, utc_now()) for cut in (FROM, TO))
    terminal.print(heading("How a plan stood at a review", f"plantrail plan show {ACCOUNT} --as-of {TO}"))
    for part in card(known, now):
        terminal.print(part)
    terminal.print(
        heading("What happened since the review before", f"plantrail plan diff {ACCOUNT} --from {FROM} --to {TO}")
    )
    for part in comparison(the_plan(known.state), diff(known, before, now)):
        terminal.print(part)


def invite(terminal: Console, address: str, today: date, link: SignInLink | None) -> None:
    """Say where the pages are. The link signs somebody in once; without a link, keys are required."""
    plan = f"{address}/v1/plans/{ACCOUNT}"
    key = "" if link else ' -H "Authorization: Bearer KEY"'
    action = (
        '{"statement": "Agree the date of the next review with the COO", "kind": "task", "owner": "kit",'
        f' "due_on": "{today + timedelta(days=14)}"}}'
    )
    if link:
        terminal.print(
            heading("Open the portfolio in a browser", f"signs you in as {link.actor}, once.  Ctrl-C ends it.")
        )
        terminal.print(Text(f"  {address}{link.path}", TITLE), soft_wrap=True)
    else:
        terminal.print(heading(f"Open {address} in a browser", "Ctrl-C ends it."))
    terminal.print(heading("Or ask for it", f"documentation at {address}/docs.  Try next:"))
    for line in (
        f"curl -s{key} {address}/v1/plans",
        f"curl -s{key} '{plan}?as_of=2026-06-30'",
        f"curl -s{key} '{plan}/history?entity=play:north-pilot'",
        f"curl -s{key} {plan}/add-action -H 'Content-Type: application/json' -d '{action}'",
    ):
        terminal.print(Text(f"  {line}", TITLE), soft_wrap=True)
