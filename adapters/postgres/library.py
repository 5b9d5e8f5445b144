"""Our table as eventsourcing's own recorders see it: for whoever would read and write it with them."""

from typing import Any

from eventsourcing.postgres import PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from adapters.postgres.datastore import SCHEMA


def library_datastore(conninfo: str) -> PostgresDatastore:
    """The datastore eventsourcing's own recorders want, on our schema."""
    where = {"host": "localhost", "port": 5432, "user": "", "password": "", "dbname": ""} | conninfo_to_dict(conninfo)
    names = ("dbname", "host", "port", "user", "password")
    settings: dict[str, Any] = {name: where[name] for name in names}
    return PostgresDatastore(**settings, schema=SCHEMA, pool_size=1, max_overflow=4, lock_timeout=5)
