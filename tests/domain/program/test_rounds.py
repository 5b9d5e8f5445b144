from datetime import date
from typing import get_args

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.account_plan.plan import Criteria
from domain.program import PROGRAM
from domain.program.nominations import (
    AccountNominated,
    GiveOpinion,
    Nominate,
    Nomination,
    NominationWithdrawn,
    Opinion,
    OpinionGiven,
    WithdrawNomination,
)
from domain.program.rounds import (
    AbandonRound,
    CloseRound,
    CommitList,
    CommittedEntry,
    Criterion,
    ListCommitted,
    ListEntry,
    OpenRound,
    Round,
    RoundAbandoned,
    RoundClosed,
    RoundOpened,
    against_ranking,
    weighted_score,
)
from tests.given import MONDAY, PROGRAM_OPENED, given_program

TERMS = {"id": "spring", "title": "Spring round", "due_on": date(2026, 3, 31), "tiers": {"strategic": 1}}
OPENED = RoundOpened(**TERMS)
NOMINATED = AccountNominated(round="spring", account="acme", account_name="Acme", why="Second largest plant")
OPINION = {"round": "spring", "account": "acme", "member": "vera", "function": "sales", "stance": "for"}
ENTRY = {"account": "acme", "tier": "strategic"}
COMMITTED = ListCommitted(round="spring", entries=(ListEntry(**ENTRY),), decided_by=("vera",))


def committing(*entries: dict[str, str]) -> CommitList:
    said = tuple(CommittedEntry(**{"reason": None} | entry) for entry in entries)
    return CommitList(round="spring", entries=said, decided_by=("vera",), reason=None)


def test_a_round_is_opened_with_what_counts_and_how_many_there_may_be():
    given_program().when(OpenRound(**TERMS, reason=None)).then(OPENED)
    given_program(OPENED).when(OpenRound(**TERMS, reason=None)).then_refused("round-id-taken")


def test_the_criteria_of_a_round_are_those_accounts_are_scored_by():
    assert set(get_args(Criterion)) == set(Criteria.model_fields)


@pytest.mark.parametrize("weights", [{"logo": 11}, {"logo": -1}, {"charm": 1}])
def test_a_weight_is_from_nothing_to_ten(weights):
    with pytest.raises(ValidationError):
        OpenRound(**TERMS, criteria_weights=weights)


@pytest.mark.parametrize(
    ("weights", "told"), [({"logo": 0, "reference": 0}, ("ranks-nobody",)), ({"logo": 0, "reference": 1}, ()), ({}, ())]
)
def test_a_round_in_which_no_criterion_counts_is_told(weights, told):
    terms = {name: value for name, value in TERMS.items() if name != "criteria_weights"}
    opened = RoundOpened(**terms, **({"criteria_weights": weights} if weights else {}))
    open_it = OpenRound(**terms, **({"criteria_weights": weights} if weights else {}), reason=None)
    given_program().when(open_it).then(opened, warnings=told)


def test_an_account_is_nominated_once_and_may_be_again_when_it_was_withdrawn():
    nominate = Nominate(round="spring", account="acme", account_name="Acme", why="Second largest plant", reason=None)
    withdrawn = NominationWithdrawn(round="spring", account="acme")
    given_program(OPENED).when(nominate).then(NOMINATED)
    given_program(OPENED, NOMINATED).when(nominate).then_refused("already-nominated", "/account")
    given_program(OPENED, NOMINATED).when(WithdrawNomination(round="spring", account="acme", reason=None)).then(
        withdrawn
    )
    given_program(OPENED, NOMINATED, withdrawn).when(nominate).then(NOMINATED)
    endings = [
        [each.ending for each in given_program(OPENED, *events).aggregate.all(Nomination).values()]
        for events in ([NOMINATED], [NOMINATED, withdrawn])
    ]
    assert endings == [[None], ["was withdrawn"]]
    given_program().when(nominate).then_refused("unknown-round", "/round")


def test_the_last_opinion_of_a_member_counts():
    first, second = OpinionGiven(**OPINION), OpinionGiven(**OPINION | {"stance": "against"})
    given_program(OPENED, NOMINATED).when(GiveOpinion(**OPINION, reason=None)).then(first)
    given_program(OPENED, NOMINATED, first).when(GiveOpinion(**OPINION, reason=None)).then_nothing_happens()
    changed = GiveOpinion(**OPINION | {"stance": "against"}, reason=None)
    given_program(OPENED, NOMINATED, first).when(changed).then(second, warnings=("opinion-replaced",))
    both = PROGRAM.fold((PROGRAM_OPENED, OPENED, NOMINATED, first, second))
    assert [opinion.stance for opinion in both.all(Opinion).values()] == ["against"]
    given_program(OPENED).when(GiveOpinion(**OPINION, reason=None)).then_refused("not-nominated", "/account")


def test_a_list_is_committed_as_often_as_it_is_decided_anew():
    given_program(OPENED, NOMINATED).when(committing(ENTRY)).then(COMMITTED)
    given_program(OPENED, NOMINATED, COMMITTED).when(committing(ENTRY)).then_nothing_happens()
    folded = PROGRAM.fold((PROGRAM_OPENED, OPENED, NOMINATED, COMMITTED))
    assert folded.the(Round, "spring").entries == COMMITTED.entries


def test_a_list_names_each_account_once_and_no_more_than_a_tier_may_have():
    given_program(OPENED).when(committing(ENTRY, ENTRY)).then_refused("listed-twice", "/entries/1/account")
    two = committing(ENTRY, ENTRY | {"account": "beta"})
    given_program(OPENED).when(two).then_refused("too-many-in-tier", "/entries")
    unlimited = committing(*(ENTRY | {"account": account, "tier": "growth"} for account in "abc"))
    assert PROGRAM.decide(given_program(OPENED).aggregate, unlimited, MONDAY).events


@pytest.mark.parametrize("wrong", [{"entries": ()}, {"decided_by": ()}])
def test_a_list_has_an_entry_and_somebody_who_decided_it(wrong):
    said = {"round": "spring", "entries": (CommittedEntry(**ENTRY),), "decided_by": ("vera",)} | wrong
    with pytest.raises(ValidationError):
        CommitList(**said)


@pytest.mark.parametrize(("end", "ended"), [(CloseRound, RoundClosed), (AbandonRound, RoundAbandoned)])
def test_a_round_in_which_nothing_was_committed_ends_with_a_reason(end, ended):
    given_program(OPENED).when(end(id="spring", reason=None)).then_refused("nothing-committed", "/reason")
    given_program(OPENED).when(end(id="spring", reason="Nobody came")).then(ended(id="spring"))
    given_program(OPENED, COMMITTED).when(end(id="spring", reason=None)).then(ended(id="spring"))
    over = given_program(OPENED, COMMITTED, ended(id="spring"))
    over.when(end(id="spring", reason="Again")).then_refused("round-over")
    over.when(committing(ENTRY)).then_refused("round-over", "/round")


def test_a_score_weighs_what_was_judged():
    criteria = Criteria(logo=3, top_arr=2)
    assert weighted_score(criteria, {"logo": 2, "top_arr": 1, "champion": 10}) == 8
    assert weighted_score(None, {"logo": 2}) == 0


def test_an_entry_below_one_that_is_left_out_needs_a_reason():
    ranking = ("acme", "beta", "gamma")
    listed = [ListEntry(account="beta", tier="strategic"), ListEntry(account="delta", tier="growth")]
    assert [(entry.account, better) for entry, better in against_ranking(listed, ranking)] == [
        ("beta", "acme"),
        ("delta", "acme"),
    ]
    explained = [entry.model_copy(update={"reason": "Acme is merging"}) for entry in listed]
    assert list(against_ranking(explained, ranking)) == []


@drawn(st.lists(st.sampled_from("abcdefgh"), unique=True), st.integers(0, 8))
def test_the_best_of_a_ranking_never_go_against_it(ranking, many):
    best = [ListEntry(account=account, tier="strategic") for account in ranking[:many]]
    assert list(against_ranking(best, ranking)) == []


def test_what_a_round_was_opened_with_is_corrected_also_when_it_has_ended():
    said = {"id": "spring", "due_on": date(2026, 6, 30), "tiers": {"strategic": 3}}
    fixed = PROGRAM.events["RoundCorrected"].model_validate(
        {**said, "former": {"due_on": OPENED.due_on, "tiers": OPENED.tiers}}
    )
    command = PROGRAM.commands["correct-round"].model_validate({**said, "reason": "Mistyped"})
    given_program(OPENED).when(command).then(fixed)
    given_program(OPENED, RoundClosed(id="spring")).when(command).then(fixed)


def test_a_round_is_not_corrected_to_allow_fewer_accounts_than_its_list_has():
    fewer = {"id": "spring", "tiers": {COMMITTED.entries[0].tier: 0}, "reason": "Mistyped"}
    command = PROGRAM.commands["correct-round"].model_validate(fewer)
    given_program(OPENED, COMMITTED).when(command).then_refused("too-many-in-tier", "/tiers")
    nobody = {"id": "spring", "criteria_weights": {"logo": 0}, "reason": "Mistyped"}
    decision = PROGRAM.decide(
        given_program(OPENED).aggregate, PROGRAM.commands["correct-round"].model_validate(nobody), MONDAY
    )
    assert [caution.code for caution in decision.warnings] == ["ranks-nobody"]
