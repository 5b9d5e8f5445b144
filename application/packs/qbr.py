"""The quarterly business review, internal or for the customer: what was delivered, and what both sides do next."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from application.findings.examined import Examined
from application.findings.reviews import pack_due_on
from application.packs.canvas import PackRisk, risks
from application.packs.pack import Pack, Person, called, heading_of, held_before, review_meant, shown
from domain.account_plan.actions import Action, ActionState
from domain.account_plan.goals import Goal
from domain.account_plan.health import Contract, Health, TrafficLight
from domain.account_plan.hypotheses import Hypothesis
from domain.account_plan.language import Side
from domain.account_plan.relationships import Objection
from domain.account_plan.reviews import AgendaItem, Review
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.team import Member
from domain.program.agendas import Agenda

KIND: Literal["qbr"] = "qbr"
CheckName = Literal["joint-commitments", "executives-invited", "metrics-in-time", "agenda-fits"]
DEFAULT_MINUTES = 90
"""The minutes it takes if the program has no agenda."""


class Meeting(BaseModel):
    """The review for which the pack is made."""

    id: str | None = Field(description="Null for customers.")
    on: date | None
    held: bool
    ours: list[str]
    theirs: list[Person]


class PackAgenda(BaseModel):
    """The agenda, and its duration."""

    items: list[AgendaItem]
    minutes: int = Field(description="Of all items together.")
    of_the_program: bool = Field(description="Whether it is the program's, because the review has none of its own.")


class Value(BaseModel):
    """Something that was delivered: an achieved goal or a confirmed hypothesis."""

    kind: Literal["goal", "hypothesis"]
    id: str | None = Field(description="Null for customers.")
    what: str
    measure: str
    unit: str
    before: str | None
    expected: str
    reached: str | None
    on: date | None = Field(description="The day a goal was achieved.")
    evidence: list[str] = Field(description="What was observed that speaks for it.")


class AdoptionMetric(BaseModel):
    """A figure by which the customer measures success, and its target."""

    name: str
    value: str | None
    goal: str | None


class Adoption(BaseModel):
    """How much of what was bought is used."""

    as_of_on: date | None
    adoption: Decimal | None
    usage: Decimal | None
    metrics: list[AdoptionMetric]


class JointAction(BaseModel):
    """A step that was agreed with the customer."""

    id: str | None = Field(description="Null for customers.")
    what: str
    owner: str | None = Field(description="Who of ours does it, or looks after it.")
    on: date
    state: ActionState
    finished_on: date | None
    agreed_on: date | None = Field(description="The day the customer agreed to it.")
    overdue: bool


class JointPlan(BaseModel):
    """Who does what by when."""

    ours: list[JointAction]
    theirs: list[JointAction]


class Bought(BaseModel):
    """The current contract."""

    arr: Decimal
    starts_on: date
    renews_on: date
    products: list[str]


class Check(BaseModel):
    """A condition for holding the review, and whether it is met."""

    check: CheckName
    ok: bool
    sentence: str


class InTheRoom(BaseModel):
    """An invited stakeholder, with our view of them."""

    id: str
    name: str
    attitude: int | None
    power: int | None
    strength: int | None
    evidence: str | None = Field(description="What the attitude was read from.")
    motivators: list[str]
    email: str | None = Field(description="Where the pack is sent to.")
    phone: str | None
    location: str | None
    joined_on: date | None
    objections: list[str] = Field(description="Those that are not settled.")


class ForUs(BaseModel):
    """The internal part."""

    checks: list[Check]
    in_the_room: list[InTheRoom]
    risks: list[PackRisk]
    health: TrafficLight | None
    nps: Decimal | None
    csat: Decimal | None
    engagement: Decimal | None
    open_tickets: int | None
    p1_incidents: int | None
    circulated_on: date | None
    sha256: str | None = Field(description="Of the document that was sent.")
    notes: list[str] = Field(description="On the evidence for what was delivered.")


class QbrPack(Pack):
    """The document for a quarterly business review."""

    review: Meeting | None = Field(description="The next one planned, else the last one.")
    agenda: PackAgenda
    since_on: date | None = Field(
        description="The day of the one before; else that of the plan's opening, which customers do not see."
    )
    contract: Bought | None
    value: list[Value]
    adoption: Adoption
    joint_plan: JointPlan
    for_us: ForUs | None = Field(description="Null for customers.")


def qbr(at: Examined, agenda: Agenda | None) -> QbrPack:
    """Return the internal pack. `agenda` is the program's agenda, if it has one."""
    review = review_meant(at, KIND)
    return QbrPack.model_validate(
        heading_of(KIND, at) | _contents(at, review, agenda, with_ids=True) | {"for_us": _for_us(at, review, agenda)}
    )


def qbr_for_customers(at: Examined, agenda: Agenda | None) -> QbrPack:
    """Return the pack for the customer. `at` contains only what they may see (`application.packs.customer`)."""
    heading = {
        "kind": KIND,
        "audience": "customer",
        "account_name": at.card.account_name,
        "currency": at.card.currency,
        "day": at.day,
        **dict.fromkeys(("plan", "plan_id", "owner", "as_of", "for_us")),
    }
    return QbrPack.model_validate(heading | _contents(at, review_meant(at, KIND), agenda, with_ids=False))


def _contents(at: Examined, review: Review | None, agenda: Agenda | None, with_ids: bool) -> dict[str, Any]:
    before = held_before(at, review, KIND)
    since_on = before.held_on if before else at.card.opened_on
    contract = at.plan.find(Contract, "contract")
    joint = _joint(at, since_on, with_ids)
    return {
        "review": _meeting(at, review, with_ids) if review else None,
        "agenda": agenda_of(review, agenda),
        "since_on": since_on,
        "contract": shown(Bought, contract) if contract else None,
        "value": [*_achieved(at, with_ids), *_confirmed(at, with_ids)],
        "adoption": _adoption(at, review),
        "joint_plan": JointPlan(ours=joint["us"], theirs=joint["customer"]),
    }


def _meeting(at: Examined, review: Review, with_ids: bool) -> Meeting:
    known = at.plan.all(Stakeholder)
    invited = {id: known.get(id) for id in review.theirs}
    return Meeting(
        id=review.id if with_ids else None,
        on=review.held_on or review.planned_on,
        held=review.state == "held",
        ours=list(review.ours),
        theirs=[
            Person(id=id if with_ids else None, name=called(each, id), title=each.title if each else None)
            for id, each in invited.items()
        ],
    )


def agenda_of(review: Review | None, agenda: Agenda | None) -> PackAgenda:
    """Return the agenda of the review, else that of the program."""
    own = list(review.agenda) if review else []
    items = own or (list(agenda.items) if agenda else [])
    return PackAgenda(
        items=items, minutes=sum(each.minutes for each in items), of_the_program=not own and agenda is not None
    )


def _achieved(at: Examined, with_ids: bool) -> Iterator[Value]:
    goals = [each for each in at.plan.all(Goal).values() if each.state == "achieved"]
    for goal in sorted(goals, key=lambda each: each.achieved_on or date.min, reverse=True):
        reached = goal.reached
        yield Value(
            kind="goal",
            id=goal.id if with_ids else None,
            what=goal.statement,
            measure=goal.measure,
            unit=goal.unit,
            before=_plain(goal.baseline),
            expected=_plain(goal.target),
            reached=None if reached is None else _plain(reached),
            on=goal.achieved_on,
            evidence=[],
        )


def _plain(number: Decimal) -> str:
    return f"{number:,f}"


def _confirmed(at: Examined, with_ids: bool) -> Iterator[Value]:
    for each in at.plan.all(Hypothesis).values():
        if each.state == "confirmed":
            yield Value(
                kind="hypothesis",
                id=each.id if with_ids else None,
                what=each.outcome,
                measure=each.metric,
                unit=each.unit,
                before=each.baseline,
                expected=each.expected,
                reached=each.observed,
                on=None,
                evidence=[evidence.observed for evidence in each.evidence if evidence.supports],
            )


def _adoption(at: Examined, review: Review | None) -> Adoption:
    health = at.plan.find(Health, "health") or Health(id="health")
    values = {each.name: each for each in health.success_metrics}
    goals = {each.name: each.goal for each in (review.metrics if review else ())}
    return Adoption(
        as_of_on=health.as_of_on,
        adoption=health.adoption,
        usage=health.usage,
        metrics=[
            AdoptionMetric(
                name=name,
                value=values[name].value if name in values else None,
                goal=goals.get(name) or (values[name].goal if name in values else None),
            )
            for name in dict.fromkeys((*goals, *values))
        ],
    )


def _joint(at: Examined, since_on: date | None, with_ids: bool) -> dict[Side, list[JointAction]]:
    """Return the joint actions that are open or were finished since the last review, by side."""
    found: dict[Side, list[JointAction]] = {side: [] for side in get_args(Side)}
    for each in sorted(at.plan.all(Action).values(), key=lambda each: each.due_on):
        done = each.finished_on is not None and (since_on is None or each.finished_on >= since_on)
        if each.kind == "joint" and (each.is_open or done):
            action = JointAction(
                id=each.id if with_ids else None,
                what=each.statement,
                owner=each.owner,
                on=each.due_on,
                state=each.state,
                finished_on=each.finished_on,
                agreed_on=each.acknowledged_on,
                overdue=each.is_overdue(at.today),
            )
            found[each.side].append(action)
    return found


# The internal part


def _for_us(at: Examined, review: Review | None, agenda: Agenda | None) -> ForUs:
    health = at.plan.find(Health, "health") or Health(id="health")
    invited = [at.plan.find(Stakeholder, id) for id in (review.theirs if review else ())]
    return shown(
        ForUs,
        health,
        checks=list(checks(at, review, agenda)) if review else [],
        in_the_room=[_in_the_room(at, each) for each in invited if each],
        risks=risks(at, at.policy.risks.top),
        circulated_on=review.circulated_on if review else None,
        sha256=review.sha256 if review else None,
        notes=[
            evidence.note
            for each in at.plan.all(Hypothesis).values()
            if each.state == "confirmed"
            for evidence in each.evidence
            if evidence.note
        ],
    )


def _in_the_room(at: Examined, person: Stakeholder) -> InTheRoom:
    objections = at.plan.all(Objection).values()
    return shown(
        InTheRoom,
        person,
        name=called(person, person.id),
        strength=person.strength,
        objections=[each.statement for each in objections if each.stakeholder == person.id and not each.settled],
    )


def checks(at: Examined, review: Review, agenda: Agenda | None) -> Iterator[Check]:
    """Return the conditions for holding the review."""
    yield _commitments(at, review)
    yield _executives(at, review)
    yield _metrics(at, review)
    yield _agenda_fits(review, agenda)


def _commitments(at: Examined, review: Review) -> Check:
    actions = at.plan.all(Action).values()
    promised = {each.side for each in actions if each.kind == "joint" and (each.is_open or each.review == review.id)}
    missing = [who for side, who in (("us", "us"), ("customer", "the customer")) if side not in promised]
    told = f"Nothing is promised together by {' and '.join(missing)}: agree who does what by when."
    return Check(
        check="joint-commitments", ok=not missing, sentence=told if missing else "Both sides have promised something."
    )


def _executives(at: Examined, review: Review) -> Check:
    held_on = review.held_on
    theirs = {each.id for each in (at.executives_of_any_time if held_on else at.executives)}
    members = [each for each in at.all(Member).values() if each.is_current(held_on)] if held_on else at.members
    ours = {each.person for each in members if each.is_executive}
    missing = [
        who
        for who, there, asked in (("theirs", theirs, review.theirs), ("ours", ours, review.ours))
        if there.isdisjoint(asked)
    ]
    told = f"No executive of {' and none of '.join(missing)} is invited."
    return Check(
        check="executives-invited",
        ok=not missing,
        sentence=told if missing else "Executives of both sides are invited.",
    )


def _metrics(at: Examined, review: Review) -> Check:
    day, hours = review.held_on or review.planned_on or at.day, at.policy.pack_hours
    last_on = pack_due_on(day, hours)
    sent = review.circulated_on
    if not review.metrics:
        told, ok = f"No metrics went out with the pack; they are due by {last_on}.", False
    elif sent is None or sent > last_on:
        told, ok = f"The metrics went out on {sent}, less than {hours} hours before {day}.", False
    else:
        told, ok = f"The metrics went out on {sent}, at least {hours} hours before.", True
    return Check(check="metrics-in-time", ok=ok, sentence=told)


def _agenda_fits(review: Review, agenda: Agenda | None) -> Check:
    most, planned = agenda.minutes if agenda else DEFAULT_MINUTES, agenda_of(review, agenda)
    if not planned.items:
        return Check(check="agenda-fits", ok=False, sentence="There is no agenda.")
    ok = planned.minutes <= most
    told = f"The agenda takes {planned.minutes} minutes of {most}" + ("." if ok else ": leave something out.")
    return Check(check="agenda-fits", ok=ok, sentence=told)
