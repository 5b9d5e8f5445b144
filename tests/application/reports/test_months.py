"""A month is over once it is over everywhere, and comes after the month before it."""

from application.reports.months import month_named, months_between
from tests.cases import for_each
from tests.histories import instant

LATER = instant("2026-12-01")


@for_each(("now", "over"), [("2026-04-01T11:59:59Z", False), ("2026-04-01T12:00:00Z", True)])
def test_a_month_is_over_when_its_last_day_is_in_the_last_time_zone(now, over):
    assert month_named("2026-03", LATER).is_over(instant(now)) is over


def test_months_follow_one_another_over_the_turn_of_the_year():
    months = months_between(month_named("2025-11", LATER), month_named("2026-02", LATER))
    assert list(map(str, months)) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert [str(months[-1].before(number)) for number in (0, 1, 2, 12)] == ["2026-02", "2026-01", "2025-12", "2025-02"]
