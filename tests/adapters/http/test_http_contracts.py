"""Subscribers find schemas and documents at the addresses that events and documents name."""

import json

import pytest

from adapters.bootstrap.settings import DEFAULT_PUBLIC_URL
from adapters.events.cloud_events import TOPICS
from tests.api import assert_problem
from tests.released import file_of


def path_in(url):
    assert url.startswith(DEFAULT_PUBLIC_URL)
    return url.removeprefix(DEFAULT_PUBLIC_URL)


def test_a_schema_is_where_events_say_it_is_for_anybody_and_for_ever(service):
    for type in TOPICS:
        answer = service.get(f"/schemas/{type}.json", {"X-Actor": "?"})
        assert answer.headers["content-type"] == "application/schema+json"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert path_in(answer.json()["$id"]) == f"/schemas/{type}.json"


def test_a_schema_is_served_as_it_was_released(service):
    released = json.loads(file_of("plantrail.play-planned.v1").read_text("utf-8"))
    served = service.get("/schemas/plantrail.play-planned.v1.json").json()
    assert served == {**released, "$id": f"{DEFAULT_PUBLIC_URL}/schemas/plantrail.play-planned.v1.json"}


@pytest.mark.parametrize(
    "name",
    ["plantrail.play-planned.v2.json", "PlayPlanned.json", "plantrail.play-planned.v1", "..%2Fevents.json", "%00.json"],
)
def test_a_schema_there_never_was_is_a_problem(service, name):
    assert_problem(service.get(f"/schemas/{name}"), 404, "not-found")
