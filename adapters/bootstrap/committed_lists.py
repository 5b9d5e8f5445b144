"""The wiring of committed lists: when a round commits its list, each account on it is given its new tier."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial

from adapters.bootstrap.store import account_plans, make_id, the_program, utc_now
from adapters.observability.periodic import every
from adapters.postgres.relays import PostgresTurn, came_to
from adapters.postgres.store import Store
from application.rounds.committed_lists import CommittedLists
from application.rounds.list_follower import NAME, follow

SECONDS_BETWEEN_LOOKS = 1.0
"""Seconds between two looks at the log for committed lists."""


def committed_lists(store: Store, now: Callable[[], datetime] = utc_now) -> CommittedLists:
    reached = partial(came_to, store.datastore, NAME)
    return CommittedLists(the_program(store, now), account_plans(store, now), make_id, reached)


def follow_once(store: Store, lists: CommittedLists) -> None:
    """Carry out the lists that were committed since the last look. Raises `StoreUnavailable`."""
    follow(lists, partial(PostgresTurn.take, store.datastore, NAME), store.feed.log_id)


@contextmanager
def carrying_out_lists(store: Store) -> Iterator[None]:
    """Carry out lists as they are committed, for the length of the context. Of several processes, one does it."""
    with every(
        SECONDS_BETWEEN_LOOKS,
        partial(follow_once, store, committed_lists(store)),
        "carrying out lists",
        "accounts keep the tiers they have although another one was committed",
        store.outages,
    ):
        yield
