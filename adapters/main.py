"""Composition root: the only place where the pieces meet, the clock and the configuration included."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

from adapters.postgres.store import Store, Whereabouts, embedded, opened
from adapters.settings import Settings, key_encryption_key
from application.account_plans import AccountPlans


def utc_now() -> datetime:
    return datetime.now(UTC)


def make_id() -> UUID:
    return uuid4()


@contextmanager
def open_store(settings: Settings) -> Iterator[Store]:
    """The configured store, else the embedded one, started for as long as it is used."""
    key = key_encryption_key(settings)
    if settings.database_url is None:
        with embedded(settings.home, settings.pg_bin) as where, opened(where, key) as store:
            yield store
        return
    service = settings.database_url.get_secret_value()
    owner, keys = (
        secret.get_secret_value() if secret else service for secret in (settings.owner_url, settings.keys_url)
    )
    with opened(Whereabouts(service, owner, keys), key) as store:
        yield store


def account_plans(store: Store) -> AccountPlans:
    return AccountPlans(store.events, utc_now, make_id)
