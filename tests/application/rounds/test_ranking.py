"""A round as it is decided on: how each account scores, what is thought of it, and what the plans say to a list."""

import json
from typing import Any
from uuid import UUID

import pytest

from application.rounds.phases import check_phase
from application.rounds.ranking import AlreadyNominated, check_list, check_nomination, marks, plan_of
from application.views.loaded_plan import LoadedPlan
from application.views.round_ranking import RankedAccount, ranking
from domain.account_plan.plan import PlanNotOpen, plan_id_of
from domain.language import Refusal
from domain.program import PROGRAM
from domain.program.charter import ReasonMissingForPhase
from domain.program.rounds import ListedPlanArchived, ListedTwice, ReasonMissingAgainstRanking, Round
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
        return ranking(state, state.the(Round, round), marks(state, round, self.read))

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
    of_spring = marks(state, "spring", office.read)
    assert {account: criteria and criteria.logo for account, criteria in of_spring.items()} == {
        "alfa": 3, "beta": 1, "gamma": 1, "omega": None,
    }  # fmt: skip
    assert [*marks(state, "spring", office.read, lambda known: known.id == plan_id_of("beta"))] == ["beta"]
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


@pytest.mark.parametrize(("round", "account", "refused"), [
    ("spring", str(plan_id_of("alfa")), True),  # the plan of an account that is nominated by its id of the CRM
    ("winter", str(plan_id_of("alfa")), False),
    ("winter", str(plan_id_of("beta")), True),
    ("spring", "alfa", False),  # the same words are refused by the program itself
    ("spring", str(plan_id_of("delta")), False),  # there is no plan that could be the same
    ("spring", "sigma", False),
])  # fmt: skip
def test_a_plan_is_nominated_once_in_a_round_whatever_it_is_called(round, account, refused):
    office = Office()

    def nominated() -> None:
        body = {"round": round, "account": account, "account_name": "Once more", "why": "It grows"}
        command = PROGRAM.commands["nominate"].model_validate(body)
        check_nomination(office.program.known.state, command, office.read)

    if refused:
        with pytest.raises(AlreadyNominated) as it:
            nominated()
        assert it.value.pointer == "/account"
        known = "alfa" if round == "spring" else "beta"
        office.said("withdraw-nomination", round=round, account=known, reason="Sold")
    nominated()


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
