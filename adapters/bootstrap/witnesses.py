"""The wiring of witnesses, which receive every checkpoint."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from adapters.access.callers import is_this_machine
from adapters.bootstrap.settings import Settings, SettingsError
from adapters.bootstrap.store import utc_now
from adapters.observability.metrics import BackgroundMetrics
from adapters.outbound.witnesses import FileWitness, NatsWitness, Telling, WebhookWitness, Witness
from adapters.postgres.store import Store
from adapters.postgres.witnesses import PostgresWitnesses
from adapters.privacy.key_encryption import decoded


def witnesses(settings: Settings) -> Iterator[Witness]:
    """Yield the witnesses that are configured. Raises `SettingsError`, `KeyFault`."""
    for url in settings.witnesses.split():
        where = urlsplit(url)
        if where.scheme == "file" and where.path:
            yield FileWitness(Path(unquote(where.path)))
        elif where.scheme in ("nats", "tls") and where.netloc and where.path.strip("/"):
            yield NatsWitness(url)
        elif where.scheme == "https" or (where.scheme == "http" and is_this_machine(where.hostname or "")):
            if settings.witness_secret is None:
                raise SettingsError("A witness that is posted to needs PLANTRAIL_WITNESS_SECRET: 32 bytes in base64.")
            secret = decoded(settings.witness_secret.get_secret_value(), "PLANTRAIL_WITNESS_SECRET")
            yield WebhookWitness(url, secret, utc_now)
        else:
            raise SettingsError(
                "PLANTRAIL_WITNESSES must name file:///path, https://host/path or nats://host:4222/subject, with blanks"
                " between."
            )


@contextmanager
def witnessed(store: Store, by: Sequence[Witness], metrics: BackgroundMetrics) -> Iterator[None]:
    """Send every checkpoint to the witnesses for the length of the context."""
    telling = Telling(
        by,
        lambda: store.tree.latest().note,
        failed=metrics.not_witnessed.inc,
        record=PostgresWitnesses(store.datastore),
    )
    telling.start()
    try:
        yield
    finally:
        telling.stop()
