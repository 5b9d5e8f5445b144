"""An account has further ids, and the plan of another account becomes a part of its plan."""

import pytest

from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.accounts import (
    AccountAliased,
    AliasAccount,
    MergedIntoItself,
    MergePlan,
    MergesAnArchivedPlan,
    PlanMerged,
    merged_into,
)
from domain.account_plan.holds import PlanArchived
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanIsMerged, the_plan
from tests.given import OPENED, given

WHY = "Entered twice"
BETA = ACCOUNT_PLAN.fold((OPENED.model_copy(update={"account_id": "beta"}),))


def acme(*events: AccountAliased | PlanMerged | PlanArchived) -> AccountPlan:
    return ACCOUNT_PLAN.fold((OPENED, *events))


def test_a_further_id_is_recorded_once_and_is_the_accounts_as_well_as_the_first():
    given().when(AliasAccount(account_id="sap-1", reason=WHY)).then(AccountAliased(account_id="sap-1"))
    aliased = AccountAliased(account_id="sap-1")
    for known in ("sap-1", "acme"):
        given(aliased).when(AliasAccount(account_id=known, reason=WHY)).then_nothing_happens()
        given(aliased).when(MergePlan(account_id=known, reason=WHY)).then_refused("merged-into-itself", "/account_id")
    both = the_plan(acme(aliased, AccountAliased(account_id="sap-2")))
    assert (both.account_id, both.aliases) == ("acme", ("sap-1", "sap-2"))


def test_a_plan_takes_in_another_once_and_goes_on():
    taken = PlanMerged(account_id="beta", goes_on=True)
    given().when(MergePlan(account_id="beta", reason=WHY)).then(taken)
    given(taken).when(MergePlan(account_id="beta", reason=WHY)).then_nothing_happens()
    both = the_plan(acme(taken, PlanMerged(account_id="gamma", goes_on=True)))
    assert (both.merged, both.archived, both.merged_into) == (("beta", "gamma"), False, None)


def test_the_plan_that_is_taken_in_ends_and_says_where_it_went():
    assert merged_into(acme(), BETA) == PlanMerged(account_id="beta", goes_on=False)
    ended = the_plan(acme(PlanMerged(account_id="beta", goes_on=False)))
    assert (ended.merged, ended.archived, ended.merged_into) == ((), True, "beta")


def test_no_plan_is_merged_into_itself_or_twice_or_while_it_is_read_only():
    with pytest.raises(MergedIntoItself):
        merged_into(BETA, BETA)
    with pytest.raises(PlanIsMerged, match="beta"):
        merged_into(acme(PlanMerged(account_id="beta", goes_on=False)), BETA)
    with pytest.raises(MergesAnArchivedPlan, match="acme"):
        merged_into(acme(PlanArchived()), BETA)
