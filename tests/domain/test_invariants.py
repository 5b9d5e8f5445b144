"""Invariants of every history, whatever was recorded in it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from pydantic import ValidationError
from pydantic_core import to_json

from application.reports.promises import lives
from application.views.blame import blame
from application.views.contacts import as_the_team_knows
from application.views.current_plan import current_plan
from application.views.cuts import known_at
from application.views.diff import diff
from application.views.effects import walk
from application.views.history import Filter, history
from application.views.reviews import reviews
from domain.account_plan import COMMANDS, decide, fold
from domain.account_plan.actions import Action
from domain.account_plan.entries import EntryStruck, SectionConfirmed, StrikeEntry
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.health import HealthRecorded
from domain.account_plan.hypotheses import EvidenceRecorded
from domain.account_plan.language import AccountPlan
from domain.account_plan.plays import Play
from domain.account_plan.stakeholders import StakeholderVerified
from domain.account_plan.tiers import TierConfirmed
from domain.language import Command, Refusal
from domain.record import struck_by
from domain.things import day_of
from tests.commands import Scene, made_up, somebodys_command
from tests.histories import Values, applied, opened, values_of_plan

HAPPENS_AGAIN = (SectionConfirmed, TierConfirmed, StakeholderVerified, EvidenceRecorded)
"""What may be said in the same words a second time, because it happened a second time."""

MAY_CHANGE_NOTHING = (*HAPPENS_AGAIN, HealthRecorded, EntryStruck)
"""A reading of an earlier day counts only where there is none of a later one."""

ZONE = "America/New_York"


class Histories(RuleBasedStateMachine):
    """Somebody says one thing after another to a plan, while the clock goes on and sometimes back."""

    def __init__(self) -> None:
        super().__init__()
        self.told = opened(timezone=ZONE)
        self.now = self.told.last
        self.stood = [AccountPlan(), self.told.known.state]
        """The plan as it stood at each version, when it was the latest."""
        self.values = values_of_plan(self.told.known.state)

    @initialize(random=some.randoms(use_true_random=True))
    def begin_with_one_of_each(self, random: Random) -> None:
        for name, command in COMMANDS.items():
            if command.needs == "new":
                self.say(partial(made_up, name), random)

    @rule(random=some.randoms(use_true_random=True))
    def somebody_says_something(self, random: Random) -> None:
        self.say(somebodys_command, random)

    @rule(random=some.randoms(use_true_random=True))
    def much_is_said_at_a_meeting(self, random: Random) -> None:
        for _ in range(8):
            self.say(somebodys_command, random)

    @precondition(lambda self: self.told.known.state.entries)
    @rule(which=some.integers(0, 9))
    def an_entry_is_struck(self, which: int) -> None:
        entries = sorted(self.told.known.state.entries)
        self.handle(StrikeEntry(event=str(entries[which % len(entries)]), reason="By mistake"))

    @rule(hours=some.integers(-30, 200))
    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def say(self, what: Callable[[Scene], Command], random: Random) -> None:
        known = self.told.known
        scene = Scene(random, known.state, day_of(max(self.now, self.told.last), ZONE))
        try:
            self.handle(what(scene))
        except ValidationError:
            assert self.told.known is known

    def handle(self, command: Any) -> None:
        before = self.told.known
        note(f"version {before.version}: {command!r}")
        try:
            recorded = self.told.handle(self.now, command)
        except Refusal:
            recorded = []
        assert values_of_plan(before.state) == self.values, "a plan that was handed out never changes"
        if not recorded:
            assert self.told.known is before
            return
        self.remember(recorded)
        self.what_was_decided_survives_the_record(command, before.state, recorded)
        self.said_again_it_changes_nothing(command)

    def what_was_decided_survives_the_record(self, command: Any, before: AccountPlan, recorded: Any) -> None:
        named = command if command.subject() else command.model_copy(update={"id": recorded[0].event.subject()})
        decided = decide(before, named, recorded[0].meta.recorded_at)
        assert [record.event for record in recorded] == list(decided.events)
        assert [record.event.model_fields_set for record in recorded] == [
            event.model_fields_set for event in decided.events
        ]
        assert [record.version for record in recorded] == [before.version + 1 + place for place in range(len(recorded))]

    def said_again_it_changes_nothing(self, command: Any) -> None:
        if command.subject() is None:
            return
        try:
            again = decide(self.told.known.state, command, self.told.last)
        except Refusal:
            return
        assert all(isinstance(event, HAPPENS_AGAIN) for event in again.events), again.events

    def remember(self, recorded: Any) -> None:
        known, events = self.told.known, [record.event for record in self.told.known.records]
        folded = fold(events)
        assert (known.state.kinds(), known.state.entries) == (folded.kinds(), folded.entries)
        self.values = values_of_plan(folded)
        if any(isinstance(record.event, StakeholderForgotten) for record in recorded):
            self.stood = [fold(events[:version]) for version in range(known.version + 1)]
        else:
            self.stood.append(known.state)

    def teardown(self) -> None:
        self.what_is_stored_is_what_is_known()
        self.every_cut_shows_the_plan_as_it_stood()
        self.what_each_event_did_adds_up()
        self.every_value_has_its_event()
        self.changes_compose()
        self.a_promise_is_what_its_life_comes_to()
        self.views_can_be_shown_at_every_cut()

    def what_is_stored_is_what_is_known(self) -> None:
        known = self.told.known.records
        for record, again in zip(known, self.told.read_again().records, strict=True):
            assert again.event == record.event, record.event
            assert (again.sealed, again.stored) == (record.sealed, record.stored)
            assert again.meta.recorded_at == record.meta.recorded_at
            assert (again.meta.actor, again.meta.reason) == (record.meta.actor, record.meta.reason)

    def every_cut_shows_the_plan_as_it_stood(self) -> None:
        recorded_at = [record.meta.recorded_at for record in self.told.known.records]
        assert recorded_at == sorted(recorded_at)
        days = [day_of(at, ZONE) for at in recorded_at]
        later = (self.told.last + timedelta(days=2)).isoformat()
        for version in range(1, len(recorded_at) + 1, 3):
            at, day = recorded_at[version - 1], days[version - 1]
            known = known_at(self.told.known, self.told.cut(f"version:{version}"))
            assert known.state.kinds() == self.stood[version].kinds()
            assert self.told.cut(at.isoformat()).version == sum(each <= at for each in recorded_at)
            assert self.told.cut(str(day), now=later).version == sum(each <= day for each in days)

    def what_each_event_did_adds_up(self) -> None:
        values: Values = {}
        for record, effects, _ in walk(self.told.known.records):
            for effect in effects:
                assert values.get((effect.kind, effect.id, effect.field)) == effect.before
                values[effect.kind, effect.id, effect.field] = effect.after
            values = {key: value for key, value in values.items() if value is not None}
            assert values == values_of_plan(self.stood[record.version])
            # Words that were forgotten are all the same.
            assert effects or isinstance(record.event, MAY_CHANGE_NOTHING) or self.told.forgotten, record.event

    def every_value_has_its_event(self) -> None:
        known = self.told.known
        blamed = blame(known.state, known.records)
        assert {(each.kind, each.id, each.field): each.value for each in blamed} == values_of_plan(known.state)
        assert not {each.event for each in blamed} & {
            known.records[version - 1].id for version in struck_by(known.records)
        }

    def changes_compose(self) -> None:
        versions = [0, self.told.known.version // 3, self.told.known.version // 2, self.told.known.version]
        a, b, c, d = (self.told.cut(f"version:{version}") for version in versions)
        at = {cut: values_of_plan(as_the_team_knows(self.stood[cut.version], cut.date)) for cut in (a, b, c, d)}
        for before, between, after in ((a, b, d), (b, c, d)):
            first, then, whole = (
                diff(self.told.known, *cuts) for cuts in ((before, between), (between, after), (before, after))
            )
            assert applied(first, at[before]) == at[between]
            assert applied(then, at[between]) == applied(whole, at[before]) == at[after]
            left_traces = any(touched.also for touched in whole.touched_unchanged)
            # Words about somebody count as changed, whatever they were.
            were_words = any(record.sealed for record in self.told.known.records[: after.version])
            assert whole.unchanged == (at[before] == at[after]) or left_traces or were_words

    def a_promise_is_what_its_life_comes_to(self) -> None:
        known = self.told.known
        withdrawn = {key for key, life in lives(known.records).items() if life.last.is_withdrawal}
        assert {key: life.last.promise for key, life in lives(known.records).items() if key not in withdrawn} == {
            (kind.noun, id): promise for kind in (Play, Action) for id, promise in known.state.all(kind).items()
        }
        assert withdrawn <= known.state.spent_ids

    def views_can_be_shown_at_every_cut(self) -> None:
        known = self.told.known
        for version in (1, known.version // 2, known.version):
            cut = self.told.cut(f"version:{version}")
            to_json(current_plan(known, cut))
            to_json(reviews(known, cut))
        to_json(diff(known, self.told.cut("version:1"), self.told.cut("now")), by_alias=True)
        assert len(history(known.records, Filter().leaves_in, limit=1000)[0]) == known.version


CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


def run(**more: Any) -> None:
    as_asked = settings(deadline=None, suppress_health_check=CHECKS, report_multiple_bugs=False, **more)
    run_state_machine_as_test(Histories, settings=as_asked)


def test_whatever_is_said_a_plan_is_what_its_events_say():
    run(max_examples=3, stateful_step_count=30)


@pytest.mark.torture
def test_whatever_is_said_at_length_a_plan_is_what_its_events_say():
    run(max_examples=2000, stateful_step_count=60, derandomize=False)
