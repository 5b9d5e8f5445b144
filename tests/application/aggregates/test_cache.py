"""The cache keeps the most recently used aggregates that fit, and never replaces one by one with fewer events."""

from uuid import UUID

import pytest

from application.aggregates.cache import (
    BYTES_OF_EVENT,
    BYTES_OF_STATE,
    MOST_BYTES_FOLDED,
    MOST_BYTES_OF_SNAPSHOTS,
    MOST_BYTES_WHOLE,
    AggregateCache,
    LeastRecentlyUsed,
    bytes_of,
    bytes_of_state,
)
from application.aggregates.loaded import LazyRecords
from application.aggregates.snapshots import Snapshot
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from tests.histories import OPEN, History

A, B, C, D = (UUID(int=number) for number in range(4))
PLENTY = 2**20


def test_by_themselves_the_stages_keep_as_many_versions_as_is_said_of_them():
    """About 20,000 with all events, 60,000 as states; snapshots take as much as states do."""
    whole, states = MOST_BYTES_WHOLE / (BYTES_OF_EVENT + 300), MOST_BYTES_FOLDED / BYTES_OF_STATE
    found = whole, states, MOST_BYTES_OF_SNAPSHOTS / MOST_BYTES_FOLDED
    assert found == pytest.approx((20_000, 60_000, 1), rel=0.1)


def test_what_was_used_longest_ago_is_dropped_until_the_rest_fits():
    kept = LeastRecentlyUsed[str](8)
    for id in (A, B, C):
        kept.put(id, f"plan {id.int}", 4)
    assert (len(kept), kept.bytes, kept.size(B), kept.get(A), kept.get(D)) == (3, 12, 4, "plan 0", None)
    assert list(kept.shed()) == ["plan 1"], "the first one was used since"
    assert (len(kept), kept.bytes, list(kept.shed())) == (2, 8, []), "eight bytes are not too many"
    kept.put(A, "grown", 5)
    assert (kept.bytes, kept.size(A)) == (9, 5)
    kept.put(D, "alone more than fits", 50)
    assert (list(kept.shed()), len(kept), kept.bytes) == (["plan 2", "grown"], 1, 50)
    assert (kept.pop(D), kept.pop(D), kept.bytes) == ("alone more than fits", None, 0)
    kept.put(A, "plan", 4)
    kept.clear()
    assert (len(kept), kept.bytes) == (0, 0)


def plan(account_id: str, notes: int = 2) -> LoadedPlan:
    history = History(account_id)
    history.on("2026-01-05", "open-plan", tier="growth", **OPEN | {"account_id": account_id})
    for number in range(notes):
        history.on("2026-01-06", "write-note", id=f"n{number}", section="plan", text="seen")
    return history.known


def whole(known: LoadedPlan) -> int:
    return sum(BYTES_OF_EVENT + len(record.stored) for record in known.records)


def folded(known: LoadedPlan) -> int:
    """Of the state and of the last event, which is at hand."""
    return BYTES_OF_STATE * known.version + bytes_of(known.records[-1])


def test_a_plan_is_kept_whole_then_as_its_state_then_as_a_snapshot():
    cache = AggregateCache(ACCOUNT_PLAN, whole=1, folded=1, snapshots=PLENTY)
    acme, beta, gamma = (plan(account) for account in ("acme", "beta", "gamma"))
    cache.put(acme)
    assert (cache.bytes, cache.version(acme.id), cache.get(acme.id)) == (whole(acme), 3, acme)
    cache.put(beta)
    assert (cache.bytes, cache.version(acme.id), cache.get(acme.id)) == (whole(beta) + folded(acme), 3, None)
    cache.put(gamma)
    packed = Snapshot.of(acme.without_records()).size
    assert cache.bytes == whole(gamma) + folded(beta) + packed
    assert [cache.version(each.id) for each in (acme, beta, gamma)] == [3, 3, 3]
    taken = cache.folded(acme.id)
    assert taken is not None
    assert (taken.version, taken.state.parts()) == (3, acme.state.parts())
    assert isinstance(taken.records, LazyRecords)
    assert cache.bytes == whole(gamma) + folded(acme) + packed + Snapshot.of(beta.without_records()).size
    assert bytes_of_state(taken) == folded(acme)


def test_more_takes_the_place_of_less_and_never_the_other_way_round():
    cache = AggregateCache(ACCOUNT_PLAN, PLENTY, PLENTY, PLENTY)
    early, late = plan("acme", 1), plan("acme", 2)
    cache.put(early)
    cache.put(late)
    assert (cache.get(late.id), cache.bytes) == (late, whole(late))
    for less in (early, late.without_records(), early.without_records(), plan("acme", 2)):
        cache.put(less)
        assert cache.get(late.id) is late
    cache.put(plan("acme", 3).without_records())
    assert (cache.version(late.id), cache.get(late.id)) == (4, None), "newer, though its events are not at hand"
    cache.put(plan("acme", 3))
    assert (cache.version(late.id), cache.bytes) == (4, whole(plan("acme", 3)))


def test_what_is_dropped_is_kept_in_no_form():
    cache = AggregateCache(ACCOUNT_PLAN, whole=1, folded=1, snapshots=PLENTY)
    plans = [plan(account) for account in ("acme", "beta", "gamma")]
    for each in plans:
        cache.put(each)
    for each in plans:
        cache.drop(each.id)
        assert (cache.version(each.id), cache.folded(each.id)) == (0, None)
    assert cache.bytes == 0
    for each in plans:
        cache.put(each)
    cache.drop_all()
    assert (cache.bytes, [cache.version(each.id) for each in plans]) == (0, [0, 0, 0])
