"""Commands are decided on what is on record, recorded as a whole, and answered once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import uuid4

import pytest

from adapters.postgres.store import opened
from application.aggregates.handle import CommandRefused, Key, KeyReused, Outcome, VersionConflict
from application.aggregates.ports import StoreBusy
from domain.account_plan.plan import PlanNotOpen, plan_id_of
from domain.account_plan.plays import Play
from domain.language import Command, Refusal
from domain.refusals import Taken, Unknown
from tests.conftest import KEY as KEY_ENCRYPTION_KEY
from tests.stores import ACME, CONTEXT, MONDAY, OPEN_ACME, connected, handle, log, opened_acme, plans_on, say

PILOT = {
    "id": "pilot",
    "title": "Pilot on line B",
    "kind": "proof",
    "owner": "ann",
    "due_on": "2026-03-31",
    "success_measure": "Scrap below 2 %",
}
KEY = Key(b"ann, write-note, 42", b"this body")


@pytest.fixture
def plans(store):
    return opened_acme(plans_on(store))


@pytest.fixture
def elsewhere(connection_strings, plans):  # noqa: ARG001 - the plan is there already
    """Yield the plans as another process knows them that read the plan when it was opened, and nothing since."""
    with opened(connection_strings, KEY_ENCRYPTION_KEY) as store:
        others = plans_on(store)
        others.read(ACME)
        yield others


def types(store):
    return [row.topic for row in log(store.where.service)]


def note(plans, key=None, **more):
    body = {"id": "n1", "section": "plan", "text": "seen"} | more
    return plans.handle(ACME, [say("write-note", **body)], CONTEXT, key=key)


# What comes of a command


def test_a_command_answers_what_it_recorded(store, plans):
    outcome = handle(plans, "add-action", statement="Send the deck", kind="task", owner="ann", due_on="2026-01-09")
    [row] = log(store.where.service)[1:]
    [done] = outcome.done
    assert (outcome.aggregate_id, outcome.version, outcome.position) == (ACME, 2, row.position)
    assert done.events == {2: "ActionAdded"}
    assert plans.read(ACME).state.named("action", done.id).statement == "Send the deck"
    assert not outcome.opened
    assert not outcome.replayed


def test_a_command_that_changes_nothing_succeeds_and_records_nothing(store, plans):
    outcome = handle(plans, "rename-account", account_name=OPEN_ACME["account_name"])
    assert (outcome.version, outcome.done[0].events) == (1, {})
    assert types(store) == ["PlanOpened"]


def test_a_plan_that_was_never_opened_is_not_there(store):
    with pytest.raises(PlanNotOpen):
        plans_on(store).read(plan_id_of("nobody"))
    with pytest.raises(PlanNotOpen):
        handle(plans_on(store), "write-note", section="plan", text="to nobody")
    assert log(store.where.service) == []


def test_a_clock_that_is_set_back_does_not_reorder_the_record(store, elsewhere):
    late = plans_on(store, lambda: MONDAY + timedelta(hours=5))
    note(late, id="n1")
    note(elsewhere, id="n2")
    plans_on(store).handle(ACME, [say("write-note", id="n3", section="plan", text="seen")], CONTEXT, at=MONDAY)
    instants = [record.meta.recorded_at for record in late.read(ACME).records]
    assert instants == [MONDAY, *[MONDAY + timedelta(hours=5)] * 3]


# Several commands


def test_a_list_of_commands_is_decided_one_after_the_other(store, plans):
    outcome = plans.handle(
        ACME,
        [
            say("plan-play", **PILOT),
            say("start-play", id="pilot", started_on="2026-01-05"),
            say("write-note", id="wrong", section="plan", text="mistyped"),
            say("strike-entry", event=f"{ACME}:4", reason="mistyped"),
        ],
        CONTEXT,
    )
    assert [list(done.events.items()) for done in outcome.done] == [
        [(2, "PlayPlanned")],
        [(3, "PlayStarted")],
        [(4, "NoteWritten")],
        [(5, "EntryStruck")],
    ]
    assert types(store)[1:] == ["PlayPlanned", "PlayStarted", "NoteWritten", "EntryStruck"]
    for known in (plans.read(ACME), plans_on(store).read(ACME)):
        assert known.state.the(Play, "pilot").started_on == MONDAY.date()
        assert known.state.named("note", "wrong") is None
    assert len({row.command_id for row in log(store.where.service)}) == 5


def test_a_list_of_commands_is_all_or_nothing_and_says_which_was_refused(store, plans):
    commands = [say("plan-play", **PILOT), say("start-play", id="pilot"), say("plan-play", **PILOT)]
    with pytest.raises(CommandRefused) as refused:
        plans.handle(ACME, commands, CONTEXT)
    assert refused.value.place == 2
    assert isinstance(refused.value.refusal, Taken)
    assert types(store) == ["PlanOpened"]
    with pytest.raises(Unknown):
        handle(plans, "start-play", id="pilot")


# Decided on what is on record


def test_what_is_allowed_by_now_is_not_refused_by_who_remembers_less(plans, elsewhere):
    handle(plans, "plan-play", **PILOT)
    assert handle(elsewhere, "start-play", id="pilot").version == 3
    handle(plans, "drop-play", id="pilot", reason="no budget")
    assert handle(elsewhere, "reopen-play", id="pilot", reason="budget found").version == 5


def test_what_is_refused_by_now_is_not_allowed_by_who_remembers_less(store, plans, elsewhere):
    handle(plans, "plan-play", **PILOT)
    elsewhere.read(ACME)
    handle(plans, "archive-plan", reason="sold")
    with pytest.raises(Refusal, match="archived"):
        handle(elsewhere, "start-play", id="pilot")
    assert types(store) == ["PlanOpened", "PlayPlanned", "PlanArchived"]


def test_what_changed_nothing_before_is_recorded_once_it_changes_something(plans, elsewhere):
    handle(plans, "rename-account", account_name="Acme Holding")
    outcome = handle(elsewhere, "rename-account", account_name=OPEN_ACME["account_name"])
    assert outcome.done[0].events == {3: "AccountRenamed"}
    assert elsewhere.read(ACME).records[-1].event.former == "Acme Holding"


def test_a_plan_is_opened_once_even_by_who_has_never_heard_of_it(store, plans):
    with pytest.raises(Refusal):
        handle(plans_on(store), "open-plan", **OPEN_ACME)
    assert types(store) == ["PlanOpened"]
    assert plans.read(ACME).version == 1


def test_of_many_that_open_a_plan_at_once_one_does(store, connection_strings):
    with opened(connection_strings, KEY_ENCRYPTION_KEY) as other:
        callers = [plans_on(each) for each in (store, other) * 3]
        outcomes = at_once(callers, lambda plans: handle(plans, "open-plan", **OPEN_ACME))
    assert sorted(isinstance(outcome, Refusal) for outcome in outcomes) == [False] + [True] * 5
    assert types(store) == ["PlanOpened"]


def test_a_plan_so_busy_that_the_turn_does_not_come_says_so(plans, monkeypatch):
    monkeypatch.setattr("application.aggregates.handle.DECIDE_TIMEOUT_SECONDS", 0.1)
    with plans._turns.of(ACME), pytest.raises(StoreBusy, match="try again"):
        note(plans)


# If-Match


def seen(plans, version, *commands):
    return plans.handle(ACME, list(commands), CONTEXT, if_match=version)


def stale(plans, version, *commands):
    """The events since, which make stale what was seen."""
    with pytest.raises(VersionConflict) as conflict:
        seen(plans, version, *commands)
    assert conflict.value.current_version == plans.read(ACME).version
    return [type(record.event).__name__ for record in conflict.value.since]


START, RISK = say("start-play", id="pilot"), {"kind": "incident", "statement": "Fire", "likelihood": 1, "impact": 5}


def test_what_was_seen_is_stale_when_the_same_thing_was_concerned(plans):
    handle(plans, "plan-play", **PILOT)
    handle(plans, "raise-risk", id="r", owner="ann", **RISK)
    handle(plans, "reassign-play", id="pilot", owner="bob")
    assert stale(plans, 2, START) == ["RiskRaised", "PlayReassigned"]
    assert stale(plans, 3, START) == ["PlayReassigned"]
    assert seen(plans, 4, START).done[0].events


def test_what_happened_to_other_things_makes_nothing_stale(plans):
    handle(plans, "plan-play", **PILOT)
    handle(plans, "plan-play", **PILOT | {"id": "tour"})
    handle(plans, "raise-risk", id="pilot", owner="ann", **RISK)
    assert seen(plans, 2, START).done[0].events


def test_a_command_about_the_plan_is_stale_when_its_section_was_concerned(plans):
    handle(plans, "write-summary", relevance="High")
    handle(plans, "write-note", id="n1", section="goals", text="seen")
    assert seen(plans, 2, say("write-summary", why_now="Budget")).done[0].events
    handle(plans, "write-note", id="n2", section="summary", text="seen")
    assert stale(plans, 4, say("write-summary", why_now="Year's end")) == ["NoteWritten"]


def test_a_list_is_stale_when_any_of_its_things_was_concerned(plans):
    handle(plans, "plan-play", **PILOT)
    handle(plans, "plan-play", **PILOT | {"id": "tour"})
    handle(plans, "start-play", id="tour")
    assert stale(plans, 3, START, say("start-play", id="tour")) == ["PlayStarted"]
    assert seen(plans, 3, START).done[0].events


def test_who_remembers_less_finds_what_is_stale_all_the_same(store, plans, elsewhere):
    handle(plans, "plan-play", **PILOT)
    elsewhere.read(ACME)
    handle(plans, "reassign-play", id="pilot", owner="bob")
    assert stale(elsewhere, 2, START) == ["PlayReassigned"]
    handle(plans, "plan-play", **PILOT | {"id": "tour"})
    assert seen(elsewhere, 4, say("start-play", id="tour")).done[0].events
    assert types(store)[-1] == "PlayStarted"


def test_a_version_that_is_still_to_come_was_never_seen(plans):
    assert stale(plans, 99, say("write-summary", why_now="Budget")) == []


# Idempotency-Key


def test_the_same_request_again_gets_the_same_answer_and_records_nothing(store, plans, elsewhere):
    first = note(plans, KEY)
    handle(plans, "write-note", section="plan", text="meanwhile")
    for others in (plans, elsewhere, plans_on(store)):
        again = note(others, KEY)
        assert again.replayed
        assert (again.aggregate_id, again.version, again.position) == (
            first.aggregate_id,
            first.version,
            first.position,
        )
        assert again.done == first.done
    assert not first.replayed
    assert types(store) == ["PlanOpened", "NoteWritten", "NoteWritten"]


def test_an_answer_keeps_the_warnings_and_the_ids_made_up(plans):
    vague = say("add-action", statement="Deepen the relationship", kind="task", owner="ann", due_on="2026-01-12")
    first = plans.handle(ACME, [vague], CONTEXT, key=KEY)
    again = plans.handle(ACME, [vague], CONTEXT, key=KEY)
    assert {caution.code for caution in first.done[0].warnings} >= {"vague"}
    assert [(done.id, list(done.warnings)) for done in again.done] == [
        (done.id, list(done.warnings)) for done in first.done
    ]


def test_what_opened_a_plan_says_so_again(store):
    commands = [say("open-plan", **OPEN_ACME)]
    first, again = (plans_on(store).handle(ACME, commands, CONTEXT, key=KEY) for _ in range(2))
    assert (first.opened, first.replayed, again.opened, again.replayed) == (True, False, True, True)
    assert again.version == 1


def test_a_command_that_changed_nothing_is_answered_alike_even_when_it_would_by_now(store, plans):
    def rename():
        same = say("rename-account", account_name=OPEN_ACME["account_name"])
        return plans.handle(ACME, [same], CONTEXT, key=KEY)

    assert (rename().done[0].events, rename().replayed) == ({}, True)
    handle(plans, "rename-account", account_name="Acme Holding")
    again = rename()
    assert (again.replayed, again.version, again.done[0].events) == (True, 1, {})
    assert types(store) == ["PlanOpened", "AccountRenamed"]


def test_another_body_under_the_same_key_is_refused(store, plans, elsewhere):
    note(plans, KEY)
    for others in (plans, elsewhere):
        with pytest.raises(KeyReused, match="a new request takes a new key"):
            note(others, Key(KEY.scope, b"another body"), text="another")
    assert types(store) == ["PlanOpened", "NoteWritten"]


def test_a_key_comes_before_if_match(plans):
    body = [say("write-summary", relevance="High")]
    plans.handle(ACME, body, CONTEXT, if_match=1, key=KEY)
    assert plans.handle(ACME, body, CONTEXT, if_match=1, key=KEY).replayed
    assert stale(plans, 1, say("write-summary", relevance="Low")) == ["SummaryWritten"]


def test_refusals_are_decided_anew(store, plans):
    start = [say("start-play", id="pilot")]
    with pytest.raises(Refusal):
        plans.handle(ACME, start, CONTEXT, key=KEY)
    handle(plans, "plan-play", **PILOT)
    assert not plans.handle(ACME, start, CONTEXT, key=KEY).replayed
    assert types(store) == ["PlanOpened", "PlayPlanned", "PlayStarted"]


@pytest.mark.parametrize("body", [{"text": "seen"}, None])
def test_of_many_at_once_with_the_same_key_one_wins_and_all_get_its_answer(store, plans, connection_strings, body):
    command = (
        say("write-note", id="n1", section="plan", **body)
        if body
        else say("rename-account", account_name=OPEN_ACME["account_name"])
    )
    with opened(connection_strings, KEY_ENCRYPTION_KEY) as other:
        callers = [plans, *(plans_on(each) for each in (store, other) * 3)]
        outcomes = at_once(callers, lambda plans: plans.handle(ACME, [command], CONTEXT, key=KEY))
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 6
    assert len({(outcome.version, outcome.position, str(outcome.done)) for outcome in outcomes}) == 1
    assert types(store) == ["PlanOpened", *(["NoteWritten"] if body else [])]


def test_the_winners_answer_is_found_by_who_would_be_refused_because_of_it(store, plans, monkeypatch):
    """The other one of two wins after we decided, and before we record: then we would be refused."""
    handle(plans, "plan-play", **PILOT)
    late = plans_on(store)
    late.read(ACME)
    win = [say("win-play", id="pilot", finished_on="2026-01-05", result="Scrap at 1.8 %")]
    append = store.events.append

    def appended_too_late(commit):
        monkeypatch.setattr(store.events, "append", append)
        plans.handle(ACME, win, CONTEXT, key=KEY)
        return append(commit)

    monkeypatch.setattr(store.events, "append", appended_too_late)
    assert late.handle(ACME, win, CONTEXT, key=KEY).replayed
    with pytest.raises(Refusal):
        late.handle(ACME, win, CONTEXT)


def age(store, hours):
    with connected(store.where.owner) as connection:
        connection.execute("UPDATE plantrail.answers SET answered_at = now() - %s", (timedelta(hours=hours),))


def test_an_answer_is_kept_for_a_day(store, plans):
    first = note(plans, KEY)
    age(store, 23.9)
    assert note(plans, KEY).replayed
    age(store, 24.1)
    second = note(plans, KEY, id="n2")
    assert not second.replayed
    assert second.version == first.version + 1
    assert note(plans, KEY, id="n2").version == second.version


def test_old_answers_are_purged_a_thousand_at_a_time(store, plans):
    note(plans, KEY)
    with connected(store.where.owner) as connection:
        connection.execute(
            "INSERT INTO plantrail.answers SELECT decode(md5(n::text), 'hex'), '', %s, '{}',"
            " now() - interval '25 hours' FROM generate_series(1, 1500) n",
            (uuid4(),),
        )
    assert [store.events.purge() for _ in range(3)] == [1000, 500, 0]
    assert note(plans, KEY).replayed


def test_an_answer_holds_nobodys_words(store, plans):
    stakeholder = say("add-stakeholder", id="cfo", level="executive", name="Jane Doe")
    plans.handle(ACME, [stakeholder], CONTEXT, key=KEY)
    with connected(store.where.owner) as connection:
        [row] = connection.execute("SELECT * FROM plantrail.answers").fetchall()
    assert "Jane" not in str(row)


def at_once(callers, handle):
    """What each gets, be it a refusal, when all ask at the same time."""
    together = Barrier(len(callers))

    def ask(caller):
        together.wait()
        try:
            return handle(caller)
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(callers)) as pool:
        return list(pool.map(ask, callers))


def test_in_a_loop_the_commands_on_one_plan_have_their_turn_as_they_come(store):
    """Even while a thread goes between them, and whoever gives up waiting leaves the line."""
    plans, order = opened_acme(plans_on(store)), []

    async def noted(number: int) -> None:
        outcome = await plans.handle_async(ACME, [say("write-note", section="plan", text=f"note {number}")], CONTEXT)
        order.append((number, outcome.version))

    async def crowd() -> None:
        first = asyncio.create_task(noted(0))
        await first
        together = [asyncio.create_task(noted(number)) for number in range(1, 20)]
        impatient = asyncio.create_task(noted(99))
        behind = [asyncio.create_task(noted(number)) for number in range(20, 30)]
        await asyncio.sleep(0)
        impatient.cancel()
        thread = asyncio.to_thread(handle, plans, "write-note", section="plan", text="by a thread")
        await asyncio.gather(*together, *behind, thread)

    asyncio.run(crowd())
    assert [number for number, _ in order] == list(range(30))
    assert [version for _, version in order] == sorted(version for _, version in order)
    assert plans.read(ACME).version == 1 + 30 + 1


def test_what_other_plans_have_a_say_in_is_left_to_a_thread(store):
    plans = opened_acme(plans_on(store))
    handle(plans, "write-note", section="plan", text="seen")

    async def asked(*commands: Command) -> Outcome | None:
        return await plans.handle_async(ACME, commands, CONTEXT)

    note = say("write-note", id="more", section="plan", text="more")
    alias = say("alias-account", account_id="beta")
    for commands in ([alias], [note, alias]):
        pending = plans.pending(plans.read(ACME))
        pending.take(commands[0], MONDAY, "")
        assert plans.record(pending, commands, CONTEXT) is None
    assert asyncio.run(asked(alias)) is None
    assert asyncio.run(asked(note, alias)) is None
    assert plans.read(ACME).version == 2
    pending = plans.pending(plans.read(ACME))
    pending.take(note, MONDAY, "")
    assert plans.record(pending, [note], CONTEXT).version == 3


def test_what_another_process_records_is_read_before_a_command_once_a_race_was_lost(plans, elsewhere):
    """Without a thread, as long as it is little and in clear."""

    async def noted(here) -> int:
        outcome = await here.handle_async(ACME, [say("write-note", section="plan", text="seen")], CONTEXT)
        return outcome.version if outcome else 0

    async def in_turn() -> list[int]:
        return [await noted(here) for here in (plans, elsewhere, plans, plans, elsewhere, plans)]

    note(plans, id="known", text="so that who says it is known")
    note(elsewhere, id="known-too", text="there as well")
    assert asyncio.run(in_turn()) == [4, 5, 6, 7, 8, 9]
    somebody = {"id": "cfo", "name": "Jane Doe", "level": "executive"}
    handle(elsewhere, "add-stakeholder", **somebody)
    assert asyncio.run(noted(plans)) == 0, "what is sealed takes keys, and they take a thread"
    assert note(plans, id="n3").version == 11
