"""A plan loaded from a snapshot equals the folded one: the same commands are decided alike, and no more memory is
taken."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from application.aggregates.cache import AggregateCache, bytes_of
from application.aggregates.loaded import LazyRecords, RecordsUnread
from application.aggregates.pending import PendingAggregate, with_id
from application.aggregates.snapshots import MOST_NEWS, Snapshot
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import plan_id_of
from domain.language import Command, Refusal
from tests.commands import Scene, somebodys_command
from tests.examples import examples
from tests.histories import History, said_at_random
from tests.stores import ACME, CONTEXT, OPEN_ACME, handle, opened_acme, plans_on, say


def all_of(known: LoadedPlan) -> dict[str, Any]:
    state = known.state
    return {
        "things": {kind: dict(things) for kind, things in state.kinds().items() if things},
        "entries": dict(state.entries),
        "spent": set(state.spent_ids),
        "names": dict(state.people()),
        "place": (known.id, known.version, known.position, known.erasures),
    }


def decided(known: LoadedPlan, command: Command, at: datetime) -> object:
    pending = PendingAggregate(known)
    try:
        return pending.take(command, at, ""), pending.to_record, all_of(replace(known, state=pending.state))
    except Refusal as refusal:
        return repr(refusal)


@settings(max_examples=examples(1), suppress_health_check=list(HealthCheck), deadline=None)
@given(st.randoms(use_true_random=False))
def test_from_a_snapshot_the_same_is_decided_as_from_all_events(random: Random) -> None:
    history, kept = said_at_random(random, commands=20), None
    for _ in range(30):
        kept = Snapshot.of(history.known, kept)
        taken = kept.loaded(ACCOUNT_PLAN)
        assert isinstance(taken.records, LazyRecords)
        assert len(taken.records.last) <= MOST_NEWS
        assert all_of(taken) == all_of(history.known)
        at = history.last + timedelta(hours=random.randint(0, 60))
        with suppress(ValidationError):
            said = somebodys_command(Scene(random, history.known.state, at.date()))
            command = with_id(said, lambda: UUID(int=7))
            expected = decided(history.known, command, at)
            read = replace(taken, records=taken.records.read_by(lambda: history.known.records))
            assert decided(read, command, at) == expected
            with suppress(RecordsUnread):
                assert decided(taken, command, at) == expected
            with suppress(Refusal):
                version = history.known.version
                news = history.handle(at, command)
                if history.known.erasures > taken.erasures:
                    kept = None  # as whoever forgets somebody drops what was kept
                else:
                    assert all_of(read.with_news(news)) == all_of(history.known)
                    assert list(read.with_news(news).records) == list(history.known.records)
                    assert list(taken.records.with_news(news)[version:]) == news


OPENING = {"account_name": "A", "owner": "ann", "currency": "EUR", "tier": "strategic"}


def of_notes(account_id: str, notes: int) -> LoadedPlan:
    history = History(account_id)
    history.on("2026-01-05", "open-plan", account_id=account_id, **OPENING)
    for number in range(notes):
        history.on("2026-01-06", "write-note", id=f"n{number}", section="plan", text="seen")
    return history.known


def test_what_was_used_longest_ago_is_kept_as_its_state_and_then_as_a_snapshot_within_bounds() -> None:
    plans = [of_notes(f"a{number}", notes=3 + number) for number in range(8)]
    most = sum(map(bytes_of, plans[-1].records))
    cache = AggregateCache(ACCOUNT_PLAN, whole=2 * most, folded=most, snapshots=2 * most)
    for plan in [*plans, *plans[:3]]:
        cache.put(plan)
        assert cache.bytes <= 5 * most
    assert [len(kept) > 0 for kept in cache._kept] == [True, True, True]
    for plan in plans:
        assert cache.version(plan.id) == plan.version
        known = cache.folded(plan.id)
        assert known is not None
        assert all_of(known) == all_of(plan)
    shed = next(plan for plan in plans if cache.get(plan.id) is None)  # a view needs all events
    cache.put(shed)
    assert cache.get(shed.id) is shed, "all events are more than some"
    cache.put(shed.without_records())
    assert cache.get(shed.id) is shed
    for plan in plans:
        cache.drop(plan.id)
        assert (cache.folded(plan.id), cache.version(plan.id)) == (None, 0)
    assert cache.bytes == 0


def test_who_remembers_only_snapshots_records_and_refuses_the_same(store) -> None:
    plans = plans_on(store, cache=AggregateCache(ACCOUNT_PLAN, whole=1, folded=1))
    opened_acme(plans)
    beta, gamma = plan_id_of("beta"), plan_id_of("gamma")
    plans.handle(beta, [say("open-plan", **OPEN_ACME | {"account_id": "beta"})], CONTEXT)
    plans.handle(gamma, [say("open-plan", **OPEN_ACME | {"account_id": "gamma"})], CONTEXT)

    def make_room() -> None:
        for id in (beta, gamma):
            plans.drop(id)
            plans.read(id)
        assert plans.remembered(ACME).records == ()

    play = {"id": "p", "title": "Pilot", "kind": "proof", "owner": "ann", "success_measure": "M"}
    handle(plans, "plan-play", due_on="2026-03-31", **play)
    for number in range(MOST_NEWS + 2):
        make_room()
        handle(plans, "write-note", id=f"n{number}", section="plan", text="seen")
    make_room()
    handle(plans, "strike-entry", event=f"{ACME}:4", reason="Of another plan")
    make_room()
    outcome = handle(plans, "win-play", id="p", finished_on="2026-01-02", result="Done")
    assert [each.code for each in outcome.done[0].warnings] == ["finished-before-promised"]
    make_room()
    with pytest.raises(Refusal):
        handle(plans, "win-play", id="p", finished_on="2026-01-02", result="Done")
    assert all_of(plans.read(ACME)) == all_of(plans_on(store).read(ACME))
    stored = [[record.stored for record in each.read(ACME).records] for each in (plans, plans_on(store))]
    assert stored[0] == stored[1]


def test_a_snapshot_is_continued_unless_an_entry_was_struck_since() -> None:
    history = History("acme")
    history.on("2026-01-05", "open-plan", account_id="acme", **OPENING)
    history.on("2026-01-06", "write-note", id="kept", section="plan", text="seen")
    before = Snapshot.of(history.known)
    history.on("2026-01-07", "write-note", id="new", section="plan", text="seen")
    continued = Snapshot.of(history.known, before)
    assert (continued.packed, len(continued.last)) == (before.packed, 1)
    history.on("2026-01-08", "strike-entry", event="acme:2", reason="A mistake")
    anew = Snapshot.of(history.known, continued)
    assert anew.packed != before.packed
    for snapshot in (continued, anew):
        assert snapshot.loaded(ACCOUNT_PLAN).version == snapshot.version
    assert all_of(anew.loaded(ACCOUNT_PLAN)) == all_of(history.known)
