"""Commands for webhooks: endpoints that receive events, and the state of their deliveries."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.console import RenderableType
from rich.text import Text

from adapters.access.api_keys import OPERATOR
from adapters.bootstrap.settings import Settings, public_url
from adapters.bootstrap.store import open_store, utc_now
from adapters.cli.asking import AsJson, accounts_named
from adapters.cli.groups import Group
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, pairs, panel, table, text
from adapters.cli.terminal import out, print_json, says_in_json, tell
from adapters.postgres.store import Store
from adapters.rendering.words import counted
from application.views.plan_names import CANONICAL_UUID
from application.webhooks.endpoints import Attempt, Parked, State, UnknownWebhook, Webhook
from application.webhooks.formats import Format
from application.webhooks.ports import TryOut, Webhooks
from application.webhooks.subscriptions import Replay, Subscriptions, WebhookRequest
from domain.mistakes import predicate

webhooks = typer.Typer(cls=Group, help="Endpoints that events are pushed to.", no_args_is_help=True)

STATES: Mapping[State, str] = {"active": GOOD, "paused": WARNING, "disabled": ALARM}

T = TypeVar("T")


class Page(Protocol[T]):
    """A page of a list."""

    items: list[T]
    next: str | None


Id = Annotated[str, typer.Argument(metavar="WEBHOOK", help="The webhook's id, or the beginning of it.")]
Cursor = Annotated[str | None, typer.Option(help="The value of `next` on the previous page.")]
Limit = Annotated[int, typer.Option(min=1, max=500, help="At most this many.")]


def add_to(app: typer.Typer) -> None:
    app.add_typer(webhooks, name="webhooks")


@dataclass(frozen=True)
class Desk:
    """The webhooks of all owners, for an operator."""

    store: Store
    webhooks: Webhooks
    subscriptions: Subscriptions
    try_out: TryOut

    def id(self, beginning: str) -> UUID:
        """Return the id that begins with this text. Raises `UnknownWebhook` unless there is exactly one."""
        found = [each.id for each in self.all() if str(each.id).startswith(beginning.lower())]
        if len(found) != 1:
            raise UnknownWebhook(f"{counted(len(found), 'webhook')} begin with “{beginning}”.")
        return found[0]

    def all(self) -> Iterator[Webhook]:
        cursor = None
        while True:
            page = self.webhooks.page(None, cursor)
            yield from page.items
            if page.next is None:
                return
            cursor = page.next


@contextmanager
def desk() -> Iterator[Desk]:
    # The sender of webhooks loads slowly, so it is loaded only here.
    from adapters.bootstrap.webhook_worker import subscriptions, trying_out, webhook_targets

    settings = Settings()
    targets = webhook_targets(settings)
    with open_store(settings) as store:
        yield Desk(
            store,
            store.webhooks,
            subscriptions(store, targets),
            trying_out(store, targets, address=public_url(settings)),
        )


# Commands


@webhooks.command()
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="An https URL on the public internet.")],
    type: Annotated[
        list[str] | None,
        typer.Option(metavar="EVENT", help="Only events of this type, such as play-won; repeat for more."),
    ] = None,
    plan: Annotated[
        list[str] | None, typer.Option(metavar="PLAN", help="Only events of this plan; repeat for more.")
    ] = None,
    after: Annotated[
        str, typer.Option(metavar="CURSOR", help="Send the events after this one; 0: from the first event on.")
    ] = "now",
    owner: Annotated[str, typer.Option(help="Whose webhook it is: who may manage it over HTTP.")] = OPERATOR,
    personal_data: Annotated[bool, typer.Option("--personal-data", help="Include text about people.")] = False,
    format: Annotated[
        Format, typer.Option(help="The form of what is sent; slack and teams: messages for people in a chat.")
    ] = "cloudevents",
    digest: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Instead of events a digest: “monday 08:00”, or “day 08:00” for every day."),
    ] = None,
    timezone: Annotated[str | None, typer.Option(metavar="ZONE", help="The time zone of the digest.")] = None,
    person: Annotated[
        str | None, typer.Option(metavar="PERSON", help="Only what concerns this person of ours in a digest.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have events pushed to an endpoint. Its secret is shown this once."""
    wish = wanted(
        url=url,
        types=type,
        plans=plan,
        after=after,
        personal_data=personal_data,
        format=format,
        digest=digest,
        timezone=timezone,
        person=person,
    )
    with desk() as at:
        made = asyncio.run(at.subscriptions.begin(wish, owner))
    if as_json:
        print_json(made)
        return
    out().print(card(made))
    tell_secret(made.secret)


def wanted(**said: object) -> WebhookRequest:
    """Return the request. Raises `typer.BadParameter`."""
    try:
        return WebhookRequest.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        (first, *_) = error.errors(include_url=False)
        hint = f"--{str(first['loc'][0]).replace('_', '-')}" if first["loc"] else None
        raise typer.BadParameter(predicate(first), param_hint=hint) from None


@webhooks.command("list")
def list_all(as_json: AsJson = False, cursor: Cursor = None, limit: Limit = 100) -> None:
    """List all webhooks."""
    with desk() as at:
        page = at.webhooks.page(None, cursor, limit)
    show(page, as_json, "Webhooks", ["!Webhook", "*Endpoint", "State", ">Waiting", ">Parked"], webhook_row)


@webhooks.command("show")
def show_one(webhook: Id, as_json: AsJson = False) -> None:
    """Show one webhook and the state of its deliveries."""
    with desk() as at:
        found = at.webhooks.get(at.id(webhook))
    print_json(found) if as_json else out().print(card(found))


@webhooks.command()
def pause(webhook: Id, as_json: AsJson = False) -> None:
    """Send nothing until it is resumed. Events keep waiting."""
    with desk() as at:
        found = at.webhooks.pause(at.id(webhook), None, utc_now(), f"The {OPERATOR} paused it.")
    print_json(found) if as_json else out().print(card(found))


@webhooks.command()
def resume(webhook: Id, as_json: AsJson = False) -> None:
    """Send again, beginning at once with what is waiting."""
    with desk() as at:
        found = at.webhooks.resume(at.id(webhook), None, utc_now())
    print_json(found) if as_json else out().print(card(found))


@webhooks.command()
def rotate_secret(webhook: Id, as_json: AsJson = False) -> None:
    """Make a new secret. For 24 hours, deliveries are signed with the previous one as well."""
    with desk() as at:
        rotated = at.subscriptions.rotate(at.id(webhook), None)
    if as_json:
        print_json(rotated)
        return
    tell_secret(rotated.secret)
    tell(f"Until {minutes(rotated.previous_secret_until)} the one before signs too.")


@webhooks.command("test")
def send_test(webhook: Id, as_json: AsJson = False) -> None:
    """Send a test event, and show the answer."""
    with desk() as at:
        attempt = asyncio.run(at.try_out(at.id(webhook), None))
        account = accounts_named(at.store, [plan_of(attempt)])
    if as_json:
        print_json(attempt)
    else:
        out().print(table("Test", ATTEMPT_COLUMNS, [attempt_row(attempt, account)]))
    if attempt.status is None or not 200 <= attempt.status < 300:
        raise typer.Exit(1)


@webhooks.command()
def attempts(webhook: Id, as_json: AsJson = False, cursor: Cursor = None, limit: Limit = 20) -> None:
    """Show the outcome of each attempt, the latest first."""
    with desk() as at:
        page = at.webhooks.attempts(at.id(webhook), None, cursor, limit)
        account = accounts_named(at.store, (plan_of(each) for each in page.items))
    show(page, as_json, "Attempts", ATTEMPT_COLUMNS, lambda each: attempt_row(each, account))


@webhooks.command()
def parked(webhook: Id, as_json: AsJson = False, cursor: Cursor = None, limit: Limit = 100) -> None:
    """List the plans that are not tried again until they are replayed."""
    with desk() as at:
        page = at.webhooks.parked(at.id(webhook), None, cursor, limit)
        account = accounts_named(at.store, (each.plan for each in page.items))
    columns = ["*Plan", "!Since", ">Arrived up to", "Why"]
    show(page, as_json, "Parked plans", columns, lambda each: parked_row(each, account))


@webhooks.command()
def replay(
    webhook: Id,
    after: Annotated[str | None, typer.Option(metavar="CURSOR", help="Send everything after this event again.")] = None,
    plan: Annotated[
        str | None, typer.Option(metavar="PLAN", help="Only this plan; if it is parked, it is resumed.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Send again everything after a cursor, or resume a parked plan."""
    with desk() as at:
        found = at.subscriptions.replay(at.id(webhook), None, Replay(after=after, plan=plan))
    print_json(found) if as_json else out().print(card(found))


@webhooks.command()
@says_in_json
def delete(webhook: Id) -> None:
    """Delete a webhook and everything that waits for it."""
    with desk() as at:
        id = at.id(webhook)
        at.webhooks.delete(id, None)
    tell(f"Webhook {id} is gone.")


# Tables and cards


def show(page: Page[T], as_json: bool, title: str, columns: Sequence[str], row: Callable[[T], Sequence[Text]]) -> None:
    if as_json:
        print_json(page)
        return
    out().print(table(title, columns, map(row, page.items)) or Text("There is none.", WARNING))
    if page.next:
        tell(f"There is more: --cursor {page.next}")


def tell_secret(secret: str) -> None:
    out().print(Text(secret, "bold"))
    tell("This is the only time the secret is shown. The receiver verifies signatures with it.", WARNING)


def card(webhook: Webhook) -> RenderableType:
    state = lines(text(webhook.state, STATES[webhook.state]), text(webhook.reason, QUIET) if webhook.reason else None)
    failing = webhook.failing_since and minutes(webhook.failing_since)
    rows = [
        ("Endpoint", text(webhook.url, "bold")),
        ("State", state),
        ("Format", text(webhook.format)),
        ("Types", text("a digest" if webhook.digest else ", ".join(webhook.types) or "all")),
        ("Every", text(webhook.digest and f"{webhook.digest}, {webhook.timezone}")),
        ("Next digest", text(webhook.digest_at and f"{webhook.digest_at:%Y-%m-%d %H:%M} UTC")),
        ("For", text(webhook.person)),
        ("Plans", text(", ".join(map(str, webhook.plans)) or "all")),
        ("Owner", text(webhook.owner)),
        ("Words about people", text("sent" if webhook.personal_data else "left out")),
        ("Failing since", text(failing, ALARM if failing else "")),
        ("Waiting", text(counted(webhook.waiting, "plan"))),
        ("Parked", text(counted(webhook.parked, "plan"), ALARM if webhook.parked else "")),
        ("Looked through", text(f"up to {webhook.sequence}")),
    ]
    return panel(f"Webhook {webhook.id}", pairs(rows))


def webhook_row(webhook: Webhook) -> Sequence[Text]:
    failing = f"failing since {minutes(webhook.failing_since)}" if webhook.failing_since else None
    return (
        text(str(webhook.id)[:8]),
        lines(text(webhook.url), text(f"of {webhook.owner}", QUIET)),
        lines(text(webhook.state, STATES[webhook.state]), text(failing, ALARM) if failing else None),
        text(webhook.waiting),
        text(webhook.parked, ALARM if webhook.parked else ""),
    )


ATTEMPT_COLUMNS = ["!When", "*Event", "Answer", ">ms"]


def plan_of(attempt: Attempt) -> UUID | None:
    plan = attempt.event.rpartition(":")[0]
    return UUID(plan) if CANONICAL_UUID.fullmatch(plan) else None


def attempt_row(attempt: Attempt, account: Callable[[UUID], Text]) -> Sequence[Text]:
    arrived, plan = attempt.status is not None and 200 <= attempt.status < 300, plan_of(attempt)
    return (
        lines(text(f"{attempt.attempted_at:%Y-%m-%d}"), text(f"{attempt.attempted_at:%H:%M:%S}", QUIET)),
        lines(account(plan) if plan else None, text(attempt.event, QUIET)),
        text(attempt.status or attempt.error, GOOD if arrived else ALARM),
        text(attempt.milliseconds),
    )


def parked_row(parked: Parked, account: Callable[[UUID], Text]) -> Sequence[Text]:
    version = parked.event.rpartition(":")[2]
    return account(parked.plan), text(minutes(parked.parked_at)), text(f"version {version}"), text(parked.reason)


def minutes(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
