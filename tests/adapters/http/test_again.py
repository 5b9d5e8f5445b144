"""The same request again is answered as before, without a look at the plan, while all it depends on is as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from adapters.http.views import PlanViews
from tests.api import Api, assert_problem
from tests.cases import for_each
from tests.histories import instant
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
def no_plan_looked_at() -> Iterator[None]:
    async def look(*_: object) -> None:
        raise AssertionError("a plan was looked at")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PlanViews, "found", look)
        yield


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
