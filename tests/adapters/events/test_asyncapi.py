"""The AsyncAPI document is one, by the official parser, and says of events what is true of those that go out."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from platformdirs import user_cache_path

from adapters.events.asyncapi import ALWAYS_THERE, ATTRIBUTES
from adapters.events.asyncapi import document as made
from adapters.events.cloud_events import TOPICS
from tests.adapters.events.test_contracts import EVERYWHERE, URL, row_of
from tests.everything import everything
from tests.examples import spread
from tests.places import ROOT

HERE = ROOT / "tests" / "asyncapi"
NODE = shutil.which("node")
INFORMATION = 2
needed = os.environ.get("REQUIRE_ALL") == "1"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return made(URL, "1.2.3")


@pytest.fixture(scope="module")
def parser() -> Path:
    """Where the official parser is installed, at its locked version: once for this machine, in its cache."""
    lock = (HERE / "package-lock.json").read_bytes()
    installed = user_cache_path("plantrail") / f"asyncapi-parser-{sha256(lock).hexdigest()[:12]}"
    if not installed.exists():
        installed.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=installed.parent, ignore_cleanup_errors=True) as place:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, place)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
            subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=120)
            Path(place).rename(installed)
    return installed


def with_these(types: Collection[str], part: Any) -> Any:
    """Return a part of the document without what is said of any other type of event."""
    others = tuple(TOPICS.keys() - types)
    if isinstance(part, dict):
        return {name: with_these(types, each) for name, each in part.items() if not name.endswith(others)}
    if isinstance(part, list):
        return [with_these(types, each) for each in part if not names_one_of(others, each)]
    return part


def names_one_of(types: tuple[str, ...], part: Any) -> bool:
    return isinstance(part, dict) and str(part.get("$ref")).endswith(types)


@pytest.mark.torture
@pytest.mark.hypothesis
@pytest.mark.skipif(NODE is None and not needed, reason="no node on this machine: apt-get install nodejs npm")
def test_the_official_parser_has_nothing_against_it(service, parser):
    """It takes seconds for a hundred messages that are made alike, so it is given every eighth type of event; all in
    `make torture`."""
    types = next(spread(sorted(TOPICS), 8))
    served = with_these(types, service.get("/asyncapi.json").json())
    command = [str(NODE), str(HERE / "parse.mjs"), str(parser)]
    said = subprocess.run(command, input=json.dumps(served).encode(), check=True, capture_output=True, timeout=120)
    found = json.loads(said.stdout)
    # That there is a version 3.1, which changes nothing for us, is information.
    assert [each for each in found["diagnostics"] if each["code"] != "asyncapi-latest-version"] == []
    assert all(each["severity"] >= INFORMATION for each in found["diagnostics"])
    assert found["version"] == "3.0.0"
    assert found["channels"] == ["pull", "stream", "webhook", "broker"]
    assert set(found["messages"]) == {*types, "batch"}
    assert len(found["operations"]) == len(found["channels"])


def test_it_is_for_anybody_to_read(service):
    served = service.get("/asyncapi.json", {"X-Actor": "?"})
    assert served.headers["content-type"] == "application/vnd.aai.asyncapi+json;version=3.0.0"
    assert served.json()["info"]["title"] == "plantrail events"


def test_servers_are_where_the_service_is_reached():
    at = made("https://plans.example.com:8443/sub", "1")["servers"]["service"]
    assert (at["protocol"], at["host"], at["pathname"]) == ("https", "plans.example.com:8443", "/sub")
    assert "pathname" not in made(URL, "1")["servers"]["service"]


def test_every_type_of_event_is_on_every_channel(document):
    for name in ("stream", "webhook", "broker"):
        assert document["channels"][name]["messages"].keys() == TOPICS.keys()
    batch = document["components"]["messages"]["batch"]["payload"]["items"]["anyOf"]
    assert [each["$ref"].partition("event.")[2] for each in batch] == sorted(TOPICS)


def validator(document: dict[str, Any], name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


def test_whatever_goes_out_is_as_it_says(document):
    validators = {type: validator(document, f"event.{type}") for type in TOPICS}
    headers = validator(document, "headers")
    for record in everything().known.records:
        row = row_of(record)
        whole = json.loads(EVERYWHERE.structured(row))
        assert [error.message for error in validators[whole["type"]].iter_errors(whole)] == []
        assert ATTRIBUTES.keys() >= whole.keys() - {"data"}
        binary, _ = EVERYWHERE.binary(row)
        assert [error.message for error in headers.iter_errors({**binary, "Nats-Msg-Id": whole["id"]})] == []


def test_an_event_that_calls_itself_another_is_not_as_it_says(document):
    row = row_of(everything().known.records[0])
    whole = json.loads(EVERYWHERE.structured(row))
    opened = validator(document, "event.plantrail.plan-opened.v1")
    assert opened.is_valid(whole)
    assert not opened.is_valid(whole | {"type": "plantrail.play-planned.v1"})
    for name in ALWAYS_THERE:
        assert not opened.is_valid({key: value for key, value in whole.items() if key != name})
