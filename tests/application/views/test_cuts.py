"""Cuts: the points of a plan's history that every view can be asked for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from application.views.cuts import (
    CutBeforePlan,
    CutInTheFuture,
    CutRefused,
    CutUnknown,
    cut_at,
    judged_from,
    known_at,
    plan_at,
)
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import reviews
from domain.account_plan import ACCOUNT_PLAN, fold
from domain.account_plan.plan import plan_id_of
from domain.account_plan.reviews import ReviewWasStruck
from domain.things import day_of
from tests.cases import for_each
from tests.histories import History, instant, opened

REVIEW = {"kind": "monthly", "audience": "internal", "ours": ["ann"]}
NOTE = {"section": "plan", "text": "Seen"}
NOW = "2026-04-01T10:00Z"


def in_three_steps() -> History:
    """Version 1 on 5 January, 2 and 3 on 2 March, the latter a review, 4 on 31 March at 23:30 in Berlin."""
    history = opened()
    history.on("2026-03-02T14:59Z", "write-note", id="n1", **NOTE)
    history.on("2026-03-02T15:00Z", "hold-review", id="R1", held_on="2026-03-02", **REVIEW)
    history.on("2026-03-31T21:30Z", "write-note", id="n2", **NOTE)
    return history


# Kinds of cuts


@for_each(
    ("text", "version", "day", "at"),
    [
        ("now", 4, "2026-04-01", NOW),
        ("review:R1", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("version:2", 2, "2026-03-02", "2026-03-02T14:59Z"),
        ("version:4", 4, "2026-03-31", "2026-03-31T21:30Z"),
        (f"event:{plan_id_of('acme')}:2", 2, "2026-03-02", "2026-03-02T14:59Z"),
        ("event:acme:2", 2, "2026-03-02", "2026-03-02T14:59Z"),
        ("event:2", 2, "2026-03-02", "2026-03-02T14:59Z"),
        ("2026-03-02T15:00:00Z", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-02T14:59:59.999999Z", 2, "2026-03-02", "2026-03-02T14:59:59.999999Z"),
        ("2026-03-02T20:30:00+05:30", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-02T10:00:00-05:00", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-02T20:30:00 05:30", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-02t15:00:00z", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-02T15:00Z", 3, "2026-03-02", "2026-03-02T15:00Z"),
        ("2026-03-31T22:00:00Z", 4, "2026-04-01", "2026-03-31T22:00Z"),
        ("2026-03-02", 3, "2026-03-02", "2026-03-02T22:59:59.999999Z"),
        ("2026-03-01", 1, "2026-03-01", "2026-03-01T22:59:59.999999Z"),
        ("2026-03-31", 4, "2026-03-31", "2026-03-31T21:59:59.999999Z"),
    ],
)
def test_a_cut_has_a_version_a_day_and_an_instant(text, version, day, at):
    cut = in_three_steps().cut(text, now=NOW)
    assert (cut.cut, cut.version, cut.date, cut.at) == (text, version, date.fromisoformat(day), instant(at))
    assert cut.at.utcoffset() == timedelta(0)


def test_what_was_recorded_at_the_instant_itself_is_included_however_much_it_is():
    history = opened()
    for id in ("n1", "n2", "n3"):
        history.on("2026-03-02T15:00Z", "write-note", id=id, **NOTE)
    assert history.cut("2026-03-02T15:00:00Z").version == 4
    assert history.cut("2026-03-02T14:59:59Z").version == 1


def test_now_is_no_earlier_than_the_last_event():
    history = in_three_steps()
    assert history.cut("now", now="2026-03-31T20:00Z").at == history.last


# Reviews


def test_a_review_has_the_day_it_was_held_on():
    history = opened()
    history.on("2026-03-05", "hold-review", id="R1", held_on="2026-03-02", **REVIEW)
    cut = history.cut("review:R1")
    assert (cut.date, cut.at) == (date(2026, 3, 2), instant("2026-03-05"))


@pytest.mark.parametrize(
    ("recorded", "late"),
    [("2026-03-04T22:59Z", False), ("2026-03-04T23:00Z", True), ("2026-03-02T12:00Z", False)],
)
def test_a_review_recorded_more_than_two_days_after_it_is_flagged(recorded, late):
    history = opened()
    history.on(recorded, "hold-review", id="R1", held_on="2026-03-02", **REVIEW)
    assert history.cut("review:R1").recorded_late is late


def test_two_reviews_on_one_day_are_two_cuts():
    history = opened()
    history.on("2026-03-02T09:00Z", "hold-review", id="R1", held_on="2026-03-02", **REVIEW)
    history.on("2026-03-02T10:00Z", "write-note", id="n1", **NOTE)
    history.on("2026-03-02T11:00Z", "hold-review", id="R2", held_on="2026-03-02", **REVIEW | {"kind": "qbr"})
    assert [history.cut(f"review:{id}").version for id in ("R1", "R2")] == [2, 4]


@pytest.mark.parametrize("id", ["R2", "", "R1 ", "r1", "R1:2"])
def test_a_review_that_was_not_held_is_no_cut(id):
    history = in_three_steps()
    history.on(NOW, "schedule-review", id="R2", kind="monthly", planned_on="2026-05-04")
    with pytest.raises(CutUnknown):
        history.cut(f"review:{id}")


def test_a_review_that_was_struck_is_the_same_cut_for_ever_and_says_so():
    history = in_three_steps()
    before = history.cut("review:R1")
    history.on("2026-04-01", "strike-entry", event="3", reason="It was called off")
    assert history.cut("review:R1") == replace(before, struck=True)
    with pytest.raises(ReviewWasStruck):
        history.on("2026-04-02", "hold-review", id="R1", held_on="2026-04-02", **REVIEW)
    assert history.cut("review:R1") == replace(before, struck=True)


def test_of_an_id_that_an_earlier_release_gave_again_the_first_review_keeps_the_name():
    history = in_three_steps()
    history.on("2026-04-01", "strike-entry", event="3", reason="It was called off")
    history.on("2026-04-02", "hold-review", id="R2", held_on="2026-04-02", **REVIEW)
    *records, last = history.known.records
    again = last._replace(event=last.event.model_copy(update={"id": "R1"}))
    known = LoadedPlan.of(ACCOUNT_PLAN, history.plan_id, [*records, again])
    assert cut_at("review:R1", known, history.last).version == 3
    [listed] = reviews(known, cut_at("now", known, history.last))
    assert (listed.review.id, listed.cut, listed.version) == ("R1", "version:6", 6)


def test_the_second_of_two_cuts_is_never_judged_on_an_earlier_day_than_the_first():
    history = in_three_steps()
    history.on("2026-04-02", "hold-review", id="R2", held_on="2026-03-01", **REVIEW | {"kind": "weekly"})
    first, second = history.cut("review:R1"), history.cut("review:R2")
    assert (first.date, second.date) == (date(2026, 3, 2), date(2026, 3, 1))
    assert judged_from(first, second) == replace(second, date=date(2026, 3, 2))
    assert judged_from(second, history.cut("now")) == history.cut("now")


# Days


@for_each(
    ("zone", "day", "end"),
    [
        ("UTC", "2026-03-31", "2026-04-01T00:00Z"),
        ("Europe/Berlin", "2026-03-28", "2026-03-28T23:00Z"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T22:00Z"),  # 23 hours long
        ("Europe/Berlin", "2026-10-25", "2026-10-25T23:00Z"),  # 25 hours long
        ("America/New_York", "2026-03-08", "2026-03-09T04:00Z"),
        ("America/New_York", "2026-11-01", "2026-11-02T05:00Z"),
        ("Pacific/Kiritimati", "2026-03-31", "2026-03-31T10:00Z"),  # 14 hours ahead
        ("Pacific/Pago_Pago", "2026-03-31", "2026-04-01T11:00Z"),  # 11 hours behind
        ("Asia/Kathmandu", "2026-03-31", "2026-03-31T18:15Z"),
        ("Africa/Cairo", "2026-04-23", "2026-04-23T22:00Z"),  # midnight is skipped
        ("America/Havana", "2026-10-31", "2026-11-01T04:00Z"),  # midnight comes twice
    ],
)
def test_a_day_ends_at_midnight_where_the_plan_lives(zone, day, end):
    history = opened("2026-01-05", timezone=zone)
    midnight = instant(end)
    history.on((midnight - timedelta(seconds=1)).isoformat(), "write-note", id="before", **NOTE)
    history.on(midnight.isoformat(), "write-note", id="after", **NOTE)
    cut = history.cut(day, now="2026-12-01")
    assert (cut.version, cut.at, cut.date) == (2, midnight - timedelta(microseconds=1), date.fromisoformat(day))
    assert (cut.over, cut.provisional) == (True, False)


def test_what_was_recorded_late_in_the_evening_belongs_to_the_day_it_was_there():
    history = opened(timezone="America/Los_Angeles")
    history.on("2026-03-31T23:30-07:00", "write-note", id="n1", **NOTE)
    assert history.cut("2026-03-31", now="2026-04-02").version == 2
    assert history.cut("2026-03-30", now="2026-04-02").version == 1
    assert history.cut("version:2").date == date(2026, 3, 31)


def test_today_is_provisional_because_it_is_not_over():
    history = in_three_steps()
    today = history.cut("2026-03-31", now="2026-03-31T21:45Z")
    assert (today.version, today.at, today.over, today.provisional) == (4, instant("2026-03-31T21:45Z"), False, True)
    assert history.cut("2026-03-31", now="2026-03-31T22:00Z").provisional is False


@for_each(
    ("text", "moves"),
    [("now", True), ("2026-04-01", True), ("2026-03-31", False), ("version:4", False), ("review:R1", False)],
)
def test_what_is_recorded_next_is_in_the_cuts_of_now_and_of_today_alone(text, moves):
    assert cut_at(text, in_three_steps().known, instant(NOW)).still_moves == moves


def test_a_promise_due_on_a_day_is_past_once_the_day_is_over():
    history = in_three_steps()
    due = date(2026, 3, 31)
    assert history.cut("2026-03-31", now=NOW).today > due
    assert not history.cut("version:4").today > due
    assert not history.cut("2026-03-31T21:59:59Z", now=NOW).today > due
    assert history.cut("now", now=NOW).today > due
    assert not history.cut("2026-03-31", now="2026-03-31T21:45Z").today > due


@given(
    some.sampled_from(sorted(available_timezones())),
    some.datetimes(datetime(2020, 1, 2), datetime(2030, 1, 1)),
    some.lists(some.timedeltas(timedelta(0), timedelta(days=3)), max_size=6),
    some.integers(0, 12),
)
@example("Pacific/Apia", datetime(2011, 12, 29, 12), [timedelta(days=1)] * 3, 1)  # a day that never was
def test_a_day_is_everything_recorded_up_to_the_end_of_it(zone, start, gaps, days_later):
    history = opened(start.replace(tzinfo=UTC).isoformat(), timezone=zone)
    for gap in gaps:
        history.on((history.last + gap).isoformat(), "confirm-section", section="plan")
    day = day_of(start.replace(tzinfo=UTC), zone) + timedelta(days=days_later)
    cut = cut_at(day.isoformat(), history.known, history.last + timedelta(days=20))
    recorded = [record.meta.recorded_at for record in history.known.records]
    assert cut.version == sum(day_of(at, zone) <= day for at in recorded)
    assert day_of(cut.at, zone) <= day < day_of(cut.at + timedelta(microseconds=1), zone)
    assert cut.at.astimezone(ZoneInfo(zone)) == cut.at


# What is shown


def test_the_plan_as_of_a_version_is_the_fold_of_so_many_events():
    history = in_three_steps()
    history.on(NOW, "strike-entry", event="2", reason="Wrong account")
    events = [record.event for record in history.known.records]
    for version in range(1, 6):
        known = known_at(history.known, history.cut(f"version:{version}"))
        assert known.state.kinds() == fold(events[:version]).kinds()
        assert known.version == known.state.version == version


@pytest.mark.parametrize("text", ["version:0", "2026-01-04", "2026-01-05T08:59:59Z", "0001-01-01"])
def test_before_the_plan_was_opened_there_is_a_cut_but_nothing_to_show(text):
    history = in_three_steps()
    cut = history.cut(text)
    assert cut.version == 0
    with pytest.raises(CutBeforePlan, match="2026-01-05") as refused:
        plan_at(history.known, cut)
    assert refused.value.type == "cut-before-plan-opened"


# What is none


@for_each(
    "text",
    [
        "2026-04-02",
        "9999-12-31",
        "2026-04-01T10:00:01Z",
        "2026-04-01T12:30:00+02:00",
        "9999-12-31T23:59:59Z",
        "version:5",
        "version:999999999",
        "event:5",
        "event:acme:5",
    ],
)
def test_a_cut_after_now_is_refused(text):
    with pytest.raises(CutInTheFuture) as refused:
        in_three_steps().cut(text, now=NOW)
    assert refused.value.type == "cut-in-the-future"


@for_each(
    "text",
    [
        "",
        " ",
        "yesterday",
        "NOW",
        "review:",
        "reviews:R1",
        "version",
        "version:",
        "version:x",
        "version:-1",
        "version:+1",
        "version:1.0",
        "version: 1",
        "version:²",
        "version:٣",
        "version:" + "9" * 10_000,
        "event:",
        "event:0",
        "event:beta:3",
        f"event:{plan_id_of('beta')}:3",
        "event:acme:",
        "event:acme:٣",
        "event:acme:3:3",
        "2026-02-30",
        "0000-01-01",
        "2026-13-01",
        "２０２６-03-31",
        "2026-3-31",
        "20260331",
        "2026-W14",
        "2026-03",
        "2026-03-31T17:00:00",
        "2026-03-31 17:00:00Z",
        "2026-W14-2T17:00:00Z",
        "2026-03-31T17Z",
        "2026-03-31T17:00:00+25:00",
        "2026-03-31T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-03-31\0",
        "\0",
        "\ud800",
        "review:\ud800\0",
        "x" * 10_000,
        "2026-03-31T" + "0" * 10_000 + "Z",
        "2026-03-31T17:00:00." + "0" * 10_000 + "Z",
    ],
)
def test_what_is_not_a_cut_is_refused_with_a_sentence(text):
    with pytest.raises(CutUnknown) as refused:
        in_three_steps().cut(text, now=NOW)
    assert refused.value.type == "unknown-cut"
    assert 20 < len(str(refused.value)) < 400


@pytest.mark.parametrize(("zone", "outcome"), [("America/New_York", CutUnknown), ("UTC", None), ("Asia/Tokyo", None)])
def test_at_the_beginning_of_time_there_is_a_cut_unless_no_calendar_has_its_day(zone, outcome):
    history = opened(timezone=zone)
    if outcome:
        with pytest.raises(outcome):
            history.cut("0001-01-01T00:00:00Z")
    else:
        assert history.cut("0001-01-01T00:00:00Z").version == 0
    assert history.cut("0001-01-01").version == 0


@given(
    some.text()
    | some.builds("{}:{}".format, some.sampled_from(["review", "version", "event"]), some.text())
    | some.from_regex(r"\A\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?)?\Z")
)
def test_any_text_is_a_cut_or_refused_as_one(text):
    history = in_three_steps()
    try:
        cut = history.cut(text, now=NOW)
    except CutRefused:
        return
    assert 0 <= cut.version <= 4
    assert cut.at <= instant(NOW)
