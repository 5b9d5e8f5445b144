"""The freshness of each section of a plan: its age, its maximum age, and events that require an earlier update."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, Field

from application.views.effects import refreshed_by
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.competition import Competitor
from domain.account_plan.language import Section
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.overview import News
from domain.account_plan.plan import Tier
from domain.account_plan.reviews import ReviewHeld
from domain.account_plan.stakeholders import Stakeholder
from domain.language import Event
from domain.program.limits import Policy
from domain.record import Recorded, struck_by
from domain.things import day_of

LAST_DAY = date.max.toordinal()
AD_HOC_DAYS = 14
LATE_SHOWN_DAYS = 92
"""Days for which an update that came too late is still shown as late."""
ASKING_NEWS = {"leadership_change", "merger", "initiative"}


MAY_ASK: frozenset[type[Event]] = frozenset(
    ACCOUNT_PLAN.events[name]
    for name in (
        "NewsNoted",
        "NewsCorrected",
        "OpportunityOpened",
        "OpportunityCorrected",
        "CompetitorIdentified",
        "StakeholderAdded",
        "RolesAssigned",
        "StakeholderCorrected",
    )
)
"""The events that say whether an update of the plan is required."""

TOUCHED: Mapping[str, tuple[Section, ...]] = {
    News.noun: ("stakeholders", "risks", "summary"),
    Opportunity.noun: ("opportunities", "whitespace", "hypotheses"),
    Competitor.noun: ("competition", "risks", "whitespace"),
    Stakeholder.noun: ("stakeholders", "opportunities"),
}
"""The sections that must be looked at again when an event about such a thing requires an update of the plan."""


class Freshness(BaseModel):
    """When a section was last changed or confirmed, and whether that is too long ago."""

    refreshed_on: date
    age_days: int
    most_days: int | None
    """The maximum age of the section in days; null for no limit."""
    stale: bool
    ever_touched: bool
    """Whether any event has ever changed the section. If not, it is as old as the plan."""


class Duty(BaseModel):
    """An event after which the plan should be updated.

    The next event in one of the sections it touches counts as the update, unless that event requires an update itself.
    So does the next review that is held. Nothing else does.
    """

    event: str
    type: str
    since_on: date
    due_on: date
    updated_on: date | None
    overdue: bool
    late: bool = Field(description="Whether the update came after the due day, or is overdue.")


def last_refreshed(records: Sequence[Recorded]) -> Mapping[Section, Recorded]:
    """Return the last event that changed or confirmed each section; none for a section that no event has changed."""
    last = {record.event.refreshes(): record for record in records}
    return {section: last[section] for section in get_args(Section) if section in last}


def freshness(
    records: Sequence[Recorded], tier: Tier, timezone: str, today: date, policy: Policy
) -> dict[Section, Freshness]:
    """Return the freshness of every section on a day, by the policy in force. A section that no event has changed is as
    old as the plan."""
    return freshness_since(last_refreshed(records), records, tier, timezone, today, policy)


def freshness_since(
    last: Mapping[Section, Recorded],
    records: Sequence[Recorded],
    tier: Tier,
    timezone: str,
    today: date,
    policy: Policy,
) -> dict[Section, Freshness]:
    """Return the same, from the events that changed or confirmed each section last."""
    opened_at = records[0].meta.recorded_at if records else None
    refreshed = {
        section: last[section].meta.recorded_at if section in last else opened_at for section in get_args(Section)
    }
    return {
        section: of_age(
            day_of(at, timezone) if at else today, policy.section_days(section, tier), today, section in last
        )
        for section, at in refreshed.items()
    }


def of_age(refreshed_on: date, most: int | None, today: date, ever_touched: bool) -> Freshness:
    """Return the freshness of a section whose maximum age in days is `most`; None for no limit."""
    first = stale_from(refreshed_on, most)
    return Freshness(
        refreshed_on=refreshed_on,
        age_days=max((today - refreshed_on).days, 0),
        most_days=most,
        stale=first is not None and first <= today,
        ever_touched=ever_touched,
    )


@lru_cache(maxsize=16 * 1024)
def stale_from(refreshed_on: date, most: int | None) -> date | None:
    """Return the first day on which a section with a maximum age of `most` days is stale; None if it never is."""
    first = refreshed_on.toordinal() + most + 1 if most else LAST_DAY + 1
    return date.fromordinal(first) if first <= LAST_DAY else None


def duties(records: Sequence[Recorded], timezone: str, today: date) -> list[Duty]:
    """Return the duties to update that arose in the last fourteen days, are not met yet, or were met late in the last
    quarter, the oldest first.

    `today` is the first day that is not over. Struck entries require nothing.
    """
    struck = struck_by(records)
    standing = [record for record in records if record.version not in struck]
    asking = asking_for_update(standing)
    asked = {record.version for record in asking}
    refreshing: defaultdict[str, list[Recorded]] = defaultdict(list)
    for record in standing if asking else ():
        refreshing[refreshed_by(record.event)].append(record)
    duties = [_duty(record, first_answer(record, refreshing, asked), timezone, today) for record in asking]
    return [duty for duty in duties if _is_shown(duty, today)]


def _is_shown(duty: Duty, today: date) -> bool:
    if duty.updated_on is None or duty.due_on >= today:
        return True
    return duty.late and today <= duty.updated_on + timedelta(days=LATE_SHOWN_DAYS)


def _duty(asking: Recorded, answer: Recorded | None, timezone: str, today: date) -> Duty:
    since = day_of(asking.meta.recorded_at, timezone)
    due = since + timedelta(days=AD_HOC_DAYS)
    updated_on = day_of(answer.meta.recorded_at, timezone) if answer else None
    return Duty(
        event=asking.id,
        type=type(asking.event).__name__,
        since_on=since,
        due_on=due,
        updated_on=updated_on,
        overdue=updated_on is None and today > due,
        late=(updated_on or today) > due,
    )


def first_answer(
    trigger: Recorded, refreshing: Mapping[str, Sequence[Recorded]], asked: AbstractSet[int]
) -> Recorded | None:
    """Return the first event that updates a section that the trigger touches, or the first review held, provided that
    it requires no update itself.

    `refreshing` contains the standing events of each section in order, `asked` the versions of all events that require
    an update. Events of one command are recorded at one instant, and none of them answers another.
    """
    sections = (*TOUCHED[trigger.event.noun], "reviews")
    answers = (_first_later(trigger, refreshing.get(section, ()), asked) for section in sections)
    return min(filter(None, answers), key=lambda each: each.version, default=None)


def _first_later(trigger: Recorded, records: Sequence[Recorded], asked: AbstractSet[int]) -> Recorded | None:
    begin = bisect_right(records, trigger.meta.recorded_at, key=lambda record: record.meta.recorded_at)
    later = (records[place] for place in range(begin, len(records)))
    return next((each for each in later if each.version not in asked and _is_answer(each.event)), None)


def _is_answer(event: Event) -> bool:
    """Return whether an event counts as an update. Of the events of reviews, only that it was held does."""
    return event.refreshes() != "reviews" or isinstance(event, ReviewHeld)


def asking_for_update(records: Iterable[Recorded]) -> Sequence[Recorded]:
    """Return the events that require an update of the plan, in order. Corrections count: an event that should not have
    required one no longer does, and one that should have requires it from its correction on."""
    asking: defaultdict[tuple[str, str], list[Recorded]] = defaultdict(list)
    buyers: set[str] = set()
    for record in (record for record in records if type(record.event) in MAY_ASK):
        event = record.event
        asked, asks = asking[event.noun, event.subject()], _asks(event, buyers)
        if asks and not (event.corrects and asked):
            asked.append(record)
        elif asks is False and event.corrects:
            asked.clear()
    return sorted((each for asked in asking.values() for each in asked), key=lambda each: each.version)


def _asks(event: Any, buyers: set[str]) -> bool | None:
    """Return whether an event requires an update; None if it says nothing that matters for this. `buyers` contains the
    current economic buyers and is kept up to date."""
    said = event.model_fields_set
    if event.noun == Stakeholder.noun:
        if "roles" not in said:
            return None
        is_buyer, is_new = "economic_buyer" in event.roles, event.id not in buyers
        (buyers.add if is_buyer else buyers.discard)(event.id)
        # A stakeholder who is corrected to be the buyer is not a new buyer.
        return (None if event.corrects else is_new) if is_buyer else False
    if event.noun == News.noun:
        return event.kind in ASKING_NEWS if "kind" in said else None
    if event.noun == Opportunity.noun:
        return event.source != "plan" if "source" in said else None
    return True
