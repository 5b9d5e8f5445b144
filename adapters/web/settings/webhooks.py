"""Webhooks: endpoints that receive events, the outcome of each attempt, and what can be done about failures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import get_args
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.events.cloud_events import NoSuchType
from adapters.http.requests import NoteRead
from adapters.http.webhooks import owner_limit
from adapters.rendering.words import spaced
from adapters.web.addresses import address
from adapters.web.choices import Choices, Known, with_blanks
from adapters.web.errors import NoSuchPage
from adapters.web.forms.form import FormData
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.languages import Speech
from adapters.web.settings.tabs import PATH, Tab, tabs
from adapters.web.templates import render, speech_of
from application.feed.cursors import CursorMalformed
from application.webhooks.attempts import REASONS
from application.webhooks.endpoints import Attempt, NothingToReplay, TooManyWebhooks, UnknownWebhook, Webhook
from application.webhooks.formats import Format
from application.webhooks.ports import TargetRefused, TryOut, Webhooks
from application.webhooks.subscriptions import Replay, Subscriptions, UnknownPlan, WebhookRequest
from domain.language import kebab_case
from domain.mistakes import predicate
from domain.registry import REGISTRY

EVENT_NAMES = sorted(map(kebab_case, REGISTRY.events))
HERE = f"{PATH}/webhooks"
OF_DIGESTS = ("digest", "timezone", "person")
TYPED = ("url", "after", *OF_DIGESTS)
REFUSED = (TargetRefused, NoSuchType, CursorMalformed, UnknownPlan, TooManyWebhooks, NothingToReplay)
"""Errors about what was typed. Each is a sentence."""


@dataclass(frozen=True)
class WebhookRow:
    id: str
    address: str
    url: str
    types: str
    owner: str
    state: str
    tone: str
    sign: str
    trouble: str
    waiting: str
    parked: str


@dataclass(frozen=True)
class AttemptRow:
    at: str
    event: str
    event_address: str
    answer: str
    tone: str
    sign: str
    milliseconds: str


@dataclass(frozen=True)
class WebhooksView:
    tabs: Sequence[Tab]
    webhooks: Sequence[WebhookRow]
    next: str
    may_make: bool
    typed: dict[str, str]
    plans: Sequence[str]
    types: Sequence[str]
    formats: Sequence[tuple[str, bool]]
    """Each format, and whether it is chosen."""
    events: Sequence[tuple[str, str]]
    """Each type of event, and how it is said."""
    choices: Choices
    errors: Sequence[str] = ()


@dataclass(frozen=True)
class WebhookView:
    tabs: Sequence[Tab]
    webhook: WebhookRow
    facts: Sequence[tuple[str, str]]
    attempts: Sequence[AttemptRow]
    parked: Sequence[tuple[str, str, str]]
    """Each parked plan, since when and why it is parked."""
    actions: Sequence[tuple[str, str]]
    replays: bool
    choices: Choices
    errors: Sequence[str] = ()
    secret: str = ""
    """The secret. It is shown this once."""


def webhook_row(webhook: Webhook, say: Speech) -> WebhookRow:
    failing = webhook.failing_since
    tone, sign = ("good", "●") if webhook.state == "active" else ("bad", "×")
    if webhook.state == "active" and (failing or webhook.parked):
        tone, sign = "warning", "!"
    trouble = webhook.reason or ""
    if failing:
        trouble = say("nothing has arrived since {at}", at=say.instant(failing))
    return WebhookRow(
        id=str(webhook.id),
        address=f"{HERE}/{webhook.id}",
        url=webhook.url,
        types=types_told(webhook, say),
        owner=webhook.owner,
        state=say(webhook.state),
        tone=tone,
        sign=sign,
        trouble=trouble,
        waiting=say.number(webhook.waiting),
        parked=say.number(webhook.parked),
    )


def types_told(webhook: Webhook, say: Speech) -> str:
    """Return the types of events in words; a type of one version is `plantrail.play-won.v1`."""
    names = dict.fromkeys(type.removeprefix("plantrail.").rpartition(".v")[0] or type for type in webhook.types)
    return ", ".join(say(spaced(name)) for name in names) or say("all events")


def attempt_row(attempt: Attempt, say: Speech) -> AttemptRow:
    arrived = attempt.status is not None and 200 <= attempt.status < 300
    reasons = {str(error): words for error, words in REASONS.items()}
    is_test = attempt.event.startswith("test:")
    said = reasons.get(attempt.error or "", attempt.error or "")
    answer = say("it answered {status}", status=attempt.status) if attempt.status else say(said)
    return AttemptRow(
        at=say.instant(attempt.attempted_at),
        event=say("a test") if is_test else attempt.event,
        event_address="" if is_test else f"/events/{attempt.event}",
        answer=answer,
        tone="good" if arrived else "bad",
        sign="●" if arrived else "×",
        milliseconds=say.number(attempt.milliseconds),
    )


class WebhookPages:
    def __init__(
        self,
        webhooks: Webhooks,
        subscriptions: Subscriptions,
        try_out: TryOut,
        now: Callable[[], datetime],
        note_read: NoteRead,
        known: Known,
    ) -> None:
        self._webhooks = webhooks
        self._subscriptions = subscriptions
        self._try_out = try_out
        self._now = now
        self._note_read = note_read
        self._known = known

    async def list(self, request: Request) -> Response:
        return await self._listed(request, FormData([]))

    async def _listed(
        self, request: Request, typed: FormData, errors: Sequence[str] = (), status: int = 200
    ) -> Response:
        caller, say = visitor_of(request).caller, speech_of(request)
        cursor = request.query_params.get("cursor") or None
        page = await run_in_threadpool(self._webhooks.page, owner_limit(caller), cursor)
        view = WebhooksView(
            tabs(request, say),
            [webhook_row(each, say) for each in page.items],
            f"{HERE}?cursor={page.next}" if page.next else "",
            caller.may("feed"),
            {name: typed.get(name, "") for name in TYPED},
            with_blanks(typed.all("plans")),
            with_blanks(typed.all("types")),
            [(format, format == typed.get("format")) for format in get_args(Format)],
            [(name, say(spaced(name))) for name in EVENT_NAMES],
            await run_in_threadpool(self._known.choices, caller),
            errors,
        )
        return render(
            request, "settings/webhooks.html", status, twin=address("/v1/webhooks", {"cursor": cursor or ""}), view=view
        )

    async def make(self, request: Request) -> Response:
        form = await request.form(max_files=0, max_fields=20)
        typed = FormData([(name, str(value).strip()) for name, value in form.multi_items()])
        caller = visitor_of(request).caller
        try:
            wish = WebhookRequest.model_validate(
                {
                    "url": typed.get("url", ""),
                    "types": _words(typed.all("types")),
                    "plans": await run_in_threadpool(self._known.account_ids, typed.all("plans"), caller),
                    "after": typed.get("after") or "now",
                    "format": typed.get("format") or "cloudevents",
                    **{name: typed[name] for name in OF_DIGESTS if typed.get(name)},
                }
            )
            made = await self._subscriptions.begin(wish, caller.actor, caller.plans)
        except ValidationError as error:
            wrong = [_wrong(each, speech_of(request)) for each in error.errors(include_url=False)]
            return await self._listed(request, typed, wrong, 422)
        except REFUSED as error:
            return await self._listed(request, typed, [str(error)], 422)
        return await self._shown(request, made.id, secret=made.secret)

    async def one(self, request: Request) -> Response:
        return await self._shown(request, self._id(request))

    def _id(self, request: Request) -> UUID:
        try:
            return UUID(request.path_params["id"])
        except ValueError:
            raise NoSuchPage(UnknownWebhook.__doc__) from None

    async def _shown(
        self, request: Request, id: UUID, errors: Sequence[str] = (), secret: str = "", status: int = 200
    ) -> Response:
        caller, say = visitor_of(request).caller, speech_of(request)
        owner = owner_limit(caller)
        try:
            webhook = await run_in_threadpool(self._webhooks.get, id, owner)
            attempts = await run_in_threadpool(self._webhooks.attempts, id, owner)
            parked = await run_in_threadpool(self._webhooks.parked, id, owner)
        except UnknownWebhook:
            raise NoSuchPage(UnknownWebhook.__doc__) from None
        plans = {*webhook.plans, *(each.plan for each in parked.items)}
        names = await run_in_threadpool(lambda: {id: self._known.account_name(str(id)) for id in plans})
        view = WebhookView(
            tabs(request, say),
            webhook_row(webhook, say),
            list(facts(webhook, [names[id] for id in webhook.plans], say)),
            [attempt_row(each, say) for each in attempts.items],
            [(names[each.plan], say.instant(each.parked_at), each.reason) for each in parked.items],
            actions(webhook, caller.may("feed") and caller.actor == webhook.owner, say),
            caller.may("feed") and caller.actor == webhook.owner,
            await run_in_threadpool(self._known.choices, caller),
            errors,
            secret,
        )
        answer = render(request, "settings/webhook.html", status, twin=f"/v1/webhooks/{webhook.id}", view=view)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    async def act(self, request: Request) -> Response:
        """Pause, resume, test, rotate the secret of, replay or delete a webhook. Raises `NoSuchPage`."""
        id, caller, what = self._id(request), visitor_of(request).caller, request.path_params["what"]
        if what not in ("pause", "delete") and not caller.may("feed"):
            raise NoSuchPage(UnknownWebhook.__doc__)
        try:
            match what:
                case "pause":
                    reason = f"{caller.actor} paused it."
                    await run_in_threadpool(self._webhooks.pause, id, owner_limit(caller), self._now(), reason)
                case "resume":
                    await run_in_threadpool(self._webhooks.resume, id, caller.actor, self._now())
                case "test":
                    await self._try_out(id, caller.actor)
                case "rotate":
                    rotated = await run_in_threadpool(self._subscriptions.rotate, id, caller.actor)
                    return await self._shown(request, id, secret=rotated.secret)
                case "replay":
                    await self._replay(request, id)
                case "delete":
                    await run_in_threadpool(self._webhooks.delete, id, owner_limit(caller))
                    return RedirectResponse(HERE, 303)
                case _:
                    raise NoSuchPage("There is nothing of this name to do with a webhook.")
        except UnknownWebhook:
            raise NoSuchPage(UnknownWebhook.__doc__) from None
        except REFUSED as error:
            return await self._shown(request, id, [str(error)], status=422)
        return RedirectResponse(f"{HERE}/{id}", 303)

    async def _replay(self, request: Request, id: UUID) -> None:
        form = await request.form(max_files=0, max_fields=10)
        after, plan = (str(form.get(name) or "").strip() or None for name in ("after", "plan"))
        caller = visitor_of(request).caller
        if plan:
            plan = await run_in_threadpool(self._known.account_id, plan, caller)
        wanted = Replay(after=after, plan=plan)
        found = await run_in_threadpool(self._subscriptions.replay, id, caller.actor, wanted, caller.plans)
        if found.personal_data:
            self._note_read(request, None, None)


def _wrong(error: ErrorDetails, say: Speech) -> str:
    where = f"{say(spaced(str(error['loc'][0])))}: " if error["loc"] else ""
    return f"{where}{say.told(predicate(error))}"


def _words(typed: Sequence[str]) -> list[str]:
    return [word for each in typed for word in each.replace(",", " ").split()]


def facts(webhook: Webhook, named: Sequence[str], say: Speech) -> Sequence[tuple[str, str]]:
    plans = ", ".join(named) or say("all plans")
    said = [
        (say("Events"), types_told(webhook, say)),
        (say("Plans"), plans),
        (say("Format"), webhook.format),
        (say("Digest"), f"{webhook.digest}, {webhook.timezone}" if webhook.digest else say("none; events are sent")),
        (say("Words about people"), say("included") if webhook.personal_data else say("left out")),
        (say("Searched up to"), say("position {number}", number=say.number(int(webhook.sequence)))),
        (say("Waiting"), say.counted("{number} plan", "{number} plans", webhook.waiting)),
    ]
    if webhook.person:
        said.append((say("Digest for"), webhook.person))
    if webhook.digest_at:
        said.append((say("Next digest"), say.instant(webhook.digest_at)))
    if webhook.held_until:
        said.append((say("Asked for a pause until"), say.instant(webhook.held_until)))
    if webhook.previous_secret_until:
        said.append((say("The former secret signs until"), say.instant(webhook.previous_secret_until)))
    return said


def actions(webhook: Webhook, is_theirs: bool, say: Speech) -> list[tuple[str, str]]:
    possible = []
    if is_theirs:
        possible.append(("test", say("Send a test")))
        if webhook.state != "active":
            possible.append(("resume", say("Resume")))
    if webhook.state == "active":
        possible.append(("pause", say("Pause")))
    if is_theirs:
        possible.append(("rotate", say("Another secret")))
    return [*possible, ("delete", say("Delete"))]


def routes(pages: WebhookPages, guard: PageGuard) -> list[Route]:
    return [
        guard.page(HERE, pages.list, "own-endpoints", "webhooks-page"),
        guard.form(HERE, pages.make, "feed", "webhook-made", HERE),
        guard.page(f"{HERE}/{{id}}", pages.one, "own-endpoints", "webhook-page"),
        guard.form(f"{HERE}/{{id}}/{{what}}", pages.act, "own-endpoints", "webhook-changed", HERE),
    ]
