"""The program over HTTP: told by the same mechanisms as plans, for those who may run it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from httpx import Response

from adapters.postgres.store import Store, opened
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from tests.api import Api, assert_problem, listed, served
from tests.callers import Known, as_, caller
from tests.conftest import KEY
from tests.databases import Stores
from tests.histories import instant
from tests.places import ROOT
from tests.stores import OPEN_ACME

PATH = "/v1/program"
STORY = [json.loads(line) for line in (ROOT / "adapters/cli/demo/program.jsonl").read_text().splitlines()]
OPEN = {"name": "Strategic accounts", "currency": "EUR"}
LEAD = as_("lea")
CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("lea", "lead", "acme"),
    caller("rob", "reader", "acme"),
    caller("ann", "editor", "acme"),
    caller("aud", "auditor", "acme"),
    caller("adm", "admin", sees_all=True),
)


def do(api: Api, command: str, /, headers: dict[str, str] = LEAD, **body: Any) -> Response:
    return api.post(PATH if command == "open-program" else f"{PATH}/{command}", body, headers)


@pytest.fixture
def office(store: Store) -> Iterator[Api]:
    """A program that was just opened, and a plan."""
    with served(store, CALLERS) as api:
        assert api.do("open-plan", as_("root"), **OPEN_ACME).status_code == 201
        assert do(api, "open-program", **OPEN).status_code == 201
        yield api


@pytest.fixture(scope="module")
def told(stores: Stores) -> Iterator[Api]:
    """The program of the demonstration, told over HTTP by its lead on the days it was told."""
    with stores.lend() as where, opened(where, KEY) as store, served(store, CALLERS) as api:
        for line in STORY:
            api.clock.now = instant(line["at"])
            answer = do(api, line["command"], **line["body"])
            assert answer.is_success, (line, answer.text)
        yield api


# Commands


def test_everything_that_can_be_said_of_a_program_can_be_said_over_http(told: Api):
    assert {line["command"] for line in STORY} == PROGRAM.commands.keys()
    recorded = told.store.events.read(PROGRAM_ID)
    assert {type(record.event).__name__ for record in recorded} == PROGRAM.events.keys()
    assert {record.meta.actor for record in recorded} == {"lea"}


def test_opening_says_where_the_program_is_and_what_was_recorded(store: Store):
    with served(store, CALLERS) as api:
        answer = do(api, "open-program", **OPEN)
        assert (answer.status_code, answer.headers["location"]) == (201, PATH)
        said = answer.json()
        assert (said["program_id"], said["version"]) == (str(PROGRAM_ID), 1)
        assert said["events"] == [{"id": f"{PROGRAM_ID}:1", "type": "plantrail.program-opened.v1"}]
        assert "plan_id" not in said


def test_an_installation_has_one_program(office: Api):
    assert_problem(do(office, "open-program", **OPEN | {"name": "Another"}), 409, "program-already-open")


def test_before_it_is_opened_there_is_no_program(store: Store):
    with served(store, CALLERS) as api:
        assert_problem(do(api, "name-program-owner", owner="vera"), 404, "unknown-program")
        several = listed(("name-program-owner", {"owner": "vera"}))
        assert_problem(api.post(f"{PATH}/commands", several, LEAD), 404, "unknown-program")


def test_the_same_key_gives_the_first_answer_again_and_records_nothing(office: Api):
    headers = LEAD | {"Idempotency-Key": "once"}
    first, again = (do(office, "name-program-owner", headers, owner="vera") for _ in range(2))
    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert len(office.store.events.read(PROGRAM_ID)) == 2
    assert_problem(do(office, "name-program-owner", headers, owner="noa"), 422, "idempotency-key-reused")


def test_who_has_not_seen_what_happened_meanwhile_is_told_it(office: Api):
    seen = do(office, "set-exchange-rates", as_of_on="2026-01-05", rates={"GBP": "1.15"}).headers["etag"]
    do(office, "set-exchange-rates", as_of_on="2026-01-05", rates={"GBP": "1.16"})
    stale = do(office, "set-exchange-rates", LEAD | {"If-Match": seen}, as_of_on="2026-01-05", rates={"GBP": "1.17"})
    problem = assert_problem(stale, 412, "version-conflict")
    assert problem["current_version"] == 3
    assert [event["type"] for event in problem["events"]] == ["ExchangeRatesSet"]
    assert "The program is at version 3." in problem["detail"]
    other_thing = do(office, "publish-agenda", LEAD | {"If-Match": seen}, **example("publish-agenda"))
    assert other_thing.is_success


def example(command: str) -> dict[str, Any]:
    body: dict[str, Any] = next(line["body"] for line in STORY if line["command"] == command)
    return body


def test_a_list_is_carried_out_whole_or_not_at_all(office: Api):
    right = ("name-program-owner", {"owner": "vera"})
    wrong = ("complete-phase", {"phase": "pilot"})
    refused = office.post(f"{PATH}/commands", listed(right, wrong), LEAD)
    assert_problem(refused, 409, "phase-not-begun", "/1/body/phase")
    assert len(office.store.events.read(PROGRAM_ID)) == 1
    done = office.post(f"{PATH}/commands", listed(right, ("begin-phase", {"phase": "pilot"})), LEAD).json()
    assert [result["command"] for result in done["results"]] == ["name-program-owner", "begin-phase"]
    assert done["version"] == 3


def test_what_is_of_a_plan_is_no_command_of_the_program_and_the_other_way_round(office: Api):
    of_a_plan = office.post(f"{PATH}/commands", listed(("plan-play", {})), LEAD)
    problem = assert_problem(of_a_plan, 422, "invalid-fields", "/0/command")
    assert "of the program" in str(problem["errors"])
    assert_problem(office.post(f"{PATH}/plan-play", {}, LEAD), 404, "not-found")
    assert_problem(office.post("/v1/plans/acme/open-round", {}, as_("ann")), 404, "not-found")
    opening = office.post(f"{PATH}/commands", listed(("open-program", OPEN)), LEAD)
    assert "POST /v1/program" in str(assert_problem(opening, 422, "invalid-fields", "/0/command")["errors"])


def test_the_program_id_names_no_plan(office: Api):
    assert_problem(office.get(f"/v1/plans/{PROGRAM_ID}", as_("root")), 404, "unknown-plan")
    assert_problem(office.of(str(PROGRAM_ID)).do("archive-plan", as_("root"), reason="x"), 404, "unknown-plan")


# Rights


@pytest.mark.parametrize("actor", ["rob", "ann", "aud", "adm"])
def test_nobody_but_a_lead_runs_the_program(office: Api, actor):
    assert_problem(do(office, "name-program-owner", as_(actor), owner="vera"), 403, "forbidden")
    assert len(office.store.events.read(PROGRAM_ID)) == 1


def test_a_lead_says_which_tier_an_account_has_and_changes_nothing_else_of_a_plan(office: Api):
    assert office.do("change-tier", LEAD, tier="growth", reason="Decided in spring").is_success
    assert office.do("confirm-tier", LEAD, round="2026-spring").is_success
    assert_problem(office.do("rename-account", LEAD, account_name="Acme", reason="x"), 403, "forbidden")
    assert_problem(office.do("assign-member", LEAD, member="lea", role="account_executive"), 403, "forbidden")
