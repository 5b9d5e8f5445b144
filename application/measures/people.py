"""Measures of people: how many stakeholders we know, and whether the right ones meet."""

from collections.abc import Sequence
from typing import get_args

from application.measures.measure import Figures, one, share
from application.measures.measured import Measured
from application.views.contacts import Contact
from application.views.metrics import KEY_ROLES
from domain.account_plan.overview import Unit
from domain.account_plan.reviews import ReviewKind
from domain.account_plan.stakeholders import Role, Stakeholder

BUYERS: Sequence[Role] = ("economic_buyer", "decision_maker")
MEETINGS = frozenset({"meeting", "one_to_one", "workshop", "site_visit", "executive_meeting", *get_args(ReviewKind)})
"""The kinds of contacts at which people met in person or by video."""


def contacts_mapped(at: Measured) -> Figures:
    return one(len(at.at.people))


def contacts_engaged(at: Measured) -> Figures:
    return one(len(_engaged(at)))


def _engaged(at: Measured) -> list[Stakeholder]:
    """Return the stakeholders whom somebody on the team knows well, or with whom we were in touch recently."""
    most = at.at.policy.contact_days
    met = {who for each in at.at.contacts if (at.at.day - each.happened_on).days <= most for who in each.stakeholders}
    return [each for each in at.at.people if each.id in met or each.is_engaged]


def coverage(at: Measured) -> Figures:
    deciding = sum(not set(KEY_ROLES).isdisjoint(each.roles) for each in at.at.people)
    return share(len(_engaged(at)), max(at.at.policy.coverage.decision_makers, deciding))


def new_buying_centers(at: Measured) -> Figures:
    before = {unit.id for unit in at.before.open(Unit) if unit.buying_center}
    return one(sum(unit.buying_center and unit.id not in before for unit in at.plan.open(Unit)))


def _contacts(at: Measured) -> list[Contact]:
    """Return the contacts that were recorded in the month."""
    return [contact for contact in at.at.contacts if contact.version > at.period.a.version]


def executive_meetings(at: Measured) -> Figures:
    return one(len({each.happened_on for each in _contacts(at) if each.kind == "executive_meeting"}))


def buyer_meetings(at: Measured) -> Figures:
    buyers = {each.id for each in at.plan.all(Stakeholder).values() if not set(BUYERS).isdisjoint(each.roles)}
    meetings = (each for each in _contacts(at) if each.kind in MEETINGS)
    return one(sum(not buyers.isdisjoint(each.stakeholders) for each in meetings))


def sponsor_coverage(at: Measured) -> Figures:
    theirs = any("executive_sponsor" in each.roles for each in at.at.people)
    return share(int(theirs and bool(at.at.in_role("executive_sponsor"))), 1)
