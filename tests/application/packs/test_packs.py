"""What stands in each pack, at a cut: given a history, this is what the people in the room get."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from application.findings.examined import Examined
from application.findings.judging import findings_view
from application.packs.annual import movements
from application.packs.pack import PackKind
from application.packs.promises import scheduled
from application.packs.qbr import Check, QbrPack
from application.packs.registry import pack
from application.views.policy_in_force import DEFAULT
from domain.program import PROGRAM
from domain.record import Recorded
from tests.cases import for_each
from tests.everything import ACTION, GOAL, HYPOTHESIS, OPPORTUNITY, PLAY, RISK, everything
from tests.histories import History, opened, retold

COO = {"id": "coo", "name": "Jane Doe", "level": "executive"}


def made(kind: PackKind, history: History, day: str | None = None, program: tuple[Recorded, ...] = ()) -> Any:
    return pack(kind, history.known, history.cut("now", day), program)


def told(*lines: tuple[str, str, dict[str, Any]]) -> History:
    history = opened(timezone="UTC")
    for when, command, body in lines:
        history.on(when, command, **body)
    return history


def test_every_pack_is_made_of_a_plan_that_was_just_opened_and_of_one_that_holds_everything():
    for kind in ("canvas", "weekly", "readout", "qbr", "annual"):
        for history in (opened(), everything()):
            assert made(kind, history).kind == kind


def test_the_canvas_adds_up_what_is_still_to_be_won_by_unit_and_by_offering():
    cell = {"penetration": "aware", "arr_potential": "100", "probability": "0.5"}
    history = told(
        *(("2026-01-05", "add-unit", {"id": id, "name": id, "kind": "site", "buying_center": True}) for id in "ab"),
        *(("2026-01-05", "list-offering", {"id": id, "name": id, "kind": "product"}) for id in "xy"),
        ("2026-01-05", "assess-cell", {"unit": "a", "offering": "x", **cell}),
        ("2026-01-05", "assess-cell", {"unit": "b", "offering": "x", **cell}),
        ("2026-01-05", "assess-cell", {"unit": "b", "offering": "y", **cell | {"penetration": "adopted"}}),
    )
    grid = made("canvas", history).whitespace
    assert [[each.penetration for each in row.cells] for row in grid.rows] == [
        ["aware", "unknown"],
        ["aware", "adopted"],
    ]
    assert [row.arr_potential for row in grid.rows] == [100, 100]
    assert grid.arr_potential == [200, 0]
    assert grid.totals.weighted_arr_potential == Decimal(100)


@pytest.mark.parametrize(("most", "top"), [(1, 4), (4, 2)])
def test_the_canvas_shows_as_many_hypotheses_and_risks_as_the_policy_wants(most, top):
    ids = [f"n{each}" for each in range(5)]
    history = told(
        *(("2026-01-05", "propose-hypothesis", {"id": id, **HYPOTHESIS}) for id in ids),
        *(("2026-01-05", "raise-risk", {"id": id, "statement": id, **RISK}) for id in ids),
    )
    policy = {"hypotheses": {"least": 1, "most": most}, "risks": {"least": 6, "top": top}}
    canvas = made("canvas", history, program=policed(policy))
    assert (len(canvas.hypotheses), len(canvas.risks), canvas.risks_missing) == (most, top, 1)


def policed(policy: dict[str, Any]) -> tuple[Recorded, ...]:
    """The records of a program with this policy."""
    practice = History(type=PROGRAM)
    practice.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    practice.on("2026-01-02", "adopt-policy", effective_on="2026-01-02", policy=policy, reason="Agreed")
    return tuple(practice.known.records)


def test_the_canvas_shows_the_most_powerful_the_best_and_the_greatest_first_and_says_who_is_left_out():
    people = [{"id": f"p{each}", "title": f"Role {each}", "level": "execution"} for each in range(12)]
    history = told(
        *(("2026-01-05", "add-stakeholder", each) for each in people),
        ("2026-01-05", "rate-power", {"id": "p7", "power": 5}),
        ("2026-01-05", "draw-influence", {"influencer": "p1", "influenced": "p7"}),
        *(("2026-01-05", "propose-hypothesis", {"id": id, **HYPOTHESIS}) for id in ("h1", "h2", "h3", "h4")),
        ("2026-01-05", "rate-hypothesis", {"id": "h3", "quality": 4}),
        ("2026-01-05", "rate-hypothesis", {"id": "h4", "quality": 1}),
        *(("2026-01-05", "raise-risk", {"id": id, "statement": id, **RISK}) for id in ("r1", "r2", "r3", "r4")),
        ("2026-01-05", "reassess-risk", {"id": "r4", "likelihood": 5}),
    )
    canvas = made("canvas", history)
    assert (canvas.stakeholders[0].id, len(canvas.stakeholders), canvas.stakeholders_left_out) == ("p7", 10, 2)
    assert canvas.stakeholders[0].listens_to == ["Role 1"]
    assert [each.id for each in canvas.hypotheses] == ["h3", "h4", "h1"]
    assert [each.id for each in canvas.risks] == ["r4", "r1", "r2"]
    assert (canvas.risks_missing, made("canvas", opened()).risks_missing) == (0, 2)


def test_whoever_was_rated_comes_before_whoever_was_not_however_low():
    people = [{"id": id, "title": f"Role {id}", "level": "execution"} for id in ("nobody", "known", "weak", "heard")]
    history = told(
        *(("2026-01-05", "add-stakeholder", each) for each in people),
        *(("2026-01-05", "rate-power", {"id": id, "power": 1}) for id in ("weak", "heard")),
        *(("2026-01-05", "rate-relationship", {"id": id, "member": "ann", "strength": 1}) for id in ("known", "heard")),
    )
    assert [each.id for each in made("canvas", history).stakeholders] == ["heard", "weak", "known", "nobody"]


@for_each(("many", "left_out"), [(10, 0), (11, 1)])
def test_the_canvas_has_room_for_ten_people(many, left_out):
    people = [{"id": f"p{each}", "title": f"Role {each}", "level": "execution"} for each in range(many)]
    canvas = made("canvas", told(*(("2026-01-05", "add-stakeholder", each) for each in people)))
    assert (len(canvas.stakeholders), canvas.stakeholders_left_out) == (10, left_out)


def test_the_next_90_days_hold_promises_reviews_and_the_renewal_and_end_with_the_cycle():
    history = told(
        (
            "2026-01-05",
            "set-contract",
            {"arr": "1", "starts_on": "2026-01-01", "renews_on": "2026-04-05", "products": []},
        ),
        (
            "2026-01-05",
            "schedule-review",
            {"id": "q", "kind": "qbr", "planned_on": "2026-03-01", "ours": ["ann", "eve"]},
        ),
        ("2026-01-05", "add-action", {"id": "in", "statement": "Send it", "due_on": "2026-04-05", **ACTION}),
        ("2026-01-05", "add-action", {"id": "out", "statement": "Send that", "due_on": "2026-04-06", **ACTION}),
    )
    canvas = made("canvas", history)
    assert canvas.until_on == date(2026, 4, 5)
    assert [(each.id, each.owner) for each in canvas.next_90_days] == [
        ("q", "ann, eve"), ("in", "ann"), ("contract", "ann"),
    ]  # fmt: skip
    cycle = {"id": "c", "kind": "ninety_days", "starts_on": "2026-01-01", "ends_on": "2026-03-31"}
    history.on("2026-01-05", "begin-cycle", **cycle)
    assert [each.id for each in made("canvas", history).next_90_days] == ["q"]
    for day, until_on in (("2026-01-05", "2026-03-31"), ("2026-03-31", "2026-03-31"), ("2026-04-01", "2026-06-30")):
        assert str(made("canvas", history, day).until_on) == until_on
    next_one = {"id": "d", "kind": "ninety_days", "starts_on": "2026-04-01", "ends_on": "2026-06-20"}
    history.on("2026-01-05", "begin-cycle", **next_one)
    assert str(made("canvas", history, "2026-04-01").until_on) == "2026-06-20"  # on its first day, too


def test_the_week_has_what_is_overdue_what_is_due_in_seven_days_and_what_is_blocked_and_why():
    history = told(
        *(
            ("2026-01-05", "add-action", {"id": id, "statement": "Send it", "due_on": due_on, **ACTION})
            for id, due_on in (
                ("late", "2026-01-11"),
                ("today", "2026-01-12"),
                ("week", "2026-01-19"),
                ("far", "2026-01-20"),
            )
        ),
        ("2026-01-05", "open-opportunity", {"id": "deal", "name": "Line B", **OPPORTUNITY}),
        ("2026-01-05", "open-opportunity", {"id": "bare", "name": "Line C", **OPPORTUNITY}),
        (
            "2026-01-05",
            "set-next-best-action",
            {"id": "deal", "statement": "Call", "owner": "ann", "due_on": "2026-01-12"},
        ),
        ("2026-01-05", "plan-play", {"id": "p", "title": "Tour", "due_on": "2026-03-01", **PLAY}),
        ("2026-01-06", "block-play", {"id": "p", "reason": "No crane"}),
    )
    week = made("weekly", history, "2026-01-12")
    assert [each.id for each in week.overdue] == ["late"]
    assert [each.id for each in week.due] == ["today", "week"]
    assert [(each.opportunity, each.what, each.overdue) for each in week.next_steps] == [
        ("bare", None, True),
        ("deal", "Call", False),
    ]
    [blocked] = week.blocked
    assert (blocked.reason, blocked.since_on) == ("No crane", date(2026, 1, 6))


def test_the_read_out_asks_for_the_decisions_since_the_last_one_and_explains_what_was_not_kept():
    held = {"kind": "monthly", "audience": "internal", "ours": ["ann"]}
    history = told(
        ("2026-01-05", "add-action", {"id": "kept", "statement": "Send it", "due_on": "2026-02-01", **ACTION}),
        ("2026-01-05", "add-action", {"id": "missed", "statement": "Send that", "due_on": "2026-02-01", **ACTION}),
        ("2026-01-06", "hold-review", {"id": "m1", "held_on": "2026-01-06", **held, "decisions_required": ["Budget"]}),
        ("2026-01-07", "complete-action", {"id": "kept", "finished_on": "2026-01-07"}),
        (
            "2026-01-08",
            "hold-review",
            {"id": "m2", "held_on": "2026-01-08", **held | {"kind": "weekly"}, "expansion_path": "Line C"},
        ),
    )
    readout = made("readout", history, "2026-02-10")
    assert [(each.what, each.review) for each in readout.decisions_required] == [("Budget", "m1")]
    assert (readout.expansion.path, readout.expansion.said_on) == ("Line C", date(2026, 1, 8))
    assert readout.said_vs_did.since.cut == "review:m1"
    assert readout.said_vs_did.score.kept == 1
    assert [each.id for each in readout.said_vs_did.to_explain] == ["missed"]
    assert made("readout", opened()).said_vs_did is None


def test_without_a_read_out_before_what_was_said_is_of_the_last_review_at_least_92_days_ago():
    held = (("r1", "2026-01-10"), ("r2", "2026-02-10"), ("r3", "2026-03-10"))
    among_us = {"kind": "monthly", "audience": "internal", "ours": ["ann"]}
    history = told(
        *(
            (day, "hold-review", {"id": id, "held_on": day, "decisions_required": [f"What of {id}"], **among_us})
            for id, day in held
        )
    )
    ninety_two_days_on = {"r1": "2026-04-12", "r2": "2026-05-13"}
    for id, day in ninety_two_days_on.items():
        readout = made("readout", history, day)
        assert readout.said_vs_did.since.cut == f"review:{id}"
        assert [each.review for each in readout.decisions_required][-1] == id
    a_day_earlier = made("readout", history, "2026-05-12")
    assert a_day_earlier.said_vs_did.since.cut == "review:r1"
    a_day_later = made("readout", history, "2026-05-14")
    assert [each.review for each in a_day_later.decisions_required] == ["r3"]


def test_what_was_decided_since_the_last_read_out_is_asked_for_however_long_ago_it_was():
    among_us = {"audience": "internal", "ours": ["ann"]}
    held = (("before", "monthly", "2026-01-08"), ("last", "executive_readout", "2026-01-10"))
    held += (("one", "monthly", "2026-01-20"), ("two", "monthly", "2026-02-20"))
    history = told(
        *(
            (day, "hold-review", {"id": id, "kind": kind, "held_on": day, "decisions_required": ["Budget"], **among_us})
            for id, kind, day in held
        )
    )
    readout = made("readout", history, "2026-09-01")
    assert [each.review for each in readout.decisions_required] == ["two", "one", "last"]


# The business review

PEOPLE = (
    ("2026-01-05", "add-stakeholder", COO),
    ("2026-01-05", "assign-member", {"person": "eve", "role": "executive_sponsor", "from_on": "2026-01-05"}),
)
QBR = {"id": "q", "kind": "qbr", "planned_on": "2026-03-10", "ours": ["ann", "eve"], "theirs": ["coo"]}
AGENDA = {"agenda": [{"topic": "What line B gained", "minutes": 60}, {"topic": "Line C", "minutes": 30}]}
JOINT = ACTION | {"kind": "joint", "due_on": "2026-03-20"}
PROMISED = tuple(
    ("2026-01-05", "add-action", {"id": side, "statement": "Send it", "side": side, **JOINT})
    for side in ("us", "customer")
)


def circulated(day: str) -> tuple[str, str, dict[str, Any]]:
    return day, "circulate-pack", {"id": "q", "circulated_on": day, "metrics": [{"name": "Rework", "goal": "8 %"}]}


def checks(history: History, day: str = "2026-03-10", program: tuple[Recorded, ...] = ()) -> dict[str, bool]:
    made_: QbrPack = made("qbr", history, day, program)
    found: list[Check] = made_.for_us.checks if made_.for_us else []
    return {each.check: each.ok for each in found}


@for_each("day", ["2026-03-08", "2026-03-09", "2026-03-10"])
def test_a_review_that_is_prepared_passes_every_check(day):
    history = told(*PEOPLE, *PROMISED, ("2026-01-05", "schedule-review", QBR | AGENDA), circulated("2026-03-08"))
    assert checks(history, day) == dict.fromkeys(
        ("joint-commitments", "executives-invited", "metrics-in-time", "agenda-fits"), True
    )


@pytest.mark.parametrize(
    ("lines", "fails"),
    [
        (
            (*PEOPLE, *PROMISED[:1], ("2026-01-05", "schedule-review", QBR | AGENDA), circulated("2026-03-08")),
            "joint-commitments",
        ),
        (
            (
                *PEOPLE,
                *PROMISED,
                ("2026-01-05", "schedule-review", QBR | AGENDA | {"ours": ["ann"]}),
                circulated("2026-03-08"),
            ),
            "executives-invited",
        ),
        (
            (
                *PEOPLE,
                *PROMISED,
                ("2026-01-05", "schedule-review", QBR | AGENDA | {"theirs": []}),
                circulated("2026-03-08"),
            ),
            "executives-invited",
        ),
        (
            (*PEOPLE, *PROMISED, ("2026-01-05", "schedule-review", QBR | AGENDA), circulated("2026-03-09")),
            "metrics-in-time",
        ),
        ((*PEOPLE, *PROMISED, ("2026-01-05", "schedule-review", QBR), circulated("2026-03-08")), "agenda-fits"),
    ],
)
def test_a_review_with_one_thing_missing_fails_that_check_alone(lines, fails):
    assert [name for name, ok in checks(told(*lines)).items() if not ok] == [fails]


@pytest.mark.parametrize(
    ("hours", "day", "ok"), [(24, "2026-03-09", True), (25, "2026-03-09", False), (25, "2026-03-08", True)]
)
def test_a_pack_is_in_time_by_whole_days_as_the_findings_say(hours, day, ok):
    program = policed({"pack_hours": hours})
    history = told(*PEOPLE, *PROMISED, ("2026-01-05", "schedule-review", QBR | AGENDA), circulated(day))
    assert checks(history, program=program)["metrics-in-time"] is ok
    cut = history.cut("2026-03-10", "2026-12-31")
    late = [each.rule for each in findings_view(history.known, cut, program).items if each.rule == "pack-late"]
    assert late == ([] if ok else ["pack-late"])


def test_a_pack_is_for_the_next_review_and_one_that_was_never_held_is_no_next_one():
    history = told(
        *PEOPLE,
        ("2026-01-05", "schedule-review", QBR | {"planned_on": "2026-02-10"}),
        ("2026-01-05", "schedule-review", QBR | {"id": "next", "planned_on": "2026-05-10"}),
        ("2026-01-05", "schedule-review", QBR | {"id": "later", "planned_on": "2026-08-10"}),
    )

    def meant(day: str) -> str:
        review = made("qbr", history, day).review
        return str(review.id)

    assert [meant(day) for day in ("2026-02-10", "2026-02-11", "2026-05-10")] == ["q", "next", "next"]
    assert [meant(day) for day in ("2026-05-11", "2026-08-10", "2026-08-11")] == ["later", "later", "later"]


def test_whoever_left_after_a_review_was_at_it():
    came = {"kind": "qbr", "audience": "customer", "held_on": "2026-02-01", "ours": ["ann", "eve"], "theirs": ["coo"]}
    history = told(*PEOPLE, ("2026-02-01", "hold-review", {"id": "q", **came}))
    history.on("2026-02-10", "record-departure", id="coo", left_on="2026-02-10")
    assert checks(history)["executives-invited"]


def test_the_program_says_the_agenda_of_a_review_that_has_none_and_how_long_one_may_be():
    items = [{"topic": "Value", "minutes": 45}, {"topic": "Plan", "minutes": 44}]
    agenda = {"kind": "qbr", "items": items, "minutes": 89}
    program = retold(
        [
            {
                "at": "2026-01-05T09:00:00Z",
                "by": "eve",
                "command": "open-program",
                "body": {"name": "P", "currency": "EUR"},
            },
            {"at": "2026-01-05T09:00:00Z", "by": "eve", "command": "publish-agenda", "body": agenda},
        ]
    ).known.records
    bare = told(*PEOPLE, *PROMISED, ("2026-01-06", "schedule-review", QBR), circulated("2026-03-08"))
    found = made("qbr", bare, "2026-03-10", program).agenda
    assert ([each.topic for each in found.items], found.minutes, found.of_the_program) == (["Value", "Plan"], 89, True)
    own = told(*PEOPLE, *PROMISED, ("2026-01-06", "schedule-review", QBR | AGENDA), circulated("2026-03-08"))
    assert checks(bare, program=program)["agenda-fits"]
    assert not checks(own, program=program)["agenda-fits"]  # 90 minutes of 89
    assert made("qbr", bare, "2026-01-06", program[:1]).agenda.items == []


def test_the_business_review_shows_what_was_delivered_and_what_both_do_next_and_what_was_done_since_the_last():
    done = {"id": "us", "finished_on": "2026-01-20"}
    history = told(
        *PEOPLE,
        *PROMISED,
        ("2026-01-05", "set-goal", {"id": "g", "statement": "Halve rework", "due_on": "2026-12-31", **GOAL}),
        ("2026-01-05", "set-goal", {"id": "g2", "statement": "Train all", "due_on": "2026-12-31", **GOAL}),
        ("2026-01-19", "achieve-goal", {"id": "g2", "achieved_on": "2026-01-19", "value": "8"}),
        ("2026-01-20", "achieve-goal", {"id": "g", "achieved_on": "2026-01-20", "value": "7"}),
        ("2026-01-05", "propose-hypothesis", {"id": "h", **HYPOTHESIS}),
        ("2026-01-05", "record-evidence", {"id": "h", "observed": "24 hours", "supports": True}),
        ("2026-01-20", "confirm-hypothesis", {"id": "h", "observed": "26 hours"}),
        ("2026-01-20", "complete-action", done),
        (
            "2026-01-20",
            "record-health",
            {"as_of_on": "2026-01-20", "adoption": "0.8", "success_metrics": [{"name": "Rework", "value": "9 %"}]},
        ),
        ("2026-01-20", "schedule-review", QBR),
        circulated("2026-01-21"),
    )
    review = made("qbr", history)
    assert [(each.kind, each.reached, each.evidence) for each in review.value] == [
        ("goal", "7", []),
        ("goal", "8", []),
        ("hypothesis", "26 hours", ["24 hours"]),
    ]
    assert [(each.name, each.value, each.goal) for each in review.adoption.metrics] == [("Rework", "9 %", "8 %")]
    assert [each.id for each in review.joint_plan.ours] == ["us"]
    held = {
        "id": "q",
        "kind": "qbr",
        "audience": "customer",
        "held_on": "2026-01-22",
        "ours": ["ann"],
        "theirs": ["coo"],
    }
    history.on("2026-01-22", "hold-review", **held)
    history.on("2026-01-22", "schedule-review", **QBR | {"id": "q2"})
    later = made("qbr", history)
    assert (later.review.id, later.since_on) == ("q2", date(2026, 1, 22))
    assert (later.joint_plan.ours, [each.id for each in later.joint_plan.theirs]) == ([], ["customer"])


def test_the_pack_of_the_review_held_last_goes_back_to_the_one_before_and_of_the_first_to_the_opening():
    held = {"kind": "qbr", "audience": "customer", "ours": ["ann"], "theirs": ["coo"]}
    history = told(*PEOPLE, ("2026-01-12", "hold-review", {"id": "q1", "held_on": "2026-01-12", **held}))
    first = made("qbr", history)
    assert (first.review.id, first.since_on) == ("q1", date(2026, 1, 5))
    history.on("2026-02-12", "hold-review", id="q2", held_on="2026-02-12", **held)
    second = made("qbr", history)
    assert (second.review.id, second.since_on) == ("q2", date(2026, 1, 12))
    nothing = made("qbr", told(*PEOPLE))
    assert (nothing.review, nothing.since_on) == (None, date(2026, 1, 5))


def test_reviews_come_by_the_days_they_were_held_and_goals_by_those_they_were_achieved_however_late_recorded():
    among_us = {"audience": "internal", "ours": ["ann"]}
    history = told(
        *(
            ("2026-01-05", "set-goal", {"id": id, "statement": id, "due_on": "2026-12-31", **GOAL})
            for id in ("soon", "late")
        ),
        ("2026-02-20", "achieve-goal", {"id": "soon", "achieved_on": "2026-02-10", "value": "1"}),
        ("2026-02-20", "achieve-goal", {"id": "late", "achieved_on": "2026-02-19", "value": "2"}),
        ("2026-02-20", "hold-review", {"id": "later", "kind": "monthly", "held_on": "2026-02-18", **among_us}),
        ("2026-02-20", "hold-review", {"id": "earlier", "kind": "weekly", "held_on": "2026-02-10", **among_us}),
    )
    assert made("weekly", history).last_time.id == "later"
    assert [each.id for each in made("qbr", history).value] == ["late", "soon"]


@for_each(("day", "done"), [("2026-02-17", []), ("2026-02-18", ["us"])])
def test_what_was_done_on_the_day_of_the_review_before_is_of_the_next(day, done):
    among_us = {"kind": "qbr", "audience": "customer", "ours": ["ann"], "theirs": ["coo"]}
    history = told(
        *PEOPLE,
        *PROMISED,
        (day, "complete-action", {"id": "us", "finished_on": day}),
        ("2026-02-18", "hold-review", {"id": "before", "held_on": "2026-02-18", **among_us}),
        ("2026-02-18", "schedule-review", QBR),
    )
    assert [each.id for each in made("qbr", history).joint_plan.ours] == done


def test_the_read_out_shows_the_five_openings_that_are_worth_most():
    offers = {f"o{each}": {"arr_potential": str(100 + each), "probability": "0.5"} for each in range(6)}
    history = told(
        ("2026-01-05", "add-unit", {"id": "a", "name": "Plant A", "kind": "site", "buying_center": True}),
        *(("2026-01-05", "list-offering", {"id": id, "name": f"Hub {id}", "kind": "product"}) for id in offers),
        *(
            ("2026-01-05", "assess-cell", {"unit": "a", "offering": id, "penetration": "aware", **worth})
            for id, worth in offers.items()
        ),
    )
    openings = made("readout", history).expansion.openings
    assert [each.offering for each in openings] == ["Hub o5", "Hub o4", "Hub o3", "Hub o2", "Hub o1"]
    history.on("2026-01-28", "retire-offering", id="o5")
    left = made("readout", history).expansion.openings
    assert "Hub o5" not in [each.offering for each in left]


def test_openings_nobody_gave_a_probability_come_last_the_greatest_first():
    offers = {"small": {"arr_potential": "50"}, "great": {"arr_potential": "100"}}
    offers |= {"sure": {"arr_potential": "5", "probability": "0.1"}}
    history = told(
        ("2026-01-05", "add-unit", {"id": "a", "name": "Plant A", "kind": "site", "buying_center": True}),
        *(("2026-01-05", "list-offering", {"id": id, "name": id, "kind": "product"}) for id in offers),
        *(
            ("2026-01-05", "assess-cell", {"unit": "a", "offering": id, "penetration": "aware", **worth})
            for id, worth in offers.items()
        ),
    )
    openings = made("readout", history).expansion.openings
    assert [each.offering for each in openings] == ["sure", "great", "small"]


def test_the_hash_of_the_document_that_was_sent_is_kept_and_stays_when_the_metrics_change():
    history = told(*PEOPLE, ("2026-01-05", "schedule-review", QBR))
    sent = {"id": "q", "circulated_on": "2026-01-05", "sha256": "ab" * 32}
    history.on("2026-01-05", "circulate-pack", **sent)
    history.on("2026-01-06", "circulate-pack", id="q", circulated_on="2026-01-06", metrics=[{"name": "ARR"}])
    assert history.known.state.named("review", "q").sha256 == "ab" * 32


def test_the_year_has_its_numbers_and_the_goals_that_go_on():
    history = told(
        ("2026-01-05", "open-opportunity", {"id": "d", "name": "Line B", **OPPORTUNITY}),
        ("2026-02-10", "win-opportunity", {"id": "d", "won_on": "2026-02-10", "amount": "95000"}),
        ("2026-01-05", "set-goal", {"id": "on", "statement": "Triple", "due_on": "2026-12-31", **GOAL}),
        ("2026-01-05", "set-goal", {"id": "done", "statement": "Halve", "due_on": "2026-12-31", **GOAL}),
        ("2026-02-11", "achieve-goal", {"id": "done", "achieved_on": "2026-02-11"}),
        ("2026-02-11", "state-vision", {"horizon_on": "2029-01-01", "statement": "Every plant runs the hub"}),
    )
    year = made("annual", history, "2026-05-02")
    assert (year.from_month, year.to_month) == ("2025-06", "2026-05")
    figures = {each.measure: each.value for each in year.year}
    assert (figures["arr_won"], figures["executive_meetings"], figures["arr"]) == (95000, 0, None)
    assert [each.id for each in year.goals_rolled_forward] == ["on"]
    assert [each.id for each in year.goals_achieved] == ["done"]
    assert year.vision == "Every plant runs the hub"
    assert [each.id for each in made("annual", history, "2027-03-01").goals_achieved] == []


REASON = {"reason": "Budget is gone"}


@for_each(("day", "achieved"), [("2027-01-31", ["first"]), ("2027-02-01", [])])
def test_the_year_begins_with_the_first_day_of_a_month(day, achieved):
    history = told(
        ("2026-01-05", "set-goal", {"id": "first", "statement": "Triple", "due_on": "2026-12-31", **GOAL}),
        ("2026-02-01", "achieve-goal", {"id": "first", "achieved_on": "2026-02-01"}),
    )
    assert [each.id for each in made("annual", history, day).goals_achieved] == achieved


def test_the_year_has_what_was_learned_in_it_who_moved_and_where_both_want_to_be():
    hopes = {"id": "refuted", **HYPOTHESIS}
    history = told(
        ("2026-01-05", "change-tier", {"tier": "growth", "round": "r1", "decided_by": ["eve"], "reason": "Chosen"}),
        ("2026-01-05", "add-stakeholder", COO),
        ("2026-01-05", "add-stakeholder", COO | {"id": "cfo", "name": "Jim Roe"}),
        ("2026-01-05", "set-goal", {"id": "gone", "statement": "Triple", "due_on": "2026-12-31", **GOAL}),
        ("2026-02-01", "abandon-goal", {"id": "gone", **REASON}),
        ("2026-01-05", "identify-competitor", {"id": "rival", "name": "Fabrikon"}),
        ("2026-01-05", "open-opportunity", {"id": "d", "name": "Line B", **OPPORTUNITY}),
        ("2026-02-01", "lose-opportunity", {"id": "d", "lost_on": "2026-02-01", "competitor": "rival", **REASON}),
        ("2026-01-05", "propose-hypothesis", hopes),
        ("2026-02-01", "refute-hypothesis", {"id": "refuted", "observed": "2 hours"}),
        ("2026-01-05", "plan-play", {"id": "p", "title": "Pilot", "due_on": "2026-02-01", "expected": "6", **PLAY}),
        ("2026-02-01", "lose-play", {"id": "p", "finished_on": "2026-02-01", "result": "Too slow", "actual": "3"}),
        ("2026-01-05", "raise-risk", {"id": "r", "statement": "Budget", **RISK}),
        ("2026-02-01", "close-risk", {"id": "r", "outcome": "materialised", "closed_on": "2026-02-01"}),
        ("2026-02-01", "record-departure", {"id": "coo", "left_on": "2026-02-01", "went_to": "Aspen"}),
        ("2026-02-02", "move-stakeholder", {"id": "cfo", "title": "CEO", "moved_on": "2026-02-02", "promoted": True}),
        ("2026-02-11", "set-priorities", {"quarter": "2026-Q1", "statements": ["Line B", "Line C"]}),
        (
            "2026-02-11",
            "state-vision",
            {"horizon_on": "2029-01-01", "statement": "Every plant", "investments": ["A team of two"]},
        ),
    )
    year = made("annual", history, "2027-01-31")
    assert (year.tier.tier, year.tier.round, year.tier.decided_by) == ("growth", "r1", ["eve"])
    assert [(each.kind, each.seen, str(each.on)) for each in year.lessons] == [
        ("risk", "materialised", "2026-02-01"),
        ("hypothesis", "2 hours", "2026-02-01"),
        ("play", "Too slow", "2026-02-01"),
        ("opportunity", "lost to Fabrikon", "2026-02-01"),
    ]
    assert [(each.id, each.what, each.to) for each in year.people] == [
        ("coo", "left", "Aspen"),
        ("cfo", "was promoted", "CEO"),
    ]
    assert [each.id for each in year.goals_abandoned] == ["gone"]
    assert (str(year.vision_until_on), year.investments) == ("2029-01-01", ["A team of two"])
    assert (year.priorities_of, year.priorities) == ("2026-Q1", ["Line B", "Line C"])
    later = made("annual", history, "2027-02-28")
    assert [each.id for each in later.people] == [], "they left in February of the year before"
    assert (later.lessons, later.goals_abandoned) == ([], [])


def test_the_canvas_says_why_this_account_and_what_is_tried_the_earliest_due_first():
    history = told(
        ("2026-01-05", "write-summary", {"why_now": "Tender in May", "goal_sentence": "Twice the lines by May"}),
        ("2026-01-05", "describe-account", {"icp_fit": "strong", "trajectory": "expanding", "industry": "Steel"}),
        ("2026-01-05", "plan-play", {"id": "late", "title": "Pilot", "due_on": "2026-02-01", **PLAY}),
        ("2026-01-05", "plan-play", {"id": "soon", "title": "Tour", "due_on": "2026-01-20", **PLAY}),
        ("2026-01-06", "start-play", {"id": "late"}),
    )
    canvas = made("canvas", history, "2026-01-21")
    assert (canvas.fit.why_now, canvas.fit.icp_fit, canvas.fit.industry) == ("Tender in May", "strong", "Steel")
    assert [(each.id, each.state, each.overdue) for each in canvas.plays] == [
        ("soon", "planned", True),
        ("late", "in_flight", False),
    ]


def test_the_week_has_what_was_asked_of_others_and_what_was_decided_last_time():
    asking = {"function": "product", "kind": "roadmap", "statement": "Show the roadmap", "owner": "ann"}
    held = {"kind": "weekly", "audience": "internal", "held_on": "2026-01-12", "ours": ["ann"], "theirs": []}
    history = told(
        ("2026-01-05", "raise-request", {"id": "waits", **asking}),
        ("2026-01-05", "raise-request", {"id": "came", **asking}),
        ("2026-01-05", "raise-request", {"id": "no", **asking}),
        ("2026-01-06", "answer-request", {"id": "no", "decision": "declined", "member": "pia"}),
        ("2026-01-06", "answer-request", {"id": "came", "decision": "accepted", "member": "pia"}),
        ("2026-01-12", "deliver-request", {"id": "came", "delivered_on": "2026-01-12"}),
        ("2026-01-12", "hold-review", {"id": "w", "decisions": ["Ask for line C"], **held}),
    )
    week = made("weekly", history, "2026-01-18")
    assert [(each.id, each.member, each.delivered_on) for each in week.asked] == [
        ("waits", None, None),
        ("came", "pia", date(2026, 1, 12)),
    ]
    assert (week.minutes, week.until_on) == (10, date(2026, 1, 25))
    assert (week.last_time.id, week.last_time.decisions) == ("w", ["Ask for line C"])
    assert [each.id for each in made("weekly", history, "2026-01-19").asked] == ["waits"]


def test_the_read_out_says_how_the_account_stands_and_what_threatens_it_the_worst_first():
    contract = {"arr": "900", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
    history = told(
        ("2026-01-05", "set-contract", contract),
        ("2026-01-05", "record-health", {"as_of_on": "2026-01-05", "health": "amber", "arr": "800"}),
        ("2026-01-05", "raise-risk", {"id": "mild", "statement": "Budget", **RISK, "likelihood": 2, "impact": 2}),
        ("2026-01-05", "raise-risk", {"id": "bad", "statement": "Merger", **RISK, "likelihood": 4, "impact": 4}),
        ("2026-01-06", "plan-mitigation", {"id": "bad", "statement": "Meet the buyer's CFO"}),
    )
    readout = made("readout", history)
    assert (readout.state.arr, str(readout.state.renews_on), readout.state.health) == (900, "2026-12-31", "amber")
    assert [(each.id, each.exposure, each.mitigation) for each in readout.risks] == [
        ("bad", 16, "Meet the buyer's CFO"),
        ("mild", 4, None),
    ]


def test_the_read_out_says_how_rivals_are_met_and_leaves_out_those_that_are_gone():
    answer = {"asset": "Benchmark", "answer": "Ours is of this year"}
    history = told(
        ("2026-01-05", "add-unit", {"id": "b", "name": "Line B", "kind": "line_of_business", "buying_center": True}),
        ("2026-01-05", "identify-competitor", {"id": "here", "name": "Fabrikon", "entrenched_in": ["b"]}),
        ("2026-01-05", "reassess-competitor", {"id": "here", "position": "entrenched", "neutralise": [answer]}),
        ("2026-01-05", "identify-competitor", {"id": "gone", "name": "Other"}),
        ("2026-01-06", "reassess-competitor", {"id": "gone", "position": "gone"}),
    )
    [rival] = made("readout", history).rivals
    assert (rival.name, rival.position, rival.entrenched_in) == ("Fabrikon", "entrenched", ["Line B"])
    assert [(each.asset, each.answer) for each in rival.neutralise] == [("Benchmark", "Ours is of this year")]


def test_the_business_review_for_ourselves_alone_has_who_is_in_the_room_and_how_things_stand():
    history = told(
        *PEOPLE,
        ("2026-01-05", "change-sentiment", {"id": "coo", "attitude": -1}),
        ("2026-01-06", "record-health", {"as_of_on": "2026-01-06", "health": "amber", "nps": "-10"}),
        ("2026-01-06", "schedule-review", QBR),
    )
    ours = made("qbr", history).for_us
    assert (ours.health, ours.nps, ours.circulated_on) == ("amber", -10, None)
    assert ("Jane Doe", -1) in [(each.name, each.attitude) for each in ours.in_the_room]


@for_each(("first_on", "there"), [("2026-02-02", True), ("2026-02-03", False)])
def test_who_came_and_went_in_a_year_is_who_did_from_its_first_day_on(first_on, there):
    history = told(
        *(("2026-01-05", "add-stakeholder", {"id": id, "name": id.title(), "level": "management"}) for id in "abc"),
        ("2026-01-06", "record-departure", {"id": "b", "left_on": "2026-01-06"}),
        ("2026-02-02", "record-departure", {"id": "a", "left_on": "2026-02-02"}),
        ("2026-02-02", "return-stakeholder", {"id": "b", "returned_on": "2026-02-02", "reason": "Hired again"}),
        ("2026-02-02", "move-stakeholder", {"id": "c", "moved_on": "2026-02-02", "title": "CFO"}),
    )
    cut = history.cut("now", "2026-03-01")
    found = movements(Examined(history.known, cut, DEFAULT), date.fromisoformat(first_on))
    assert [(each.id, each.what) for each in found] == [("a", "left"), ("b", "came back"), ("c", "moved")] * there


def test_a_review_stands_among_what_is_ahead_until_it_was_held():
    history = told(("2026-01-05", "schedule-review", {"id": "R1", "kind": "monthly", "planned_on": "2026-03-03"}))
    ahead = [each.what for each in scheduled(Examined(history.known, history.cut("now", "2026-03-01"), DEFAULT))]
    assert ahead == ["Monthly review"]
    held = {"id": "R1", "kind": "monthly", "audience": "internal", "held_on": "2026-03-02", "ours": ["ann"]}
    history.on("2026-03-02", "hold-review", **held)
    assert not list(scheduled(Examined(history.known, history.cut("now", "2026-03-02T20:00Z"), DEFAULT)))
