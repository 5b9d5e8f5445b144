"""A certificate of an erasure says which generations of keys may still open a copy, and when the last of them ended."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from application.aggregates.erasures import KEPT, PURGED, Certificate, Erased, KeyGeneration, certificate


def at(month: int, day: int = 1) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC)


ERASED = Erased(
    certificate="command-9",
    plan_id=UUID(int=1),
    stakeholder="cfo",
    event="plan:9",
    event_sha256="ab" * 32,
    forgotten_at=at(6),
    forgotten_by="ann",
    generation=3,
    key_made_at=at(2),
    key_destroyed_at=at(6, 2),
    listed_at=at(6, 3),
)


def certified(ends: Sequence[datetime | None], **more: Any) -> Certificate:
    """Four generations, begun on the first of January, February, March and July."""
    begun = (at(1), at(2), at(3), at(7))
    generations = [KeyGeneration(place + 1, begun[place], end) for place, end in enumerate(ends)]
    return certificate(replace(ERASED, **more), generations)


def test_a_key_was_wrapped_by_the_generations_from_the_one_it_was_made_in_to_the_last_one_that_wrapped_it():
    assert certified([None] * 4).generations == [2, 3]
    assert certified([None] * 4, key_made_at=at(1, 31)).generations == [1, 2, 3]
    assert certified([None] * 4, key_made_at=at(3)).generations == [3]
    assert certified([None] * 4, generation=2).generations == [2]
    assert certified([None] * 4, key_made_at=None).generations == [1, 2, 3], "it may have been made at any time"


def test_it_is_final_when_all_of_them_are_destroyed_since_the_last_end():
    assert not certified([at(8), at(8), None, at(8)]).final
    ended = certified([None, at(9), at(8), None])
    assert (ended.final, ended.final_at, ended.generations, ended.remains) == (True, at(9), [], [])
    before = certified([None, at(4), at(5), None])
    assert before.final_at == at(6, 2), "the key itself was there until then"


def test_it_names_what_is_left_and_the_commands_that_end_it():
    left = certified([None, at(8), None, None])
    assert (left.id, left.plan_id, left.stakeholder, left.final_at) == ("command-9", str(UUID(int=1)), "cfo", None)
    assert (left.purged, left.kept, left.forgotten_at, left.key_destroyed_at) == (
        list(PURGED), KEPT, at(6), at(6, 2)
    )  # fmt: skip
    [remains] = left.remains
    assert "generation 3 of" in remains.where
    assert remains.until.endswith("`plantrail keys destroy-generation 3`.")
