"""Somebody of whom everything was said is forgotten: her words are found nowhere any more, and nothing else changes."""

import io
import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from psycopg.conninfo import conninfo_to_dict

from adapters.observability import log_format as logs
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.store import ConnectionStrings, opened
from adapters.postgres.transfer import exported_events
from adapters.privacy.erasure_list import ErasureList
from tests import canaries
from tests.adapters.cli.test_cli import environment, plantrail
from tests.api import Api, served
from tests.conftest import KEY
from tests.databases import database
from tests.examples import in_turn
from tests.histories import instant
from tests.pdfs import pages_of
from tests.proving import sealed
from tests.stores import ACME, OPEN_ACME, log

pytestmark = pytest.mark.hypothesis
"""In `make torture` more is asked."""

Places = Mapping[str, bytes]
FILL = {
    "plan": ["acme"],
    "kind/id": ["stakeholder/vip", "play/pilot", "goal/triple", "risk/use", "review/R1", "action/sow", "note/n-risk"],
    "stakeholder": ["vip", "gone"],
    "pack": ["canvas", "weekly", "readout", "qbr", "annual"],
    "round": ["spring"],
    "part": ["failed"],
    "type": ["plantrail.play-planned.v1"],
    "tile": ["0/000.p/1"],
    "id": [f"{ACME}:2"],
    "example": ["gold"],
}
"""What stands in paths.  Whoever adds a path with another name in it says here what to look for."""
CUTS = ("now", "review:R1", "version:60")
"""Of each path one is asked for, in turn, and all in `make torture`."""
MORE: Mapping[str, Sequence[str]] = {
    "/diff": ["from=version:1&states=true"],
    "{plan}/said-vs-did": [f"from=version:2&format={form}" for form in ("json", "md", "html", "pdf")],
    "reports/said-vs-did": [f"month=2026-01&format={form}" for form in ("json", "md")],
}
"""What is asked of some paths, beside themselves and what they were at some cuts."""
COMMANDS = (
    "plan show acme --as-of version:60", "plan history acme --limit 500 --json", "plan blame acme --json",
    "plan diff acme --from version:1 --json", "said-vs-did acme --from version:2", "export", "verify",
)  # fmt: skip


@pytest.fixture(scope="module")
def erased(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Story"]:
    file = tmp_path_factory.mktemp("erasures") / "erasures.jsonl"
    with (
        database(postgres) as where,
        opened(where, KEY, ErasureList(file, make=True)) as store,
        logged() as told,
        served(store) as api,
    ):
        yield Story(api, postgres, where, file, told)


class Story:
    """She is spoken of, looked for, forgotten, and looked for again."""

    def __init__(
        self, api: Api, postgres: EmbeddedPostgres, where: ConnectionStrings, file: Path, told: Callable[[], bytes]
    ) -> None:
        self.api, self._postgres, self._where, self._file, self._told = api, postgres, where, file, told
        tell(api)
        api.clock.now = instant("2026-02-02")  # the month is over, so its report is a view of the past
        api.store.portfolio.catch_up(api.clock)
        api.store.month_ends.catch_up(lambda: api.clock.now + timedelta(days=62))
        made = api.post("/v1/calendars", {"contents": "plan", "plan": "acme"}).json()
        self.calendar = made["url"].rpartition("/")[2].removesuffix(".ics")
        self.version = api.version
        self.log_before = log(where.service)
        self.checkpoint = sealed(api.store)
        self.proof_before = self.proof()
        self.numbers_before = self.numbers()
        self.before = self.places()
        self.answer = api.done("forget-stakeholder", id=canaries.WHO, reason="She asked for it")
        self.after = self.places()

    def places(self) -> Places:
        """Everywhere where words may come out."""
        asked = paths(self.api.get("/openapi.json").json(), {**FILL, "token": [self.calendar]})
        answers = {path: self.api.get(path) for path in asked}
        assert {answer.status_code for answer in answers.values()} <= {200, 404, 422}
        shown = {f"GET {path}": readable(answer.content) for path, answer in answers.items()}
        where = environment(self._where) | {
            "PLANTRAIL_ERASURES_FILE": str(self._file),
            "PLANTRAIL_LOG_KEY": b64encode(b"l" * 32).decode(),  # that of `tests.proving`
        }
        printed = {f"plantrail {words}": plantrail(*words.split(), **where).stdout_bytes for words in COMMANDS}
        logs.set_up(as_json=True)  # as it was before the command line had it
        return {
            **shown,
            **printed,
            "pg_dump": self.dumped(),
            "audit bundle": self._bundled(where),
            "export": b"".join(exported_events(self.api.store.datastore)),
            "log lines": self._told(),
            "list of erasures": self._file.read_bytes(),
        }

    def _bundled(self, where: Mapping[str, str]) -> bytes:
        file = self._file.with_name(f"{len(list(self._file.parent.iterdir()))}.zip")
        plantrail("audit-bundle", "acme", "-o", str(file), **where)
        with ZipFile(file) as bundle:
            return b"".join(readable(bundle.read(name)) for name in bundle.namelist())

    def dumped(self) -> bytes:
        """Of all schemas, by a superuser; bytes as they are."""
        name = str(conninfo_to_dict(self._where.owner)["dbname"])
        words = self._postgres.command("pg_dump", "--inserts", role="superuser", dbname=name)
        dumped = subprocess.run(words, capture_output=True, check=True, timeout=60).stdout
        assert b"plantrail_keys.person_keys" in dumped
        texts = b"".join(bytes.fromhex(part.split(b"'")[0].decode()) for part in dumped.split(b"'\\x")[1:])
        return dumped + texts

    def proof(self) -> str:
        """That the event that added her is on the log."""
        plan_id, version = self.log_before[1].plan_id, self.log_before[1].version
        return str(self.api.store.tree.prove(plan_id, version, self.checkpoint))

    def numbers(self) -> dict[str, Any]:
        """What every view of the past says that is no word."""
        until = f"version:{self.version}"
        asked = {
            "": {"as_of": until},
            "/history": {"to": until, "limit": "500"},
            "/blame": {"as_of": until},
            "/diff": {"from": "version:2", "to": until, "states": "true"},
            "/reviews": {"as_of": until},
            "/said-vs-did": {"from": "version:2", "to": until},
        }
        views = {name: self.api.view(name, **parameters).json() for name, parameters in asked.items()}
        views["month"] = self.api.get("/v1/reports/said-vs-did", month="2026-01").json()
        history = [
            [entry[name] for name in ("id", "type", "recorded_at", "actor")] for entry in views["/history"]["items"]
        ]
        return {name: shape_of(view) for name, view in views.items()} | {"events": history}


def tell(api: Api) -> None:
    api.clock.now = instant("2026-01-05")
    api.done("open-plan", **OPEN_ACME | {"timezone": "Europe/Berlin"})
    last: dict[str, Any] = {}
    for number, (when, command, body) in enumerate(canaries.told()):
        api.clock.now = instant(when)
        if command == "strike-entry":
            body = body | {"event": last["log-touch"]["events"][0]["id"]}
        answer = api.do(command, headers={"Idempotency-Key": f"key-{number}"}, **body)
        assert answer.is_success, (command, body, answer.text)
        last[command] = answer.json()


@contextmanager
def logged() -> Iterator[Callable[[], bytes]]:
    """All log lines there are, as the service writes them."""
    written, before = io.BytesIO(), sys.stderr
    sys.stderr = io.TextIOWrapper(written, write_through=True)
    logs.set_up(as_json=True)
    try:
        yield written.getvalue
    finally:
        logs.take_down()
        sys.stderr = before


def paths(document: dict[str, Any], fill: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Everything that can be asked, with this in the places of the names in paths."""
    turns = in_turn(CUTS, at_each=1)
    for path, methods in document["paths"].items():
        if "get" not in methods or path.endswith("/stream"):
            continue
        names = {parameter.get("name") for parameter in methods["get"].get("parameters", ())}
        limit = "&limit=500" if "limit" in names else ""
        more = [query for ending, queries in MORE.items() if path.endswith(ending) for query in queries]
        for each in places_of(path, fill):
            cuts = [f"as_of={cut}{limit}" for cut in next(turns)] if "as_of" in names else []
            yield from (each, *(f"{each}?{query}" for query in (*cuts, *more)))


def places_of(path: str, fill: Mapping[str, Sequence[str]]) -> list[str]:
    found = [path.replace("{kind}/{id}", "{kind/id}")]
    for name, values in fill.items():
        found = [
            each.replace(f"{{{name}}}", value)
            for each in found
            for value in (values if f"{{{name}}}" in each else [""])
        ]
    assert not any("{" in each for each in found), f"say in FILL what to look for in {path}"
    return found


def readable(content: bytes) -> bytes:
    if content.startswith(b"%PDF"):
        return "".join(pages_of(content)).encode()
    return content


def found_in(places: Places) -> list[str]:
    return [
        name for name, content in places.items() if any(each.encode() in content.lower() for each in canaries.NEEDLES)
    ]


def shape_of(value: Any, name: str = "") -> Any:
    """All but words and what goes with them: reasons that read the same are listed once, a word that took the place of
    another is no change any more, and the minutes of an item of an agenda are sealed beside its topic."""
    if name in ("reasons", "minutes", "data") or (name == "changes" and isinstance(value, list)):
        return name
    if name == "changes":
        return {section: len(changes) for section, changes in value.items()}
    if isinstance(value, dict):
        return {inner: shape_of(part, inner) for inner, part in value.items()}
    if isinstance(value, list):
        return [shape_of(part) for part in value]
    return "words" if isinstance(value, str) else value


# Before


def test_every_field_that_can_hold_words_about_somebody_held_hers(erased: Story):
    parts = [
        (row.topic.partition(".")[0], field.partition("/")[0])
        for row in erased.log_before
        for part in json.loads(row.state)["sealed"]
        if canaries.WHO in part["about"]
        for field in part["fields"]
    ]
    assert canaries.expected() - set(parts) == set()
    assert {topic for topic, field in parts if field == "reason"} >= {"PlanArchived", "PlayPlanned", "LegalHoldPlaced"}


def test_before_she_is_forgotten_her_words_are_found_where_they_are_to_be_and_nowhere_else(erased: Story):
    found = found_in(erased.before)
    assert {"pg_dump", "export", "log lines", "list of erasures", "plantrail export"} & set(found) == set()
    for shown in (
        "audit bundle",
        "GET /v1/plans/acme",
        "GET /v1/plans/acme/history",
        "plantrail plan show acme --as-of version:60",
        "plantrail plan blame acme --json",
    ):
        assert shown in found
    for form in ("json", "md", "html", "pdf"):
        assert f"GET /v1/plans/acme/said-vs-did?from=version:2&format={form}" in found


# After


def test_after_she_is_forgotten_her_words_are_found_nowhere(erased: Story):
    assert found_in(erased.after) == []
    assert erased.after.keys() >= erased.before.keys()


def test_what_was_counted_is_counted_as_before_in_every_view_of_the_past(erased: Story):
    assert erased.numbers() == erased.numbers_before


def test_no_stored_byte_changed_and_the_proofs_hold(erased: Story):
    assert log(erased.api.store.where.service)[: len(erased.log_before)] == erased.log_before
    assert erased.proof() == erased.proof_before
    later = sealed(erased.api.store)
    assert later.said.size == erased.checkpoint.said.size + 1
    assert erased.api.store.tree.consistency(erased.checkpoint.said.size, later.said.size)


def test_everything_can_be_made_anew_without_her(erased: Story):
    erased.api.store.portfolio.catch_up(erased.api.clock)
    before = erased.api.get("/v1/plans").json()
    erased.api.store.portfolio.rebuild(erased.api.clock)
    erased.api.store.month_ends.rebuild(lambda: erased.api.clock.now + timedelta(days=62))
    assert erased.api.get("/v1/plans").json() == before
    assert found_in({"portfolio": erased.api.get("/v1/plans").content, "pg_dump": erased.dumped()}) == []


def test_subscribers_are_told_by_the_event_on_the_feed(erased: Story):
    [*_, last] = log(erased.api.store.where.service)
    assert last.topic == "StakeholderForgotten"
    assert erased.answer["events"] == [
        {"id": f"{last.plan_id}:{last.version}", "type": "plantrail.stakeholder-forgotten.v1"}
    ]
