"""Days and instants: of the calendar we keep, wherever they come in."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel, TypeAdapter, ValidationError

from adapters.http.access_events import AccessLogQuery
from adapters.http.feed import FeedPageQuery
from adapters.http.keys import NewKey
from adapters.http.portfolio import PortfolioParameters
from adapters.http.reports import MonthReportQuery, Period
from adapters.http.view_queries import PlanBlameQuery, PlanDiffQuery, PlanHistoryQuery
from adapters.http.webhooks import PageQuery
from application.scenarios.scenario import Told
from application.webhooks.subscriptions import Replay, WebhookRequest
from domain.account_plan import COMMANDS, EVENTS
from domain.calendar import FIRST_DAY, LAST_DAY, Day, Instant
from tests.cases import for_each

ASKED = [AccessLogQuery, FeedPageQuery, NewKey, PortfolioParameters, PlanBlameQuery, PlanDiffQuery, PlanHistoryQuery,
         MonthReportQuery, Period, PageQuery, Replay, WebhookRequest, Told]  # fmt: skip
day, instant = TypeAdapter[date](Day), TypeAdapter[datetime](Instant)


def read(kind: TypeAdapter[Any], said: Any) -> Any:
    """None where it is refused, and by nothing but that."""
    try:
        return kind.validate_python(said)
    except ValidationError:
        return None


@for_each(
    ("said", "kept"),
    [
        ("1900-01-01", FIRST_DAY),
        ("2199-12-31", LAST_DAY),
        (date(2026, 3, 31), date(2026, 3, 31)),
        ("1899-12-31", None),
        ("2200-01-01", None),
        ("0001-01-01", None),
        ("9999-12-31", None),
        ("10000-01-01", None),
        ("2026-02-29", None),
        ("20260331", None),
        ("2026-W14-2", None),
        ("٢٠٢٦-٠٣-٣١", None),
        ("1861920000", None),
        (1861920000, None),
        (datetime(2026, 3, 31), None),
        ("-infinity", None),
        ("", None),
    ],
)
def test_a_day_is_one_between_1900_and_2199_as_iso_8601_writes_it(said, kept):
    assert read(day, said) == kept


@for_each(
    ("said", "kept"),
    [
        ("1900-01-01T00:00:00Z", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59.999999Z", datetime(2199, 12, 31, 23, 59, 59, 999999, UTC)),
        ("2026-03-31t17:00:00.5+02:00", datetime(2026, 3, 31, 15, 0, 0, 500000, UTC)),
        (datetime(2026, 3, 31, 17, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 3, 31, 15, tzinfo=UTC)),
        ("1900-01-01T00:00:00+00:01", None),
        ("2199-12-31T23:59:59-00:01", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("9999-12-31T23:59:59Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-01-01T00:00:00Z", None),
        ("2026-03-31T24:00:00Z", None),
        ("2026-03-31T17:00:00+24:00", None),
        ("2026-03-31T17:00:00", None),
        (datetime(2026, 3, 31, 17), None),
        ("1861920000", None),
        (1861920000, None),
        (1e400, None),
        ("infinity", None),
        ("now", None),
    ],
)
def test_an_instant_is_one_between_1900_and_2199_as_rfc_3339_writes_it_and_is_kept_in_utc(said, kept):
    assert read(instant, said) == kept
    assert kept is None or read(instant, said).tzinfo is UTC


@given(some.datetimes(timezones=some.timezones()))
def test_no_time_zone_leads_what_is_kept_out_of_what_can_be_held(at):
    kept = read(instant, at)
    if kept:
        assert all(1899 <= (kept + timedelta(hours=hours)).year <= 2200 for hours in (-24, 24))
    else:
        assert not 1901 <= at.year <= 2198


def dates_in(annotation: Any, marks: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """For every day or instant in an annotation, however deep, what stands around it."""
    marks = (*marks, *getattr(annotation, "__metadata__", ()))
    if annotation in (date, datetime):
        return [marks]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [
            found
            for field in annotation.model_fields.values()
            for found in dates_in(field.annotation, tuple(field.metadata))
        ]
    return [found for part in get_args(annotation) for found in dates_in(part, marks)]


OURS = {mark for kind in (Day, Instant) for mark in kind.__metadata__}


@for_each("model", [*COMMANDS.values(), *ASKED])
def test_whatever_comes_in_holds_no_day_and_no_instant_of_another_calendar(model):
    assert all(len(OURS.intersection(marks)) == 2 for marks in dates_in(model))


@for_each("event", EVENTS.values())
def test_what_was_recorded_can_be_read_whatever_calendar_it_is_of(event):
    assert not any(OURS.intersection(marks) for marks in dates_in(event))


def test_there_are_days_and_instants_to_look_at():
    assert len([model for model in COMMANDS.values() if dates_in(model)]) > 30
    assert dates_in(NewKey)
    assert dates_in(Told)
