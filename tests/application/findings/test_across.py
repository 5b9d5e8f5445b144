"""Findings of many plans are stored, and read on a later day as they are then, page by page."""

from base64 import urlsafe_b64encode
from datetime import date
from uuid import UUID

import pytest
from pydantic import ValidationError

from application.findings.across import (
    OTHER_LIST,
    FindingPosition,
    FindingsQuery,
    cursor_of,
    position_of,
    put_away,
    taken_out,
)
from application.findings.examined import Examined
from application.findings.judging import findings_by
from application.findings.registry import RULES
from application.views.cuts import known_at
from application.views.list_cursors import CursorUnknown
from application.views.policy_in_force import DEFAULT
from tests.cases import for_each
from tests.histories import opened


def test_a_finding_says_on_a_later_day_what_would_end_it_then():
    plan = opened()
    body = {"id": "a", "statement": "Send the price", "kind": "task", "owner": "ann", "due_on": "2026-03-20"}
    plan.on("2026-01-05", "add-action", **body)
    cut = plan.cut("2026-03-21", "2026-12-31")
    [found] = findings_by("overdue-promise", Examined(known_at(plan.known, cut), cut, DEFAULT))
    later = taken_out(put_away(found, date(2026, 3, 19)), date(2026, 3, 24))
    finish, *_ = later["remedies"]
    assert finish["body"] == {"id": "a", "finished_on": date(2026, 3, 26)}
    assert (later["rule"], later["since_on"], later["seed"]) == (
        "overdue-promise", "2026-03-21", RULES["overdue-promise"].seed,
    )  # fmt: skip
    assert later["sentence"] == found.sentence


PLACE = FindingPosition(False, 1, date(2026, 3, 20), UUID(int=7), 2**31 - 1)


def test_a_list_goes_on_after_the_place_its_cursor_names():
    assert position_of(cursor_of(PLACE)) == PLACE
    first = PLACE._replace(excused=True, loudness=0, place=0)
    assert position_of(cursor_of(first)) == first


@for_each(
    "cursor",
    ["", "!", "a", cursor_of(PLACE)[:-2], cursor_of(PLACE._replace(place=2**31)),
     cursor_of(PLACE._replace(loudness=-1)), urlsafe_b64encode(b"[1]").decode()],
)  # fmt: skip
def test_a_cursor_that_no_list_gave_is_refused(cursor):
    with pytest.raises(CursorUnknown, match="begin again") as refused:
        position_of(cursor)
    assert str(refused.value) == OTHER_LIST


def test_a_page_has_one_finding_at_least_and_two_hundred_at_most():
    assert [FindingsQuery(limit=limit).limit for limit in (1, 200)] == [1, 200]
    assert (FindingsQuery().limit, FindingsQuery(cursor="x" * 2_000).cursor) == (50, "x" * 2_000)
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "x" * 2_001}):
        with pytest.raises(ValidationError):
            FindingsQuery.model_validate(wrong)
