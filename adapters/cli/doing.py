"""Commands on plans and on the program, by name, which are sent to the running service."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from difflib import get_close_matches
from inspect import Parameter, Signature, cleandoc
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_json

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import utc_now
from adapters.cli.asking import PlanName
from adapters.cli.errors import Told
from adapters.cli.groups import Group
from adapters.cli.terminal import print_json, print_lines, tell, text_of
from adapters.client.paths import plan_path
from adapters.exchange.fields import Input, Kind, kind_of, meaning_of
from adapters.exchange.typed import typed_value
from application.library.from_library import FROM_LIBRARY
from domain.account_plan import ACCOUNT_PLAN
from domain.aggregates import AggregateType
from domain.language import GRAMMAR, Command
from domain.mistakes import did_you_mean, ended, place, predicate, sentence
from domain.program import PROGRAM

if TYPE_CHECKING:
    from adapters.cli.service import Service

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would come of it. Nothing is recorded.")]
Answer = Annotated[bool, typer.Option("--answer", help="Print the JSON that the service answers, for programs.")]
AnswerOrJson = Annotated[
    bool, typer.Option("--json", "--answer", help="Print the JSON that the service answers, for programs.")
]
"""The option for output of commands that do not take their body from `--json`."""
Reason = Annotated[str | None, typer.Option(help="Why. Stands in the history for ever.")]

COMMANDS: Mapping[str, type[Command]] = {**ACCOUNT_PLAN.commands, **FROM_LIBRARY}
THE_PLAN_IN_HELP = "PLAN"
HOW_VALUES_ARE_TYPED = (
    "Repeat an option for several values; an empty value empties the field; days may be `fri`, `+2w` or `2027-03-01`."
)
MOST_IN_AN_EXAMPLE = 6
"""Options in an example beside the required ones."""


def by_topic(type: AggregateType[Any]) -> dict[str, str]:
    """Return the names of commands in one line, by the topics of an aggregate."""
    named = {topic.decide.__module__.rpartition(".")[2]: topic for topic in type.topics}
    return {
        name.replace("_", " ").capitalize(): " ".join(command.called() for command in topic.command_types())
        for name, topic in named.items()
    }


class CommandsOfDomain(Group):
    """The group `do`. Its commands are those of the domain; each is made when it is used."""

    known: ClassVar[Mapping[str, type[Command]]]
    about: ClassVar[str]
    """What they change, for use in a sentence."""
    first: ClassVar[Sequence[str]] = ()
    """The words before a command on the command line, for its help."""

    def list_commands(self, _context: Any) -> list[str]:
        return list(self.known)

    def get_command(self, _context: Any, name: str) -> Any:
        model = self.known.get(name)
        if model is None:
            return None
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name, help=help_of(model), epilog=example_of(model))(as_function(model))
        return typer.main.get_command(alone)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        # A word that is being completed may not be a command yet.
        if not ctx.resilient_parsing and args[0] not in self.known and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.known, 1)
            meant = f"did you mean {close[0]}?" if close else f"`{ctx.command_path} --help` lists them."
            raise typer.BadParameter(f"{args[0]} is not a command on {self.about}; {meant}", ctx, param_hint="COMMAND")
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Accept `--help` anywhere: `do --help plan-play`, `do plan-play --help` and `do PLAN plan-play --help`."""
        named = [word for word in args if word in self.known]
        if "--help" in args and named:
            args = [*self.first, named[-1], "--help"]
        return list(super().parse_args(ctx, args))


class CommandsOnPlans(CommandsOfDomain):
    known = COMMANDS
    headings = by_topic(ACCOUNT_PLAN) | {"From the library": " ".join(FROM_LIBRARY)}
    about = "a plan"
    first = (THE_PLAN_IN_HELP,)


class CommandsOnTheProgram(CommandsOfDomain):
    known = PROGRAM.commands
    headings = by_topic(PROGRAM)
    about = "the program"


do = typer.Typer(
    cls=CommandsOnPlans,
    help="Carry out a command on a plan of the running service: `plantrail do PLAN COMMAND --field value`.\n\n"
    f"`plantrail do --help plan-play` shows a command's fields. {HOW_VALUES_ARE_TYPED}",
    no_args_is_help=True,
    subcommand_metavar="COMMAND [--field value]…",
)
do_on_program = typer.Typer(
    cls=CommandsOnTheProgram,
    help="Carry out a command on the program of the running service: `plantrail program do COMMAND --field value`.\n\n"
    f"`plantrail program do --help publish-play` shows a command's fields. {HOW_VALUES_ARE_TYPED}",
    no_args_is_help=True,
    subcommand_metavar="COMMAND [--field value]…",
)


def add_to(app: typer.Typer) -> None:
    app.add_typer(do, name="do")


@do.callback()
def on_plan(context: typer.Context, plan: PlanName) -> None:
    context.obj = plan


# A command of the domain as a command of the shell


def help_of(model: type[Command]) -> str:
    return cleandoc(model.__doc__ or "").replace("\n", " ")


def example_of(model: type[Command]) -> str:
    """Return an example that can be typed."""
    # The examples are beside the API documentation, which loads slowly.
    from adapters.http.command_documentation import EXAMPLES

    words = [
        f"{option_of(name)} {each if each.replace('-', '').isalnum() else json.dumps(each, ensure_ascii=False)}"
        for name, value in EXAMPLES[model.called()].items()
        if name in list(EXAMPLES[model.called()])[:MOST_IN_AN_EXAMPLE] or model.model_fields[name].is_required()
        for each in typed_words(value)
    ]
    do = "do ACCOUNT" if model.called() in COMMANDS else "program do"
    return f"Example: `plantrail {do} {model.called()} {' '.join(words)}`"


def typed_words(value: Any) -> list[str]:
    if isinstance(value, list):
        return [word for each in value for word in typed_words(each)]
    if isinstance(value, dict):
        return [json.dumps(value, ensure_ascii=False)]
    return [str(value).lower() if isinstance(value, bool) else str(value)]


def option_of(name: str) -> str:
    return "--" + name.replace("_", "-")


def as_function(model: type[Command]) -> Any:
    """Return a function for typer whose parameters are the fields of a command."""

    def send(context: typer.Context, json_from: str | None, dry_run: bool, answer: bool, **given: Any) -> None:
        with running_service() as service, after_a_missing_plan(service, context.obj, model):
            body = read_body(json_from) | typed_body(model, given)
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
    """Return the fields in the order of the options: required ones first, those of every command last."""
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
    """Return the body in a file or on standard input. Raises `Told`."""
    if source is None:
        return {}
    try:
        body = json.loads(text_of(Path(source)))
    except ValueError as error:
        raise Told(f"{source} is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise Told(f"{source} must hold the fields of one command, as an object.")
    return body


def typed_body(model: type[Command], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed fields as JSON. Raises `Told`."""
    body: dict[str, Any] = {}
    for name, typed in given.items():
        kind = kind_of(model, name)
        if kind.several and typed:
            body[name] = [value for each in typed if each for value in field_values(kind, name, each)]
        elif not kind.several and typed is not None:
            body[name] = field_value(kind, name, typed) if typed else None
    return body


def field_values(kind: Kind, name: str, text: str) -> list[Any]:
    """Return the values of one option of a list: several where all of them were typed at once, as a JSON list."""
    value = field_value(kind, name, text)
    return value if kind.input == "group" and isinstance(value, list) else [value]


def field_value(kind: Kind, name: str, text: str) -> Any:
    is_json = kind.input == "group" or (kind.input == "pairs" and text.lstrip().startswith("{"))
    if not is_json:
        return typed_value(kind, text, utc_now().astimezone().date())
    try:
        return json.loads(text)
    except ValueError:
        raise Told(f'{option_of(name)} takes a JSON object, such as \'{{"…": "…"}}\'.') from None


def running_service() -> "AbstractContextManager[Service]":
    """Return a client of the service that the settings name. The client library loads slowly."""
    from adapters.cli.service import running_service

    return running_service(Settings())


def path_of(model: type[Command], plan: str | None) -> str:
    """Return the path to which a command is sent: of a plan, or of the program if no plan is given."""
    name = model.called()
    if plan is None:
        return "/v1/program" if name == PROGRAM.opening.command.called() else f"/v1/program/{name}"
    return "/v1/plans" if name == ACCOUNT_PLAN.opening.command.called() else plan_path(plan, f"/{name}")


def carry_out(
    service: "Service", plan: str | None, model: type[Command], body: dict[str, Any], dry_run: bool, answer: bool
) -> None:
    """Send a command and show the outcome. Raises `Told`."""
    check(model, body)
    answered = service.post(path_of(model, plan), body, dry_run=str(dry_run).lower())
    if answer:
        print_json(answered)
        return
    print_lines(f"{line}\n".encode() for line in sentences(model, answered, dry_run))
    for warning in answered["warnings"]:
        tell(
            f"{warning['pointer'].strip('/')}: {warning['detail']}" if warning["pointer"] else warning["detail"],
            "yellow",
        )


@contextmanager
def after_a_missing_plan(service: "Service", plan: str | None, model: type[Command]) -> Iterator[None]:
    """Report a missing plan before mistakes in the command, which do not matter then. Raises `Told`."""
    try:
        yield
    except Told as wrong:
        if plan is None or wrong.answered or model is ACCOUNT_PLAN.opening.command:
            raise
        try:
            service.get(plan_path(plan))
        except Told as no_plan:
            if not no_plan.answered:
                raise wrong from None
            raise Told(f"{no_plan} {wrong}") from None
        raise


def check(model: type[Command], body: Mapping[str, Any]) -> None:
    """Check the shape of a body before it is sent. Raises `Told`, which names the wrong options."""
    try:
        model.model_validate_json(to_json(body))
    except PydanticSerializationError:
        raise Told("A text in it has half a sign, such as \\ud83d alone. Write the sign itself, in UTF-8.") from None
    except ValidationError as error:
        raise Told(" ".join(wrong(model, each) for each in error.errors(include_url=False))) from None


def wrong(model: type[Command], error: Any) -> str:
    where, *inside = map(str, place(error["loc"]) or [""])
    if error["type"] == "extra_forbidden" and not inside:
        return f"{where} is not a field of {model.called()}{did_you_mean(where, model.model_fields) or '.'}"
    told = f"“{'/'.join(inside)}” {predicate(error, model)}" if inside else predicate(error, model)
    return ended(f"{option_of(where)} {told}") if where else sentence(error, model)


def sentences(model: type[Command], answered: Mapping[str, Any], dry_run: bool) -> list[str]:
    """Return the outcome of a command: a line for each event, with the thing and the version."""
    would = "would be recorded: " if dry_run else ""
    thing = f"  {model.noun} {answered['id']}" if answered["id"] and answered["id"] != model.noun else ""
    lines = [f"{would}{each['type']}{thing}  version {each['id'].rpartition(':')[2]}" for each in answered["events"]]
    return lines or ["Nothing was to change."]
