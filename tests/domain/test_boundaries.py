"""Both sides of every boundary that a command's types and cautions draw, on the very value."""

from datetime import date, timedelta
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.account_plan.standing import ATTITUDES, Attitude, AttitudeWord, in_a_word
from domain.calendar import FIRST_DAY, LAST_DAY, Day, years_after
from domain.cautions import about_days
from domain.language import (
    AccountId,
    AtLeastOne,
    Count,
    Email,
    Grade,
    Many,
    Name,
    PersonId,
    PositiveAmount,
    PromoterScore,
    Share,
    Slug,
    Text,
    Url,
)
from tests.cases import for_each
from tests.stores import say

IN, OUT = True, False


def signs(count: int, prefix: str = "") -> str:
    return prefix + "x" * (count - len(prefix))


@for_each(
    ("kind", "value", "taken"),
    [
        (Name, signs(200), IN), (Name, signs(201), OUT), (Name, "x", IN),
        (Text, signs(10_000), IN), (Text, signs(10_001), OUT),
        (Slug, signs(64), IN), (Slug, signs(65), OUT),
        (AccountId, signs(128), IN), (AccountId, signs(129), OUT),
        (PersonId, signs(128), IN), (PersonId, signs(129), OUT),
        (Url, signs(2000, "https://"), IN), (Url, signs(2001, "https://"), OUT),
        (Email, signs(254, "a@"), IN), (Email, signs(255, "a@"), OUT),
        (Attitude, -2, IN), (Attitude, -3, OUT), (Attitude, 2, IN), (Attitude, 3, OUT),
        (Grade, 1, IN), (Grade, 0, OUT), (Grade, 5, IN), (Grade, 6, OUT),
        (Count, 0, IN), (Count, -1, OUT), (Count, 2_000_000_000, IN), (Count, 2_000_000_001, OUT),
        (Share, "0", IN), (Share, "-0.000001", OUT), (Share, "1", IN), (Share, "1.000001", OUT),
        (PromoterScore, "-100", IN), (PromoterScore, "-100.1", OUT), (PromoterScore, "100", IN),
        (PromoterScore, "100.1", OUT), (PositiveAmount, "0.000001", IN), (PositiveAmount, "0", OUT),
        (PositiveAmount, "9" * 14 + ".999999", IN), (PositiveAmount, "9" * 15 + ".999999", OUT),
        (PositiveAmount, "1.1234567", OUT),
        (Day, str(FIRST_DAY), IN), (Day, str(FIRST_DAY - timedelta(1)), OUT),
        (Day, str(LAST_DAY), IN), (Day, str(LAST_DAY + timedelta(1)), OUT),
        (Many[int], [1] * 100, IN), (Many[int], [1] * 101, OUT), (Many[int], [], IN),
        (AtLeastOne[int], [1] * 100, IN), (AtLeastOne[int], [1] * 101, OUT),
        (AtLeastOne[int], [], OUT), (AtLeastOne[int], [1], IN),
    ],
)  # fmt: skip
def test_a_value_is_taken_up_to_the_boundary_and_not_beyond(kind: Any, value: Any, taken: bool):
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    if taken:
        adapter.validate_python(value)
    else:
        with pytest.raises(ValidationError):
            adapter.validate_python(value)


def test_every_attitude_has_a_word_and_no_other_number_has_one():
    assert [in_a_word(attitude) for attitude in (-2, -1, 0, 1, 2, None)] == list(get_args(AttitudeWord))
    assert sorted(ATTITUDES) == [-2, -1, 0, 1, 2]
    for beyond in (-3, 3):
        with pytest.raises(KeyError):
            in_a_word(beyond)


TODAY = date(2026, 3, 31)


def told(command: str, field: str, day: date, **said: Any) -> list[str]:
    return [caution.code for caution in about_days(say(command, **said | {field: str(day)}), TODAY)]


CONTRACT = {"arr": "100", "starts_on": "2026-01-01", "products": ["Hub"]}
PLAY = {"id": "p", "title": "Pilot", "kind": "proof", "owner": "ann", "success_measure": "Rework down"}
FINISH = {"id": "p", "result": "done"}
A_DAY = timedelta(1)


@pytest.mark.parametrize(
    ("command", "said", "field", "within", "beyond"),
    [
        ("set-contract", CONTRACT, "renews_on", years_after(TODAY, 10), years_after(TODAY, 10) + A_DAY),
        ("set-contract", CONTRACT | {"renews_on": "2026-12-31"}, "starts_on", years_after(TODAY, -50),
         years_after(TODAY, -50) - A_DAY),
        ("plan-play", PLAY, "due_on", years_after(TODAY, 2), years_after(TODAY, 2) + A_DAY),
        ("win-play", FINISH, "finished_on", years_after(TODAY, -1), years_after(TODAY, -1) - A_DAY),
    ],
)  # fmt: skip
def test_a_day_far_away_is_cautioned_from_the_day_after_the_boundary(command, said, field, within, beyond):
    assert "far-date" not in told(command, field, within, **said)
    assert told(command, field, beyond, **said) == ["far-date"]


def test_a_promise_that_is_due_today_is_not_late_and_one_of_yesterday_is():
    assert told("plan-play", "due_on", TODAY, **PLAY) == []
    assert told("plan-play", "due_on", TODAY - A_DAY, **PLAY) == ["due-in-the-past"]
