"""Commands on one aggregate get their turns in the order in which they came, also if some of them stop waiting."""

import asyncio
from asyncio import CancelledError, Event, create_task, gather, sleep
from threading import Thread
from uuid import UUID

import pytest

from application.aggregates import aggregate_turns
from application.aggregates.aggregate_turns import Turns
from application.aggregates.ports import StoreBusy

ACME, BETA = UUID(int=1), UUID(int=2)


class Queue:
    """Those who take turns in one event loop, and the order in which they had them."""

    def __init__(self) -> None:
        self.turns, self.had = Turns(), list[str]()

    async def take(self, name: str, until: Event | None = None, id: UUID = ACME) -> None:
        async with self.turns.on_the_loop(id) as has_it:
            self.had.append(name if has_it else f"{name} in vain")
            if until:
                await until.wait()


def test_those_who_come_first_have_their_turn_first():
    async def story(queue: Queue) -> None:
        until = Event()
        waiting = [create_task(queue.take("a", until)), *(create_task(queue.take(name)) for name in "bcd")]
        await sleep(0)
        await queue.take("another", id=BETA)
        until.set()
        await gather(*waiting)

    queue = Queue()
    asyncio.run(story(queue))
    assert queue.had == ["a", "another", "b", "c", "d"]
    assert not queue.turns._lines


@pytest.mark.parametrize("as_it_is_passed_on", [False, True])
def test_the_turn_of_who_gives_up_is_passed_on(as_it_is_passed_on: bool):
    async def story(queue: Queue) -> None:
        async with queue.turns.on_the_loop(ACME):
            gone, last = (create_task(queue.take(name)) for name in "bc")
            await sleep(0)
            if not as_it_is_passed_on:
                gone.cancel()
        gone.cancel()
        with pytest.raises(CancelledError):
            await gone
        await last

    queue = Queue()
    asyncio.run(story(queue))
    assert queue.had == ["c"]
    assert not queue.turns._lines


def test_who_waits_too_long_is_told_so_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(aggregate_turns, "TURN_TIMEOUT_SECONDS", 0.01)

    async def story(queue: Queue) -> None:
        until = Event()
        first = create_task(queue.take("a", until))
        await sleep(0)
        with pytest.raises(StoreBusy):
            await queue.take("b")
        until.set()
        await gather(first, queue.take("c"))

    queue = Queue()
    asyncio.run(story(queue))
    assert queue.had == ["a", "c"]
    assert not queue.turns._lines


def test_a_thread_and_the_loop_have_it_one_after_the_other(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(aggregate_turns, "TURNS_AWAITED", 1)
    queue = Queue()

    def in_a_thread() -> None:
        with queue.turns.of(ACME):
            asyncio.run(queue.take("a"))

    Thread(target=in_a_thread).run()
    asyncio.run(queue.take("b"))
    assert queue.had == ["a in vain", "b"]
    assert not queue.turns._lines
