"""The days of a program whose time zone is revised: those before stay as they were."""

from datetime import date

from application.views.days_of_program import end_of, zone_at
from domain.program import PROGRAM
from tests.cases import for_each
from tests.histories import History, instant

MOVED_AT, MOVED_BACK_AT = "2026-03-10T12:00:00Z", "2026-06-10T12:00:00Z"


def moving() -> History:
    """A program that moved from Berlin to Kiritimati and back."""
    history = History(type=PROGRAM)
    terms = {"name": "Strategic accounts", "currency": "EUR", "timezone": "Europe/Berlin"}
    history.on("2026-01-02T08:00:00Z", "open-program", **terms)
    history.on("2026-02-01T08:00:00Z", "revise-charter", name="Accounts", reason="Shorter")
    history.on(MOVED_AT, "revise-charter", timezone="Pacific/Kiritimati", reason="Moved")
    history.on(MOVED_BACK_AT, "revise-charter", timezone="Europe/Berlin", reason="Moved back")
    return history


@for_each(
    ("day", "end"),
    [
        ("2025-12-31", "2025-12-31T22:59:59.999999Z"),  # before it was opened
        ("2026-03-09", "2026-03-09T22:59:59.999999Z"),
        ("2026-03-10", "2026-03-10T09:59:59.999999Z"),  # was over in Kiritimati when the program moved there
        ("2026-03-11", "2026-03-11T09:59:59.999999Z"),
        ("2026-06-10", "2026-06-10T09:59:59.999999Z"),
        ("2026-06-11", "2026-06-11T21:59:59.999999Z"),
    ],
)
def test_a_day_ends_in_the_zone_that_the_program_had_by_then(day, end):
    assert end_of(moving().known.records, date.fromisoformat(day)) == instant(end)


def test_a_program_has_each_zone_from_the_very_instant_of_its_revision():
    records = moving().known.records
    moved, back = (record.meta.recorded_at for record in records[2:])
    for at, zone in (
        (instant("2025-01-01"), "Europe/Berlin"),
        (instant("2026-03-10T11:59:59Z"), "Europe/Berlin"),
        (moved, "Pacific/Kiritimati"),
        (instant("2026-06-10T11:59:59Z"), "Pacific/Kiritimati"),
        (back, "Europe/Berlin"),
    ):
        assert zone_at(records, at) == zone
