"""The pages on which commands are typed: all of them, each form, and what came of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import get_args
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.commands import CommandDesk
from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.forms.form import CommandForm, FormData, blame, command_of, form_of
from adapters.web.forms.sending import NotRecorded, send
from adapters.web.guard import PageGuard, visitor_of
from adapters.web.plan.pages import PlanPages, PlanRequest
from adapters.web.plan.presenter import PlanHead, head, plan_path
from application.aggregates.access import Caller, check_right, right_to
from domain.account_plan import COMMANDS
from domain.account_plan.language import Section
from domain.account_plan.plan import OpenPlan, the_plan
from domain.account_plan.team import Member
from domain.language import Caution, Command

MOST_FIELDS = 2_000


@dataclass(frozen=True)
class CommandLink:
    """A command in the list of all."""

    address: str
    title: str
    about: str
    words: str
    """What it is found by."""


@dataclass(frozen=True)
class CommandsView:
    head: PlanHead
    sections: Sequence[tuple[str, Sequence[CommandLink]]]


@dataclass(frozen=True)
class FormView:
    head: PlanHead
    form: CommandForm
    action: str
    expected: int
    """The version of the plan the form was filled in against."""
    key: str
    """Of this form: however often it is sent, it is recorded once."""


@dataclass(frozen=True)
class DoneView:
    head: PlanHead
    sentence: str
    warnings: Sequence[Caution]
    events: Sequence[tuple[str, str]]
    again: str


def form_path(path: str, name: str) -> str:
    return f"{path}/do/{name}"


def commands_view(asked: PlanRequest, caller: Caller) -> CommandsView:
    """Those the caller may carry out, by section."""
    card, say = the_plan(asked.known.state), asked.say
    found: dict[str, list[CommandLink]] = {section: [] for section in get_args(Section)}
    for name, command in COMMANDS.items():
        if command is not OpenPlan and caller.may(right_to(command)):
            about, title = " ".join((command.__doc__ or "").split()), say(spaced(name))
            link = CommandLink(form_path(plan_path(card), name), title, about, f"{name} {title}".casefold())
            found[command.home].append(link)
    sections = [(say(spaced(section)), links) for section, links in found.items() if links]
    return CommandsView(head(card, asked.cut, say), sections)


def people_of(asked: PlanRequest) -> list[str]:
    """Those of ours the plan knows: its owner and everybody who was ever on its team."""
    plan = asked.known.state
    return sorted({the_plan(plan).owner, *(member.person for member in plan.all(Member).values())})


class CommandPages:
    def __init__(self, pages: PlanPages, desk: CommandDesk, make_id: Callable[[], UUID]) -> None:
        self._pages = pages
        self._desk = desk
        self._make_id = make_id

    def _new_key(self) -> str:
        return str(self._make_id())

    async def asked(self, request: Request) -> tuple[PlanRequest, str]:
        """The plan as it is now, and the command.  Raises `NoSuchPage`."""
        name = request.path_params["command"]
        if name not in COMMANDS or COMMANDS[name] is OpenPlan:
            raise NoSuchPage(f"There is no command “{name}”.")
        check_right(visitor_of(request).caller.role, right_to(COMMANDS[name]))
        return await self._pages.asked(request), name

    async def all(self, request: Request) -> Response:
        asked, caller = await self._pages.asked(request), visitor_of(request).caller
        return await run_in_threadpool(
            lambda: self._pages.rendered(asked, "forms/commands.html", commands_view(asked, caller))
        )

    async def form(self, request: Request) -> Response:
        asked, name = await self.asked(request)
        given = FormData(request.query_params.multi_items())
        return await run_in_threadpool(self._shown, asked, self._form(asked, name, given), self._new_key())

    async def sent(self, request: Request) -> Response:
        asked, name = await self.asked(request)
        data = FormData(
            [(key, str(value)) for key, value in (await request.form(max_fields=MOST_FIELDS)).multi_items()]
        )
        form, key = self._form(asked, name, data), data.get("idempotency-key") or self._new_key()
        command = command_of(form, data, asked.known.state, asked.cut.date)
        if command is None:
            return await run_in_threadpool(self._shown, asked, form, key, 422)
        try:
            return await self._recorded(request, asked, name, command, data.but("idempotency-key", key))
        except NotRecorded as error:
            for sentence in error.sentences:
                blame(form, error.pointer, sentence)
            key = key if error.status == 409 else self._new_key()
            return await run_in_threadpool(self._shown, asked, form, key, error.status)

    async def _recorded(
        self, request: Request, asked: PlanRequest, name: str, command: Command, data: FormData
    ) -> Response:
        outcome = await send(self._desk, request, name, [command], data, asked.say)
        path, [done] = plan_path(the_plan(asked.known.state)), outcome.done
        now = await self._pages.asked(request)
        events = [
            (f"{path}?as_of=version:{version}", f"{version} · {asked.say(spaced(event))}")
            for version, event in done.events.items()
        ]
        sentence = asked.say("Recorded.") if events else asked.say("That is so already, so nothing was recorded.")
        view = DoneView(
            head(the_plan(now.known.state), now.cut, now.say), sentence, done.warnings, events, form_path(path, name)
        )
        return await run_in_threadpool(self._pages.rendered, now, "forms/done.html", view)

    def _form(self, asked: PlanRequest, name: str, given: FormData) -> CommandForm:
        return form_of(name, asked.known.state, people_of(asked), asked.say, given)

    def _shown(self, asked: PlanRequest, form: CommandForm, key: str, status: int = 200) -> Response:
        card = the_plan(asked.known.state)
        action = form_path(plan_path(card), form.command)
        view = FormView(head(card, asked.cut, asked.say), form, action, asked.known.version, key)
        return self._pages.rendered(asked, "forms/page.html", view, status)


def routes(plan_pages: PlanPages, desk: CommandDesk, guard: PageGuard, make_id: Callable[[], UUID]) -> list[Route]:
    pages = CommandPages(plan_pages, desk, make_id)
    return [
        guard.page("/plans/{plan}/do", pages.all, "view", "commands-page"),
        guard.page("/plans/{plan}/do/{command}", pages.form, "view", "command-form"),
        guard.page("/plans/{plan}/do/{command}", pages.sent, "view", "command-sent", "POST"),
    ]
