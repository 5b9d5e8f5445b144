"""Schedules of digests: how they are written, and when the next one is due, whatever clocks do meanwhile."""

from datetime import UTC, datetime

import pytest

from application.webhooks.schedule import next_time, schedule_written

VIENNA = "Europe/Vienna"


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("monday 08:00", "monday 08:00"),
        (" Every  Monday 08:00 ", "monday 08:00"),
        ("day 23:59", "day 23:59"),
        ("SUNDAY 00:00", "sunday 00:00"),
    ],
)
def test_a_schedule_is_written_in_one_way(text, schedule):
    assert schedule_written(text) == schedule


@pytest.mark.parametrize("text", ["", "monday", "08:00", "monday 8:00", "monday 24:00", "monday 08:60", "montag 08:00"])
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="such as monday 08:00"):
        schedule_written(text)


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("monday 08:00", "2026-01-05T06:59:59Z", "2026-01-05T07:00:00Z"),
        ("monday 08:00", "2026-01-05T07:00:00Z", "2026-01-12T07:00:00Z"),
        ("day 08:00", "2026-01-05T07:00:00Z", "2026-01-06T07:00:00Z"),
        ("tuesday 00:00", "2026-01-05T22:59:00Z", "2026-01-05T23:00:00Z"),  # it is Tuesday in Vienna, not yet in UTC
        ("day 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:30:00Z"),  # the clock jumps from 2 to 3: an hour later
        ("day 08:00", "2026-03-29T12:00:00Z", "2026-03-30T06:00:00Z"),  # summer has begun
        ("day 02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),  # this time is there twice: the first
    ],
)
def test_the_next_one_is_due_at_that_time_by_the_clock_on_the_wall(schedule, after, due):
    found = next_time(schedule, VIENNA, datetime.fromisoformat(after))
    assert found.astimezone(UTC) == datetime.fromisoformat(due)
