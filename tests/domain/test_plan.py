from datetime import UTC, date, datetime
from itertools import pairwise
from json import dumps

import pytest
from pydantic import ValidationError

from domain.account_plan import fold
from domain.account_plan.cycles import BeginCycle, Cycle, CycleBegun
from domain.account_plan.entries import ConfirmSection, EntryStruck, WriteNote
from domain.account_plan.holds import (
    ArchivePlan,
    LegalHoldPlaced,
    LegalHoldReleased,
    PlaceHold,
    PlanArchived,
    PlanReopened,
    ReleaseHold,
    ReopenPlan,
)
from domain.account_plan.plan import (
    AccountRenamed,
    Card,
    CorrectPlan,
    Criteria,
    OpenPlan,
    Plan,
    PlanCorrected,
    PlanOpened,
    PlanReassigned,
    ReassignPlan,
    RenameAccount,
    plan_id_of,
    the_plan,
)
from domain.account_plan.plays import PlanPlay
from domain.account_plan.reviews import ReviewHeld, ReviewScheduled
from domain.account_plan.tiers import (
    AccountScored,
    ChangeTier,
    ConfirmTier,
    JudgedCriteria,
    ScoreAccount,
    TierChanged,
    TierConfirmed,
)
from tests.cases import for_each
from tests.given import OPENED, given, given_nothing

JAN_1, JAN_5, DEC_31 = date(2026, 1, 1), date(2026, 1, 5), date(2026, 12, 31)

ACCOUNT = {
    "account_id": "acme",
    "account_name": "Acme Manufacturing",
    "tier": "strategic",
    "owner": "ann",
    "currency": "EUR",
}
WHY = {"reason": "decided on Monday"}
YEAR = {"id": "2026", "kind": "annual", "starts_on": JAN_1, "ends_on": DEC_31}
ARCHIVED = PlanArchived()
TO_GROWTH = TierChanged(tier="growth", former="strategic", round="2026", decided_by=("cem",))
GRADES = {"logo": 3, "champion": 0}
SCORED = AccountScored(round="2026", criteria=Criteria(**GRADES))


# Opening


def test_a_plan_opens_on_the_day_it_is_where_the_account_is():
    late = datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    in_utc = PlanOpened(**ACCOUNT, timezone="UTC", opened_on=JAN_5)
    in_berlin = PlanOpened(**ACCOUNT, timezone="Europe/Berlin", opened_on=date(2026, 1, 6))
    given_nothing().when(OpenPlan(**ACCOUNT), at=late).then(in_utc)
    given_nothing().when(OpenPlan(**ACCOUNT, timezone="Europe/Berlin"), at=late).then(in_berlin)


def test_a_plan_may_say_its_segment_and_territory():
    placed = {"segment": "mid_market", "territory": "DACH"}
    opened = PlanOpened(**ACCOUNT, **placed, timezone="UTC", opened_on=JAN_5)
    given_nothing().when(OpenPlan(**ACCOUNT, **placed)).then(opened)
    assert plan_after(opened).territory == "DACH"


def test_an_account_has_one_plan_for_ever():
    given().when(OpenPlan(**ACCOUNT)).then_refused("plan-already-open", "/account_id")
    given(ARCHIVED).when(OpenPlan(**ACCOUNT)).then_refused("plan-already-open", "/account_id")
    assert plan_id_of("acme") == plan_id_of("acme") != plan_id_of("Acme")


@pytest.mark.parametrize(
    "wrong",
    [
        {"timezone": "Mars/Olympus"},
        {"currency": "euro"},
        {"tier": "gold"},
        {"account_id": "a b"},
        {"account_name": " "},
    ],
)
def test_a_plan_is_opened_in_terms_that_exist(wrong):
    with pytest.raises(ValidationError):
        OpenPlan(**ACCOUNT | wrong)


def test_nothing_can_be_said_of_a_plan_that_is_not_open():
    given_nothing().when(RenameAccount(account_name="Acme")).then_refused("unknown-plan")


# Whose it is, and how much it matters


def test_a_plan_can_be_corrected():
    placed = PlanCorrected(segment="enterprise", territory="DACH", former=Card(segment=None, territory=None))
    given().when(CorrectPlan(**WHY, segment="enterprise", territory="DACH")).then(placed)
    other = PlanCorrected(segment="other", former=Card(segment="enterprise"))
    given(placed).when(CorrectPlan(**WHY, segment="other", territory="DACH")).then(other)
    nowhere = PlanCorrected(territory=None, former=Card(territory="DACH"))
    given(placed).when(CorrectPlan(**WHY, territory=" ")).then(nowhere)
    given(placed).when(CorrectPlan(**WHY, segment="enterprise")).then_nothing_happens()
    assert plan_after(placed, nowhere).segment == "enterprise"


HELD = ReviewHeld(id="r1", kind="weekly", audience="internal", held_on=JAN_5, ours=("ann",))
STRUCK = EntryStruck(event=f"{plan_id_of('acme')}:2", entry="review", section="reviews")


@pytest.mark.parametrize(
    ("field", "was", "now"), [("timezone", "Europe/Berlin", "Asia/Tokyo"), ("currency", "EUR", "USD")]
)
def test_time_zone_and_currency_can_be_corrected_until_the_first_review_is_held(field, was, now):
    corrected = PlanCorrected(**{field: now}, former=Card(**{field: was}))
    scheduled = ReviewScheduled(id="r1", kind="weekly", planned_on=DEC_31)
    given(scheduled).when(CorrectPlan(**WHY, **{field: now})).then(corrected)
    assert getattr(plan_after(corrected), field) == now
    for held in ((HELD,), (scheduled, HELD), (HELD, STRUCK)):
        given(*held).when(CorrectPlan(**WHY, **{field: now})).then_refused("plan-is-a-baseline", f"/{field}")
        given(*held).when(CorrectPlan(**WHY, **{field: was})).then_nothing_happens()
    given(HELD).when(CorrectPlan(**WHY, territory="DACH")).then(
        PlanCorrected(territory="DACH", former=Card(territory=None))
    )
    with pytest.raises(ValidationError):
        CorrectPlan(**WHY, **{field: None})


def test_an_account_is_known_by_its_former_names_each_once():
    renamed = [AccountRenamed(account_name=name, former=former) for former, name in pairwise(["A", "B", "A", "C", "A"])]
    plan = the_plan(fold((OPENED.model_copy(update={"account_name": "A"}), *renamed)))
    assert (plan.account_name, plan.former_names) == ("A", ("B", "A", "C"))


def test_a_renamed_account_says_the_former_name():
    renamed = AccountRenamed(account_name="Acme", former="Acme Manufacturing")
    given().when(RenameAccount(account_name="Acme")).then(renamed)
    given().when(RenameAccount(account_name="Acme Manufacturing ")).then_nothing_happens()
    assert plan_after(renamed).account_name == "Acme"


def test_a_changed_tier_says_the_former_one_and_who_decided_it():
    given().when(ChangeTier(**WHY, tier="growth", round="2026", decided_by=("cem",))).then(TO_GROWTH)
    given().when(ChangeTier(**WHY, tier="growth")).then(TierChanged(tier="growth", former="strategic"))
    given().when(ChangeTier(**WHY, tier="strategic", round="2026")).then_nothing_happens()
    changed = plan_after(TO_GROWTH)
    assert (changed.tier, changed.round, changed.decided_by) == ("growth", "2026", ("cem",))


def test_who_decided_a_change_of_the_tier_decided_that_change_and_no_other():
    back = TierChanged(tier="strategic", former="growth")
    given(TO_GROWTH).when(ChangeTier(**WHY, tier="strategic")).then(back)
    changed = plan_after(TO_GROWTH, back)
    assert (changed.tier, changed.round, changed.decided_by) == ("strategic", None, ())


def test_a_tier_can_be_confirmed_in_a_round_once_and_outside_of_one_whenever_somebody_looked():
    confirmed = TierConfirmed(round="2027", decided_by=("cem",))
    confirm = ConfirmTier(round="2027", decided_by=("cem",))
    given(TO_GROWTH).when(confirm).then(confirmed)
    given(TO_GROWTH, confirmed).when(confirm).then_nothing_happens()
    given(confirmed).when(ConfirmTier(round="2027", decided_by=("eve",))).then(
        TierConfirmed(round="2027", decided_by=("eve",))
    )
    given(TierConfirmed()).when(ConfirmTier(reason="Looked at in passing")).then(TierConfirmed())
    after = plan_after(TO_GROWTH, confirmed)
    assert (after.tier, after.round, after.decided_by) == ("growth", "2027", ("cem",))


def test_the_scores_of_one_round_are_not_those_of_another():
    next_year = AccountScored(round="2027", criteria=Criteria(logo=1))
    given(SCORED).when(ScoreAccount(round="2027", criteria=JudgedCriteria(logo=1))).then(next_year)
    again = AccountScored(round="2026", criteria=Criteria(logo=2))
    given(SCORED, next_year).when(ScoreAccount(round="2026", criteria=JudgedCriteria(logo=2))).then(again)
    given(SCORED, next_year).when(ScoreAccount(round="2026", criteria=JudgedCriteria(**GRADES))).then_nothing_happens()
    in_no_round = AccountScored(round=None, criteria=Criteria(logo=1))
    given(next_year).when(ScoreAccount(round=None, criteria=JudgedCriteria(logo=1))).then(in_no_round)
    after = plan_after(TO_GROWTH, SCORED, next_year, again)
    scores = {each.round: each.criteria for each in after.scores}
    assert scores == {"2026": Criteria(logo=2), "2027": Criteria(logo=1)}
    assert after.criteria == Criteria(logo=2), "as it was judged last"
    assert (after.round, after.decided_by) == (TO_GROWTH.round, TO_GROWTH.decided_by)


def test_an_account_is_scored_by_the_criteria_that_were_judged():
    given().when(ScoreAccount(round="2026", criteria=JudgedCriteria(**GRADES, sponsor=None))).then(SCORED)
    given().when(ScoreAccount(criteria=JudgedCriteria(**GRADES))).then(AccountScored(criteria=Criteria(**GRADES)))
    assert plan_after(SCORED).criteria == Criteria(**GRADES)


def test_a_score_replaces_the_one_before():
    fewer = AccountScored(criteria=Criteria(logo=3))
    given(SCORED).when(ScoreAccount(round="2026", criteria=JudgedCriteria(logo=3))).then(fewer)
    assert plan_after(SCORED, fewer).criteria.champion is None


def test_a_score_that_says_the_same_in_the_same_round_records_nothing():
    next_round = AccountScored(round="2027", criteria=Criteria(**GRADES))
    given(SCORED).when(ScoreAccount(round="2026", criteria=JudgedCriteria(**GRADES))).then_nothing_happens()
    given(SCORED).when(ScoreAccount(criteria=JudgedCriteria(**GRADES))).then_nothing_happens()
    given(SCORED).when(ScoreAccount(round="2027", criteria=JudgedCriteria(**GRADES))).then(next_round)


@pytest.mark.parametrize("grade", [4, -1, "3", 1.5, True])
def test_a_criterion_is_graded_from_0_to_3(grade):
    with pytest.raises(ValidationError):
        ScoreAccount.model_validate_json(dumps({"criteria": {"logo": grade}}))


def test_a_reassigned_plan_says_the_former_owner():
    reassigned = PlanReassigned(owner="bob", former="ann")
    given().when(ReassignPlan(**WHY, owner="bob")).then(reassigned)
    given().when(ReassignPlan(**WHY, owner="ann")).then_nothing_happens()
    assert plan_after(reassigned).owner == "bob"


@for_each(
    "command",
    [
        lambda: CorrectPlan(territory="DACH"),
        lambda: ChangeTier(tier="growth"),
        lambda: ReassignPlan(owner="bob"),
        lambda: ArchivePlan(),
        lambda: ReopenPlan(),
        lambda: PlaceHold(),
        lambda: ReleaseHold(reason=" "),
    ],
)
def test_what_needs_a_reason_is_not_done_without_one(command):
    with pytest.raises(ValidationError, match="reason"):
        command()


# Cycles


def test_a_cycle_can_be_begun():
    given().when(BeginCycle(**YEAR)).then(CycleBegun(**YEAR))
    given(CycleBegun(**YEAR)).when(BeginCycle(**YEAR)).then_refused("cycle-id-taken", "/id")
    assert fold((OPENED, CycleBegun(**YEAR))).the(Cycle, "2026").model_dump() == YEAR


def test_a_cycle_does_not_end_before_it_starts():
    given().when(BeginCycle(**YEAR | {"ends_on": date(2025, 12, 31)})).then_refused(
        "cycle-ends-before-it-starts", "/ends_on"
    )
    given().when(BeginCycle(**YEAR | {"ends_on": JAN_1})).then(CycleBegun(**YEAR | {"ends_on": JAN_1}))


# Archive and holds


def test_an_archived_plan_is_read_only():
    given().when(ArchivePlan(**WHY)).then(ARCHIVED)
    for command in (
        RenameAccount(account_name="Acme"),
        WriteNote(section="risks", text="Late"),
        ConfirmSection(section="risks"),
        ArchivePlan(**WHY),
        PlanPlay(title="Tour", kind="proof", owner="bob", due_on=DEC_31, success_measure="They come"),
    ):
        given(ARCHIVED).when(command).then_refused("plan-is-archived")


def test_an_archived_plan_can_be_put_under_a_hold():
    given(ARCHIVED).when(PlaceHold(**WHY)).then(LegalHoldPlaced())
    given(ARCHIVED, LegalHoldPlaced()).when(ReleaseHold(**WHY)).then(LegalHoldReleased())


def test_a_reopened_plan_goes_on():
    given(ARCHIVED).when(ReopenPlan(**WHY)).then(PlanReopened())
    given().when(ReopenPlan(**WHY)).then_nothing_happens()
    given(ARCHIVED, PlanReopened()).when(ArchivePlan(**WHY)).then(ARCHIVED)


def test_a_hold_is_placed_and_released_once():
    held = given(LegalHoldPlaced())
    given().when(PlaceHold(**WHY)).then(LegalHoldPlaced())
    held.when(PlaceHold(**WHY)).then_nothing_happens()
    held.when(ReleaseHold(**WHY)).then(LegalHoldReleased())
    given(LegalHoldPlaced(), LegalHoldReleased()).when(ReleaseHold(**WHY)).then_nothing_happens()
    assert (plan_after(LegalHoldPlaced()).on_hold, plan_after(LegalHoldPlaced(), LegalHoldReleased()).on_hold) == (
        True,
        False,
    )


def plan_after(*events):
    first = () if isinstance(events[0], PlanOpened) else (OPENED,)
    return fold((*first, *events)).the(Plan, "plan")
