"""What callers rely on: the fields of each command and request, their limits and defaults, and when it may be given."""

from decimal import Decimal

from domain.program.limits import Policy
from tests.command_shapes import COMMAND, FILE, shapes


def test_no_field_limit_default_or_right_alters_unseen():
    released, now = FILE.read_text("utf-8").splitlines(), shapes().splitlines()
    altered = [line for line in now if line not in released] + [f"gone: {line}" for line in released if line not in now]
    assert altered == [], f"if callers may rely on this from now on, {COMMAND} writes it down"


def test_the_default_policy_is_the_one_that_plans_without_a_policy_are_judged_by():
    told = Policy().model_dump(exclude={"sections", "team", "cadence"})
    assert told == {
        "contact_days": 92,
        "pairing": 92,
        "executive_days": 92,
        "list": {"target": 10, "warn": 30, "alarm": 50},
        "buying_centers": 3,
        "path_multiple": 3,
        "coverage": {"decision_makers": 6, "multi_threaded": 3, "survivors": 4},
        "plays": {"least": 4, "most": 6},
        "hypotheses": {"least": 2, "most": 3},
        "risks": {"least": 2, "top": 3},
        "whitespace": {"untouched_share": Decimal("0.6"), "untouched_days": 92},
        "milestones": {"held_share": Decimal("0.8")},
        "quick_win_days": 45,
        "pack_hours": 48,
        "eve_share": Decimal("0.7"),
        "demote_months": 24,
        "sponsor_share": Decimal("0.7"),
        "similar_share": Decimal("0.8"),
        "findings": {},
    }
    assert Policy().cadence == {
        "strategic": {
            "weekly": 7, "monthly": 31, "quarterly": 92, "qbr": 92, "executive_meeting": 92, "annual": 366,
        },
        "growth": {"quarterly": 184},
        "enterprise": {},
        "standard": {},
    }  # fmt: skip
    assert {section: days["strategic"] for section, days in Policy().sections.items()} == {
        "summary": 92, "overview": 92, "health": 31, "stakeholders": 31, "whitespace": 92, "opportunities": 31,
        "goals": 92, "hypotheses": 92, "competition": 92, "risks": 31, "plays": 7, "requests": 31, "team": 92,
        "vision": 366,
    }  # fmt: skip
