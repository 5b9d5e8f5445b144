"""Findings over HTTP: as of a cut, by the policy in force then, and ended by the commands they name."""

from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.bootstrap.store import findings_across_plans
from application.aggregates.handle import Aggregates
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID, OpenProgram
from domain.program.limits import Policy
from domain.program.policy import AdoptPolicy
from tests.api import Api, assert_problem
from tests.stores import CONTEXT


@pytest.fixture
def acme(api: Api) -> Api:
    return api.with_a_plan(f"acme-{uuid4()}")


def rules(api: Api, **asked: str) -> list[str]:
    return [each["rule"] for each in api.view("/findings", **asked).json()["items"]]


def test_a_finding_is_shown_at_the_cuts_at_which_it_was_so_and_ended_by_its_remedy(acme: Api):
    due_on = acme.clock.now.date() + timedelta(days=3)
    acme.done("add-action", id="price", statement="Send the price", kind="task", owner="ann", due_on=str(due_on))
    acme.clock.now += timedelta(days=5)
    [found] = [each for each in acme.view("/findings").json()["items"] if each["rule"] == "overdue-promise"]
    assert found["things"] == [{"kind": "action", "id": "price"}]
    assert (found["severity"], found["policy_version"]) == ("warning", 0)
    [remedy, *_] = found["remedies"]
    acme.clock.now += timedelta(minutes=1)
    before = acme.version
    acme.done(remedy["command"], **remedy["body"])
    assert "overdue-promise" not in rules(acme)
    assert "overdue-promise" not in rules(acme, as_of=str(due_on - timedelta(days=1)))
    assert "overdue-promise" in rules(acme, as_of=str(due_on))
    assert before < acme.version


def test_a_cut_that_cannot_be_had_is_refused(acme: Api):
    assert_problem(acme.view("/findings", as_of="version:999"), 422, "cut-in-the-future")


def test_a_policy_adopted_later_changes_what_is_found_now_and_not_what_was_found_before(acme: Api):
    then = acme.clock.now
    acme.clock.now += timedelta(days=40)
    first = acme.view("/findings")
    assert acme.view("/findings", {"If-None-Match": first.headers["etag"]}).status_code == 304
    programs = Aggregates(PROGRAM, acme.store.events, acme.clock, uuid4)
    calm = Policy.model_validate({"findings": {"stale-section": {"severity": "hint", "off": True}}})
    adopt = AdoptPolicy(effective_on=then.date(), policy=calm, reason="Too loud")
    acme.clock.now += timedelta(hours=1)
    programs.handle(PROGRAM_ID, [OpenProgram(name="Strategic accounts", currency="EUR"), adopt], CONTEXT)
    now = acme.view("/findings", {"If-None-Match": first.headers["etag"]})
    assert now.status_code == 200
    assert now.json()["policy_version"] == 1
    assert "stale-section" not in rules(acme)
    day = str((then + timedelta(days=39)).date())
    assert "stale-section" in rules(acme, as_of=day)
    assert acme.view("/findings", as_of=day).json()["policy_version"] == 0


# Across plans


def test_findings_across_plans_are_had_filtered_page_by_page_as_recent_as_asked_for(api: Api):
    due_on = str(api.clock.now.date() - timedelta(days=1))
    acme, beta = api.with_a_plan("acme"), api.with_a_plan("beta")
    for plan in (acme, beta):
        plan.done("add-action", id="price", statement="Send the price", kind="task", owner="ann", due_on=due_on)
    last = beta.done("grant-exception", rule="overdue-promise", until_on="2199-01-01", reason="Closed")["position"]
    assert_problem(api.get("/v1/findings", at_least=last), 503, "projection-lag")
    api.store.portfolio.catch_up(api.clock)
    findings_across_plans(api.store, api.clock).catch_up()
    first = api.get("/v1/findings", at_least=last, rule="overdue-promise", limit=1)
    [found] = first.json()["items"]
    assert (found["account_id"], found["owner"], found["excused"]) == ("acme", "ann", None)
    assert found["remedies"][0]["body"]["finished_on"] == str(api.clock.now.date())
    second = api.get(first.links["next"]["url"].removeprefix("http://testserver")).json()
    [excused] = second["items"]
    assert (excused["account_id"], excused["excused"]["until_on"]) == ("beta", "2199-01-01")
    assert second["next"] is None
    again = {"If-None-Match": first.headers["etag"]}
    assert api.get("/v1/findings", again, rule="overdue-promise", limit=1).status_code == 304
    assert_problem(api.get("/v1/findings", rule="no-such-rule"), 422, "invalid-parameters")
    assert_problem(api.get("/v1/findings", cursor="nonsense"), 422, "unknown-cursor")
