"""Short forms of the most used commands on plans."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated

import typer

from adapters.cli.asking import PlanName
from adapters.cli.doing import COMMANDS, AnswerOrJson, DryRun, Reason, carry_out, running_service, typed_body
from adapters.cli.errors import Told
from adapters.client.paths import plan_path

Thing = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `plantrail plan show` names it.")]


def add_to(app: typer.Typer) -> None:
    app.command("open")(open_plan)
    app.command()(done)
    app.command()(move)
    app.command()(drop)
    app.command()(adopt)


def open_plan(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The id that the account has in your CRM.")],
    name: Annotated[str, typer.Option(help="What the account is called.")],
    owner: Annotated[str, typer.Option(metavar="PERSON", help="Whose plan it is.")],
    tier: Annotated[str, typer.Option(help="The tier of the account.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    timezone: Annotated[str | None, typer.Option(help="IANA, such as Europe/Berlin.")] = None,
    template: Annotated[
        str | None,
        typer.Option(metavar="ID", help="A template of the library, whose commands are carried out at once."),
    ] = None,
    dry_run: DryRun = False,
    answer: AnswerOrJson = False,
) -> None:
    """Open a plan for an account. Short for `do ACCOUNT open-plan`."""
    body = {"account_id": account, "account_name": name, "owner": owner, "tier": tier, "currency": currency}
    optional = {"timezone": timezone, "template": template}
    body |= {name: value for name, value in optional.items() if value}
    with running_service() as service:
        carry_out(service, account, COMMANDS["open-plan"], body, dry_run, answer)


def done(
    plan: PlanName,
    id: Thing,
    result: Annotated[str | None, typer.Option(help="What came of it; a play that is won must say.")] = None,
    on: Annotated[str, typer.Option(metavar="DAY", help="When it was finished.")] = "today",
    reason: Reason = None,
    dry_run: DryRun = False,
    answer: AnswerOrJson = False,
) -> None:
    """Say that an action is completed, or that a play is won."""
    command = {"actions": "complete-action", "plays": "win-play"}
    said = {"finished_on": on, "result": result}
    send_on_promise(plan, id, command, said, reason, dry_run, answer)


def move(
    plan: PlanName,
    id: Thing,
    to: Annotated[str, typer.Argument(metavar="DAY", help="The new day: fri, +2w, 2027-03-01.")],
    reason: Reason = None,
    dry_run: DryRun = False,
    answer: AnswerOrJson = False,
) -> None:
    """Move the day on which an action or a play is due. The next review shows from where, and why."""
    commands = {"actions": "reschedule-action", "plays": "reschedule-play"}
    send_on_promise(plan, id, commands, {"due_on": to}, reason, dry_run, answer)


def drop(
    plan: PlanName, id: Thing, reason: Reason = None, dry_run: DryRun = False, answer: AnswerOrJson = False
) -> None:
    """Give up an action or a play."""
    send_on_promise(plan, id, {"actions": "drop-action", "plays": "drop-play"}, {}, reason, dry_run, answer)


def adopt(
    plan: PlanName,
    play: Annotated[str, typer.Argument(metavar="LIBRARY_PLAY", help="Its id: see `plantrail program library`.")],
    owner: Annotated[str, typer.Option(metavar="PERSON", help="Who is to do it.")],
    starts_on: Annotated[str, typer.Option("--from", metavar="DAY", help="The day it starts.")] = "today",
    reason: Reason = None,
    dry_run: DryRun = False,
    answer: AnswerOrJson = False,
) -> None:
    """Make a play of the library one of the plan, with its steps as actions. Short for `do PLAN adopt-play`."""
    model = COMMANDS["adopt-play"]
    said = {"library_play": play, "owner": owner, "starts_on": starts_on, "reason": reason}
    with running_service() as service:
        carry_out(service, plan, model, typed_body(model, said), dry_run, answer)


def send_on_promise(
    plan: str,
    id: str,
    commands: Mapping[str, str],
    said: dict[str, str | None],
    reason: str | None,
    dry_run: bool,
    answer: bool,
) -> None:
    """Send the command for a promise with this id. Raises `Told` if the plan has no such promise."""
    with running_service() as service:
        sections = service.get(plan_path(plan))["sections"].values()
        known = {each["id"]: kind for kind in commands for section in sections for each in section.get(kind, ())}
        if id not in known:
            close = get_close_matches(id, known, 1)
            meant = f" Did you mean {close[0]}?" if close else f" `plantrail plan show {plan}` lists them."
            raise Told(f"There is no action or play “{id}” in this plan.{meant}")
        model = COMMANDS[commands[known[id]]]
        given = said | {"id": id, "reason": reason}
        carry_out(service, plan, model, typed_body(model, given), dry_run, answer)
