"""The keys of people whose text is sealed: one wrapped key each, in a schema and under a role of their own.

Forgetting a person destroys their key. The row stays, so that they never get another key.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from secrets import token_bytes
from threading import Lock
from uuid import UUID

from eventsourcing.persistence import StoredEvent

from adapters.events.stored_format import OPEN_END
from adapters.postgres.datastore import Datastore
from adapters.postgres.key_generations import PERSON_KEY, current
from adapters.postgres.stored_events import as_uuid
from adapters.privacy.key_encryption import SIZE, KeyEncryptionKeys

INSERT = (
    "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation, wrapped)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


class AnotherKeyThere(Exception):
    """The store has already made keys of its own for some of these people: import keys before anybody works there."""


class PostgresPersonKeys:
    """The table of person keys. A key is created when text about a person is first recorded, and destroyed to forget
    them."""

    def __init__(self, datastore: Datastore, keys: KeyEncryptionKeys) -> None:
        self._datastore = datastore
        self._keys = keys

    def of(self, plan_id: UUID) -> dict[str, bytes]:
        """Return every key of a plan, by stakeholder id."""
        return self.of_plans([plan_id])[plan_id]

    def of_plans(self, plans: Collection[UUID]) -> dict[UUID, dict[str, bytes]]:
        """Return every key of these plans, by plan and stakeholder id."""
        with self._datastore.connection() as connection:
            # Ids are read as text, because a page of the feed has thousands of them, and making a UUID takes longer
            # than unwrapping a key.
            rows = connection.execute(
                "SELECT plan_id::text, stakeholder, generation, wrapped FROM plantrail_keys.person_keys"
                " WHERE plan_id = ANY(%s) AND wrapped IS NOT NULL",
                (list(plans),),
            ).fetchall()
        keys: dict[str, dict[str, bytes]] = {str(plan_id): {} for plan_id in plans}
        for row in rows:
            keys[row[0]][row[1]] = self._unwrapped(*row)
        return {plan_id: keys[str(plan_id)] for plan_id in plans}

    def of_events(self, events: Iterable[StoredEvent]) -> dict[str, dict[str, bytes]]:
        """Return the existing keys of the people in these events, by plan and stakeholder id."""
        plans = {event.originator_id for event in events if not event.state.endswith(OPEN_END)}
        return (
            {str(plan_id): keys for plan_id, keys in self.of_plans(set(map(as_uuid, plans))).items()} if plans else {}
        )

    def ensure(self, plan_id: UUID, stakeholders: Iterable[str]) -> dict[str, bytes]:
        """Return every key of a plan. Creates keys for those of these people who have never had one.

        If two processes create a key at once, the first to commit wins.
        """
        self._insert({(plan_id, who): token_bytes(SIZE) for who in stakeholders})
        return self.of(plan_id)

    def destroy(self, plan_id: UUID, stakeholder: str) -> tuple[int, datetime, datetime]:
        """Destroy a person's key. From then on nobody can read text sealed for them, and no new key is created.

        It may be repeated. Returns the last generation that wrapped the key, the time at which the key was made, and
        the current time.
        """
        with self._datastore.connection() as connection, connection.transaction():
            [row] = connection.execute(
                "INSERT INTO plantrail_keys.person_keys (plan_id, stakeholder, generation) VALUES (%s, %s, %s)"
                " ON CONFLICT (plan_id, stakeholder) DO UPDATE SET wrapped = NULL"
                " RETURNING generation, made_at, now()",
                (plan_id, stakeholder, current(connection, self._keys).generation),
            ).fetchall()
        generation, made_at, destroyed_at = row
        return generation, made_at, destroyed_at

    def clear_away(self) -> None:
        """Remove old row versions of destroyed keys from the table's storage, if our role may do so (PostgreSQL 17 and
        later). Otherwise the database removes them by itself in time."""
        with self._datastore.connection() as connection:
            connection.execute("VACUUM (SKIP_LOCKED) plantrail_keys.person_keys")

    def all(self) -> dict[tuple[UUID, str], bytes]:
        """Return every key of the store, for an export."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT plan_id, stakeholder, generation, wrapped FROM plantrail_keys.person_keys"
                " WHERE wrapped IS NOT NULL ORDER BY plan_id, stakeholder"
            ).fetchall()
        return {(row[0], row[1]): self._unwrapped(*row) for row in rows}

    def add(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        """Add keys of another store, all or none. People who were forgotten here stay forgotten.

        Raises `AnotherKeyThere`.
        """
        before = self.all()
        if any(before.get(whose, key) != key for whose, key in keys.items()):
            raise AnotherKeyThere(AnotherKeyThere.__doc__)
        self._insert(keys)

    def _insert(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        with self._datastore.connection() as connection, connection.transaction():
            key = current(connection, self._keys)
            rows = [
                (plan_id, who, key.generation, key.wrap(PERSON_KEY, f"{plan_id} {who}", secret))
                for (plan_id, who), secret in keys.items()
            ]
            connection.cursor().executemany(INSERT, rows)

    def _unwrapped(self, plan_id: UUID | str, stakeholder: str, generation: int, wrapped: bytes) -> bytes:
        return self._keys.of(generation).unwrap(PERSON_KEY, f"{plan_id} {stakeholder}", wrapped)


class PersonKeyCache:
    """A cache of the person keys of the plans that were used last."""

    MOST_PLANS = 500

    def __init__(self, keys: PostgresPersonKeys, most_plans: int = MOST_PLANS) -> None:
        self._keys = keys
        self._most_plans = most_plans
        self._plans: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()
        self._dropped = 0
        self._lock = Lock()

    def of(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """Return the existing keys of these people. A key that does not exist is looked up again next time."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        return known if known.keys() >= people else self._keep(plan_id, self._keys.of(plan_id), dropped)

    def made_for(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """Return the keys of these people, creating missing ones, except for people who were forgotten."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        missing = people - known.keys()
        return self._keep(plan_id, self._keys.ensure(plan_id, missing), dropped) if missing else known

    def destroy(self, plan_id: UUID, who: str) -> None:
        """Destroy the key that a forgotten person still has."""
        self._keys.destroy(plan_id, who)
        self.drop(plan_id)

    def drop(self, plan_id: UUID) -> None:
        with self._lock:
            self._plans.pop(plan_id, None)
            self._dropped += 1

    def drop_all(self) -> None:
        """Drop every key: what was made may be lost, and must not seal anything more."""
        with self._lock:
            self._plans.clear()
            self._dropped += 1

    def _keep(self, plan_id: UUID, keys: dict[str, bytes], dropped: int) -> dict[str, bytes]:
        """Cache the keys, unless keys were dropped since these were read: they may be among them."""
        with self._lock:
            if dropped == self._dropped:
                self._plans[plan_id] = keys
                self._plans.move_to_end(plan_id)
            while len(self._plans) > self._most_plans:
                self._plans.popitem(last=False)
        return keys
