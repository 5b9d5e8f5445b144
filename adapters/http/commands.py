"""A route for every command, generated from the command models, and a route for lists of commands."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from typing import Any
from uuid import UUID

import structlog
from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.routing import Route

from adapters.http.command_answers import answer, answers, would_answer
from adapters.http.command_lists import listed_commands
from adapters.http.guard import Guard
from adapters.http.parameters import check_parameters
from adapters.http.problems import body_read, rejected_parameter, type_of
from adapters.http.request_headers import headers_of
from adapters.http.requests import (
    NoteRead,
    body_of,
    caller_of,
    context,
    idempotency_key,
    sealed_key,
    version_seen,
)
from adapters.http.resources import Resource
from adapters.http.routing import RoutesByName
from adapters.observability.metrics import Metrics
from application.aggregates.access import Caller, check_right, right_to
from application.aggregates.erasures import Erasures
from application.aggregates.handle import Aggregates, CommandRefused, KeyReused, Outcome, VersionConflict
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.pending import Done
from application.aggregates.ports import CommandContext, Heads, StoreBusy, StoreUnavailable
from application.aggregates.read import first_there
from application.library.from_library import needs_library
from domain.account_plan.forgetting import ForgetStakeholder
from domain.language import Caution, Command, Refusal, shortened

MOST_AT_ONCE = 64
QUEUE_TIMEOUT_SECONDS = 1.0
"""Seconds for which a command may wait for a thread. After that it is refused."""

FAILED: dict[type[Exception], str] = {
    Refusal: "refused",
    CommandRefused: "refused",
    VersionConflict: "conflict",
    KeyReused: "refused",
    StoreUnavailable: "unavailable",
}
logger = structlog.get_logger("plantrail.commands")


Library = Callable[[Command], Sequence[Command]]
"""Translates a command that names an item of the library into commands of a plan. Raises `Refusal`."""

About = Callable[[Command], Iterable[Caution]]
"""Returns warnings about what a command of a plan names in the program. Raises `StoreUnavailable`."""

CheckSeen = Callable[[Caller, Command], None]
"""Raises `Refusal` where a command would show others what its caller may not see."""


def routes(desk: "CommandEndpoints", guard: Guard) -> RoutesByName:
    resource, commands = desk.resource, desk.resource.commands
    endpoints = {name: desk.endpoint(name, command) for name, command in commands.items()} | {"commands": desk.several}
    return RoutesByName(
        guard.before(
            Route(resource.path_of(name), endpoint, methods=["POST"], name=name), resource.right_needed_for(name)
        )
        for name, endpoint in endpoints.items()
    )


class CommandEndpoints:
    """Receives commands, lets the aggregates of one type carry them out, and answers with the outcome."""

    def __init__(
        self,
        resource: Resource,
        aggregates: Aggregates[Any],
        may_know: Callable[[Caller, UUID], Awaitable[bool]],
        erasures: Erasures,
        secret: bytes,
        metrics: Metrics,
        heads: Heads,
        note_read: NoteRead,
        library: Library | None = None,
        check_seen: CheckSeen = lambda _caller, _command: None,
        about: About = lambda _command: (),
    ) -> None:
        self.resource = resource
        self._aggregates = aggregates
        self._may_know = may_know
        self._erasures = erasures
        self._secret = secret
        self._numbers = metrics.commands
        self._heads = heads
        self._note_read = note_read
        self._library = library
        self._check_seen = check_seen
        self._about = about
        self._threads = CapacityLimiter(MOST_AT_ONCE)

    def endpoint(self, name: str, model: type[Command]) -> Callable[[Request], Awaitable[Response]]:
        async def one(request: Request) -> Response:
            body = await body_of(request)
            command = body_read(model, body)
            if is_dry_run(request):
                return would_answer(answer(self.resource, None, await self._tried(request, [command])))
            outcome, log = await self._handled(request, name, [command])
            if isinstance(command, ForgetStakeholder):
                confirmed = await run_in_threadpool(self._erasures.confirmed, outcome.aggregate_id, command.id)
                return answer(self.resource, log, outcome, confirmed)
            return answer(self.resource, log, outcome)

        return one

    async def several(self, request: Request) -> Response:
        commands = listed_commands(self.resource, await body_of(request))
        try:
            if is_dry_run(request):
                return would_answer(answers(self.resource, None, await self._tried(request, commands), commands))
            outcome, log = await self._handled(request, "commands", commands)
        except self.resource.of.not_open:
            raise
        except Refusal as refusal:
            raise CommandRefused(0, refusal) from None
        return answers(self.resource, log, outcome, commands)

    def now(self) -> datetime:
        return self._aggregates.now()

    async def _handled(self, request: Request, route: str, commands: Sequence[Command]) -> tuple[Outcome, UUID]:
        """Carry out the commands. Returns the outcome, and the id of the log on which it was recorded."""
        said, log = context(request, caller_of(request)), await self._log(request)
        seen, key = version_seen(request, log), idempotency_key(request)
        return await self.carry_out(request, route, commands, said, seen, key), log

    async def carry_out(
        self,
        request: Request,
        route: str,
        commands: Sequence[Command],
        said: CommandContext,
        seen: int | None,
        given: str | None,
    ) -> Outcome:
        """Carry out all of the commands or none.

        `seen` is the version that the caller has seen; another version raises `VersionConflict`. `given` is the
        idempotency key; the same key with the same body is answered as before. Raises what `Aggregates.handle` raises,
        and `CallerNotAllowed`.
        """
        caller = caller_of(request)
        body = canonical(commands)

        def on(id: UUID) -> Outcome:
            with self._told_of_one(commands):
                put = self._put(caller, id, commands)
                # It is read first: a store that fails once the commands are recorded would be told as their failure.
                about = self._about_each(commands, put)
                return self._grouped(handled(id, list(chain(*put))), put, about)

        def handled(id: UUID, parts: Sequence[Command]) -> Outcome:
            # The body of an opening command names its aggregate, the route does not.
            where = route if self._opens(commands) else f"{route} {id}"
            key = sealed_key(self._secret, caller, where, given, body) if given else None
            check = self._check_of(caller, parts)
            return self._aggregates.handle(id, parts, said, if_match=seen, key=key, check=check)

        try:
            if "foregone" in request.scope:
                raise request.scope["foregone"]
            ids = await self._named_ids(request, commands)
            outcome = await self._in_a_thread(lambda: first_there(self.resource.of, ids, on))
        except tuple(FAILED) as error:
            # The problem tells the caller which events happened meanwhile.
            if isinstance(error, VersionConflict) and caller.may(self.resource.view):
                self._note_read(request, error.known.id, f"version:{error.current_version}")
            self._tell_failed(request, error, route, commands)
            raise
        self._tell_done(request, outcome, commands)
        return outcome

    async def carry_out_async(
        self, request: Request, route: str, command: Command, named: Mapping[str, str]
    ) -> Response | None:
        """Carry out one command on the event loop, without a thread, and answer it. Returns None where the command
        needs `carry_out`.

        Raises `Rejected`, `StoreUnavailable`.
        """
        if needs_library(command):
            return None
        caller, given, id = caller_of(request), idempotency_key(request), self.resource.named(named)[0]
        said, commands, log = context(request, caller), [command], await self._log(request)
        key = sealed_key(self._secret, caller, f"{route} {id}", given, canonical(commands)) if given else None
        outcome = await self._aggregates.handle_async(
            id, commands, said, if_match=version_seen(request, log), key=key, check=self._check_of(caller, commands)
        )
        if outcome is None:
            return None
        self._tell_done(request, outcome, commands)
        return answer(self.resource, log, outcome)

    def _put(self, caller: Caller, id: UUID, commands: Sequence[Command]) -> Sequence[Sequence[Command]]:
        """Return for each command the commands it stands for: itself, or those that the library makes of it.

        Raises what `application.library.from_library` raises, and what the check of the caller's rights raises.
        """
        library = self._library
        if library is None or not any(map(needs_library, commands)):
            return [[command] for command in commands]
        # The check comes first, so that nobody learns about the library through a plan they may not see.
        if not self._opens(commands):
            self._check_of(caller, commands)(self._aggregates.read(id))
        put = [library(command) for command in commands]
        for each in chain(*put):
            check_right(caller.role, right_to(type(each)))
        return put

    def _about_each(self, sent: Sequence[Command], put: Sequence[Sequence[Command]]) -> Sequence[Sequence[Caution]]:
        """Return for each command that was sent the warnings about what it names in the program, and what the commands
        name that the library made of it. Raises `StoreUnavailable`."""
        all_of_each = [[each, *(one for one in made if one is not each)] for each, made in zip(sent, put, strict=True)]
        return [list(chain.from_iterable(map(self._about, each))) for each in all_of_each]

    def _grouped(
        self, outcome: Outcome, put: Sequence[Sequence[Command]], about: Sequence[Sequence[Caution]]
    ) -> Outcome:
        """Return the outcome with one part for each command that was sent, even where the library made several of
        it."""
        rest = iter(outcome.done)
        done = [together([next(rest) for _ in each]) for each in put]
        return outcome._replace(
            done=[of_one._replace(warnings=[*of_one.warnings, *more]) for of_one, more in zip(done, about, strict=True)]
        )

    @contextmanager
    def _told_of_one(self, commands: Sequence[Command]) -> Iterator[None]:
        """Raise the refusal itself where one command was sent. Where several were sent, `CommandRefused` says which was
        refused."""
        try:
            yield
        except CommandRefused as error:
            if len(commands) > 1:
                raise
            raise error.refusal from None

    async def _log(self, request: Request) -> UUID:
        """Return the id of the current log. A request with `If-Match` asks the store for it, because its version
        depends on it."""
        seen = None if "if-match" in headers_of(request.scope) else self._heads.seen_log
        return seen or await self._heads.log()

    async def _tried(self, request: Request, commands: Sequence[Command]) -> Outcome:
        """Return the outcome that the commands would have, without recording it. Raises what `carry_out` raises."""
        caller, seen = caller_of(request), version_seen(request, await self._log(request))
        said = context(request, caller)

        def on(id: UUID) -> Outcome:
            with self._told_of_one(commands):
                put = self._put(caller, id, commands)
                parts = list(chain(*put))
                check = self._check_of(caller, parts)
                about = self._about_each(commands, put)
                return self._grouped(self._aggregates.tried(id, parts, said, if_match=seen, check=check), put, about)

        ids = await self._named_ids(request, commands)
        return await self._in_a_thread(lambda: first_there(self.resource.of, ids, on))

    async def _named_ids(self, request: Request, commands: Sequence[Command]) -> list[UUID]:
        """Return the ids that the path may mean, or that the body opens. Leaves out aggregates that the caller
        certainly may not see, so that they are not even read."""
        if self._opens(commands):
            return [self.resource.of.opening.id_of(commands[0])]
        caller, ids = caller_of(request), list(self.resource.named(request.path_params))
        known = [id for id in ids if await self._may_know(caller, id)]
        if known:
            return known
        others = [await run_in_threadpool(self._aggregates.named_by, id) for id in ids]
        return [other for other in others if other and await self._may_know(caller, other)]

    def _opens(self, commands: Sequence[Command]) -> bool:
        return isinstance(commands[0], self.resource.opening)

    def _check_of(self, caller: Caller, commands: Sequence[Command]) -> Callable[[LoadedAggregate[Any]], None]:
        """Return a check of the caller's rights. It runs on the same state of the aggregate that decides the
        commands."""

        def check(known: LoadedAggregate[Any]) -> None:
            caller.check(known, commands, self._aggregates.now())
            for command in commands:
                self._check_seen(caller, command)

        return check

    async def _in_a_thread(self, work: Callable[[], Outcome]) -> Outcome:
        """Run in a thread of the pool for commands, so that commands waiting for the store do not block views."""
        try:
            with fail_after(QUEUE_TIMEOUT_SECONDS):
                return await run_sync(work, limiter=self._threads)
        except TimeoutError:
            raise StoreBusy(StoreBusy.__doc__) from None

    def _tell_done(self, request: Request, outcome: Outcome, commands: Sequence[Command]) -> None:
        """Log and count the commands that were carried out. A single command is logged in the line of its request; each
        of several has a line of its own."""
        request.scope["log_fields"] |= self._named(outcome)
        for command, done in zip(commands, outcome.done, strict=True):
            word = "replayed" if outcome.replayed else "done"
            events = 0 if outcome.replayed else len(done.events)
            name = command.called()
            self._numbers.answered(name, word, events)
            self._tell(request, len(commands) > 1, name, word, events, version=outcome.version)

    def _tell(self, request: Request, of_several: bool, command: str, outcome: str, events: int, **more: Any) -> None:
        told = {"command": command, "outcome": outcome, "events": events, **more}
        if of_several:
            logger.info("command", request_id=request.scope["request_id"], **request.scope["log_fields"], **told)
        else:
            request.scope["log_fields"] |= told

    def _named(self, outcome: Outcome) -> dict[str, str]:
        """Return the id of the aggregate under the name that log lines use for it."""
        return {f"{self.resource.of.noun}_id": str(outcome.aggregate_id)}

    def _tell_failed(self, request: Request, error: Exception, route: str, commands: Sequence[Command]) -> None:
        name = commands[error.place].called() if isinstance(error, CommandRefused) else route
        word = next(word for kind, word in FAILED.items() if isinstance(error, kind))
        self._numbers.answered(name, word)
        self._tell(request, len(commands) > 1, name, word, 0, error=type_of(error))


def together(done: Sequence[Done]) -> Done:
    """Return the outcomes of several commands as one, under the subject of the first."""
    events = {version: type for each in done for version, type in each.events.items()}
    return done[0]._replace(events=events, warnings=[caution for each in done for caution in each.warnings])


def is_dry_run(request: Request) -> bool:
    """Return the query parameter `dry_run`: whether nothing is to be recorded. Raises `Rejected` unless it is true or
    false."""
    if request.scope["query_string"]:
        check_parameters(request.scope, ("dry_run",))
    asked = request.query_params.get("dry_run", "false")
    if asked not in ("true", "false"):
        raise rejected_parameter("dry_run", "invalid-parameters", f"“{shortened(asked)}” must be true or false.")
    return asked == "true"


def canonical(commands: Sequence[Command]) -> bytes:
    """Return the same bytes for bodies with the same meaning. An empty field differs from a missing one."""
    return b"\n".join(
        f"{command.called()} {command.model_dump_json(exclude_unset=True)}".encode() for command in commands
    )
