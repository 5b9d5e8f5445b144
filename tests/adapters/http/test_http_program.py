"""The program over HTTP: told by the same mechanisms as plans, for those who may run it."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx import Response

from adapters.bootstrap.store import findings_across_plans
from adapters.http.budgets import Budget, Budgets
from adapters.http.forwarding import Forwarder
from adapters.postgres.store import Store, opened
from application.aggregates.ports import StoreUnavailable
from application.library.from_library import LibraryReader
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from tests.api import Api, assert_problem, listed, served
from tests.callers import Known, as_, caller
from tests.conftest import KEY
from tests.databases import Stores
from tests.histories import instant
from tests.json_schema import violations
from tests.places import ROOT
from tests.stores import OPEN_ACME, wait_until

PATH = "/v1/program"
STORY = [json.loads(line) for line in (ROOT / "adapters/cli/demo/program.jsonl").read_text().splitlines()]
OPEN = {"name": "Strategic accounts", "currency": "EUR"}
LEAD = as_("lea")
SHOWN = [line["body"]["plan"] for line in STORY if line["command"] == "publish-example"]
"""The accounts whose plans it shows as examples."""
CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("lea", "lead", "acme", *SHOWN),
    caller("rob", "reader", "acme"),
    caller("ann", "editor", "acme"),
    caller("aud", "auditor", "acme"),
    caller("adm", "admin", sees_all=True),
)


def do(api: Api, command: str, /, headers: dict[str, str] = LEAD, **body: Any) -> Response:
    return api.post(PATH if command == "open-program" else f"{PATH}/{command}", body, headers)


@pytest.fixture
def office(store: Store) -> Iterator[Api]:
    """Yield the service with a program that was just opened, and a plan."""
    with served(store, CALLERS) as api:
        assert api.do("open-plan", as_("root"), **OPEN_ACME).status_code == 201
        assert do(api, "open-program", **OPEN).status_code == 201
        yield api


@pytest.fixture(scope="module")
def told(stores: Stores) -> Iterator[Api]:
    """Yield the service with the program of the demonstration, which its lead told over HTTP on its days."""
    with stores.lend() as where, opened(where, KEY) as store, served(store, CALLERS) as api:
        api.clock.now = instant("2026-01-05")
        for account in SHOWN:
            assert api.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": account}).is_success
            review = {"id": "m-2026-03", "kind": "monthly", "audience": "internal", "held_on": "2026-01-05"}
            path = f"/v1/plans/{account}/hold-review"
            assert api.post(path, review | {"ours": ["ann"], "theirs": []}, as_("root")).is_success
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


# Views


def view(api: Api, name: str = "", headers: dict[str, str] = LEAD, **parameters: Any) -> Response:
    return api.get(f"{PATH}{name}", headers, **parameters)


def test_the_program_is_shown_as_it_stands_with_what_holds_today(told: Api):
    shown = view(told).json()
    assert shown["program_id"] == str(PROGRAM_ID)
    assert shown["program"]["name"] == "Strategic accounts"
    adopted = [line["body"] for line in STORY if line["command"] == "adopt-policy"]
    assert shown["policy_in_force"]["version"] == len(adopted)
    [committed] = [line["body"] for line in STORY if line["command"] == "commit-list"]
    assert shown["list"]["round"] == committed["round"]
    assert [each["account"] for each in shown["list"]["entries"]] == [each["account"] for each in committed["entries"]]
    assert {section: bool(things) for section, things in shown["sections"].items()} == dict.fromkeys(
        ("charter", "policy", "rounds", "library"), True
    )
    assert {round["id"] for round in shown["sections"]["rounds"]["rounds"]} >= {committed["round"]}


def test_the_program_is_shown_as_it_stood_at_any_cut(told: Api):
    opened = view(told, as_of="version:1").json()
    assert (opened["version"], opened["policy_in_force"]["version"], opened["list"]) == (1, 0, None)
    assert opened["program"]["fiscal_year_starts"] == STORY[0]["body"]["fiscal_year_starts"]
    first = told.store.events.read(PROGRAM_ID)[0].meta.recorded_at
    assert view(told, as_of=first.isoformat()).json()["version"] == 1
    assert view(told, as_of=f"event:{PROGRAM_ID}:2").json()["version"] == 2
    assert_problem(view(told, as_of="2020-01-01"), 422, "cut-before-program-opened")
    assert_problem(view(told, as_of="2050-01-01"), 422, "cut-in-the-future")
    assert_problem(view(told, as_of="review:R1"), 422, "unknown-cut")


def test_the_history_tells_every_event_and_what_it_changed(told: Api):
    items = view(told, "/history", limit=500).json()["items"]
    assert [item["version"] for item in items] == list(range(1, len(told.store.events.read(PROGRAM_ID)) + 1))
    [revised] = view(told, "/history", type="charter-revised").json()["items"]
    assert revised["changes"] == [
        {"kind": "program", "id": "program", "field": "fiscal_year_starts", "before": 11, "after": 1}
    ]
    assert {item["section"] for item in view(told, "/history", section="library", limit=500).json()["items"]} == {
        "library"
    }
    assert_problem(view(told, "/history", type="play-planned"), 422, "invalid-parameters")
    assert_problem(view(told, "/history", section="stakeholders"), 422, "invalid-parameters")


def test_a_page_of_the_history_says_where_the_next_begins(told: Api):
    first = view(told, "/history", limit=2)
    second = told.get(first.headers["link"].split(">")[0][1:], LEAD).json()
    assert [item["version"] for item in (*first.json()["items"], *second["items"])] == [1, 2, 3, 4]


def test_one_thing_of_the_program_has_a_life(told: Api):
    [published] = [line["body"] for line in STORY if line["command"] == "publish-play"][:1]
    life = view(told, f"/entities/library-play/{published['id']}/history").json()["items"]
    assert life[0]["type"] == "LibraryPlayPublished"
    assert_problem(view(told, "/entities/library-play/nowhere/history"), 404, "unknown-library-play")
    assert_problem(view(told, "/entities/stakeholder/jane/history"), 404, "unknown-kind")


def test_for_every_value_it_is_told_who_set_it_when_and_why(told: Api):
    [owner] = [each for each in view(told, "/blame", kind="program").json()["items"] if each["field"] == "owner"]
    assert (owner["value"], owner["type"], owner["actor"]) == ("vera", "ProgramOwnerNamed", "lea")
    [month] = [
        each for each in view(told, "/blame", kind="program").json()["items"] if each["field"] == "fiscal_year_starts"
    ]
    assert month["reason"]


def test_what_is_different_between_two_cuts_is_told_by_section(told: Api):
    changed = view(told, "/diff", **{"from": "version:1", "to": "version:2"}).json()
    assert [change["what"] for change in changed["changes"]["charter"]] == ["charter-revised"]
    assert (changed["changes"]["charter"][0]["from"], changed["changes"]["charter"][0]["to"]) == (11, 1)
    whole = view(told, "/diff").json()
    assert set(whole["changes"]) == {"charter", "policy", "rounds", "library"}
    assert_problem(view(told, "/diff", **{"from": "version:2", "to": "version:1"}), 422, "cuts-out-of-order")


def test_an_answer_that_is_known_is_not_sent_again(told: Api):
    for name in ("", "/history", "/blame", "/diff"):
        tag = view(told, name).headers["etag"]
        assert view(told, name, LEAD | {"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("name", ["", "/history", "/blame", "/diff", "/entities/program/program/history"])
def test_what_is_answered_fits_the_document(told: Api, name):
    document = told.get("/openapi.json").json()
    path = name.replace("/entities/program/program", "/entities/{kind}/{id}")
    schema = document["paths"][f"{PATH}{path}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert violations(document, schema, view(told, name).json()) == []
    if not name:
        assert violations(document, schema, view(told, name, as_("rob")).json()) == []


def test_a_round_shows_who_ranks_how_and_what_came_of_its_list(office: Api):
    criteria = {"top_arr": 3, "logo": 1}
    assert office.do("score-account", as_("ann"), round="spring", criteria=criteria).is_success
    do(office, "open-round", id="spring", title="Spring", due_on="2026-03-31", criteria_weights={"top_arr": 2})
    for account in ("acme", "nobody"):
        do(office, "nominate", round="spring", account=account, account_name=account, why="It grows")
    do(office, "give-opinion", round="spring", account="acme", member="noa", function="sales", stance="for")
    entries = [{"account": "acme", "tier": "strategic"}, {"account": "nobody", "tier": "growth"}]
    assert do(office, "commit-list", round="spring", entries=entries, decided_by=["vera"]).is_success
    shown = view(office, "/rounds/spring").json()
    assert [(each["account"], each["score"]) for each in shown["ranking"]] == [("acme", 6), ("nobody", None)]
    assert [each["member"] for each in shown["ranking"][0]["opinions"]] == ["noa"]
    assert [(each["account"], each["state"]) for each in shown["results"]] == [
        ("acme", "waiting"), ("nobody", "to_open")
    ]  # fmt: skip
    document = office.get("/openapi.json").json()
    answer = document["paths"][f"{PATH}/rounds/{{round}}"]["get"]["responses"]["200"]
    assert violations(document, answer["content"]["application/json"]["schema"], shown) == []
    assert_problem(view(office, "/rounds/autumn"), 404, "unknown-round")
    assert_problem(view(office, "/rounds/spring", as_("rob")), 403, "forbidden")


def test_whoever_knows_the_practice_sees_a_gold_standard_plan_without_names(office: Api):
    assert office.do("write-note", as_("ann"), section="plan", text="Acme pays for it").is_success
    example = {"id": "gold", "title": "As it should be", "plan": "acme", "cut": "now"}
    assert do(office, "publish-example", **example).is_success
    shown = view(office, "/examples/gold", as_("rob"))
    assert "acme" not in shown.text.casefold()
    assert "the account pays for it" in shown.text
    assert_problem(view(office, "/examples/silver"), 404, "unknown-example")
    assert office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": "kiwi"}).status_code == 201
    for plan in ("kiwi", "nobody"):  # one they may not see, and one that there is not
        assert_problem(
            do(office, "publish-example", **example | {"id": "k", "plan": plan}), 409, "no-plan-to-show", "/plan"
        )
    refused = do(office, "publish-example", **example | {"id": "k", "cut": "review:never"})
    assert_problem(refused, 409, "no-cut-to-show", "/cut")
    assert office.do("alias-account", as_("root"), account_id="0017-acme").is_success
    assert do(office, "publish-example", **example | {"id": "alias", "plan": "0017-acme"}).is_success
    assert view(office, "/examples/alias", as_("rob")).json()["plan"]["account"]["account_name"] == "the account"
    assert do(office, "withdraw-example", id="gold", reason="Names could be guessed").is_success
    assert_problem(view(office, "/examples/gold"), 404, "unknown-example")


def test_what_is_wrong_with_the_program_is_shown_to_those_who_run_it(office: Api):
    office.store.portfolio.catch_up(office.clock)
    findings_across_plans(office.store, office.clock).catch_up()
    shown = view(office, "/findings").json()
    assert {"no-owner", "list-too-short", "sponsor-share"} <= {each["rule"] for each in shown["items"]}
    assert shown["items"][0]["severity"] == "alarm"
    assert_problem(view(office, "/findings", as_("rob")), 403, "forbidden")


def test_what_was_shown_of_the_program_is_shown_for_ever_as_of_then(office: Api):
    """Its findings are those of then, of plans as they stood then, under the policy that was in force then."""
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31", criteria_weights={"top_arr": 2})
    do(office, "nominate", round="spring", account="acme", account_name="Acme", why="It grows")
    assert office.do("score-account", as_("ann"), round="spring", criteria={"top_arr": 3}).is_success
    look_at_all_plans(office)
    then = office.clock().isoformat()
    findings, round = view(office, "/findings").json(), view(office, "/rounds/spring").json()

    office.clock.now += timedelta(days=3)
    policy = {"list": {"target": 1, "warn": 1, "alarm": 1}}
    effective_on = str(office.clock().date())
    assert do(office, "adopt-policy", effective_on=effective_on, policy=policy, reason="It is small").is_success
    do(office, "name-program-owner", owner="vera")
    assert office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": "beta"}).status_code == 201
    assert office.do("score-account", as_("ann"), round="spring", criteria={"top_arr": 1}).is_success
    do(office, "commit-list", round="spring", entries=[{"account": "acme", "tier": "growth"}], decided_by=["vera"])
    look_at_all_plans(office)
    now, earlier = view(office, "/findings").json(), view(office, "/findings", as_of=then).json()
    rules = {each["rule"] for each in now["items"]}
    assert (now["policy_version"], rules & {"no-owner", "list-too-short", "list-too-long"}) == (1, {"list-too-long"})
    assert (earlier["policy_version"], earlier["version"]) == (0, findings["version"])
    assert earlier["items"] == findings["items"]
    of_then = view(office, "/rounds/spring", as_of=then).json()
    assert {**of_then, "as_of": None} == {**round, "as_of": None}
    assert view(office, "/rounds/spring").json()["results"] != []
    assert of_then["as_of"]["version"] == findings["version"]
    opened = view(office, "/findings", as_of="version:1").json()
    assert opened["version"] == 1
    assert {"no-owner", "list-too-short"} <= {each["rule"] for each in opened["items"]}
    assert_problem(view(office, "/findings", as_of="2020-01-01"), 422, "cut-before-program-opened")
    assert_problem(view(office, "/findings", as_of="2050-01-01"), 422, "cut-in-the-future")
    assert_problem(view(office, "/rounds/spring", as_of="version:1"), 404, "unknown-round")


def test_whoever_asks_for_what_reads_all_plans_takes_their_turn(office: Api):
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31")
    office.app.state.budgets = Budgets({"gathering": Budget(concurrent=1, most=0, most_per_caller=0, seconds=2.0)})
    for name, cut in product(("/findings", "/rounds/spring"), ("now", "version:2")):
        refused = view(office, name, as_of=cut)
        assert_problem(refused, 429, "too-many-requests")
        assert refused.headers["Retry-After"]


def test_what_is_found_in_the_program_is_found_by_another_process(office: Api):
    asked = list[str]()
    office.app.state.forwarder = Forwarder("/nowhere", lambda: bool(asked.append("is it there?")))
    for number, cut in enumerate(("now", "version:1"), 1):
        assert view(office, "/findings", as_of=cut).is_success
        assert len(asked) == number
    assert view(office, "/history").is_success
    assert len(asked) == number


def test_a_day_of_the_program_ends_where_it_ended_when_the_program_moves(office: Api):
    """The day ended in UTC; on Kiritimati it would have ended fourteen hours earlier."""
    office.clock.now = office.clock().replace(hour=20)
    do(office, "name-program-owner", owner="vera")
    day = str(office.clock().date())
    office.clock.now += timedelta(days=40)
    before = view(office, as_of=day).json()
    assert before["program"]["owner"] == "vera"
    moved = do(office, "revise-charter", timezone="Pacific/Kiritimati", reason="The sea is warm")
    assert moved.is_success
    assert view(office, as_of=day).json() == before
    assert view(office, as_of="version:2").json()["as_of"]["date"] == day
    here = office.clock().astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    assert view(office).json()["as_of"]["date"] == str(here)


def test_an_example_is_shown_at_every_cut_at_which_it_was_published(office: Api):
    example = {"id": "gold", "title": "As it should be", "plan": "acme", "cut": "now"}
    assert do(office, "publish-example", **example).is_success
    shown = view(office, "/examples/gold").json()
    assert do(office, "withdraw-example", id="gold", reason="Names could be guessed").is_success
    assert view(office, "/examples/gold", as_of="version:2").json() == shown
    for cut in ("version:1", "now"):
        assert_problem(view(office, "/examples/gold", as_of=cut), 404, "unknown-example")


def test_a_phase_that_does_not_meet_its_exit_criteria_is_completed_with_a_reason_only(office: Api):
    assert do(office, "begin-phase", phase="stand_up").is_success
    problem = assert_problem(do(office, "complete-phase", phase="stand_up"), 409, "reason-missing-for-phase", "/reason")
    assert "no list was committed" in problem["detail"]
    assert do(office, "complete-phase", phase="stand_up", reason="The list comes in May").is_success
    assert do(office, "begin-phase", phase="pilot").is_success
    look_at_all_plans(office)
    problem = assert_problem(do(office, "complete-phase", phase="pilot"), 409, "reason-missing-for-phase", "/reason")
    assert "was not reviewed since" in problem["detail"]
    held = {"kind": "monthly", "audience": "internal", "held_on": str(office.clock().date()), "ours": ["ann"]}
    assert office.do("hold-review", as_("root"), **held, theirs=[]).is_success
    look_at_all_plans(office)
    assert do(office, "complete-phase", phase="pilot").is_success


def look_at_all_plans(office: Api) -> None:
    """Let the tables catch up that the program is judged by."""
    office.store.portfolio.catch_up(office.clock)
    findings_across_plans(office.store, office.clock).catch_up()


def test_what_is_taken_from_the_library_is_recorded_as_one_or_not_at_all(office: Api):
    assert do(office, "publish-play", **example("publish-play") | {"id": "pilot"}).is_success
    steps = [{"statement": "Agree the measure", "kind": "task", "days_in": 3}]
    assert do(office, "revise-play", id="pilot", steps=steps, reason="It has one").is_success
    ann = as_("ann")
    adopted = office.do("adopt-play", ann | {"Idempotency-Key": "once"}, library_play="pilot", owner="ann", id="ours")
    types = ["plantrail.play-planned.v1", "plantrail.action-added.v2"]
    assert [event["type"] for event in adopted.json()["events"]] == types
    assert adopted.json()["id"] == "ours"
    again = office.do("adopt-play", ann | {"Idempotency-Key": "once"}, library_play="pilot", owner="ann", id="ours")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["events"] == adopted.json()["events"]
    tried = office.post("/v1/plans/acme/adopt-play?dry_run=true", {"library_play": "pilot", "owner": "ann"}, ann)
    assert len(tried.json()["events"]) == 2
    taken = office.do("adopt-play", ann, library_play="pilot", owner="ann", id="ours")
    assert_problem(taken, 409, "play-id-taken", "/id")
    unknown = {"title": "Pilot", "kind": "proof", "owner": "ann", "due_on": "2026-12-31", "success_measure": "Done"}
    refused = office.do("plan-play", ann, **unknown, library_play="nothing")
    assert_problem(refused, 409, "unknown-library-play", "/library_play")
    assert office.do("plan-play", ann, **unknown, library_play="pilot").is_success
    step = {"statement": "Agree the measure with the CFO", "kind": "task", "owner": "ann", "due_on": "2026-12-31"}
    refused = office.do("add-action", ann, **step, library_play="nothing")
    assert_problem(refused, 409, "unknown-library-play", "/library_play")
    office.store.portfolio.catch_up(office.clock)
    findings_across_plans(office.store, office.clock).catch_up()
    [told] = do(office, "retire-play", id="pilot", reason="Too long").json()["warnings"]
    assert (told["code"], told["pointer"]) == ("library-play-in-use", "/id")
    assert told["detail"].startswith("3 open plays and actions were taken from it, at Acme")
    over = office.do("adopt-play", ann, library_play="pilot", owner="ann")
    assert_problem(over, 409, "library-play-over", "/library_play")


def test_a_plan_is_opened_by_a_template_as_far_as_the_caller_may(office: Api):
    hold = {"command": "place-hold", "body": {"reason": "Always"}}
    note = {"command": "write-note", "body": {"section": "plan", "text": "First month of {account_name}"}}
    for id, commands in (("held", [note, hold]), ("first-month", [note])):
        assert do(office, "publish-template", id=id, title="The first month", commands=commands).is_success
    terms = {"account_name": "Beta", "tier": "growth", "owner": "ann", "currency": "EUR", "account_id": "beta"}
    assert_problem(office.do("open-plan", as_("ann"), **terms, template="held"), 403, "forbidden")
    opened = office.do("open-plan", as_("ann"), **terms, template="first-month")
    assert opened.status_code == 201
    types = ["plantrail.plan-opened.v1", "plantrail.note-written.v1"]
    assert [event["type"] for event in opened.json()["events"]] == types
    assert_problem(office.do("open-plan", as_("ann"), **terms, template="gone"), 409, "unknown-template", "/template")
    assert do(
        office, "publish-template", id="large", title="Of a large one", tier="strategic", commands=[note]
    ).is_success
    told = office.do("open-plan", as_("ann"), **terms | {"account_id": "gamma"}, template="large").json()["warnings"]
    assert [(each["code"], each["pointer"]) for each in told] == [("template-of-others", "/tier")]
    late = {"command": "schedule-review", "body": {"id": "r1", "kind": "qbr", "planned_on": "{today+93}"}}
    told = do(office, "publish-template", id="late", title="Late", tier="strategic", commands=[late]).json()["warnings"]
    assert [(each["code"], each["pointer"]) for each in told] == [("template-against-policy", "/commands")]


def test_an_account_is_nominated_once_by_whichever_of_its_names(office: Api):
    do(office, "open-round", id="spring", title="Spring", due_on="2026-03-31")
    nomination = {"round": "spring", "account_name": "Acme", "why": "It grows"}
    assert do(office, "nominate", account="acme", **nomination).is_success
    by_plan = do(office, "nominate", account=str(plan_id_of("acme")), **nomination)
    assert_problem(by_plan, 409, "already-nominated", "/account")
    assert do(office, "withdraw-nomination", round="spring", account="acme").is_success
    assert do(office, "nominate", account=str(plan_id_of("acme")), **nomination).is_success
    aliased = {"account_id": "acme-in-the-erp", "reason": "Another system"}
    assert office.post("/v1/plans/acme/alias-account", aliased, as_("root")).is_success
    for member, account in (("ann", "acme"), ("ben", str(plan_id_of("acme"))), ("ann", "acme-in-the-erp")):
        said = {"member": member, "function": "sales", "stance": "against" if account == "acme" else "for"}
        assert do(office, "give-opinion", round="spring", account=account, **said).is_success
    entries = [{"account": "acme-in-the-erp", "tier": "growth"}]
    assert do(office, "commit-list", round="spring", entries=entries, decided_by=["vera"]).is_success
    [ranked] = office.get("/v1/program/rounds/spring", LEAD).json()["ranking"]
    assert (ranked["account"], ranked["stances"], ranked["listed"]["tier"]) == ("acme", {"for": 2}, "growth")
    assert do(office, "withdraw-nomination", round="spring", account="acme-in-the-erp").is_success


def test_a_merged_plan_is_listed_under_the_account_that_goes_on(office: Api):
    assert office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": "beta"}).status_code == 201
    merging = {"account_id": "beta", "reason": "Entered twice"}
    assert office.post("/v1/plans/acme/merge-plan", merging, as_("root")).is_success
    do(office, "open-round", id="spring", title="Spring", due_on="2026-03-31")
    refused = do(
        office, "commit-list", round="spring", entries=[{"account": "beta", "tier": "growth"}], decided_by=["vera"]
    )
    problem = assert_problem(refused, 409, "listed-plan-merged", "/entries/0/account")
    assert "list acme instead" in problem["detail"]


def test_rates_that_leave_out_a_currency_of_a_plan_say_so(office: Api):
    assert (
        office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": "beta", "currency": "USD"}).status_code == 201
    )
    look_at_all_plans(office)
    set_on = str(office.clock().date())
    [told] = do(office, "set-exchange-rates", as_of_on=set_on, rates={"GBP": "1.15"}).json()["warnings"]
    assert (told["code"], told["pointer"]) == ("currency-without-rate", "/rates")
    assert told["detail"].startswith("There is no rate for USD")
    rates = {"GBP": "1.15", "USD": "0.9"}
    assert do(office, "set-exchange-rates", as_of_on=set_on, rates=rates).json()["warnings"] == []


def test_accounts_without_a_plan_are_told_and_the_nearest_one_with_a_plan_named(office: Api):
    look_at_all_plans(office)
    told = do(office, "begin-phase", phase="pilot", accounts=["acme", "acne"]).json()["warnings"]
    expected = {"account-without-plan": "/accounts/1", "phases-skipped": "/phase"}
    assert {each["code"]: each["pointer"] for each in told} == expected
    assert "There is no plan of acne yet. Is acme meant?" in [each["detail"] for each in told]
    corrected = do(office, "correct-phase", phase="pilot", accounts=["acme", "zzz"], reason="Mistyped").json()
    assert [each["detail"] for each in corrected["warnings"]] == ["There is no plan of zzz yet."]
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31")
    entries = [{"account": f"new-{number}", "tier": "growth"} for number in range(23)]
    told = do(office, "commit-list", round="spring", entries=entries, decided_by=["lea"]).json()["warnings"]
    assert [each["pointer"] for each in told if each["code"] == "account-without-plan"] == [
        f"/entries/{place}/account" for place in range(21)
    ]
    assert told[-1]["detail"] == "3 more accounts have no plan yet."


def test_a_round_that_the_program_does_not_have_is_told(office: Api):
    scored = {"criteria": {"logo": 3}, "round": "sprnig"}
    assert office.do("score-account", as_("ann"), **scored).json()["warnings"] == [], "no round was opened yet"
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31")
    for command, more in (
        ("score-account", {"criteria": {"logo": 2}}),
        ("confirm-tier", {}),
        ("change-tier", {"tier": "growth", "reason": "Too small"}),
    ):
        [told] = office.do(command, LEAD if "tier" in command else as_("ann"), **more, round="sprnig").json()[
            "warnings"
        ]
        assert (told["code"], told["pointer"]) == ("unknown-round", "/round")
        assert told["detail"] == "There is no round “sprnig” in the program: did you mean “spring”?"
    assert office.do("score-account", as_("ann"), criteria={"logo": 2}, round="spring").json()["warnings"] == []


@pytest.mark.parametrize("good", [0, 1])
def test_where_the_program_cannot_be_read_nothing_is_recorded(office: Api, monkeypatch, good: int):
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31")
    before, read, left = office.version, LibraryReader._read, iter(range(good))

    def read_or_fail(library: LibraryReader) -> Any:
        if next(left, None) is None:
            raise StoreUnavailable
        return read(library)

    monkeypatch.setattr(LibraryReader, "_read", read_or_fail)
    answer = office.do("score-account", as_("ann"), criteria={"logo": 2}, round="sprnig")
    assert_problem(answer, 503, "store-unavailable")
    monkeypatch.undo()
    assert office.version == before


def test_a_nomination_under_the_name_of_another_account_is_told(office: Api):
    do(office, "open-round", id="spring", title="Spring", due_on="2026-12-31")
    nomination = {"round": "spring", "account": "acme", "why": "It grows"}
    told = do(office, "nominate", **nomination, account_name="Beta Stores").json()["warnings"]
    assert [(each["code"], each["pointer"]) for each in told] == [("called-otherwise", "/account_name")]
    assert do(office, "withdraw-nomination", round="spring", account="acme").is_success
    assert do(office, "nominate", **nomination, account_name="ACME Holding").json()["warnings"] == []


def test_a_play_of_the_library_that_was_won_where_there_is_no_plan_is_told(office: Api):
    look_at_all_plans(office)
    play = example("publish-play") | {"id": "pilot", "source_plan": "acne"}
    [told] = do(office, "publish-play", **play).json()["warnings"]
    assert (told["pointer"], told["detail"]) == ("/source_plan", "There is no plan of acne yet. Is acme meant?")
    revised = do(office, "revise-play", id="pilot", source_plan=str(plan_id_of("acme")), reason="Mistyped").json()
    assert revised["warnings"] == []


def test_a_list_with_an_archived_plan_is_refused(office: Api):
    do(office, "open-round", id="spring", title="Spring", due_on="2026-03-31")
    assert office.do("archive-plan", as_("root"), reason="Bought").is_success
    listed_once = [{"account": "acme", "tier": "growth"}]
    refused = do(office, "commit-list", round="spring", entries=listed_once, decided_by=["vera"])
    assert_problem(refused, 409, "listed-plan-archived", "/entries/0/account")


# Rights


def test_who_plans_sees_policy_library_and_list_and_nothing_of_who_said_what(told: Api):
    whole = view(told).json()
    for actor in ("rob", "ann"):
        shown = view(told, headers=as_(actor)).json()
        assert shown["sections"]["library"] == whole["sections"]["library"]
        assert shown["sections"]["policy"] == whole["sections"]["policy"]
        assert shown["list"] == whole["list"]
        assert (shown["sections"]["rounds"], shown["sections"]["charter"]) == (None, None)
        for name in ("/history", "/blame", "/diff", "/entities/program/program/history"):
            assert_problem(view(told, name, as_(actor)), 403, "forbidden")


def test_an_auditor_sees_the_whole_program_and_an_admin_nothing_of_it(told: Api):
    for name in ("", "/history", "/blame", "/diff"):
        assert view(told, name, as_("aud")).json() == view(told, name).json()
        assert_problem(view(told, name, as_("adm")), 403, "forbidden")


def test_who_reads_the_program_is_written_down(told: Api):
    view(told, "/history", as_("aud"))

    def noted() -> set[tuple[str, str]]:
        items = told.get("/v1/access-events", as_("root"), actor="aud").json()["items"]
        return {(each["view"], each["plan_id"]) for each in items}

    wait_until(lambda: ("read_program_history", str(PROGRAM_ID)) in noted())


@pytest.mark.parametrize("actor", ["rob", "ann", "aud", "adm"])
def test_nobody_but_a_lead_runs_the_program(office: Api, actor):
    assert_problem(do(office, "name-program-owner", as_(actor), owner="vera"), 403, "forbidden")
    assert len(office.store.events.read(PROGRAM_ID)) == 1


def test_a_lead_says_which_tier_an_account_has_and_changes_nothing_else_of_a_plan(office: Api):
    assert office.do("change-tier", LEAD, tier="growth", reason="Decided in spring").is_success
    assert office.do("confirm-tier", LEAD, round="2026-spring").is_success
    assert_problem(office.do("rename-account", LEAD, account_name="Acme", reason="x"), 403, "forbidden")
    assert_problem(office.do("assign-member", LEAD, member="lea", role="account_executive"), 403, "forbidden")
