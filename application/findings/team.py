"""Rules about our own team: who is missing, who agreed, and how roles are handed over."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from application.findings.examined import Examined
from application.findings.finding import Found, remedy
from application.findings.sentences import days, listed, spaced
from domain.account_plan.goals import Goal
from domain.account_plan.requests import Request
from domain.account_plan.team import Alignment, Member, Role, TeamAligned

MARKETING: Sequence[Role] = ("marketing", "product_marketing", "marketing_sponsor")


def team_incomplete(at: Examined) -> Iterator[Found]:
    for role in at.policy.roles(at.tier).required:
        yield from _unfilled(at, role, f"A {at.tier} plan needs")


def team_expected(at: Examined) -> Iterator[Found]:
    for role in at.policy.roles(at.tier).expected:
        yield from _unfilled(at, role, f"A {at.tier} plan should have")


def _unfilled(at: Examined, role: Role, needs: str) -> Iterator[Found]:
    if not at.in_role(role):
        former = [
            each for each in at.all(Member).values() if each.role == role and at.is_after(each.until_on or date.max)
        ]
        last = max(former, key=lambda each: each.until_on or at.day, default=None)
        since = last.until_on + timedelta(days=1) if last and last.until_on else at.card.opened_on
        was = f" since {last.person} left it on {last.until_on}" if last else ""
        yield Found(
            f"{needs} somebody in the role {spaced(role)}, and nobody has it{was}. Assign one.",
            since,
            [last] if last else [],
            at.events([last]) if last else [],
            [remedy("assign-member", "person", role=role, from_on=at.day)],
            about=role,
        )


def team_not_aligned(at: Examined) -> Iterator[Found]:
    start = at.quarter
    required = at.policy.roles(at.tier).required
    agreed = (set(each.members) for each in at.all(Alignment).values() if _agreed_on(each, at) >= start)
    holders = {role: {each.person for each in at.in_role(role)} for role in required}
    if required and not any(all(not people.isdisjoint(who) for who in holders.values()) for people in agreed):
        goal = next(iter(at.open(Goal)), None)
        people = sorted(set().union(*holders.values()))
        body = {"members": people} | ({"goal": goal.id} if goal else {})
        yield Found(
            f"In the quarter from {start} on, {listed(map(spaced, required))} have agreed on no goal together. Agree on"
            " one.",
            max(start, at.card.opened_on),
            remedies=[remedy("align-team", *([] if goal else ["goal"]), **body)] if people else [],
        )


def _agreed_on(alignment: Alignment, at: Examined) -> date:
    """Earlier releases did not say the day: then it is that of the record."""
    said = (record for record in reversed(at.about(alignment)) if isinstance(record.event, TeamAligned))
    return alignment.agreed_on or at.day_of(next(said))


def handover_without_overlap(at: Examined) -> Iterator[Found]:
    """Examine the last handover of each role: the current holder, and the person they took over from or the previous
    holder."""
    for role in at.policy.roles(at.tier).required:
        stints = [each for each in at.all(Member).values() if each.role == role and not at.is_yet_to_begin(each)]
        for before, after in _last_handover(sorted(stints, key=lambda each: each.from_on)):
            if before.person == after.person or before.until_on is None:
                continue
            overlap = after.from_on <= before.until_on
            both = {before.person, after.person}
            together = any(both <= set(contact.members) for contact in at.contacts)
            if overlap and together:
                continue
            how = "without ever meeting the customer together" if overlap else _apart(before.until_on, after.from_on)
            yield Found(
                f"The role {spaced(role)} went from {before.person} (until {before.until_on}) to {after.person} (from"
                f" {after.from_on}) {how}. Let both of them meet the customer.",
                after.from_on,
                [before, after],
                at.events([before, after]),
                [remedy("log-touch", "kind", "stakeholders", happened_on=at.day, members=sorted(both))]
                if overlap
                else [],
                about=role,
            )


def _apart(until_on: date, from_on: date) -> str:
    between = (from_on - until_on).days - 1
    return f"with {days(between)} between them" if between else "without a day on which both had it"


def _last_handover(stints: Sequence[Member]) -> Iterator[tuple[Member, Member]]:
    """Return the last stint in a role and the one it followed, if any. The stints must be in the order in which they
    began."""
    if len(stints) > 1:
        *earlier, last = stints
        named = [each for each in earlier if last.takes_over_from and each.person == last.takes_over_from]
        yield (named or earlier)[-1], last


def marketing_absent(at: Examined) -> Iterator[Found]:
    asked = any(each.function == "marketing" for each in at.all(Request).values())
    if not asked and not any(each.role in MARKETING for each in at.members):
        yield Found(
            "Nobody of marketing is on the team, and nothing was asked of marketing. Bring them in.",
            at.card.opened_on,
            remedies=[
                remedy("assign-member", "person", role="marketing", from_on=at.day),
                remedy("raise-request", "kind", "statement", function="marketing", owner=at.card.owner),
            ],
        )
