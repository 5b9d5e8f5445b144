"""The command that makes a pack: a document about a plan for a certain meeting."""

from hashlib import sha256
from pathlib import Path
from typing import Annotated

import typer
from pydantic_core import to_json

from adapters.cli.asking import AsJson, AsOf, PlanName, find
from adapters.cli.reports import InFormat, Output, deliver, form_of
from adapters.cli.terminal import tell
from application.packs.pack import PackKind
from application.packs.registry import pack
from domain.account_plan.reviews import Audience


def add_to(app: typer.Typer) -> None:
    app.command("pack")(make_pack)


def make_pack(
    plan: PlanName,
    kind: Annotated[PackKind, typer.Argument(metavar="KIND", help="canvas, weekly, readout, qbr or annual.")],
    as_of: AsOf = "now",
    audience: Annotated[
        Audience, typer.Option(help="For ourselves, or for the customer, who sees nothing internal.")
    ] = "internal",
    format: InFormat = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make a document for a meeting: the plan on one page, the weekly list, a read-out, a QBR or the annual review."""
    form = form_of("json" if as_json else format, output)
    asked = find(plan)
    made = pack(kind, asked.known, asked.cut(as_of), asked.program, audience)
    deliver(kind, to_json(made, by_alias=True), form, output)
    if output:
        tell(f"Its SHA-256, for circulate-pack: {hash_of(output)}")


def hash_of(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
