"""The service as its callers see it: over HTTP, with a store and a clock of its own."""

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from fcntl import LOCK_EX, flock
from functools import cache, partial
from pathlib import Path
from typing import Any

import fastapi
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import TypeAdapter
from pydantic_core import to_json

from adapters.access.callers import Callers, Development
from adapters.access.issuer_sign_in import IssuerSignIn
from adapters.bootstrap.http_service import Authentication, http_app
from adapters.http.limits import Buckets
from adapters.observability.readiness import Checks
from adapters.outbound.webhooks.addresses import Targets
from adapters.postgres.store import Store
from adapters.proof.checkpoints import LogKey
from adapters.web.app import pages
from application.aggregates.access import Caller
from domain.account_plan.plan import plan_id_of
from tests.clock import Clock
from tests.everything import ENTERED_TWICE, SAID
from tests.histories import instant
from tests.stores import OPEN_ACME

SECRET = b"only the tests know"
LOG_KEY = LogKey(bytes(range(32)))
PROBLEM_JSON = "application/problem+json"

_validators: dict[Any, TypeAdapter[Any]] = {}


def validator_of(annotated: Any, config: Any = None) -> TypeAdapter[Any]:
    """What FastAPI makes for each parameter and each answer of a service, made once for all services of a process: it
    takes a third of the time in which one is put together.  Equal annotations are equal in what is written of them."""
    key = annotated.__origin__, repr(annotated.__metadata__), repr(config)
    if key not in _validators:
        _validators[key] = TypeAdapter(annotated, config=config)
    return _validators[key]


_folder: list[Path] = []


def share_documents_in(folder: Path) -> None:
    """Have the OpenAPI document, which takes seconds, made by one of the processes that run tests, for all of them."""
    _folder[:] = [folder]


def document_of(made: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    if not _folder:
        return made()
    file = _folder[0] / "openapi.json"
    with file.with_suffix(".lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not file.exists():
            file.write_bytes(to_json(made()))
        return dict(json.loads(file.read_bytes()))


fastapi._compat.v2.TypeAdapter = validator_of
fastapi.routing.compile_path = cache(fastapi.routing.compile_path)


@dataclass(frozen=True)
class Api:
    """A caller, named ann by default, who works on one plan. Many threads may use it at once."""

    store: Store
    clock: Clock
    portal: BlockingPortal
    client: AsyncClient
    app: FastAPI
    plan: str = "acme"

    def request(self, method: str, path: str, **more: Any) -> Response:
        response: Response = self.portal.call(partial(self.client.request, method, path, **more))
        return response

    def get(self, path: str, headers: Mapping[str, str] | None = None, **parameters: Any) -> Response:
        return self.request("GET", path, params=parameters or None, headers=headers)

    def view(self, name: str = "", headers: Mapping[str, str] | None = None, **parameters: Any) -> Response:
        """Return a view of the plan; the plan itself without a name."""
        return self.get(f"/v1/plans/{self.plan}{name}", headers, **parameters)

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> Response:
        return self.request("POST", path, json=body, headers=headers)

    def do(self, command: str, /, headers: Mapping[str, str] | None = None, **body: Any) -> Response:
        path = "/v1/plans" if command == "open-plan" else f"/v1/plans/{self.plan}/{command}"
        return self.post(path, body, headers)

    def done(self, command: str, /, **body: Any) -> dict[str, Any]:
        """Send a command that must be carried out, and return the answer."""
        answer = self.do(command, **body)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def do_all(self, *commands: tuple[str, Mapping[str, Any]], headers: Mapping[str, str] | None = None) -> Response:
        """Send a list of commands, which is carried out as a whole or not at all."""
        return self.post(f"/v1/plans/{self.plan}/commands", listed(*commands), headers)

    @property
    def plan_id(self) -> str:
        return str(plan_id_of(self.plan))

    @property
    def version(self) -> int:
        return int(self.view("/reviews").headers["etag"][1:].partition(".")[0])

    def of(self, plan: str) -> "Api":
        """Return the same caller, working on another plan."""
        return replace(self, plan=plan)

    def with_a_plan(self, account_id: str) -> "Api":
        """Return the caller on a plan that was just opened."""
        self.done("open-plan", **OPEN_ACME | {"account_id": account_id})
        return self.of(account_id)


def listed(*commands: tuple[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"command": command, "body": body} for command, body in commands]


@dataclass(frozen=True)
class Told:
    """The answers to the whole history of `tests.everything`, in order, and the service that gave them."""

    api: Api
    answers: list[tuple[str, Response]]

    def answers_to(self, command: str) -> list[Response]:
        return [answer for name, answer in self.answers if name == command]

    def view(self, name: str = "", headers: Mapping[str, str] | None = None, **parameters: Any) -> Response:
        return self.api.view(name, headers, **parameters)


def open_for_everything(api: Api) -> Any:
    """Open the plan for the history of `tests.everything`, and another plan of the same account, which is merged into
    it."""
    api.clock.now = instant("2026-01-05")
    opened = api.do("open-plan", **OPEN_ACME | {"timezone": "Europe/Berlin"})
    api.do("open-plan", **OPEN_ACME | {"account_id": ENTERED_TWICE})
    return opened


def tell_everything_to(api: Api) -> Told:
    """Send the history of `tests.everything` over HTTP, each command on its day."""
    answers = [("open-plan", open_for_everything(api))]
    for when, command, body in SAID:
        api.clock.now = instant(when)
        answers.append((command, api.do(command, **body)))
    return Told(api, answers)


@contextmanager
def served(
    store: Store,
    callers: Callers | None = None,
    clock: Clock | None = None,
    limits: Buckets | None = None,
    keys_changed: Callable[[], None] = lambda: None,
    caller_by_key: Callable[[str], Caller | None] = lambda _: None,
    checks: Checks | None = None,
    by_issuer: IssuerSignIn | None = None,
) -> Iterator[Api]:
    """Serve on a port of its own, like a separate process."""
    clock = clock or Clock()
    development = None if callers else Development()
    let_in = Authentication(callers or Development(), limits, keys_changed, caller_by_key, development)
    app = http_app(
        store,
        let_in,
        SECRET,
        checks,
        now=clock,
        targets=Targets(loopback=True),
        pages=pages,
        signing=LOG_KEY,
        by_issuer=by_issuer,
    )
    app.openapi = cache(partial(document_of, app.openapi))
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(running(app)) as client:
        yield Api(store, clock, portal, client, app)


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        AsyncClient(transport=transport, base_url="http://localhost", headers={"X-Actor": "ann"}) as client,
    ):
        yield client


def assert_problem(answer: Response, status: int, type: str, pointer: str | None = None) -> dict[str, Any]:
    """Check that an answer is a complete problem document that blames this field or parameter."""
    problem = dict(answer.json())
    assert (answer.status_code, problem["type"]) == (status, f"/problems/{type}"), answer.text
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.headers["cache-control"] == "no-store"
    assert problem["status"] == status
    assert problem["title"] == type.replace("-", " ").capitalize()
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["instance"].startswith("/")
    assert len(problem["detail"]) > 15
    blamed = [problem["pointer"]] if "pointer" in problem else [each["pointer"] for each in problem.get("errors", ())]
    assert pointer is None or pointer in blamed, answer.text
    return problem
