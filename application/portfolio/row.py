"""The row of a plan in the portfolio: its owner, its contract, and its overdue and stale parts.

A row is shown as of a day. What is overdue or stale changes at midnight without any event, so the row says at which.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from domain.account_plan.language import Section
from domain.account_plan.plan import Segment, Tier
from domain.account_plan.reviews import HeldReview
from domain.language import same_person
from domain.program.policy import DEFAULT_POLICY
from domain.things import day_of


class PortfolioItem(BaseModel):
    """A plan in the portfolio."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str
    segment: Segment | None
    territory: str | None
    currency: str
    archived: bool
    arr: Decimal | None
    """The ARR of the contract, in the plan's currency."""
    renews_on: date | None
    open_promises: int
    """The number of open plays and actions."""
    overdue: int
    """The number of open promises that were due before today, in the plan's time zone."""
    last_review_on: date | None
    last_review_id: str | None
    stale_sections: list[Section]
    version: int
    position: int
    opened_on: date
    last_event_at: datetime


class OnTheTeam(NamedTuple):
    """A stint on the team: a member in a role, with the last day if there is one."""

    person: str
    until_on: date | None = None


@dataclass(slots=True)
class PortfolioRow:
    """The row of a plan, with as much of its past as it takes to apply further events."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str
    currency: str
    timezone: str
    opened_on: date
    last_event_at: datetime
    refreshed_on: dict[Section, date]
    due_on: dict[str, date] = field(default_factory=dict)
    """The due days of open promises."""
    team: dict[str, OnTheTeam] = field(default_factory=dict)
    """The stints on the team, past ones included."""
    version: int = 0
    position: int = 0
    segment: Segment | None = None
    territory: str | None = None
    archived: bool = False
    arr: Decimal | None = None
    renews_on: date | None = None
    review: HeldReview | None = None


class Shown(NamedTuple):
    """A row as of a day, and the instant from which it is out of date even if nothing happens."""

    item: PortfolioItem
    changes_at: datetime | None
    people: list[str]
    """Who owns the plan or is on its team: see `application.aggregates.access.is_at_work_on`."""


_MOST_DAYS: Mapping[Tier, Mapping[Section, int | None]] = {
    tier: {section: DEFAULT_POLICY.section_days(section, tier) for section in get_args(Section)}
    for tier in get_args(Tier)
}


def shown(row: PortfolioRow, now: datetime) -> Shown:
    today = day_of(max(now, row.last_event_at), row.timezone).toordinal()
    overdue_from = [due_on.toordinal() + 1 for due_on in row.due_on.values()]
    stale_from = {
        section: row.refreshed_on[section].toordinal() + most + 1
        for section, most in _MOST_DAYS[row.tier].items()
        if most
    }
    stints = [(person, until_on.toordinal() + 1 if until_on else None) for person, until_on in row.team.values()]
    released_from = [day for _, day in stints if day]
    still_to_come = [day for day in (*overdue_from, *stale_from.values(), *released_from) if day > today]
    item = PortfolioItem(
        plan_id=row.plan_id,
        account_id=row.account_id,
        account_name=row.account_name,
        tier=row.tier,
        owner=same_person(row.owner),
        segment=row.segment,
        territory=row.territory,
        currency=row.currency,
        archived=row.archived,
        arr=row.arr,
        renews_on=row.renews_on,
        open_promises=len(row.due_on),
        overdue=sum(day <= today for day in overdue_from),
        last_review_on=row.review.held_on if row.review else None,
        last_review_id=row.review.id if row.review else None,
        stale_sections=[section for section, day in stale_from.items() if day <= today],
        version=row.version,
        position=row.position,
        opened_on=row.opened_on,
        last_event_at=row.last_event_at,
    )
    at_work = (row.owner, *(person for person, until in stints if until is None or until > today))
    people = {same_person(person) for person in at_work}
    changes_at = _midnight(min(still_to_come), row.timezone) if still_to_come else None
    return Shown(item, changes_at, sorted(people))


def _midnight(day: int, timezone: str) -> datetime | None:
    """Return when a day begins in the plan's time zone; None for the day after the last day of the calendar."""
    if day > date.max.toordinal():
        return None
    return datetime.combine(date.fromordinal(day), time(), ZoneInfo(timezone)).astimezone(UTC)
