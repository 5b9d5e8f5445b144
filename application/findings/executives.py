"""Rules about executives on both sides: whether there are sponsors, and whether they meet."""

from collections.abc import Iterator
from datetime import date, timedelta

from application.findings.examined import Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import counted, days, person
from application.findings.stakeholders import MOST_REMEDIES
from domain.calendar import quarter_start


def no_executive_sponsor(at: Examined) -> Iterator[Found]:
    if not any("executive_sponsor" in each.roles for each in at.people):
        yield Found(
            "No executive of the customer's sponsors the work. Find one, and say who it is.",
            at.since(at.people),
            remedies=[
                remedy("assign-roles", id=each.id, roles=[*each.roles, "executive_sponsor"])
                for each in at.executives[:MOST_REMEDIES]
            ],
            about="theirs",
        )
    if not at.in_role("executive_sponsor"):
        yield Found(
            "No executive of ours sponsors the account. Name one.",
            at.card.opened_on,
            remedies=[remedy("assign-member", "person", role="executive_sponsor", from_on=at.day)],
            about="ours",
        )


def evaluator_only(at: Examined) -> Iterator[Found]:
    met = at.met_executives
    last_on, most = (met[-1].happened_on if met else at.card.opened_on), at.policy.executive_days
    if at.is_after(last_on, most):
        yield Found(
            f"No executive of theirs was met since {last_on}; at most {days(most)} may pass. Meet one.",
            last_on + timedelta(days=most + 1),
            at.executives,
            [met[-1].event] if met else [],
            _touch(at, *(each.id for each in at.executives)),
        )


def sponsor_meeting_overdue(at: Examined) -> Iterator[Found]:
    most = at.policy.cadence_days(at.tier).get("executive_meeting")
    meetings = [each for each in at.contacts if each.kind == "executive_meeting"]
    last_on = meetings[-1].happened_on if meetings else at.card.opened_on
    if most is not None and at.is_after(last_on, most):
        last = f"The last executive meeting was on {last_on}" if meetings else f"There was none since {last_on}"
        yield Found(
            f"The executives of both sides have to meet every {days(most)}. {last}. Bring them together.",
            last_on + timedelta(days=most + 1),
            events=[meetings[-1].event] if meetings else [],
            remedies=_touch(at, *(each.id for each in at.executives)),
        )


def sponsor_neglected(at: Examined) -> Iterator[Found]:
    most = at.policy.executive_days
    for each in at.people:
        met = at.met(each.id) if "executive_sponsor" in each.roles else []
        if met and at.is_after(met[-1].happened_on, most):
            yield Found(
                f"{person(each)}, who sponsors us, was met {counted(len(met), 'time')} up to {met[-1].happened_on} and"
                f" not for more than {days(most)} since. Meet them.",
                met[-1].happened_on + timedelta(days=most + 1),
                [each],
                [met[-1].event],
                _touch(at, each.id),
                about=each,
            )


def one_touchpoint(at: Examined) -> Iterator[Found]:
    """Check the last four calendar quarters that are over."""
    starts = last_quarters(at.quarter, 4)
    met = [each for each in at.met_executives if starts[0] <= each.happened_on < starts[4]]
    quarters = {quarter_start(each.happened_on) for each in met}
    if at.card.opened_on <= starts[0] and len(quarters) == 1:
        [only] = quarters
        yield Found(
            f"Executives of theirs were met {counted(len(met), 'time')} in the four quarters before {starts[4]},"
            f" always in the quarter from {only} on. Spread the meetings over the year.",
            starts[4],
            at.executives,
            [each.event for each in met],
        )


def _touch(at: Examined, *who: str) -> list[Remedy]:
    """Return the command that records the meeting, with the first of these people and the owner of the plan."""
    met = {"happened_on": at.day, "kind": "executive_meeting", "members": [at.card.owner]}
    return [remedy("log-touch", **met, stakeholders=[each]) for each in who[:1]]


def last_quarters(start: date, number: int) -> list[date]:
    """Return the first days of the last quarters before this one, and its own."""
    starts = [start]
    for _ in range(number):
        starts.insert(0, quarter_start(starts[0] - timedelta(days=1)))
    return starts
