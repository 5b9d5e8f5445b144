"""The days of a plan, for calendars: those that are off by now are there, and say so."""

from application.views.dates import dates_of, verifications_of
from application.views.policy_in_force import DEFAULT
from tests.histories import History, opened


def verifications(history: History, person: str | None = None) -> dict[str, tuple[str, bool]]:
    dates = verifications_of(history.known, history.cut("now"), DEFAULT, person)
    return {each.id: (each.day.isoformat(), each.cancelled) for each in dates}


def known() -> History:
    history = opened()
    history.on("2026-01-05", "add-stakeholder", id="coo", name="Jane Doe", level="executive")
    return history


def test_a_verification_is_due_for_whoever_owns_the_plan():
    due = {"coo": ("2026-04-07", False)}
    assert verifications(known()) == verifications(known(), "ann") == due
    assert verifications(known(), "eve") == {}


def test_of_who_left_in_an_archived_plan_and_of_one_that_is_somebody_elses_by_now_it_is_off():
    left, archived, another = known(), known(), known()
    left.on("2026-01-06", "record-departure", id="coo", left_on="2026-01-06")
    archived.on("2026-01-06", "archive-plan", reason="Sold")
    another.on("2026-01-06", "reassign-plan", owner="eve", reason="Moved")
    assert verifications(left) == {"coo": ("2026-01-06", True)}
    assert verifications(archived) == {"coo": ("2026-04-07", True)}
    assert verifications(another, "ann") == {"coo": ("2026-04-07", True)}
    assert verifications(another, "eve") == verifications(another) == {"coo": ("2026-04-07", False)}


def test_days_are_those_of_whoever_they_concern_and_what_has_none_is_left_out():
    history = known()
    history.on("2026-01-05", "add-action", id="hers", statement="Call", kind="task", owner="eve", due_on="2026-02-02")
    history.on("2026-01-05", "add-action", id="mine", statement="Visit", kind="task", owner="ann", due_on="2026-02-03")

    def days(person: str | None = None) -> dict[str, str]:
        return {each.id: each.day.isoformat() for each in dates_of(history.known, person)}

    assert days() == {"hers": "2026-02-02", "mine": "2026-02-03"}
    assert (days("eve"), days("ann"), days("zed")) == ({"hers": "2026-02-02"}, {"mine": "2026-02-03"}, {})
