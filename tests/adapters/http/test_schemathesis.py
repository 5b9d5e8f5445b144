"""Whatever the OpenAPI document allows or forbids, sent as every role over the network: schemathesis looks for an
answer that the document does not say.

All of its checks are on.  What a schema cannot say (that there is such a review, that a day is not before another) may
be refused although the schema allows it; that is what `MAY_BE_REFUSED` is for.
"""

import socket
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any, NamedTuple

import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from adapters.access.callers import Bearers
from adapters.bootstrap.http_service import Authentication, http_app
from adapters.http.command_documentation import NEXT
from adapters.postgres.store import opened
from application.aggregates.access import Role
from tests.api import SECRET, served, tell_everything_to
from tests.callers import bearer, given_key, known_keys
from tests.conftest import KEY
from tests.databases import Stores
from tests.stores import wait_until

LINKED = ("open_plan", *NEXT, "make_key", "revoke_key", "create_webhook", "read_webhook", "delete_webhook")
"""What leads to each other."""

ROLES: tuple[Any, ...] = ("reader", "editor", "lead", "auditor", "subscriber", "admin")
SEED = 2026
MAY_BE_REFUSED = ["2xx", "3xx", "400", "401", "403", "404", "409", "410", "412", "422", "429", "5xx"]
ANSWERED = ["2xx", "3xx", "4xx", "503"]
"""503 as well: somebody may ask for a list that has come further than the log ever will."""
REFUSED = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "503"]
"""413 as well: what is wrong may be too large besides, which is told before it is read."""

CONFIG = {
    "checks": {
        "positive_data_acceptance": {"expected-statuses": MAY_BE_REFUSED},
        "negative_data_rejection": {"expected-statuses": REFUSED},
        "not_a_server_error": {"expected-statuses": ANSWERED},
    }
}


class Server(NamedTuple):
    schema: Any
    keys: dict[Role, dict[str, str]]


@pytest.fixture(scope="module")
def server(stores: Stores) -> Iterator[Server]:
    """Yield the service with a plan that contains everything and that every role may see."""
    import schemathesis  # takes a second, also of who only asks which tests there are

    with stores.lend() as where, opened(where, KEY) as store:
        with served(store) as api:
            tell_everything_to(api)
        keys = {role: bearer(given_key(store, role, role, sees_all=True)) for role in ROLES}
        app = http_app(store, Authentication(Bearers(known_keys(store))), SECRET)
        app.openapi()  # takes long on a busy machine, and who asks for it is less patient
        with capture_logs(), listening(app) as url:
            config = schemathesis.config.SchemathesisConfig.from_dict(CONFIG)
            schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
            yield Server(schema.exclude(path_regex="/stream$"), keys)  # which has no end; see test_http_feed.py


@contextmanager
def listening(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def tried(server: Server, roles: tuple[Role, ...], examples: int = 1, in_turn: bool = False) -> Counter[Role]:
    """So many cases of every operation, each as every role, some as the document allows and some as it forbids; or
    in turn one of the two, as two of the roles, and of commands every fifth.  How many each role has sent."""
    from schemathesis import GenerationMode

    modes, sent = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE), Counter[Role]()

    def sending(asked: Sequence[Role]) -> Callable[[Any], None]:
        def as_each(case: Any) -> None:
            assume([] not in (case.query or {}).values())  # of it nothing is sent: what is wrong stays behind
            for role in asked:
                sent[role] += 1
                case.call_and_validate(headers=server.keys[role])

        return as_each

    operations = [found.ok() for found in server.schema.get_all_operations()]
    if in_turn:
        # Commands are taken in by one desk: of their operations a few tell as much as all.
        commands = [each for each in operations if is_command(each)]
        operations = [*(each for each in operations if not is_command(each)), *commands[::5]]
    for place, operation in enumerate(operations):
        # Of the roles two that change after both modes, so that each role meets both.
        asked = [roles[(place // 2 + more) % len(roles)] for more in (0, 3)] if in_turn else roles
        for mode in (modes[place % 2],) if in_turn else modes:
            if operation.definition.raw.get("security") == []:
                mode = GenerationMode.POSITIVE  # there is nothing about it that could be wrong
            bounded(sending(asked), operation.as_strategy(generation_mode=mode), examples)()
    return sent


def is_command(operation: Any) -> bool:
    return bool(operation.method.upper() == "POST" and operation.path.startswith("/v1/plans/{plan}/"))


def bounded(try_one: Callable[[Any], None], strategy: Any, examples: int) -> Callable[[], None]:
    limits = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    checked: Callable[[], None] = seed(SEED)(limits(given(strategy)(try_one)))
    return checked


@pytest.mark.torture
def test_no_role_is_answered_what_the_document_does_not_say(server: Server):
    sent = tried(server, ROLES, in_turn=True)
    assert min(sent[role] for role in ROLES) > 20


@pytest.mark.torture
@pytest.mark.parametrize("role", ROLES)
def test_however_often_it_is_tried_no_role_is(server: Server, role: Role, capsys):
    sent = tried(server, (role,), examples=30)
    with capsys.disabled():
        print(f"\n{sent[role]} requests as {role}")


def story(server: Server, role: Role, examples: int, steps: int) -> int:
    """One request after another, each with what the one before has answered; says how many."""
    made: Any = server.schema.include(operation_id=list(LINKED)).as_state_machine()
    sent: list[str] = []

    class Story(made):  # type: ignore[misc]
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            sent.append(case.method)
            return {"headers": server.keys[role]}

    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Story, settings=limits)
    return len(sent)


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_one_request_after_another_is_answered_as_the_document_says(server: Server, role: Role):
    assert story(server, role, 2, 6)


@pytest.mark.torture
@pytest.mark.parametrize("role", ROLES)
def test_long_stories_are_answered_as_the_document_says(server: Server, role: Role, capsys):
    sent = story(server, role, 100, 30)
    with capsys.disabled():
        print(f"\n{sent} requests in stories as {role}")
