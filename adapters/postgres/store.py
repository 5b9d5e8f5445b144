"""The store as a whole: its connections, its schema, and its parts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from typing import Self

import psycopg
import structlog
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from adapters.observability.outages import Outages
from adapters.postgres import clock
from adapters.postgres.access_events import PostgresAccessEvents
from adapters.postgres.api_keys import PostgresApiKeys
from adapters.postgres.application import AccountPlanApplication
from adapters.postgres.calendars import PostgresCalendars
from adapters.postgres.datastore import CONNECT_TIMEOUT, Datastore, prefer_writable_server
from adapters.postgres.drafts import PostgresDrafts
from adapters.postgres.embedded import EmbeddedPostgres, Keeper
from adapters.postgres.erasures import PostgresErasures
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.factory import PlanFactory
from adapters.postgres.feed import PostgresFeed
from adapters.postgres.key_generations import KeyGenerations, Secrets
from adapters.postgres.log_tree import PostgresLogTree
from adapters.postgres.log_watch import PostgresLogWatch
from adapters.postgres.migrations import EncodingUnfit, migrate
from adapters.postgres.month_ends import PostgresMonthEnds
from adapters.postgres.new_logs import begin_log_of_copy
from adapters.postgres.person_keys import PersonKeyCache, PostgresPersonKeys
from adapters.postgres.portfolio import PostgresPortfolio
from adapters.postgres.sessions import PostgresSessions
from adapters.postgres.webhook_secrets import WebhookSecrets
from adapters.postgres.webhooks import PostgresWebhooks
from adapters.privacy.erasure_list import ErasureList
from adapters.privacy.key_encryption import KeyEncryptionKeys
from application.aggregates.erasures import Erasure
from application.aggregates.ports import StoreUnavailable

logger = structlog.get_logger("plantrail.store")

RECOVERY = 30.0
"""Seconds for which a starting or recovering server is awaited."""
SILENCE = 2.0
"""Seconds after which a server that does not answer at all counts as absent. Between a crash and its recovery it closes
connections."""
PAUSE = 0.1
"""Seconds between two attempts."""
ATTEMPTS = 3
"""How often opening is tried while a server exists, because it may have to recover meanwhile."""


@dataclass(frozen=True)
class ConnectionStrings:
    """The connection strings of the three roles: the owner migrates, the service records and reads, the third reads and
    writes person keys. Raises `StoreUnfit` for a malformed one."""

    service: str
    owner: str
    keys: str
    keeper: Keeper | None = None
    """Restarts the embedded server; None if the database is not ours to restart."""

    def __post_init__(self) -> None:
        # Names contain all kinds of letters, so the encoding is UTF-8 whatever a role, a database or the environment
        # sets.
        for role in ("service", "owner", "keys"):
            try:
                in_utf8 = make_conninfo(prefer_writable_server(getattr(self, role)), client_encoding="UTF8")
            except psycopg.ProgrammingError as error:
                raise StoreUnfit(str(error).partition("\n")[0]) from error
            object.__setattr__(self, role, in_utf8)

    @classmethod
    def to(cls, server: EmbeddedPostgres, keeper: Keeper | None = None) -> Self:
        return cls(server.conninfo("service"), server.conninfo("owner"), server.conninfo("keys"), keeper)

    @classmethod
    def beside(cls, server: EmbeddedPostgres, database: str) -> Self:
        """Return the connection strings of another database on the same server."""
        return cls(
            server.conninfo("service", database), server.conninfo("owner", database), server.conninfo("keys", database)
        )

    def why_down(self) -> str | None:
        """Return the reason why our embedded server is down; None if it is up or not ours."""
        return self.keeper.why_down if self.keeper else None


class StoreUnfit(Exception):
    """The connection string is malformed, or its role may not do what it takes to make the schema."""


@contextmanager
def embedded(home: Path, binaries: Path | None = None, durable: bool = True) -> Iterator[ConnectionStrings]:
    """Run the embedded PostgreSQL for the length of the context, restarting it if it dies.

    If that fails, this process receives SIGTERM, and `EmbeddedPostgresError` is raised at the end of the context.
    """
    with EmbeddedPostgres(home, binaries, durable) as server:
        keeper = server.keeper()
        keeper.begin()
        try:
            yield ConnectionStrings.to(server, keeper)
        finally:
            keeper.end()


@dataclass(frozen=True)
class Store:
    """An open store."""

    where: ConnectionStrings
    datastore: Datastore
    generations: KeyGenerations
    secrets: Secrets
    keys: PostgresPersonKeys
    application: AccountPlanApplication
    events: PostgresEventStore
    erasures: PostgresErasures
    portfolio: PostgresPortfolio
    month_ends: PostgresMonthEnds
    api_keys: PostgresApiKeys
    access_events: PostgresAccessEvents
    sessions: PostgresSessions
    drafts: PostgresDrafts
    calendars: PostgresCalendars
    feed: PostgresFeed
    watch: PostgresLogWatch
    webhooks: PostgresWebhooks
    webhook_secrets: WebhookSecrets
    tree: PostgresLogTree
    outages: Outages
    """Where this process reports work that fails."""
    forgotten_again: Sequence[Erasure] = ()
    """The erasures on the list that were repeated when the store was opened."""

    def why_away(self) -> str | None:
        """Return the reason why the store cannot be reached; None if it can."""
        try:
            with self.datastore.connection() as connection:
                connection.execute("SELECT 1")
        except StoreUnavailable:
            return "The store does not answer."
        return None

    def why_read_only(self) -> str | None:
        """Return the reason why nothing can be written; None if it can."""
        try:
            with self.datastore.connection() as connection:
                row = connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
        except StoreUnavailable:
            return None  # That is reported separately.
        return "The store can only be read: it is a standby, or was made read-only." if row == ("on",) else None

    def seconds_ahead(self) -> float:
        """Return how far this process's clock is ahead of the database's. Raises `StoreUnavailable`."""
        with self.datastore.connection() as connection:
            row = connection.execute(clock.SECONDS_AHEAD, (clock.wall_clock(),)).fetchone()
        return float(row[0]) if row else 0.0


def upgrade(where: ConnectionStrings) -> list[str]:
    """Upgrade the schema. Returns the names of the migrations that were carried out.

    Raises `StoreUnavailable`, `StoreUnfit`, `SchemaIsNewer`.
    """
    try:
        return migrate(where.owner, where.service, where.keys)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(str(error).partition("\n")[0]) from error
    except EncodingUnfit as error:
        raise StoreUnfit(str(error)) from None
    except psycopg.ProgrammingError as error:
        raise StoreUnfit(str(error).partition("\n")[0]) from error


def becomes_reachable(conninfo: str) -> bool:
    """Return whether a server accepts connections, after waiting for one that is starting or recovering."""
    server = make_conninfo(conninfo, connect_timeout=CONNECT_TIMEOUT).encode()
    begun = answered = monotonic()
    while (now := monotonic()) < min(begun + RECOVERY, answered + SILENCE):
        sleep(PAUSE)
        match PGconn.ping(server):
            case Ping.OK:
                return True
            case Ping.REJECT:
                answered = now
    return False


def events_in(where: ConnectionStrings) -> int:
    """Return how many events a database holds."""
    with psycopg.connect(where.owner) as connection:
        if connection.execute("SELECT to_regclass('plantrail.stored_events')").fetchone() == (None,):
            return 0
        [(events,)] = connection.execute("SELECT count(*) FROM plantrail.stored_events").fetchall()
    return int(events)


def begin_another_log(where: ConnectionStrings) -> None:
    """Begin a new log in a restored copy, so that its positions are not confused with those of the original log.

    Raises what `upgrade` raises, because the dump may come from an older version.
    """
    upgrade(where)
    with psycopg.connect(where.owner) as connection:
        begin_log_of_copy(connection)


@contextmanager
def opened(
    where: ConnectionStrings, key_encryption_keys: KeyEncryptionKeys, erasure_list: ErasureList | None = None
) -> Iterator[Store]:
    """Open the store: upgrade its schema, and forget everybody on the list of erasures.

    A starting or recovering server is awaited. Raises `StoreUnavailable`, `StoreUnfit`, `SchemaIsNewer`,
    `WrongKeyEncryptionKey`, `ErasureListUnfit`.
    """
    with ExitStack() as stack:
        yield _entered(stack, partial(_opened, where, key_encryption_keys, erasure_list), where)


def _entered(stack: ExitStack, store: Callable[[], AbstractContextManager[Store]], where: ConnectionStrings) -> Store:
    for _ in range(ATTEMPTS - 1):
        try:
            return stack.enter_context(store())
        except StoreUnavailable:
            if not becomes_reachable(where.owner):
                raise
    return stack.enter_context(store())


@contextmanager
def _opened(
    where: ConnectionStrings, key_encryption_keys: KeyEncryptionKeys, erasure_list: ErasureList | None
) -> Iterator[Store]:
    upgrade(where)
    with ExitStack() as stack:
        datastore, of_keys = Datastore(where.service), Datastore(where.keys, size=4)
        stack.callback(datastore.close)
        stack.callback(of_keys.close)
        generations = KeyGenerations(of_keys, key_encryption_keys)
        generations.check()
        keys = PostgresPersonKeys(of_keys, key_encryption_keys)
        erasures = PostgresErasures(datastore, of_keys, keys, erasure_list)
        known_keys = PersonKeyCache(keys)
        erasures.when_forgotten(known_keys.drop)
        for each in (datastore, of_keys):
            each.timeline.when_another(known_keys.drop_all)
        outages = Outages()
        factory = PlanFactory(datastore=datastore, keys=known_keys, outages=outages)
        plans = AccountPlanApplication(factory=factory)
        stack.callback(plans.close)
        events = PostgresEventStore(plans, datastore, erasures)
        again = erasures.catch_up(events)
        if again:
            logger.warning("people on the list of erasures were forgotten again", events=len(again))
        secrets = Secrets(of_keys, key_encryption_keys)
        of_webhooks = WebhookSecrets(partial(secrets.of, "webhooks"))
        yield Store(
            where,
            datastore,
            generations,
            secrets,
            keys,
            plans,
            events,
            erasures,
            PostgresPortfolio(datastore),
            PostgresMonthEnds(datastore, events),
            PostgresApiKeys(datastore),
            PostgresAccessEvents(datastore),
            PostgresSessions(datastore),
            PostgresDrafts(datastore),
            PostgresCalendars(datastore),
            PostgresFeed(datastore),
            factory.watch,
            PostgresWebhooks(datastore, of_webhooks),
            of_webhooks,
            PostgresLogTree(datastore),
            outages,
            again,
        )
