"""The pages on which commands are entered: the list of all commands, each form, and the outcome."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.http.commands import CommandEndpoints
from adapters.http.resources import Resource
from adapters.rendering.words import spaced
from adapters.web.errors import NoSuchPage
from adapters.web.forms.form import CommandForm, FormData, FormField, Offered, blame, command_of, field_filled, form_of
from adapters.web.forms.loaded_once import given_in, to_address_with_key
from adapters.web.forms.sending import NotRecorded, send
from adapters.web.guard import KEY, MOST_FIELDS, PageGuard, visitor_of
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.pages import AggregatePages
from adapters.web.plan.presenter import PlanHead
from adapters.web.sign_in.targets import target_in
from application.aggregates.access import Caller, Right, check_right, right_to
from application.library.from_library import NAMING
from domain.language import Caution, Command
from domain.program.limits import Policy

Previews = Mapping[str, Callable[[AggregateRequest[Any], str], object]]
"""Previews of commands that cannot be undone: what each would do to the thing with an id; None if there is none."""


@dataclass(frozen=True)
class CommandLink:
    """A command in the list of all."""

    address: str
    title: str
    about: str
    words: str
    """The words by which it is found."""
    fills: str
    """The field that takes what is typed after its name; empty if none does."""


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
    """The version of the plan that the form was filled in for."""
    preview: object
    """What the command would do, if it cannot be undone; None for others."""
    whom: FormField | None
    """The input for the person, which comes first if the form needs a preview."""
    key: str
    """The idempotency key of this form, under which it is recorded once."""


@dataclass(frozen=True)
class DoneView:
    head: PlanHead
    sentence: str
    warnings: Sequence[Caution]
    events: Sequence[tuple[str, str]]
    again: str
    back: str
    """The page from which the form was sent."""


def form_path(path: str, name: str) -> str:
    return f"{path}/do/{name}"


Library = Callable[[], Offered]
"""Returns the items that the program's library offers to commands."""


async def offered_to(command: type[Command], library: Library) -> Offered:
    return await run_in_threadpool(library) if NAMING.keys() & command.model_fields.keys() else {}


def commands_view(resource: Resource, asked: AggregateRequest[Any], caller: Caller, policy: Policy) -> CommandsView:
    """Return the commands that the caller may carry out, by section."""
    say = asked.say
    found: dict[str, list[CommandLink]] = {section: [] for section in resource.of.sections}
    for name, command in resource.commands.items():
        if name != resource.opening.called() and caller.may(right_to(command)):
            about, title = say.about(" ".join((command.__doc__ or "").split()), policy), say(spaced(name))
            words = f"{name} {title}".casefold()
            link = CommandLink(form_path(asked.path, name), title, about, words, field_filled(command))
            found[command.home].append(link)
    sections = [(say(spaced(section)), links) for section, links in found.items() if links]
    return CommandsView(asked.head, sections)


class CommandPages:
    def __init__(
        self,
        pages: AggregatePages[Any],
        desk: CommandEndpoints,
        library: Library,
        make_id: Callable[[], UUID],
        previews: Previews,
    ) -> None:
        self._library = library
        self._pages = pages
        self._previews = previews
        self._desk = desk
        self._make_id = make_id

    def _new_key(self) -> str:
        return str(self._make_id())

    async def asked(self, request: Request) -> tuple[AggregateRequest[Any], type[Command]]:
        """Return the current aggregate and the command. Raises `NoSuchPage`."""
        name, resource = request.path_params["command"], self._desk.resource
        if name not in resource.commands or name == resource.opening.called():
            raise NoSuchPage(f"There is no command “{name}”.")
        command = resource.commands[name]
        check_right(visitor_of(request).caller.role, right_to(command))
        return await self._pages.asked(request), command

    async def all(self, request: Request) -> Response:
        asked, caller = await self._pages.asked(request), visitor_of(request).caller
        return await run_in_threadpool(
            lambda: self._pages.rendered(
                asked,
                "forms/commands.html",
                commands_view(self._desk.resource, asked, caller, self._pages.policy(asked)),
            )
        )

    async def form(self, request: Request) -> Response:
        asked, model = await self.asked(request)
        if elsewhere := to_address_with_key(request, self._make_id):
            return elsewhere
        form = await self._form(asked, model, given_in(request))
        return await run_in_threadpool(self._shown, asked, form, request.query_params[KEY])

    async def sent(self, request: Request) -> Response:
        asked, model = await self.asked(request)
        data = FormData(
            [(key, str(value)) for key, value in (await request.form(max_fields=MOST_FIELDS)).multi_items()]
        )
        form, key = await self._form(asked, model, data), data.get(KEY) or self._new_key()
        command = command_of(form, model, data, asked.known.state, asked.cut.date, asked.say)
        if command is None:
            return await run_in_threadpool(self._shown, asked, form, key, 422)
        try:
            return await self._recorded(request, asked, model.called(), command, data.but(KEY, key))
        except NotRecorded as error:
            for sentence in error.sentences:
                blame(form, error.pointer, sentence)
            key = key if error.status == 409 else self._new_key()
            return await run_in_threadpool(self._shown, asked, form, key, error.status)

    async def _recorded(
        self, request: Request, asked: AggregateRequest[Any], name: str, command: Command, data: FormData
    ) -> Response:
        outcome = await send(self._desk, request, name, [command], data, asked.say)
        path, [done] = asked.path, outcome.done
        now = await self._pages.asked(request)
        events = [
            (f"{path}?as_of=version:{version}", f"{version} · {asked.say(spaced(event))}")
            for version, event in done.events.items()
        ]
        sentence = asked.say("Recorded.") if events else asked.say("That is so already, so nothing was recorded.")
        if events and outcome.replayed:
            sentence = asked.say("Recorded. This form was sent more than once, and is on record once.")
        back = target_in(data.get("back"), path)
        view = DoneView(now.head, sentence, done.warnings, events, form_path(path, name), back)
        return await run_in_threadpool(self._pages.rendered, now, "forms/done.html", view)

    async def _form(self, asked: AggregateRequest[Any], model: type[Command], given: FormData) -> CommandForm:
        pages, offered = self._pages, await offered_to(model, self._library)
        people, before = pages.people(asked), pages.before(model.called(), asked)
        policy = pages.policy(asked)
        return form_of(model, pages.of, asked.known.state, people, asked.say, given, before, offered, policy)

    def _shown(self, asked: AggregateRequest[Any], form: CommandForm, key: str, status: int = 200) -> Response:
        of_one = self._previews.get(form.command)
        id = next((each.value for each in form.fields() if each.name == "id"), "")
        preview = of_one(asked, id) if of_one and id else None
        whom = next((each for each in form.fields() if each.name == "id"), None) if of_one and not preview else None
        view = FormView(asked.head, form, form_path(asked.path, form.command), asked.known.version, preview, whom, key)
        return self._pages.rendered(asked, "forms/page.html", view, status)


def routes(
    pages: AggregatePages[Any],
    path: str,
    view: Right,
    desk: CommandEndpoints,
    library: Library,
    guard: PageGuard,
    make_id: Callable[[], UUID],
    previews: Previews = MappingProxyType({}),
) -> list[Route]:
    """Return the routes for one type of aggregate, whose first page has this path. `view` is the right to see it."""
    forms, noun = CommandPages(pages, desk, library, make_id, previews), pages.of.noun
    return [
        guard.page(f"{path}/do", forms.all, view, f"{noun}-commands-page"),
        guard.page(f"{path}/do/{{command}}", forms.form, view, f"{noun}-command-form"),
        guard.page(f"{path}/do/{{command}}", forms.sent, view, f"{noun}-command-sent", "POST"),
    ]
