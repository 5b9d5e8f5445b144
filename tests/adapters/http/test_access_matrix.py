"""Every role at every operation of the OpenAPI document: it may do what the table says, and nothing else."""

import re
from collections.abc import Iterator
from itertools import cycle, islice
from typing import Any, NamedTuple

import pytest

from adapters.postgres.store import opened
from application.aggregates.access import Role
from tests.api import Api, served
from tests.callers import Known, as_, caller
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.examples import TIMES, in_turn
from tests.places import ROOT
from tests.stores import OPEN_ACME

MAY: dict[Role, set[str]] = {
    "reader": {"view", "witness", "practice"},
    "editor": {"view", "witness", "practice", "command", "tier", "members"},
    "lead": {"view", "witness", "practice", "view-program", "program", "tier", "exceptions"},
    "auditor": {"view", "witness", "practice", "view-program", "audit"},
    "subscriber": {"witness", "feed", "own-endpoints"},
    "admin": {"witness", "members", "hold", "erase", "own-endpoints", "all-endpoints", "keys"},
}
"""As the issue has it, written down a second time."""

FOR_ANYBODY = {"/livez", "/readyz", "/metrics", "/schemas/{type}.json", "/asyncapi.json", "/calendars/{token}.ics"}
"""Whoever watches the service, whoever wants to know what it says, and programs to which a secret address was given."""


class Operation(NamedTuple):
    method: str
    path: str
    right: str | None
    is_open: bool
    example: Any

    def on(self, plan: str) -> str:
        """Its path, about something that is not there on a plan."""
        return re.sub(r"\{(\w+)\}", lambda found: plan if found[1] == "plan" else "x", self.path)


@pytest.fixture(scope="module")
def office(stores: Stores) -> Iterator[Api]:
    """Yield a service with two plans: every role sees one, and no role sees the other."""
    callers = Known(caller("root", "developer", sees_all=True), *(caller(role, role, "acme") for role in MAY))
    with stores.lend() as where, opened(where, KEY) as store, served(store, callers) as api:
        for account in ("acme", "beta"):
            body = OPEN_ACME | {"account_id": account, "owner": "root"}
            assert api.do("open-plan", as_("root"), **body).status_code == 201
        yield api


@pytest.fixture(scope="module")
def operations(office: Api) -> list[Operation]:
    document: dict[str, Any] = office.get("/openapi.json").json()
    return [
        Operation(method, path, said.get("x-right"), said.get("security") == [], example_of(said))
        for path, methods in document["paths"].items()
        for method, said in methods.items()
    ]


def example_of(operation: dict[str, Any]) -> Any:
    """Of a body it takes."""
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")


def answered(
    api: Api, operation: Operation, plan: str, headers: dict[str, str], *, with_body: bool = False
) -> tuple[int, str]:
    """Status and problem.  Without its body a request goes no further than it takes to be let in."""
    if operation.example is None:
        body: dict[str, Any] = {"headers": headers}
    elif with_body:
        body = {"headers": headers, "json": operation.example}
    else:
        body = {"headers": {"Content-Type": "text/plain"} | headers, "content": b""}
    if operation.path.endswith("/stream"):
        body["params"] = {"after": "nowhere"}  # for it has no end
    answer = api.request(operation.method.upper(), operation.on(plan), **body)
    type = answer.json()["type"] if answer.headers["content-type"] == "application/problem+json" else ""
    return answer.status_code, type.removeprefix("/problems/")


def third(operations: list[Operation], turn: int) -> list[Operation]:
    """Of what is asked in as many turns as there are; all in `make torture`."""
    return operations if TIMES > 1 else operations[turn::3]


def test_every_operation_says_what_it_takes(operations: list[Operation]):
    assert {operation.path for operation in operations if operation.is_open} <= FOR_ANYBODY
    rights = set().union(*MAY.values())
    for operation in operations:
        assert operation.right in (rights if not operation.is_open else {"anybody"}), operation


def test_who_does_not_say_who_they_are_is_asked_everywhere(office: Api, operations: list[Operation]):
    for operation in operations:
        if not operation.is_open:
            assert answered(office, operation, "acme", as_("nobody")) == (401, "unauthenticated"), operation


TURNS = cycle(range(3))


@pytest.mark.hypothesis
@for_each("role", MAY)
def test_a_role_may_do_what_the_table_says_on_plans_of_its_own(office: Api, operations: list[Operation], role: Role):
    """Each operation is asked by two roles, and in `make torture` by all."""
    for operation in third(operations, next(TURNS)):
        status, problem = answered(office, operation, "acme", as_(role))
        if operation.is_open or operation.right in MAY[role]:
            assert status not in (401, 403), (operation, problem)
            assert problem != "unknown-plan" or "{plan}" not in operation.path, operation
        else:
            assert (status, problem) == (403, "forbidden"), operation


@pytest.mark.hypothesis
def test_on_plans_that_are_not_theirs_no_role_may_anything(office: Api, operations: list[Operation]):
    """Not even learn which of them there are.  Each operation is asked by two roles, of one plan and of the other in
    turn, and in `make torture` by all of both."""
    theirs = [operation for operation in operations if "{plan}" in operation.path]
    for first, role in enumerate(MAY):
        plans = islice(in_turn(("beta", "nowhere"), at_each=1), first // 3, None)
        for operation, asked in zip(third(theirs, first % 3), plans, strict=False):
            for plan in asked:
                answer = answered(office, operation, plan, as_(role), with_body=True)
                assert answer == (404, "unknown-plan"), (role, operation, plan)


def test_the_developer_is_stopped_nowhere(office: Api, operations: list[Operation]):
    for operation in operations:
        assert answered(office, operation, "acme", as_("root"))[0] not in (401, 403), operation


def test_the_tests_that_are_named_against_misuse_are_there():
    root = ROOT
    named = set(re.findall(r"`(test_\w+\.py)`", (root / "docs" / "security.md").read_text()))
    assert len(named) > 10
    assert {name for name in named if not list((root / "tests").rglob(name))} == set()
