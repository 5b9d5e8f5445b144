"""Every route, parameter, header and body, with values that nobody would send: no answer is an internal error."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from httpx import Response
from starlette.routing import Route

from adapters.http.routing import RoutesByName
from adapters.postgres.store import opened
from tests.api import Api, Told, assert_problem, served, tell_everything_to
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.examples import in_turn, spread

pytestmark = pytest.mark.hypothesis
"""As of what is made up, `make torture` tries more."""

TEXTS: dict[str, bytes] = {
    "nothing": b"",
    "a NUL": b"a\x00b",
    "NUL alone": b"\x00",
    "a lone surrogate": b"\xed\xa0\x80",
    "no UTF-8": b"\xff\xfe",
    "half a sign": b"\xc3",
    "control characters": b"\x01\x1b[31m\x7f",
    "line ends": b"a\r\nX-Evil: b",
    "what is not seen": "\u200b\ufeff".encode(),
    "right to left": "\u202eabc".encode(),
    "an elephant": "🐘".encode(),
    "long": b"x" * 9_000,
    "quotes": b"'\"`\\",
    "SQL": b"' OR 1=1; --",
    "a pattern": b"%_*?[a-z]{1,}",
    "a path": b"../../etc/passwd",
    "a URL": b"http://[::1",
    "a template": b"{{7*7}}${7*7}<script>",
    "zero": b"0",
    "negative": b"-1",
    "just too much for a bigint": b"9223372036854775808",
    "the most of a bigint": b"9223372036854775807",
    "400 digits": b"9" * 400,
    "a fraction": b"1.5",
    "an exponent": b"1e400",
    "NaN": b"NaN",
    "Arabic digits": "١٢".encode(),
    "true": b"true",
    "null": b"null",
    "JSON": b'{"a":[1]}',
    "the last day": b"9999-12-31",
    "the first day": b"0001-01-01",
    "no day": b"2026-02-30",
    "the last instant": b"9999-12-31T23:59:59-14:00",
    "the first instant": b"0001-01-01T00:00:00+14:00",
    "a version": b"version:99999999999999999999",
    "a review with a NUL": b"review:\x00",
    "an event": b"event:acme:99999999999999999999",
    "a UUID": b"5eed5eed-5eed-5eed-5eed-5eed5eed5eed",
    "half a UUID": b"5eed5eed-5eed",
    "an id with a NUL": b"play:\x00",
    "base64": b"djk5OTk5OTk5OTk5OTk5",
    "commas": b",,,",
    "a month": b"2026-13",
    "a tile": b"63/x999/x999/999.p/255",
}
JSON_VALUES: list[Any] = [
    None, True, 0, -1, 10**30, 1e308, 0.1, "", " ", "\x00", "\ud800", "\u200b", "x" * 9_000, [], [None], ["\x00"], {},
    {"\x00": 1}, [[[[]]]], "9999-12-31", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "infinity",
    "http://[::1", "https://example.com/\x00", "now", "5eed5eed-5eed-5eed-5eed-5eed5eed5eed", ["acme"] * 2_000,
]  # fmt: skip
HEADERS = (
    "Accept Accept-Encoding Accept-Language Authorization Content-Encoding Content-Type Cookie Forwarded HX-Request"
    " Host Idempotency-Key If-Match If-Modified-Since If-None-Match If-Range Last-Event-ID Origin Range Referer"
    " Sec-Fetch-Site Transfer-Encoding X-Actor X-Causation-Id X-Correlation-Id X-Forwarded-For X-Forwarded-Proto"
    " X-On-Behalf-Of X-Request-Id traceparent tracestate"
).split()
IN_HEADERS = ["nothing", "a lone surrogate", "no UTF-8", "long", "400 digits", "quotes", "a UUID"]
"""For headers, which HTTP keeps free of control characters."""


class Operation(NamedTuple):
    method: str
    path: str
    queries: tuple[str, ...] = ()
    example: Any = None

    def asked(self, **filled: str) -> str:
        """The path, about the plan acme where nothing else is said."""
        return re.sub(r"\{(\w+)(:\w+)?\}", lambda found: filled.get(found[1], USUAL.get(found[1], "x")), self.path)

    @property
    def is_command(self) -> bool:
        return self.method == "POST" and self.path.startswith("/v1/plans/{plan}/")

    @property
    def names(self) -> list[str]:
        return [name for name, _ in re.findall(r"\{(\w+)(:\w+)?\}", self.path)]


USUAL = {"plan": "acme", "kind": "play", "id": "pilot", "command": "write-note", "stakeholder": "coo"}


@pytest.fixture(scope="module")
def service(stores: Stores) -> Iterator[Told]:
    """Yield the service with a plan of which everything was said that can be said."""
    with stores.lend() as where, opened(where, KEY) as store, served(store) as api:
        yield tell_everything_to(api)


@pytest.fixture(scope="module")
def operations(service: Told) -> list[Operation]:
    """Return the operations of the OpenAPI document with their parameters and examples, and all other routes."""
    documented = list(of_the_document(service.api.get("/openapi.json").json()))
    known = {(each.method, each.path) for each in documented}
    others = [
        Operation(method, route.path)
        for route in service.api.app.router.routes
        if isinstance(route, Route) and not isinstance(route, RoutesByName)
        for method in sorted((route.methods or {"GET"}) - {"HEAD"})
        if (method, route.path) not in known
    ]
    assert len(documented) > 130
    commands = [each for each in documented if each.is_command]
    # Commands are taken in by one desk: of their routes a few tell as much as all.
    return [*(each for each in documented if not each.is_command), *commands[::40], *others]


@pytest.fixture(scope="module")
def one_of_each(operations) -> list[Operation]:
    """Return an operation of every module of routes and of every method."""
    return list({("/".join(each.path.split("/")[:3]), each.method): each for each in operations}.values())


def of_the_document(document: Any) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            parameters = [resolved(document, each) for each in said.get("parameters", ())]
            queries = tuple(each["name"] for each in parameters if each["in"] == "query")
            body = resolved(document, said.get("requestBody", {})).get("content", {}).get("application/json", {})
            examples = (
                [body["example"]]
                if "example" in body
                else [each["value"] for each in body.get("examples", {}).values()]
            )
            yield Operation(method.upper(), path, queries, examples[0] if examples else None)


def resolved(document: Any, part: Any) -> Any:
    for step in part.get("$ref", "#").split("/")[1:]:
        document = document[step]
    return document if "$ref" in part else part


def odd_texts() -> Iterator[Iterable[tuple[str, bytes]]]:
    """Yield, for one place after the other, the values that are tried there."""
    return in_turn(list(TEXTS.items()), at_each=1)


def is_no_mistake(answer: Response) -> bool:
    return answer.status_code < 500 or answer.status_code == 503


def ask(api: Api, operation: Operation, path: str, **more: Any) -> Response:
    """A stream has no end that could be waited for: of it, the head."""
    method = "HEAD" if operation.path.endswith("/stream") else operation.method
    return api.request(method, path, **more)


def mistakes(asked: Iterator[tuple[Any, Response]]) -> list[Any]:
    return [(name, answer.status_code) for name, answer in asked if not is_no_mistake(answer)]


def test_every_part_of_every_path_may_hold_anything(service: Told, operations):
    texts = odd_texts()

    def asked() -> Iterator[tuple[Any, Response]]:
        for operation in operations:
            for name in operation.names:
                for text, value in next(texts):
                    path = operation.asked(**{name: quote(value, safe="") or "%20"})
                    yield (operation.method, operation.path, name, text), ask(service.api, operation, path)

    assert mistakes(asked()) == []


def test_every_parameter_of_every_query_may_hold_anything(service: Told, operations):
    texts = odd_texts()

    def asked() -> Iterator[tuple[Any, Response]]:
        for operation in operations:
            for name in operation.queries:
                for text, value in next(texts):
                    path = f"{operation.asked()}?{name}={quote(value, safe='')}"
                    yield (operation.path, name, text), ask(service.api, operation, path)

    assert mistakes(asked()) == []


def test_every_parameter_of_every_query_may_come_twice_and_names_may_be_anything(service: Told, operations):
    texts = odd_texts()

    def asked() -> Iterator[tuple[Any, Response]]:
        for operation in operations:
            for name in operation.queries:
                yield (operation.path, name), ask(service.api, operation, f"{operation.asked()}?{name}=a&{name}=b")
            for text, value in next(texts):
                if operation.method == "GET":
                    path = f"{operation.asked()}?{quote(value, safe='')}=1"
                    yield (operation.path, text), ask(service.api, operation, path)

    assert mistakes(asked()) == []


def test_every_header_may_hold_anything(service: Told, one_of_each):
    """Of the operations a twelfth for each header, so that each meets headers of every kind."""
    texts, turns = in_turn(IN_HEADERS, at_each=1), spread(one_of_each, 12)

    def asked() -> Iterator[tuple[Any, Response]]:
        for header in HEADERS:
            for operation in next(turns):
                for text in next(texts):
                    headers = {header: TEXTS[text]}
                    content = b"" if operation.example is None else json.dumps(operation.example).encode()
                    if header not in ("Content-Type", "Transfer-Encoding"):
                        headers["Content-Type"] = b"application/json"
                    answer = ask(service.api, operation, operation.asked(), headers=headers, content=content)
                    yield (header, operation.method, operation.path, text), answer

    assert mistakes(asked()) == []


def with_odd_values(example: Any, values: Iterator[Iterable[Any]]) -> Iterator[tuple[str, Any]]:
    for value in next(values):
        yield f"{value!r:.40}", value
    for name in (*example, "unheard_of") if isinstance(example, dict) else ():
        for value in next(values):
            yield f"{name}: {value!r:.40}", example | {name: value}


def test_every_field_of_every_body_that_is_no_command_may_hold_anything(service: Told, operations):
    values = in_turn(JSON_VALUES, at_each=1)

    def asked() -> Iterator[tuple[Any, Response]]:
        for operation in operations:
            if operation.method not in ("GET", "DELETE") and not operation.is_command:
                for text, body in with_odd_values(operation.example, values):
                    content = json.dumps(body).encode()
                    headers = {"Content-Type": "application/json"}
                    answer = ask(service.api, operation, operation.asked(), content=content, headers=headers)
                    yield (operation.path, text), answer

    assert mistakes(asked()) == []


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def test_every_form_of_every_page_may_hold_anything(service: Told, operations):
    texts = odd_texts()

    def asked() -> Iterator[tuple[Any, Response]]:
        for operation in operations:
            if operation.method == "POST" and not operation.path.startswith("/v1/"):
                for name in ("key", "title", "due_on", "id", "version", "command", "next", "reason"):
                    for text, value in next(texts):
                        content = f"{quote(name)}={quote(value, safe='')}".encode()
                        answer = ask(service.api, operation, operation.asked(), content=content, headers=FORM)
                        yield (operation.path, name, text), answer

    assert mistakes(asked()) == []


@for_each("path", ["/v1/plans/a%00b", "/v1/plans/acme/erasures/%00", "/%00", "/v1/keys/%00", "/docs%00"])
@for_each("method", ["GET", "POST", "DELETE"])
def test_a_nul_in_a_path_leads_nowhere(service: Told, path, method):
    assert_problem(service.api.request(method, path), 404, "not-found")


@for_each("query", ["actor=%00", "actor=a%00b", "%00=a", "actor=ann&limit=%001"])
@for_each("path", ["/v1/access-events", "/v1/plans", "/v1/plans/acme/history", "/v1/events"])
def test_a_nul_in_a_query_is_wrong(service: Told, path, query):
    assert_problem(service.api.get(f"{path}?{query}"), 422, "invalid-parameters")


ALIAS = "crm-7-acme"
"""Another id of the account, as `tests.everything` has it."""


def test_every_view_and_every_filter_takes_another_id_of_the_account(service: Told, operations):
    def told(operation: Operation, name: str, **query: str) -> tuple[int, str]:
        answer = ask(service.api, operation, operation.asked(plan=name), params=query)
        # An address repeats the name by which it was asked for.
        return answer.status_code, answer.text.replace(ALIAS, "acme") if answer.is_success else ""

    views = [each for each in operations if each.method == "GET"]
    asked = [(each, name) for each in views for name in {"plan", "plan_id", "subject"}.intersection(each.queries)]
    asked += [(each, "as_of") for each in views if "plan" in each.names]
    assert {name for _, name in asked} == {"plan", "plan_id", "subject", "as_of"}
    others = []
    for each, name in asked:
        first, other = (told(each, plan, **{name: "now" if name == "as_of" else plan}) for plan in ("acme", ALIAS))
        if first != other:
            others.append((each.path, name, first, other))
    assert others == []
