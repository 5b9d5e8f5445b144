"""Commands for the API keys of callers, and for the record of who has read what."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from adapters.access.access_log import AccessItem
from adapters.access.api_keys import ApiKey, GivenRole, ids_of, new_key
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli.asking import AsJson, operator
from adapters.cli.errors import Told
from adapters.cli.generations import keys
from adapters.cli.tables import GOOD, QUIET, WARNING, table, text
from adapters.cli.terminal import out, print_json, print_lines, tell
from application.aggregates.access import WORKS_ON_PLANS
from domain.calendar import DAY, instant_within_calendar, instant_written
from domain.language import AccountId, PersonId, shortened

ALL = "all"
ZONED = re.compile(r"([Zz]|[+-]\d\d:\d\d)$")


def add_to(app: typer.Typer) -> None:
    app.command("access-events")(access_events)


@keys.command()
def create(
    name: Annotated[str, typer.Option(help="Who holds the key: the actor of everything done with it.")],
    role: Annotated[GivenRole, typer.Option(help="What its holder may do.")],
    plans: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PLAN|all",
            help="Account ids or plan ids; repeat for more. Without it, an editor reaches the plans they own or are"
            " on the team of.",
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="DAY|INSTANT", help="When it expires: 2027-01-31, or 2027-01-31T17:00:00 (UTC)."),
    ] = None,
    personal_data: Annotated[
        bool, typer.Option("--personal-data", help="Their feed and webhooks may include text about people.")
    ] = False,
    on_behalf_of: Annotated[bool, typer.Option("--on-behalf-of", help="They may act on behalf of others.")] = False,
) -> None:
    """Create an API key and show it, this once."""
    key, shown = new_key(
        name=checked(PersonId, name, "--name"),
        role=role,
        plans=plans_named(plans or [], role),
        personal_data=personal_data,
        on_behalf_of=on_behalf_of,
        created_at=utc_now(),
        created_by=operator(),
        expires_at=instant(expires, "--expires") if expires else None,
    )
    with open_store(Settings()) as store:
        first = not store.api_keys.any()
        store.api_keys.add(key)
    print_lines([f"{shown}\n".encode()])
    tell(f"Keep it now: it is not shown again. It is known within a second; `plantrail keys revoke {key.id}` ends it.")
    if first:
        tell("From its next start on the service asks everybody for a key, on this machine as well.")


def plans_named(plans: list[str], role: GivenRole) -> tuple[str, ...] | None:
    """Return the plans that the key is for. Raises `typer.BadParameter`."""
    if not plans and role != WORKS_ON_PLANS:
        raise typer.BadParameter("say which: --plans all, or --plans ACCOUNT for each of them", param_hint="--plans")
    if ALL in plans:
        return None
    return tuple(checked(AccountId, plan, "--plans") for plan in plans)


def checked(kind: Any, said: str, option: str) -> str:
    """Validate the value of an option. Raises `typer.BadParameter`."""
    try:
        return str(TypeAdapter(kind).validate_python(said))
    except ValidationError:
        raise typer.BadParameter("letters, digits and . _ : @ - only", param_hint=option) from None


def instant(said: str, option: str) -> datetime:
    """Parse an instant, in UTC if it names no zone. A day stands for its beginning. Raises `typer.BadParameter`."""
    text = f"{said}T00:00:00" if DAY.fullmatch(said) else said
    try:
        return instant_within_calendar(instant_written(text if ZONED.search(text) else f"{text}Z"))
    except ValueError as error:
        raise typer.BadParameter(f"“{shortened(said)}” {error}", param_hint=option) from None


@keys.command("list")
def list_keys() -> None:
    """List the API keys, without their secrets."""
    with open_store(Settings()) as store:
        found = store.api_keys.all()
    columns = ["!Id", "*Name", "Role", "Plans", "May also", "State", "Last used"]
    out().print(table("API keys", columns, [row_of(key, utc_now()) for key in found]) or text("There are no keys yet."))


def row_of(key: ApiKey, now: datetime) -> Sequence[Text]:
    if key.revoked_at:
        state = text(f"revoked {key.revoked_at:%Y-%m-%d %H:%M}", QUIET)
    elif not key.is_good(now):
        state = text(f"expired {key.expires_at:%Y-%m-%d %H:%M}", WARNING)
    else:
        state = text(f"good until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "good", GOOD)
    beside = ["personal data"] * key.personal_data + ["on behalf of others"] * key.on_behalf_of
    used = text(f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else None)
    return text(key.id), text(key.name), text(key.role), plans_of(key), text(", ".join(beside)), state, used


def plans_of(key: ApiKey) -> Text:
    if key.plans is None:
        return text(ALL)
    their_own = ["their own"] if key.role == WORKS_ON_PLANS else []
    return text(", ".join([*their_own, *key.plans]))


@keys.command()
def revoke(id: Annotated[str, typer.Argument(help="The id of the key, as `plantrail keys list` shows it.")]) -> None:
    """Revoke a key. Within a second no process accepts it."""
    with open_store(Settings()) as store:
        revoked = store.api_keys.revoke(id, utc_now())
    if not revoked:
        raise Told(f"There is no key “{id}”. `plantrail keys list` lists those there are.")
    tell(f"The key {id} is revoked.")


def access_events(
    plan: Annotated[str | None, typer.Option(help="Only reads of this plan: account id or plan id.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only reads by this person.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000)] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who has read what, the latest first."""
    with open_store(Settings()) as store:
        page = store.access_events.page(limit, ids_of([plan]) if plan else None, actor)
    if as_json:
        print_json(page)
        return
    columns = ["!When (UTC)", "Who", "Role", "*What", "Plan", "How far", ">Times"]
    out().print(table("Reads", columns, [row_of_read(item) for item in page.items]) or text("Nothing was read."))


def row_of_read(item: AccessItem) -> Sequence[Text]:
    who = f"{item.actor} for {item.on_behalf_of}" if item.on_behalf_of else item.actor
    when = text(f"{item.at:%Y-%m-%d %H:%M:%S}")
    plan = text(item.plan_id or "several")
    return when, text(who), text(item.role), text(item.view), plan, text(item.cut), text(item.times)
