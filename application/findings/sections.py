"""Rules about the sections of a plan: whether they are fresh, filled in, and updated after certain events."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import get_args

from application.findings.examined import VERSION, Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import called, days, listed, spaced
from application.views.freshness import (
    AD_HOC_DAYS,
    MAY_ASK,
    TOUCHED,
    asking_for_update,
    first_answer,
    freshness,
    stale_from,
)
from domain.account_plan.entries import EntryStruck, SectionConfirmed
from domain.account_plan.language import Section
from domain.language import Event
from domain.record import Recorded


def confirm(section: Section) -> Remedy:
    return remedy("confirm-section", section=section)


def stale_section(at: Examined) -> Iterator[Found]:
    records, zone = at.known.records, at.card.timezone
    last = {section: max(some.values(), key=VERSION) for section, some in at.latest_of_all.items()}
    latest = [records[0], *sorted(last.values(), key=VERSION)]
    for section, fresh in freshness(latest, at.tier, zone, at.day, at.policy).items():
        stale_on = stale_from(fresh.refreshed_on, fresh.most_days)
        if fresh.most_days is not None and stale_on and at.is_after(stale_on, -1):
            yield Found(
                f"The section {section} was last looked at on {fresh.refreshed_on}; that of a {at.tier} plan may be"
                f" {days(fresh.most_days)} old. Update it, or confirm that nothing changed.",
                stale_on,
                events=[last.get(section, records[0]).id],
                remedies=[confirm(section)],
                about=section,
            )


def empty_section(at: Examined) -> Iterator[Found]:
    empty = [
        section
        for section in get_args(Section)
        if at.policy.section_days(section, at.tier) and not any(map(_says_something, at.latest.get(section, {})))
    ]
    for section in empty:
        yield Found(
            f"Nothing was ever written in the section {section}, and the plan was opened on {at.card.opened_on}."
            " Fill it in.",
            at.card.opened_on,
            events=[at.records[0].id],
            remedies=[remedy("write-note", "text", section=section)],
            about=section,
        )


def _says_something(kind: type[Event]) -> bool:
    """Return whether events of a type write something. To confirm a section, or to take back what stood in it, does
    not."""
    return not (kind.withdraws or kind in (SectionConfirmed, EntryStruck))


def trigger_ignored(at: Examined) -> Iterator[Found]:
    asking = asking_for_update(at.recorded_as(*MAY_ASK))
    asked = {record.version for record in asking}
    for trigger in asking:
        since = at.day_of(trigger)
        due_on = since + timedelta(days=AD_HOC_DAYS)
        answer = first_answer(trigger, at.refreshing, asked)
        met_on = at.day_of(answer) if answer else None
        if met_on is not None and (met_on <= due_on or _reviewed_since(at, met_on)):
            continue
        if met_on is None and not at.is_past(due_on):
            continue
        sections = TOUCHED[trigger.event.noun]
        yield Found(
            _ignored(trigger, at, since, due_on, met_on, sections),
            due_on + timedelta(days=1),
            events=[each.id for each in (trigger, answer) if each],
            remedies=[] if met_on else [confirm(sections[0])],
            about=trigger.id,
        )


def _reviewed_since(at: Examined, met_on: date) -> bool:
    """Return whether a review was held after a late update. From then on the delay is history."""
    return any(each.held_on > met_on for each in at.held)


def _ignored(
    trigger: Recorded, at: Examined, since: date, due_on: date, met_on: date | None, sections: tuple[Section, ...]
) -> str:
    noun, id = trigger.event.noun, trigger.event.subject()
    thing = at.plan.named(noun, id)
    event = called(thing) if thing else id
    what = f"{spaced(noun)} {event} of {since}"
    wanted = f"asked for an update of {listed(sections, 'or')} by {due_on}"
    if met_on:
        return f"The {what} {wanted}; it came {days((met_on - due_on).days)} late, on {met_on}."
    return f"The {what} {wanted}, and none of them was touched since. Update one, or hold a review."
