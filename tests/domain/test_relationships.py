from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.actions import ActionAdded, ActionDropped
from domain.account_plan.entries import EntryStruck, StrikeEntry
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.holds import PlanArchived
from domain.account_plan.plan import plan_id_of
from domain.account_plan.play_states import PlayDropped
from domain.account_plan.plays import PlayPlanned
from domain.account_plan.relationships import (
    AgreePairing,
    DrawInfluence,
    EndPairing,
    EraseInfluence,
    Influence,
    InfluenceDrawn,
    InfluenceErased,
    LogTouch,
    NoteObjection,
    Objection,
    ObjectionNoted,
    ObjectionSettled,
    Pairing,
    PairingAgreed,
    PairingEnded,
    RelationshipCommands,
    SettleObjection,
    Touch,
    TouchLogged,
)
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderLeft, StakeholderReturned
from domain.markers import SPEECH, Sealed, marked
from domain.rules import speaks_of
from tests.given import OPENED, given, given_nothing

JAN_5, JAN_6, MARCH_1 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 3, 1)

CFO = StakeholderAdded(id="cfo", title="Chief Financial Officer", level="executive")
HEAD = StakeholderAdded(id="head", title="Head of Purchasing", level="management")
GONE = StakeholderLeft(id="cfo", left_on=JAN_5)
LINE = {"influencer": "head", "influenced": "cfo"}
DRAWN = InfluenceDrawn(**LINE)
ERASED = InfluenceErased(**LINE)
OBJECTION = {"id": "lock-in", "stakeholder": "cfo", "statement": "Two suppliers are the least she will have"}
NOTED = ObjectionNoted(**OBJECTION)
SETTLED = ObjectionSettled(id="lock-in", how="A second source is in the contract")
PAIR = {"member": "ann:sales", "stakeholder": "cfo"}
AGREED = PairingAgreed(**PAIR, every_days=14)
ENDED = PairingEnded(**PAIR)
TOUCH = {"id": "lunch", "happened_on": JAN_5, "kind": "meeting", "stakeholders": ("cfo",), "members": ("ann",)}
PLAY = PlayPlanned(
    id="tour", title="Plant tour", kind="discovery", owner="bob", due_on=MARCH_1, success_measure="Three causes"
)
ACTION = ActionAdded(id="invite", statement="Invite the CFO", kind="touch", owner="bob", due_on=MARCH_1)


def test_who_listens_to_whom_is_drawn_once():
    given(CFO, HEAD).when(DrawInfluence(**LINE)).then(DRAWN)
    given(CFO, HEAD, DRAWN).when(DrawInfluence(**LINE)).then_nothing_happens()
    given_nothing().when(DrawInfluence(**LINE)).then_refused("unknown-plan")


def test_influence_has_a_direction():
    back = {"influencer": "cfo", "influenced": "head"}
    given(CFO, HEAD, DRAWN).when(DrawInfluence(**back)).then(InfluenceDrawn(**back))
    given(CFO, HEAD, DRAWN).when(EraseInfluence(**back)).then_refused("unknown-influence")


def test_nobody_influences_themselves():
    oneself = DrawInfluence(influencer="cfo", influenced="cfo")
    given(CFO).when(oneself).then_refused("influence-on-oneself", "/influenced")


def test_influence_is_between_people_there_are():
    given(CFO).when(DrawInfluence(**LINE)).then_refused("unknown-stakeholder", "/influencer")


def test_an_erased_influence_is_gone_and_may_be_drawn_anew():
    given(CFO, HEAD, DRAWN).when(EraseInfluence(**LINE)).then(ERASED)
    given(CFO, HEAD, DRAWN, ERASED).when(EraseInfluence(**LINE)).then_refused("unknown-influence")
    given(CFO, HEAD, DRAWN, ERASED).when(DrawInfluence(**LINE)).then(DRAWN)
    assert list(fold((OPENED, CFO, HEAD, DRAWN)).all(Influence)) == ["head:cfo"]
    assert not fold((OPENED, CFO, HEAD, DRAWN, ERASED)).all(Influence)


def test_the_influence_of_somebody_who_left_can_be_erased():
    given(CFO, HEAD, DRAWN, GONE).when(EraseInfluence(**LINE)).then(ERASED)


def test_an_objection_is_somebodys():
    given(CFO).when(NoteObjection(**OBJECTION)).then(NOTED)
    given().when(NoteObjection(**OBJECTION)).then_refused("unknown-stakeholder", "/stakeholder")
    given(CFO, NOTED).when(NoteObjection(**OBJECTION)).then_refused("objection-id-taken", "/id")


def test_an_objection_is_settled_once():
    settle = SettleObjection(id="lock-in", how=SETTLED.how)
    given(CFO, NOTED).when(settle).then(SETTLED)
    given(CFO, NOTED, GONE).when(settle).then(SETTLED)
    given(CFO, NOTED, SETTLED).when(settle).then_refused("objection-over", "/id")
    given(CFO).when(settle).then_refused("unknown-objection", "/id")
    objection = fold((OPENED, CFO, NOTED, SETTLED)).the(Objection, "lock-in")
    assert (objection.statement, objection.how, objection.ending) == (NOTED.statement, SETTLED.how, "was settled")


def test_a_pairing_says_how_often():
    given(CFO).when(AgreePairing(**PAIR, every_days=14)).then(AGREED)
    given(CFO, AGREED).when(AgreePairing(**PAIR, every_days=14)).then_nothing_happens()
    given().when(AgreePairing(**PAIR, every_days=14)).then_refused("unknown-stakeholder", "/stakeholder")
    with pytest.raises(ValidationError):
        AgreePairing(**PAIR, every_days=0)


def test_agreed_again_the_new_rhythm_of_a_pairing_counts():
    weekly = PairingAgreed(**PAIR, every_days=7)
    given(CFO, AGREED).when(AgreePairing(**PAIR, every_days=7)).then(weekly)
    assert pairing_after(AGREED, weekly).every_days == 7


def test_each_of_ours_has_a_pairing_of_their_own():
    other = PAIR | {"member": "bob"}
    given(CFO, AGREED).when(AgreePairing(**other, every_days=14)).then(PairingAgreed(**other, every_days=14))


def test_a_pairing_ends_once_and_may_be_agreed_anew():
    given(CFO, AGREED).when(EndPairing(**PAIR)).then(ENDED)
    given(CFO, AGREED, ENDED).when(EndPairing(**PAIR)).then_refused("pairing-over")
    given(CFO).when(EndPairing(**PAIR)).then_refused("unknown-pairing")
    given(CFO, AGREED, ENDED).when(AgreePairing(**PAIR, every_days=14)).then(AGREED)
    assert pairing_after(AGREED, ENDED).ending == "was ended"
    assert pairing_after(AGREED, ENDED, AGREED).ending is None


def test_a_pairing_with_somebody_who_left_can_be_ended_and_agreed_with_a_warning():
    given(CFO, AGREED, GONE).when(EndPairing(**PAIR)).then(ENDED)
    given(CFO, GONE).when(AgreePairing(**PAIR, every_days=14)).then(AGREED, warnings=("has-left",))


def test_a_touch_is_logged_with_all_it_was_about():
    full = TOUCH | {"topics": ("budget", "second source"), "summary": "She will see the plant", "play": "tour"}
    full |= {"action": "invite"}
    given(CFO, PLAY, ACTION).when(LogTouch(**full)).then(TouchLogged(**full))
    touch = fold((OPENED, CFO, PLAY, ACTION, TouchLogged(**full))).the(Touch, "lunch")
    assert touch.model_dump(exclude_none=True) == full
    given(CFO, TouchLogged(**TOUCH)).when(LogTouch(**TOUCH)).then_refused("touch-id-taken", "/id")


@pytest.mark.parametrize("side", ["stakeholders", "members"])
def test_a_touch_is_of_at_least_one_of_theirs_with_at_least_one_of_ours(side):
    absent = {name: value for name, value in TOUCH.items() if name != side}
    for one_side in (absent, TOUCH | {side: ()}, TOUCH | {side: None}):
        with pytest.raises(ValidationError, match=side):
            LogTouch(**one_side)


def test_a_touch_was_not_tomorrow():
    given(CFO).when(LogTouch(**TOUCH | {"happened_on": JAN_6})).then_refused("day-in-the-future", "/happened_on")


@pytest.mark.parametrize(
    ("named", "pointer", "type"),
    [
        ({"stakeholders": ("cfo", "head")}, "/stakeholders/1", "unknown-stakeholder"),
        ({"action": "call"}, "/action", "unknown-action"),
        ({"play": "lunch"}, "/play", "unknown-play"),
        ({"opportunity": "line-b"}, "/opportunity", "unknown-opportunity"),
    ],
)
def test_what_a_touch_names_is_there(named, pointer, type):
    given(CFO).when(LogTouch(**TOUCH | named)).then_refused(type, pointer)


def test_a_touch_may_be_about_what_is_over():
    named = TOUCH | {"action": "invite", "play": "tour"}
    over = (PLAY, PlayDropped(id="tour"), ACTION, ActionDropped(id="invite"))
    given(CFO, *over).when(LogTouch(**named)).then(TouchLogged(**named))


def test_a_touch_may_be_with_somebody_who_has_left_since_and_after_that_with_a_warning():
    monday, tuesday = TOUCH, TOUCH | {"happened_on": JAN_6}
    tomorrow = datetime(2026, 1, 7, 9, tzinfo=UTC)
    given(CFO, GONE).when(LogTouch(**monday), at=tomorrow).then(TouchLogged(**monday))
    given(CFO, GONE).when(LogTouch(**tuesday), at=tomorrow).then(TouchLogged(**tuesday), warnings=("has-left",))
    back = StakeholderReturned(id="cfo", returned_on=JAN_6)
    given(CFO, GONE, back).when(LogTouch(**tuesday), at=tomorrow).then(TouchLogged(**tuesday))


def test_a_touch_entered_by_mistake_can_be_struck():
    touched = TouchLogged(**TOUCH)
    struck = EntryStruck(event=f"{plan_id_of('acme')}:3", entry="touch", section="stakeholders")
    given(CFO, touched).when(StrikeEntry(event="3", reason="it was another account")).then(struck)
    assert not fold((OPENED, CFO, touched, struck)).all(Touch)


def test_an_archived_plan_has_no_new_relationships():
    given(CFO, PlanArchived()).when(LogTouch(**TOUCH)).then_refused("plan-is-archived")


def test_what_is_said_of_people_is_sealed_for_those_it_names():
    plan = fold((OPENED, CFO, HEAD, NOTED, AGREED))
    assert speaks_of(plan, DrawInfluence(**LINE)) == ("cfo", "head")
    assert speaks_of(plan, SettleObjection(id="lock-in", how="x")) == ("cfo",)
    assert speaks_of(plan, EndPairing(**PAIR)) == ("cfo",)
    assert speaks_of(plan, LogTouch(**TOUCH | {"stakeholders": ("head", "cfo")})) == ("cfo", "head")
    assert speaks_of(plan, LogTouch(**TOUCH, about=())) == ()
    assert all(command.speaks_of_its_people for command in RelationshipCommands.__args__)


def test_statements_and_summaries_are_free_text():
    assert marked(ObjectionNoted, Sealed) == (("statement", SPEECH),)
    assert marked(ObjectionSettled, Sealed) == (("how", SPEECH),)
    assert marked(TouchLogged, Sealed) == (("topics", SPEECH), ("summary", SPEECH))


def test_events_of_a_relationship_are_about_the_pair():
    assert (DRAWN.subject(), ERASED.subject()) == ("head:cfo", "head:cfo")
    assert (AGREED.subject(), ENDED.subject()) == ("cfo:ann:sales", "cfo:ann:sales")


def test_nothing_is_agreed_with_the_forgotten():
    forgotten = StakeholderForgotten(id="cfo")
    given(CFO, forgotten).when(AgreePairing(**PAIR, every_days=14)).then_refused("stakeholder-over", "/stakeholder")


def test_nothing_more_is_written_about_the_forgotten():
    """Their key is gone, so the words could not be sealed."""
    forgotten = StakeholderForgotten(id="cfo")
    settle = {"id": "lock-in", "how": "A second source is in the contract"}
    given(CFO, NOTED, forgotten).when(SettleObjection(**settle)).then_refused("speaks-of-the-forgotten", "/about")
    given(CFO, NOTED, forgotten).when(SettleObjection(**settle, about=())).then(SETTLED)
    given(CFO, AGREED, forgotten).when(EndPairing(**PAIR, reason="Ill")).then_refused("speaks-of-the-forgotten")
    given(CFO, AGREED, forgotten).when(EndPairing(**PAIR)).then(ENDED)


def pairing_after(*events):
    return fold((OPENED, CFO, *events)).the(Pairing, "cfo:ann:sales")
