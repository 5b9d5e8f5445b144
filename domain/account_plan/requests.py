"""Topic: requests, what the account needs from the rest of the company."""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal, assert_never

from pydantic import BaseModel

from domain.account_plan.language import AccountPlan, GoalId, OpportunityId, Section
from domain.aggregates import Topic
from domain.corrections import Mistakes
from domain.language import (
    Command,
    Decision,
    DueDay,
    Event,
    FinishDay,
    Person,
    PersonId,
    Prose,
    Refusal,
    Slug,
    Statement,
    Terms,
    changed,
    said,
)
from domain.things import Draft, Thing

Function = Literal["marketing", "product", "customer_success", "executive", "finance", "legal"]
RequestKind = Literal[
    "custom_development",
    "roadmap",
    "beta_access",
    "case_study",
    "campaign",
    "press",
    "advisory_board",
    "conference",
    "terms",
    "addendum",
    "implementation",
    "ticket_priority",
    "other",
]
Answer = Literal["accepted", "planned", "declined"]
RequestState = Literal["raised", "accepted", "planned", "declined", "delivered"]


class RequestTerms(Terms):
    id: str
    function: Function
    kind: RequestKind
    statement: Prose
    owner: Person
    due_on: date | None = None
    goal: GoalId | None = None
    opportunity: OpportunityId | None = None


# Events


class RequestEvent(Event):
    """About one request."""

    noun: ClassVar[str] = "request"
    home: ClassVar[Section] = "requests"


class RequestRaised(RequestEvent, RequestTerms):
    """We need something of another part of our company."""


class RequestReassigned(RequestEvent):
    """Somebody else of ours answers for a request."""

    id: str
    owner: Person
    former: Person


class RequestAnswered(RequestEvent):
    """We were told whether we get it."""

    id: str
    decision: Answer
    member: Person


class RequestDelivered(RequestEvent):
    """We got it."""

    id: str
    delivered_on: date


RequestEvents = RequestRaised | RequestReassigned | RequestAnswered | RequestDelivered


# Commands


class RequestCommand(Command):
    noun: ClassVar[str] = "request"
    home: ClassVar[Section] = "requests"


class RaiseRequest(RequestCommand):
    """Ask another function of our company for something.  The owner is ours and sees to it that it is answered."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    function: Function
    kind: RequestKind
    statement: Statement
    owner: PersonId
    due_on: DueDay | None = None
    goal: GoalId | None = None
    opportunity: OpportunityId | None = None


class ReassignRequest(RequestCommand):
    """Give a request of the customer to somebody else of ours."""

    id: Slug
    owner: PersonId


class AnswerRequest(RequestCommand):
    """What the function asked decided, and who spoke for it.  A later answer replaces it, also after a refusal."""

    id: Slug
    decision: Answer
    member: PersonId


class DeliverRequest(RequestCommand):
    """What was asked for is there, whether or not anybody had answered."""

    id: Slug
    delivered_on: FinishDay


class GivenAnswer(BaseModel):
    """An answer as events store it; empty if nobody has answered."""

    decision: Answer | None = None
    member: PersonId | None = None


class Delivery(BaseModel):
    """A delivery as events store it; empty if nothing was delivered."""

    delivered_on: FinishDay | None = None


RequestCommands = RaiseRequest | ReassignRequest | AnswerRequest | DeliverRequest


# Refusals


class RequestDeclined(Refusal):
    """The request “{id}” was declined; it can be delivered once it is accepted or planned."""


class AnswerOfNobody(Refusal):
    """An answer says what was decided and who spoke for it: say both, or empty both where nobody has answered."""


# State and rules

WAITING: Mapping[RequestState, bool] = {
    "raised": True,
    "accepted": True,
    "planned": True,
    "declined": False,
    "delivered": False,
}
"""For each state, whether somebody still has to act on the request."""


class Request(RequestTerms, Thing):
    noun: ClassVar[str] = "request"
    home: ClassVar[Section] = "requests"

    state: RequestState = "raised"
    decision: Answer | None = None
    member: Person | None = None
    """Who answered it."""
    delivered_on: date | None = None

    @property
    def ending(self) -> str | None:
        return "was delivered" if self.state == "delivered" else None

    @property
    def is_waiting(self) -> bool:
        """Whether it is neither delivered nor declined."""
        return WAITING[self.state]


def decide(plan: AccountPlan, command: RequestCommands, _today: date) -> Decision[RequestEvents]:
    match command:
        case RaiseRequest():
            return Decision((RequestRaised(**said(command)),))
        case ReassignRequest(id=id):
            request = plan.the(Request, id)
            new = changed(command, request)
            return Decision((RequestReassigned(id=id, **new, former=request.owner),) if new else ())
        case AnswerRequest():
            new = changed(command, plan.the(Request, command.id))
            return Decision((RequestAnswered(**said(command)),) if new else ())
        case DeliverRequest(id=id):
            if plan.the(Request, id).state == "declined":
                raise RequestDeclined("/id", id=id)
            return Decision((RequestDelivered(**said(command)),))
        case _:
            assert_never(command)


def check_answer(_plan: AccountPlan, _before: Request, after: Request) -> None:
    """Check that an answer names who gave it, and that a declined request was not delivered."""
    if (after.decision is None) != (after.member is None):
        raise AnswerOfNobody("/member" if after.decision else "/decision")
    if after.decision == "declined" and after.delivered_on:
        raise RequestDeclined("/decision", id=after.id)


def state_of(request: Request) -> dict[str, RequestState]:
    """Return the state of a request whose answer or delivery was corrected."""
    return {"state": "delivered" if request.delivered_on else request.decision or "raised"}


def apply(draft: Draft, event: RequestEvents) -> None:
    match event:
        case RequestRaised():
            draft.create(Request, event)
        case RequestReassigned():
            draft.change(Request, event)
        case RequestAnswered():
            draft.change(Request, event, state=event.decision)
        case RequestDelivered():
            draft.change(Request, event, state="delivered")
        case _:
            assert_never(event)


TOPIC = Topic(
    RequestCommands,
    RequestEvents,
    (Request,),
    decide,
    apply,
    mistakes=(
        Mistakes(
            Request,
            RaiseRequest,
            later={GivenAnswer: ("decision", "member"), Delivery: ("delivered_on",)},
            check=check_answer,
            follows=state_of,
        ),
    ),
)
