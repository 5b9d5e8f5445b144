"""Scenarios: read, carried out in memory, and recorded all at once or not at all."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from itertools import count
from typing import Any
from uuid import UUID

import pytest

from adapters.postgres.store import Store, opened
from application.aggregates.handle import Aggregates
from application.aggregates.pending import PendingAggregate
from application.aggregates.ports import CommandContext
from application.scenarios.scenario import Line, ScenarioRefused, read, told
from application.scenarios.simulation import (
    Loaded,
    PlansMovedOn,
    Read,
    RealEventsHeld,
    Rehearsal,
    last_instant,
    load,
)
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.entries import NoteWritten
from domain.account_plan.goals import GoalRevised
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen, plan_id_of
from domain.aggregates import AggregateType
from domain.record import Recorded
from domain.registry import REGISTRY
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import database
from tests.histories import opened as a_plan

ACME = plan_id_of("acme")
OPEN = {"account_id": "acme", "account_name": "Acme", "tier": "strategic", "owner": "ann", "currency": "EUR"}
PLAY = {
    "id": "pilot",
    "title": "Pilot on line B",
    "kind": "proof",
    "owner": "ann",
    "due_on": "2026-03-31",
    "success_measure": "Rework down 25 %",
}
CFO = {"id": "cfo", "name": "Jane Doe", "level": "executive"}
GOAL = {
    "id": "arr",
    "kind": "revenue",
    "statement": "Jane signs for both plants",
    "measure": "ARR",
    "unit": "EUR",
    "baseline": "1",
    "target": "2",
    "due_on": "2026-12-31",
    "owner": "ann",
}
DEMO = {file.name: file.read_bytes() for file in files("adapters.cli").joinpath("demo").iterdir()}


def line(command: str, at: str = "2026-01-05T09:00:00Z", plan: str = "acme", **body: Any) -> str:
    return json.dumps({"at": at, "by": "ann", "plan": plan, "command": command, "body": body})


def scenario(*lines: str) -> bytes:
    return "\n".join(lines).encode()


def new_ids() -> Callable[[], UUID]:
    return map(UUID, map("{:032x}".format, count(10**9))).__next__


def no_plan(type: AggregateType[Any], _: UUID) -> LoadedPlan:
    raise type.not_open


def reading(plans: Aggregates[AccountPlan]) -> Read:
    """Plans of a store in which there is no program."""
    return lambda type, id: plans.read(id) if type is ACCOUNT_PLAN else no_plan(type, id)


def rehearsed(*lines: str) -> Rehearsal:
    rehearsal = Rehearsal(no_plan, new_ids())
    for each in read("story.jsonl", scenario(*lines)):
        rehearsal.tell(each)
    return rehearsal


def events_of(rehearsal: Rehearsal) -> list[str]:
    return [type(each.event).__name__ for commit in rehearsal.commits for each in commit.events]


# Reading

OPENING = line("open-plan", **OPEN)


@for_each(
    ("written", "number", "says"),
    [
        ("", 1, "holds no command"),
        (" \n\n", 1, "holds no command"),
        (f"{OPENING}\n{{", 2, "not JSON"),
        (f"{OPENING}\n\n[1]", 3, "is no command"),
        ('{"command": 3}', 1, "no command “3”"),
        (line("open-pln", **OPEN), 1, "did you mean “open-plan”"),
        (line("open-plan", **OPEN, colour="red"), 1, "“/body/colour” is not a field of open-plan"),
        (line("plan-play", **PLAY | {"owner": None}), 1, "“/body/owner” must be text, and this is null"),
        (line("plan-play", **PLAY | {"kind": "hope"}), 1, "one of access, discovery, proof or governance"),
        (line("plan-play", **PLAY | {"due_on": "0000-00-00"}), 1, "“/body/due_on” is not a day"),
        (line("plan-play", **PLAY | {"title": "a\u0000b"}), 1, "“/body/title” holds a control character"),
        (OPENING.replace('"by"', '"at": 1, "by"'), 1, "The key “at” stands twice"),
        (OPENING.replace('"by"', '"who"'), 1, "“/by” is required. “/who” is not a field of a line"),
        (line("open-plan", "2026-01-05", **OPEN), 1, "“/at” must be an instant"),
        (line("open-plan", "2026-01-05T09:00:00", **OPEN), 1, "distance from UTC"),
        (line("open-plan", "9999-12-31T23:59:59Z", **OPEN), 1, "between 1900-01-01 and 2199-12-31"),
        (line("open-plan", "0001-01-01T00:00:00+14:00", **OPEN), 1, "“/at” is not an instant"),
        (line("plan-play", **PLAY | {"due_on": "2200-01-01"}), 1, "“/body/due_on” must lie between"),
        ("[" * 100_000, 1, "not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_refused_by_name_and_number(written, number, says):
    with pytest.raises(ScenarioRefused) as refused:
        read("story.jsonl", written.encode())
    assert str(refused.value).startswith(f"story.jsonl, line {number}: ")
    assert says in str(refused.value)
    assert str(refused.value).endswith("Nothing was loaded.")


@for_each(("wrong", "more"), [(2, None), (3, None), (4, "And 1 more of the kind."), (6, "And 3 more of the kind.")])
def test_of_many_mistakes_in_a_line_three_are_told_and_the_others_counted(wrong, more):
    body = OPEN | {f"colour{each}": "red" for each in range(wrong)}
    with pytest.raises(ScenarioRefused) as refused:
        read("story.jsonl", line("open-plan", **body).encode())
    assert str(refused.value).count("is not a field of open-plan") == min(wrong, 3)
    assert ("more of the kind" in str(refused.value)) == (more is not None)
    assert more is None or more in str(refused.value)


def test_text_that_is_not_unicode_is_refused():
    with pytest.raises(ScenarioRefused, match=r"line 1: This is not JSON"):
        read("story.jsonl", OPENING.encode().replace(b"Acme", b"\xff"))


def test_a_line_before_the_line_before_is_refused():
    later, earlier = (
        line("open-plan", "2026-01-05T09:00:00Z", **OPEN),
        line("plan-play", "2026-01-05T09:59:00+01:00", **PLAY),
    )
    with pytest.raises(ScenarioRefused, match=r"story.jsonl, line 2: .* is before line 1"):
        read("story.jsonl", scenario(later, earlier))


def test_a_byte_order_mark_and_empty_lines_do_no_harm():
    lines = read("story.jsonl", b"\xef\xbb\xbf" + scenario(OPENING, "", line("plan-play", **PLAY)) + b"\r\n")
    assert [(each.place.number, each.command.called()) for each in lines] == [(1, "open-plan"), (3, "plan-play")]


def test_several_files_are_one_history():
    other = line("open-plan", "2026-01-05T09:00:01Z", "globex", **OPEN | {"account_id": "globex"})
    mine = scenario(OPENING, line("plan-play", "2026-01-05T09:00:02Z", **PLAY))
    assert [each.plan for each in told([("mine", mine), ("other", other.encode())])] == ["acme", "globex", "acme"]


# Carrying out


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([line("plan-play", **PLAY)], "line 1: The plan “acme” is not open yet"),
        ([OPENING, OPENING], "line 2: “/body/account_id”: The account “acme” has a plan already"),
        ([line("open-plan", plan="globex", **OPEN)], "line 1: “/plan” says “globex”"),
        ([OPENING, line("start-play", id="tour")], "line 2: “/body/id”: There is no play “tour” in this plan."),
        (
            [OPENING, line("plan-play", **PLAY | {"due_on": "2024-12-31"})],
            "line 2: “/body/due_on”: 2024-12-31 is more than a year before",
        ),
    ],
)
def test_a_line_the_plan_refuses_is_refused_by_number_with_the_reason(lines, says):
    with pytest.raises(ScenarioRefused) as refused:
        rehearsed(*lines)
    assert says in str(refused.value)


def test_a_command_that_changes_nothing_records_nothing():
    rehearsal = rehearsed(OPENING, line("rename-account", account_name="Acme"))
    assert events_of(rehearsal) == ["PlanOpened"]


def test_every_line_is_said_by_its_actor_at_its_instant_and_marked_as_simulated():
    theirs = line("plan-play", "2026-02-01T10:00:00+01:00", **PLAY).replace('"ann", "plan"', '"ben", "plan"')
    opened, planned = rehearsed(OPENING, theirs).commits
    assert [opened.context.actor, planned.context.actor] == ["ann", "ben"]
    assert {opened.context.source, planned.context.source} == {"simulation"}
    assert opened.context.request_id != planned.context.request_id
    assert opened.context.correlation_id == planned.context.correlation_id
    assert [each.at for each in planned.events] == [datetime(2026, 2, 1, 9, tzinfo=UTC)]


def test_an_id_left_out_is_made_up():
    play = {name: value for name, value in PLAY.items() if name != "id"}
    (planned,) = rehearsed(OPENING, line("plan-play", **play)).commits[1].events
    assert planned.event.id.startswith("p")


def test_a_plan_may_be_named_by_its_own_id():
    rehearsal = rehearsed(line("open-plan", plan=str(ACME), **OPEN), line("plan-play", plan=str(ACME), **PLAY))
    assert {commit.aggregate_id for commit in rehearsal.commits} == {ACME}


def test_an_entry_that_is_struck_is_out_for_the_commands_that_follow():
    lines = [
        line("write-note", id="n1", section="risks", text="They hired a new CFO"),
        line("strike-entry", event=f"{ACME}:2", reason="It was another account's"),
        line("write-note", id="n1", section="risks", text="They hired a new CIO"),
    ]
    assert events_of(rehearsed(OPENING, *lines)) == ["PlanOpened", "NoteWritten", "EntryStruck", "NoteWritten"]


def test_words_about_somebody_are_not_repeated_in_clear_by_a_later_line():
    revision = line("revise-goal", id="arr", statement="Both plants sign", reason="Plainer")
    *_, revised = rehearsed(
        OPENING, line("add-stakeholder", **CFO), line("set-goal", **GOAL, about=["cfo"]), revision
    ).commits
    (to_record,) = revised.events
    assert isinstance(to_record.event, GoalRevised)
    assert to_record.former_about == ("cfo",)


# Recording


def plans_in(store: Store) -> Aggregates[AccountPlan]:
    return Aggregates(ACCOUNT_PLAN, store.events, lambda: datetime(2026, 6, 1, tzinfo=UTC), new_ids())


@pytest.fixture
def plans(store: Store) -> Aggregates[AccountPlan]:
    return plans_in(store)


def loaded(store: Store, plans: Aggregates[AccountPlan], *lines: str) -> Loaded:
    return load(read("story.jsonl", scenario(*lines)), store.events, reading(plans), new_ids())


def held(store: Store) -> tuple[int, int]:
    """How many events and how many people's keys."""
    with store.datastore.connection() as connection:
        (events,) = connection.execute("SELECT count(*) FROM plantrail.stored_events").fetchall()
    return events[0], len(store.keys.all())


def test_a_scenario_that_is_refused_leaves_the_store_as_it_was(store, plans):
    loaded(store, plans, OPENING, line("add-stakeholder", **CFO))
    before = held(store)
    at = "2026-02-01T09:00:00Z"
    with pytest.raises(ScenarioRefused):
        loaded(store, plans, line("add-stakeholder", at, **CFO | {"id": "cio"}), line("start-play", at, id="tour"))
    with pytest.raises(ScenarioRefused, match="before what the plan “acme” already holds"):
        loaded(store, plans, line("plan-play", "2025-12-31T09:00:00Z", **PLAY))
    assert held(store) == before == (2, 1)


def test_a_scenario_is_the_same_history_as_its_commands_given_one_by_one(store, plans, postgres):
    lines, halden = read("retailer.jsonl", DEMO["retailer.jsonl"]), plan_id_of("halden-stores")
    load(lines, store.events, reading(plans), new_ids())
    with database(postgres) as where, opened(where, KEY) as other:
        one_by_one = plans_in(other)
        for each in lines:
            one_by_one.handle(halden, [each.command], CommandContext(each.by, "api", "r", "c"), at=each.at)
        expected = [all_said(record) for record in one_by_one.read(halden).records]
    assert [all_said(record) for record in plans.read(halden).records] == expected


def all_said(record: Recorded) -> tuple[object, ...]:
    meta = record.meta
    return record.version, record.event, meta.recorded_at, meta.actor, meta.reason, record.sealed


def test_positions_follow_the_time_of_the_lines_across_plans(store, plans):
    other = "2026-01-05T09:00:01Z"
    loaded(
        store,
        plans,
        OPENING,
        line("open-plan", other, "globex", **OPEN | {"account_id": "globex"}),
        line("plan-play", other, **PLAY),
        line("plan-play", other, **PLAY | {"id": "tour"}),
        line("plan-play", other, "globex", **PLAY),
    )
    with store.datastore.connection() as connection:
        rows = connection.execute(
            "SELECT originator_id, originator_version FROM plantrail.stored_events ORDER BY notification_id"
        ).fetchall()
    globex = plan_id_of("globex")
    assert rows == [(ACME, 1), (globex, 1), (ACME, 2), (ACME, 3), (globex, 2)]


def test_whoever_is_forgotten_in_a_scenario_has_no_key_after_it(store, plans):
    loaded(store, plans, OPENING, line("add-stakeholder", **CFO), line("forget-stakeholder", id="cfo"))
    assert store.keys.of(ACME) == {}
    _, added, _ = plans.read(ACME).records
    assert added.event.name == "[forgotten]"
    assert b"Jane" not in added.stored


def test_a_store_with_a_real_event_takes_no_scenario(store, plans):
    (opening,) = read("story.jsonl", OPENING.encode())
    plans.handle(ACME, [opening.command], CommandContext("ann", "api", "r", "c"))
    with pytest.raises(RealEventsHeld):
        loaded(store, plans, line("open-plan", plan="globex", **OPEN | {"account_id": "globex"}))
    assert held(store) == (1, 0)


def test_a_real_event_that_arrives_while_a_scenario_is_told_keeps_it_out(store, plans):
    (opening,) = read("story.jsonl", OPENING.encode())
    rehearsal = rehearsed(line("open-plan", plan="globex", **OPEN | {"account_id": "globex"}))
    plans.handle(ACME, [opening.command], CommandContext("ann", "api", "r", "c"))
    with pytest.raises(RealEventsHeld):
        store.events.append_together(rehearsal.commits)
    assert held(store) == (1, 0)


def test_a_plan_that_moves_on_while_a_scenario_is_told_keeps_all_of_it_out(store, plans):
    other = line("open-plan", plan="globex", **OPEN | {"account_id": "globex"})

    def overtaken(_: AggregateType[Any], plan_id: UUID) -> LoadedPlan:
        if plan_id == ACME:
            loaded(store, plans, OPENING)
        raise PlanNotOpen

    with pytest.raises(PlansMovedOn):
        load(read("story.jsonl", scenario(other, OPENING)), store.events, overtaken, new_ids())
    assert held(store) == (1, 0)


# The demo


def demo_lines() -> list[Line]:
    return told(DEMO.items())


def test_the_demo_tells_three_accounts_over_twelve_months_one_from_a_spreadsheet_and_seven_small_ones():
    by_plan = Counter(each.plan for each in demo_lines() if each.plan)
    instants = [each.at for each in demo_lines()]
    assert len(by_plan) == 12  # one account was entered twice
    assert sum(lines >= 150 for lines in by_plan.values()) == 3
    assert (instants[-1] - instants[0]).days >= 360


def test_the_demo_uses_every_event_there_is():
    rehearsal = Rehearsal(no_plan, new_ids())
    for each in demo_lines():
        rehearsal.tell(each)
    assert set(events_of(rehearsal)) == set(REGISTRY.events)


def test_what_comes_next_is_never_earlier_than_what_was_decided_or_recorded_last():
    plan = a_plan()
    pending = PendingAggregate(plan.known)
    assert last_instant(pending) == plan.last
    for day in (6, 7):
        note = NoteWritten(id=f"n{day}", section="plan", text="Seen")
        pending.add(note, datetime(2026, 1, day, tzinfo=UTC), "command", None)
    assert last_instant(pending) == datetime(2026, 1, 7, tzinfo=UTC)
    assert last_instant(PendingAggregate(LoadedPlan.of(ACCOUNT_PLAN, ACME))) is None
