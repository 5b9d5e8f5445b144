"""The schema, created and upgraded by numbered SQL files, even if many processes start at once."""

import re
from importlib.resources import files
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

NUMBERED = re.compile(r"^(\d{4})_(\w+)\.sql$")
LOCK = 7016996765293437282
CONNECT_TIMEOUT = 5


class SchemaIsNewer(Exception):
    """The store was upgraded by a newer plantrail; install that version, or restore a dump made before."""


class EncodingUnfit(Exception):
    """The database keeps text in {encoding}, which cannot hold every name; create one with ENCODING 'UTF8' TEMPLATE
    template0."""


def migrations() -> list[tuple[int, str, str]]:
    """Return number, name and text of every migration, in order."""
    found = [(NUMBERED.match(file.name), file) for file in files(__package__).iterdir()]
    return sorted((int(m[1]), m[2], file.read_text("utf-8")) for m, file in found if m)


def migrate(owner: str, service: str, keys: str) -> list[str]:
    """Upgrade the schema as `owner`, and grant the roles of `service` and `keys` what they need.

    All arguments are connection strings. One process does the work in one transaction; the others wait for it and then
    find nothing to do. Returns the names of the migrations that ran. Raises `SchemaIsNewer`, `EncodingUnfit`.
    """
    done: list[str] = []
    with psycopg.connect(owner, autocommit=False, connect_timeout=CONNECT_TIMEOUT) as connection:
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise EncodingUnfit(" ".join((EncodingUnfit.__doc__ or "").split()).format(encoding=encoding))
        if _is_up_to_date(connection):
            return done  # This check needs no rights of an owner.
        # In a large store a migration takes long, whatever the owner's statement timeout is.
        connection.execute("SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        connection.execute("CREATE SCHEMA IF NOT EXISTS plantrail")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS plantrail.migrations"
            " (number int PRIMARY KEY, name text NOT NULL, migrated_at timestamptz NOT NULL DEFAULT now())"
        )
        if _is_up_to_date(connection):
            return done
        known = _known(connection)
        roles = {"{service}": _role(service), "{keys}": _role(keys)}
        for number, name, text in migrations():
            if number in known:
                continue
            for placeholder, role in roles.items():
                text = text.replace(placeholder, Identifier(role).as_string(connection))
            connection.execute(text.encode())
            connection.execute("INSERT INTO plantrail.migrations (number, name) VALUES (%s, %s)", (number, name))
            done.append(f"{number:04} {name}")
        connection.execute(SQL("GRANT SELECT ON plantrail.migrations TO {}").format(Identifier(roles["{service}"])))
    return done


def _is_up_to_date(connection: psycopg.Connection[Any]) -> bool:
    """Return whether there is nothing to migrate. Raises `SchemaIsNewer`."""
    ours, known = {number for number, _, _ in migrations()}, _known(connection)
    if known - ours:
        raise SchemaIsNewer(SchemaIsNewer.__doc__)
    return known == ours


def _known(connection: psycopg.Connection[Any]) -> set[int]:
    if connection.execute("SELECT to_regclass('plantrail.migrations')").fetchone() == (None,):
        return set()
    return {number for (number,) in connection.execute("SELECT number FROM plantrail.migrations")}


def _role(conninfo: str) -> str:
    with psycopg.connect(conninfo, connect_timeout=CONNECT_TIMEOUT) as connection:
        return connection.info.user
