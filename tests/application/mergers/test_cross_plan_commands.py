"""Another id of an account names its plan from everywhere, and two plans of one account become one, at once or not at
all."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from adapters.postgres.store import Store
from application.aggregates.handle import Aggregates, Outcome
from application.views.plan_names import first_open
from domain.account_plan.accounts import (
    AccountHasAPlan,
    AccountNamesAnother,
    MergedIntoItself,
    MergesAnArchivedPlan,
    NoPlanToMerge,
)
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import (
    PlanAlreadyOpen,
    PlanIsArchived,
    PlanIsMerged,
    PlanNotOpen,
    plan_id_of,
    the_plan,
)
from domain.account_plan.stakeholders import Stakeholder
from domain.language import Refusal
from tests.stores import CONTEXT, OPEN_ACME, plans_on, say

ACME, BETA, GAMMA = (plan_id_of(account) for account in ("acme", "beta", "gamma"))
WHY = "Entered twice"


@pytest.fixture
def plans(store: Store) -> Aggregates[AccountPlan]:
    plans = plans_on(store)
    for account in ("acme", "beta", "gamma"):
        ask(plans, plan_id_of(account), "open-plan", **OPEN_ACME | {"account_id": account})
    return plans


def ask(plans: Aggregates[AccountPlan], plan: UUID, command: str, /, **body: Any) -> Outcome:
    return plans.handle(plan, [say(command, **body)], CONTEXT)


def refused(plans: Aggregates[AccountPlan], plan: UUID, command: str, /, **body: Any) -> Refusal:
    before = [plans.read(each).version for each in (ACME, BETA, GAMMA)]
    with pytest.raises(Refusal) as refusal:
        ask(plans, plan, command, **body)
    assert [plans.read(each).version for each in (ACME, BETA, GAMMA)] == before
    return refusal.value


# Another id of an account


def test_another_id_names_the_plan_for_commands_and_views_of_every_process(plans, store: Store):
    done = ask(plans, ACME, "alias-account", account_id="001D000000ACME")
    assert done.done[0].events == {2: "AccountAliased"}
    for process in (plans, plans_on(store)):
        assert first_open("001D000000ACME", process.read).id == ACME
        assert the_plan(process.read(ACME).state).aliases == ("001D000000ACME",)
    noted = ask(
        plans_on(store), plan_id_of("001D000000ACME"), "write-note", section="plan", text="Moved to the new CRM"
    )
    assert (noted.aggregate_id, noted.version) == (ACME, 3)
    assert ask(plans, ACME, "alias-account", account_id="001D000000ACME").done[0].events == {}
    assert ask(plans, ACME, "alias-account", account_id="acme").done[0].events == {}


def test_an_id_that_is_taken_names_nothing_else(plans, store: Store):
    ask(plans, ACME, "alias-account", account_id="other-crm")
    for id, said, why in (
        (BETA, "acme", AccountHasAPlan),
        (BETA, "other-crm", AccountNamesAnother),
        (ACME, "gamma", AccountHasAPlan),
    ):
        refusal = refused(plans, id, "alias-account", account_id=said)
        assert (type(refusal), refusal.pointer) == (why, "/account_id")
        assert f"“{said}”" in str(refusal)
    opening = OPEN_ACME | {"account_id": "other-crm"}
    with pytest.raises(PlanAlreadyOpen):
        ask(plans_on(store), plan_id_of("other-crm"), "open-plan", **opening)


@pytest.mark.usefixtures("plans")
def test_of_two_who_give_the_same_id_at_once_one_has_it(store: Store):
    def give(id: UUID) -> str:
        try:
            return str(ask(plans_on(store), id, "alias-account", account_id="contested").done[0].events)
        except AccountNamesAnother as refusal:
            return str(refusal)

    with ThreadPoolExecutor(3) as at_once:
        said = sorted(at_once.map(give, (ACME, BETA, GAMMA)))
    assert sum("AccountAliased" in each for each in said) == 1
    assert said.count("“contested” names another plan already.") == 2


# Two plans of one account


def test_a_plan_that_is_merged_is_read_only_and_leads_to_the_other(plans, store: Store):
    ask(plans, BETA, "add-action", id="call", statement="Call about the depot", kind="task", owner="ann",
        due_on="2026-02-01")  # fmt: skip
    done = ask(plans, ACME, "merge-plan", account_id="beta", reason=WHY)
    assert done.done[0].events == {2: "PlanMerged"}
    other = plans_on(store).read(BETA)
    assert (the_plan(plans.read(ACME).state).merged, the_plan(other.state).merged_into) == (("beta",), "acme")
    record = other.records[-1]
    assert (record.meta.actor, record.meta.reason, record.version) == ("ann", WHY, 3)
    assert store.events.read(ACME)[-1].position + 1 == record.position  # nothing stands between the two
    for command, body in (
        ("write-note", {"section": "plan", "text": "too late"}),
        ("reopen-plan", {"reason": "I want it back"}),
        ("merge-plan", {"account_id": "gamma", "reason": WHY}),
        ("alias-account", {"account_id": "beta-too"}),
    ):
        refusal = refused(plans, BETA, command, **body)
        assert isinstance(refusal, PlanIsMerged), command
        assert str(refusal) == "The plan of “beta” was merged into that of “acme”: go on there."
    assert ask(plans, ACME, "merge-plan", account_id=str(BETA), reason=WHY).done[0].events == {}  # it is so already


def test_people_of_a_merged_plan_are_held_and_forgotten_as_before(plans):
    ask(plans, BETA, "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    ask(plans, BETA, "place-hold", reason="The lawyers ask for it")
    ask(plans, ACME, "merge-plan", account_id="beta", reason=WHY)
    assert "hold" in str(refused(plans, BETA, "forget-stakeholder", id="coo"))
    ask(plans, BETA, "release-hold", reason="They are done")
    ask(plans, BETA, "forget-stakeholder", id="coo")
    assert plans.read(BETA).state.the(Stakeholder, "coo").forgotten


def test_what_cannot_be_merged_is_refused_in_a_sentence_and_nothing_is_recorded_of_either(plans):
    ask(plans, ACME, "alias-account", account_id="acme-crm")
    for said in ("acme", str(ACME), "acme-crm"):
        assert isinstance(refused(plans, ACME, "merge-plan", account_id=said, reason=WHY), MergedIntoItself)
    nowhere = refused(plans, ACME, "merge-plan", account_id="nowhere", reason=WHY)
    assert (type(nowhere), str(nowhere)) == (NoPlanToMerge, "There is no plan “nowhere” to merge.")
    ask(plans, GAMMA, "archive-plan", reason="No longer a customer")
    archived = refused(plans, ACME, "merge-plan", account_id="gamma", reason=WHY)
    assert isinstance(archived, MergesAnArchivedPlan)
    assert isinstance(refused(plans, GAMMA, "merge-plan", account_id="acme", reason=WHY), PlanIsArchived)
    ask(plans, ACME, "merge-plan", account_id="beta", reason=WHY)
    ask(plans, GAMMA, "reopen-plan", reason="They are back")
    assert isinstance(refused(plans, GAMMA, "merge-plan", account_id="beta", reason=WHY), PlanIsMerged)
    assert isinstance(refused(plans, GAMMA, "merge-plan", account_id="nowhere", reason=WHY), NoPlanToMerge)


def test_a_plan_that_changes_meanwhile_is_merged_as_it_then_stands_and_not_by_halves(plans, store: Store):
    stale = plans_on(store)
    stale.read(ACME), stale.read(BETA)
    ask(plans, BETA, "write-note", section="plan", text="meanwhile")
    ask(stale, ACME, "merge-plan", account_id="beta", reason=WHY)
    assert [type(each.event).__name__ for each in store.events.read(BETA)][1:] == ["NoteWritten", "PlanMerged"]
    with pytest.raises(PlanIsMerged):
        ask(plans, BETA, "write-note", section="plan", text="too late")


def test_a_reason_that_speaks_of_somebody_stays_where_it_is_sealed_for_them(plans, store: Store):
    ask(plans, ACME, "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    ask(plans, ACME, "merge-plan", account_id="beta", reason="Maria Held says that they are one")
    assert [plans.read(id).records[-1].meta.reason for id in (ACME, BETA)] == [
        "Maria Held says that they are one",
        None,
    ]
    assert not any(b"Maria" in record.stored for id in (ACME, BETA) for record in store.events.read(id))


def test_whoever_may_not_change_both_merges_neither(plans):
    def theirs(known: Any) -> None:
        if known.id == BETA:
            raise PlanNotOpen

    with pytest.raises(NoPlanToMerge):
        plans.handle(ACME, [say("merge-plan", account_id="beta", reason=WHY)], CONTEXT, check=theirs)
    assert (plans.read(ACME).version, plans.read(BETA).version) == (1, 1)
