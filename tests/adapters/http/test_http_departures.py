"""Departures over HTTP: what would remain at a cut if one person left."""

from uuid import uuid4

import pytest

from tests.api import Api, assert_problem

COO = {"id": "coo", "name": "Jane Doe", "level": "executive"}


@pytest.fixture
def acme(api: Api) -> Api:
    acme = api.with_a_plan(f"acme-{uuid4()}")
    acme.done("add-stakeholder", **COO)
    acme.done("rate-relationship", id="coo", member="ann", strength=2)
    return acme


def test_whoever_would_go_is_told_with_what_hangs_on_them_at_the_cut(acme: Api):
    before = acme.version
    acme.done("agree-pairing", member="ann", stakeholder="coo", every_days=30)
    view = acme.view("/departure", stakeholder="coo").json()
    assert view["engaged"] == {"now": ["coo"], "left": [], "lost": ["coo"]}
    assert [each["id"] for each in view["pairings"]] == ["coo:ann"]
    assert acme.view("/departure", stakeholder="coo", as_of=f"version:{before}").json()["pairings"] == []
    assert acme.view("/departure", member="ann").json()["engaged"]["lost"] == ["coo"]
    [clock] = acme.view("").json()["contact_clock"]
    assert (clock["stakeholder"], clock["strength"], clock["last"]) == ("coo", 2, None)


def test_nobody_both_and_somebody_unknown_are_refused_with_what_to_say(acme: Api):
    assert_problem(acme.view("/departure"), 422, "invalid-parameters")
    assert_problem(acme.view("/departure", stakeholder="coo", member="ann"), 422, "invalid-parameters")
    assert_problem(acme.view("/departure", stakeholder="cfo"), 422, "unknown-stakeholder")
    assert_problem(acme.view("/departure", member="nobody"), 422, "unknown-member")
