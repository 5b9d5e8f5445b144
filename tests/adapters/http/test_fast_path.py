"""The fast path answers frequent requests before the framework, and carries out commands without a thread."""

import pytest

from adapters.http.commands import CommandEndpoints
from tests.api import Api, assert_problem

NOTE = {"section": "plan", "text": "Budget talks in May"}


@pytest.fixture
def without_threads(acme: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Whatever is decided in a thread fails from now on; the caller is known by now."""
    acme.done("write-note", **NOTE)

    async def no_thread(_self: CommandEndpoints, _work: object) -> None:
        raise AssertionError("a thread was taken")

    monkeypatch.setattr(CommandEndpoints, "_in_a_thread", no_thread)
    return acme


def test_a_command_that_nothing_stands_in_the_way_of_takes_no_thread(without_threads: Api):
    before = without_threads.version
    assert without_threads.do("write-note", **NOTE).status_code == 200
    keyed = {"Idempotency-Key": f"k-{before}-{without_threads.plan}"}
    first = without_threads.do("write-note", headers=keyed, **NOTE)
    assert (first.status_code, without_threads.version) == (200, before + 2)


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [("start-play", {"id": "nobody-planned-it"}, 409), ("add-stakeholder", {"name": ""}, 422)],
    ids=["refused", "malformed"],
)
def test_what_is_wrong_is_told_by_the_long_way_and_nothing_recorded(acme: Api, command, body, status):
    before = acme.version
    assert acme.do(command, **body).status_code == status
    assert acme.version == before


def test_what_has_nothing_to_record_goes_the_long_way(acme: Api):
    acme.done("rename-account", account_name="Acme of old")
    before = acme.version
    assert acme.done("rename-account", account_name="Acme of old")["events"] == []
    assert acme.version == before


def test_a_repeated_request_is_decided_once(acme: Api):
    keyed = {"Idempotency-Key": f"k-{acme.plan}"}
    first, again = (acme.do("write-note", headers=keyed, **NOTE) for _ in range(2))
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")


def test_a_view_needs_no_route_of_the_framework_not_even_where_it_is_refused(api: Api):
    acme = api.with_a_plan("acme")
    acme.app.router.routes.clear()
    assert acme.view().status_code == 200
    assert acme.view(as_of="version:1").json()["version"] == 1
    assert_problem(acme.of("nobody").view(), 404, "unknown-plan")
    assert acme.view(unknown="1").status_code == 404, "and what the framework would say goes on to it"
