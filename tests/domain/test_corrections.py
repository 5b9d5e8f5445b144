"""Whatever was said of a thing can be corrected, and a thing entered by mistake withdrawn, whichever kind it is."""

from datetime import UTC, date, datetime
from decimal import Decimal
from json import dumps

import pytest
from pydantic import ValidationError

from domain.account_plan import COMMANDS, EVENTS, THINGS, TOPICS, fold
from domain.account_plan.actions import ActionAcknowledged, ActionAdded, ActionCompleted
from domain.account_plan.entries import EntryStruck, Note, NoteWritten
from domain.account_plan.goals import GoalAchieved, GoalSet
from domain.account_plan.health import Health, HealthRecorded
from domain.account_plan.identities import StakeholderCorrected
from domain.account_plan.opportunities import Opportunity, OpportunityOpened, OpportunityReopened, OpportunityWon
from domain.account_plan.overview import Unit, UnitAdded, UnitRemoved
from domain.account_plan.plan import plan_id_of
from domain.account_plan.play_states import PlayStarted, PlayWon
from domain.account_plan.plays import Play, PlayPlanned
from domain.account_plan.relationships import Objection, ObjectionNoted, ObjectionSettled, TouchLogged
from domain.account_plan.requests import Request, RequestAnswered, RequestDelivered, RequestRaised
from domain.account_plan.reviews import ReviewHeld, ReviewScheduled
from domain.account_plan.risks import MitigationPlanned, Risk, RiskRaised
from domain.account_plan.stakeholders import Stakeholder, StakeholderAdded, StakeholderMoved
from domain.account_plan.team import Member, MemberAssigned, MemberReleased
from domain.account_plan.whitespace import CellAssessed, Offering, OfferingListed, OfferingRetired
from domain.corrections import Correction, Withdrawal
from tests.cases import for_each
from tests.given import OPENED, given
from tests.histories import opened
from tests.mended import CORRECTED, ENTERED, WITHDRAWN

JAN_2, JAN_3, JAN_5 = date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 5)
MARCH_1, JUNE_30 = date(2026, 3, 1), date(2026, 6, 30)
LATER = datetime(2026, 2, 1, 9, tzinfo=UTC)
WHY = {"reason": "Typed into the wrong row"}

CFO = StakeholderAdded(id="cfo", title="Chief Financial Officer", level="executive")
PLANNED = PlayPlanned(
    id="tour",
    title="Plant tour",
    kind="discovery",
    owner="ann",
    due_on=MARCH_1,
    success_measure="They come",
    stakeholders=("cfo",),
)
STARTED = PlayStarted(id="tour", started_on=JAN_3)
WON = PlayWon(id="tour", finished_on=JAN_3, result="They came")
ADDED = ActionAdded(
    id="offer", statement="Send the offer", kind="milestone", owner="ann", due_on=MARCH_1, stage="scoping"
)


def correct(noun, /, **body):
    return COMMANDS[f"correct-{noun}"].model_validate_json(dumps({**WHY, **body}))


def withdraw(noun, /, **body):
    return COMMANDS[f"withdraw-{noun}"].model_validate_json(dumps({**WHY, **body}))


def corrected(noun, former, /, **said):
    return EVENTS[f"{noun.capitalize()}Corrected"].model_validate({**said, "former": former})


def withdrawn(noun, /, **said):
    return EVENTS[f"{noun.capitalize()}Withdrawn"].model_validate(said)


# Every kind


def test_every_kind_of_thing_can_be_corrected_and_withdrawn():
    # Being excused from a rule is decided, not observed: granted for another day or revoked, it is mended.
    kinds = set(THINGS) - {"exception"}
    assert {f"withdraw-{kind}" for kind in kinds - {"plan"}} <= set(COMMANDS)
    assert {f"correct-{kind}" for kind in kinds} - set(COMMANDS) == {"correct-influence"}, (
        "which says nothing but itself"
    )


def test_everything_a_creation_set_can_be_corrected():
    for mistakes in (each for topic in TOPICS for each in topic.mistakes if each.corrects):
        made, said = mistakes.made_by.model_fields, COMMANDS[f"correct-{mistakes.thing.noun}"].model_fields
        assert set(made) - {"reason", "about"} <= set(said)
        assert set(said) - {"reason", "about"} == set(mistakes.corrected.model_fields) - {"former"}
    added, said = COMMANDS["add-stakeholder"].model_fields, COMMANDS["correct-stakeholder"].model_fields
    assert set(added) <= set(said)


@for_each(("command", "body"), [*CORRECTED, *WITHDRAWN])
def test_a_correction_or_a_withdrawal_says_why(command, body):
    if command == "merge-stakeholder":
        return
    for reason in ({}, {"reason": None}, {"reason": " "}):
        with pytest.raises(ValidationError, match="reason"):
            COMMANDS[command].model_validate_json(dumps(body | reason))


@pytest.fixture(scope="module")
def told():
    history = opened()
    for command, body in (
        ("add-stakeholder", {"id": "buyer", "title": "Buyer", "level": "management"}),
        ("add-unit", {"id": "plant", "name": "Plant", "kind": "site", "buying_center": True}),
        ("write-summary", {"relevance": "Largest plant"}),
        ("describe-account", {"employees": 900}),
        ("set-contract", {"arr": "120000", "starts_on": "2026-01-01", "renews_on": "2027-12-31", "products": ["Hub"]}),
        *ENTERED,
    ):
        history.on("2026-01-27", command, **body)
    return history.known.state


@for_each(("command", "body"), [each for each in CORRECTED if each[0] != "merge-stakeholder"])
def test_a_correction_records_what_is_different_and_what_stood_there_and_said_again_nothing(told, command, body):
    said = COMMANDS[command].model_validate_json(dumps(body | WHY))
    plan = given_plan(told)
    decided = plan.when(said, at=LATER)
    [event] = decided.type.decide(decided.aggregate, said, LATER).events
    new = event.model_fields_set - {"former", "id"} - set(identity_of(command))
    assert new == set(body) - {"id"} - set(identity_of(command))
    assert event.former.model_fields_set == new
    before = told.named(said.noun, event.subject())
    if said.noun != "health":
        assert all(getattr(event.former, name) == getattr(before, name) for name in new)
    assert all(getattr(event, name) != getattr(event.former, name) for name in new)
    after = fold([event], onto=told)
    assert all(getattr(after.named(said.noun, event.subject()), name) == getattr(event, name) for name in new)
    given_plan(after).when(said, at=LATER).then_nothing_happens()


def identity_of(command):
    kind = command.removeprefix("correct-")
    return next((each.identity for topic in TOPICS for each in topic.mistakes if each.thing.noun == kind), ("id",))


def given_plan(plan):
    given_one = given()
    given_one.aggregate = plan
    return given_one


@for_each("kind", [kind for kind in THINGS if kind not in ("plan", "health")])
def test_a_thing_that_is_not_there_can_be_neither_corrected_nor_withdrawn(kind):
    for verb in ("correct", "withdraw"):
        model = COMMANDS.get(f"{verb}-{kind}")
        if model:
            which = {name: "2026-Q1" if name == "quarter" else "x" for name in identity_of(f"correct-{kind}")}
            if kind == "member":
                which = {"person": "x", "role": "finance"}
            outcome = given(CFO, UNIT, OFFERING).when(model.model_validate_json(dumps(which | WHY)))
            with pytest.raises(Exception, match="There is no"):
                outcome.type.decide(outcome.aggregate, outcome.command, outcome.at)


UNIT = UnitAdded(id="line", name="Line B", kind="site", buying_center=True)
OFFERING = OfferingListed(id="hub", name="Hub", kind="product")


# Correcting


def test_what_is_over_can_be_corrected_days_of_its_life_included():
    was = corrected("play", {"started_on": JAN_3, "finished_on": JAN_3}, id="tour", started_on=JAN_2, finished_on=JAN_5)
    command = correct("play", id="tour", started_on="2026-01-02", finished_on="2026-01-05")
    given(CFO, PLANNED, STARTED, WON).when(command).then(was)
    play = fold((OPENED, CFO, PLANNED, STARTED, WON, was)).the(Play, "tour")
    assert (play.state, play.started_on, play.finished_on, play.result) == ("won", JAN_2, JAN_5, "They came")


def test_a_result_nobody_gave_can_be_given_once_it_is_over_and_not_before():
    without = PlayWon(id="tour", finished_on=JAN_3)
    given(CFO, PLANNED, without).when(correct("play", id="tour", result="12 came")).then(
        corrected("play", {"result": None}, id="tour", result="12 came")
    )
    given(CFO, PLANNED).when(correct("play", id="tour", result="12 came")).then_refused("nothing-to-correct", "/result")
    given(CFO, PLANNED).when(correct("play", id="tour", started_on="2026-01-02")).then_refused(
        "nothing-to-correct", "/started_on"
    )


def test_what_must_be_said_is_corrected_but_not_emptied():
    for field in ("title", "kind", "owner", "due_on", "success_measure", "finished_on"):
        with pytest.raises(ValidationError, match="not be emptied"):
            correct("play", id="tour", **{field: None})
    emptied = corrected("play", {"stakeholders": ("cfo",)}, id="tour", stakeholders=())
    given(CFO, PLANNED).when(correct("play", id="tour", stakeholders=[])).then(emptied)


def test_what_a_correction_says_keeps_the_rules_of_what_it_corrects():
    tomorrow = correct("play", id="tour", finished_on="2026-01-06")
    given(CFO, PLANNED, WON).when(tomorrow).then_refused("day-in-the-future", "/finished_on")
    given(CFO, PLANNED).when(correct("play", id="tour", goal="x")).then_refused("unknown-goal", "/goal")
    late = correct("play", id="tour", starts_on="2026-03-02")
    given(CFO, PLANNED).when(late).then_refused("play-starts-after-it-is-due", "/starts_on")
    with pytest.raises(ValidationError):
        correct("risk", id="x", impact=6)


@pytest.mark.parametrize("said", [{"kind": "task"}, {"kind": "joint", "side": "customer"}])
def test_what_belongs_to_one_kind_is_not_left_in_a_thing_of_another(said):
    given(ADDED).when(correct("action", id="offer", **said)).then_refused("misplaced", "/kind")
    without_stage = EVENTS["ActionCorrected"].model_validate(
        {"id": "offer", **said, "stage": None, "former": {"kind": "milestone", "stage": "scoping"}}
        | ({"former": {"kind": "milestone", "side": "us", "stage": "scoping"}} if "side" in said else {})
    )
    given(ADDED).when(correct("action", id="offer", **said, stage=None)).then(without_stage)


def test_a_unit_is_never_a_part_of_itself():
    plant = UnitAdded(id="plant", name="Plant", kind="site", buying_center=True)
    line = UnitAdded(id="hall", name="Hall", kind="site", buying_center=True, parent="plant")
    for below in ("plant", "hall"):
        given(plant, line).when(correct("unit", id="plant", parent=below)).then_refused("unit-below-itself", "/parent")
    moved = corrected("unit", {"parent": "plant", "kind": "site"}, id="hall", parent=None, kind="team")
    given(plant, line).when(correct("unit", id="hall", parent=None, kind="team")).then(moved)


def test_the_amount_that_was_signed_is_corrected_and_the_forecast_before_it_stays():
    open_ = OpportunityOpened(id="deal", name="Line B", amount=Decimal(9), stage="x", close_on=JUNE_30, source="plan")
    won = OpportunityWon(id="deal", won_on=JAN_3, amount=Decimal(8))
    fixed = corrected("opportunity", {"amount": 8, "won_on": JAN_3}, id="deal", amount=7, won_on=JAN_2)
    given(open_, won).when(correct("opportunity", id="deal", amount="7", won_on="2026-01-02")).then(fixed)
    assert fold((OPENED, open_, won, fixed)).the(Opportunity, "deal").amount == 7
    assert fold((OPENED, open_, won, fixed, OpportunityReopened(id="deal"))).the(Opportunity, "deal").amount == 9


def test_the_baseline_of_a_goal_and_the_day_it_was_reached_are_corrected():
    terms = {"kind": "revenue", "statement": "Triple ARR", "measure": "ARR", "unit": "EUR", "owner": "ann"}
    goal = GoalSet(id="g", **terms, baseline=Decimal(1), target=Decimal(3), due_on=JUNE_30)
    reached = GoalAchieved(id="g", achieved_on=JAN_3)
    given(goal, reached).when(correct("goal", id="g", baseline="2", achieved_on="2026-01-02")).then(
        corrected("goal", {"baseline": 1, "achieved_on": JAN_3}, id="g", baseline=2, achieved_on=JAN_2)
    )


def test_times_in_a_role_stay_one_after_the_other():
    ann = {"person": "ann", "role": "finance"}
    first, over = MemberAssigned(**ann, from_on=JAN_2), MemberReleased(**ann, until_on=JAN_3)
    second = MemberAssigned(**ann, stint=2, from_on=JAN_5)
    overlaps = correct("member", **ann, stint=2, from_on="2026-01-03")
    given(first, over, second).when(overlaps).then_refused("stints-overlap", "/from_on")
    overlaps = correct("member", **ann, until_on="2026-01-05")
    given(first, over, second).when(overlaps).then_refused("stints-overlap", "/from_on")
    before = correct("member", **ann, until_on="2026-01-01")
    given(first, over, second).when(before).then_refused("released-before-assigned", "/until_on")
    moved = corrected("member", {"from_on": JAN_5}, **ann, stint=2, from_on=date(2026, 1, 4))
    given(first, over, second).when(correct("member", **ann, stint=2, from_on="2026-01-04")).then(moved)
    assert fold((OPENED, first, over, second, moved)).the(Member, "ann:finance:2").from_on == date(2026, 1, 4)


HELD = ReviewHeld(id="r1", kind="monthly", audience="customer", held_on=JAN_3, ours=("ann",), theirs=("cfo",))


@pytest.mark.parametrize(("field", "value"), [("held_on", "2026-01-02"), ("kind", "weekly"), ("audience", "internal")])
def test_what_a_held_review_is_called_and_judged_by_stays(field, value):
    given(CFO, HELD).when(correct("review", id="r1", **{field: value})).then_refused(
        "review-is-a-baseline", f"/{field}"
    )


def test_what_was_said_at_a_review_and_who_was_there_can_be_corrected():
    given(CFO, HELD).when(correct("review", id="r1", ours=[])).then_refused("review-of-nobody", "/ours")
    given(CFO, HELD).when(correct("review", id="r1", theirs=[])).then_refused("review-of-nobody", "/theirs")
    given(CFO, HELD).when(correct("review", id="r1", ours=["ben"], decisions=["Go on"])).then(
        corrected("review", {"ours": ("ann",), "decisions": ()}, id="r1", ours=("ben",), decisions=("Go on",))
    )
    scheduled = ReviewScheduled(id="r2", kind="monthly", planned_on=MARCH_1)
    given(scheduled).when(correct("review", id="r2", kind="weekly")).then(
        corrected("review", {"kind": "monthly"}, id="r2", kind="weekly")
    )


def test_what_was_read_on_a_day_is_corrected_and_withdrawn_for_that_day_alone():
    early = HealthRecorded(as_of_on=JAN_2, health="red", nps=Decimal(10))
    late = HealthRecorded(as_of_on=JAN_3, health="green")
    fixed = corrected("health", {"health": "red"}, as_of_on=JAN_2, health="amber")
    given(early, late).when(correct("health", as_of_on="2026-01-02", health="amber")).then(fixed)
    given(early).when(correct("health", as_of_on="2026-01-03", nps="1")).then_refused(
        "nothing-read-that-day", "/as_of_on"
    )
    assert health_after(early, late, fixed).health == "green"
    assert health_after(early, fixed).health == "amber"
    gone = withdrawn("health", as_of_on=JAN_3)
    given(early, late).when(withdraw("health", as_of_on="2026-01-03")).then(gone)
    assert (health_after(early, late, gone).health, health_after(early, late, gone).as_of_on) == ("red", JAN_2)
    assert health_after(early, withdrawn("health", as_of_on=JAN_2)) is None


def health_after(*events):
    return fold((OPENED, *events)).find(Health, "health")


def test_a_correction_of_an_entry_that_was_struck_changes_nothing():
    note = NoteWritten(id="n", section="risks", text="Budget talks")
    fixed = corrected("note", {"text": "Budget talks"}, id="n", text="Budget talks in May")
    struck = EntryStruck(event=f"{plan_id_of('acme')}:2", entry="note", section="risks")
    assert fold((OPENED, note, fixed)).the(Note, "n").text == "Budget talks in May"
    assert fold((OPENED, note, fixed, struck)).find(Note, "n") is None


# Withdrawing


def test_what_was_withdrawn_is_gone_and_its_id_is_not_given_again():
    again = COMMANDS["plan-play"].model_validate(PLANNED.model_dump(exclude_unset=True))
    gone = withdrawn("play", id="tour")
    given(CFO, PLANNED, WON).when(withdraw("play", id="tour")).then(gone)
    assert fold((OPENED, CFO, PLANNED, gone)).find(Play, "tour") is None
    given(CFO, PLANNED, gone).when(again).then_refused("play-id-taken", "/id")
    given(CFO, PLANNED, gone).when(withdraw("play", id="tour")).then_refused("unknown-play", "/id")
    given(CFO, PLANNED, gone).when(correct("play", id="tour", owner="ben")).then_refused("unknown-play", "/id")


def test_what_others_name_is_not_withdrawn_and_the_refusal_lists_them():
    named_by = ActionAdded(id="offer", statement="Send it", kind="task", owner="ann", due_on=MARCH_1, play="tour")
    touch = TouchLogged(id="t", happened_on=JAN_3, kind="call", stakeholders=("cfo",), members=("ann",), play="tour")
    outcome = given(CFO, PLANNED, named_by, ActionCompleted(id="offer", finished_on=JAN_3), touch)
    refused = outcome.when(withdraw("play", id="tour"))
    refused.then_refused("play-still-named", "/id")
    with pytest.raises(Exception, match="action “offer”, touch “t”"):
        refused.type.decide(refused.aggregate, refused.command, refused.at)
    unlinked = corrected("touch", {"play": "tour"}, id="t", play=None)
    given(CFO, PLANNED, touch, unlinked).when(withdraw("play", id="tour")).then(withdrawn("play", id="tour"))


def test_a_unit_with_cells_and_a_person_with_touches_are_named_by_them():
    cell = CellAssessed(unit="line", offering="hub", penetration="pilot")
    for kind, id in (("unit", "line"), ("offering", "hub")):
        given(UNIT, OFFERING, cell).when(withdraw(kind, id=id)).then_refused(f"{kind}-still-named", "/id")
    empty = withdrawn("cell", unit="line", offering="hub")
    given(UNIT, OFFERING, cell).when(withdraw("cell", unit="line", offering="hub")).then(empty)
    given(UNIT, OFFERING, cell, empty).when(withdraw("unit", id="line")).then(withdrawn("unit", id="line"))
    given(CFO, PLANNED).when(withdraw("stakeholder", id="cfo")).then_refused("stakeholder-still-named", "/id")


def test_what_a_plan_has_one_of_can_be_said_anew_after_it_was_withdrawn():
    history = opened()
    history.on("2026-01-06", "write-summary", relevance="Of another account", why_now="x")
    history.on("2026-01-06", "withdraw-summary", **WHY)
    history.on("2026-01-06", "write-summary", relevance="Largest plant")
    summary = history.known.state.named("summary", "summary")
    assert (summary.relevance, summary.why_now) == ("Largest plant", None)


def test_commands_are_made_of_the_two_bases_alone():
    made = {command for topic in TOPICS for each in topic.mistakes for command in each.commands}
    assert {command for command in COMMANDS.values() if issubclass(command, Correction | Withdrawal)} == made


# What is said otherwise than it is kept


def test_whether_the_last_move_was_a_step_up_is_corrected_once_there_was_a_move():
    moved = StakeholderMoved(id="cfo", title="COO", moved_on=JAN_3, promoted=False)
    was = StakeholderCorrected.model_validate({"id": "cfo", "promoted": True, "former": {"promoted": False}})
    command = correct("stakeholder", id="cfo", promoted=True)
    given(CFO, moved).when(command).then(was)
    assert fold((OPENED, CFO, moved, was)).the(Stakeholder, "cfo").promoted
    given(CFO).when(command).then_refused("nothing-to-correct", "/promoted")


RAISED = RequestRaised(id="lims", function="product", kind="roadmap", statement="LIMS link", owner="ann")
ANSWERED = RequestAnswered(id="lims", decision="accepted", member="joy")
DELIVERED = RequestDelivered(id="lims", delivered_on=JAN_3)


def request_after(*events):
    return fold((OPENED, RAISED, *events)).the(Request, "lims")


def test_an_answer_is_corrected_also_after_the_delivery_and_the_state_follows():
    declined = corrected("request", {"decision": "accepted"}, id="lims", decision="declined")
    given(RAISED, ANSWERED).when(correct("request", id="lims", decision="declined")).then(declined)
    assert (request_after(ANSWERED, declined).state, request_after(ANSWERED, declined).is_waiting) == (
        "declined",
        False,
    )
    given(RAISED, ANSWERED, DELIVERED).when(correct("request", id="lims", decision="declined")).then_refused(
        "request-declined", "/decision"
    )
    planned = corrected("request", {"decision": "accepted"}, id="lims", decision="planned")
    given(RAISED, ANSWERED, DELIVERED).when(correct("request", id="lims", decision="planned")).then(planned)
    assert request_after(ANSWERED, DELIVERED, planned).state == "delivered"
    given(RAISED).when(correct("request", id="lims", decision="planned", member="joy")).then_refused(
        "nothing-to-correct", "/decision"
    )


def test_an_answer_or_a_delivery_of_another_request_is_taken_back():
    unanswered = corrected("request", {"decision": "accepted", "member": "joy"}, id="lims", decision=None, member=None)
    given(RAISED, ANSWERED).when(correct("request", id="lims", decision=None, member=None)).then(unanswered)
    assert (request_after(ANSWERED, unanswered).state, request_after(ANSWERED, unanswered).is_waiting) == (
        "raised",
        True,
    )
    given(RAISED, ANSWERED).when(correct("request", id="lims", decision=None)).then_refused(
        "answer-of-nobody", "/decision"
    )
    not_there = corrected("request", {"delivered_on": JAN_3}, id="lims", delivered_on=None)
    given(RAISED, ANSWERED, DELIVERED).when(correct("request", id="lims", delivered_on=None)).then(not_there)
    assert (request_after(ANSWERED, DELIVERED, not_there).state, request_after(DELIVERED, not_there).state) == (
        "accepted",
        "raised",
    )


def test_what_was_taken_away_or_settled_by_mistake_is_there_again():
    gone = UnitRemoved(id="line")
    back = corrected("unit", {"removed": True}, id="line", removed=False)
    given(UNIT, gone).when(correct("unit", id="line", removed=False)).then(back)
    assert fold((OPENED, UNIT, gone, back)).the(Unit, "line").is_open
    given(UNIT).when(correct("unit", id="line", removed=True)).then_refused("nothing-to-correct", "/removed")
    retired = OfferingRetired(id="hub")
    again = corrected("offering", {"retired": True}, id="hub", retired=False)
    given(OFFERING, retired).when(correct("offering", id="hub", retired=False)).then(again)
    assert fold((OPENED, OFFERING, retired, again)).the(Offering, "hub").is_open
    noted = ObjectionNoted(id="o", stakeholder="cfo", statement="Too dear")
    settled = ObjectionSettled(id="o", how="Rebate")
    stands = corrected("objection", {"how": "Rebate"}, id="o", how=None)
    given(CFO, noted, settled).when(correct("objection", id="o", how=None)).then(stands)
    assert fold((OPENED, CFO, noted, settled, stands)).the(Objection, "o").is_open


def test_who_agreed_to_an_action_is_corrected_and_that_anybody_did_taken_back():
    agreed = ActionAcknowledged(id="offer", stakeholder="cfo", acknowledged_on=JAN_3)
    none = {"acknowledged_by": None, "acknowledged_on": None}
    taken_back = corrected("action", {"acknowledged_by": "cfo", "acknowledged_on": JAN_3}, id="offer", **none)
    given(CFO, ADDED, agreed).when(correct("action", id="offer", **none)).then(taken_back)
    given(CFO, ADDED, agreed).when(correct("action", id="offer", acknowledged_by=None)).then_refused(
        "acknowledged-by-nobody", "/acknowledged_by"
    )
    given(CFO, ADDED, agreed).when(correct("action", id="offer", acknowledged_by="coo")).then_refused(
        "unknown-stakeholder", "/acknowledged_by"
    )


def test_the_mitigations_of_a_risk_are_corrected_as_one_list():
    risk = RiskRaised(id="r", kind="other", statement="Budget", likelihood=1, impact=1, owner="ann")
    planned = MitigationPlanned(id="r", statement="Meet the CEO")
    fixed = corrected("risk", {"mitigations": ("Meet the CEO",)}, id="r", mitigations=("Meet the CFO",))
    given(risk, planned).when(correct("risk", id="r", mitigations=["Meet the CFO"])).then(fixed)
    assert fold((OPENED, risk, planned, fixed)).the(Risk, "r").mitigations == ("Meet the CFO",)
    given(risk).when(correct("risk", id="r", mitigations=["Meet the CFO"])).then_refused(
        "nothing-to-correct", "/mitigations"
    )
