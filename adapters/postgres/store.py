"""The store as a whole: where it is, its schema up to date, and its parts put together."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from adapters.postgres.datastore import Datastore
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.event_store import PostgresEventStore
from adapters.postgres.migrations import migrate
from adapters.postgres.person_keys import KeyEncryptionKey, PostgresPersonKeys
from application.ports import StoreUnavailable


@dataclass(frozen=True)
class Whereabouts:
    """Connection strings of the three roles.  The owner migrates, the service records and reads, keys are apart."""

    service: str
    owner: str
    keys: str


@contextmanager
def embedded(home: Path, binaries: Path | None = None, durable: bool = True) -> Iterator[Whereabouts]:
    """The embedded PostgreSQL, running as long as somebody uses it."""
    with EmbeddedPostgres(home, binaries, durable) as server:
        yield Whereabouts(*(server.conninfo(role) for role in ("service", "owner", "keys")))


@dataclass(frozen=True)
class Store:
    """An open store."""

    where: Whereabouts
    datastore: Datastore
    keys: PostgresPersonKeys
    events: PostgresEventStore

    def why_not_ready(self) -> str | None:
        """What keeps it from being used; None when nothing does."""
        try:
            with self.datastore.connection() as connection:
                connection.execute("SELECT 1")
        except StoreUnavailable:
            return "The store does not answer."
        return None


@contextmanager
def opened(where: Whereabouts, key: KeyEncryptionKey) -> Iterator[Store]:
    """The store at these connections, its schema up to date.  Raises `StoreUnavailable`, `SchemaIsNewer`."""
    try:
        migrate(where.owner, where.service, where.keys)
    except psycopg.OperationalError as error:
        raise StoreUnavailable(str(error).partition("\n")[0]) from error
    with ExitStack() as stack:
        datastore = Datastore(where.service)
        stack.callback(datastore.close)
        keys = PostgresPersonKeys(where.keys, key)
        stack.callback(keys.close)
        events = PostgresEventStore(datastore, keys)
        stack.callback(events.close)
        yield Store(where, datastore, keys, events)
