"""The forms that open a plan or the program."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapters.http.commands import CommandEndpoints
from adapters.web.forms.form import CommandForm, FormData, blame, command_of, form_of
from adapters.web.forms.loaded_once import given_in, to_address_with_key
from adapters.web.forms.pages import Library, offered_to
from adapters.web.forms.sending import NotRecorded, send
from adapters.web.guard import KEY, MOST_FIELDS, PageGuard, visitor_of
from adapters.web.templates import render, speech_of
from application.aggregates.access import right_to
from domain.aggregates import AggregateType
from domain.language import Command
from domain.things import day_of


@dataclass(frozen=True)
class OpeningForm:
    """The form that opens an aggregate."""

    form: CommandForm
    action: str
    key: str
    back: str


class OpeningPages:
    """The pages for opening aggregates of one type."""

    def __init__(
        self,
        desk: CommandEndpoints,
        library: Library,
        action: str,
        home: Callable[[Any], str],
        back: str,
        make_id: Callable[[], UUID],
    ) -> None:
        """`home` returns the address of the first page of an aggregate that a command has opened."""
        self._desk = desk
        self._library = library
        self._action = action
        self._home = home
        self._back = back
        self._make_id = make_id

    @property
    def of(self) -> AggregateType[Any]:
        return self._desk.resource.of

    @property
    def command(self) -> type[Command]:
        """The command that the form makes. A plan may be opened with a template."""
        resource = self._desk.resource
        return resource.commands[resource.opening.called()]

    async def _form(self, request: Request, given: FormData | None) -> CommandForm:
        people = [visitor_of(request).caller.actor]
        before = {"owner": people[0], "timezone": "UTC"}
        offered = await offered_to(self.command, self._library)
        return form_of(self.command, self.of, self.of.empty, people, speech_of(request), given, before, offered)

    async def form(self, request: Request) -> Response:
        if elsewhere := to_address_with_key(request, self._make_id):
            return elsewhere
        given = given_in(request)
        return self._shown(request, await self._form(request, given if len(given) else None), request.query_params[KEY])

    async def sent(self, request: Request) -> Response:
        sent = (await request.form(max_fields=MOST_FIELDS)).multi_items()
        data = FormData([(name, str(value)) for name, value in sent])
        form, say = await self._form(request, data), speech_of(request)
        today = day_of(self._desk.now(), "UTC")
        command = command_of(form, self.command, data, self.of.empty, today, speech_of(request))
        key = data.get(KEY) or str(self._make_id())
        if command is None:
            return await run_in_threadpool(self._shown, request, form, key, 422)
        try:
            await send(self._desk, request, self.command.called(), [command], data, say)
        except NotRecorded as error:
            for sentence in error.sentences:
                blame(form, error.pointer, sentence)
            return await run_in_threadpool(self._shown, request, form, key, error.status)
        return RedirectResponse(self._home(command), 303)

    def _shown(self, request: Request, form: CommandForm, key: str, status: int = 200) -> Response:
        view = OpeningForm(form, self._action, key, self._back)
        return render(request, "forms/opening.html", status, view=view)

    def routes(self, guard: PageGuard) -> list[Route]:
        right, noun = right_to(self.command), self.of.noun
        return [
            guard.page(self._action, self.form, right, f"{noun}-opening-form"),
            guard.page(self._action, self.sent, right, f"{noun}-opened", "POST"),
        ]
