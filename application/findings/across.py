"""Findings of many plans: query, order and pages."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import from_json, to_json

from application.findings.finding import Finding
from application.findings.registry import RULES
from application.views.list_cursors import CursorUnknown
from domain.account_plan.plan import Tier
from domain.account_plan.rule_names import PlanRuleName
from domain.calendar import Day
from domain.language import PersonId
from domain.program.limits import Severity

MOST_ITEMS = 200
OTHER_LIST = "This cursor was not given by this list: begin again without one."


class FindingsQuery(BaseModel):
    """Which findings to list, the most severe first. Excused findings come last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: tuple[PlanRuleName, ...] = Field((), description="Only what these rules find; none: all.")
    severity: tuple[Severity, ...] = Field((), description="Only findings as loud as these; none: all.")
    owner: PersonId | None = Field(None, description="Only of plans of this owner.")
    tier: tuple[Tier, ...] = Field((), description="Only of plans of these tiers; none: all.")
    since: Day | None = Field(None, description="Only what is so since this day or a later one.")
    excused: bool | None = Field(None, description="Only what is excused, or only what is not.")
    cursor: str | None = Field(None, max_length=2_000, description="The value of `next` on the previous page.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="At most this many findings.")


class PlanFinding(Finding):
    """A finding, and its plan."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str


class FindingsPage(BaseModel):
    """Findings across plans: the most severe first, then the oldest."""

    items: list[PlanFinding]
    next: str | None
    """The cursor of the next page; null on the last one."""


class FindingPosition(NamedTuple):
    """A position in the list: after this finding."""

    excused: bool
    loudness: int
    since_on: date
    plan_id: UUID
    place: int
    """The index among the findings of the plan."""


_Small = Annotated[int, Field(ge=0, le=2**31 - 1)]
_POSITION = TypeAdapter(tuple[bool, _Small, date, UUID, _Small])


def cursor_of(position: FindingPosition) -> str:
    return urlsafe_b64encode(to_json(position)).decode().rstrip("=")


def position_of(cursor: str) -> FindingPosition:
    """Parse a cursor. Raises `CursorUnknown`."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return FindingPosition(*_POSITION.validate_json(text))
    except ValueError:
        raise CursorUnknown(OTHER_LIST) from None


# The stored form of a finding


def put_away(finding: Finding, day: date) -> bytes:
    """Return the stored form of a finding of a day, to be read on a later day on which it still holds.

    Days in its remedies say when somebody acts on it, so they are stored as numbers of days from the day it is read.
    """
    kept: dict[str, Any] = finding.model_dump(mode="json", exclude={"seed"})
    for remedy, written in zip(finding.remedies, kept["remedies"], strict=True):
        days = {name: value for name, value in remedy.body.items() if isinstance(value, date)}
        written["body"] = {name: value for name, value in written["body"].items() if name not in days}
        written["in_days"] = {name: (value - day).days for name, value in days.items()}
    return to_json(kept)


def taken_out(kept: bytes, day: date) -> Mapping[str, Any]:
    """Return the fields of a stored finding, as they are on a day."""
    finding: dict[str, Any] = from_json(kept)
    for remedy in finding["remedies"]:
        in_days: Mapping[str, int] = remedy.pop("in_days")
        remedy["body"].update({name: day + timedelta(days=days) for name, days in in_days.items()})
    return finding | {"seed": RULES[finding["rule"]].seed}
