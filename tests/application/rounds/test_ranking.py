"""A round as it is decided on: how each account scores, what is thought of it, and what the plans say to a list."""

import json
from typing import Any
from uuid import UUID

import pytest

from application.rounds.phases import check_phase
from application.rounds.ranking import as_nominated, check_list, nominees
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import plan_of
from application.views.round_ranking import RankedAccount, ranking
from domain.account_plan.accounts import PlanMerged
from domain.account_plan.plan import PlanNotOpen, plan_id_of
from domain.language import Refusal
from domain.program import PROGRAM
from domain.program.charter import ReasonMissingForPhase
from domain.program.rounds import (
    ListedPlanArchived,
    ListedPlanMerged,
    ListedTwice,
    ReasonMissingAgainstRanking,
    Round,
)
from tests.histories import OPEN, History, instant

SCORES = {"alfa": {"logo": 3, "top_arr": 1}, "beta": {"logo": 1, "top_arr": 3}, "gamma": {"logo": 1, "top_arr": 3}}


class Office:
    """An open round in which logos weigh twice, and the plans of most of the accounts nominated in it."""

    def __init__(self) -> None:
        self.program, self.plans = History(type=PROGRAM), dict[UUID, History]()
        self.said("open-program", name="Strategic accounts", currency="EUR")
        for id in ("winter", "spring"):
            self.said("open-round", id=id, title=id, due_on="2026-03-31", criteria_weights={"logo": 2, "top_arr": 1})
        for account in ("delta", "gamma", "beta", "alfa", "omega"):
            named = {"account": account, "account_name": account.title()}
            self.said("nominate", round="spring", why="It grows", **named)
        self.said("nominate", round="winter", account="beta", account_name="Beta", why="It grew")
        for account in ("alfa", "beta", "gamma", "omega"):
            plan = self.plans[plan_id_of(account)] = History(account)
            plan.on("2026-01-05", "open-plan", **OPEN | {"account_id": account, "tier": "growth"})
        for account, criteria in SCORES.items():
            self.plan(account, "score-account", round="spring", criteria=criteria)
        self.plan("beta", "score-account", round="winter", criteria={"logo": 0})

    def said(self, command: str, **body: Any) -> None:
        self.program.on("2026-01-05", command, **body)

    def plan(self, account: str, command: str, **body: Any) -> None:
        self.plans[plan_id_of(account)].on("2026-01-06", command, **body)

    def read(self, id: UUID) -> LoadedPlan:
        if id not in self.plans:
            raise PlanNotOpen
        return self.plans[id].known

    def ranked(self, round: str = "spring") -> list[RankedAccount]:
        state = self.program.known.state
        return ranking(state, state.the(Round, round), nominees(state, round, self.read))

    def also_known(self, **names: tuple[str, str]) -> None:
        """Give accounts an alias and a second plan that was merged into the first."""
        for account, (alias, merged) in names.items():
            self.plan(account, "alias-account", account_id=alias)
            self.plans[plan_id_of(alias)] = self.plans[plan_id_of(account)]
            self.merge(merged, into=account)

    def merge(self, account: str, into: str) -> None:
        for each in (account, into):
            if plan_id_of(each) not in self.plans:
                plan = self.plans[plan_id_of(each)] = History(each)
                plan.on("2026-01-05", "open-plan", **OPEN | {"account_id": each, "tier": "growth"})
        self.plans[plan_id_of(account)].record("2026-01-06", PlanMerged(account_id=into, goes_on=False))
        self.plan(into, "merge-plan", account_id=account, reason="Entered twice")

    def refused(self, *accounts: str, **reasons: str) -> Refusal | None:
        """What the plans say to a list of these accounts."""
        entries = [{"account": each, "tier": "strategic", "reason": reasons.get(each)} for each in accounts]
        body = {"round": "spring", "entries": entries, "decided_by": ["vera"]}
        try:
            check_list(
                self.program.known.state,
                PROGRAM.commands["commit-list"].model_validate_json(json.dumps(body)),
                self.read,
            )
        except Refusal as refusal:
            return refusal
        return None


def test_the_best_comes_first_by_weight_times_mark_and_who_was_withdrawn_last():
    office = Office()
    assert [(each.account, each.score) for each in office.ranked()] == [
        ("alfa", 7), ("beta", 5), ("gamma", 5), ("delta", None), ("omega", None),
    ]  # fmt: skip
    office.said("withdraw-nomination", round="spring", account="alfa", reason="Sold")
    assert [(each.account, each.withdrawn) for each in office.ranked()][-2:] == [("omega", False), ("alfa", True)]
    office.plan("omega", "score-account", round="spring", criteria={"logo": 0})
    assert [(each.account, each.score) for each in office.ranked()][-3:] == [("delta", None), ("omega", 0), ("alfa", 7)]


def test_each_round_has_its_own_marks_and_they_are_those_of_plans_that_are_seen():
    office, state = Office(), Office().program.known.state
    assert [(each.account, each.score) for each in office.ranked("winter")] == [("beta", 0)]
    of_spring = nominees(state, "spring", office.read)
    assert {account: each.criteria and each.criteria.logo for account, each in of_spring.items()} == {
        "alfa": 3, "beta": 1, "gamma": 1, "delta": None, "omega": None,
    }  # fmt: skip
    seen = nominees(state, "spring", office.read, lambda known: known.id == plan_id_of("beta"))
    assert [account for account, each in seen.items() if each.criteria] == ["beta"]
    assert plan_of("nobody", office.read) is None
    by_id = plan_of(str(plan_id_of("beta")), office.read)
    assert by_id is not None
    assert by_id.id == plan_id_of("beta")


def test_opinions_are_shown_with_their_account_the_last_of_each_member_and_counted_by_stance():
    office = Office()
    for member, account, stance in (
        ("ann", "beta", "for"), ("ben", "beta", "against"), ("ann", "beta", "against"), ("ann", "alfa", "for"),
    ):  # fmt: skip
        said = {"round": "spring", "account": account, "member": member, "function": "sales", "stance": stance}
        office.said("give-opinion", **said)
    office.said("give-opinion", round="winter", account="beta", member="ann", function="sales", stance="for")
    alfa, beta, *others = office.ranked()
    assert [(each.member, each.stance) for each in beta.opinions] == [("ann", "against"), ("ben", "against")]
    assert (alfa.stances, beta.stances) == ({"for": 1}, {"against": 2})
    assert {len(each.opinions) for each in others} == {0}


def test_an_account_below_one_that_is_left_out_is_listed_for_a_reason_only():
    office = Office()
    assert office.refused("alfa", "beta") is None, "of two that are equal none ranks higher"
    assert office.refused("alfa", "gamma") is None
    against = office.refused("beta", "omega")
    assert isinstance(against, ReasonMissingAgainstRanking)
    assert (against.pointer, str(against)) == (
        "/entries/0/reason",
        "beta is listed although alfa ranks higher and is not; say why as the reason of the entry.",
    )
    below = office.refused("beta", "omega", beta="It is at risk")
    assert below is not None
    assert below.pointer == "/entries/1/reason"
    assert office.refused("beta", "omega", beta="It is at risk", omega="So is it") is None
    office.said("withdraw-nomination", round="spring", account="alfa", reason="Sold")
    assert office.refused("beta", "gamma") is None, "who was withdrawn ranks nowhere"


def test_a_plan_is_listed_once_whatever_it_is_called_and_while_it_is_worked_on():
    office = Office()
    twice = office.refused("alfa", str(plan_id_of("alfa")))
    assert (type(twice), twice and twice.pointer) == (ListedTwice, "/entries/1/account")
    assert office.refused("alfa", "delta", "nobody", nobody="New", delta="New") is None, "they have no plans yet"
    office.plan("beta", "archive-plan", reason="Sold")
    archived = office.refused("alfa", "beta")
    assert (type(archived), archived and archived.pointer) == (ListedPlanArchived, "/entries/1/account")


def test_a_list_is_no_matter_of_other_commands():
    office = Office()
    name = PROGRAM.commands["name-program-owner"].model_validate({"owner": "vera"})
    check_list(office.program.known.state, name, office.read)


@pytest.mark.parametrize(("round", "account", "meant"), [
    ("spring", str(plan_id_of("alfa")), "alfa"),  # the plan of an account that is nominated by its id of the CRM
    ("winter", str(plan_id_of("alfa")), None),
    ("winter", str(plan_id_of("beta")), "beta"),
    ("spring", "alfa", "alfa"),
    ("spring", "alfa-in-the-erp", "alfa"),  # an alias
    ("spring", "alfa-twice", "alfa"),  # merged into it
    ("spring", str(plan_id_of("delta")), "delta"),  # has no plan yet
    ("spring", "sigma", None),
])  # fmt: skip
def test_an_account_is_known_in_a_round_by_the_name_of_its_nomination_whatever_it_is_called(round, account, meant):
    office = Office()
    office.also_known(alfa=("alfa-in-the-erp", "alfa-twice"))
    state = office.program.known.state
    for name, more in (
        ("nominate", {"account_name": "Once more", "why": "It grows"}),
        ("give-opinion", {"member": "ann", "function": "sales", "stance": "for"}),
        ("withdraw-nomination", {}),
    ):
        command = PROGRAM.commands[name].model_validate({"round": round, "account": account, **more})
        assert vars(as_nominated(state, command, office.read)) == vars(command) | {"account": meant or account}


def test_an_open_nomination_counts_before_one_that_was_withdrawn_under_the_same_name():
    office, by_id = Office(), str(plan_id_of("alfa"))
    office.said("withdraw-nomination", round="spring", account="alfa")
    office.said("nominate", round="spring", account=by_id, account_name="Alfa", why="It grows")
    command = PROGRAM.commands["withdraw-nomination"].model_validate({"round": "spring", "account": "alfa"})
    assert as_nominated(office.program.known.state, command, office.read).account == by_id


def test_a_plan_ranks_where_it_was_nominated_whatever_the_list_calls_it():
    office, by_id = Office(), str(plan_id_of("alfa"))
    office.also_known(alfa=("alfa-in-the-erp", "alfa-twice"))
    for name in ("alfa", by_id, "alfa-in-the-erp"):
        assert office.refused(name, "beta") is None
        assert office.refused(name) is None
        twice = office.refused("alfa", name)
        assert name == "alfa" or isinstance(twice, ListedTwice)
    assert isinstance(office.refused("beta"), ReasonMissingAgainstRanking)
    office.said("commit-list", round="spring", entries=[{"account": by_id, "tier": "strategic"}], decided_by=["vera"])
    assert [each.listed and each.listed.account for each in office.ranked()] == [by_id, None, None, None, None]


def test_an_account_whose_plan_was_merged_is_scored_and_listed_where_it_goes_on():
    office = Office()
    office.merge("alfa", into="kappa")
    assert office.ranked()[0].score == 7, "its marks are those from before"
    office.plan("kappa", "score-account", round="spring", criteria={"logo": 1})
    assert [(each.account, each.score) for each in office.ranked()][2:3] == [("alfa", 2)]
    assert office.refused("beta", "gamma", "kappa") is None
    assert isinstance(office.refused("beta", "kappa"), ReasonMissingAgainstRanking)
    merged = office.refused("beta", "gamma", "alfa")
    assert (type(merged), merged and str(merged)) == (
        ListedPlanMerged, "The plan of alfa was merged into that of kappa; list kappa instead.",
    )  # fmt: skip


def test_an_account_that_cannot_be_listed_ranks_before_nobody():
    office = Office()
    assert isinstance(office.refused("beta"), ReasonMissingAgainstRanking)
    office.plan("alfa", "archive-plan", reason="Sold")
    assert office.refused("beta") is None


def test_a_phase_ends_when_its_criteria_hold_or_for_a_reason():
    office = Office()

    def ended(**more: Any) -> None:
        command = PROGRAM.commands["complete-phase"].model_validate({"phase": "stand_up", **more})
        known = office.program.known
        check_phase(known, known.state, command, instant("2026-01-06"), lambda: ())

    ended()  # it was not begun
    office.said("begin-phase", phase="stand_up")
    with pytest.raises(ReasonMissingForPhase, match="nobody answers for the program, no policy was adopted and") as it:
        ended()
    assert it.value.pointer == "/reason"
    ended(reason="We begin all the same")
    office.said("name-program-owner", owner="vera")
    office.said("adopt-policy", effective_on="2026-01-05", policy={}, reason="Agreed")
    with pytest.raises(ReasonMissingForPhase, match="no list was committed"):
        ended()
    entries = [{"account": "alfa", "tier": "strategic"}]
    office.said("commit-list", round="spring", entries=entries, decided_by=["vera"])
    ended()
