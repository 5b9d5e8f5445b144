"""Views over HTTP: what may be asked of a plan, as of which cut, and page by page."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from httpx import Response

from adapters.bootstrap.background import following
from application.portfolio.query import PortfolioQuery
from tests.api import Api, Told, assert_problem
from tests.cases import for_each
from tests.patience import soon
from tests.stores import OPEN_ACME

NOTE = {"section": "plan", "text": "Budget talks in May"}
VIEWS = ["", "/history", "/entities/play/pilot/history", "/blame", "/diff", "/reviews"]
LATER_VIEWS = ["", "/history", "/blame", "/reviews"]


def items(answer: Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


def versions(answer: Response) -> list[int]:
    return [item["version"] for item in items(answer)]


# What JSON looks like


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    yield path, value
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from parts(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from parts(inner, f"{path}/{place}")


@for_each("view", [*VIEWS, "/diff?from=version:1&states=true"])
def test_names_are_in_snake_case_and_no_number_is_inexact(told: Told, view):
    for path, value in parts(told.view(view).json()):
        assert not isinstance(value, float), path
        name = path.rpartition("/")[2]
        assert re.fullmatch(r"[a-z][a-z0-9_]*|[0-9]*|\w+@\w+|plant:hub", name), path


@for_each("view", VIEWS)
def test_instants_are_utc_and_days_are_days(told: Told, view):
    for path, value in parts(told.view(view).json()):
        if value is None or isinstance(value, list | dict):
            continue
        if path.endswith(("_at", "/at")):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", value), path
        if path.endswith("_on"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", value), path


# Which plan


@for_each("view", VIEWS)
def test_a_plan_is_named_by_its_own_id_or_by_its_accounts(told: Told, view):
    by_account, by_plan = told.view(view), told.api.of(told.api.plan_id).view(view)
    assert by_account.json() == by_plan.json() == told.api.of("%61cme").view(view).json()
    assert by_account.headers["etag"] == by_plan.headers["etag"]


@for_each("plan", ["..", "%2e%2e%2f", "x" * 5_000, "%F0%9F%90%98", "a%20b", "acme%2F"])
def test_a_plan_there_cannot_be_is_not_found(service: Api, plan):
    answer = service.of(plan).view("/blame")
    assert answer.status_code == 404
    assert answer.json()["type"] in ("/problems/unknown-plan", "/problems/not-found")


# As of a cut


@for_each("view", LATER_VIEWS)
@for_each(
    ("as_of", "last"),
    [
        ("version:1", "open-plan"),
        ("version:2", "correct-plan"),
        ("event:acme:2", "correct-plan"),
        ("event::2", "correct-plan"),
        ("2026-01-05", "open-plan"),
        ("2026-01-06T09:00:00Z", "revoke-exception"),
        ("2026-01-06T10:00:00+01:00", "revoke-exception"),
        ("2026-01-06T10:00:00.000000+01:00", "revoke-exception"),
        ("review:R1", "hold-review"),
    ],
)
def test_a_view_can_be_had_as_of_any_cut(told: Told, view, as_of, last):
    version = told.answers_to(last)[0].json()["version"]
    answer = told.view(view, as_of=as_of)
    assert answer.headers["etag"].startswith(f'"{version}.')
    assert answer.json() == told.view(view, as_of=f"version:{version}").json() | (
        {"as_of": answer.json()["as_of"]} if "as_of" in answer.json() else {}
    )


@pytest.mark.parametrize("view", LATER_VIEWS)
def test_now_is_where_nothing_is_said(told: Told, view):
    assert told.view(view).json() == told.view(view, as_of="now").json()


def test_an_event_is_a_cut_by_its_own_id(told: Told):
    id = told.answers_to("plan-play")[0].json()["events"][0]["id"]
    assert [play["id"] for play in told.view(as_of=f"event:{id}").json()["sections"]["plays"]["plays"]] == ["pilot"]


def test_a_view_says_which_cut_it_shows(told: Told):
    assert told.view(as_of="review:R1").json()["as_of"] == {
        "cut": "review:R1",
        "version": told.answers_to("hold-review")[0].json()["version"],
        "at": "2026-01-26T09:00:00Z",
        "date": "2026-01-26",
        "recorded_late": False,
        "provisional": False,
        "struck": False,
    }
    assert told.view(as_of="2026-01-28").json()["as_of"]["provisional"] is True


@for_each("view", [*LATER_VIEWS, "/entities/play/pilot/history", "/diff"])
@for_each("as_of", ["version:999", "event:acme:999", "2026-01-29", "2026-01-28T09:00:00.000001Z", "9999-12-31"])
def test_what_is_still_to_come_cannot_be_shown(told: Told, view, as_of):
    assert_problem(told.view(view, as_of=as_of), 422, "cut-in-the-future", pointer="/as_of")


@for_each("view", [*LATER_VIEWS, "/entities/play/pilot/history"])
@for_each("as_of", ["2026-01-04", "2026-01-05T08:59:59Z", "version:0", "1970-01-01", "0001-01-01"])
def test_before_the_plan_was_opened_there_is_nothing_to_show(told: Told, view, as_of):
    assert_problem(told.view(view, as_of=as_of), 422, "cut-before-plan-opened")
    assert_problem(told.view(view, headers={"If-None-Match": "*"}, as_of=as_of), 422, "cut-before-plan-opened")


@for_each("view", [*LATER_VIEWS, "/diff"])
@for_each(
    "as_of",
    [
        "", "yesterday", "version:", "version:x", "version:-1", "review:R9", "event:beta:3", "2026-02-30", "0000-00-00",
        "10000-01-01", "2026-01-06T10:00:00", "version:" + "9" * 200, "١:2", "2026-01-06 ",
    ],
)  # fmt: skip
def test_what_names_no_cut_is_refused(told: Told, view, as_of):
    assert_problem(told.view(view, as_of=as_of), 422, "unknown-cut", pointer="/as_of")


# History


def test_the_history_is_every_event_in_order(told: Told):
    entries = items(told.view("/history", limit=500))
    assert [entry["version"] for entry in entries] == list(range(1, told.api.version + 1))
    assert [entry["id"] for entry in entries] == [
        event["id"] for _, answer in told.answers for event in answer.json()["events"]
    ]
    assert entries[0]["data"] == OPEN_ACME | {"timezone": "Europe/Berlin", "opened_on": "2026-01-05"}


@for_each(
    ("wanted", "types"),
    [
        ({"section": "vision", "to": "review:R1"}, ["VisionStated", "SectionConfirmed"]),
        ({"type": "PlayWon", "to": "review:R1"}, ["PlayWon"]),
        ({"type": "play-won", "to": "review:R1"}, ["PlayWon"]),
        ({"type": "plantrail.play-won.v1", "to": "review:R1"}, ["PlayWon"]),
        ({"actor": "nobody"}, []),
        ({"entity": "vision", "to": "review:R1"}, ["VisionStated"]),
        ({"entity": "objection:o1"}, ["ObjectionNoted", "ObjectionSettled"]),
        ({"entity": "objection:o2"}, []),
        ({"section": "plays", "type": "PlayLost", "actor": "ann", "entity": "play:lost"}, ["PlayLost"]),
        ({"from": "2026-01-28"}, ["AccountAliased", "PlanMerged", "PlanArchived", "PlanReopened"]),
        ({"from": "now"}, []),
        ({"to": "version:2"}, ["PlanOpened", "PlanCorrected"]),
        ({"to": "2026-01-05"}, ["PlanOpened"]),
        ({"from": "version:1", "to": "version:3"}, ["PlanCorrected", "AccountRenamed"]),
        ({"from": "event:acme:1", "to": "2026-01-06", "type": "TierChanged"}, ["TierChanged", "TierChanged"]),
        ({"from": "review:x", "type": "ReviewHeld"}, []),
        ({"from": "1970-01-01", "to": "version:1"}, ["PlanOpened"]),
        ({"as_of": "version:1"}, ["PlanOpened"]),
    ],
)
def test_of_the_history_only_what_is_wanted(told: Told, wanted, types):
    assert [entry["type"] for entry in items(told.view("/history", **wanted))] == types


@pytest.mark.parametrize(
    ("wanted", "type", "pointer"),
    [
        ({"from": "2026-01-29"}, "cut-in-the-future", "/from"),
        ({"to": "2026-01-29"}, "cut-in-the-future", "/to"),
        ({"from": "soon"}, "unknown-cut", "/from"),
        ({"to": "soon"}, "unknown-cut", "/to"),
        ({"to": "2026-01-04"}, "cut-before-plan-opened", None),
    ],
)
def test_a_history_has_no_cuts_that_there_are_not(told: Told, wanted, type, pointer):
    assert_problem(told.view("/history", **wanted), 422, type, pointer)


@pytest.mark.parametrize(
    ("view", "asked"),
    [
        ("/history", {"limit": "7"}),
        ("/history", {"limit": "3", "section": "plays"}),
        ("/history", {"limit": "2", "type": "plantrail.tier-changed.v1", "to": "review:R1"}),
        ("/history", {"limit": "50", "from": "2026-01-09", "entity": "stakeholder"}),
        ("/entities/stakeholder/coo/history", {"limit": "4"}),
    ],
)
def test_page_follows_page_without_loss_or_repetition(told: Told, view, asked):
    whole = versions(told.view(view, **asked | {"limit": "500"}))
    answer, pages = told.view(view, **asked), []
    while True:
        pages.append(versions(answer))
        cursor = answer.json()["next"]
        if cursor is None:
            break
        assert answer.links["next"]["url"] == answer.headers["link"].partition(">")[0][1:]
        by_link = told.api.get(answer.links["next"]["url"])
        answer = told.view(view, **asked | {"cursor": cursor})
        assert by_link.json() == answer.json()
    assert "link" not in answer.headers
    assert [version for page in pages for version in page] == whole
    assert all(len(page) == int(asked["limit"]) for page in pages[:-1])


def test_a_link_asks_the_same_question_however_it_was_escaped(told: Told):
    answer = told.api.get("/v1/plans/%61cme/history?limit=2&entity=play%3Apilot&to=2026-01-20T09%3A00%3A00%2B00:00")
    following = told.api.get(answer.links["next"]["url"])
    assert following.status_code == 200
    assert {entry["entity"]["id"] for entry in items(following)} == {"pilot"}
    assert versions(following)[0] > versions(answer)[-1]


def test_what_is_recorded_meanwhile_comes_on_the_last_page(acme: Api):
    for _ in range(3):
        acme.done("write-note", **NOTE)
    first = acme.view("/history", limit="3")
    acme.done("write-note", **NOTE)
    assert versions(first) + versions(acme.get(first.links["next"]["url"])) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("cursor", ["x", "v3", "é", "%", "LTE"])
def test_a_cursor_that_the_list_did_not_give_is_refused(told: Told, cursor):
    assert_problem(told.view("/history", cursor=cursor), 422, "unknown-cursor", pointer="/cursor")


def test_a_page_beyond_the_end_is_empty(told: Told):
    tenth = told.view("/history", limit="10").json()["next"]
    assert items(told.view("/history", cursor=tenth, to="version:5")) == []


# The life of one thing


@pytest.mark.parametrize(
    ("kind", "id", "types"),
    [
        ("objection", "o1", ["ObjectionNoted", "ObjectionSettled"]),
        ("unit", "line", ["UnitAdded", "UnitRenamed", "UnitRemoved"]),
        ("touch", "t2", ["TouchLogged", "EntryStruck"]),
        ("cell", "plant:hub", ["CellAssessed"]),
        (
            "vision",
            "vision",
            ["VisionStated", "VisionStated", "VisionCorrected", "VisionWithdrawn", "VisionStated"],
        ),
    ],
)
def test_the_life_of_a_thing_is_told_whether_or_not_it_is_there_still(told: Told, kind, id, types):
    entries = items(told.view(f"/entities/{kind}/{id}/history"))
    assert [entry["type"] for entry in entries] == types


def test_the_life_of_a_thing_includes_what_names_it(told: Told):
    types = {entry["type"] for entry in items(told.view("/entities/stakeholder/coo/history", limit="500"))}
    assert types >= {"StakeholderAdded", "SentimentChanged", "TouchLogged", "ObjectionNoted", "ActionRelinked"}


def test_before_a_thing_was_there_its_life_is_empty(told: Told):
    assert items(told.view("/entities/play/pilot/history", as_of="version:2")) == []


def test_the_life_of_a_thing_takes_the_filters_of_the_history(told: Told):
    entries = items(told.view("/entities/play/pilot/history", type="PlayWon", actor="ann", section="plays"))
    assert [entry["type"] for entry in entries] == ["PlayWon"]


@for_each(
    ("kind", "id", "type"),
    [
        ("play", "nowhere", "unknown-play"),
        ("play", "coo", "unknown-play"),
        ("plays", "pilot", "unknown-kind"),
        ("play", "x" * 5_000, "unknown-play"),
        ("play", "%F0%9F%90%98", "unknown-play"),
        ("%20", "pilot", "unknown-kind"),
        ("play", "pilot%2F", "not-found"),
    ],
)
def test_what_never_was_has_no_life(told: Told, kind, id, type):
    for headers in ({}, {"If-None-Match": "*"}):
        assert_problem(told.view(f"/entities/{kind}/{id}/history", headers=headers), 404, type)


# Blame


def test_every_value_says_who_set_it_when_and_why(told: Told):
    tier = {"section": "plan", "kind": "plan", "id": "plan"}
    [value] = [each for each in items(told.view("/blame", **tier)) if each["field"] == "tier"]
    assert value == tier | {
        "field": "tier",
        "value": "strategic",
        "event": f"{told.api.plan_id}:5",
        "type": "TierChanged",
        "actor": "ann",
        "recorded_at": "2026-01-06T09:00:00Z",
        "reason": "Taken back",
    }


@pytest.mark.parametrize(
    "wanted", [{"section": "plays"}, {"kind": "play"}, {"kind": "play", "id": "pilot"}, {"id": "pilot"}]
)
def test_blame_of_only_what_is_wanted(told: Told, wanted):
    every = items(told.view("/blame"))
    some = items(told.view("/blame", **wanted))
    assert some == [each for each in every if wanted.items() <= each.items()]
    assert 0 < len(some) < len(every)


@pytest.mark.parametrize("view", ["/blame", "/reviews"])
def test_a_list_that_comes_whole_says_so(told: Told, view):
    assert told.view(view).json()["next"] is None


def test_blame_of_what_is_not_there_is_empty(told: Told):
    assert items(told.view("/blame", kind="kitchen")) == items(told.view("/blame", id="nowhere")) == []


# Comparison


def test_two_cuts_are_compared(told: Told):
    diff = told.view("/diff", **{"from": "version:1", "to": "2026-01-06"}).json()
    assert (diff["from"]["cut"], diff["to"]["cut"]) == ("version:1", "2026-01-06")
    [renamed] = [change for change in diff["changes"]["plan"] if change["what"] == "account-renamed"]
    assert (renamed["from"], renamed["to"]) == ("Acme Manufacturing", "Acme Group")
    assert diff["touched_unchanged"]
    assert diff["from_state"] is None


def test_the_plans_themselves_are_shown_when_they_are_asked_for(told: Told):
    diff = told.view("/diff", **{"from": "version:3", "to": "version:9", "states": "true"}).json()
    assert (diff["from_state"]["version"], diff["to_state"]["version"]) == (3, 9)


def test_what_is_not_said_is_since_the_last_review(told: Told):
    diff = told.view("/diff").json()
    assert (diff["from"]["cut"], diff["to"]["cut"]) == ("review:R1", "now")
    assert told.view("/diff", to="2026-01-27").json()["from"]["cut"] == "review:R1"
    assert told.view("/diff", as_of="2026-01-27").json()["to"]["cut"] == "2026-01-27"


def test_from_before_the_plan_everything_came(told: Told):
    diff = told.view("/diff", **{"from": "2025-12-31", "to": "version:1"}).json()
    assert [change["what"] for change in diff["changes"]["plan"]] == ["plan-opened"]


@pytest.mark.parametrize(("a", "b"), [("now", "now"), ("2026-01-05", "now"), ("now", "2026-01-05")])
def test_while_a_request_is_answered_the_clock_does_not_part_two_cuts(api: Api, a, b):
    api = api.with_a_plan("acme")
    api.clock.step = timedelta(microseconds=1)
    diff = api.view("/diff", **{"from": a, "to": b}).json()
    assert diff["from"]["at"] == diff["to"]["at"]
    assert diff["unchanged"] is True


@pytest.mark.parametrize(("a", "b"), [("version:5", "version:4"), ("now", "review:R1"), ("2026-01-20", "2026-01-19")])
def test_cuts_out_of_order_are_not_compared(told: Told, a, b):
    assert_problem(told.view("/diff", **{"from": a, "to": b}), 422, "cuts-out-of-order")


def test_before_any_review_one_has_to_say_from_where(told: Told):
    assert_problem(told.view("/diff", to="2026-01-20"), 422, "no-review-to-compare-with")


def test_nothing_is_compared_with_before_the_plan(told: Told):
    answer = told.view("/diff", **{"from": "2025-12-30", "to": "2025-12-31"})
    assert_problem(answer, 422, "cut-before-plan-opened")


# Reviews


def test_reviews_are_listed_as_the_cuts_they_are(told: Told):
    assert [(each["review"]["id"], each["review"]["state"], each["cut"]) for each in items(told.view("/reviews"))] == [
        ("R1", "held", "review:R1"),
        ("R0", "cancelled", None),
    ]
    assert items(told.view("/reviews", as_of="2026-01-18")) == []


# All plans


@pytest.fixture
def many(api: Api) -> Iterator[Api]:
    """Yield the service with seven plans, which the list of plans knows."""
    for number in range(7):
        api.with_a_plan(f"account-{number}")
    with following(api.store):
        position = api.of("account-6").done("write-note", **NOTE)["position"]
        assert api.get("/v1/plans", at_least=str(position)).status_code == 200
        yield api


def test_all_plans_are_listed_page_by_page(many: Api):
    whole = [plan["account_id"] for plan in items(many.get("/v1/plans", sort="-account_name"))]
    assert sorted(whole) == [f"account-{number}" for number in range(7)]
    answer = many.get("/v1/plans", sort="-account_name", limit="3")
    paged = [plan["account_id"] for plan in items(answer)]
    while "link" in answer.headers:
        answer = many.get(answer.links["next"]["url"])
        paged += [plan["account_id"] for plan in items(answer)]
    assert paged == whole
    assert answer.json()["next"] is None


def test_a_list_that_is_known_is_not_sent_again(many: Api):
    tag = many.get("/v1/plans").headers["etag"]
    assert many.get("/v1/plans", headers={"If-None-Match": tag}).status_code == 304
    assert many.get("/v1/plans", headers={"If-None-Match": tag}, limit="1").status_code == 200


def test_a_list_is_sent_as_it_would_be_written_however_often_its_rows_change(many: Api):
    for number in range(3):
        for query in (
            PortfolioQuery(),
            PortfolioQuery(sort="-last_review_on", limit=3),
            PortfolioQuery(owner="nobody"),
        ):
            content, next = asyncio.run(many.store.portfolio.written(query))
            page = many.store.portfolio.query(query)
            assert (content, next) == (page.model_dump_json().encode(), page.next)
        answer = many.of(f"account-{number}").done("reassign-plan", owner=f"owner-{number}", reason="r")
        assert many.get("/v1/plans", at_least=str(answer["position"])).status_code == 200


def test_one_reads_ones_own_writes(many: Api):
    for number in range(10):
        answer = many.of("account-3").done("reassign-plan", owner=f"owner-{number}", reason="r")
        [plan] = items(many.get("/v1/plans", at_least=str(answer["position"]), owner=f"owner-{number}"))
        assert (plan["account_id"], plan["version"]) == ("account-3", answer["version"])


def test_a_list_that_lags_says_so(acme: Api):
    position = acme.done("write-note", **NOTE)["position"]
    answer = acme.get("/v1/plans", at_least=str(position))
    assert_problem(answer, 503, "projection-lag")
    assert int(answer.headers["retry-after"]) >= 1


def test_who_waits_for_a_list_keeps_nobody_waiting_and_what_will_never_be_is_refused_at_once(acme: Api):
    position = acme.done("write-note", **NOTE)["position"]
    with ThreadPoolExecutor(120) as pool:
        waiting = [pool.submit(acme.get, path, at_least=str(position)) for path in LISTS for _ in range(40)]
        sleep(0.3)
        began = monotonic()
        for path in LISTS:
            assert acme.get(path).status_code == 200
            for beyond in (position + 1_000_000_000, 9_000_000_000_000_000_000):
                answer = acme.get(path, at_least=str(beyond))
                assert_problem(answer, 422, "position-beyond-the-log", "/at_least")
        assert monotonic() - began < soon(3)  # a thread for each would keep them waiting for six seconds
        assert {each.result().status_code for each in waiting} == {503}


LISTS = ("/v1/plans", "/v1/findings", "/v1/promises")


@for_each(
    ("asked", "type", "pointer"),
    [
        ({"cursor": "x"}, "unknown-cursor", "/cursor"),
        ({"sort": "colour"}, "invalid-parameters", "/sort"),
        ({"tier": "golden"}, "invalid-parameters", "/tier/0"),
        ({"limit": "0"}, "invalid-parameters", "/limit"),
        ({"at_least": "-1"}, "invalid-parameters", "/at_least"),
        ({"at_least": "9" * 30}, "invalid-parameters", "/at_least"),
        ({"q": "\0"}, "invalid-parameters", "/q"),
        ({"owner": "a b"}, "invalid-parameters", "/owner"),
        ({"renews_before": "0000-00-00"}, "invalid-parameters", "/renews_before"),
        ({"colour": "red"}, "invalid-parameters", "/colour"),
    ],
)
def test_a_question_about_all_plans_that_is_wrong_is_refused(service: Api, asked, type, pointer):
    assert_problem(service.get("/v1/plans", **asked), 422, type, pointer)
