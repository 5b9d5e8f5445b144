from datetime import UTC, date, datetime

import pytest

from domain.account_plan import fold
from domain.account_plan.requests import (
    AnswerRequest,
    DeliverRequest,
    RaiseRequest,
    ReassignRequest,
    Request,
    RequestAnswered,
    RequestDelivered,
    RequestRaised,
    RequestReassigned,
)
from tests.given import OPENED, given

JAN_5, JAN_6, MARCH_1 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 3, 1)

TERMS = {
    "id": "sso",
    "function": "product",
    "kind": "beta_access",
    "statement": "Single sign-on in the beta for line B",
    "owner": "bob",
}
RAISED = RequestRaised(**TERMS)
DECLINED = RequestAnswered(id="sso", decision="declined", member="pia")
PLANNED = RequestAnswered(id="sso", decision="planned", member="pia")
DELIVER = DeliverRequest(id="sso", delivered_on=JAN_5)
DELIVERED = RequestDelivered(id="sso", delivered_on=JAN_5)


def test_a_request_can_be_raised_with_or_without_a_day():
    given().when(RaiseRequest(**TERMS)).then(RAISED)
    given().when(RaiseRequest(**TERMS, due_on=MARCH_1)).then(RequestRaised(**TERMS, due_on=MARCH_1))
    given().when(RaiseRequest(**TERMS, due_on=None)).then(RAISED)


def test_the_id_of_a_request_is_taken_once():
    given(RAISED).when(RaiseRequest(**TERMS)).then_refused("request-id-taken", "/id")


def test_a_vague_request_is_accepted_with_a_warning():
    vague = TERMS | {"statement": "Support the customer"}
    given().when(RaiseRequest(**vague)).then(RequestRaised(**vague), warnings=("vague",))


def test_a_request_is_not_due_more_than_a_year_before_the_plan_was_opened():
    given().when(RaiseRequest(**TERMS, due_on=date(2025, 1, 4))).then_refused("due-before-plan-opened", "/due_on")


def test_somebody_else_may_answer_for_a_request():
    reassigned = RequestReassigned(id=RAISED.id, owner="eve", former=RAISED.owner)
    given(RAISED).when(ReassignRequest(id=RAISED.id, owner="eve")).then(reassigned)
    given(RAISED, reassigned).when(ReassignRequest(id=RAISED.id, owner="eve")).then_nothing_happens()
    given(RAISED, DELIVERED).when(ReassignRequest(id=RAISED.id, owner="eve")).then_refused("request-over", "/id")


def test_a_request_already_overdue_is_accepted_with_a_warning():
    late = RequestRaised(**TERMS, due_on=JAN_6)
    in_march = datetime(2026, 3, 1, tzinfo=UTC)
    given().when(RaiseRequest(**TERMS, due_on=JAN_6), at=in_march).then(late, warnings=("due-in-the-past",))


@pytest.mark.parametrize("link", ["goal", "opportunity"])
def test_a_request_may_only_be_linked_to_what_is_there(link):
    given().when(RaiseRequest(**TERMS, **{link: "nope"})).then_refused(f"unknown-{link}", f"/{link}")


@pytest.mark.parametrize("decision", ["accepted", "planned", "declined"])
def test_an_answer_says_the_decision_and_who_gave_it(decision):
    answered = RequestAnswered(id="sso", decision=decision, member="pia")
    given(RAISED).when(AnswerRequest(id="sso", decision=decision, member="pia")).then(answered)
    request = request_after(RAISED, answered)
    assert (request.state, request.member, request.ending) == (decision, "pia", None)


def test_the_same_answer_by_the_same_member_changes_nothing():
    given(RAISED, PLANNED).when(AnswerRequest(id="sso", decision="planned", member="pia")).then_nothing_happens()
    by_another = RequestAnswered(id="sso", decision="planned", member="kim")
    given(RAISED, PLANNED).when(AnswerRequest(id="sso", decision="planned", member="kim")).then(by_another)


def test_a_declined_request_may_be_answered_anew():
    given(RAISED, DECLINED).when(AnswerRequest(id="sso", decision="planned", member="pia")).then(PLANNED)
    assert request_after(RAISED, DECLINED, PLANNED).state == "planned"


@pytest.mark.parametrize("answers", [(), (PLANNED,), (DECLINED, PLANNED)])
def test_a_request_is_delivered_unless_it_is_declined(answers):
    given(RAISED, *answers).when(DELIVER).then(DELIVERED)


def test_a_declined_request_cannot_be_delivered():
    given(RAISED, DECLINED).when(DELIVER).then_refused("request-declined", "/id")


def test_nothing_can_have_been_delivered_tomorrow():
    tomorrow = DeliverRequest(id="sso", delivered_on=JAN_6)
    given(RAISED).when(tomorrow).then_refused("day-in-the-future", "/delivered_on")


def test_a_delivered_request_is_over():
    request = request_after(RAISED, PLANNED, DELIVERED)
    assert (request.state, request.decision, request.delivered_on) == ("delivered", "planned", JAN_5)
    given(RAISED, DELIVERED).when(DELIVER).then_refused("request-over", "/id")
    given(RAISED, DELIVERED).when(AnswerRequest(id="sso", decision="declined", member="pia")).then_refused(
        "request-over", "/id"
    )


@pytest.mark.parametrize("command", [DELIVER, AnswerRequest(id="sso", decision="planned", member="pia")])
def test_what_nobody_raised_can_neither_be_answered_nor_delivered(command):
    given().when(command).then_refused("unknown-request", "/id")


def request_after(*events):
    return fold((OPENED, *events)).the(Request, "sso")
