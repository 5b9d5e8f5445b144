"""What holds for every command of every kind, whatever its topic."""

from datetime import date

import pytest

from domain.account_plan import COMMANDS, EVENTS, THINGS, fold
from domain.account_plan.actions import ActionAdded, ActionCompleted, AddAction
from domain.account_plan.competition import CompetitorIdentified, CompetitorReassessed
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.goals import GoalAchieved, GoalSet
from domain.account_plan.hypotheses import HypothesisProposed, HypothesisRefuted
from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.opportunities import OpportunityOpened, OpportunityWon
from domain.account_plan.overview import UnitAdded, UnitRemoved
from domain.account_plan.plan import CorrectPlan
from domain.account_plan.play_states import PlayWon
from domain.account_plan.plays import PlayPlanned, PlayRelinked, RelinkPlay, links_of
from domain.account_plan.reviews import ReviewCancelled, ReviewScheduled, ScheduleReview
from domain.account_plan.risks import RiskClosed, RiskRaised
from domain.account_plan.stakeholders import AddStakeholder, StakeholderAdded, StakeholderLeft
from domain.account_plan.standing import ChangeSentiment
from domain.account_plan.whitespace import OfferingListed, OfferingRetired
from domain.markers import Refers, marked
from domain.refusals import Over, Unknown
from domain.rules import check_references, named_in, speaks_of
from tests.cases import for_each
from tests.given import OPENED, given

JAN_5, MARCH_1 = date(2026, 1, 5), date(2026, 3, 1)

OVER = {
    "unit": (UnitAdded(id="x", name="Line B", kind="site", buying_center=True), UnitRemoved(id="x")),
    "offering": (OfferingListed(id="x", name="Hub", kind="product"), OfferingRetired(id="x")),
    "opportunity": (
        OpportunityOpened(id="x", name="Line B", amount=1, stage="scoping", close_on=MARCH_1, source="plan"),
        OpportunityWon(id="x", won_on=JAN_5, amount=1),
    ),
    "goal": (
        GoalSet(
            id="x",
            kind="revenue",
            statement="ARR of line B",
            measure="ARR",
            unit="EUR",
            baseline=1,
            target=3,
            due_on=MARCH_1,
            owner="ann",
        ),
        GoalAchieved(id="x", achieved_on=JAN_5),
    ),
    "hypothesis": (
        HypothesisProposed(id="x", outcome="Less rework", metric="hours", unit="hours", expected="25"),
        HypothesisRefuted(id="x", observed="0"),
    ),
    "competitor": (CompetitorIdentified(id="x", name="Globex"), CompetitorReassessed(id="x", position="gone")),
    "risk": (
        RiskRaised(id="x", kind="other", statement="Budget", likelihood=1, impact=1, owner="ann"),
        RiskClosed(id="x", outcome="averted", closed_on=JAN_5),
    ),
    "play": (
        PlayPlanned(id="x", title="Tour", kind="proof", owner="ann", due_on=MARCH_1, success_measure="They come"),
        PlayWon(id="x", finished_on=JAN_5, result="They came"),
    ),
    "action": (
        ActionAdded(id="x", statement="Send the offer", kind="task", owner="ann", due_on=MARCH_1),
        ActionCompleted(id="x", finished_on=JAN_5),
    ),
    "review": (ReviewScheduled(id="x", kind="monthly", planned_on=MARCH_1), ReviewCancelled(id="x")),
    "stakeholder": (
        StakeholderAdded(id="x", title="Chief Financial Officer", level="executive"),
        StakeholderLeft(id="x", left_on=JAN_5),
    ),
}
"""Of every kind of thing that is named, one that is over."""

NAMING = [
    pytest.param(command, field, marker, id=f"{name}: {field}")
    for name, command in COMMANDS.items()
    for field, marker in marked(command, Refers)
]


def naming(command, field, id):
    """A command that says nothing but that it names something in a field."""
    is_list = "tuple" in str(command.model_fields[field].annotation)
    return command.model_construct(**dict.fromkeys(command.model_fields) | {field: (id,) if is_list else id})


def test_everything_that_is_named_can_be_over():
    assert {marker.kind for _, marker in (found for c in COMMANDS.values() for found in marked(c, Refers))} == set(OVER)
    assert all(fold((OPENED, *events)).named(kind, "x").ending or kind == "competitor" for kind, events in OVER.items())


@for_each(("command", "field", "marker"), NAMING)
def test_what_is_over_may_be_named_unless_something_is_made_a_part_of_it(command, field, marker):
    plan = fold((OPENED, *OVER[marker.kind]))
    if marker.part_of:
        with pytest.raises(Over):
            check_references(plan, naming(command, field, "x"), None)
    else:
        check_references(plan, naming(command, field, "x"), None)


@for_each(("command", "field", "marker"), NAMING)
def test_what_is_named_is_there(command, field, marker):
    with pytest.raises(Unknown) as unknown:
        check_references(fold((OPENED,)), naming(command, field, "x"), None)
    assert unknown.value.type == f"unknown-{marker.kind}"
    assert unknown.value.pointer.startswith(f"/{field}")


@for_each(("command", "field", "marker"), NAMING)
def test_nothing_more_is_told_of_who_was_forgotten(command, field, marker):
    if marker.kind != "stakeholder":
        return
    plan = fold((OPENED, OVER["stakeholder"][0], StakeholderForgotten(id="x")))
    if field == "about":
        check_references(plan, naming(command, field, "x"), None)
    else:
        with pytest.raises(Over):
            check_references(plan, naming(command, field, "x"), None)


def test_what_a_thing_names_already_lets_nothing_else_pass():
    linked = PlayPlanned(
        id="tour", title="Tour", kind="proof", owner="ann", due_on=MARCH_1, success_measure="x", goal="x"
    )
    again = RelinkPlay(id="tour", goal="x", hypothesis="x")
    relinked = PlayRelinked(id="tour", **links_of(again))
    given(*OVER["goal"], linked).when(again).then_refused("unknown-hypothesis", "/hypothesis")
    given(*OVER["goal"], linked, *OVER["hypothesis"]).when(again).then(relinked)


def test_only_units_and_offerings_have_parts():
    parts = {marker.kind for c in COMMANDS.values() for _, marker in marked(c, Refers) if marker.part_of}
    assert parts == {"unit", "offering"} <= set(THINGS)


# Names in text

CFO = StakeholderAdded(id="cfo", name="Frauke Müller", title="Chief Financial Officer", level="executive")
COO = StakeholderAdded(id="coo", name="Jane Doe", level="executive")
CALL = {"id": "call", "kind": "task", "owner": "ann", "due_on": MARCH_1}


def test_whoever_a_text_names_it_is_taken_to_speak_of():
    plan = fold((OPENED, CFO, COO))
    call = AddAction(**CALL, statement="Call frauke muller about the tour")
    assert speaks_of(plan, call) == ("cfo",)
    assert speaks_of(plan, call.model_copy(update={"about": ("coo",)})) == ("cfo", "coo")
    assert speaks_of(plan, call.model_copy(update={"about": ()})) == (), "nobody is meant"
    because = AddAction(**CALL, statement="Call the plant", reason="Doe wants it")
    assert speaks_of(plan, because) == ("coo",)


def test_the_answer_says_whom_a_text_names_and_where():
    call = AddAction(**CALL, statement="Call Frauke Müller", expected="Jane signs", about=("coo",))
    decided = given(CFO, COO).when(call)
    warnings = decided.type.decide(decided.aggregate, call, decided.at).warnings
    assert [(each.code, each.pointer) for each in warnings] == [("names-a-person", "/statement")]
    assert warnings[0].detail.startswith("The text names “cfo”, so it is sealed for them.")
    assert "Müller" not in warnings[0].detail
    quiet = AddAction(**CALL, statement="Call Frauke Müller", about=())
    given(CFO, COO).when(quiet).then(ActionAdded(**CALL, statement="Call Frauke Müller"))


def test_names_are_found_in_parts_of_lists_and_in_lists_of_texts():
    agenda = ({"topic": "Offer", "minutes": 5}, {"topic": "What Jane Doe said", "minutes": 5})
    review = ScheduleReview(id="r", kind="weekly", planned_on=MARCH_1, agenda=agenda)
    decided = given(COO).when(review)
    [warning] = decided.type.decide(decided.aggregate, review, decided.at).warnings
    assert (warning.code, warning.pointer) == ("names-a-person", "/agenda/1/topic")
    assert "so it is sealed for them" in warning.detail


def test_a_label_that_stays_in_clear_says_so():
    decided = given(COO).when(CorrectPlan(territory="Jane Doe", reason="x"))
    [warning] = decided.type.decide(decided.aggregate, decided.command, decided.at).warnings
    assert (warning.code, warning.pointer) == ("names-a-person", "/territory")
    assert "in clear for ever" in warning.detail


def test_who_somebody_is_names_nobody_else():
    another = StakeholderAdded(id="cto", name="Jim Doe", title="Deputy of Frauke Müller", level="management")
    given(CFO, COO).when(AddStakeholder(**another.model_dump(exclude_unset=True))).then(another)


def test_what_a_stakeholder_command_says_of_others_is_sealed_for_them_as_well():
    plan = fold((OPENED, CFO, COO))
    said = ChangeSentiment(id="cfo", attitude=1, evidence="Jane Doe heard her say so")
    assert (speaks_of(plan, said), named_in(plan, said)) == (("cfo", "coo"), ("coo",))


def test_nobody_is_found_by_the_name_of_who_was_forgotten_or_withdrawn():
    call = AddAction(**CALL, statement="Call Frauke Müller")
    for gone in (StakeholderForgotten(id="cfo"), EVENTS["StakeholderWithdrawn"].model_validate({"id": "cfo"})):
        plan = fold((OPENED, CFO, gone))
        if isinstance(gone, StakeholderForgotten):
            assert plan.named("stakeholder", "cfo").name == "[forgotten]"
        assert speaks_of(plan, call) == ()


def test_the_name_of_who_was_merged_means_the_other():
    twice = StakeholderAdded(id="cfo-2", name="F. Mueller-Lang", level="executive")
    plan = fold((OPENED, CFO, twice, StakeholderMerged(id="cfo-2", into="cfo")))
    assert speaks_of(plan, AddAction(**CALL, statement="Call Mueller-Lang")) == ("cfo",)
