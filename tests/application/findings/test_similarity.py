"""How alike two plans are: MinHash estimates the share of shingles that both have."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.findings.similarity import (
    BANDS,
    EMPTY,
    PLACES,
    alike,
    own_words,
    packed,
    signature,
    similarity,
    unpacked,
)
from tests.examples import examples
from tests.histories import opened

WORDS = [f"word{number}" for number in range(400)]


def exactly(a: list[str], b: list[str]) -> float:
    of_a, of_b = ({tuple(words[at : at + 5]) for at in range(len(words) - 4)} for words in (a, b))
    return len(of_a & of_b) / len(of_a | of_b)


@settings(max_examples=examples(10))
@given(st.integers(60, 400), st.integers(0, 400), st.randoms(use_true_random=False))
def test_the_estimate_is_near_the_truth(length: int, changed: int, random):
    a = random.sample(WORDS, length)
    b = [*a[: max(length - changed, 0)], *(f"other{number}" for number in range(min(changed, length)))]
    estimate = similarity(signature([" ".join(a)]), signature([" ".join(b)]))
    assert estimate == pytest.approx(exactly(a, b), abs=0.25)


def test_the_last_word_counts_and_who_says_nothing_is_like_nobody():
    text = WORDS[:59]
    one, other = (signature([" ".join([*text, last])]) for last in ("alpha", "omega"))
    assert 0.9 < similarity(one, other) < 1
    assert similarity(one, one) == 1
    nothing = signature([])
    assert (nothing, similarity(nothing, nothing)) == ((), 0)
    assert signature([" ".join(text)]) == (), "59 words are too few"
    short = signature(WORDS[:60])
    assert sum(place != EMPTY for place in short) > 0, "texts of one word each are something too"
    assert signature([*WORDS[:60], "", "…"]) == short


def test_words_of_lists_are_words_of_the_plan_as_well():
    plan = opened()
    plan.on("2026-01-05", "write-summary", relevance="They lead", challenges=["Rework is up", "Welders leave"])
    assert {"They lead", "Rework is up", "Welders leave"} <= set(own_words(plan.known.state))


def test_only_pairs_that_are_alike_enough_are_told_the_most_alike_first():
    text = WORDS[:200]
    plans = {
        "a": signature([" ".join(text)]),
        "same": signature([" ".join(text)]),
        "near": signature([" ".join([*text[:190], *WORDS[300:310]])]),
        "other": signature([" ".join(WORDS[200:])]),
        "short": signature(["Send the price"]),
    }
    pairs = [(frozenset((a, b)), share) for a, b, share in alike(plans, 0.8)]
    assert pairs[0] == ({"a", "same"}, 1.0)
    assert {pair for pair, _ in pairs} == {
        frozenset("a same".split()),
        frozenset("a near".split()),
        frozenset("same near".split()),
    }
    assert plans["short"] == ()


def test_plans_that_agree_in_any_band_alone_are_found():
    """Of two signatures one band of four places is the same, whichever it is, and all others differ."""
    for first in range(0, PLACES, PLACES // BANDS):
        one, other = list(range(PLACES)), list(range(PLACES, 2 * PLACES))
        other[first : first + PLACES // BANDS] = one[first : first + PLACES // BANDS]
        assert [(a, b) for a, b, _ in alike({"a": one, "b": other}, 0)] in ([("a", "b")], [("b", "a")])
        other[first] += 1
        assert not list(alike({"a": one, "b": other}, 0))


def test_of_many_that_are_alike_each_is_in_a_pair_and_few_are_compared():
    text, other = WORDS[:200], signature([" ".join(WORDS[200:])])
    copies = {f"copy-{number}": signature([" ".join([*text, f"at {number}"])]) for number in range(60)}
    pairs = list(alike({**copies, "other": other}, 0.8))
    assert {key for a, b, _ in pairs for key in (a, b)} == set(copies)
    assert len(pairs) < 4 * len(copies)
    assert pairs == list(alike(dict(reversed([*copies.items(), ("other", other)])), 0.8)), "in whatever order they come"
    few = dict(list(copies.items())[:20])
    assert len(list(alike(few, 0.8))) == 20 * 19 // 2
    same = dict.fromkeys([*few, "copy-20"], copies["copy-0"])
    assert len(list(alike(dict(list(same.items())[:20]), 0.8))) == 20 * 19 // 2, "twenty are each compared with each"
    assert len(list(alike(same, 0.8))) < 21 * 20 // 2


def test_a_signature_is_kept_as_bytes():
    of_text = signature([" ".join(WORDS)])
    assert list(unpacked(packed(of_text))) == list(of_text)
    assert not unpacked(packed(()))


def test_a_plans_own_words_are_what_is_written_and_not_who_people_are():
    history = opened()
    history.on("2026-01-05", "add-stakeholder", id="coo", name="Kim Cooson", title="COO", level="executive")
    history.on("2026-01-05", "write-note", section="plan", text="Budget of line B")
    words = list(own_words(history.known.state))
    assert "Budget of line B" in words
    assert not any("Kim" in each for each in words)
