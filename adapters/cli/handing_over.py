"""The command that hands over everything that a person owns."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from adapters.cli.doing import AnswerOrJson, DryRun, Reason, running_service
from adapters.cli.tables import QUIET, WARNING, heading, table, text
from adapters.cli.terminal import out, print_json, tell
from application.findings.sentences import counted


def add_to(app: typer.Typer) -> None:
    app.command("handover")(hand_over)


def hand_over(
    from_: Annotated[str, typer.Argument(metavar="FROM", help="Who owns it now.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="Who is to own it.")],
    plans: Annotated[
        list[str] | None,
        typer.Option("--plan", metavar="PLAN", help="Only this one, and others named so; default: all you may change."),
    ] = None,
    reason: Reason = None,
    dry_run: DryRun = False,
    answer: AnswerOrJson = False,
) -> None:
    """Hand over everything somebody owns: plans, plays, actions, risks, goals, requests and pairings."""
    body = {"from": from_, "to": to, "plans": plans, "reason": reason, "dry_run": dry_run}
    with running_service() as service:
        done = service.post("/v1/handovers", {name: value for name, value in body.items() if value is not None})
    if answer:
        print_json(done)
        return
    for plan in done["plans"]:
        out().print(heading(plan["account_name"], plan["account_id"]))
        out().print(table("", ["!Kind", "***Id", "**What came of it"], [list(map(text, row)) for row in things(plan)]))
    if program := done["program"]:
        out().print(heading("The program", ""))
        out().print(
            table("", ["!Kind", "***Id", "**What came of it"], [list(map(text, row)) for row in things(program)])
        )
    for unknown in done["unknown_plans"]:
        tell(f"There is no plan “{unknown}” for you.", "yellow")
    out().print(summary(done, from_))


def things(plan: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield kind, id and outcome of everything in one plan."""
    yield from ((each["kind"], each["id"], "handed over") for each in plan["handed_over"])
    yield from ((each["kind"], each["id"], each["why"]) for each in plan["left_behind"])


def summary(done: Mapping[str, Any], from_: str) -> Any:
    if not (done["plans"] or done["program"]):
        return text(f"{from_} owns nothing there.", QUIET)
    would = "would be handed over" if done["dry_run"] else "handed over"
    left = f", {done['left_behind']} left behind" if done["left_behind"] else ""
    words = f"{counted(done['handed_over'], 'thing')} {would} in {counted(len(done['plans']), 'plan')}{left}."
    return text(words, WARNING if done["left_behind"] else "")
