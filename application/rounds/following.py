"""Follows the program for lists that were committed, and has each carried out: by one process at a time, from where the
last one came to."""

from collections.abc import Callable
from uuid import UUID

from application.feed.ports import Turn
from application.rounds.carrying_out import CommittedLists
from domain.program.charter import ProgramNotOpen

NAME = "committed lists"
"""Under which it is noted how far it has come."""


def follow(lists: CommittedLists, take_turn: Callable[[], Turn | None], log_id: Callable[[], UUID]) -> None:
    """Carry out what was committed since; nothing while another process is at it.

    A list is noted once all of it was carried out: who begins after a crash takes it up again.  Raises
    `StoreUnavailable`.
    """
    try:
        if not lists.committed_after(lists.came_to()):
            return
    except ProgramNotOpen:
        return
    turn = take_turn()
    if turn is None:
        return
    try:
        for committed in lists.committed_after(lists.came_to()):
            turn.check()
            lists.carry_out(committed)
            turn.reach(log_id(), committed.position)
    finally:
        turn.end()
