"""Hostile requests: the answer says what is wrong, nothing is recorded, and the service continues."""

import json
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from pydantic import ValidationError

from adapters.postgres.store import opened
from domain.account_plan import COMMANDS
from domain.language import GRAMMAR
from domain.markers import Refers, marked
from tests.api import Api, Told, assert_problem, served, tell_everything_to
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.everything import SAID
from tests.examples import examples, in_turn, spread
from tests.stores import OPEN_ACME

NOTE = {"section": "plan", "text": "Budget talks in May"}
JSON = {"Content-Type": "application/json"}
MOST_BYTES = 256 * 1024
BODIES: dict[str, dict[str, Any]] = {"open-plan": OPEN_ACME} | {command: body for _, command, body in reversed(SAID)}
VIEWS = ["", "/history?limit=500", "/blame", "/diff?from=version:1&states=true", "/reviews"]

NEVER_FINE: dict[str, Any] = {
    "infinite": float("inf"),
    "not a number": float("nan"),
    "a text with a NUL": "a\0b",
    "a long text": "x" * 20_000,
    "a long number in a text": "9" * 10_001,
    "a long list": ["x"] * 10_000,
    "a list of nothing": [None],
    "a list of a list": [[]],
    "an object of unknown fields": {"unheard_of": {"of": []}},
    "a day there never was": "0000-00-00",
    "a day of the year 10000": "10000-01-01",
}
SELDOM_FINE: dict[str, Any] = {
    "null": None,
    "true": True,
    "zero": 0,
    "a negative number": -1,
    "a wide number": 10**30,
    "a fraction": 0.5,
    "an exponent": "1e15",
    "an endless exponent": "1e999999999",
    "endless zeros": "0E-999999999",
    "text": "text",
    "a blank": "  ",
    "a path": "../../etc/passwd",
    "an escape": "%2e%2e%00",
    "two words": "a b",
    "an elephant": "🐘",
    "right to left": "\u202eabc",
    "the last day": "9999-12-31",
    "the first day": "0001-01-01",
    "seconds": "1767225600",
    "an empty list": [],
    "an empty object": {},
}
VALUES = SELDOM_FINE | NEVER_FINE
MOST_TELLING = ("null", "a blank", "text", "the last day", "right to left", "a path", "a text with a NUL")
"""Where any word is fine."""
TEXTS_THAT_MAY_BE_ANY = {"a day there never was", "a day of the year 10000"}


@pytest.fixture(scope="module")
def battered(stores: Stores) -> Iterator[Api]:
    """Yield the service with a plan that contains everything. Tests may say anything to it."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        yield tell_everything_to(api).api


def raw(api: Api, content: Any, path: str = "/write-note", headers: dict[str, str] | None = None) -> Any:
    return api.request("POST", f"/v1/plans/{api.plan}{path}", content=content, headers=JSON | (headers or {}))


# What a field holds


def accepted(command: str, body: dict[str, Any]) -> bool:
    try:
        COMMANDS[command].model_validate_json(json.dumps(body))
    except ValidationError:
        return False
    return True


NEVER = spread(list(NEVER_FINE.items()), 4)


@pytest.mark.hypothesis
@for_each("command", COMMANDS)
def test_what_can_never_be_right_is_refused_in_every_field(command):
    looked_up = {field for field, _ in marked(COMMANDS[command], Refers)}
    for field in COMMANDS[command].model_fields:
        for name, value in next(NEVER):
            if field in looked_up and isinstance(value, str):
                continue
            if name in TEXTS_THAT_MAY_BE_ANY and not field.endswith("_on"):
                continue
            assert not accepted(command, BODIES[command] | {field: value}), (field, name)


WORDS, ANY_VALUES = in_turn(MOST_TELLING, at_each=1), spread(list(VALUES), 5)


@pytest.mark.torture
@pytest.mark.hypothesis
@for_each("command", COMMANDS)
def test_what_a_field_can_hold_is_carried_out_or_refused_and_the_plan_can_be_shown(battered: Api, command):
    battered.do("reopen-plan", reason="r")
    version = battered.version
    every_command_has = GRAMMAR if command != "write-note" else set()
    fields = sorted(COMMANDS[command].model_fields.keys() - every_command_has)
    for field in fields:
        takes_any_word = accepted(command, BODIES[command] | {field: "text"})
        for name in next(WORDS if takes_any_word else ANY_VALUES):
            body = BODIES[command] | {field: VALUES[name]}
            if accepted(command, body):
                answer = battered.do(command, **body)
                belongs_elsewhere = answer.json().get("type") == "/problems/misplaced"
                assert belongs_elsewhere or answer.status_code in (200, 201, 409), (field, name, answer.text)
                version = answer.json()["version"] if answer.status_code == 200 else version
    if fields:
        answer = battered.do(command, **BODIES[command] | {field: {"unheard_of": 1} for field in fields})
        errors = assert_problem(answer, 422, "invalid-fields")["errors"]
        assert {error["pointer"].split("/")[1] for error in errors} == set(fields)
    assert battered.version == version


@for_each("view", VIEWS)
def test_after_all_that_every_view_can_be_had(battered: Api, view):
    assert battered.view(view).status_code == 200


@for_each("command", COMMANDS)
def test_a_field_that_is_not_known_is_refused(battered: Api, command):
    answer = battered.do(command, **BODIES[command] | {"unheard_of": 1})
    assert_problem(answer, 422, "invalid-fields", pointer="/unheard_of")


@for_each("body", [[], None, 3, "text", True, [{}]])
@for_each("command", ["write-note", "archive-plan"])
def test_a_body_that_is_no_object_is_refused(acme: Api, command, body):
    answer = raw(acme, json.dumps(body), f"/{command}")
    assert_problem(answer, 422, "invalid-fields", pointer="")
    assert acme.version == 1


@pytest.mark.parametrize(
    ("field", "value", "kept"),
    [
        ("arr", "1E+3", "1000"),
        ("arr", "-0", "0"),
        ("arr", "0.10", "0.10"),
        ("arr", 1250.5, "1250.5"),
        ("arr", 7, "7"),
        ("arr", "1." + "0" * 100_000, "1"),
    ],
)
def test_an_amount_is_kept_exactly_and_in_plain_digits(acme: Api, field, value, kept):
    contract = {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": []}
    acme.done("set-contract", **contract | {field: value})
    assert acme.view("/history").json()["items"][-1]["data"]["arr"] == kept


@for_each("many", [False, True])
def test_a_number_with_more_digits_than_a_reader_keeps_is_refused_and_not_rounded(acme: Api, many):
    body = '{"arr": 12345678901234.567891, "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": []}'
    if many:
        answer = raw(acme, f'[{{"command": "set-contract", "body": {body}}}]', "/commands")
    else:
        answer = raw(acme, body, "/set-contract")
    assert_problem(answer, 422, "invalid-fields", pointer="/0/body/arr" if many else "/arr")


@for_each("number", ["1e400", "-1e400", "1e308", "12345678901234567890123", "0.12345678"])
@for_each(
    ("command", "field", "body"),
    [
        ("set-contract", "arr", {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": []}),
        ("record-health", "nps", {"as_of_on": "2026-01-05"}),
        ("describe-account", "employees", {}),
    ],
)
def test_a_number_out_of_all_proportion_is_refused(acme: Api, command, field, body, number):
    content = json.dumps(body | {field: "HERE"}).replace('"HERE"', number)
    assert_problem(raw(acme, content, f"/{command}"), 422, "invalid-fields", pointer=f"/{field}")
    assert acme.version == 1


@pytest.mark.parametrize(
    ("day", "warned"), [("2199-12-31", True), ("2080-01-01", True), ("2028-01-06", True), ("2028-01-05", False)]
)
def test_a_day_that_is_hardly_meant_is_warned_about(acme: Api, day, warned):
    action = {"statement": "Send the offer", "kind": "task", "owner": "ann", "due_on": day}
    warnings = acme.done("add-action", **action)["warnings"]
    assert [warning["code"] for warning in warnings] == ["far-date"] * warned
    assert all(acme.view(view).status_code == 200 for view in VIEWS)


def test_a_promise_from_long_before_the_plan_is_refused(acme: Api):
    action = {"statement": "Send the offer", "kind": "task", "owner": "ann", "due_on": "2025-01-04"}
    assert_problem(acme.do("add-action", **action), 409, "due-before-plan-opened", pointer="/due_on")


def test_a_field_that_belongs_to_other_things_is_wrong_whether_or_not_it_takes_the_plan_to_tell(acme: Api):
    task = {"id": "offer", "statement": "Send the offer for line B", "kind": "task", "owner": "ann"}
    due = {"due_on": "2026-02-02"}
    assert_problem(acme.do("add-action", **task, **due, side="customer"), 422, "invalid-fields", "/side")
    acme.done("add-action", **task, **due)
    problem = assert_problem(acme.do("reschedule-action", id="offer", **due, calendar_hold=True), 422, "misplaced")
    assert [error["pointer"] for error in problem["errors"]] == ["/calendar_hold"]
    listed = acme.do_all(
        ("reschedule-action", {"id": "offer", **due, "calendar_hold": True}), ("hold-date", {"id": "offer"})
    )
    problem = assert_problem(listed, 422, "misplaced", "/0/body/calendar_hold")
    assert [error["pointer"] for error in problem["errors"]] == ["/0/body/calendar_hold"]


def test_a_review_is_not_held_before_the_last_one(told: Told):
    review = {"kind": "monthly", "audience": "internal", "held_on": "2026-01-25", "ours": ["ann"]}
    answer = told.api.do("hold-review", **review)
    assert (answer.status_code, answer.json()["pointer"]) == (409, "/held_on")


# What is no JSON


@for_each(
    "content",
    [
        b"",
        b" ",
        b'{"section": "plan", "text": "trunc',
        b'{"section": "plan", "text": "t"} trailing',
        b'{"section": "plan", "text": "t"}{}',
        b'{"section": "plan", "text": "t",}',
        b"{'section': 'plan', 'text': 't'}",
        b'\xef\xbb\xbf{"section": "plan", "text": "t"}',
        '{"section": "plan", "text": "t"}'.encode("utf-16"),
        b'{"section": "plan", "text": "\xff"}',
        b'{"section": "plan", "text": "\xed\xa0\x80"}',
        b'{"section": "plan", "text": "\\ud800"}',
        b'{"section": "plan", "text": "\\ude00\\ud800"}',
        b'{"section": "plan", "text": "a\x00b"}',
        b'{"section": "plan", "text": "a\nb"}',
        b'{"\\ud800": 1}',
        b'{"section": "plan", "text": "t", "about": NaN}',
        b'{"section": "plan", "text": "t", "about": [-Infinity]}',
        b'{"section": "plan", "text": ' + b"9" * 10_000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 40_000,
        b'{"section": "plan", "text": "t", "about": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        b"/* note */ {}",
        b"section=plan&text=t",
        b"\x80\x02}q\x00.",
    ],
)  # fmt: skip
@for_each("path", ["/write-note", "/commands"])
def test_what_is_no_json_is_malformed(acme: Api, content, path):
    assert_problem(raw(acme, content, path), 400, "malformed-json")
    assert acme.version == 1


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"section": "plan", "text": "NaN and Infinity"}', "NaN and Infinity"),
        (b'  \r\n{"section": "plan", "text": "\\ud83d\\udc18"}\n', "🐘"),
        (b'{"section": "plan", "text": "tabs\\tand\\nlines"}', "tabs\tand\nlines"),
        ('{"section": "plan", "text": "e\u0301\u202e"}'.encode(), "é\u202e"),
    ],
)
def test_what_is_odd_but_json_is_read(acme: Api, content, text):
    assert raw(acme, content).status_code == 200
    assert acme.view("/history").json()["items"][-1]["data"]["text"] == text


# How it is sent


def padded(size: int) -> bytes:
    return json.dumps(NOTE).encode().ljust(size)


async def in_pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.mark.parametrize("path", ["/write-note", "/commands"])
@pytest.mark.parametrize(("size", "fits"), [(MOST_BYTES, True), (MOST_BYTES + 1, False), (5_000_000, False)])
def test_a_body_may_have_256_kib(acme: Api, size, fits, path):
    content = padded(size) if path == "/write-note" else b"[" + json.dumps(listed(NOTE)).encode()[1:].ljust(size - 1)
    for sent in (content, in_pieces(content)):
        answer = raw(acme, sent, path)
        if fits:
            assert answer.status_code == 200, answer.text
        else:
            assert_problem(answer, 413, "body-too-large")
    assert acme.version == 1 + 2 * fits


def listed(note: dict[str, str]) -> list[dict[str, Any]]:
    return [{"command": "write-note", "body": note}]


def test_a_body_that_says_it_is_too_large_is_not_waited_for(acme: Api):
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("was read")
        yield b""

    for length in (str(MOST_BYTES + 1), "9" * 400):
        assert_problem(raw(acme, never(), headers={"Content-Length": length}), 413, "body-too-large")


@for_each(
    "media_type",
    [
        "text/plain", "text/json", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data",
        "application/jsonp", "", "json", "application/json, text/plain", "application/json; charset=utf-16",
        "application/json;charset=\"latin-1\"", "*/*", "ä/json",
    ],
)  # fmt: skip
def test_a_body_that_is_not_sent_as_json_is_refused(acme: Api, media_type):
    answer = raw(acme, json.dumps(NOTE), headers={"Content-Type": media_type.encode("latin-1")})
    assert_problem(answer, 415, "unsupported-media-type")
    assert acme.version == 1


@for_each(
    "media_type",
    ["application/json", "APPLICATION/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"',
     "application/vnd.plantrail.command+json", "application/json ; profile=x"],
)  # fmt: skip
def test_json_has_several_names(acme: Api, media_type):
    assert raw(acme, json.dumps(NOTE), headers={"Content-Type": media_type}).status_code == 200


def test_a_body_without_a_media_type_is_refused(acme: Api):
    answer = acme.request("POST", f"/v1/plans/{acme.plan}/write-note", content=json.dumps(NOTE))
    assert_problem(answer, 415, "unsupported-media-type")


@for_each("encoding", ["gzip", "br", "deflate, gzip"])
def test_a_body_that_is_compressed_is_refused(acme: Api, encoding):
    answer = raw(acme, b"\x1f\x8b", headers={"Content-Encoding": encoding})
    assert_problem(answer, 415, "unsupported-content-encoding")


@for_each(
    "headers",
    [
        {"If-None-Match": b"\xff" * 1_000},
        {"Authorization": b"\xe4"},
        {"Accept": b"text/html;q=\xff"},
        {"traceparent": b"\x00"},
        {"Cookie": b"a=b; " * 5_000},
    ],
)
def test_headers_may_hold_anything(acme: Api, headers):
    assert acme.view(headers=headers).status_code == 200
    assert acme.do("write-note", headers=headers, **NOTE).status_code == 200
    assert_problem(acme.get("/nowhere", headers=headers), 404, "not-found")


@for_each(
    "headers",
    [
        {"Host": b"[::1"},
        {"Host": b""},
        {"Host": b"a" * 10_000},
        {"X-Forwarded-For": b"../" * 1_000},
    ],
)
def test_without_keys_whatever_does_not_name_this_machine_or_came_by_a_proxy_is_not_let_in(acme: Api, headers):
    assert_problem(acme.view(headers=headers), 403, "forbidden")
    assert_problem(acme.do("write-note", headers=headers, **NOTE), 403, "forbidden")
    assert_problem(acme.get("/nowhere", headers=headers), 404, "not-found")
    assert acme.version == 1


# What chance comes up with

NAMES = sorted({field for command in COMMANDS.values() for field in command.model_fields})
ANYTHING = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-(10**25), 10**25)
    | some.floats(allow_nan=False, allow_infinity=False)
    | some.text(max_size=30)
    | some.dates().map(str)
    | some.sampled_from(["pilot", "coo", "use", "triple", "deal", "sow", "plant", "hub", "R1", "ann", "proof", "won"]),
    lambda inner: some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
WISHES = some.sampled_from(sorted(COMMANDS)).flatmap(
    lambda command: some.tuples(
        some.just(command),
        some.fixed_dictionaries(
            {},
            optional=dict.fromkeys(COMMANDS[command].model_fields, ANYTHING)
            | {name: some.just(value) for name, value in BODIES[command].items()},
        ),
    )
)
FUZZ = settings(suppress_health_check=list(HealthCheck))


@settings(FUZZ, max_examples=examples(15))
@given(wish=WISHES)
def test_whatever_a_body_says_it_is_no_mistake_of_ours(battered: Api, wish):
    command, body = wish
    before = battered.version
    content = json.dumps(body).encode("utf-8", "surrogatepass")
    path = "/v1/plans" if command == "open-plan" else f"/v1/plans/{battered.plan}/{command}"
    answer = battered.request("POST", path, content=content, headers=JSON)
    assert answer.status_code in (200, 201, 400, 409, 422), answer.text
    assert battered.version == (answer.json()["version"] if answer.status_code == 200 else before)


@settings(FUZZ, max_examples=examples(20))
@given(
    command=some.sampled_from(sorted(set(COMMANDS) - {"open-plan"})),
    at=some.floats(0, 1),
    cut=some.integers(0, 3),
    put=some.binary(max_size=3)
    | some.sampled_from([b'"', b"\\u0000", b"\\ud800", b"1e999", b"{}", b"[", b",", b"\xff"]),
)
def test_whatever_happens_to_a_body_on_the_way_it_is_no_mistake_of_ours(battered: Api, command, at, cut, put):
    before = battered.version
    content = json.dumps(BODIES[command]).encode()
    place = int(at * len(content))
    answer = raw(battered, content[:place] + put + content[place + cut :], f"/{command}")
    assert answer.status_code in (200, 400, 409, 422), answer.text
    assert battered.version == (answer.json()["version"] if answer.status_code == 200 else before)


@settings(FUZZ, max_examples=examples(20))
@given(
    view=some.sampled_from(["", "/history", "/blame", "/diff", "/reviews", "/entities/play/pilot/history"]),
    asked=some.dictionaries(
        some.sampled_from(
            ["as_of", "from", "to", "section", "type", "actor", "entity", "kind", "id", "cursor", "limit"]
        ),
        some.text(max_size=20)
        | some.sampled_from(["now", "version:3", "review:R1", "2026-01-09", "plays", "10", "djM"]),
        max_size=4,
    ),
)
def test_whatever_is_asked_of_a_view_it_is_no_mistake_of_ours(told: Told, view, asked):
    assert told.view(view, **asked).status_code in (200, 404, 422)


@settings(FUZZ, max_examples=examples(20))
@given(
    method=some.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "DELETE"]),
    segments=some.lists(
        some.text(some.characters(codec="utf-8"), max_size=12).map(partial(quote, safe=""))
        | some.sampled_from(["v1", "plans", "acme", "history", "entities", "start-play", "commands", "%00", ".."]),
        max_size=6,
    ),
)
def test_whatever_path_is_taken_it_is_no_mistake_of_ours(told: Told, method, segments):
    answer = told.api.request(method, "/" + "/".join(segments).lstrip("/"))
    assert answer.status_code < 500
    if answer.is_error and method != "HEAD":
        assert answer.json()["status"] == answer.status_code
