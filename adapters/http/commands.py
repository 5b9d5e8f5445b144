"""A route for every command, generated from the command models, and one for a list of them, all or nothing."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from adapters.http.callers import Callers
from adapters.http.conditional import etag
from adapters.http.conversation import Numbers
from adapters.http.documentation import command_documentation, commands_documentation
from adapters.http.problems import Rejected, rejected_body
from adapters.http.requests import body_of, circumstances, first_open, idempotency_key, version_seen
from application.account_plans import AccountPlans, CommandRefused, KeyReused, Outcome, VersionConflict
from application.ports import StoreUnavailable
from domain.account_plan import COMMANDS, AccountPlanCommand
from domain.language import Caution, Command, Refusal, kebab_case
from domain.plan import OpenPlan, plan_id_of

MOST_COMMANDS = 100
logger = structlog.get_logger("plantrail.commands")


class EventReference(BaseModel):
    """An event that was recorded; `type` as in the feed."""

    id: str
    type: str


class Result(BaseModel):
    """What came of one command of a list."""

    command: str
    id: str | None
    events: list[EventReference]
    warnings: list[Caution]


class CommandAnswer(BaseModel):
    """What came of a command.  Without events, nothing was to change."""

    plan_id: str
    version: int
    position: int
    """Of the plan's last event on the log of all plans: `at_least` of views made from tables."""
    id: str | None
    """Of the thing the command was about, perhaps made here."""
    events: list[EventReference]
    warnings: list[Caution]
    results: list[Result] | None = None
    """Of a list of commands: what came of each."""


class ListedCommand(BaseModel):
    """A command by its name, and its body."""

    model_config = ConfigDict(extra="forbid")

    command: str = Field(max_length=64)
    body: dict[str, Any]


LISTED = TypeAdapter(list[ListedCommand])


def event_type(name: str) -> str:
    """`PlayStarted` is `plantrail.play-started.v1` outside, `PlayStarted.2` its second version."""
    bare, _, version = name.partition(".")
    return f"plantrail.{kebab_case(bare)}.v{version or 1}"


def routes(plans: AccountPlans, callers: Callers, secret: bytes, numbers: Numbers) -> APIRouter:
    api = APIRouter(prefix="/v1/plans")
    desk = CommandDesk(plans, callers, secret, numbers)
    for name, command in COMMANDS.items():
        path = "" if command is OpenPlan else f"/{{plan}}/{name}"
        api.add_api_route(
            path, desk.endpoint(name, command), methods=["POST"], name=name, **command_documentation(name, command)
        )
    api.add_api_route("/{plan}/commands", desk.several, methods=["POST"], name="commands", **commands_documentation())
    return api


class CommandDesk:
    """Takes commands in, hands them to the plans, and answers what came of them."""

    def __init__(self, plans: AccountPlans, callers: Callers, secret: bytes, numbers: Numbers) -> None:
        self._plans = plans
        self._callers = callers
        self._secret = secret
        self._numbers = numbers

    def endpoint(self, name: str, model: type[Command]) -> Callable[..., Awaitable[Response]]:
        async def one(request: Request) -> Response:
            body = await body_of(request)
            try:
                command = model.model_validate_json(body)
            except ValidationError as error:
                raise rejected_body(error) from None
            plan = command.account_id if isinstance(command, OpenPlan) else request.path_params["plan"]
            outcome = await self._handled(request, plan, name, [command], command.model_dump_json().encode())
            return answer(outcome, [name], single=True)

        return one

    async def several(self, request: Request) -> Response:
        commands = listed_commands(await body_of(request))
        names = [command.called() for command in commands]
        canonical = b"\n".join(command.model_dump_json().encode() for command in commands)
        outcome = await self._handled(request, request.path_params["plan"], "commands", commands, canonical)
        return answer(outcome, names, single=False)

    async def _handled(
        self, request: Request, plan: str, route: str, commands: Sequence[Command], body: bytes
    ) -> Outcome:
        caller = self._callers.identify(request.headers)
        key = idempotency_key(request, self._secret, caller, f"{route} {plan}", body)
        said, seen = circumstances(request, caller), version_seen(request)
        decided = cast(Sequence[AccountPlanCommand], commands)

        def carry_out() -> Outcome:
            def on(plan_id: UUID) -> Outcome:
                return self._plans.handle(plan_id, decided, said, if_match=seen, key=key)

            return on(plan_id_of(plan)) if isinstance(commands[0], OpenPlan) else first_open(plan, on)

        try:
            outcome = await run_in_threadpool(carry_out)
        except (Refusal, CommandRefused, VersionConflict, KeyReused, StoreUnavailable) as error:
            self._tell(route, commands, type(error).__name__, 0)
            raise
        recorded = sum(len(done.events) for done in outcome.done)
        request.scope["spoken_of"] = {"actor": caller.actor, "plan_id": str(outcome.plan_id)}
        self._tell(
            route, commands, "replayed" if outcome.replayed else "done", recorded,
            actor=caller.actor, plan_id=str(outcome.plan_id), version=outcome.version, request_id=said.request_id,
        )  # fmt: skip
        return outcome

    def _tell(self, route: str, commands: Sequence[Command], outcome: str, recorded: int, **more: Any) -> None:
        for command in commands:
            self._numbers.commands.labels(command.called(), outcome).inc()
        self._numbers.events.inc(recorded)
        logger.info("command", command=route, commands=len(commands), outcome=outcome, events=recorded, **more)


def listed_commands(body: bytes) -> list[Command]:
    """The commands of a list, each with the pointer of what is wrong in it."""
    try:
        listed = LISTED.validate_json(body)
    except ValidationError as error:
        raise rejected_body(error) from None
    if not 0 < len(listed) <= MOST_COMMANDS:
        errors = [{"pointer": "", "detail": f"must have 1 to {MOST_COMMANDS} commands"}]
        raise Rejected(422, "invalid-fields", "Some fields are wrong; see errors.", errors=errors)
    return [_listed_command(place, each) for place, each in enumerate(listed)]


def _listed_command(place: int, listed: ListedCommand) -> Command:
    model = COMMANDS.get(listed.command)
    if model is None or model is OpenPlan:
        detail = "a plan is opened by POST /v1/plans" if model else "is not a command of an account plan"
        errors = [{"pointer": f"/{place}/command", "detail": detail}]
        raise Rejected(422, "invalid-fields", "Some fields are wrong; see errors.", errors=errors)
    try:
        return model.model_validate_json(to_json(listed.body))
    except ValidationError as error:
        raise rejected_body(error, f"/{place}/body") from None


def answer(outcome: Outcome, names: Sequence[str], *, single: bool) -> Response:
    results = [
        Result(
            command=name,
            id=done.id,
            events=[
                EventReference(id=f"{outcome.plan_id}:{version}", type=event_type(event))
                for version, event in done.events.items()
            ],
            warnings=list(done.warnings),
        )
        for name, done in zip(names, outcome.done, strict=True)
    ]
    content = CommandAnswer(
        plan_id=str(outcome.plan_id),
        version=outcome.version,
        position=outcome.position,
        id=results[0].id if single else None,
        events=[event for result in results for event in result.events],
        warnings=[
            warning if single else replace(warning, pointer=f"/{place}/body{warning.pointer}")
            for place, result in enumerate(results)
            for warning in result.warnings
        ],
        results=None if single else results,
    )
    headers = {"ETag": etag(outcome.version, outcome.erasures, outcome.today), "Vary": "Authorization"}
    if outcome.replayed:
        headers["Idempotency-Replayed"] = "true"
    if outcome.opened:
        headers["Location"] = f"/v1/plans/{outcome.plan_id}"
    status = 201 if outcome.opened else 200
    return Response(
        content.model_dump_json(exclude={"results"} if single else None), status, headers, media_type="application/json"
    )
