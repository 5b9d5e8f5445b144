"""Findings of many plans: which of them, in which order, page by page."""

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
from domain.program.policy import Severity

MOST_ITEMS = 200
OTHER_LIST = "This cursor was not given by this list: begin again without one."


class FindingsQuery(BaseModel):
    """Which findings, the loudest first; those that somebody excused come last."""

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
    """A finding, and the plan it is about."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str


class FindingsPage(BaseModel):
    """Findings across plans, the loudest first, then what has been so for longest."""

    items: list[PlanFinding]
    next: str | None
    """The cursor of the page that follows; null at the end."""


class FindingPosition(NamedTuple):
    """A position in the order: after this finding."""

    excused: bool
    loudness: int
    since_on: date
    plan_id: UUID
    place: int
    """Among the findings of the plan."""


_Small = Annotated[int, Field(ge=0, le=2**31 - 1)]
_POSITION = TypeAdapter(tuple[bool, _Small, date, UUID, _Small])


def cursor_of(position: FindingPosition) -> str:
    return urlsafe_b64encode(to_json(position)).decode().rstrip("=")


def position_of(cursor: str) -> FindingPosition:
    """Parse a cursor.  Raises `CursorUnknown`."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return FindingPosition(*_POSITION.validate_json(text))
    except ValueError:
        raise CursorUnknown(OTHER_LIST) from None


# A finding put away


def put_away(finding: Finding, day: date) -> bytes:
    """A finding of a day, to be taken out on a later one on which it still holds.

    The days in its remedies say when somebody acts on it: they are kept as days from the day it is looked at.
    """
    kept: dict[str, Any] = finding.model_dump(mode="json", exclude={"seed"})
    for remedy, written in zip(finding.remedies, kept["remedies"], strict=True):
        days = {name: value for name, value in remedy.body.items() if isinstance(value, date)}
        written["body"] = {name: value for name, value in written["body"].items() if name not in days}
        written["in_days"] = {name: (value - day).days for name, value in days.items()}
    return to_json(kept)


def taken_out(kept: bytes, day: date) -> Mapping[str, Any]:
    """The fields of a finding that was put away, as it is on a day."""
    finding: dict[str, Any] = from_json(kept)
    for remedy in finding["remedies"]:
        in_days: Mapping[str, int] = remedy.pop("in_days")
        remedy["body"].update({name: day + timedelta(days=days) for name, days in in_days.items()})
    return finding | {"seed": RULES[finding["rule"]].seed}
