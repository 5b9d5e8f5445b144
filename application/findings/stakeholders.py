"""Rules about stakeholders: whom we know, how well, and whether what we know about them is still true."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from application.findings.examined import Examined
from application.findings.finding import Found, Remedy, remedy
from application.findings.sentences import counted, days, listed, person, spaced
from application.views.contacts import LOOKED_AT
from application.views.metrics import KEY_ROLES
from domain.account_plan.stakeholders import Role, Stakeholder, is_single_threaded

NEEDED_ROLES: Sequence[Role] = ("economic_buyer", "champion", "executive_sponsor")
"""The roles in a purchase that must be known."""

SAME_PERSON_DAYS = 180
"""If the same single person attended every meeting for this many days, the account depends on them."""

PAPER_DAYS = 183
"""Half a year, after which a plan that depends on one person is a plan on paper."""

MOST_REMEDIES = 3


def meet(at: Examined, people: Sequence[Stakeholder]) -> list[Remedy]:
    """Return the command that records a touch of the plan's owner with one of these people."""
    met = {"happened_on": at.day, "members": [at.card.owner]}
    return [remedy("log-touch", "kind", **met, stakeholders=[each.id]) for each in people[:1]]


def rate(at: Examined, people: Sequence[Stakeholder]) -> list[Remedy]:
    owner = at.card.owner
    return [remedy("rate-relationship", "strength", id=each.id, member=owner) for each in people[:MOST_REMEDIES]]


def stale_contact(at: Examined) -> Iterator[Found]:
    for each in at.people:
        if each.email_status == "bounced":
            said = [record for record in at.about(each) if getattr(record.event, "email_status", None) == "bounced"]
            yield Found(
                f"Mail to {person(each)} bounced, and nobody recorded that they left. Correct the address, or record"
                " their departure.",
                at.day_of(said[-1]),
                [each],
                [said[-1].id],
                [
                    remedy("correct-stakeholder", "email", id=each.id),
                    remedy("record-departure", "left_on", id=each.id),
                ],
                about=each,
            )
            continue
        seen_on, event = _last_seen(at, each)
        most = at.policy.contact_days
        if at.is_after(seen_on, most):
            yield Found(
                f"Nobody has met {person(each)} or checked their details since {seen_on}; at most {days(most)}"
                " may pass. Ask whether they are still there, and verify them.",
                seen_on + timedelta(days=most + 1),
                [each],
                [event],
                [remedy("verify-stakeholder", id=each.id)],
                about=each,
            )


def _last_seen(at: Examined, each: Stakeholder) -> tuple[date, str]:
    seen = [(at.day_of(record), record.id) for record in at.about(each) if isinstance(record.event, LOOKED_AT)]
    return max([*seen, *((contact.happened_on, contact.event) for contact in at.met(each.id))])


def missing_people(at: Examined) -> Iterator[Found]:
    mapped = [each for each in at.people if not set(KEY_ROLES).isdisjoint(each.roles)]
    least = at.policy.coverage.decision_makers
    if len(mapped) < least:
        yield Found(
            f"{counted(len(mapped), 'person', 'people')} of those who decide {'is' if len(mapped) == 1 else 'are'}"
            f" known ({listed(map(person, mapped))}); a purchase needs {least}. Find out who else decides.",
            at.since(mapped),
            mapped,
            at.events(mapped),
            [remedy("add-stakeholder", "name", "level", roles=["decision_maker"])],
        )
    for role in NEEDED_ROLES:
        if not any(role in each.roles for each in at.people):
            yield Found(
                f"Nobody is known to be the {spaced(role)}. Find out who it is.",
                at.since(at.people),
                remedies=[
                    remedy("add-stakeholder", "name", "level", roles=[role]),
                    *(
                        remedy("assign-roles", id=each.id, roles=[*each.roles, role])
                        for each in at.people[:MOST_REMEDIES]
                    ),
                ],
                about=role,
            )


def single_threaded(at: Examined) -> Iterator[Found]:
    if is_single_threaded(at.plan):
        others = [each for each in at.people if not each.is_engaged]
        yield Found(
            f"{_engaged(at)}: if they leave, the account starts anew. Win a second person who knows us well."
            if at.engaged
            else f"{_engaged(at)}. Win two people who know us well.",
            at.since(at.engaged),
            at.engaged,
            at.events(at.engaged),
            rate(at, others),
        )
        return
    lately = [each for each in at.contacts if not at.is_after(each.happened_on, SAME_PERSON_DAYS - 1)]
    always = set.intersection(*(set(contact.stakeholders) for contact in lately)) if len(lately) > 1 else set()
    if len(always) == 1:
        [only] = [each for each in at.all(Stakeholder).values() if each.id in always]
        others = [each for each in at.people if each.id not in always]
        yield Found(
            f"Every one of {len(lately)} contacts of the last {SAME_PERSON_DAYS} days was with {person(only)}. Meet"
            " somebody else without them.",
            lately[0].happened_on,
            [only],
            [each.event for each in lately],
            meet(at, others),
        )


def _engaged(at: Examined) -> str:
    return f"Only {person(at.engaged[0])} is engaged" if at.engaged else "Nobody at the customer is engaged"


def paper_plan(at: Examined) -> Iterator[Found]:
    if is_single_threaded(at.plan) and at.is_after(at.card.opened_on, PAPER_DAYS - 1):
        others = [each for each in at.people if not each.is_engaged]
        yield Found(
            f"The plan was opened on {at.card.opened_on}. {_engaged(at)}: half a year later it is a plan on paper.",
            at.card.opened_on + timedelta(days=PAPER_DAYS),
            at.engaged,
            [at.records[0].id, *at.events(at.engaged)],
            rate(at, others),
        )


def survivors(at: Examined) -> Iterator[Found]:
    least, left = at.policy.coverage.survivors, len(at.engaged) - 1
    if at.engaged and left < least:
        strongest = max(at.engaged, key=lambda each: each.strength or 0)
        others = [each for each in at.people if not each.is_engaged]
        yield Found(
            f"If {person(strongest)} left, {left} of theirs would still be engaged; {least} should be. Win"
            f" {counted(least - left, 'more person', 'more people')}.",
            at.since(at.engaged),
            at.engaged,
            at.events(at.engaged),
            rate(at, others),
        )


def unplaced_relationship(at: Examined) -> Iterator[Found]:
    for each in at.people:
        if each.strength and not each.roles and each.power is None:
            yield Found(
                f"We know {person(each)}, but not what part they play in a purchase or how much power they hold.",
                at.since([each]),
                [each],
                at.events([each]),
                [remedy("assign-roles", "roles", id=each.id), remedy("rate-power", "power", id=each.id)],
                about=each,
            )
