"""A committed list is carried out on the plans: each account once in effect, wherever the process dies meanwhile."""

import json
import signal
import subprocess
from datetime import datetime, timedelta
from typing import Any

import pytest

from adapters.bootstrap.committed_lists import committed_lists, follow_once
from adapters.postgres.relays import PostgresTurn
from adapters.postgres.store import Store, opened
from application.aggregates.handle import Aggregates
from application.rounds.committed_lists import REFUSED_THEN, CommittedLists, EntryResult
from application.rounds.list_follower import NAME
from application.scenarios.simulation import SOURCE
from domain.account_plan.plan import plan_id_of, the_plan
from domain.account_plan.tiers import TierChanged, TierConfirmed
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from domain.program.rounds import ListedPlanArchived, ListedTwice, ReasonMissingAgainstRanking, Round
from domain.record import Recorded
from tests.databases import Stores
from tests.forks import PythonProgram
from tests.stores import CONTEXT, KEY, MONDAY, OPEN_ACME, plans_on, say

ACCOUNTS = ("acme", "beta", "gamma")


class Office:
    """A program with an open round in which three accounts with plans are nominated."""

    def __init__(self, store: Store, **weights: int) -> None:
        self.store = store
        self.plans = plans_on(store)
        self.lists: CommittedLists = committed_lists(store, lambda: MONDAY)
        self.program: Aggregates[Any] = self.lists.program
        for account in ACCOUNTS:
            self.plan(account, "open-plan", **OPEN_ACME | {"account_id": account, "tier": "growth"})
        self.say("open-program", name="Strategic accounts", currency="EUR")
        self.say("open-round", id="spring", title="Spring", due_on="2026-03-31", criteria_weights=weights)
        for account in ACCOUNTS:
            self.say("nominate", round="spring", account=account, account_name=account, why="It grows")

    def plan(self, account: str, command: str, **body: Any) -> None:
        self.plans.handle(plan_id_of(account), [say(command, **body)], CONTEXT)

    def say(self, command: str, **body: Any) -> None:
        said = PROGRAM.commands[command].model_validate_json(json.dumps(body))
        self.program.handle(PROGRAM_ID, [said], CONTEXT)

    def commit(self, **tiers: str) -> Recorded:
        entries = [{"account": account, "tier": tier, "reason": "Agreed"} for account, tier in tiers.items()]
        self.say("commit-list", round="spring", entries=entries, decided_by=["vera", "dag"])
        return self.program.read(PROGRAM_ID).records[-1]

    def recorded(self, account: str, because_of: Recorded) -> list[Recorded]:
        """The events of a plan that were recorded because of another event."""
        records = self.store.events.read(plan_id_of(account))
        return [each for each in records if json.loads(each.stored)["meta"].get("causation_id") == because_of.id]

    def results(self) -> dict[str, EntryResult]:
        known = self.program.read(PROGRAM_ID)
        return {each.account: each for each in self.lists.results(known, known.state.the(Round, "spring"))}


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def test_each_account_gets_its_tier_and_says_in_which_round_and_who_decided(office: Office):
    committed = office.commit(acme="strategic", beta="growth")
    follow_once(office.store, office.lists)
    [changed], [confirmed] = office.recorded("acme", committed), office.recorded("beta", committed)
    assert changed.event == TierChanged(tier="strategic", former="growth", round="spring", decided_by=("vera", "dag"))
    assert confirmed.event == TierConfirmed(round="spring", decided_by=("vera", "dag"))
    assert changed.meta.reason == "Agreed"
    assert changed.meta.actor == committed.meta.actor
    said = json.loads(changed.stored)["meta"]
    assert (said["source"], said["correlation_id"]) == ("program", CONTEXT.correlation_id)
    assert office.recorded("gamma", committed) == []


def test_an_account_without_a_plan_is_to_be_opened_and_what_a_plan_refuses_says_why(office: Office):
    office.commit(acme="strategic", nobody="strategic", gamma="strategic")
    assert {account: result.state for account, result in office.results().items()} == {
        "acme": "waiting", "nobody": "to_open", "gamma": "waiting"
    }  # fmt: skip
    office.plan("gamma", "archive-plan", reason="Bought by acme")
    follow_once(office.store, office.lists)
    results = office.results()
    assert {account: result.state for account, result in results.items()} == {
        "acme": "done", "nobody": "to_open", "gamma": "refused"
    }  # fmt: skip
    assert "archived" in (results["gamma"].why or "")
    assert results["acme"].event == f"{plan_id_of('acme')}:2"


def test_a_plan_that_was_merged_since_leaves_its_tier_to_the_one_that_goes_on(office: Office):
    committed = office.commit(acme="strategic", beta="growth", gamma="strategic")
    for account in ("beta", "gamma"):
        office.plan("acme", "merge-plan", account_id=account, reason="Entered twice")
    follow_once(office.store, office.lists)
    results = office.results()
    assert {account: result.state for account, result in results.items()} == {
        "acme": "done", "beta": "refused", "gamma": "refused"
    }  # fmt: skip
    assert results["beta"].why == "The plan of “beta” was merged into that of “acme”: go on there."
    assert (len(office.recorded("acme", committed)), office.recorded("gamma", committed)) == (1, [])


def test_what_came_of_a_list_is_told_as_of_any_instant(office: Office):
    committed = office.commit(acme="strategic", late="growth")
    known = office.program.read(PROGRAM_ID)
    an_hour_later = MONDAY + timedelta(hours=1)
    follow_once(office.store, committed_lists(office.store, lambda: an_hour_later))
    two_hours_later = MONDAY + timedelta(hours=2)
    opened = [say("open-plan", **OPEN_ACME | {"account_id": "late", "tier": "growth"})]
    plans_on(office.store, lambda: two_hours_later).handle(plan_id_of("late"), opened, CONTEXT)
    [changed] = office.recorded("acme", committed)
    assert changed.meta.recorded_at == an_hour_later

    def at(instant: datetime | None) -> dict[str, str]:
        found = office.lists.results(known, known.state.the(Round, "spring"), instant)
        return {each.account: each.state for each in found}

    instant = timedelta(microseconds=1)
    assert at(an_hour_later - instant) == {"acme": "waiting", "late": "to_open"}
    assert at(an_hour_later) == at(two_hours_later - instant) == {"acme": "done", "late": "to_open"}
    assert at(two_hours_later) == at(None) == {"acme": "done", "late": "done"}


def test_what_was_refused_is_not_carried_out_years_later(office: Office):
    committed = office.commit(gamma="strategic")
    office.plan("gamma", "archive-plan", reason="Bought by acme")
    follow_once(office.store, office.lists)
    office.plan("gamma", "reopen-plan", reason="Sold again")
    follow_once(office.store, committed_lists(office.store, lambda: MONDAY))
    assert office.recorded("gamma", committed) == []
    result = office.results()["gamma"]
    assert (result.state, result.why) == ("refused", REFUSED_THEN)
    office.plan("gamma", "change-tier", tier="strategic", reason="As committed")
    assert office.results()["gamma"].state == "refused"


@pytest.mark.parametrize(("tier", "state"), [("strategic", "done"), ("growth", "refused")])
def test_a_plan_opened_after_its_list_was_carried_out_has_the_tier_it_was_opened_with(
    office: Office, tier: str, state: str
):
    committed = office.commit(late="strategic")
    follow_once(office.store, office.lists)
    assert office.results()["late"].state == "to_open"
    office.plan("late", "open-plan", **OPEN_ACME | {"account_id": "late", "tier": tier})
    follow_once(office.store, office.lists)
    assert office.recorded("late", committed) == []
    result = office.results()["late"]
    assert result.state == state
    assert (result.event, result.why is None) == (
        (f"{plan_id_of('late')}:1", True) if state == "done" else (None, False)
    )


def test_a_tier_that_somebody_changes_afterwards_stays_changed(office: Office):
    office.commit(acme="strategic")
    follow_once(office.store, office.lists)
    office.plan("acme", "change-tier", tier="enterprise", reason="Not yet")
    for _ in range(2):
        follow_once(office.store, committed_lists(office.store, lambda: MONDAY))
    assert the_plan(office.plans.read(plan_id_of("acme")).state).tier == "enterprise"
    assert office.results()["acme"].state == "done"


def test_a_list_told_by_a_scenario_is_carried_out_by_what_it_tells(office: Office):
    entries = [entry("acme", reason="Agreed"), entry("beta", "growth", reason="Agreed")]
    body = {"round": "spring", "entries": entries, "decided_by": ["vera"]}
    said = [PROGRAM.commands["commit-list"].model_validate_json(json.dumps(body))]
    office.program.handle(PROGRAM_ID, said, CONTEXT._replace(source=SOURCE))
    follow_once(office.store, office.lists)
    committed = office.program.read(PROGRAM_ID).records[-1]
    assert office.recorded("acme", committed) == office.recorded("beta", committed) == []
    assert {account: result.state for account, result in office.results().items()} == {
        "acme": "refused", "beta": "done"
    }  # fmt: skip


def test_one_process_at_a_time_carries_out(office: Office):
    committed = office.commit(acme="strategic")
    turn = PostgresTurn.take(office.store.datastore, NAME)
    assert turn
    follow_once(office.store, office.lists)
    assert office.recorded("acme", committed) == []
    turn.end()
    follow_once(office.store, office.lists)
    assert len(office.recorded("acme", committed)) == 1


DYING = """
import os, signal, sys
from datetime import UTC, datetime
from adapters.bootstrap.committed_lists import committed_lists, follow_once
from adapters.postgres.relays import PostgresTurn
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.store import ConnectionStrings, opened
from tests.stores import KEY, MONDAY

left = int(sys.argv[1])

def dies_before_and_after(what):
    def call(*arguments):
        for step in (lambda: None, lambda: what(*arguments)):
            answer = step()
            global left
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1
        return answer
    return call

PostgresEventStore.append = dies_before_and_after(PostgresEventStore.append)
PostgresTurn.reach = dies_before_and_after(PostgresTurn.reach)
with opened(ConnectionStrings(*sys.argv[2:]), KEY) as store:
    follow_once(store, committed_lists(store, lambda: MONDAY))
"""
"""Carries lists out, and dies by SIGKILL at the step with this number: before or after an event is recorded, before or
after it is noted how far it has come."""


@pytest.mark.program
def test_whenever_the_process_is_killed_each_entry_is_carried_out_once(office: Office):
    where, died_at, tiers = office.store.where, list[int](), ("strategic", "enterprise")
    for step in range(100):
        committed = office.commit(acme=tiers[step % 2], beta=tiers[step % 2], gamma=tiers[step % 2])
        words = (DYING, str(step), where.service, where.owner, where.keys)
        with PythonProgram(*words, stderr=subprocess.PIPE, text=True) as ended:
            _, told = ended.communicate()
        assert ended.returncode in (0, -signal.SIGKILL), told
        follow_once(office.store, office.lists)
        for account in ACCOUNTS:
            [once] = office.recorded(account, committed)
            assert isinstance(once.event, TierChanged)
            assert once.event.tier == tiers[step % 2]
        if ended.returncode == 0:
            break
        died_at.append(step)
    assert died_at == list(range(8))  # three plans and the note, before and after each


# What happens to the plans between the commit and the carrying out


MEANWHILE = {
    "merged": ("acme", "merge-plan", {"account_id": "beta", "reason": "Entered twice"}),
    "archived": ("gamma", "archive-plan", {"reason": "Bought by acme"}),
    "aliased": ("acme", "alias-account", {"account_id": "late"}),
    "opened": ("late", "open-plan", OPEN_ACME | {"account_id": "late", "tier": "growth"}),
}
TIERS = {"late": "enterprise", "acme": "strategic", "beta": "strategic", "gamma": "strategic"}
REFUSED = {
    "merged": ("beta", "The plan of “beta” was merged into that of “acme”: go on there."),
    "archived": ("gamma", "This plan is archived, so it is read-only; reopen it first."),
    "aliased": ("late", "It is the same account as acme, which the list names too."),
}


@pytest.mark.parametrize("what", MEANWHILE)
def test_what_happens_to_a_plan_before_its_list_is_carried_out_counts(office: Office, what: str):
    committed = office.commit(**TIERS)
    account, command, body = MEANWHILE[what]
    office.plan(account, command, **body)
    for _ in range(2):
        follow_once(office.store, office.lists)
    results, waits = office.results(), {"to_open"} if what in ("merged", "archived") else {"done"}
    if what in REFUSED:
        refused_one, why = REFUSED[what]
        result = results.pop(refused_one)
        assert (result.state, result.why) == ("refused", why)
        assert office.recorded(refused_one, committed) == []
    assert {result.state for result in results.values()} == {"done", *waits}
    for each in results.keys() - ({"late"} if "to_open" in waits else set()):
        [once] = office.recorded(each, committed)
        assert isinstance(once.event, TierChanged)
        assert once.event.tier == TIERS[each]


def is_opened_with(result: EntryResult) -> bool:
    """Return whether a plan has its tier from its opening."""
    return (result.event or "").endswith(":1")


@pytest.mark.torture
@pytest.mark.program
@pytest.mark.parametrize("what", MEANWHILE)
def test_whenever_the_process_is_killed_and_whatever_happens_then_each_entry_is_carried_out_once(
    stores: Stores, what: str
):
    steps = 0
    for step in range(100):
        with stores.lend() as where, opened(where, KEY) as store:
            office = Office(store)
            committed = office.commit(**TIERS)
            words = (DYING, str(step), where.service, where.owner, where.keys)
            with PythonProgram(*words, stderr=subprocess.PIPE, text=True) as ended:
                _, told = ended.communicate()
            assert ended.returncode in (0, -signal.SIGKILL), told
            account, command, body = MEANWHILE[what]
            office.plan(account, command, **body)
            for _ in range(2):
                follow_once(office.store, office.lists)
            results = office.results()
            for account, tier in TIERS.items():
                carried_out = [each.event for each in office.recorded(account, committed)]
                assert [getattr(event, "tier", None) for event in carried_out] == [tier] * len(carried_out)
                assert len(carried_out) == (results[account].state == "done" and not is_opened_with(results[account]))
        steps += 1
        if ended.returncode == 0:
            break
    assert steps == 9  # three plans and the note, before and after each, and none


# What the plans say to a list


def entry(account: str, tier: str = "strategic", **more: str) -> dict[str, str]:
    return {"account": account, "tier": tier} | more


def refused(office: Office, refusal: type[Exception], *entries: dict[str, str]) -> Any:
    with pytest.raises(refusal) as found:
        office.say("commit-list", round="spring", entries=list(entries), decided_by=["vera"])
    return found.value


@pytest.fixture
def scored(store: Store) -> Office:
    """Return an office in which acme and beta have the same score in spring and gamma has less; in autumn it was the
    other way round."""
    office = Office(store, top_arr=2, logo=1)
    for account, grades in (("acme", (3, 0)), ("beta", (2, 2)), ("gamma", (1, 1))):
        criteria = dict(zip(("top_arr", "logo"), grades, strict=True))
        office.plan(account, "score-account", round="spring", criteria=criteria)
    office.plan("gamma", "score-account", round="autumn", criteria={"top_arr": 3, "logo": 3})
    return office


def test_an_archived_plan_is_not_listed(office: Office):
    office.plan("gamma", "archive-plan", reason="Bought by acme")
    wrong = refused(office, ListedPlanArchived, entry("acme", reason="x"), entry("gamma", reason="x"))
    assert wrong.pointer == "/entries/1/account"


def test_an_account_is_named_once_also_by_the_id_of_its_plan(office: Office):
    wrong = refused(office, ListedTwice, entry("acme"), entry(str(plan_id_of("acme")), reason="x"))
    assert wrong.pointer == "/entries/1/account"


def test_who_goes_against_the_ranking_of_the_round_says_why(scored: Office):
    wrong = refused(scored, ReasonMissingAgainstRanking, entry("beta"), entry("gamma"))
    assert wrong.pointer == "/entries/1/reason"
    assert "acme" in str(wrong)
    scored.say("commit-list", round="spring", entries=[entry("gamma", reason="A court case")], decided_by=["vera"])


@pytest.mark.parametrize("listed", ["acme", "beta"])
def test_of_two_that_are_equal_none_goes_against_the_ranking(scored: Office, listed: str):
    scored.say("commit-list", round="spring", entries=[entry(listed)], decided_by=["vera"])


def test_an_account_that_was_not_scored_in_the_round_ranks_last(scored: Office):
    scored.plan("delta", "open-plan", **OPEN_ACME | {"account_id": "delta"})
    scored.say("nominate", round="spring", account="delta", account_name="Delta", why="It grows")
    refused(scored, ReasonMissingAgainstRanking, entry("acme"), entry("beta"), entry("delta"))
