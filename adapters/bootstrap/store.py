"""Composition root: the wiring that every command needs. The clock is read and ids are made only here.

Services that run until they are stopped have modules of their own, which are loaded only when they start:
`http_service`, `webhook_worker`, `nats_relay`, `witnesses`.
"""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, SafeUUID

from adapters.access.api_keys import ApiKeyCache
from adapters.bootstrap.settings import Settings, key_encryption_keys
from adapters.observability.periodic import every
from adapters.postgres.findings import PostgresFindings, standings
from adapters.postgres.notary import Notary
from adapters.postgres.promises import PostgresPromises
from adapters.postgres.store import ConnectionStrings, Store, embedded, opened
from adapters.privacy.erasure_list import ErasureList
from adapters.proof.checkpoints import LogKey
from application.aggregates.cache import AggregateCache
from application.aggregates.handle import Aggregates
from application.aggregates.loaded import LoadedAggregate
from application.library.examples import check_example
from application.library.plays_in_use import in_use
from application.library.templates_found import against_policy
from application.measures.missing_rates import without_rate
from application.mergers.cross_plan_commands import reach_of
from application.proof.checkpoints import KeptCheckpoint
from application.rounds.accounts_named import about_accounts
from application.rounds.phases import check_phase
from application.rounds.ranking import as_nominated, check_list
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.aggregates import AggregateType
from domain.language import Caution, Command
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from domain.program.language import ProgramState
from domain.registry import REGISTRY

SECONDS_BETWEEN_LOOKS = 0.5
"""Seconds after which changed API keys are read again."""


def utc_now() -> datetime:
    return datetime.now(UTC)


IDS_AT_A_TIME = 256
NOT_RANDOM, VERSION_4 = ~(0xF000 << 64 | 0xC000 << 48), 4 << 76 | 0x8000 << 48
"""The bits of a random UUID that are fixed (RFC 9562, version 4)."""
_new, _set = object.__new__, object.__setattr__
_randomness: list[bytes] = []
os.register_at_fork(after_in_child=_randomness.clear)


def random_bits() -> int:
    """Return the 128 bits of a new random id (RFC 9562, version 4).

    Random bytes are drawn from the system for many ids at a time, because each system call may let another thread run
    for milliseconds.
    """
    try:
        drawn = _randomness.pop()
    except IndexError:
        pool = os.urandom(16 * IDS_AT_A_TIME)
        _randomness.extend(pool[place : place + 16] for place in range(16, len(pool), 16))
        drawn = pool[:16]
    return int.from_bytes(drawn) & NOT_RANDOM | VERSION_4


def make_id() -> UUID:
    """Return a new random id."""
    made: UUID = _new(UUID)
    # This makes the same as `UUID(int=bits)` in a third of the time.
    _set(made, "int", random_bits())
    _set(made, "is_safe", SafeUUID.unknown)
    return made


def make_request_id() -> str:
    """Return the text of a new random id."""
    digits = f"{random_bits():032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def erasure_list(settings: Settings) -> ErasureList:
    """Return the configured list, whose file must exist, else the list in the home. Raises `ErasureListUnfit`."""
    if settings.erasures_file:
        return ErasureList(settings.erasures_file)
    return ErasureList(settings.home / "erasures.jsonl", make=True)


@contextmanager
def connection_strings(settings: Settings) -> Iterator[ConnectionStrings]:
    """Yield the connection strings of the configured store, else those of the embedded one, which runs for the length
    of the context."""
    if settings.database_url is None:
        with embedded(settings.home, settings.pg_bin) as where:
            yield where
        return
    service = settings.database_url.get_secret_value()
    owner, keys = (
        secret.get_secret_value() if secret else service for secret in (settings.owner_url, settings.keys_url)
    )
    yield ConnectionStrings(service, owner, keys)


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    keys, erasures = key_encryption_keys(settings), erasure_list(settings)
    with connection_strings(settings) as where, opened(where, keys, erasures) as store:
        yield store


def aggregates_read(store: Store) -> Callable[[AggregateType[Any], UUID], LoadedAggregate[Any]]:
    """Return the function that reads aggregates of any type."""
    readers = {each.noun: Aggregates(each, store.events, utc_now, make_id) for each in REGISTRY.types}
    return lambda type, id: readers[type.noun].read(id)


BYTES_FOR_A_LIST = (8 * 2**20, 4 * 2**20, 8 * 2**20)
"""What is cached of the plans that a list shows: whole, folded, and as snapshots."""


def account_plans(
    store: Store, now: Callable[[], datetime] = utc_now, cache: AggregateCache[AccountPlan] | None = None
) -> Aggregates[AccountPlan]:
    plans = Aggregates(ACCOUNT_PLAN, store.events, now, make_id, cache=cache, beyond=reach_of)
    store.datastore.timeline.when_another(plans.drop_all)
    return plans


def the_program(store: Store, now: Callable[[], datetime] = utc_now) -> Aggregates[ProgramState]:
    """Return the program's aggregates. Its lists are checked against the plans they name, and its phases against all
    plans, in their current state."""
    plans = account_plans(store, now)

    def check(known: LoadedAggregate[ProgramState], state: ProgramState, command: Command) -> Sequence[Caution]:
        of_plans = partial(standings, store.datastore)
        check_list(state, command, plans.read)
        check_phase(known, state, command, now(), of_plans)
        shown = check_example(command, plans.read, store.events.without_words, now(), known.records)
        about = about_accounts(command, plans.read, of_plans)
        of_templates = against_policy(command, known, state, now())
        return [*in_use(command, of_plans), *without_rate(command, state, of_plans), *of_templates, *shown, *about]

    def as_meant(state: ProgramState, command: Command) -> Command:
        return as_nominated(state, command, plans.read)

    program = Aggregates(PROGRAM, store.events, now, make_id, outside=check, as_meant=as_meant)
    store.datastore.timeline.when_another(program.drop_all)
    return program


def findings_across_plans(
    store: Store, now: Callable[[], datetime] = utc_now, plans: Aggregates[AccountPlan] | None = None
) -> PostgresFindings:
    """Return the table of findings, which reads plans through `plans`, or through a cache of its own."""
    plans, program = plans or account_plans(store, now), the_program(store, now)
    store.erasures.when_forgotten(plans.drop)
    return PostgresFindings(
        store.datastore,
        store.secrets.of("findings"),
        plans.read_each,
        lambda: program.refreshed(program.remembered(PROGRAM_ID)).records,
        now,
    )


def promises_across_plans(
    store: Store, now: Callable[[], datetime] = utc_now, plans: Aggregates[AccountPlan] | None = None
) -> PostgresPromises:
    """Return the table of promises, which reads plans through `plans`, or through a cache of its own. It is small,
    because a whole list reads each plan few times, and in any order."""
    plans = plans or account_plans(store, now, AggregateCache(ACCOUNT_PLAN, *BYTES_FOR_A_LIST))
    store.erasures.when_forgotten(plans.drop)
    return PostgresPromises(store.datastore, plans.read_each, now)


def needs_keys(settings: Settings, store: Store) -> bool:
    """Return whether callers must identify themselves: if a key was ever created, even one revoked since, or with an
    issuer."""
    return settings.oidc_issuer is not None or store.api_keys.any()


def watching_keys(keys: ApiKeyCache, store: Store) -> AbstractContextManager[None]:
    """Keep a copy of the API keys current for the length of the context."""
    follows = "keys that are taken back stay good for a minute; from then on nobody is let in by a key"
    return every(SECONDS_BETWEEN_LOOKS, keys.refresh, "looking at keys", follows, store.outages)


def notary(store: Store, key: LogKey, made: Callable[[KeptCheckpoint], object] = lambda _: None) -> Notary:
    return Notary(store.datastore, key, utc_now, made)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """End the context in order on SIGTERM, at any point. uvicorn raises the signal again after it has stopped
    serving.
    """

    def end(*_: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise SystemExit(0)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
