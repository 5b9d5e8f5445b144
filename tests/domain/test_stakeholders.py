from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from domain.account_plan import fold
from domain.account_plan.forgetting import ForgetStakeholder, StakeholderForgotten
from domain.account_plan.holds import LegalHoldPlaced, LegalHoldReleased, PlanArchived
from domain.account_plan.identities import CorrectStakeholder, Person, StakeholderCorrected
from domain.account_plan.plays import PlanPlay, PlayPlanned
from domain.account_plan.stakeholders import (
    AddStakeholder,
    MoveStakeholder,
    RecordDeparture,
    ReturnStakeholder,
    Stakeholder,
    StakeholderAdded,
    StakeholderCommands,
    StakeholderLeft,
    StakeholderMoved,
    StakeholderReturned,
    StakeholderVerified,
    VerifyStakeholder,
)
from domain.account_plan.standing import (
    AssignRoles,
    ChangeSentiment,
    PowerRated,
    RatePower,
    RateRelationship,
    RelationshipRated,
    RolesAssigned,
    SentimentChanged,
    StandingCommands,
)
from domain.language import FORGOTTEN
from domain.markers import PERSONAL, SPEECH, Sealed, marked
from domain.rules import speaks_of
from tests.cases import for_each
from tests.given import OPENED, given, given_nothing

JAN_5, JAN_6, MARCH_1 = date(2026, 1, 5), date(2026, 1, 6), date(2026, 3, 1)

DETAILS = {
    "name": "Frauke Müller",
    "title": "Chief Financial Officer",
    "email": "f.mueller-2@acme.example",
    "email_status": "verified",
    "phone": "+49 30 1234",
    "location": "Berlin",
    "crm_id": "003xx",
    "level": "executive",
    "roles": ("economic_buyer", "champion"),
    "motivators": ("fewer suppliers", "her board seat"),
    "joined_on": date(2020, 4, 1),
}
CFO = StakeholderAdded(id="cfo", **DETAILS)
CEO = StakeholderAdded(id="ceo", title="Chief Executive Officer", level="executive")
HEAD = StakeholderAdded(id="head", title="Head of Purchasing", level="management", reports_to="cfo")
LEFT = StakeholderLeft(id="cfo", left_on=JAN_5, went_to="a competitor")
FORGET = ForgetStakeholder(id="cfo")


def corrected_from(former, **said):
    return StakeholderCorrected(**said, former=Person(**former))


def test_a_stakeholder_can_be_added():
    given().when(AddStakeholder(id="cfo", **DETAILS)).then(CFO)
    given_nothing().when(AddStakeholder(id="cfo", **DETAILS)).then_refused("unknown-plan")
    given(CFO).when(AddStakeholder(id="cfo", **DETAILS)).then_refused("stakeholder-id-taken", "/id")


def test_what_is_blank_is_not_said():
    blank = AddStakeholder(id="ceo", name=" ", email="", title=CEO.title, unit=None, level="executive")
    given().when(blank).then(CEO)


def test_a_role_to_fill_needs_a_title():
    given().when(AddStakeholder(id="ceo", level="executive")).then_refused("role-needs-title", "/title")
    given(CEO).when(CorrectStakeholder(id="ceo", title=None)).then_refused("role-needs-title", "/title")
    given(CEO).when(MoveStakeholder(id="ceo", title=None, moved_on=JAN_5)).then_refused("role-needs-title", "/title")
    untitled = corrected_from({"title": DETAILS["title"]}, id="cfo", title=None)
    given(CFO).when(CorrectStakeholder(id="cfo", title=None)).then(untitled)


@for_each(
    ("id", "who"),
    [
        ("frauke", {"name": "Frauke Müller"}),
        ("MULLER-acme", {"name": "Frauke Müller"}),
        ("strasse.9", {"name": "Ann Straße"}),
        ("le_bao", {"name": "Li Bao"}),
        ("lukasz", {"name": "Łukasz Wójcik"}),
        ("cfo-obrien", {"name": "Pat O’Brien"}),
        ("schmidt", {"email": "a.schmidt42@acme.example"}),
        ("x-wuli", {"email": "wuli@acme.example"}),
        ("lee2", {"name": "Kim Lee"}),
        ("kimlee", {"name": "Kim Lee"}),
        ("mueller", {"name": "Frauke Müller"}),
        ("cfo.jeanluc", {"name": "Jean-Luc Ba"}),
    ],
)
def test_an_id_may_not_tell_the_person(id, who):
    given().when(AddStakeholder(id=id, title="x", level="executive", **who)).then_refused("id-tells-the-person", "/id")
    added = StakeholderAdded(id=id, title="x", level="executive")
    given(added).when(CorrectStakeholder(id=id, **who)).then_refused("id-tells-the-person", "/id")


@for_each(
    ("id", "who"),
    [
        ("cfo", {"name": "Frauke Müller", "email": "f.mueller@acme.example"}),
        ("lieutenant", {"name": "Li Wu"}),
        ("head.li", {"name": "Li Wu"}),
        ("acme-cfo", {"email": "f.mueller@acme.example"}),
        ("p-1", {"name": "P. Li"}),
        ("0031KiM00002abcQAQ", {"name": "Kim Lee"}),
        ("kimono-buyer", {"name": "Kim Lee"}),
        ("leeds-plant-lead", {"name": "Kim Lee", "email": "kim.lee@acme.example"}),
        ("frauke", {"email": "someone@frauke.example"}),
    ],
)
def test_an_id_that_tells_nobody_is_fine(id, who):
    added = {"id": id, "title": "x", "level": "execution", **who}
    given().when(AddStakeholder(**added)).then(StakeholderAdded(**added))


@pytest.mark.parametrize("crm_id", ["0031KiM00002abcQAQ", "kim", "lee-kim"])
def test_what_the_crm_calls_somebody_is_the_crms_choice(crm_id):
    added = {"id": "cfo", "name": "Kim Lee", "level": "executive", "crm_id": crm_id}
    given().when(AddStakeholder(**added)).then(StakeholderAdded(**added))


def test_only_what_was_wrong_is_corrected():
    former = {name: DETAILS[name] for name in ("name", "level", "motivators")}
    corrected = corrected_from(former, id="cfo", name="Frauke Möller", level="management", motivators=())
    wrong = {"name": "Frauke Möller", "level": "management", "motivators": (), "phone": "+49 30 1234"}
    given(CFO).when(CorrectStakeholder(id="cfo", **wrong)).then(corrected)
    given(CFO).when(CorrectStakeholder(id="cfo", **DETAILS)).then_nothing_happens()
    assert after(CFO, corrected) == after(CFO).model_copy(update=wrong)


def test_a_corrected_field_may_be_emptied_but_not_the_level():
    no_phone = corrected_from({"phone": "+49 30 1234"}, id="cfo", phone=None)
    given(CFO).when(CorrectStakeholder(id="cfo", phone=None)).then(no_phone)
    under_nobody = corrected_from({"reports_to": "cfo"}, id="head", reports_to=None)
    given(HEAD, CFO).when(CorrectStakeholder(id="head", reports_to=None)).then(under_nobody)
    with pytest.raises(ValidationError):
        CorrectStakeholder(id="cfo", level=None)


def test_roles_have_no_order_and_no_repetition():
    turned = ("champion", "economic_buyer", "champion")
    given(CFO).when(CorrectStakeholder(id="cfo", roles=turned)).then_nothing_happens()
    given(CFO).when(AssignRoles(id="cfo", roles=turned)).then_nothing_happens()
    given(CFO).when(AssignRoles(id="cfo", roles=("legal", "user", "legal"))).then(
        RolesAssigned(id="cfo", roles=("legal", "user"))
    )


def test_assigned_roles_are_the_whole_set():
    none = RolesAssigned(id="cfo", roles=())
    given(CFO).when(AssignRoles(id="cfo", roles=())).then(none)
    assert after(CFO, none).roles == ()


def test_a_new_mail_address_has_not_been_verified_nor_has_it_bounced():
    new, former = {"id": "cfo", "email": "fm@acme.example"}, {"email": DETAILS["email"]}
    unverified = corrected_from(former | {"email_status": "verified"}, **new, email_status=None)
    given(CFO).when(CorrectStakeholder(**new)).then(unverified)
    given(CFO).when(CorrectStakeholder(**new, email_status="verified")).then(corrected_from(former, **new))
    first = new | {"id": "ceo"}
    given(CEO).when(CorrectStakeholder(**first)).then(corrected_from({"email": None}, **first))


def test_nobody_reports_to_themselves():
    cycle = {"id": "cfo", "reports_to": "head"}
    given(CFO, HEAD).when(CorrectStakeholder(**cycle)).then_refused("reports-to-cycle", "/reports_to")
    given(CFO, HEAD).when(MoveStakeholder(**cycle, moved_on=JAN_5)).then_refused("reports-to-cycle", "/reports_to")
    given(CFO).when(CorrectStakeholder(id="cfo", reports_to="cfo")).then_refused("reports-to-cycle", "/reports_to")
    under_the_ceo = corrected_from({"reports_to": None}, id="cfo", reports_to="ceo")
    given(CFO, CEO, HEAD).when(CorrectStakeholder(id="cfo", reports_to="ceo")).then(under_the_ceo)


def test_a_superior_and_a_unit_must_be_there():
    given().when(AddStakeholder(id="head", title="x", level="management", reports_to="cfo")).then_refused(
        "unknown-stakeholder", "/reports_to"
    )
    given(CFO).when(MoveStakeholder(id="cfo", unit="plant-b", moved_on=JAN_5)).then_refused("unknown-unit", "/unit")
    under_her = corrected_from({"reports_to": None}, id="ceo", reports_to="cfo")
    given(CFO, LEFT, CEO).when(CorrectStakeholder(id="ceo", reports_to="cfo")).then(under_her, warnings=("has-left",))


def test_a_move_says_what_is_different_since_when_and_whether_it_was_a_promotion():
    move = {"id": "head", "title": "Director", "reports_to": "ceo", "moved_on": JAN_5}
    moved = StakeholderMoved(**move, promoted=False)
    given(CFO, CEO, HEAD).when(MoveStakeholder(**move, level="management")).then(moved)
    person = fold((OPENED, CFO, CEO, HEAD, moved)).the(Stakeholder, "head")
    assert (person.title, person.reports_to, person.moved_on, person.promoted) == ("Director", "ceo", JAN_5, False)


def test_a_move_that_changes_nothing_is_news_only_as_a_promotion():
    move = {"id": "cfo", "level": "executive", "moved_on": JAN_5}
    given(CFO).when(MoveStakeholder(**move)).then_nothing_happens()
    promoted = StakeholderMoved(id="cfo", moved_on=JAN_5, promoted=True)
    given(CFO).when(MoveStakeholder(**move, promoted=True)).then(promoted)
    given(CFO, promoted).when(MoveStakeholder(**move, promoted=True)).then_nothing_happens()


@pytest.mark.parametrize(
    ("command", "pointer"),
    [
        (AddStakeholder(id="coo", title="COO", level="executive", joined_on=JAN_6), "/joined_on"),
        (MoveStakeholder(id="cfo", title="COO", moved_on=JAN_6), "/moved_on"),
        (RecordDeparture(id="cfo", left_on=JAN_6), "/left_on"),
        (ReturnStakeholder(id="gone", returned_on=JAN_6, reason="back"), "/returned_on"),
    ],
)
def test_what_has_happened_was_not_tomorrow(command, pointer):
    gone = CEO.model_copy(update={"id": "gone"}), StakeholderLeft(id="gone", left_on=JAN_5)
    given(CFO, *gone).when(command).then_refused("day-in-the-future", pointer)


def test_a_changed_sentiment_says_the_former_one():
    first = SentimentChanged(id="cfo", attitude=-1, former=None, evidence="asked for three more offers")
    given(CFO).when(ChangeSentiment(id="cfo", attitude=-1, evidence=first.evidence)).then(first)
    unknown = SentimentChanged(id="cfo", attitude=None, former=-1)
    given(CFO, first).when(ChangeSentiment(id="cfo", attitude=None)).then(unknown)
    assert (after(CFO, first).attitude, after(CFO, first).evidence) == (-1, first.evidence)
    assert (after(CFO, first, unknown).attitude, after(CFO, first, unknown).evidence) == (None, None)


def test_the_same_attitude_is_news_only_with_new_evidence():
    first = SentimentChanged(id="cfo", attitude=0, former=None, evidence="listened")
    again = SentimentChanged(id="cfo", attitude=0, former=0, evidence="asked for a second date")
    given(CFO, first).when(ChangeSentiment(id="cfo", attitude=0)).then_nothing_happens()
    given(CFO, first).when(ChangeSentiment(id="cfo", attitude=0, evidence="listened")).then_nothing_happens()
    given(CFO, first).when(ChangeSentiment(id="cfo", attitude=0, evidence=again.evidence)).then(again)
    given(CFO).when(ChangeSentiment(id="cfo", attitude=None)).then_nothing_happens()
    assert after(CFO, first, again).evidence == again.evidence


@for_each(
    ("command", "wrong"),
    [
        (ChangeSentiment, {}),
        (ChangeSentiment, {"attitude": 3}),
        (ChangeSentiment, {"attitude": True}),
        (RatePower, {"power": 0}),
        (RatePower, {"power": None}),
        (RateRelationship, {"member": "ann", "strength": 4}),
        (ReturnStakeholder, {"returned_on": JAN_5}),
        (AssignRoles, {"roles": ("boss",)}),
    ],
)
def test_what_cannot_be_said_is_refused_by_its_shape(command, wrong):
    with pytest.raises(ValidationError):
        command(id="cfo", **wrong)


def test_a_rated_power_says_the_former_one():
    first, second = PowerRated(id="cfo", power=4, former=None), PowerRated(id="cfo", power=5, former=4)
    given(CFO).when(RatePower(id="cfo", power=4)).then(first)
    given(CFO, first).when(RatePower(id="cfo", power=4)).then_nothing_happens()
    given(CFO, first).when(RatePower(id="cfo", power=5)).then(second)
    assert after(CFO, first, second).power == 5


def test_a_relationship_is_rated_for_each_member_and_the_best_one_counts():
    ann = RelationshipRated(id="cfo", member="ann", strength=3, former=None)
    bob = RelationshipRated(id="cfo", member="bob", strength=1, former=None)
    less = RelationshipRated(id="cfo", member="ann", strength=0, former=3)
    given(CFO, ann).when(RateRelationship(id="cfo", member="bob", strength=1)).then(bob)
    given(CFO, ann, bob).when(RateRelationship(id="cfo", member="bob", strength=1)).then_nothing_happens()
    given(CFO, ann, bob).when(RateRelationship(id="cfo", member="ann", strength=0)).then(less)
    given(CFO).when(RateRelationship(id="cfo", member="ann", strength=0)).then(
        RelationshipRated(id="cfo", member="ann", strength=0, former=None)
    )
    strengths = [after(CFO, *rated).strength for rated in ((), (ann,), (ann, bob), (ann, bob, less))]
    assert strengths == [None, 3, 3, 1]
    assert after(CFO, ann, bob, less).relationships == {"ann": 0, "bob": 1}
    assert after(CFO).relationships == {}


def test_that_somebody_is_still_there_is_news_every_time():
    verified = StakeholderVerified(id="cfo")
    given(CFO, verified).when(VerifyStakeholder(id="cfo")).then(verified)
    bounced = StakeholderVerified(id="cfo", email_status="bounced")
    given(CFO).when(VerifyStakeholder(id="cfo", email_status="bounced")).then(bounced)
    assert after(CFO, bounced, verified).email_status == "bounced"


def test_who_has_left_is_over():
    given(CFO).when(RecordDeparture(id="cfo", left_on=JAN_5, went_to="a competitor")).then(LEFT)
    given(CFO, LEFT).when(RecordDeparture(id="cfo", left_on=JAN_5)).then_refused("stakeholder-over", "/id")
    given(CFO, LEFT).when(VerifyStakeholder(id="cfo")).then_refused("stakeholder-over", "/id")
    play = {"id": "tour", "title": "Plant tour for the CFO", "kind": "discovery", "owner": "bob", "due_on": MARCH_1}
    play |= {"success_measure": "She names three causes", "stakeholders": ("cfo",)}
    given(CFO).when(PlanPlay(**play)).then(PlayPlanned(**play))
    given(CFO, LEFT).when(PlanPlay(**play)).then(PlayPlanned(**play), warnings=("has-left",))
    assert (after(CFO, LEFT).went_to, after(CFO, LEFT).ending) == ("a competitor", "has left")


def test_who_has_left_may_return_with_a_reason():
    returned = StakeholderReturned(id="cfo", returned_on=JAN_5)
    back = ReturnStakeholder(id="cfo", returned_on=JAN_5, reason="only on leave")
    given(CFO, LEFT).when(back).then(returned)
    given(CFO).when(back).then_refused("stakeholder-not-over", "/id")
    person = after(CFO, LEFT, returned)
    assert (person.ending, person.left_on, person.went_to, person.returned_on) == (None, None, None, JAN_5)


def test_who_was_forgotten_does_not_return():
    forgotten = StakeholderForgotten(id="cfo")
    back = ReturnStakeholder(id="cfo", returned_on=JAN_5, reason="only on leave")
    given(CFO, LEFT, forgotten).when(back).then_refused("stakeholder-forgotten", "/id")
    given(CFO, forgotten).when(back).then_refused("stakeholder-forgotten", "/id")


@pytest.mark.parametrize("before", [(), (LEFT,), (PlanArchived(),), (LegalHoldPlaced(), LegalHoldReleased())])
def test_anybody_can_be_forgotten_once(before):
    forgotten = StakeholderForgotten(id="cfo")
    given(CFO, *before).when(FORGET).then(forgotten)
    given(CFO, *before, forgotten).when(FORGET).then_nothing_happens()


def test_an_unknown_stakeholder_can_neither_be_forgotten_nor_changed():
    for command in (FORGET, VerifyStakeholder(id="cfo"), RatePower(id="cfo", power=1)):
        given().when(command).then_refused("unknown-stakeholder", "/id")


def test_nobody_is_forgotten_under_a_legal_hold():
    given(CFO, LegalHoldPlaced()).when(FORGET).then_refused("legal-hold")
    given(CFO, StakeholderForgotten(id="cfo"), LegalHoldPlaced()).when(FORGET).then_nothing_happens()


def test_an_archived_plan_is_read_only_but_for_forgetting():
    given(CFO, PlanArchived()).when(VerifyStakeholder(id="cfo")).then_refused("plan-is-archived")


def test_of_the_forgotten_the_words_are_gone_and_the_rest_stays():
    mood = SentimentChanged(id="cfo", attitude=1, former=None, evidence="smiled")
    rated = RelationshipRated(id="cfo", member="ann", strength=3, former=None)
    before = after(CFO, mood, rated, LEFT)
    person = after(CFO, mood, rated, LEFT, StakeholderForgotten(id="cfo"))
    words = dict.fromkeys(("name", "title", "email", "phone", "location", "evidence", "went_to"), FORGOTTEN)
    assert person == before.model_copy(update={**words, "motivators": (FORGOTTEN,), "forgotten": True})
    assert person.ending == "was forgotten"


def test_what_was_never_said_of_the_forgotten_stays_unsaid():
    person = fold((OPENED, CEO, StakeholderForgotten(id="ceo"))).the(Stakeholder, "ceo")
    assert (person.title, person.name, person.email, person.motivators) == (FORGOTTEN, None, None, ())


def test_words_about_a_person_are_always_personal():
    personal = {"name", "title", "email", "phone", "location", "motivators"}
    for event in (StakeholderAdded, StakeholderCorrected):
        found = {name for name, sealed in marked(event, Sealed) if sealed == PERSONAL}
        assert found - {"former"} == personal
    assert ("former", PERSONAL) in marked(StakeholderCorrected, Sealed)
    assert marked(StakeholderMoved, Sealed) == (("title", PERSONAL),)
    assert marked(SentimentChanged, Sealed) == (("evidence", PERSONAL),)
    assert marked(StakeholderLeft, Sealed) == (("went_to", SPEECH),)


def test_a_stakeholder_command_speaks_of_that_stakeholder_unless_it_says_otherwise():
    plan = fold((OPENED, CFO, CEO))
    assert speaks_of(plan, RecordDeparture(id="cfo", left_on=JAN_5)) == ("cfo",)
    assert speaks_of(plan, CorrectStakeholder(id="cfo", reports_to="ceo")) == ("ceo", "cfo")
    assert speaks_of(plan, RatePower(id="cfo", power=1, about=())) == ()
    assert speaks_of(plan, RatePower(id="cfo", power=1, about=("ceo",))) == ("ceo",)


def test_today_is_the_day_where_the_plan_lives():
    left = RecordDeparture(id="cfo", left_on=JAN_6)
    midnight_in_berlin = datetime(2026, 1, 5, 23, 0, tzinfo=UTC)
    given(CFO).when(left, at=midnight_in_berlin).then(StakeholderLeft(id="cfo", left_on=JAN_6))


def test_commands_come_as_json():
    spoken = TypeAdapter(AddStakeholder).validate_json(
        '{"id": "cfo", "title": "CFO", "level": "executive", "roles": ["user", "user"], "joined_on": "2020-04-01"}'
    )
    assert (spoken.roles, spoken.joined_on) == (("user",), date(2020, 4, 1))


def test_every_command_seals_what_it_says_of_people():
    commands = (*StakeholderCommands.__args__, *StandingCommands.__args__)
    assert all(command.speaks_of_its_people for command in commands)


def after(*events):
    return fold((OPENED, *events)).the(Stakeholder, "cfo")
