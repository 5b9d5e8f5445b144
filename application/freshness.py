"""How old each section of a plan is, how old it may be, and which events ask for an update before that."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import get_args

from pydantic import BaseModel

from domain.competition import CompetitorIdentified
from domain.language import Event, Section
from domain.opportunities import OpportunityOpened
from domain.overview import NewsNoted
from domain.plan import Tier
from domain.record import Recorded
from domain.stakeholders import StakeholderAdded
from domain.standing import RolesAssigned
from domain.things import day_of

MOST_DAYS: Mapping[Section, int | None] = {
    "summary": 92,
    "overview": 92,
    "health": 31,
    "stakeholders": 31,
    "whitespace": 92,
    "opportunities": 31,
    "goals": 92,
    "hypotheses": 92,
    "competition": 92,
    "risks": 31,
    "plays": 7,
    "requests": 31,
    "team": 92,
    "vision": 366,
    "reviews": None,
    "plan": None,
}
"""Of a strategic plan; None: no duty."""

TIMES: Mapping[Tier, int] = {"strategic": 1, "growth": 2}
"""How much longer the others may wait; a tier that is not here has no duty."""

AD_HOC_DAYS = 14
ASKING_NEWS = {"leadership_change", "merger", "initiative"}


class Freshness(BaseModel):
    """When a section was last changed or confirmed, and whether that is too long ago."""

    refreshed_on: date
    age_days: int
    most_days: int | None
    """How old it may be; null: no duty."""
    stale: bool


class Duty(BaseModel):
    """Something happened after which the plan wants an update: any later event of the plan is one."""

    event: str
    type: str
    since_on: date
    due_on: date
    updated_on: date | None
    overdue: bool


def most_days(section: Section, tier: Tier) -> int | None:
    days = MOST_DAYS[section]
    return days * TIMES[tier] if days and tier in TIMES else None


def freshness(records: Iterable[Recorded], tier: Tier, timezone: str, today: date) -> dict[Section, Freshness]:
    """Of every section on a day.  A section nobody ever touched is as old as the plan."""
    last: dict[Section, date] = {}
    opened: date | None = None
    for record in records:
        day = day_of(record.meta.recorded_at, timezone)
        opened = opened or day
        last[record.event.refreshes()] = day
    return {section: of_age(last.get(section, opened or today), section, tier, today) for section in get_args(Section)}


def of_age(refreshed_on: date, section: Section, tier: Tier, today: date) -> Freshness:
    age, most = max((today - refreshed_on).days, 0), most_days(section, tier)
    return Freshness(refreshed_on=refreshed_on, age_days=age, most_days=most, stale=most is not None and age > most)


def duties(records: Sequence[Recorded], timezone: str, today: date) -> list[Duty]:
    """The ad-hoc duties of the last fourteen days and those not met yet, oldest first."""
    duties = [
        _duty(record, records[place + 1 :], timezone, today)
        for place, record in enumerate(records)
        if asks_for_update(record.event)
    ]
    return [duty for duty in duties if duty.updated_on is None or duty.due_on >= today]


def _duty(asking: Recorded, later: Iterable[Recorded], timezone: str, today: date) -> Duty:
    # Events of one command are recorded at one instant.
    updates = (record for record in later if record.meta.recorded_at > asking.meta.recorded_at)
    update = next(updates, None)
    since = day_of(asking.meta.recorded_at, timezone)
    due = since + timedelta(days=AD_HOC_DAYS)
    return Duty(
        event=asking.id,
        type=type(asking.event).__name__,
        since_on=since,
        due_on=due,
        updated_on=day_of(update.meta.recorded_at, timezone) if update else None,
        overdue=update is None and today > due,
    )


def asks_for_update(event: Event) -> bool:
    match event:
        case NewsNoted(kind=kind):
            return kind in ASKING_NEWS
        case OpportunityOpened(source=source):
            return source != "plan"
        case CompetitorIdentified():
            return True
        case StakeholderAdded(roles=roles) | RolesAssigned(roles=roles):
            return "economic_buyer" in roles
        case _:
            return False
