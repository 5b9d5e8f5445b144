"""Requests that need the same value at the same time share one look-up, and none gets an answer older than its
question."""

import asyncio
from asyncio import create_task, gather, sleep

import pytest

from adapters.http.batched_lookups import BatchedLookup


class Clerk:
    """Answers how often they were asked, after a while."""

    def __init__(self) -> None:
        self.asked = 0
        self.fails = False

    async def ask(self) -> int:
        self.asked += 1
        answer = self.asked
        await sleep(0.01)
        if self.fails:
            raise ConnectionError
        return answer


def test_who_comes_while_it_is_asked_is_answered_the_next_time_together_with_others():
    async def story(clerk: Clerk) -> tuple[list[int], list[int]]:
        together = BatchedLookup(clerk.ask)
        first = gather(*(together.answer() for _ in range(3)))
        await sleep(0.005)
        later = gather(*(together.answer() for _ in range(3)))
        return await first, await later

    assert asyncio.run(story(Clerk())) == ([1, 1, 1], [2, 2, 2])


def test_what_goes_wrong_is_raised_for_who_asked_then_and_for_nobody_else():
    async def story(clerk: Clerk) -> int:
        together = BatchedLookup(clerk.ask)
        clerk.fails = True
        first = create_task(together.answer())
        await sleep(0.005)
        gone, later = create_task(together.answer()), create_task(together.answer())
        await sleep(0)
        gone.cancel()
        with pytest.raises(ConnectionError):
            await first
        clerk.fails = False
        return await later

    assert asyncio.run(story(Clerk())) == 2
