"""Who is who: days of somebody's time with the account are corrected, and who was entered twice becomes one."""

from datetime import UTC, date, datetime

import pytest

from domain.account_plan import EVENTS, fold
from domain.account_plan.actions import Action, ActionAdded
from domain.account_plan.forgetting import ForgetStakeholder, StakeholderForgotten, to_forget
from domain.account_plan.holds import LegalHoldPlaced
from domain.account_plan.identities import (
    CorrectStakeholder,
    MergeStakeholder,
    Person,
    StakeholderCorrected,
    StakeholderMerged,
)
from domain.account_plan.opportunities import Opportunity, OpportunityOpened
from domain.account_plan.plays import PlanPlay, PlayPlanned
from domain.account_plan.relationships import (
    DrawInfluence,
    Influence,
    InfluenceDrawn,
    LogTouch,
    Pairing,
    PairingAgreed,
    Touch,
    TouchLogged,
)
from domain.account_plan.stakeholders import (
    ReturnStakeholder,
    Stakeholder,
    StakeholderAdded,
    StakeholderLeft,
    VerifyStakeholder,
)
from domain.account_plan.standing import RatePower, RelationshipRated
from domain.account_plan.threads import StakeholdersEngaged, is_multi_threaded
from domain.rules import speaks_of
from tests.given import OPENED, given

JAN_2, JAN_3, JAN_5, MARCH_1 = date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 5), date(2026, 3, 1)
LATER = datetime(2026, 2, 1, 9, tzinfo=UTC)

CFO = StakeholderAdded(id="cfo", name="Frauke Müller", title="CFO", level="executive")
TWICE = StakeholderAdded(id="cfo-2", name="F. Müller", level="executive")
CEO = StakeholderAdded(id="ceo", title="CEO", level="executive")
LEFT = StakeholderLeft(id="cfo", left_on=JAN_3, went_to="a competitor")
MERGED = StakeholderMerged(id="cfo-2", into="cfo")
MERGE = MergeStakeholder(id="cfo-2", into="cfo")
DEAL = OpportunityOpened(id="deal", name="Line B", amount=9, stage="x", close_on=MARCH_1, source="plan")
PLAY = {
    "id": "tour",
    "title": "Plant tour",
    "kind": "access",
    "owner": "ann",
    "due_on": MARCH_1,
    "success_measure": "x",
}


# Correcting


def test_the_day_of_a_departure_is_corrected_once_there_was_one():
    corrected = StakeholderCorrected(
        id="cfo", left_on=JAN_2, went_to=None, former=Person(left_on=JAN_3, went_to="a competitor")
    )
    given(CFO, LEFT).when(CorrectStakeholder(id="cfo", left_on=JAN_2, went_to=None)).then(corrected)
    assert fold((OPENED, CFO, LEFT, corrected)).the(Stakeholder, "cfo").left_on == JAN_2
    for field in ("left_on", "moved_on", "returned_on"):
        unsaid = CorrectStakeholder(id="cfo", **{field: JAN_2})
        given(CFO).when(unsaid).then_refused("nothing-to-correct", f"/{field}")
    given(CFO).when(CorrectStakeholder(id="cfo", went_to="a bank")).then_refused("nothing-to-correct", "/went_to")


def test_nobody_who_was_forgotten_is_corrected():
    forgotten = StakeholderForgotten(id="cfo")
    given(CFO, forgotten).when(CorrectStakeholder(id="cfo", level="management")).then_refused("stakeholder-forgotten")


# Merging


def test_who_was_entered_twice_becomes_one():
    given(CFO, TWICE).when(MERGE).then(MERGED)
    plan = fold((OPENED, CFO, TWICE, MERGED))
    merged = plan.the(Stakeholder, "cfo-2")
    assert (merged.name, merged.merged_into, merged.ending) == ("F. Müller", "cfo", "was merged into “cfo”")
    assert plan.the(Stakeholder, "cfo").ending is None


def test_what_names_the_one_names_the_other_from_there_on():
    touch = TouchLogged(id="t", happened_on=JAN_3, kind="call", stakeholders=("cfo-2", "ceo", "cfo"), members=("ann",))
    plan = fold(
        (
            OPENED,
            CFO,
            TWICE,
            CEO,
            StakeholderAdded(id="head", title="Head", level="management", reports_to="cfo-2"),
            touch,
            ActionAdded(id="a", statement="Ask", kind="introduction", owner="ann", due_on=MARCH_1, via="cfo-2"),
            DEAL,
            StakeholdersEngaged(id="deal", stakeholders=("cfo-2", "ceo", "head")),
            InfluenceDrawn(influencer="cfo-2", influenced="ceo"),
            InfluenceDrawn(influencer="cfo", influenced="cfo-2"),
            PairingAgreed(member="ann", stakeholder="cfo-2", every_days=30),
            RelationshipRated(id="cfo", member="ann", strength=1, former=None),
            RelationshipRated(id="cfo-2", member="ann", strength=3, former=None),
            RelationshipRated(id="cfo-2", member="ben", strength=2, former=None),
            MERGED,
        )
    )
    assert plan.the(Touch, "t").stakeholders == ("cfo", "ceo")
    assert plan.the(Action, "a").via == "cfo"
    assert plan.the(Stakeholder, "head").reports_to == "cfo"
    assert plan.the(Opportunity, "deal").engaged == ("cfo", "ceo", "head")
    assert is_multi_threaded(plan, plan.the(Opportunity, "deal"), 3)
    assert list(plan.all(Influence)) == ["cfo:ceo"], "nobody influences themselves"
    assert [(id, each.stakeholder) for id, each in plan.all(Pairing).items()] == [("cfo:ann", "cfo")]
    person = plan.the(Stakeholder, "cfo")
    assert (person.relationships, person.strength) == ({"ann": 3, "ben": 2}, 3)


def test_two_of_three_threads_that_are_one_person_make_two():
    engaged = StakeholdersEngaged(id="deal", stakeholders=("cfo", "cfo-2", "ceo"))
    plan = fold((OPENED, CFO, TWICE, CEO, DEAL, engaged))
    assert is_multi_threaded(plan, plan.the(Opportunity, "deal"), 3)
    merged = fold([MERGED], onto=plan)
    deal = merged.the(Opportunity, "deal")
    assert deal.engaged == ("cfo", "ceo")
    assert not is_multi_threaded(merged, deal, 3)


def test_what_was_agreed_with_both_is_agreed_once_as_with_the_other():
    both = PairingAgreed(member="ann", stakeholder="cfo", every_days=7)
    twice = PairingAgreed(member="ann", stakeholder="cfo-2", every_days=30)
    plan = fold((OPENED, CFO, TWICE, both, twice, MERGED))
    assert [each.every_days for each in plan.all(Pairing).values()] == [7]


def test_nobody_is_merged_into_themselves_or_into_who_is_not_there():
    given(CFO).when(MergeStakeholder(id="cfo", into="cfo")).then_refused("merged-into-oneself", "/into")
    given(CFO).when(MergeStakeholder(id="cfo", into="cto")).then_refused("unknown-stakeholder", "/into")
    given(CFO, TWICE, StakeholderForgotten(id="cfo")).when(MERGE).then_refused("stakeholder-over", "/into")
    given(CFO, TWICE, StakeholderForgotten(id="cfo-2")).when(MERGE).then_refused("stakeholder-forgotten", "/id")
    given(CFO, TWICE, MERGED).when(MERGE).then_refused("stakeholder-over", "/id")
    ceo = StakeholderMerged(id="ceo", into="cfo")
    given(CFO, TWICE, CEO, MERGED).when(MergeStakeholder(id="ceo", into="cfo-2")).then(ceo, warnings=("merged",))


def test_nobody_reports_to_themselves_after_a_merge():
    under = StakeholderAdded(id="cfo", title="CFO", level="executive", reports_to="cfo-2")
    plan = fold((OPENED, TWICE, under, MERGED))
    assert plan.the(Stakeholder, "cfo").reports_to is None
    head = StakeholderAdded(id="head", title="Head", level="management", reports_to="cfo-2")
    below = StakeholderAdded(id="cfo", title="CFO", level="executive", reports_to="head")
    given(TWICE, head, below).when(MERGE).then_refused("reports-to-cycle", "/into")
    beside = StakeholderAdded(id="cfo", title="CFO", level="executive", reports_to="ceo")
    given(CEO, beside, TWICE).when(MERGE).then(MERGED)


def test_whoever_names_the_one_means_the_other():
    meant = PlayPlanned(**PLAY, stakeholders=("cfo", "ceo"))
    play = PlanPlay(**PLAY, stakeholders=("cfo-2", "ceo", "cfo"))
    given(CFO, TWICE, CEO, MERGED).when(play).then(meant, warnings=("merged",))
    drawn = InfluenceDrawn(influencer="cfo", influenced="ceo")
    draw = DrawInfluence(influencer="cfo-2", influenced="ceo")
    given(CFO, TWICE, CEO, MERGED).when(draw).then(drawn, warnings=("merged",))
    given(CFO, TWICE, CEO, MERGED, drawn).when(DrawInfluence(influencer="cfo", influenced="ceo")).then_nothing_happens()


def test_words_about_the_one_are_sealed_for_the_other():
    plan = fold((OPENED, CFO, TWICE, MERGED))
    about = PlanPlay(**PLAY, about=("cfo-2",))
    assert speaks_of(plan, about) == ("cfo",)
    touch = LogTouch(id="t", happened_on=JAN_3, kind="call", stakeholders=("cfo-2",), members=("ann",))
    assert speaks_of(plan, touch) == ("cfo",)


@pytest.mark.parametrize(
    "command",
    [
        RatePower(id="cfo-2", power=3),
        VerifyStakeholder(id="cfo-2"),
        CorrectStakeholder(id="cfo-2", level="management"),
        ReturnStakeholder(id="cfo-2", returned_on=JAN_5, reason="back"),
    ],
)
def test_who_was_merged_is_over_and_says_into_whom(command):
    given(CFO, TWICE, MERGED).when(command).then_refused("stakeholder-over", "/id")


@pytest.mark.parametrize("id", ["cfo", "cfo-2"])
def test_one_person_is_forgotten_under_every_id(id):
    both = StakeholderForgotten(id="cfo"), StakeholderForgotten(id="cfo-2")
    given(CFO, TWICE, CEO, MERGED).when(ForgetStakeholder(id=id)).then(*both)
    given(CFO, TWICE, CEO, MERGED, both[0]).when(ForgetStakeholder(id=id)).then(both[1])
    given(CFO, TWICE, CEO, MERGED, *both).when(ForgetStakeholder(id=id)).then_nothing_happens()
    given(CFO, TWICE, MERGED, LegalHoldPlaced()).when(ForgetStakeholder(id=id)).then_refused("legal-hold")


def test_who_was_withdrawn_is_forgotten_as_well_and_once():
    withdrawn, forgotten = EVENTS["StakeholderWithdrawn"].model_validate({"id": "cfo"}), StakeholderForgotten(id="cfo")
    given(CFO, withdrawn).when(ForgetStakeholder(id="cfo")).then(forgotten)
    given(CFO, withdrawn, forgotten).when(ForgetStakeholder(id="cfo")).then_nothing_happens()
    given(CFO, withdrawn).when(VerifyStakeholder(id="cfo")).then_refused("unknown-stakeholder", "/id")
    given(CFO, withdrawn, LegalHoldPlaced()).when(ForgetStakeholder(id="cfo")).then_refused("legal-hold")
    given(CFO).when(ForgetStakeholder(id="cto")).then_refused("unknown-stakeholder", "/id")
    assert to_forget(fold((OPENED, CFO)), "cto") == []
    assert to_forget(fold((OPENED, CFO, withdrawn)), "cfo") == ["cfo"]
