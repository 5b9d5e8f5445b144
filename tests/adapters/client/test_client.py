"""The client for Python programs, against the real service: its answers, its events, and what it does about trouble."""

import inspect
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from httpx import ASGITransport
from pydantic_core import from_json, to_json

from adapters.bootstrap.store import findings_across_plans, promises_across_plans
from adapters.client.asynchronous import AsyncClient
from adapters.client.calls import command_on_plan, command_on_program
from adapters.client.feed_event import FeedEvent
from adapters.client.retries import Problem, Unreachable
from adapters.client.synchronous import Client
from adapters.http.resources import PLANS, RESOURCES, Resource
from domain.account_plan.actions import ActionAdded, AddAction, DropAction
from domain.account_plan.entries import NoteWritten, WriteNote
from domain.account_plan.plan import OpenPlan
from domain.account_plan.stakeholders import StakeholderAdded
from tests.api import Api, Told, served
from tests.callers import Known, caller
from tests.stores import OPEN_ACME

JSON_PROBLEM = "application/problem+json"
Handler = Callable[[httpx.Request], httpx.Response]
CALL = AddAction.model_validate(
    {"id": "call", "statement": "Call the COO", "kind": "task", "owner": "ann", "due_on": "2026-12-01"}
)


def handled_by(api: Api) -> Handler:
    """What answers the requests of a client: the service, without a network in between."""

    def answer(request: httpx.Request) -> httpx.Response:
        headers = {name: value for name, value in request.headers.items() if name != "accept-encoding"}
        answered = api.request(request.method, str(request.url), content=request.content, headers=headers)
        return httpx.Response(answered.status_code, headers=answered.headers, content=answered.content)

    return answer


def client_of(api: Api, handler: Handler | None = None, patience: float = 2.0, actor: str = "ann") -> Client:
    transport = httpx.MockTransport(handler or handled_by(api))
    return Client("http://localhost", actor=actor, patience=patience, transport=transport)


def test_a_plan_is_opened_and_changed_and_its_events_come_back_as_they_were_recorded(acme: Api):
    opening = OPEN_ACME | {"account_id": f"{acme.plan}-2"}
    with client_of(acme) as plans:
        assert plans.open(OpenPlan.model_validate(opening), dry_run=True).version == 1
        opened = plans.open(OpenPlan.model_validate(opening))
        assert (opened.version, [each.type for each in opened.events]) == (1, ["plantrail.plan-opened.v1"])
        done = plans.do(opened.plan_id, CALL, seen=opened.version, correlation_id="nightly")
        note = WriteNote.model_validate({"id": "n1", "section": "plan", "text": "Budget talks in May"})
        both = plans.do_all(opened.plan_id, [note, DropAction(id="call", reason="She is away")])
        assert (both.version, [each.command for each in both.results]) == (4, ["write-note", "drop-action"])
        events = list(plans.events(str(done.position - 1), plan=opened.plan_id, types=["action-added", "note-written"]))
    assert [type(each.event) for each in events] == [ActionAdded, NoteWritten]
    assert events[0].event == ActionAdded.model_validate(events[0].document["data"])
    assert (events[0].actor, events[0].version, int(events[0].cursor)) == ("ann", 2, done.position)
    assert events[0].document["correlationid"] == "nightly"


def test_a_request_that_can_never_be_sent_is_not_tried_again():
    with Client("plans.example.com", patience=600) as plans, pytest.raises(Unreachable, match="cannot be asked"):
        plans.plan("acme")


def test_what_the_service_refuses_is_raised_in_its_own_words(acme: Api):
    with client_of(acme) as plans:
        with pytest.raises(Problem, match="“none”") as unknown:
            plans.do(acme.plan, DropAction(id="none", reason="Gone"))
        assert (unknown.value.status, unknown.value.type) == (409, "unknown-action")
        plans.do(acme.plan, CALL)
        with pytest.raises(Problem) as stale:
            plans.do(acme.plan, DropAction(id="call", reason="Gone"), seen=1)
        assert (stale.value.type, stale.value.document["current_version"]) == ("version-conflict", 2)
        with pytest.raises(Problem) as wrong:
            next(plans.plans(tier="gold"))
        assert [each["pointer"] for each in wrong.value.errors] == ["/tier/0"]


def test_an_answer_that_was_lost_is_asked_for_again_and_the_command_is_carried_out_once(acme: Api):
    answer, sent = handled_by(acme), []

    def unreliable(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["idempotency-key"])
        if len(sent) == 1:
            answer(request)
            raise httpx.ReadError("the line went dead")
        if len(sent) == 2:
            return httpx.Response(503, headers={"Retry-After": "0"})
        return answer(request)

    with client_of(acme, unreliable) as plans:
        assert plans.do(acme.plan, CALL).version == 2
    assert (len(sent), len(set(sent)), acme.version) == (3, 1, 2)


def test_whoever_loses_patience_is_told_what_was_wrong_last(acme: Api):
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody listens", request=request)

    with client_of(acme, nobody, patience=0) as plans, pytest.raises(Unreachable, match="nobody listens"):
        plans.plan(acme.plan)
    with (
        client_of(acme, lambda _: httpx.Response(503, text="maintenance"), patience=0) as plans,
        pytest.raises(Problem, match="503"),
    ):
        plans.plan(acme.plan)


def test_who_says_that_it_is_time_already_is_not_asked_without_end(acme: Api):
    """Patience is time of the clock, also of one that is spent waiting for an answer that does not come."""
    asked: list[float] = []

    def busy(_: httpx.Request) -> httpx.Response:
        asked.append(monotonic())
        return httpx.Response(503, headers={"Retry-After": "0"})

    with client_of(acme, busy, patience=0.5) as plans, pytest.raises(Problem, match="503"):
        plans.plan(acme.plan)
    assert 2 <= len(asked) <= 6

    def silent(request: httpx.Request) -> httpx.Response:
        asked.append(monotonic())
        sleep(0.1)
        raise httpx.ReadTimeout("no answer", request=request)

    asked.clear()
    with client_of(acme, silent, patience=0.1) as plans, pytest.raises(Unreachable, match="no answer"):
        plans.plan(acme.plan)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "raised", "said"),
    [
        (httpx.Response(200, html="<title>Sign in to our network</title>"), Unreachable, "is no plantrail"),
        (httpx.Response(200), Unreachable, "it answers with nothing"),
        (httpx.Response(302, headers={"Location": "https://sign-in.example"}), Problem, "302"),
        (httpx.Response(409, content=b'{"detail": "cut sh', headers={"Content-Type": JSON_PROBLEM}), Problem, "409"),
        (httpx.Response(400, json=["no", "problem"]), Problem, "400"),
    ],
)
def test_what_stands_between_is_not_taken_for_the_service(acme: Api, answer, raised, said):
    with client_of(acme, lambda _: answer, patience=0) as plans, pytest.raises(raised, match=said):
        plans.plan(acme.plan)
    with client_of(acme, lambda _: answer, patience=0) as plans, pytest.raises(raised, match=said):
        next(plans.events())


def test_a_plan_is_asked_for_by_its_name_whatever_that_is(acme: Api):
    with client_of(acme) as plans:
        for name in (".", "..", "a?b#c", "%2e", "ä"):
            with pytest.raises(Problem) as none:
                plans.plan(name)
            assert (none.value.status, none.value.type) == (404, "unknown-plan"), name


def tables_follow(api: Api) -> None:
    api.store.portfolio.catch_up(api.clock)
    promises_across_plans(api.store, api.clock).catch_up()
    findings_across_plans(api.store, api.clock).catch_up()


VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "plan": ("", {}),
    "findings_of": ("/findings", {}),
    "reviews": ("/reviews", {}),
    "blame": ("/blame", {"section": "team"}),
    "diff": ("/diff", {"from_": "version:1"}),
    "said_vs_did": ("/said-vs-did", {"from_": "version:1", "to": "now"}),
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_read_into_its_model_with_nothing_lost(told: Told, name):
    path, asked = VIEWS[name]
    answer = told.view(path, **{parameter.rstrip("_"): value for parameter, value in asked.items()}).json()
    with client_of(told.api) as plans:
        view = getattr(plans, name)("acme", **asked)
    assert from_json(to_json(view, by_alias=True)) == answer


def test_a_list_is_read_to_its_end_page_by_page(told: Told):
    with client_of(told.api) as plans:
        assert [entry.version for entry in plans.history("acme", limit=100)] == list(range(1, told.api.version + 1))
        tables_follow(told.api)
        assert [row.account_id for row in plans.plans(archived=False)] == ["acme"]
        assert {promise.account_id for promise in plans.promises(limit=1)} == {"acme"}
        assert {finding.account_id for finding in plans.findings(limit=10)} == {"acme"}


def test_every_event_is_read_whether_or_not_text_about_people_is_in_it(told: Told):
    with served(told.api.store, Known(caller("few", "subscriber", sees_all=True))) as api:
        with client_of(api, actor="few") as plans:
            few = list(plans.events())
        assert told.api.version <= len(few)
    with client_of(told.api) as plans:
        everything = list(plans.events())
    assert [each.id for each in few] == [each.id for each in everything]
    assert all(each.event for each in (*few, *everything))
    assert named(few) == []
    assert len(named(everything)) > 1


def named(events: list[FeedEvent]) -> list[str]:
    return [each.event.name for each in events if isinstance(each.event, StakeholderAdded) and each.event.name]


def test_coroutines_ask_what_threads_ask(acme: Api):
    async def changed() -> tuple[int, list[str], list[int]]:
        async with AsyncClient("http://localhost", actor="ann", transport=ASGITransport(acme.app)) as plans:
            done = await plans.do(acme.plan, CALL)
            events = [each.type async for each in plans.events(str(done.position - 1), plan=acme.plan)]
            entries = [each.version async for each in plans.history(acme.plan, limit=1)]
            return done.version, events, entries

    assert acme.portal.call(changed) == (2, ["plantrail.action-added.v2"], [1, 2])


def test_both_clients_have_the_same_questions():
    ours, theirs = (
        {name: list(inspect.signature(each).parameters) for name, each in vars(of).items() if not name.startswith("_")}
        for of in (Client, AsyncClient)
    )
    assert ours == theirs


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_command_is_sent_to_the_path_at_which_it_is_taken(resource: Resource):
    for name, command in resource.commands.items():
        said = command.model_construct()
        to_plan = resource is PLANS
        call = command_on_plan("{plan}", said, {}, False) if to_plan else command_on_program(said, {}, False)
        assert unquote(call.path) == resource.path_of(name)
