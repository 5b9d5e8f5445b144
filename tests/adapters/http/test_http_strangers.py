"""A command that names an unknown person of ours is accepted, with a warning that names the nearest known id."""

from collections.abc import Iterator

import pytest

from adapters.postgres.store import Store
from tests.api import Api, served
from tests.callers import given_key

ACTION = {"statement": "Ship the hub to Lyon", "kind": "task", "due_on": "2026-03-02"}


@pytest.fixture
def acme(store: Store) -> Iterator[Api]:
    """Yield the service with a plan that ann opened, whom the store had never seen before."""
    with served(store) as api:
        opened = api.do("open-plan", account_id="acme", account_name="Acme", tier="growth", owner="eva", currency="EUR")
        assert opened.json()["warnings"] == [], "while nobody is known, nobody is a stranger"
        yield api


def told(answer):
    return [(each["code"], each["pointer"], each["detail"]) for each in answer["warnings"]]


def test_a_mistyped_owner_is_told_with_the_nearest_known_and_accepted(acme):
    [(code, pointer, detail)] = told(acme.done("add-action", id="a", owner="evaa", **ACTION))
    assert (code, pointer) == ("unknown-person", "/owner")
    assert "“evaa”" in detail
    assert "“eva”" in detail
    [(_, pointer, detail)] = told(acme.done("log-touch", **TOUCH | {"members": ["ann", "zoe-from-sales"]}))
    assert (pointer, "meant" in detail) == ("/members/1", False)


TOUCH = {
    "id": "t",
    "happened_on": "2026-01-05",
    "kind": "call",
    "stakeholders": ["cfo"],
    "members": ["ann"],
    "summary": "The price of the hub",
}


@pytest.fixture(autouse=True)
def _cfo(acme):
    acme.done("add-stakeholder", id="cfo", title="Chief Financial Officer", level="executive")


def test_whoever_has_a_key_or_owns_a_plan_or_changed_something_or_is_named_in_the_plan_is_known(acme, store):
    given_key(store, "bob", "reader")
    acme.do("open-plan", account_id="beta", account_name="B", tier="growth", owner="ida@example.com", currency="EUR")
    store.portfolio.catch_up(acme.clock)
    for place, owner in enumerate(("eva", "ann", "bob", "Ida@Example.com")):
        assert told(acme.done("add-action", id=f"a{place}", owner=owner, **ACTION | {"statement": f"{place}"})) == []
    assert told(acme.done("add-action", id="b", owner="kim", **ACTION)) != []
    assert told(acme.done("reassign-action", id="a1", owner="kim")) == []


def test_the_answer_that_is_given_again_says_it_again_and_a_dry_run_says_it_too(acme):
    said = {"id": "a", "owner": "evaa", **ACTION}
    first, again = (acme.do("add-action", headers={"Idempotency-Key": "k"}, **said).json() for _ in range(2))
    assert told(first) == told(again) != []
    tried = acme.post("/v1/plans/acme/add-action?dry_run=true", said | {"id": "b", "owner": "evaaa"}).json()
    assert [code for code, *_ in told(tried)] == ["looks-like", "unknown-person"]
