"""The events of a plan loaded from a snapshot are a sequence like any other, and read only where they are needed."""

from itertools import product

import pytest

from application.aggregates.loaded import LazyRecords
from tests.histories import OPEN, History

PLACES = (None, *range(-8, 9))


def seven_events():
    history = History("acme")
    history.on("2026-01-05", "open-plan", tier="growth", **OPEN | {"account_id": "acme"})
    for number in range(6):
        history.on("2026-01-06", "write-note", id=f"n{number}", section="plan", text="seen")
    return tuple(history.known.records)


ALL = seven_events()


@pytest.mark.parametrize("at_hand", [1, 3, 7])
def test_every_place_and_slice_is_that_of_all_events_and_the_last_ones_are_not_read(at_hand):
    reads = []
    for read_on in (5, 7):  # what is read ends before the last ones, or with them

        def read(to=read_on):
            reads.append(to)
            return ALL[: max(to, 7 - at_hand)]

        some = LazyRecords(7, ALL[7 - at_hand :], read)
        for place in range(7 - at_hand, 7):
            assert (some[place], some[place - 7]) == (ALL[place], ALL[place])
            assert (list(some[place:]), list(some[place - 7 :])) == (list(ALL[place:]), list(ALL[place:]))
        assert reads == [], "the last ones are at hand"
        assert [some[place] for place in range(-7, 7)] == [*ALL, *ALL]
        for begin, end in product(PLACES, PLACES):
            assert list(some[begin:end]) == list(ALL[begin:end]), (begin, end)
        assert (len(some), tuple(some), tuple(some.whole)) == (7, ALL, ALL)
        assert len(reads) == 1, "all are read once"
        reads.clear()


def test_beyond_the_last_event_there_is_none():
    some = LazyRecords(7, ALL[4:], lambda: ALL[:4])
    for place in (7, -8):
        with pytest.raises(IndexError):
            some[place]


def test_news_are_added_to_those_at_hand():
    some = LazyRecords(4, ALL[3:4], lambda: ALL[:4]).with_news(ALL[4:6])
    assert (len(some), tuple(some), some[5]) == (6, ALL[:6], ALL[5])
