"""Rules about reviews: whether they are held, who attends, what they are about, and how they were prepared."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from math import ceil

from application.findings.examined import VERSION, Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import days, listed, percent, spaced
from domain.account_plan.actions import Action
from domain.account_plan.reviews import Review, ReviewKind
from domain.account_plan.team import Member
from domain.folding import folded
from domain.language import FORGOTTEN

OF_THEIR_OWN: Sequence[ReviewKind] = ("qbr", "executive_meeting")
"""The kinds of reviews that have separate rules for not being held."""

HOURS_OF_A_DAY = 24

EVE = timedelta(hours=72)
"""The time before a review in which a plan is tidied up only for it."""


def hold(kind: ReviewKind, at: Examined) -> Remedy:
    customers = kind in OF_THEIR_OWN
    held = {
        "kind": kind,
        "audience": "customer" if customers else "internal",
        "held_on": at.day,
        "ours": [at.card.owner],
    }
    theirs = ["theirs"] if customers else []
    return remedy("hold-review", *theirs, **held)


def not_reviewed(at: Examined) -> Iterator[Found]:
    for kind, most in at.policy.cadence_days(at.tier).items():
        if kind not in OF_THEIR_OWN:
            yield from _overdue(at, kind, most)


def _overdue(at: Examined, kind: ReviewKind, most: int) -> Iterator[Found]:
    last = at.last_held(kind)
    last_on = last.held_on if last else at.card.opened_on
    if at.is_after(last_on, most):
        since = f"the last one was on {last_on}" if last else f"there was none since the plan was opened on {last_on}"
        yield Found(
            f"A {at.tier} plan holds a review of the kind {spaced(kind)} every {days(most)}; {since}. Hold it.",
            last_on + timedelta(days=most + 1),
            [last.review] if last else [],
            [last.event] if last else [],
            [hold(kind, at)],
            about=kind,
        )


def qbr_skipped(at: Examined) -> Iterator[Found]:
    most = at.policy.cadence_days(at.tier).get("qbr")
    if most is None:
        return
    yield from _overdue(at, "qbr", most)
    qbrs = [each for each in at.all(Review).values() if each.kind == "qbr"]
    for each in qbrs:
        if each.state == "cancelled" and each.moved_to_on is None and not _made_up_for(each, qbrs, at):
            yield Found(
                f"The QBR “{each.id}”, planned for {each.planned_on}, was cancelled without a new date. Set one.",
                at.since([each]),
                [each],
                at.events([each]),
                [remedy("schedule-review", "planned_on", kind="qbr"), hold("qbr", at)],
                about=each,
            )


def _made_up_for(cancelled: Review, qbrs: Sequence[Review], at: Examined) -> bool:
    """Return whether another one is planned or was held since this one was cancelled, or since the day it was planned
    for."""
    since = min(filter(None, (cancelled.planned_on, at.since([cancelled]))))
    others = (each.held_on or each.planned_on for each in qbrs if each.state != "cancelled")
    return any(day and day >= since for day in others)


def qbr_without_commitments(at: Examined) -> Iterator[Found]:
    last = at.last_held("qbr")
    if last and not any(each.review == last.review.id for each in at.all(Action).values()):
        yield Found(
            f"Nothing was promised at the QBR “{last.review.id}” of {last.held_on}, by us or by the customer. Write"
            " down who does what until the next one.",
            last.held_on,
            [last.review],
            [last.event],
            [remedy("add-action", "statement", "owner", "due_on", kind="joint", review=last.review.id)],
            about=last.review.id,
        )


def qbr_without_executives(at: Examined) -> Iterator[Found]:
    last = at.last_held("qbr")
    if last is None:
        return
    theirs, ours = {each.id for each in at.executives}, {each.person for each in at.members if each.is_executive}
    theirs_then = {each.id for each in at.executives_of_any_time}
    ours_then = {each.person for each in at.all(Member).values() if each.is_executive and each.is_current(last.held_on)}
    ahead = [each for each in at.all(Review).values() if each.kind == "qbr" and each.state == "scheduled"]
    sides = (
        ("the customer's", theirs, theirs_then, last.review.theirs, {who for each in ahead for who in each.theirs}),
        ("ours", ours, ours_then, last.review.ours, {who for each in ahead for who in each.ours}),
    )
    absent = [
        (side, people)
        for side, people, then, came, invited in sides
        if then.isdisjoint(came) and people.isdisjoint(invited)
    ]
    missing = [side for side, _ in absent]
    if missing:
        known = all(people for _, people in absent)
        yield Found(
            f"No executive of {listed(missing)} was at the QBR “{last.review.id}” of {last.held_on}. Invite them to the"
            " next one.",
            last.held_on,
            [last.review],
            [last.event],
            [remedy("schedule-review", "planned_on", kind="qbr", ours=sorted(ours), theirs=sorted(theirs))] * known,
            about=last.review.id,
        )


def current_qbrs(at: Examined) -> list[Review]:
    """Return those that are still to be held, and the one held last."""
    planned = [each for each in at.all(Review).values() if each.kind == "qbr" and each.state == "scheduled"]
    last = at.last_held("qbr")
    return [*planned, last.review] if last else planned


def qbr_metrics_without_goal(at: Examined) -> Iterator[Found]:
    for each in current_qbrs(at):
        loose = [metric.name for metric in each.metrics if not metric.goal]
        if loose:
            yield Found(
                f"The pack of the QBR “{each.id}” shows {listed(loose)} without the goal it is measured against. Add"
                " the goals.",
                each.circulated_on or at.since([each]),
                [each],
                at.events([each]),
                [remedy("circulate-pack", "metrics", id=each.id, circulated_on=at.day)]
                if each.state == "scheduled"
                else [],
                about=each,
            )


def pack_due_on(day: date, hours: int) -> date:
    """Return the last day on which a pack may go out for a review of a day, so many hours before. Of reviews and packs
    the day is known and not the hour, so hours of a day that was begun count as a whole one."""
    return day - timedelta(days=ceil(hours / HOURS_OF_A_DAY))


def pack_late(at: Examined) -> Iterator[Found]:
    least = at.policy.pack_hours
    for each in current_qbrs(at):
        day, sent = each.held_on or each.planned_on, each.circulated_on
        if day is None or (sent is None and each.state != "scheduled"):
            continue
        last_on = pack_due_on(day, least)
        if (sent <= last_on) if sent else not at.is_after(last_on):
            continue
        was = f"went out on {sent}" if sent else "has not gone out"
        yield Found(
            f"The pack of the QBR “{each.id}” of {day} {was}; whoever comes needs it {least} hours before.",
            sent or last_on + timedelta(days=1),
            [each],
            at.events([each]),
            about=each,
        )


def topics_of(topics: Sequence[str]) -> set[str]:
    """Return the topics of a meeting, without forgotten text."""
    return {folded(topic) for topic in topics if topic != FORGOTTEN}


def executive_meeting_is_qbr(at: Examined) -> Iterator[Found]:
    meeting = next((each for each in reversed(at.contacts) if each.kind == "executive_meeting"), None)
    if meeting is None:
        return
    before = [each for each in at.held if each.review.kind == "qbr" and each.held_on <= meeting.happened_on]
    topics = topics_of(meeting.topics)
    if before and topics and topics == topics_of(before[-1].review.topics):
        qbr = before[-1]
        yield Found(
            f"The executive meeting of {meeting.happened_on} had the topics of the QBR “{qbr.review.id}” of"
            f" {qbr.held_on}: {listed(meeting.topics)}. Give executives a conversation of their own.",
            meeting.happened_on,
            [qbr.review],
            [qbr.event, meeting.event],
            about=meeting.event,
        )


def repeated_topics(at: Examined) -> Iterator[Found]:
    for kind in OF_THEIR_OWN:
        for before, after in list(pairwise(each for each in at.held if each.review.kind == kind))[-1:]:
            topics = topics_of(after.review.topics)
            if topics and topics == topics_of(before.review.topics):
                yield Found(
                    f"The last two reviews of the kind {spaced(kind)}, of {before.held_on} and {after.held_on}, had"
                    f" the same topics: {listed(after.review.topics)}. Change the agenda.",
                    after.held_on,
                    [before.review, after.review],
                    [before.event, after.event],
                    about=after.review.id,
                )


def plan_for_the_review(at: Examined) -> Iterator[Found]:
    """Examine the last held review and the time since the previous one."""
    if not at.held:
        return
    last = max(at.held, key=lambda each: each.version)
    before = max((each.version for each in at.held if each.version < last.version), default=0)
    first, after = (bisect_right(at.records, version, key=VERSION) for version in (before, last.version - 1))
    period = at.records[first:after]
    closed_at = at.known.records[last.version - 1].meta.recorded_at
    eve = [record for record in period if closed_at - record.meta.recorded_at < EVE]
    began_at = at.known.records[max(before - 1, 0)].meta.recorded_at
    share = at.policy.eve_share
    if period and closed_at - began_at > EVE and Decimal(len(eve)) > share * len(period):
        yield Found(
            f"{len(eve)} of the {len(period)} changes before the review “{last.review.id}” of {last.held_on} were"
            f" recorded in the last {EVE // timedelta(hours=1)} hours; more than {percent(share)} is writing for the"
            " review. Record things when they happen.",
            last.held_on,
            [last.review],
            [record.id for record in eve],
            about=last.review.id,
        )
