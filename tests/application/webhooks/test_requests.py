"""What a request for a webhook may say, up to each limit, and what does not go together."""

import pytest
from pydantic import TypeAdapter, ValidationError

from application.webhooks.lanes import Lane
from application.webhooks.schedule import period
from application.webhooks.subscriptions import Replay, WebhookRequest
from tests.cases import for_each

URL = "https://example.com/"


@for_each(
    ("field", "within", "beyond"),
    [
        ("url", "x" * 2_000, "x" * 2_001),
        ("types", ["x"] * 100, ["x"] * 101),
        ("types", ["x" * 100], ["x" * 101]),
        ("plans", ["x"] * 100, ["x"] * 101),
        ("plans", ["x" * 128], ["x" * 129]),
        ("after", "1" * 100, "1" * 101),
        ("digest", "monday" + " " * 29 + "08:00", "monday" + " " * 30 + "08:00"),
    ],
)
def test_each_field_is_taken_up_to_its_limit(field, within, beyond):
    WebhookRequest.model_validate({"url": URL, field: within})
    with pytest.raises(ValidationError, match="at most"):
        WebhookRequest.model_validate({"url": URL, field: beyond})


def test_what_is_left_out_means_all_events_from_now_on_without_words_about_people():
    assert WebhookRequest(url=URL).model_dump(exclude={"url"}) == {
        "types": [],
        "plans": [],
        "after": "now",
        "personal_data": False,
        "format": "cloudevents",
        "digest": None,
        "timezone": "UTC",
        "person": None,
    }
    assert Replay().model_dump() == {"after": None, "plan": None}
    Replay(plan="x" * 128)
    with pytest.raises(ValidationError):
        Replay(plan="x" * 129)


@for_each(
    ("said", "refused"),
    [
        ({"timezone": "Europe/Berlin"}, "are for digests"),
        ({"person": "ann"}, "are for digests"),
        ({"timezone": "Europe/Berlin", "digest": "day 08:00", "person": "ann"}, None),
        ({"types": ["play-won"], "digest": "day 08:00"}, "not events"),
        ({"after": "0", "digest": "day 08:00"}, "not events"),
        ({"after": "now", "types": [], "digest": "day 08:00"}, None),
        ({"after": "0", "types": ["play-won"]}, None),
    ],
)
def test_a_digest_has_a_clock_and_a_person_and_events_have_types_and_a_beginning(said, refused):
    if refused is None:
        assert WebhookRequest(url=URL, **said).model_fields_set == {"url", *said}
    else:
        with pytest.raises(ValidationError, match=refused):
            WebhookRequest(url=URL, **said)


def test_a_lane_is_done_when_its_last_event_arrived_and_asks_the_store_for_more_than_bare_events():
    lane = {
        "held_until": 0.0, "secrets": [b"s"], "endpoint_id": "00000000-0000-0000-0000-000000000001",
        "plan_id": "00000000-0000-0000-0000-000000000002", "lease": "00000000-0000-0000-0000-000000000003",
        "delivered": 6, "through": 7, "attempts": 0, "url": URL, "topics": [], "owner": "ann", "plans": [],
        "personal_data": False, "format": "cloudevents", "digest": None, "timezone": None, "person": None,
    }  # fmt: skip

    def with_(**other: object) -> Lane:
        return TypeAdapter(Lane).validate_python(lane | other)

    assert [with_(delivered=version).done for version in (6, 7, 8)] == [False, True, True]
    assert not with_().takes_from_the_store
    for other in ({"personal_data": True}, {"format": "slack"}, {"digest": "day 08:00"}):
        assert with_(**other).takes_from_the_store


def test_digests_come_every_day_or_every_week():
    assert [period(schedule).days for schedule in ("day 08:00", "monday 08:00")] == [1, 7]
