"""A copy of a large mapping is like any other dict, and takes less than the mapping to make."""

from math import isqrt
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.layers import SMALL, Layered, copied
from tests.examples import examples
from tests.histories import opened

LARGE = {number: -number for number in range(SMALL + 1)}


@settings(max_examples=examples(20), deadline=None)
@given(st.randoms(use_true_random=False))
def test_whatever_is_done_to_copies_each_is_what_a_dict_would_be(random: Random):
    pairs = [(dict(LARGE), copied(LARGE))]
    for _ in range(60):
        plain, layered = random.choice(pairs)
        plain, layered = dict(plain), copied(layered)
        for _ in range(random.randint(0, 9)):
            key = random.randint(0, SMALL + 40)
            if key in plain and random.random() < 0.2:
                del plain[key], layered[key]
            else:
                plain[key] = layered[key] = random.random()
        pairs.append((plain, layered))
    for plain, layered in pairs:
        assert isinstance(layered, Layered)
        assert list(layered.items()) == list(plain.items())
        assert list(reversed(layered)) == list(reversed(plain))
        assert (len(layered), layered == plain) == (len(plain), True)
        for key in range(SMALL + 41):
            assert (key in layered, layered.get(key, "none")) == (key in plain, plain.get(key, "none"))


def test_what_is_not_there_cannot_be_had_or_taken_out():
    layered = copied(LARGE)
    with pytest.raises(KeyError):
        layered[-1]
    with pytest.raises(KeyError):
        del layered[-1]
    assert (layered.get(-1), dict(layered)) == (None, LARGE)


def test_what_is_small_is_copied_whole():
    small = dict(list(LARGE.items())[:SMALL])
    assert (type(copied(small)), copied(small), copied(small) is small) == (dict, small, False)


def test_one_more_entry_at_a_time_copies_no_more_than_the_root_of_what_there_is():
    now, most = copied({}), 0
    for number in range(4 * SMALL):
        now = copied(now)
        most = max(most, len(now._above) if isinstance(now, Layered) else 0)
        now[number] = number
    assert 0 < most <= isqrt(4 * SMALL) + 1


def test_a_plan_with_many_things_shares_them_with_what_it_was_before():
    history = opened()
    for number in range(SMALL + 2):
        history.on("2026-01-06", "write-note", id=f"n{number}", section="plan", text="seen")
    assert isinstance(history.known.state.entries, Layered)
    assert list(history.known.state.entries) == list(range(2, SMALL + 4))
