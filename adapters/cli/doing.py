"""Commands on plans from the shell, sent to the running service: every one by its name, the most used in short."""

import json
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from difflib import get_close_matches
from inspect import Parameter, Signature, cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from pydantic import ValidationError
from pydantic_core import to_json

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import utc_now
from adapters.cli.asking import PlanName
from adapters.cli.errors import Told
from adapters.cli.groups import Group
from adapters.cli.terminal import print_json, print_lines, tell
from adapters.exchange.fields import Input, Kind, kind_of, meaning_of
from adapters.exchange.typed import typed_value
from domain.account_plan import COMMANDS
from domain.language import GRAMMAR, Command
from domain.mistakes import did_you_mean, ended, predicate, sentence

if TYPE_CHECKING:
    from adapters.cli.service import Service

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would come of it. Nothing is recorded.")]
Answer = Annotated[bool, typer.Option("--answer", help="Print the JSON that the service answers, for programs.")]
Reason = Annotated[str | None, typer.Option(help="Why. Stands in the history for ever.")]
Thing = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `plantrail plan show` names it.")]

THE_PLAN_IN_HELP = "PLAN"
MOST_IN_AN_EXAMPLE = 6
"""Options that an example shows beside those that must be given."""


class CommandsOnPlans(Group):
    """`do`, whose commands are those of the domain: each is made when it is asked for."""

    def list_commands(self, _context: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: Any, name: str) -> Any:
        model = COMMANDS.get(name)
        if model is None:
            return None
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name, help=help_of(model), epilog=example_of(model))(as_function(model))
        return typer.main.get_command(alone)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # While a word is being completed it may be no command yet.
        if not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = get_close_matches(args[0], COMMANDS, 1)
            meant = f"did you mean {close[0]}?" if close else "`plantrail do --help` lists them."
            raise typer.BadParameter(f"{args[0]} is not a command on a plan; {meant}", ctx, param_hint="COMMAND")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take `--help` anywhere: `do --help plan-play`, `do plan-play --help` and `do PLAN plan-play --help`."""
        named = [word for word in args if word in COMMANDS]
        if "--help" in args and named:
            args = [THE_PLAN_IN_HELP, named[-1], "--help"]
        return list(super().parse_args(ctx, args))


do = typer.Typer(
    cls=CommandsOnPlans,
    help="Carry out a command on a plan of the running service: `plantrail do PLAN COMMAND --field value`.\n\n"
    "`plantrail do --help plan-play` shows a command's fields. Repeat an option for several values; an empty value"
    " empties the field; days may be `fri`, `+2w` or `2027-03-01`.",
    no_args_is_help=True,
    subcommand_metavar="COMMAND [--field value]…",
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(do, name="do")
    app.command("open")(open_plan)
    app.command()(done)
    app.command()(move)
    app.command()(drop)


@do.callback()
def on_plan(context: typer.Context, plan: PlanName) -> None:
    context.obj = plan


# A command of the domain as one of the shell


def help_of(model: type[Command]) -> str:
    return cleandoc(model.__doc__ or "").replace("\n", " ")


def example_of(model: type[Command]) -> str:
    """Return an example, as it could be typed."""
    # The examples stand beside the interface's document, which takes a while to load.
    from adapters.http.command_documentation import EXAMPLES

    words = [
        f"{option_of(name)} {each if each.replace('-', '').isalnum() else json.dumps(each, ensure_ascii=False)}"
        for name, value in EXAMPLES[model.called()].items()
        if name in list(EXAMPLES[model.called()])[:MOST_IN_AN_EXAMPLE] or model.model_fields[name].is_required()
        for each in typed_words(value)
    ]
    return f"Example: `plantrail do ACCOUNT {model.called()} {' '.join(words)}`"


def typed_words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for each in value for word in typed_words(each)]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def option_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def as_function(model: type[Command]) -> Any:
    """Return a function whose parameters are the fields of a command, for typer to read."""

    def send(context: typer.Context, json_from: str | None, dry_run: bool, answer: bool, **given: Any) -> None:
        body = read_body(json_from) | typed_body(model, given)
        with running_service() as service:
            carry_out(service, context.obj, model, body, dry_run, answer)

    fields = {name: annotation_of(model, name) for name in shown_fields(model)}
    own: dict[str, Any] = {
        "json_from": Annotated[
            str | None,
            typer.Option("--json", metavar="FILE|-", help="The body as JSON; options are put over its fields."),
        ],
        "dry_run": DryRun,
        "answer": Answer,
    }
    defaults = {"dry_run": False, "answer": False}
    parameters = [Parameter("context", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    parameters += [
        Parameter(name, Parameter.KEYWORD_ONLY, default=defaults.get(name), annotation=annotation)
        for name, annotation in (fields | own).items()
    ]
    send.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    send.__annotations__ = {each.name: each.annotation for each in parameters}
    return send


def shown_fields(model: type[Command]) -> list[str]:
    """Those that must be given come first, those of every command last."""
    fields = model.model_fields
    return sorted(fields, key=lambda name: (name in GRAMMAR, not fields[name].is_required()))


def annotation_of(model: type[Command], name: str) -> Any:
    kind, required = kind_of(model, name), model.model_fields[name].is_required()
    meaning = meaning_of(model, model, name).rstrip(".")
    option = typer.Option(
        option_of(name),
        metavar="|".join(kind.choices) or METAVARS[kind.input],
        help=f"{meaning}{' (required)' if required else ''}",
        show_default=False,
        show_choices=False,
        autocompletion=(lambda: [*kind.choices, ""]) if kind.choices else None,
    )
    return Annotated[list[str] | None, option] if kind.several else Annotated[str | None, option]


METAVARS: Mapping[Input, str] = {
    "line": "TEXT",
    "text": "TEXT",
    "choice": "TEXT",
    "pairs": "TEXT",
    "day": "DAY",
    "number": "NUMBER",
    "yes_or_no": "true|false",
    "thing": "ID",
    "person": "PERSON",
    "group": "JSON",
}


def read_body(source: str | None) -> dict[str, Any]:
    """Return the body that a file or standard input holds. Raises `Told`."""
    if source is None:
        return {}
    text = sys.stdin.read() if source == "-" else Path(source).read_text("utf-8")
    try:
        body = json.loads(text)
    except ValueError as error:
        raise Told(f"{source} is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Told(f"{source} must hold the fields of one command, as an object.")
    return body


def typed_body(model: type[Command], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that were typed, as JSON has them. Raises `Told`."""
    body: dict[str, Any] = {}
    for name, typed in given.items():
        kind = kind_of(model, name)
        if kind.several and typed:
            body[name] = [field_value(kind, name, each) for each in typed if each]
        elif not kind.several and typed is not None:
            body[name] = field_value(kind, name, typed) if typed else None
    return body


def field_value(kind: Kind, name: str, text: str) -> Any:
    if kind.input != "group":
        return typed_value(kind, text, utc_now().astimezone().date())
    try:
        return json.loads(text)
    except ValueError:
        raise Told(f'{option_of(name)} takes a JSON object, such as \'{{"…": "…"}}\'.') from None


def running_service() -> "AbstractContextManager[Service]":
    """Return a client of the service that the settings name. What it is made of takes a while to load."""
    from adapters.cli.service import running_service

    return running_service(Settings())


def plan_path(plan: str, name: str = "") -> str:
    return f"/v1/plans/{quote(plan, safe='')}{name}"


def carry_out(
    service: "Service", plan: str, model: type[Command], body: dict[str, Any], dry_run: bool, answer: bool
) -> None:
    """Send a command, and show what came of it. Raises `Told`."""
    check(model, body)
    path = "/v1/plans" if model.called() == "open-plan" else plan_path(plan, f"/{model.called()}")
    answered = service.post(path, body, dry_run=str(dry_run).lower())
    if answer:
        print_json(answered)
        return
    print_lines(f"{line}\n".encode() for line in sentences(model, answered, dry_run))
    for warning in answered["warnings"]:
        tell(
            f"{warning['pointer'].strip('/')}: {warning['detail']}" if warning["pointer"] else warning["detail"],
            "yellow",
        )


def check(model: type[Command], body: Mapping[str, Any]) -> None:
    """Check the shape of a body before it is sent. Raises `Told`, which names the options."""
    try:
        model.model_validate_json(to_json(body))
    except ValidationError as error:
        raise Told(" ".join(wrong(model, each) for each in error.errors(include_url=False))) from None


def wrong(model: type[Command], error: Any) -> str:
    where = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"{where} is not a field of {model.called()}{did_you_mean(where, model.model_fields) or '.'}"
    return ended(f"{option_of(where)} {predicate(error, model)}") if where else sentence(error, model)


def sentences(model: type[Command], answered: Mapping[str, Any], dry_run: bool) -> list[str]:
    """Return what came of a command: a line for each event, with the thing and the version."""
    would = "would be recorded: " if dry_run else ""
    thing = f"  {model.noun} {answered['id']}" if answered["id"] and answered["id"] != model.noun else ""
    lines = [f"{would}{each['type']}{thing}  version {each['id'].rpartition(':')[2]}" for each in answered["events"]]
    return lines or ["Nothing was to change."]


# The most used, in short


def open_plan(
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="The id that the account has in your CRM.")],
    name: Annotated[str, typer.Option(help="What the account is called.")],
    owner: Annotated[str, typer.Option(metavar="PERSON", help="Whose plan it is.")],
    tier: Annotated[str, typer.Option(help="The tier of the account.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, such as EUR.")],
    timezone: Annotated[str | None, typer.Option(help="IANA, such as Europe/Berlin.")] = None,
    dry_run: DryRun = False,
    answer: Answer = False,
) -> None:
    """Open a plan for an account. Short for `do ACCOUNT open-plan`."""
    body = {"account_id": account, "account_name": name, "owner": owner, "tier": tier, "currency": currency}
    body |= {"timezone": timezone} if timezone else {}
    with running_service() as service:
        carry_out(service, account, COMMANDS["open-plan"], body, dry_run, answer)


def done(
    plan: PlanName,
    id: Thing,
    result: Annotated[str | None, typer.Option(help="What came of it; a play that is won must say.")] = None,
    on: Annotated[str, typer.Option(metavar="DAY", help="When it was finished.")] = "today",
    reason: Reason = None,
    dry_run: DryRun = False,
    answer: Answer = False,
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
    answer: Answer = False,
) -> None:
    """Move the day on which an action or a play is due. The next review shows from where, and why."""
    commands = {"actions": "reschedule-action", "plays": "reschedule-play"}
    send_on_promise(plan, id, commands, {"due_on": to}, reason, dry_run, answer)


def drop(plan: PlanName, id: Thing, reason: Reason = None, dry_run: DryRun = False, answer: Answer = False) -> None:
    """Give up an action or a play."""
    send_on_promise(plan, id, {"actions": "drop-action", "plays": "drop-play"}, {}, reason, dry_run, answer)


def send_on_promise(
    plan: str,
    id: str,
    commands: Mapping[str, str],
    said: dict[str, str | None],
    reason: str | None,
    dry_run: bool,
    answer: bool,
) -> None:
    """Send the command that a promise of this id takes. Raises `Told` where the plan has no such promise."""
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
