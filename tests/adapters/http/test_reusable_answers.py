"""A repeated request gets the same answer, without reading a plan or a table, as long as everything that the answer
depends on is unchanged."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from adapters.http import views
from adapters.http.conditional import Answer
from adapters.http.views import PlanViews
from adapters.postgres.portfolio import PostgresPortfolio
from adapters.postgres.store import Store
from tests.api import Api, assert_problem, served
from tests.cases import for_each
from tests.histories import instant
from tests.proving import sealed
from tests.stores import wait_until

STEP = {"statement": "Send the price to procurement", "kind": "task", "owner": "ann", "due_on": "2026-01-20"}
OFTEN = (
    ("", {}),
    ("", {"as_of": "version:1"}),
    ("/findings", {}),
    ("/reviews", {}),
    ("/diff", {"from": "version:1"}),
    ("/departure", {"member": "ann"}),
)


@contextmanager
def never_called(owner: type, name: str) -> Iterator[None]:
    async def call(*_: object) -> None:
        raise AssertionError(f"{owner.__name__}.{name} was called")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call)
        yield


def no_plan_looked_at() -> AbstractContextManager[None]:
    return never_called(PlanViews, "found")


def headers_of(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


@pytest.fixture
def planning(acme: Api) -> Iterator[Api]:
    before = acme.clock.now
    acme.done("add-action", id="price", **STEP)
    yield acme
    acme.clock.now = before


@for_each(("view", "asked"), OFTEN)
def test_the_same_answer_is_given_again_without_a_look_at_the_plan(planning: Api, view: str, asked: dict[str, str]):
    first = planning.view(view, **asked)
    assert first.status_code == 200
    with no_plan_looked_at():
        again = planning.view(view, **asked)
        unchanged = planning.view(view, {"If-None-Match": first.headers["etag"]}, **asked)
    assert (again.content, headers_of(again)) == (first.content, headers_of(first))
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    same = {"etag", "vary", "cache-control"}
    assert {name: unchanged.headers[name] for name in same} == {name: first.headers[name] for name in same}


CHANGES: dict[str, Callable[[Api], Any]] = {
    "an event": lambda api: api.done("write-note", section="plan", text="Budget talks in May"),
    "midnight": lambda api: setattr(api.clock, "now", api.clock.now + timedelta(days=30)),
    "a clock that was set back": lambda api: setattr(api.clock, "now", api.clock.now - timedelta(days=1)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_change_the_plan_is_looked_at(planning: Api, change: str):
    planning.view()
    CHANGES[change](planning)
    with no_plan_looked_at():
        assert planning.view().status_code == 500
    assert planning.view().status_code == 200


def test_what_another_was_answered_is_not_taken_for_an_answer_to_the_caller(planning: Api):
    planning.view()
    with no_plan_looked_at():
        assert planning.view(headers={"X-Actor": "ben"}).status_code == 500


def test_what_was_answered_in_another_form_is_not_given_to_who_asks_for_none(store: Store):
    """What is accepted may be said in several lines, which say together what each alone does not."""
    with served(store) as api:
        acme = api.with_a_plan("acme")
        acme.done("add-action", id="price", **STEP)
        sealed(store)  # from here on the report rests on nothing else
        path = "/v1/plans/acme/said-vs-did?from=version:1&to=version:2"
        lines = ("*/*", "application/json;q=0.1, text/html;q=0.1, text/markdown")
        liked = acme.request("GET", path, headers=[("Accept", line) for line in lines])
        assert liked.headers["content-type"].startswith("text/markdown")
        assert acme.get(path).headers["content-type"] == "application/json"


def test_an_answer_that_was_begun_before_midnight_is_not_given_again_after_it(planning: Api, monkeypatch):
    """However long it takes to make: what it rests on is the day on which it was begun."""

    def overdue() -> int:
        return int(planning.view().json()["metrics"]["promises"]["overdue"])

    def made_until_midnight(view: Any, request: Any) -> Answer:
        planning.clock.now = instant("2026-01-21T00:00:01")
        return written(view, request)

    written = views._written
    planning.clock.now = instant("2026-01-20T23:59:59")
    with monkeypatch.context() as patch:
        patch.setattr(views, "_written", made_until_midnight)
        assert overdue() == 0
    assert (overdue(), overdue()) == (1, 1)


def test_an_overdue_promise_is_told_on_the_day_it_is_overdue(planning: Api):
    def overdue() -> int:
        return int(planning.view().json()["metrics"]["promises"]["overdue"])

    planning.clock.now = instant("2026-01-20T21:00")
    assert (overdue(), overdue()) == (0, 0)
    planning.clock.now += timedelta(hours=12)
    assert (overdue(), overdue()) == (1, 1)


def test_every_answer_is_on_record_and_names_its_plan(planning: Api):
    for _ in range(3):
        planning.view("/reviews")

    def noted() -> int:
        items = planning.get("/v1/access-events", plan=planning.plan).json()["items"]
        return sum(each["times"] for each in items if (each["view"], each["actor"]) == ("read_reviews", "ann"))

    wait_until(lambda: noted() == 3)


def test_who_may_see_a_plan_no_longer_is_told_of_none(planning: Api):
    planning.view()
    assert_problem(planning.of("nobody").view(), 404, "unknown-plan")


# Lists


def no_table_looked_at() -> AbstractContextManager[None]:
    return never_called(PostgresPortfolio, "written")


def follow(api: Api) -> None:
    api.store.portfolio.catch_up(api.clock)


def test_a_list_is_given_again_until_the_table_is_written_to(planning: Api):
    name = planning.plan_id[:8]

    def listed(**more: str) -> Response:
        return planning.get("/v1/plans", more, owner="ann", q=name)

    planning.done("rename-account", account_name=f"Acme {name}")
    follow(planning)
    first = listed()
    with no_table_looked_at():
        again, unchanged = listed(), listed(**{"If-None-Match": first.headers["etag"]})
        assert listed(**{"X-Actor": "ben"}).status_code == 500
    assert (again.content, headers_of(again)) == (first.content, headers_of(first))
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    planning.done("rename-account", account_name=f"Acme of old {name}")
    with no_table_looked_at():
        assert listed().content == first.content  # nobody has followed the log yet
    follow(planning)
    assert "Acme of old" in listed().text


def test_a_list_is_another_when_midnight_moves_it(planning: Api):
    name = planning.plan_id[:8]
    planning.done("rename-account", account_name=f"Acme {name}")

    def overdue() -> list[int]:
        follow(planning)
        items = planning.get("/v1/plans", q=name).json()["items"]
        return [each["overdue"] for each in items if each["plan_id"] == planning.plan_id]

    planning.clock.now = instant("2026-01-20T12:00")
    assert (overdue(), overdue()) == ([0], [0])
    planning.clock.now = instant("2026-01-22T12:00")
    assert (overdue(), overdue()) == ([1], [1])


def test_a_list_is_another_when_its_table_was_made_anew(planning: Api):
    follow(planning)
    planning.get("/v1/plans")
    planning.store.portfolio.rebuild(planning.clock)
    with no_table_looked_at():
        assert planning.get("/v1/plans").status_code == 500
