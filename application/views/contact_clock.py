"""The contact clock: for each stakeholder, when our people last met them, when the next meeting is planned, and which
pairings are overdue."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pydantic import BaseModel, Field

from application.views.contacts import LOOKED_AT, Contact, contacts, known_by, on_the_team, strength_of
from application.views.cuts import Cut
from domain.account_plan.actions import Action
from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.language import AccountPlan
from domain.account_plan.plays import Play
from domain.account_plan.relationships import Pairing, PairingAgreed, Touch
from domain.account_plan.reviews import Review
from domain.account_plan.stakeholders import Stakeholder
from domain.language import same_person
from domain.program.limits import Policy
from domain.record import Recorded
from domain.things import day_of


class LastContact(BaseModel):
    """The last time that our people met a stakeholder: a touch, or a review that they attended."""

    happened_on: date
    kind: str = Field(description="The kind of the touch or review.")
    members: list[str]
    event: str
    action: str | None = Field(default=None, description="The action that a touch was for.")
    play: str | None = Field(default=None, description="The play it was for.")
    opportunity: str | None = Field(default=None, description="The opportunity that it, or the review, was about.")


class PlannedContact(BaseModel):
    """The next planned contact: an open action of kind touch, a play that names the stakeholder, or a review to which
    they are invited."""

    kind: str = Field(description="action, play or review")
    id: str
    on: date
    what: str
    overdue: bool


class PairingClock(BaseModel):
    """Who of ours keeps in touch with a stakeholder, and when the next contact is due."""

    member: str
    every_days: int
    last_contact_on: date | None
    due_on: date = Field(description="So many days after their last contact, or after it was agreed.")
    days_overdue: int
    on_the_team: bool = Field(description="Whether the member still works on the account.")


class ContactClock(BaseModel):
    """How recently a stakeholder was met, and what is planned."""

    stakeholder: str
    name: str | None
    crm_id: str | None = Field(description="By which they are found in the CRM, to call or to write to them.")
    last: LastContact | None
    days_since: int | None
    next: PlannedContact | None
    verified_on: date | None = Field(description="When somebody last said that their details are right.")
    verification_due_on: date | None = Field(description="Null for a role that nobody is known to fill.")
    verification_overdue: bool
    strength: int | None = Field(description="How well the one on the team knows them who knows them best.")
    former_strength: int | None = Field(description="How well those know them who are no longer on the team.")
    pairings: list[PairingClock]
    warnings: list[str] = Field(description="What is wrong with what was recorded of their contacts.")


def contact_clock(
    plan: AccountPlan, records: Sequence[Recorded], zone: str, cut: Cut, policy: Policy
) -> list[ContactClock]:
    """Return the clock of every stakeholder who is there at a cut, in the order they were added. `records` end at the
    cut."""
    return list(_Clocks(plan, records, zone, cut, policy).all())


class _Clocks:
    """Everything recorded about contacts up to a cut, read once for all clocks."""

    def __init__(self, plan: AccountPlan, records: Sequence[Recorded], zone: str, cut: Cut, policy: Policy) -> None:
        self._plan, self._cut, self._policy = plan, cut, policy
        self._team = on_the_team(plan, cut.date)
        self._last: dict[str, Contact] = {}
        self._last_of_pair: dict[tuple[str, str], Contact] = {}
        self._told_twice: dict[str, list[Contact]] = {}
        self._verified_on: dict[str, date] = {}
        self._agreed_on: dict[tuple[str, str], date] = {}
        """By stakeholder and member."""
        self._read_contacts(contacts(plan, records))
        for record in records:
            if isinstance(record.event, LOOKED_AT):
                self._verified_on[record.event.id] = day_of(record.meta.recorded_at, zone)
            elif isinstance(record.event, PairingAgreed):
                pair = record.event.stakeholder, record.event.member
                self._agreed_on[pair] = day_of(record.meta.recorded_at, zone)
            elif isinstance(record.event, StakeholderMerged):
                self._hand_pairings_over(record.event.id, record.event.into)

    def _read_contacts(self, found: Sequence[Contact]) -> None:
        for contact in found:
            for who in contact.stakeholders:
                self._last[who] = contact
                if contact.again:
                    self._told_twice.setdefault(who, []).append(contact)
                for member in contact.members:
                    self._last_of_pair[who, same_person(member)] = contact

    def _hand_pairings_over(self, stakeholder: str, into: str) -> None:
        for (who, member), agreed_on in list(self._agreed_on.items()):
            if who == stakeholder:
                self._agreed_on.setdefault((into, member), agreed_on)

    def all(self) -> Iterator[ContactClock]:
        planned, pairings = self._planned(), self._pairings()
        for person in self._plan.open(Stakeholder):
            last, verified_on = self._last.get(person.id), self._verified_on.get(person.id)
            due_on = verified_on + timedelta(days=self._policy.contact_days) if verified_on and person.name else None
            now = known_by(person, self._team)
            former = [strength for member, strength in person.relationships.items() if member not in now]
            yield ContactClock.model_construct(
                stakeholder=person.id,
                name=person.name,
                crm_id=person.crm_id,
                last=_shown(last),
                days_since=(self._cut.date - last.happened_on).days if last else None,
                next=self._next(planned.get(person.id, ())),
                verified_on=verified_on,
                verification_due_on=due_on,
                verification_overdue=due_on is not None and due_on < self._cut.today,
                strength=strength_of(person, self._team),
                former_strength=max(former, default=None),
                pairings=pairings.get(person.id, []),
                warnings=[_told_twice(contact) for contact in self._told_twice.get(person.id, ())],
            )

    def _planned(self) -> dict[str, list[PlannedContact]]:
        """Return the planned contacts of each stakeholder."""
        planned: dict[str, list[PlannedContact]] = {}
        for on, thing, who in _to_come(self._plan):
            told = PlannedContact(
                kind=thing.noun,
                id=thing.id,
                on=on,
                what=thing.known_as or f"{thing.kind.replace('_', ' ')} review",
                overdue=on < self._cut.today,
            )
            for each in who:
                planned.setdefault(each, []).append(told)
        return planned

    def _next(self, planned: Sequence[PlannedContact]) -> PlannedContact | None:
        """Return the first planned contact that is not overdue; if all are, the latest one."""
        ahead = [each for each in planned if not each.overdue]
        if ahead:
            return min(ahead, key=lambda each: each.on)
        return max(planned, key=lambda each: each.on, default=None)

    def _pairings(self) -> dict[str, list[PairingClock]]:
        pairings: dict[str, list[PairingClock]] = {}
        for pairing in self._plan.open(Pairing):
            last = self._last_of_pair.get((pairing.stakeholder, same_person(pairing.member)))
            agreed_on = self._agreed_on[pairing.stakeholder, pairing.member]
            due_on = (last.happened_on if last else agreed_on) + timedelta(days=pairing.every_days)
            pairings.setdefault(pairing.stakeholder, []).append(
                PairingClock(
                    member=pairing.member,
                    every_days=pairing.every_days,
                    last_contact_on=last.happened_on if last else None,
                    due_on=due_on,
                    days_overdue=max((self._cut.date - due_on).days, 0) if due_on < self._cut.today else 0,
                    on_the_team=self._team is None or same_person(pairing.member) in self._team,
                )
            )
        return pairings


def _to_come(plan: AccountPlan) -> Iterator[tuple[date, Action | Play | Review, tuple[str, ...]]]:
    for action in plan.open(Action):
        if action.kind == "touch":
            yield action.due_on, action, action.stakeholders
    for play in plan.open(Play):
        yield play.due_on, play, play.stakeholders
    for review in plan.open(Review):
        if review.state == "scheduled" and review.planned_on:
            yield review.planned_on, review, review.theirs


def _shown(contact: Contact | None) -> LastContact | None:
    if contact is None:
        return None
    met = contact.told_as
    return LastContact(
        happened_on=contact.happened_on,
        kind=contact.kind,
        members=list(contact.members),
        event=contact.event,
        action=met.action if isinstance(met, Touch) else None,
        play=met.play if isinstance(met, Touch) else None,
        opportunity=met.opportunity,
    )


def _told_twice(contact: Contact) -> str:
    return (
        f"The executive meeting of {contact.happened_on} was recorded more than once and counts once. Strike the touch"
        " that says nothing else."
    )
