"""The wiring of background work: tables follow the log, checkpoints are signed, committed lists are carried out,
webhooks are sent, and old data are deleted.

`plantrail serve` runs it in another process (`background_process`); `plantrail work` runs it alone.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from threading import Event
from typing import NamedTuple

import structlog

from adapters.bootstrap.committed_lists import carrying_out_lists
from adapters.bootstrap.settings import DAYS_OF_ACCESS_EVENTS, Settings, log_key
from adapters.bootstrap.store import (
    account_plans,
    ending_in_order,
    findings_across_plans,
    notary,
    open_store,
    promises_across_plans,
    utc_now,
)
from adapters.bootstrap.webhook_worker import pushing
from adapters.observability.metrics import BackgroundMetrics
from adapters.observability.periodic import every
from adapters.postgres.erasures import SECONDS_BETWEEN_SWEEPS
from adapters.postgres.followers import Follower
from adapters.postgres.notary import Watch
from adapters.postgres.store import Store
from adapters.proof.checkpoints import LogKey
from application.aggregates.cache import AggregateCache
from domain.account_plan import ACCOUNT_PLAN

logger = structlog.get_logger("plantrail")

SECONDS_BETWEEN_PURGES = 60
SECONDS_BETWEEN_LOOKS_AT_THE_LOG = 0.05
"""The shortest time between two looks at the log for webhooks. In a flood of commands each look costs as much as a
command."""
BYTES_AT_HAND = (12 * 2**20, 6 * 2**20, 6 * 2**20)
"""The most bytes of plans that are kept for the tables: whole, with their state, and as snapshots."""


class AtWork(NamedTuple):
    """The running background work. Each function returns what is wrong with it, as a sentence, or None."""

    why_behind: Callable[[], str | None]
    why_unsealed: Callable[[], str | None]


@contextmanager
def at_work(store: Store, settings: Settings, metrics: BackgroundMetrics, with_webhooks: bool) -> Iterator[AtWork]:
    """Do all background work for the length of the context. Any number of processes may share it.

    Raises `SettingsError`, `KeyFault`, `StoreUnavailable`.
    """
    witnessed = witnessing(settings, metrics)
    store.watch.seconds_at_rest = SECONDS_BETWEEN_LOOKS_AT_THE_LOG
    with (
        pushing(store, settings, metrics) if with_webhooks else nullcontext(),
        following(store) as followers,
        purging(store, settings.access_events_days),
        forgetting(store),
        carrying_out_lists(store),
        witnessed(store),
        notarised(store, log_key(settings), metrics) as sealing,
    ):
        try:
            yield AtWork(partial(why_behind, followers), sealing.why_unsealed)
        finally:
            store.watch.close()  # Deliveries in progress are completed while the other work ends.


def work(settings: Settings) -> None:
    """Do background work until SIGINT or SIGTERM. Work in progress is completed within five seconds."""
    with ending_in_order(), open_store(settings) as store, at_work(store, settings, BackgroundMetrics(), True):
        logger.info("following the log, signing checkpoints and pushing events to webhooks")
        Event().wait()


@contextmanager
def following(store: Store) -> Iterator[Sequence[Follower]]:
    """Let the tables follow the log for the length of the context."""
    # What one table has read of a plan is at hand for the other. They come to a plan one soon after the other, and back
    # to it after many others, so that a large cache is of little more use than a small one.
    plans = account_plans(store, cache=AggregateCache(ACCOUNT_PLAN, *BYTES_AT_HAND))
    followers = (
        store.portfolio.follower(utc_now, store.outages),
        store.month_ends.follower(utc_now, store.outages),
        findings_across_plans(store, plans=plans).follower(store.outages),
        promises_across_plans(store, plans=plans).follower(store.outages),
    )
    for follower in followers:
        follower.start()
    try:
        yield followers
    finally:
        for follower in followers:
            follower.stop_soon()
        for follower in followers:
            follower.stop()


def why_behind(followers: Iterable[Follower]) -> str | None:
    """Return why tables do not follow the log, as a sentence; None if they do."""
    return " ".join(filter(None, (follower.why_behind() for follower in followers))) or None


@contextmanager
def purging(store: Store, access_events_days: int = DAYS_OF_ACCESS_EVENTS) -> Iterator[None]:
    """Delete old data periodically for the length of the context."""
    purge_reads = partial(store.access_events.purge, access_events_days)

    def purge_sessions() -> None:
        store.sessions.purge(utc_now())
        store.drafts.purge(utc_now())

    a_while = SECONDS_BETWEEN_PURGES
    with (
        every(a_while, store.events.purge, "purging answers", "they are kept for longer", store.outages),
        every(a_while, purge_reads, "purging access events", "they are kept for longer", store.outages),
        every(a_while, purge_sessions, "purging sessions", "they are kept for longer", store.outages),
    ):
        yield


def forgetting(store: Store) -> AbstractContextManager[None]:
    """Drop people whom other processes forget from the memory of this one, and complete erasures, for the length of the
    context."""
    return every(
        SECONDS_BETWEEN_SWEEPS,
        store.erasures.sweep,
        "forgetting",
        "what others forget stays in the memory of this process, and nobody's erasure is confirmed",
        store.outages,
    )


@contextmanager
def notarised(store: Store, key: LogKey, metrics: BackgroundMetrics) -> Iterator[Watch]:
    """Sign checkpoints of the log periodically for the length of the context."""
    watch = Watch(notary(store, key), failed=metrics.not_sealed.inc, outages=store.outages)
    metrics.unsealed.set_function(watch.seconds_behind)
    watch.start()
    try:
        yield watch
    finally:
        watch.stop()


def witnessing(settings: Settings, metrics: BackgroundMetrics) -> Callable[[Store], AbstractContextManager[None]]:
    """Return a context manager that sends every checkpoint of a store to the witnesses.

    Raises `SettingsError`, `KeyFault`.
    """
    if not settings.witnesses.split():
        return lambda _: nullcontext()
    # The clients of witnesses load slowly, so they are loaded only if there are witnesses.
    from adapters.bootstrap.witnesses import witnessed, witnesses

    told = list(witnesses(settings))
    return lambda store: witnessed(store, told, metrics)
