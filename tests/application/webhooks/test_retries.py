"""When a failed delivery is tried again, and how long an endpoint that asks for a pause gets one."""

from datetime import timedelta
from email.utils import format_datetime

from application.webhooks.retries import WAITS, held_until, next_attempt
from tests.cases import for_each
from tests.stores import MONDAY


def test_waits_grow_from_seconds_to_a_day_and_then_it_is_enough():
    hours = [wait / timedelta(hours=1) for wait in WAITS]
    assert WAITS[:3] == (timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30))
    assert hours[3:] == [2, 5, 10, 14, 20, 24]
    for failed, wait in enumerate(WAITS, 1):
        for random, share in ((0.0, 0.9), (0.5, 1.0), (1.0, 1.1)):
            at = next_attempt(failed, MONDAY, lambda random=random: random)
            assert abs((at - MONDAY) / wait - share) < 1e-6
    assert next_attempt(len(WAITS) + 1, MONDAY, lambda: 0.5) is None


@for_each(
    ("header", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("99999999999999999999", 86400),
        (format_datetime(MONDAY + timedelta(hours=1)), 3600),
        (format_datetime(MONDAY + timedelta(seconds=1)), 1),
        (format_datetime(MONDAY), None),
        (format_datetime(MONDAY + timedelta(days=30)), 86400),
        (format_datetime(MONDAY - timedelta(hours=1)), None),
        ("soon", None),
        ("Sun, 22 Nov 2026 02:26:06 99999999999999999999", None),
        ("1 Jan 99999999999999999999 00:00:00 GMT", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_heard_for_up_to_a_day(header, seconds):
    assert held_until(header, MONDAY) == (None if seconds is None else MONDAY + timedelta(seconds=seconds))
