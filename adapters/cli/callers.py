"""Commands for the API keys of callers, and for the access log."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import typer
from pydantic import TypeAdapter, ValidationError
from rich.text import Text

from adapters.access.access_log import AccessItem, Period
from adapters.access.api_keys import ApiKey, GivenRole, new_key
from adapters.access.key_views import KeyMade, key_list
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli.asking import AsJson, From, To, accounts_named, is_there, operator, plan_ids_of
from adapters.cli.errors import Told
from adapters.cli.generations import keys
from adapters.cli.tables import GOOD, QUIET, WARNING, lines, table, text
from adapters.cli.terminal import out, print_json, print_lines, says_in_json, tell
from application.aggregates.access import WORKS_ON_PLANS
from domain.calendar import DAY, instant_within_calendar, instant_written
from domain.language import AccountId, PersonId, shortened

ALL = "all"
ZONED = re.compile(r"([Zz]|[+-]\d\d:\d\d)$")


def add_to(app: typer.Typer) -> None:
    app.add_typer(keys, name="keys")
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
    as_json: AsJson = False,
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
        unknown = [plan for plan in key.plans or () if not is_there(store, plan)]
    if as_json:
        print_json(KeyMade.made(key, shown))
    else:
        print_lines([f"{shown}\n".encode()])
    tell(f"Keep it now: it is not shown again. It is known within a second; `plantrail keys revoke {key.id}` ends it.")
    for plan in unknown:
        tell(f"There is no plan “{plan}” yet: the key is for whatever plan will be opened under that name.", WARNING)
    if first:
        tell("From its next start on the service asks everybody for a key, on this machine as well.")


def plans_named(plans: list[str], role: GivenRole) -> tuple[str, ...] | None:
    """Return the plans for which the key is valid. Raises `typer.BadParameter`."""
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
    """Parse an instant; without a time zone it is in UTC. A day stands for its beginning. Raises
    `typer.BadParameter`.
    """
    text = f"{said}T00:00:00" if DAY.fullmatch(said) else said
    try:
        return instant_within_calendar(instant_written(text if ZONED.search(text) else f"{text}Z"))
    except ValueError as error:
        raise typer.BadParameter(f"“{shortened(said)}” {error}", param_hint=option) from None


def end(said: str, option: str) -> datetime:
    """Parse the exclusive end of a period. A day stands for its end. Raises `typer.BadParameter`."""
    at = instant(said, option)
    return at + (timedelta(days=1) if DAY.fullmatch(said) else timedelta(microseconds=1))


@keys.command("list")
def list_keys(as_json: AsJson = False) -> None:
    """List the API keys, without their secrets."""
    with open_store(Settings()) as store:
        found = store.api_keys.all()
    if as_json:
        print_json(key_list(found))
        return
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
@says_in_json
def revoke(
    id: Annotated[str, typer.Argument(metavar="KEY", help="The id of the key, as `plantrail keys list` shows it.")],
) -> None:
    """Revoke a key. Within a second no process accepts it."""
    with open_store(Settings()) as store:
        revoked = store.api_keys.revoke(id, utc_now())
    if not revoked:
        raise Told(f"There is no key “{id}”. `plantrail keys list` lists those there are.")
    tell(f"The key {id} is revoked.")


def access_events(
    plan: Annotated[str | None, typer.Option(help="Only reads of this plan: account id or plan id.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only reads by this person.")] = None,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most this many entries.")] = 100,
    cursor: Annotated[int | None, typer.Option(min=0, help="The value of `next` on the previous page.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show who has read what, the latest first."""
    period = Period(instant(from_, "--from") if from_ else None, end(to, "--to") if to else None)
    with open_store(Settings()) as store:
        page = store.access_events.page(limit, plan_ids_of(store, plan), actor, cursor, period=period)
        account = accounts_named(store, (item.plan_id for item in page.items))
    if as_json:
        print_json(page)
        return
    columns = ["!When (UTC)", "Who", "Role", "*What", "Plan", "How far", ">Times"]
    rows = [row_of_read(item, account) for item in page.items]
    out().print(table("Reads", columns, rows) or text("Nothing was read."))

    if page.next:
        tell(f"There is more: add --cursor {page.next}, or raise --limit (up to 10,000).", "dim")


def row_of_read(item: AccessItem, account: Callable[[UUID], Text]) -> Sequence[Text]:
    who = f"{item.actor} for {item.on_behalf_of}" if item.on_behalf_of else item.actor
    when = lines(text(f"{item.at:%Y-%m-%d}"), text(f"{item.at:%H:%M:%S}", QUIET))
    plan = account(item.plan_id) if item.plan_id else text("several", QUIET)
    return when, text(who), text(item.role), text(item.view), plan, text(item.cut), text(item.times)
