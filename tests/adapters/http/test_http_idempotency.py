"""A command under an Idempotency-Key is carried out once, however often it is sent."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from threading import Barrier

import pytest
from httpx import Response

from adapters.postgres.store import Store, opened
from tests.api import Api, assert_problem, served
from tests.conftest import KEY
from tests.stores import OPEN_ACME, connected, log

NOTE = {"section": "plan", "text": "Budget talks in May"}
ACTION = {"kind": "task", "owner": "ann", "due_on": "2026-03-31"}
KEYED = {"Idempotency-Key": "key-1"}


def assert_repeated(again: Response, first: Response) -> None:
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers.get("location") == first.headers.get("location")


# The first answer again


def test_a_command_sent_again_is_answered_again_and_not_done_again(acme: Api):
    first, again = (acme.do("write-note", headers=KEYED, **NOTE) for _ in range(2))
    assert_repeated(again, first)
    assert acme.version == 2


def test_opening_a_plan_again_is_no_conflict(api: Api):
    first, again = (api.do("open-plan", headers=KEYED, **OPEN_ACME) for _ in range(2))
    assert first.status_code == 201
    assert_repeated(again, first)


def test_a_list_is_answered_again_as_a_whole(acme: Api):
    vague = ACTION | {"statement": "Deepen the relationship"}
    first, again = (acme.do_all(("write-note", NOTE), ("add-action", vague), headers=KEYED) for _ in range(2))
    assert first.json()["results"][1]["warnings"]
    assert_repeated(again, first)
    assert acme.version == 3


def test_it_is_the_first_answer_whatever_happened_since(acme: Api):
    first = acme.do("write-note", headers=KEYED, **NOTE)
    acme.done("write-note", **NOTE)
    acme.done("archive-plan", reason="Sold")
    assert_repeated(acme.do("write-note", headers=KEYED, **NOTE), first)


def test_an_answer_is_kept_also_when_nothing_was_recorded(acme: Api):
    acme.done("rename-account", account_name="A")
    first = acme.do("rename-account", headers=KEYED, account_name="A")
    assert first.json()["events"] == []
    acme.done("rename-account", account_name="B")
    assert_repeated(acme.do("rename-account", headers=KEYED, account_name="A"), first)
    assert acme.view().json()["account"]["account_name"] == "B"


def test_another_process_gives_the_same_answer(acme: Api):
    first = acme.do("write-note", headers=KEYED, **NOTE)
    with served(acme.store) as other:
        assert_repeated(other.of(acme.plan).do("write-note", headers=KEYED, **NOTE), first)


def test_a_body_that_says_the_same_in_other_signs_is_the_same(acme: Api):
    body = '{"text": "Caf\\u00e9 ", "section": "plan"}'
    headers = KEYED | {"Content-Type": "application/json"}
    first = acme.request("POST", f"/v1/plans/{acme.plan}/write-note", content=body, headers=headers)
    assert_repeated(acme.do("write-note", headers=KEYED, section="plan", text="Cafe\u0301"), first)


# Another request


@pytest.mark.parametrize(
    ("first", "other"),
    [
        ({"id": "p", "title": "Tour"}, {"id": "p", "title": "Visit"}),
        ({"id": "p", "target": None}, {"id": "p"}),
        ({"id": "p"}, {"id": "q"}),
        ({"id": "p", "title": "Tour", "reason": "a"}, {"id": "p", "title": "Tour"}),
    ],
)
def test_another_body_under_the_same_key_is_refused(acme: Api, first, other):
    for id in ("p", "q"):
        acme.done("plan-play", id=id, title="Pilot", kind="proof", owner="a", due_on="2026-05-01", success_measure="m")
    assert acme.do("restate-play", headers=KEYED, **first).status_code == 200
    before = acme.version
    assert_problem(acme.do("restate-play", headers=KEYED, **other), 422, "idempotency-key-reused")
    assert acme.version == before


def test_a_list_with_other_commands_that_say_the_same_is_another_body(acme: Api):
    because = {"reason": "Sold"}
    assert acme.do_all(("archive-plan", because), headers=KEYED).status_code == 200
    assert_problem(acme.do_all(("reopen-plan", because), headers=KEYED), 422, "idempotency-key-reused")


def test_another_account_under_the_same_key_is_not_opened(api: Api):
    api.do("open-plan", headers=KEYED, **OPEN_ACME)
    other = api.do("open-plan", headers=KEYED, **OPEN_ACME | {"account_id": "beta"})
    assert_problem(other, 422, "idempotency-key-reused")
    assert_problem(api.of("beta").view(), 404, "unknown-plan")


def test_a_refusal_is_decided_anew(acme: Api):
    start = {"id": "pilot"}
    assert_problem(acme.do("start-play", headers=KEYED, **start), 409, "unknown-play")
    acme.done("plan-play", **start, title="P", kind="proof", owner="a", due_on="2026-05-01", success_measure="m")
    answer = acme.do("start-play", headers=KEYED, **start)
    assert answer.status_code == 200
    assert "idempotency-replayed" not in answer.headers


@pytest.mark.parametrize("bad", [{"section": "kitchen"}, {"section": "plan"}, {}])
def test_a_body_that_is_wrong_does_not_use_the_key_up(acme: Api, bad):
    assert_problem(acme.do("write-note", headers=KEYED, **bad), 422, "invalid-fields")
    assert acme.do("write-note", headers=KEYED, **NOTE).json()["version"] == 2


def test_a_key_is_looked_up_before_what_was_seen_is_judged(acme: Api):
    headers = KEYED | {"If-Match": '"1.0"'}
    first, again = (acme.do("rename-account", headers=headers, account_name="A") for _ in range(2))
    assert_repeated(again, first)


# Whose key, and for what


def test_a_key_is_of_one_caller_one_route_and_one_plan(acme: Api, service: Api):
    other = service.with_a_plan(f"{acme.plan}-other")
    answers = [
        acme.do("write-note", headers=KEYED, **NOTE),
        acme.do("write-note", headers=KEYED | {"X-Actor": "ben"}, **NOTE),
        acme.do_all(("write-note", NOTE), headers=KEYED),
        other.do("write-note", headers=KEYED, **NOTE),
    ]
    assert [answer.json()["version"] for answer in answers] == [2, 3, 4, 2]


def test_a_plan_named_otherwise_is_the_same_plan(acme: Api):
    first = acme.do("write-note", headers=KEYED, **NOTE)
    assert_repeated(acme.of(acme.plan_id).do("write-note", headers=KEYED, **NOTE), first)


@pytest.mark.parametrize("key", ["k", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "ä ö", "a b"])
def test_a_key_may_be_any_text_that_is_not_too_long(acme: Api, key):
    headers = {"Idempotency-Key": key.encode("latin-1")}
    first, again = (acme.do("write-note", headers=headers, **NOTE) for _ in range(2))
    assert_repeated(again, first)


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_empty_or_too_long_is_refused(acme: Api, key):
    answer = acme.do("write-note", headers={"Idempotency-Key": key}, **NOTE)
    assert_problem(answer, 400, "malformed-idempotency-key")
    assert acme.version == 1


# Two at once


@contextmanager
def two_processes(store: Store):
    """On the same database, each with a store and a memory of its own."""
    with served(store) as one, opened(store.where, KEY) as other_store, served(other_store) as other:
        yield one, other


def at_once(*calls) -> list[Response]:
    together = Barrier(len(calls))

    def make(call) -> Response:
        together.wait(timeout=60)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(make, calls))


@pytest.mark.parametrize("same_process", [True, False])
def test_of_two_at_once_one_is_carried_out_and_both_get_its_answer(store: Store, same_process):
    with two_processes(store) as (one, other):
        one.with_a_plan("acme")
        apis = [one, one] if same_process else [one, other]
        for attempt in range(10):
            headers = {"Idempotency-Key": f"attempt-{attempt}"}
            before = one.version
            answers = at_once(*[partial(api.do, "write-note", headers=headers, **NOTE) for api in apis])
            first, again = sorted(answers, key=lambda answer: "idempotency-replayed" in answer.headers)
            assert_repeated(again, first)
            assert one.version == before + 1


def test_of_two_accounts_at_once_under_one_key_one_is_opened(store: Store):
    with two_processes(store) as apis:
        accounts = ("a", "b")
        calls = [
            partial(api.do, "open-plan", headers=KEYED, **OPEN_ACME | {"account_id": account})
            for api, account in zip(apis, accounts, strict=True)
        ]
        assert sorted(answer.status_code for answer in at_once(*calls)) == [201, 422]
    assert len(log(store.where.service)) == 1


# What is kept, and how long


def test_a_key_is_forgotten_after_a_day(acme: Api):
    acme.do("write-note", headers=KEYED, **NOTE)
    with connected(acme.store.where.owner) as connection:
        connection.execute(
            "UPDATE plantrail.answers SET answered_at = answered_at - interval '24 hours' WHERE plan_id = %s",
            (acme.plan_id,),
        )
    assert acme.do("write-note", headers=KEYED, **NOTE).json()["version"] == 3


def test_what_is_kept_holds_nobodys_words(acme: Api):
    person = {"id": "cfo", "name": "Jane Doe", "level": "executive", "reason": "Met her in Essen"}
    assert acme.do("add-stakeholder", headers={"Idempotency-Key": "key of Jane"}, **person).status_code == 200
    with connected(acme.store.where.owner) as connection:
        [row] = connection.execute(
            "SELECT encode(scope, 'escape'), encode(body, 'escape'), answer::text, length(scope), length(body)"
            " FROM plantrail.answers WHERE plan_id = %s",
            (acme.plan_id,),
        ).fetchall()
    assert row[3:] == (32, 32)
    for word in ("Jane", "Doe", "Essen", "ann"):
        assert word not in "".join(row[:3])
