"""What would remain if somebody left: engaged people, promises, pairings, opportunities and whitespace."""

import pytest

from application.views.departure import HangsOn, departure_of_member, departure_of_stakeholder
from domain.program import PROGRAM
from domain.refusals import Over, Unknown
from tests.everything import ACTION, GOAL, OPPORTUNITY, PLAY
from tests.histories import History, opened


def story() -> History:
    history = opened(timezone="UTC")

    def on(command: str, **body: object) -> None:
        history.on("2026-01-05", command, **body)

    for unit in ("plant", "depot"):
        on("add-unit", id=unit, name=unit.title(), kind="site", buying_center=True)
    on("list-offering", id="hub", name="Hub", kind="product")
    people = {"coo": "plant", "cfo": "depot", "lead": "depot"}
    for id, unit in people.items():
        on("add-stakeholder", id=id, name=f"Kim {id.title()}son", level="executive", unit=unit)
        on("rate-relationship", id=id, member="eve" if id == "coo" else "ann", strength=2)
    on("rate-relationship", id="cfo", member="eve", strength=3)
    on("correct-stakeholder", id="lead", reports_to="coo")
    on("draw-influence", influencer="coo", influenced="cfo")
    on("assign-roles", id="coo", roles=["economic_buyer", "decision_maker"])
    on("assign-roles", id="cfo", roles=["decision_maker"])
    on("agree-pairing", member="eve", stakeholder="coo", every_days=30)
    for unit in people.values():
        on("assess-cell", unit=unit, offering="hub", penetration="aware", arr_potential="50000")
    on("assess-cell", unit="depot", offering="hub", sponsor="coo")
    on("open-opportunity", id="deal", name="Line B", **OPPORTUNITY)
    on("engage-stakeholders", id="deal", stakeholders=["coo", "cfo", "lead"])
    on("set-next-best-action", id="deal", statement="Send the price", owner="eve", due_on="2026-02-01")
    on(
        "plan-play",
        id="tour",
        title="Tour of line B",
        due_on="2026-02-20",
        stakeholders=["coo"],
        **PLAY | {"owner": "eve"},
    )
    on(
        "add-action",
        id="intro",
        statement="Meet the CEO",
        due_on="2026-02-01",
        via="coo",
        **ACTION | {"kind": "introduction"},
    )
    on("add-action", id="done", statement="Send the SOW", due_on="2026-02-01", stakeholders=["coo"], **ACTION)
    on("complete-action", id="done", finished_on="2026-01-05")
    on("set-goal", id="triple", statement="Triple ARR", due_on="2026-12-31", **GOAL | {"owner": "eve"})
    on("assign-member", person="eve", role="executive_sponsor", from_on="2026-01-05")
    return history


def told(things: list[HangsOn]) -> dict[str, str]:
    return {f"{each.kind}:{each.id}": each.because for each in things}


def test_when_one_of_theirs_goes_everything_that_hangs_on_them_is_named():
    history = story()
    view = departure_of_stakeholder(history.known, history.cut("now"), "coo")
    assert (view.engaged.now, view.engaged.lost, view.single_threaded) == (["coo", "cfo", "lead"], ["coo"], False)
    assert view.roles_left_open == ["economic_buyer"]
    assert view.uncovered_units == ["plant"]
    assert told(view.promises) == {"play:tour": "names them", "action:intro": "goes through them"}
    assert told(view.pairings) == {"pairing:coo:eve": "eve keeps up with them every 30 days"}
    assert told(view.opportunities) == {"opportunity:deal": "no longer multi-threaded"}
    assert told(view.whitespace) == {
        "cell:depot:hub": "they could open the door",
        "cell:plant:hub": "nobody else is engaged in this unit",
    }
    assert told(view.others) == {"stakeholder:lead": "reports to them", "stakeholder:cfo": "listens to them"}
    assert [each.amount for each in view.whitespace] == [50000, 50000]


def test_how_many_make_an_opportunity_multi_threaded_is_what_the_policy_says():
    history, practice = story(), History(type=PROGRAM)
    practice.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    practice.on(
        "2026-01-02", "adopt-policy", effective_on="2026-01-02", policy={"coverage": {"multi_threaded": 2}}, reason="x"
    )
    view = departure_of_stakeholder(history.known, history.cut("now"), "coo", practice.known.records)
    assert told(view.opportunities) == {"opportunity:deal": "2 of theirs would still take part"}


def test_when_one_of_ours_goes_whom_they_alone_know_is_lost_and_what_is_theirs_hangs():
    history = story()
    view = departure_of_member(history.known, history.cut("now"), "eve")
    assert (view.engaged.left, view.engaged.lost) == (["cfo", "lead"], ["coo"])
    assert view.roles_left_open == ["executive_sponsor"]
    history.on("2026-01-06", "assign-member", person="zed", role="executive_sponsor", from_on="2026-01-06")
    assert departure_of_member(history.known, history.cut("now"), "eve").roles_left_open == [], "somebody else has it"
    assert told(view.promises) == {"play:tour": "is theirs"}
    assert told(view.pairings) == {"pairing:coo:eve": "keeps up with coo every 30 days"}
    assert told(view.opportunities) == {"opportunity:deal": "the next step is theirs: Send the price"}
    assert told(view.whitespace) == {
        "cell:depot:hub": "nobody else knows coo",
        "cell:plant:hub": "nobody else is engaged in this unit",
    }
    assert told(view.others) == {"goal:triple": "is theirs"}


def test_of_two_who_know_us_one_would_be_left_and_of_three_two():
    history = story()
    assert not departure_of_stakeholder(history.known, history.cut("now"), "coo").single_threaded
    history.on("2026-01-06", "rate-relationship", id="lead", member="ann", strength=1)
    view = departure_of_stakeholder(history.known, history.cut("now"), "coo")
    assert (view.engaged.left, view.single_threaded) == (["cfo"], True)


def test_it_is_told_as_of_a_cut():
    history = story()
    assert departure_of_member(history.known, history.cut("now"), "eve").promises
    with pytest.raises(Unknown):
        departure_of_member(history.known, history.cut("version:3"), "eve")


def test_who_was_never_there_and_who_left_cannot_go():
    history = story()
    history.on("2026-01-06", "record-departure", id="coo", left_on="2026-01-06")
    now = history.cut("now")
    with pytest.raises(Over):
        departure_of_stakeholder(history.known, now, "coo")
    with pytest.raises(Unknown):
        departure_of_stakeholder(history.known, now, "nobody")
    with pytest.raises(Unknown):
        departure_of_member(history.known, now, "nobody")
