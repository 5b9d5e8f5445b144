"""The command that shows who was forgotten."""

from collections.abc import Callable, Sequence
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store
from adapters.cli.asking import AsJson, accounts_named, plan_ids_of
from adapters.cli.errors import Told
from adapters.cli.tables import GOOD, QUIET, WARNING, heading, lines, pairs, table, text
from adapters.cli.terminal import out, print_json
from adapters.postgres.store import Store
from application.aggregates.erasures import Certificate


def add_to(app: typer.Typer) -> None:
    app.command()(erasures)


def erasures(
    plan: Annotated[
        str | None, typer.Argument(metavar="PLAN", help="Account id or plan id; without it, of all plans.")
    ] = None,
    stakeholder: Annotated[
        str | None, typer.Argument(metavar="STAKEHOLDER", help="The stakeholder whose certificate to show.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who was forgotten, and the certificates."""
    with open_store(Settings()) as store:
        found = certificates(store, plan, stakeholder)
        account = accounts_named(store, (UUID(each.plan_id) for each in found))
    if as_json:
        print_json(found[0] if stakeholder else {"items": found})
    elif stakeholder:
        out().print(in_full(found[0]))
    else:
        columns = ["Plan", "*Stakeholder", "Forgotten", "By", "State"]
        rows = [row_of(each, account) for each in found]
        out().print(table("Erasures", columns, rows) or Text("Nobody was forgotten.", QUIET))


def certificates(store: Store, plan: str | None, stakeholder: str | None) -> list[Certificate]:
    """Return the certificates of a plan or a stakeholder. Raises `Told`."""
    plans = plan_ids_of(store, plan)
    if plans is None:
        return store.erasures.certificates()
    of_plan = [each for plan_id in plans for each in store.erasures.certificates(plan_id)]
    found = [each for each in of_plan if stakeholder in (None, each.stakeholder)]
    if stakeholder and not found:
        raise Told(f"Nobody “{stakeholder}” was forgotten in the plan “{plan}”. `plantrail erasures` lists who was.")
    return found


def row_of(certificate: Certificate, account: Callable[[UUID], Text]) -> Sequence[Text]:
    return (
        account(UUID(certificate.plan_id)),
        text(certificate.stakeholder),
        text(f"{certificate.forgotten_at:%Y-%m-%d %H:%M}"),
        text(certificate.forgotten_by),
        state_of(certificate),
    )


def state_of(certificate: Certificate) -> Text:
    if certificate.final_at:
        return text(f"final since {certificate.final_at:%Y-%m-%d %H:%M}", GOOD)
    waits_for = ", ".join(map(str, certificate.generations))
    return text(f"until key generation {waits_for} is destroyed, copies of the key may be left", WARNING)


def in_full(certificate: Certificate) -> RenderableType:
    said = certificate.model_dump(mode="json", include=set(SHOWN))
    rows = [(name.replace("_", " "), text(said[name])) for name in SHOWN]
    return Group(
        heading("Certificate of erasure"),
        pairs([*rows, ("state", state_of(certificate))]),
        heading("Purged"),
        lines(*(text(each) for each in certificate.purged)),
        heading("Kept"),
        text(certificate.kept),
        *([heading("Left"), *(lines(text(each.where), text(each.until, WARNING)) for each in certificate.remains)]
          if certificate.remains else []),
    )  # fmt: skip


SHOWN = (
    "id", "plan_id", "stakeholder", "event", "event_sha256", "forgotten_at", "forgotten_by", "key_made_at",
    "key_destroyed_at", "listed_at",
)  # fmt: skip
