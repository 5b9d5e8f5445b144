"""The log as a file: exports every event in the order of the log, a line each, and imports it into an empty store.

Text about people stays sealed in it. The keys that open it are exported to a separate file.
"""

import os
import re
from base64 import b64decode, b64encode
from collections.abc import Generator, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import Connection
from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from adapters.events.stored_format import UnknownTopic, decode
from adapters.postgres.datastore import CONNECT_TIMEOUT, Datastore, unavailable
from adapters.postgres.new_logs import begin_log_of_import
from adapters.postgres.person_keys import PostgresPersonKeys
from domain.calendar import Instant

EXPORT = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM plantrail.stored_events"
    " ORDER BY notification_id"
)
OF_PLAN = (
    "SELECT notification_id, originator_id, originator_version, topic, state FROM plantrail.stored_events"
    " WHERE originator_id = %s AND originator_version <= %s ORDER BY originator_version"
)
IMPORT = (
    "COPY plantrail.stored_events (notification_id, originator_id, originator_version, topic, state)"
    " FROM STDIN (FORMAT BINARY)"
)
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)
BATCH = 200
LINE = re.compile(
    rb'\{"position":([1-9]\d{0,17}),"plan_id":"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",'
    rb'"version":([1-9]\d{0,17}),"topic":"(\w+(?:\.\d+)?)","state":(\{.*\})\}\r?\n?'
)


class TransferRefused(Exception):
    """Why a file cannot be written or read, and what to do. Nothing was changed."""


class Logged(NamedTuple):
    """An event on the log, with the columns of `IMPORT` in order."""

    position: int
    plan_id: UUID
    version: int
    topic: str
    state: bytes


# Events


def exported_events(datastore: Datastore) -> Generator[bytes, None, None]:
    """Yield the lines, all from one snapshot of the log. Few are in memory at a time.

    Raises `StoreUnavailable`.
    """
    with datastore.connection() as connection, connection.transaction():
        # Whoever reads the lines may be slow.
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        with connection.cursor("export") as cursor:
            cursor.itersize = BATCH
            cursor.execute(EXPORT, binary=True)
            for row in cursor:
                yield line_of(Logged(*row))


def events_of(datastore: Datastore, plan_id: UUID, version: int) -> list[Logged]:
    """Return the events of one plan up to a version. Raises `StoreUnavailable`."""
    with datastore.connection() as connection:
        rows = connection.execute(OF_PLAN, (plan_id, version), binary=True)
        return [Logged(*row) for row in rows]


def line_of(event: Logged) -> bytes:
    """Return the line of an event. It contains the stored state byte for byte."""
    return b'{"position":%d,"plan_id":"%b","version":%d,"topic":"%b","state":%b}\n' % (
        event.position,
        str(event.plan_id).encode(),
        event.version,
        event.topic.encode(),
        event.state,
    )


def import_events(owner: str, lines: Iterable[bytes]) -> int:
    """Fill an empty store with lines of `exported_events`, at the same positions. Returns the number of events.

    `owner` is the connection string of the role that owns the schema. It imports all or nothing. Raises
    `TransferRefused`, which names the line, and `StoreUnavailable`.
    """
    with unavailable(), psycopg.connect(owner, connect_timeout=CONNECT_TIMEOUT) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(plantrail.append_lock())")
        if connection.execute("SELECT FROM plantrail.stored_events LIMIT 1").fetchone() is not None:
            raise TransferRefused(
                "There are events in this store already. Import into an empty one: set PLANTRAIL_HOME to a new folder,"
                " or DATABASE_URL to a new database."
            )
        count = _copy(connection, lines)
        if count:
            begin_log_of_import(connection)
            connection.execute("SELECT pg_notify('plantrail', '')")
    return count


def _copy(connection: Connection[Any], lines: Iterable[bytes]) -> int:
    count = 0
    so_far = LineChecker()
    with connection.cursor() as cursor, cursor.copy(IMPORT) as copy:
        copy.set_types(["int8", "uuid", "int8", "text", "bytea"])
        for count, line in enumerate(lines, 1):
            try:
                event = read_line(line)
                so_far.add(event)
            except TransferRefused as error:
                raise TransferRefused(
                    f"Line {count}: {error} Nothing was imported. Import a file as `plantrail export` wrote it."
                ) from error
            copy.write_row(event)
    return count


def read_line(line: bytes) -> Logged:
    match = LINE.fullmatch(line)
    if match is None:
        raise TransferRefused('it is not of the form {"position":…,"plan_id":…,"version":…,"topic":…,"state":{…}}.')
    position, plan_id, version, topic, state = match.groups()
    return Logged(int(position), UUID(plan_id.decode()), int(version), topic.decode(), state)


class LineChecker:
    """Checks each line against the previous ones and refuses lines that no log can contain."""

    def __init__(self) -> None:
        self._position = 0
        self._plans: dict[UUID, tuple[int, datetime]] = {}

    def add(self, event: Logged) -> None:
        recorded_at = when_recorded(event)
        version, before = self._plans.get(event.plan_id, (0, recorded_at))
        if event.position <= self._position:
            raise TransferRefused(f"position {event.position} does not come after {self._position}.")
        if event.version != version + 1:
            raise TransferRefused(
                f"plan {event.plan_id} is at version {version} here, so that {version + 1} must follow, not"
                f" {event.version}."
            )
        if recorded_at < before:
            raise TransferRefused(f"it was recorded at {recorded_at}, before the plan's last event, at {before}.")
        self._position = event.position
        self._plans[event.plan_id] = event.version, recorded_at


def when_recorded(event: Logged) -> datetime:
    """Return when an event was recorded. Raises `TransferRefused` if it cannot be read."""
    try:
        if list(from_json(event.state)) != ["meta", "data", "sealed"]:
            raise ValueError("other parts")
        said = decode(event.plan_id, event.version, event.position, event.topic, event.state, {}).meta.recorded_at
        return _INSTANT.validate_python(said)
    except UnknownTopic as error:
        raise TransferRefused(str(error)) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TransferRefused(f"the state is not that of an event {event.topic}.") from error


# Keys


def export_keys(keys: PostgresPersonKeys, file: Path) -> int:
    """Write every person's key unencrypted into a file that only we can read. Returns the number of keys. Whoever has
    the file can read all text about people.

    Raises `TransferRefused`, `StoreUnavailable`, `WrongKeyEncryptionKey`.
    """
    everybody = keys.all()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as stream:
            for (plan_id, stakeholder), key in everybody.items():
                line = {"plan_id": plan_id, "stakeholder": stakeholder, "key": b64encode(key).decode()}
                stream.write(to_json(line) + b"\n")
    except OSError as error:
        raise TransferRefused(f"{file} cannot be written: {error.strerror}. Choose a new file.") from error
    return len(everybody)


def import_keys(keys: PostgresPersonKeys, file: Path) -> int:
    """Import the keys that `export_keys` wrote, wrapped for this store. Returns how many the file contains.

    It imports all or nothing. Raises `TransferRefused`, `AnotherKeyThere`, `StoreUnavailable`, `WrongKeyEncryptionKey`.
    """
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise TransferRefused(f"{file} cannot be read: {error.strerror}.") from error
    brought = dict(read_key(number, line) for number, line in enumerate(lines, 1))
    keys.add(brought)
    return len(brought)


def read_key(number: int, line: bytes) -> tuple[tuple[UUID, str], bytes]:
    try:
        said = from_json(line)
        plan_id, stakeholder, key = (
            UUID(said["plan_id"]),
            str(said["stakeholder"]),
            b64decode(said["key"], validate=True),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        key = b""
    if len(key) != 32:
        raise TransferRefused(
            f'Line {number} is not of the form {{"plan_id":…,"stakeholder":…,"key":…}} with a key of 32 bytes in'
            " base64. Nothing was imported."
        )
    return (plan_id, stakeholder), key
