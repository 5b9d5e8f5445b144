"""A route for every command, generated from the command models, and one for lists of commands, all or nothing."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Annotated, Any, Literal, Union
from uuid import UUID

import structlog
from anyio import CapacityLimiter, fail_after
from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import ErrorDetails
from starlette.routing import Route

from adapters.events.cloud_events import type_of as event_type
from adapters.http.conditional import etag
from adapters.http.guard import Guard
from adapters.http.problems import FieldError, field_error, rejected_body, type_of
from adapters.http.requests import (
    NoteRead,
    body_of,
    caller_of,
    context,
    idempotency_key,
    sealed_key,
    version_seen,
)
from adapters.http.routing import RoutesByName
from adapters.observability.metrics import Metrics
from application.aggregates.access import Right, check_right, right_to
from application.aggregates.erasures import Certificate, Erasures
from application.aggregates.handle import Aggregates, CommandRefused, KeyReused, Outcome, VersionConflict
from application.aggregates.ports import CommandContext, StoreBusy, StoreUnavailable
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan import COMMANDS
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import OpenPlan, PlanNotOpen, plan_id_of
from domain.account_plan.stakeholders import ForgetStakeholder
from domain.language import Caution, Command, Refusal

MOST_COMMANDS = 100
MOST_AT_ONCE = 64
QUEUE_TIMEOUT_SECONDS = 1.0
"""Seconds for which a command waits for its turn in this process. If more is waiting than that, it is refused at
once."""

FAILED: dict[type[Exception], str] = {
    Refusal: "refused",
    CommandRefused: "refused",
    VersionConflict: "conflict",
    KeyReused: "refused",
    StoreUnavailable: "unavailable",
}
logger = structlog.get_logger("plantrail.commands")


class EventReference(BaseModel):
    """A recorded event. `type` is the same as in the feed."""

    id: str
    type: str


class Result(BaseModel):
    """The outcome of one command of a list."""

    command: str
    id: str | None
    events: list[EventReference]
    warnings: list[Caution]


class CommandAnswer(BaseModel):
    """The outcome of a command. Without events, there was nothing to change."""

    plan_id: str
    version: int
    position: int = Field(
        description="The position of the plan's last event on the log of all plans, for `at_least` of lists of plans."
    )
    id: str | None = Field(
        description="The id of the thing that the command was about, possibly generated; null for a list."
    )
    events: list[EventReference]
    warnings: list[Caution]


class CommandsAnswer(CommandAnswer):
    """The outcome of a list of commands: all events, and for each command its own outcome in `results`."""

    results: list[Result]


class ErasureAnswer(CommandAnswer):
    """The outcome of forgetting somebody."""

    certificate: Certificate


def _listed(name: str, command: type[Command]) -> type[BaseModel]:
    fields: dict[str, Any] = {"command": (Literal[name], ...), "body": (command, ...)}
    return create_model(f"Listed{command.__name__}", __config__=ConfigDict(extra="forbid"), **fields)


LISTABLE = {name: command for name, command in COMMANDS.items() if command is not OpenPlan}


@cache
def listed() -> TypeAdapter[list[Any]]:
    """Return the validator of lists of commands. It is built at first use, because that takes as long as the rest of a
    start."""
    any_listed: Any = Union[tuple(_listed(name, command) for name, command in LISTABLE.items())]  # noqa: UP007
    many: Any = list[Annotated[any_listed, Discriminator("command")]]
    return TypeAdapter(Annotated[many, Field(min_length=1, max_length=MOST_COMMANDS)])


def path_of(name: str) -> str:
    return "/v1/plans" if COMMANDS.get(name) is OpenPlan else f"/v1/plans/{{plan}}/{name}"


def right_needed_for(name: str) -> Right:
    """Return the right that a route requires. A list requires in addition the rights of each of its commands."""
    return right_to(COMMANDS[name]) if name in COMMANDS else "command"


def routes(desk: "CommandDesk", guard: Guard) -> RoutesByName:
    endpoints = {name: desk.endpoint(name, command) for name, command in COMMANDS.items()} | {"commands": desk.several}
    return RoutesByName(
        guard.before(Route(path_of(name), endpoint, methods=["POST"], name=name), right_needed_for(name))
        for name, endpoint in endpoints.items()
    )


class CommandDesk:
    """Reads commands from requests, has them carried out, and answers their outcome."""

    def __init__(
        self, plans: Aggregates[AccountPlan], erasures: Erasures, secret: bytes, metrics: Metrics, note_read: NoteRead
    ) -> None:
        self._plans = plans
        self._erasures = erasures
        self._secret = secret
        self._numbers = metrics
        self._note_read = note_read
        self._threads = CapacityLimiter(MOST_AT_ONCE)

    def endpoint(self, name: str, model: type[Command]) -> Callable[[Request], Awaitable[Response]]:
        async def one(request: Request) -> Response:
            body = await body_of(request)
            try:
                command = model.model_validate_json(body)
            except ValidationError as error:
                raise rejected_body(error) from None
            outcome = await self._handled(request, name, [command])
            if isinstance(command, ForgetStakeholder):
                confirmed = await run_in_threadpool(self._erasures.confirmed, outcome.aggregate_id, command.id)
                return answer(outcome, [command], confirmed)
            return answer(outcome, [command])

        return one

    async def several(self, request: Request) -> Response:
        commands = listed_commands(await body_of(request))
        try:
            outcome = await self._handled(request, "commands", commands)
        except PlanNotOpen:
            raise
        except Refusal as refusal:
            raise CommandRefused(0, refusal) from None
        return answers(outcome, commands)

    async def _handled(self, request: Request, route: str, commands: Sequence[Command]) -> Outcome:
        said = context(request, caller_of(request))
        return await self.carry_out(request, route, commands, said, version_seen(request), idempotency_key(request))

    async def carry_out(
        self,
        request: Request,
        route: str,
        commands: Sequence[Command],
        said: CommandContext,
        seen: int | None,
        given: str | None,
    ) -> Outcome:
        """Carry out all of the commands or none. They are decided at the version `seen`, if given, and once under the
        key `given`.

        Raises what `Aggregates.handle` raises, and `CallerNotAllowed`.
        """
        caller = caller_of(request)
        body = canonical(commands)
        account_id = getattr(commands[0], "account_id", None)

        def check(known: LoadedPlan) -> None:
            caller.check(known, commands, self._plans.now())
            for command in commands:
                check_right(caller.role, right_to(type(command)))

        def on(plan_id: UUID) -> Outcome:
            # The body says which plan is opened, not the route.
            where = route if account_id else f"{route} {plan_id}"
            key = sealed_key(self._secret, caller, where, given, body) if given else None
            return self._plans.handle(plan_id, commands, said, if_match=seen, key=key, check=check)

        def on_the_plan() -> Outcome:
            return on(plan_id_of(account_id)) if account_id else first_open(request.path_params["plan"], on)

        told = {"actor": caller.actor, "request_id": said.request_id}
        try:
            outcome = await self._in_a_thread(on_the_plan)
        except tuple(FAILED) as error:
            if isinstance(error, VersionConflict) and caller.may("view"):  # the answer shows what happened meanwhile
                self._note_read(request, error.known.id, f"version:{error.current_version}")
            self._tell_failed(error, route, commands, told)
            raise
        request.scope["spoken_of"] |= {"plan_id": str(outcome.aggregate_id)}
        self._tell_done(outcome, commands, told)
        return outcome

    async def _in_a_thread(self, work: Callable[[], Outcome]) -> Outcome:
        """Run in a thread of the commands' own pool: commands that wait for the store must not block views."""
        try:
            with fail_after(QUEUE_TIMEOUT_SECONDS):
                return await run_sync(work, limiter=self._threads)
        except TimeoutError:
            raise StoreBusy(StoreBusy.__doc__) from None

    def _tell_done(self, outcome: Outcome, commands: Sequence[Command], told: Mapping[str, str]) -> None:
        for command, done in zip(commands, outcome.done, strict=True):
            word = "replayed" if outcome.replayed else "done"
            events = 0 if outcome.replayed else len(done.events)
            self._numbers.commands.labels(command.called(), word).inc()
            self._numbers.events.inc(events)
            logger.info(
                "command", command=command.called(), outcome=word, events=events,
                plan_id=str(outcome.aggregate_id), version=outcome.version, **told,
            )  # fmt: skip

    def _tell_failed(self, error: Exception, route: str, commands: Sequence[Command], told: Mapping[str, str]) -> None:
        name = commands[error.place].called() if isinstance(error, CommandRefused) else route
        word = next(word for kind, word in FAILED.items() if isinstance(error, kind))
        self._numbers.commands.labels(name, word).inc()
        logger.info("command", command=name, outcome=word, events=0, error=type_of(error), **told)


def canonical(commands: Sequence[Command]) -> bytes:
    """Return the same bytes for bodies with the same meaning. An empty field differs from one that is left out."""
    return b"\n".join(
        f"{command.called()} {command.model_dump_json(exclude_unset=True)}".encode() for command in commands
    )


def listed_commands(body: bytes) -> list[Command]:
    """Parse a list of commands. Raises `Rejected`, with a pointer to every mistake in it."""
    try:
        return [each.body for each in listed().validate_json(body)]
    except ValidationError as error:
        raise rejected_body(error, _in_the_list) from None


def _in_the_list(error: ErrorDetails) -> FieldError:
    """Return the error with its place in the body: pydantic's location has a level for the command that the body has
    not."""
    place, *rest = error["loc"] or ("",)
    if error["type"] == "union_tag_invalid":
        opens = error["ctx"]["tag"] == OpenPlan.called()
        detail = "a plan is opened by POST /v1/plans" if opens else "is not a command of an account plan"
        return FieldError(pointer=f"/{place}/command", detail=detail)
    if error["type"] == "union_tag_not_found":
        return FieldError(pointer=f"/{place}/command", detail="Field required")
    return field_error({**error, "loc": (place, *rest[1:]) if error["loc"] else ()})


def answer(outcome: Outcome, commands: Sequence[Command], certificate: Certificate | None = None) -> Response:
    [result] = results_of(outcome, commands)
    content = CommandAnswer(**about(outcome), id=result.id, events=result.events, warnings=result.warnings)
    if certificate:
        content = ErasureAnswer(**content.__dict__, certificate=certificate)
    return answered(outcome, content)


def answers(outcome: Outcome, commands: Sequence[Command]) -> Response:
    results = results_of(outcome, commands)
    events = [event for result in results for event in result.events]
    content = CommandsAnswer(**about(outcome), id=None, events=events, warnings=placed(results), results=results)
    return answered(outcome, content)


def about(outcome: Outcome) -> dict[str, Any]:
    return {"plan_id": str(outcome.aggregate_id), "version": outcome.version, "position": outcome.position}


def results_of(outcome: Outcome, commands: Sequence[Command]) -> list[Result]:
    return [
        Result(
            command=command.called(),
            id=done.id,
            events=[
                EventReference(id=f"{outcome.aggregate_id}:{version}", type=event_type(event))
                for version, event in done.events.items()
            ],
            warnings=list(done.warnings),
        )
        for command, done in zip(commands, outcome.done, strict=True)
    ]


def answered(outcome: Outcome, content: CommandAnswer) -> Response:
    headers = {"ETag": etag(outcome.version, outcome.erasures, outcome.today), "Vary": "Authorization"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    if outcome.opened:
        headers["Location"] = f"/v1/plans/{outcome.aggregate_id}"
    status = 201 if outcome.opened else 200
    return Response(content.model_dump_json(), status, headers, media_type="application/json")


def placed(results: Sequence[Result]) -> list[Caution]:
    """Return the warnings of all commands, with pointers into the list."""
    return [
        replace(warning, pointer=f"/{place}/body{warning.pointer}")
        for place, result in enumerate(results)
        for warning in result.warnings
    ]
