"""The table of API keys."""

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime

from psycopg.rows import class_row

from adapters.access.api_keys import ApiKey
from adapters.postgres.datastore import Datastore

COLUMNS = tuple(field.name for field in fields(ApiKey))
SELECT = f"SELECT {', '.join(COLUMNS)} FROM plantrail.api_keys"
INSERT = (
    f"INSERT INTO plantrail.api_keys ({', '.join(COLUMNS)}) VALUES ({', '.join(f'%({name})s' for name in COLUMNS)})"
)


class PostgresApiKeys:
    """See `adapters.access.api_keys.ApiKeys` and `KeptKeys`.  Everything raises `StoreUnavailable`."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore

    def revision(self) -> int:
        with self._datastore.connection() as connection:
            row = connection.execute("SELECT revision FROM plantrail.api_keys_revision", prepare=True).fetchone()
        assert row
        return int(row[0])

    def all(self) -> list[ApiKey]:
        with self._datastore.connection() as connection, connection.cursor(row_factory=class_row(ApiKey)) as cursor:
            keys = cursor.execute(f"{SELECT} ORDER BY created_at DESC, id").fetchall()
        return [as_kept(key) for key in keys]

    def add(self, key: ApiKey) -> None:
        plans = None if key.plans is None else list(key.plans)
        with self._datastore.connection() as connection:
            connection.execute(INSERT, vars(key) | {"plans": plans})

    def revoke(self, id: str, at: datetime) -> ApiKey | None:
        with self._datastore.connection() as connection, connection.cursor(row_factory=class_row(ApiKey)) as cursor:
            revoke = (
                "UPDATE plantrail.api_keys SET revoked_at = coalesce(revoked_at, %s) WHERE id = %s"
                f" RETURNING {', '.join(COLUMNS)}"
            )
            key = cursor.execute(revoke, (at, id)).fetchone()
        return key and as_kept(key)

    def note_uses(self, last_used: Mapping[str, datetime]) -> None:
        with self._datastore.connection() as connection:
            connection.execute(
                "UPDATE plantrail.api_keys k SET last_used_at = greatest(k.last_used_at, used.at)"
                " FROM unnest(%s::text[], %s::timestamptz[]) AS used (id, at) WHERE k.id = used.id",
                (list(last_used), list(last_used.values())),
            )


def as_kept(key: ApiKey) -> ApiKey:
    """PostgreSQL knows no tuples."""
    return key if key.plans is None else replace(key, plans=tuple(key.plans))
