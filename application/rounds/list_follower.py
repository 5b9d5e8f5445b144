"""Follows the log of the program and carries out each list that is committed, in one process at a time."""

from collections.abc import Callable
from uuid import UUID

from application.feed.ports import Turn
from application.rounds.committed_lists import CommittedLists
from domain.program.charter import ProgramNotOpen

NAME = "committed lists"
"""The name under which the progress is stored."""


def follow(lists: CommittedLists, take_turn: Callable[[], Turn | None], log_id: Callable[[], UUID]) -> None:
    """Carry out the lists that were committed since the last run. Does nothing while another process is doing so.

    The progress is stored once a whole list was carried out, so that after a crash another process continues the list.
    Raises `StoreUnavailable`.
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
