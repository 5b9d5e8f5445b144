"""The table of API keys."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from uuid import UUID

import psycopg
import structlog
from psycopg import Cursor
from psycopg.rows import DictRow, dict_row
from pydantic import TypeAdapter, ValidationError

from adapters.access.api_keys import ApiKey
from adapters.postgres.account_aliases import ALIASES, aliases
from adapters.postgres.datastore import Datastore

COLUMNS = tuple(field.name for field in fields(ApiKey))
SELECT = f"SELECT {', '.join(COLUMNS)} FROM plantrail.api_keys"
INSERT = (
    f"INSERT INTO plantrail.api_keys ({', '.join(COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in COLUMNS)})"
)
REVISION = f"SELECT revision + (SELECT count(*) FROM ({ALIASES}) a) FROM plantrail.api_keys_revision"
_READ: TypeAdapter[ApiKey] = TypeAdapter(ApiKey)

logger = structlog.get_logger("plantrail.keys")


class PostgresApiKeys:
    """The store of API keys (`adapters.access.api_keys`). Every method raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def revision(self) -> int:
        with self._datastore.connection() as connection:
            row = connection.execute(REVISION, prepare=True).fetchone()
        assert row
        return int(row[0])

    def aliases(self) -> Mapping[UUID, UUID]:
        with self._datastore.connection() as connection:
            return aliases(connection)

    def any(self) -> bool:
        """Return whether a key was ever created. Revoked keys and rows that cannot be read count too."""
        with self._datastore.connection() as connection:
            return connection.execute("SELECT FROM plantrail.api_keys LIMIT 1").fetchone() is not None

    def all(self) -> list[ApiKey]:
        with self._datastore.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return list(readable(cursor.execute(f"{SELECT} ORDER BY created_at DESC, id")))

    def holders(self) -> list[str]:
        with self._datastore.connection() as connection:
            return [name for (name,) in connection.execute("SELECT DISTINCT name FROM plantrail.api_keys")]

    def add(self, key: ApiKey) -> None:
        plans = None if key.plans is None else list(key.plans)
        with self._datastore.connection() as connection:
            connection.execute(INSERT, vars(key) | {"plans": plans})

    def revoke(self, id: str, at: datetime) -> bool:
        with self._datastore.connection() as connection:
            revoke = "UPDATE plantrail.api_keys SET revoked_at = coalesce(revoked_at, %s) WHERE id = %s"
            return connection.execute(revoke, (at, id)).rowcount > 0

    def note_uses(self, last_used: Mapping[str, datetime]) -> None:
        with self._datastore.connection() as connection:
            connection.execute(
                "UPDATE plantrail.api_keys k SET last_used_at = greatest(k.last_used_at, used.at)"
                " FROM unnest(%s::text[], %s::timestamptz[]) AS used (id, at) WHERE k.id = used.id",
                (list(last_used), list(last_used.values())),
            )


def readable(cursor: Cursor[DictRow]) -> Iterator[ApiKey]:
    """Yield the keys that can be read. A single bad row must not lock everybody out."""
    for place in range(cursor.rowcount):
        cursor.scroll(place, mode="absolute")
        try:
            yield _READ.validate_python(cursor.fetchone())
        except (psycopg.DataError, ValidationError) as error:
            id = cursor.pgresult.get_value(place, COLUMNS.index("id")) if cursor.pgresult else None
            logger.error(
                "a key cannot be read",
                key=(id or b"").decode(errors="replace"),
                error=type(error).__name__,
                follows="it lets nobody in; `plantrail keys revoke` ends it for good",
            )
