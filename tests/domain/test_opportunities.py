from datetime import date
from decimal import Decimal

import pytest
from pydantic import ValidationError

from domain.account_plan import EVENTS, fold
from domain.account_plan.competition import CompetitorIdentified, CompetitorReassessed
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.goals import GoalAbandoned, GoalSet
from domain.account_plan.opportunities import (
    AdvanceOpportunity,
    Forecast,
    LoseOpportunity,
    NextBestAction,
    NextBestActionSet,
    OpenOpportunity,
    Opportunity,
    OpportunityAdvanced,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReforecast,
    OpportunityRelinked,
    OpportunityReopened,
    OpportunityWon,
    ReforecastOpportunity,
    RelinkOpportunity,
    ReopenOpportunity,
    SetNextBestAction,
    WinOpportunity,
)
from domain.account_plan.stakeholders import StakeholderAdded, StakeholderLeft, StakeholderReturned
from domain.account_plan.threads import (
    DisengageStakeholders,
    EngageStakeholders,
    StakeholdersDisengaged,
    StakeholdersEngaged,
    is_multi_threaded,
)
from tests.given import OPENED, given

JAN_4, JAN_5, JAN_6, JUNE_30 = date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 6), date(2026, 6, 30)

TERMS = {
    "id": "line-b",
    "name": "Line B",
    "amount": Decimal(120000),
    "stage": "discovery",
    "close_on": JUNE_30,
    "source": "plan",
}
OPEN = OpenOpportunity(**TERMS)
OPENED_LINE_B = OpportunityOpened(**TERMS)
NO_LINKS = {"unit": None, "offering": None, "goal": None, "hypothesis": None}
GOAL = GoalSet(
    id="triple",
    kind="revenue",
    statement="Three lines run on it",
    measure="lines live",
    unit="lines",
    baseline=Decimal(1),
    target=Decimal(3),
    due_on=JUNE_30,
    owner="ann",
)
RIVAL = CompetitorIdentified(id="rival", name="Rival Inc.")
CFO, CIO, COO = (StakeholderAdded(id=id, title=id.upper(), level="executive") for id in ("cfo", "cio", "coo"))
THREE_ENGAGED = (CFO, CIO, COO, StakeholdersEngaged(id="line-b", stakeholders=("cfo", "cio", "coo")))
TO_DO = {"id": "line-b", "statement": "Send the cost model to the CFO", "owner": "bob", "due_on": JAN_6}
NEXT = NextBestActionSet(**TO_DO)
WON = OpportunityWon(id="line-b", won_on=JAN_5, amount=Decimal(110000), discount=Decimal("0.1"))
LOST = OpportunityLost(id="line-b", lost_on=JAN_5, competitor="rival")


def test_an_opportunity_can_be_opened():
    given().when(OPEN).then(OPENED_LINE_B)
    given(OPENED_LINE_B).when(OPEN).then_refused("opportunity-id-taken", "/id")


def test_everything_said_of_a_new_opportunity_is_recorded():
    more = {"crm_id": "006-1", "probability": Decimal("0.4"), "kind": "adjacent", "goal": "triple"}
    given(GOAL).when(OpenOpportunity(**TERMS, **more)).then(OpportunityOpened(**TERMS, **more))


def test_an_opportunity_may_close_before_the_plan_was_opened():
    early = TERMS | {"close_on": JAN_4}
    given().when(OpenOpportunity(**early)).then(OpportunityOpened(**early))


@pytest.mark.parametrize("link", ["unit", "offering", "goal", "hypothesis"])
def test_an_opportunity_may_only_be_linked_to_what_is_there(link):
    given().when(OpenOpportunity(**TERMS, **{link: "x"})).then_refused(f"unknown-{link}", f"/{link}")


@pytest.mark.parametrize("wrong", [{"amount": Decimal(-1)}, {"probability": Decimal("1.1")}, {"source": "luck"}])
def test_an_opportunity_needs_a_possible_amount_probability_and_source(wrong):
    with pytest.raises(ValidationError):
        OpenOpportunity(**TERMS | wrong)


def test_an_advanced_opportunity_says_the_former_stage():
    advanced = OpportunityAdvanced(id="line-b", stage="proposal", former="discovery")
    given(OPENED_LINE_B).when(AdvanceOpportunity(id="line-b", stage="proposal")).then(advanced)
    given(OPENED_LINE_B, advanced).when(AdvanceOpportunity(id="line-b", stage="proposal")).then_nothing_happens()
    assert opportunity_after(advanced).stage == "proposal"


def test_a_reforecast_says_what_changed_and_what_it_was_before():
    command = ReforecastOpportunity(id="line-b", amount=Decimal(90000), close_on=JUNE_30, probability=Decimal("0.5"))
    reforecast = OpportunityReforecast(
        id="line-b",
        amount=Decimal(90000),
        probability=Decimal("0.5"),
        former=Forecast(amount=Decimal(120000), probability=None),
    )
    given(OPENED_LINE_B).when(command).then(reforecast)
    given(OPENED_LINE_B, reforecast).when(command).then_nothing_happens()
    after = opportunity_after(reforecast)
    assert (after.amount, after.close_on, after.probability) == (Decimal(90000), JUNE_30, Decimal("0.5"))


def test_the_same_amount_written_otherwise_is_no_other_forecast():
    same = ReforecastOpportunity(id="line-b", amount=Decimal("120000.00"))
    given(OPENED_LINE_B).when(same).then_nothing_happens()


def test_a_probability_can_become_unknown_but_an_amount_and_a_day_cannot():
    likely = OpportunityReforecast(id="line-b", probability=Decimal("0.5"), former=Forecast(probability=None))
    unknown = OpportunityReforecast(id="line-b", probability=None, former=Forecast(probability=Decimal("0.5")))
    given(OPENED_LINE_B, likely).when(ReforecastOpportunity(id="line-b", probability=None)).then(unknown)
    for field in ("amount", "close_on"):
        with pytest.raises(ValidationError, match="not be emptied"):
            ReforecastOpportunity(id="line-b", **{field: None})


def test_only_those_not_engaged_before_are_newly_engaged():
    history = (CFO, CIO, OPENED_LINE_B, StakeholdersEngaged(id="line-b", stakeholders=("cfo",)))
    engage = EngageStakeholders(id="line-b", stakeholders=("cio", "cfo", "cio"))
    engaged = StakeholdersEngaged(id="line-b", stakeholders=("cio",))
    given(*history).when(engage).then(engaged, warnings=("named-again",))
    given(*history).when(EngageStakeholders(id="line-b", stakeholders=("cfo",))).then_nothing_happens()


def test_only_those_engaged_are_disengaged():
    history = (CFO, CIO, OPENED_LINE_B, StakeholdersEngaged(id="line-b", stakeholders=("cfo",)))
    disengage = DisengageStakeholders(id="line-b", stakeholders=("cio", "cfo", "cfo"))
    disengaged = StakeholdersDisengaged(id="line-b", stakeholders=("cfo",))
    given(*history).when(disengage).then(disengaged, warnings=("named-again",))
    given(*history, disengaged).when(disengage).then(warnings=("named-again",))
    given(OPENED_LINE_B).when(disengage).then_refused("unknown-stakeholder", "/stakeholders/0")
    with pytest.raises(ValidationError, match="stakeholders"):
        DisengageStakeholders(id="line-b", stakeholders=())


@pytest.mark.parametrize("gone", [StakeholderLeft(id="coo", left_on=JAN_5), StakeholderForgotten(id="coo")])
def test_who_is_no_longer_there_can_be_disengaged(gone):
    disengaged = StakeholdersDisengaged(id="line-b", stakeholders=("coo",))
    disengage = DisengageStakeholders(id="line-b", stakeholders=("coo",))
    given(OPENED_LINE_B, *THREE_ENGAGED, gone).when(disengage).then(disengaged)


def test_an_opportunity_is_not_multi_threaded_by_whoever_was_disengaged():
    after = opportunity_after(*THREE_ENGAGED, StakeholdersDisengaged(id="line-b", stakeholders=("cfo",)))
    assert after.engaged == ("cio", "coo")
    assert not multi_threaded_after(*THREE_ENGAGED, StakeholdersDisengaged(id="line-b", stakeholders=("cfo",)))


def test_only_stakeholders_there_are_can_be_engaged():
    engage = EngageStakeholders(id="line-b", stakeholders=("cfo",))
    given(OPENED_LINE_B).when(engage).then_refused("unknown-stakeholder", "/stakeholders/0")


def test_as_many_different_stakeholders_as_are_asked_for_make_it_multi_threaded():
    two = StakeholdersEngaged(id="line-b", stakeholders=("cfo", "cio"))
    assert not multi_threaded_after(CFO, CIO, two, two)
    assert multi_threaded_after(CFO, CIO, two, two, least=2)
    assert multi_threaded_after(*THREE_ENGAGED)
    assert not multi_threaded_after(*THREE_ENGAGED, least=4)
    assert opportunity_after(*THREE_ENGAGED).engaged == ("cfo", "cio", "coo")


@pytest.mark.parametrize("gone", [StakeholderLeft(id="coo", left_on=JAN_5), StakeholderForgotten(id="coo")])
def test_only_those_who_are_still_there_make_it_multi_threaded(gone):
    assert not multi_threaded_after(*THREE_ENGAGED, gone)
    assert opportunity_after(*THREE_ENGAGED, gone).engaged == ("cfo", "cio", "coo")


def test_whoever_comes_back_makes_it_multi_threaded_again():
    left, back = StakeholderLeft(id="coo", left_on=JAN_5), StakeholderReturned(id="coo", returned_on=JAN_6)
    assert multi_threaded_after(*THREE_ENGAGED, left, back)


def test_somebody_who_has_nothing_to_do_with_it_may_leave():
    other = StakeholderAdded(id="cto", title="CTO", level="executive")
    assert multi_threaded_after(*THREE_ENGAGED, other, StakeholderLeft(id="cto", left_on=JAN_5))


def test_a_next_best_action_takes_the_place_of_the_one_before():
    later = TO_DO | {"due_on": JUNE_30}
    given(OPENED_LINE_B).when(SetNextBestAction(**TO_DO)).then(NEXT)
    given(OPENED_LINE_B, NEXT).when(SetNextBestAction(**TO_DO)).then_nothing_happens()
    given(OPENED_LINE_B, NEXT).when(SetNextBestAction(**later)).then(NextBestActionSet(**later))
    now = opportunity_after(NEXT, NextBestActionSet(**later)).next_best_action
    assert now == NextBestAction(statement=TO_DO["statement"], owner="bob", due_on=JUNE_30)


def test_a_vague_next_best_action_is_accepted_with_a_warning():
    vague = TO_DO | {"statement": "Follow up with the customer"}
    history = given(OPENED_LINE_B)
    history.when(SetNextBestAction(**vague)).then(NextBestActionSet(**vague), warnings=("vague",))


def test_a_next_best_action_due_more_than_a_year_before_the_plan_was_opened_is_refused():
    early = SetNextBestAction(**TO_DO | {"due_on": date(2025, 1, 4)})
    given(OPENED_LINE_B).when(early).then_refused("due-before-plan-opened", "/due_on")


def test_relinking_replaces_all_links():
    linked = OpportunityRelinked(id="line-b", **NO_LINKS | {"goal": "triple"})
    given(OPENED_LINE_B, GOAL).when(RelinkOpportunity(id="line-b", goal="triple")).then(linked)
    given(OPENED_LINE_B, linked).when(RelinkOpportunity(id="line-b")).then(OpportunityRelinked(id="line-b", **NO_LINKS))
    given(OPENED_LINE_B).when(RelinkOpportunity(id="line-b")).then_nothing_happens()


def test_a_link_to_a_goal_that_is_over_is_made_and_kept():
    relink = RelinkOpportunity(id="line-b", goal="triple")
    abandoned = (GOAL, GoalAbandoned(id="triple"))
    linked = OpportunityRelinked(id="line-b", **NO_LINKS | {"goal": "triple"})
    given(OPENED_LINE_B, *abandoned).when(relink).then(linked)
    given(OPENED_LINE_B, linked, *abandoned).when(relink).then_nothing_happens()


def test_a_won_opportunity_is_worth_what_was_signed():
    win = WinOpportunity(id="line-b", won_on=JAN_5, amount=Decimal(110000), discount=Decimal("0.1"))
    given(OPENED_LINE_B).when(win).then(WON)
    given(OPENED_LINE_B, WON).when(win).then_refused("opportunity-over", "/id")
    after = opportunity_after(WON)
    assert (after.state, after.won_on, after.amount, after.discount) == ("won", JAN_5, WON.amount, WON.discount)


def test_an_opportunity_cannot_have_been_won_or_lost_tomorrow():
    win = WinOpportunity(id="line-b", won_on=JAN_6, amount=Decimal(1))
    given(OPENED_LINE_B).when(win).then_refused("day-in-the-future", "/won_on")
    lose = LoseOpportunity(id="line-b", lost_on=JAN_6, reason="price")
    given(OPENED_LINE_B).when(lose).then_refused("day-in-the-future", "/lost_on")


def test_a_lost_opportunity_says_who_won_it_instead():
    lose = LoseOpportunity(id="line-b", lost_on=JAN_5, competitor="rival", reason="price")
    given(OPENED_LINE_B).when(lose).then_refused("unknown-competitor", "/competitor")
    given(OPENED_LINE_B, RIVAL).when(lose).then(LOST)
    given(OPENED_LINE_B, RIVAL, LOST).when(lose).then_refused("opportunity-over", "/id")
    gone = CompetitorReassessed(id="rival", position="gone")
    given(OPENED_LINE_B, RIVAL, gone).when(lose).then(LOST)


def test_an_opportunity_is_lost_to_nobody_in_particular_but_not_without_a_reason():
    lose = LoseOpportunity(id="line-b", lost_on=JAN_5, reason="budget frozen")
    given(OPENED_LINE_B).when(lose).then(OpportunityLost(id="line-b", lost_on=JAN_5))
    for command in (LoseOpportunity, ReopenOpportunity):
        with pytest.raises(ValidationError, match="reason"):
            command.model_validate({"id": "line-b", "lost_on": JAN_5, "reason": " "})


@pytest.mark.parametrize("over", [WON, LOST])
def test_a_reopened_opportunity_is_open_again_with_the_forecast_from_before_the_closing(over):
    again = ReopenOpportunity(id="line-b", reason="not signed after all")
    reopened = OpportunityReopened(id="line-b")
    given(OPENED_LINE_B, over).when(again).then(reopened)
    given(OPENED_LINE_B).when(again).then_refused("opportunity-not-over", "/id")
    after = opportunity_after(over, reopened)
    assert opportunity_after(WON).amount == WON.amount != OPENED_LINE_B.amount
    assert (after.state, after.ending, after.amount) == ("open", None, OPENED_LINE_B.amount)
    assert opportunity_after(over, reopened, WON, reopened).amount == OPENED_LINE_B.amount
    assert (after.close_on, after.probability) == (OPENED_LINE_B.close_on, OPENED_LINE_B.probability)
    assert (after.won_on, after.discount, after.lost_on, after.competitor) == (None, None, None, None)


def test_a_forecast_that_was_wrong_from_the_beginning_is_so_after_a_reopening_too():
    reopened = OpportunityReopened(id="line-b")
    former = {"amount": OPENED_LINE_B.amount}
    wrong = EVENTS["OpportunityCorrected"](id="line-b", amount=Decimal(60000), former=former)
    assert opportunity_after(LOST, wrong, reopened).amount == Decimal(60000)
    assert opportunity_after(WON, wrong, reopened).amount == OPENED_LINE_B.amount, "it was about what was signed"


def test_an_unknown_opportunity_cannot_be_advanced():
    given().when(AdvanceOpportunity(id="line-b", stage="proposal")).then_refused("unknown-opportunity", "/id")


def opportunity_after(*events):
    return fold((OPENED, OPENED_LINE_B, *events)).the(Opportunity, "line-b")


def multi_threaded_after(*events, least=3):
    plan = fold((OPENED, OPENED_LINE_B, *events))
    return is_multi_threaded(plan, plan.the(Opportunity, "line-b"), least)
