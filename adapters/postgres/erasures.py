"""Completes erasures. If one is interrupted, the next process that looks continues it.

First the event is recorded: from then on no view shows the person's text. Then the person's key is destroyed, the
erasure is added to the list outside the database, and caches are purged. Last the store notes that all this was done.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Literal
from pydantic_core import from_json

from adapters.events.stored_format import FORGETTING, OF_STAKEHOLDERS
from adapters.postgres.datastore import Datastore
from adapters.postgres.person_keys import PostgresPersonKeys
from adapters.privacy.erasure_list import ErasureList
from adapters.privacy.sealing import drop_derived_keys
from application.aggregates.erasures import Certificate, Erased, Erasure, KeyGeneration, certificate, record_again
from application.aggregates.ports import EventStore
from application.aggregates.traces import Traces
from domain.registry import REGISTRY

SECONDS_BETWEEN_SWEEPS = 1.0
SECONDS_UNTIL_PURGED_AGAIN = 15.0
"""Seconds after which caches are purged a second time. It is longer than any request takes: a request may put what it
has read before into a cache afterwards."""

# The topics are literals in the statement, because the partial index on these events is used only then.
FORGOTTEN_AFTER = SQL(
    "SELECT notification_id, originator_id, originator_version FROM plantrail.stored_events"
    " WHERE topic IN ({}) AND notification_id > %s ORDER BY notification_id"
).format(SQL(", ").join(map(Literal, sorted(FORGETTING))))
EVENT = "SELECT state FROM plantrail.stored_events WHERE originator_id = %s AND originator_version = %s"
ADDED = (
    "SELECT state FROM plantrail.stored_events WHERE originator_id = %s AND topic = ANY(%s)"
    " AND convert_from(state, 'UTF8')::json #>> '{data,id}' = %s ORDER BY originator_version LIMIT 1"
)
NOTED = (
    "SELECT plan_id, stakeholder, version, generation, key_made_at, key_destroyed_at, listed_at, traces::text"
    " FROM plantrail_keys.erasures"
)

Purge = Callable[[UUID], None]


@dataclass
class Purged:
    """A plan whose caches were purged, and the time at which they are purged again."""

    plan_id: UUID
    again_at: float


class PostgresErasures:
    """The erasures of a store, and the caches of this process (`application.aggregates.erasures.Erasures`)."""

    def __init__(
        self, datastore: Datastore, of_keys: Datastore, keys: PostgresPersonKeys, listed: ErasureList | None
    ) -> None:
        """Without a `list`, an older copy of the database does not learn about erasures after it was made."""
        self._datastore = datastore
        self._of_keys = of_keys
        self._keys = keys
        self._listed = listed
        self._memories: list[Purge] = []
        self._swept_to = 0
        self._purged: deque[Purged] = deque()
        self._lock = Lock()

    def when_forgotten(self, purge: Purge) -> None:
        self._memories.append(purge)

    def complete(self, plan_id: UUID, version: int, state: bytes, traces: Traces | None = None) -> None:
        """Do everything that must follow an event that forgets somebody.

        `traces` must have been found before, because a name cannot be searched for once nobody can read it.

        Raises `StoreUnavailable`, `ErasureListUnfit`.
        """
        stored = from_json(state)
        who, meta = stored["data"]["id"], stored["meta"]
        generation, made_at, destroyed_at = self._keys.destroy(plan_id, who)
        self._purge(plan_id)
        if self._listed:
            with self._datastore.connection() as connection:
                [(log,)] = connection.execute("SELECT id FROM plantrail.log").fetchall()
                person = added_by(connection, plan_id, who)
            at, event = datetime.fromisoformat(meta["recorded_at"]), f"{plan_id}:{version}"
            self._listed.add(Erasure(log, plan_id, who, person or "", event, at, meta["actor"], meta["command_id"]))
        with self._of_keys.connection() as connection:
            connection.execute(
                "INSERT INTO plantrail_keys.erasures"
                " AS noted (plan_id, stakeholder, version, generation, key_made_at, key_destroyed_at, traces)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (plan_id, stakeholder) DO UPDATE SET version = excluded.version,"
                " traces = coalesce(noted.traces, excluded.traces)",
                (plan_id, who, version, generation, made_at, destroyed_at, as_kept(traces)),
            )

    def sweep(self) -> None:
        """Complete erasures that others began, and purge what this process has cached of forgotten people.

        Raises `StoreUnavailable`, `ErasureListUnfit`.
        """
        with self._lock:
            with self._datastore.connection() as connection:
                events = connection.execute(FORGOTTEN_AFTER, (self._swept_to,), prepare=True).fetchall()
            noted = {(row[0], row[2]) for row in self._noted()} if events else set()
            for position, plan_id, version in events:
                if (plan_id, version) not in noted and (state := self._event(plan_id, version)):
                    self.complete(plan_id, version, state)
                elif self._memories:
                    self._purge(plan_id)
                self._swept_to = position
            self._purge_again()
            if events and self._memories:
                self._keys.clear_away()

    def _purge(self, plan_id: UUID) -> None:
        for purge in self._memories:
            purge(plan_id)
        drop_derived_keys()
        self._purged.append(Purged(plan_id, monotonic() + SECONDS_UNTIL_PURGED_AGAIN))

    def _purge_again(self) -> None:
        while self._purged and self._purged[0].again_at <= monotonic():
            plan_id = self._purged.popleft().plan_id
            for purge in self._memories:
                purge(plan_id)

    # After a restore

    def catch_up(self, events: EventStore) -> list[Erasure]:
        """Forget, in an older copy of the database, everybody on the list of erasures and everybody whom the log
        forgets. Returns the erasures that the log lacked.

        Raises `StoreUnavailable`, `ErasureListUnfit`.
        """
        self.sweep()
        missing = self._missing()
        for each in missing:
            # The key is destroyed first, so that nobody sees the person's text in between.
            self._keys.destroy(each.plan_id, each.stakeholder)
            record_again(events, each, REGISTRY.type_of)
        if missing:
            self.sweep()
        return missing

    def _missing(self) -> list[Erasure]:
        if not self._listed:
            return []
        listed, noted = self._listed.all(), self._noted()
        with self._datastore.connection() as connection:
            on_log = {(plan_id, version) for _, plan_id, version in connection.execute(FORGOTTEN_AFTER, (0,))}
            forgotten = {(plan_id, who) for plan_id, who, version, *_ in noted if (plan_id, version) in on_log}
            return [
                each
                for each in listed
                if (each.plan_id, each.stakeholder) not in forgotten
                and each.person
                and added_by(connection, each.plan_id, each.stakeholder) == each.person
            ]

    # Certificates

    def certificate(self, plan_id: UUID, stakeholder: str) -> Certificate | None:
        found = self._certified(self._noted("WHERE plan_id = %s AND stakeholder = %s", plan_id, stakeholder))
        return found[0] if found else None

    def confirmed(self, plan_id: UUID, stakeholder: str) -> Certificate | None:
        if (found := self.certificate(plan_id, stakeholder)) is None:
            self.sweep()
            found = self.certificate(plan_id, stakeholder)
        return found

    def certificates(self, plan_id: UUID | None = None) -> list[Certificate]:
        if plan_id:
            return self._certified(self._noted("WHERE plan_id = %s ORDER BY key_destroyed_at", plan_id))
        return self._certified(self._noted("ORDER BY key_destroyed_at, plan_id, stakeholder"))

    def _certified(self, noted: Sequence[Any]) -> list[Certificate]:
        with self._of_keys.connection() as connection:
            rows = connection.execute("SELECT generation, begun_at, destroyed_at FROM plantrail_keys.generations")
            generations = sorted((KeyGeneration(*row) for row in rows), key=lambda each: each.generation)
        erased = (self._erased(*row) for row in noted)
        return [certificate(each, generations) for each in erased if each]

    def _erased(self, plan_id: UUID, stakeholder: str, version: int, *noted: Any) -> Erased | None:
        """Return what the log says about an erasure; None if an older copy of the log lacks the event."""
        if (state := self._event(plan_id, version)) is None:
            return None
        meta = from_json(state)["meta"]
        generation, made_at, destroyed_at, listed_at, found = noted
        return Erased(
            meta["command_id"], plan_id, stakeholder, f"{plan_id}:{version}", sha256(state).hexdigest(),
            datetime.fromisoformat(meta["recorded_at"]), meta["actor"], generation, made_at, destroyed_at, listed_at,
            Traces.model_validate_json(found) if found else None,
        )  # fmt: skip

    def _noted(self, where: str = "", *values: object) -> list[Any]:
        with self._of_keys.connection() as connection:
            return connection.execute(f"{NOTED} {where}", values).fetchall()

    def _event(self, plan_id: UUID, version: int) -> bytes | None:
        with self._datastore.connection() as connection:
            row = connection.execute(EVENT, (plan_id, version)).fetchone()
        return bytes(row[0]) if row else None


def as_kept(traces: Traces | None) -> str | None:
    """Return traces in the form that is stored: ids and names of fields, no text."""
    return traces.model_dump_json() if traces else None


def added_by(connection: Connection[Any], plan_id: UUID, stakeholder: str) -> str | None:
    """Return the id of the command that added a stakeholder, which is that of the first event about them."""
    row = connection.execute(ADDED, (plan_id, list(OF_STAKEHOLDERS), stakeholder)).fetchone()
    return str(from_json(row[0])["meta"]["command_id"]) if row else None
