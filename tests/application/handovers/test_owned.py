"""What somebody owns in a plan, by which commands it becomes somebody else's, and what nobody can hand over."""

import pytest
from pydantic import ValidationError

from application.aggregates.access import CallerNotAllowed
from application.aggregates.handle import CommandRefused
from application.handovers.handover import Handover, Owned, _refused, left_to_do, owned_by
from domain.account_plan.plan import PlanNotOpen
from domain.account_plan.relationships import Pairing
from tests.cases import for_each
from tests.histories import History, opened

DUE = {"due_on": "2026-03-31"}


def told(person: str, to: str) -> History:
    """Eva owns one open thing of each kind, something that is over, and nothing of what is Ben's."""
    history = opened()
    for command, body in (
        ("add-stakeholder", {"id": "cfo", "title": "Chief Financial Officer", "level": "executive"}),
        ("add-stakeholder", {"id": "coo", "title": "Chief Operating Officer", "level": "executive"}),
        ("add-action", {"id": "call", "statement": "Call the plant", "kind": "task", "owner": person, **DUE}),
        ("add-action", {"id": "done", "statement": "Ask for the plan", "kind": "task", "owner": person, **DUE}),
        ("complete-action", {"id": "done", "finished_on": "2026-01-05"}),
        ("add-action", {"id": "other", "statement": "Ship the hub", "kind": "task", "owner": "ben", **DUE}),
        ("raise-request", {"id": "docs", "function": "legal", "kind": "terms", "statement": "Terms", "owner": person}),
        ("agree-pairing", {"member": person, "stakeholder": "cfo", "every_days": 30}),
        ("agree-pairing", {"member": person, "stakeholder": "coo", "every_days": 14}),
        ("agree-pairing", {"member": to, "stakeholder": "coo", "every_days": 60}),
        ("open-opportunity", {"id": "deal", "name": "Line B", "amount": "9", "stage": "x", "close_on": "2026-06-30",
                              "source": "plan"}),
        ("set-next-best-action", {"id": "deal", "statement": "Send the offer", "owner": person, **DUE}),
        ("open-opportunity", {"id": "bens", "name": "Line C", "amount": "9", "stage": "x", "close_on": "2026-06-30",
                              "source": "plan"}),
        ("set-next-best-action", {"id": "bens", "statement": "Send the offer", "owner": "ben", **DUE}),
        ("assign-member", {"person": person, "role": "sales_engineer", "from_on": "2026-01-05"}),
        ("assign-member", {"person": "ben", "role": "sales_engineer", "from_on": "2026-01-05"}),
        ("reassign-plan", {"owner": person, "reason": "They know them"}),
    ):  # fmt: skip
        history.on("2026-01-05", command, **body)
    return history


def owned(history: History, person: str, to: str) -> dict[str, list[str]]:
    return {
        f"{each.thing.noun} {each.thing.id}": [type(command).__name__ for command in each.commands]
        for each in owned_by(history.known.state, person, to, "She leaves")
    }


@for_each(("person", "to"), [("eva", "zoe"), ("eva@example.com", "Zoe@Example.com"), ("Eva@Example.com", "zoe")])
def test_what_is_open_becomes_somebody_elses_and_a_pairing_that_they_have_already_only_ends(person, to):
    history = told(person, to)
    assert owned(history, person.swapcase() if "@" in person else person, to) == {
        "action call": ["ReassignAction"],
        "request docs": ["ReassignRequest"],
        f"pairing {history.known.state.open(Pairing)[0].id}": ["EndPairing", "AgreePairing"],
        f"pairing {history.known.state.open(Pairing)[1].id}": ["EndPairing"],
        "plan plan": ["ReassignPlan"],
    }


def test_a_pairing_goes_on_at_the_same_pace_and_a_stranger_owns_nothing():
    history = told("eva", "zoe")
    pairing = next(each for each in owned_by(history.known.state, "eva", "zoe", "why") if len(each.commands) == 2)
    assert (pairing.commands[1].member, pairing.commands[1].every_days) == ("zoe", 30)
    assert {command.reason for command in pairing.commands} == {"why"}
    assert owned(history, "kim", "zoe") == {}
    assert list(left_to_do(history.known.state, "kim")) == []


def test_a_next_best_action_and_a_seat_on_the_team_are_left_to_be_decided_anew():
    history = told("eva", "zoe")
    left = list(left_to_do(history.known.state, "eva"))
    assert [each.kind for each in left] == ["opportunity", "member"]
    assert left[0].id == "deal"
    held = {"kind": "monthly", "audience": "internal", "held_on": "2026-01-05", "ours": ["eva"]}
    history.on("2026-01-05", "hold-review", id="past", **held)
    for id, ours in (("theirs", ["ben"]), ("next", ["ben", "Eva"]), ("hers", ["ben", "eva"]), ("off", ["eva"])):
        history.on("2026-01-05", "schedule-review", id=id, kind="monthly", planned_on="2026-02-05", ours=ours)
    history.on("2026-01-05", "cancel-review", id="off", reason="Nobody is there")
    invited = [each.id for each in left_to_do(history.known.state, "eva") if each.kind == "review"]
    assert invited == ["hers"]


@for_each("same", [("eva", "eva"), ("eva@example.com", "EVA@example.com")])
def test_nobody_hands_over_to_themselves(same):
    with pytest.raises(ValidationError, match="same person"):
        Handover.model_validate({"from": same[0], "to": same[1]})


def test_a_handover_says_who_hands_over_to_whom_unless_it_says_why():
    assert Handover.model_validate({"from": "eva", "to": "zoe"}).why == "Handed over from eva to zoe"
    said = Handover(from_="eva", to="zoe", reason="She leaves")
    assert (said.why, said.dry_run, said.plans) == ("She leaves", False, None)


def test_of_several_the_one_whose_command_was_refused_is_left_behind_and_all_where_the_plan_refuses():
    everything = list(owned_by(told("eva", "zoe").known.state, "eva", "zoe", "why"))
    assert [len(each.commands) for each in everything] == [1, 1, 2, 1, 1]
    for place, whose in enumerate([0, 1, 2, 2, 3, 4]):
        assert _refused(everything, CommandRefused(place, PlanNotOpen())) == [everything[whose]]
    assert _refused(everything, CommandRefused(6, PlanNotOpen())) == everything
    assert _refused(everything, CallerNotAllowed("not yours")) == everything
    assert Owned(everything[0].thing, ()).item == {"kind": "action", "id": "call"}
