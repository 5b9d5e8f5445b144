"""The keys of people whose text is sealed: one each, wrapped, in a schema and under a role of their own.

Forgetting somebody destroys their key. The row stays, so that they never get another one.
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
    """The store has made keys of its own for some of these people: bring keys along before anybody works there."""


class PostgresPersonKeys:
    """The table of person keys. A key is created when text about somebody is first recorded, and destroyed to forget
    them."""

    def __init__(self, datastore: Datastore, keys: KeyEncryptionKeys) -> None:
        self._datastore = datastore
        self._keys = keys

    def of(self, plan_id: UUID) -> dict[str, bytes]:
        """Return every key of a plan, by stakeholder."""
        return self.of_plans([plan_id])[plan_id]

    def of_plans(self, plans: Collection[UUID]) -> dict[UUID, dict[str, bytes]]:
        """Return every key of these plans, by stakeholder."""
        with self._datastore.connection() as connection:
            # As text, for a page of the feed has thousands of them: to make a UUID takes longer than to unwrap a key.
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
        """The keys there are now of the people these events speak of, by plan and stakeholder."""
        plans = {event.originator_id for event in events if not event.state.endswith(OPEN_END)}
        return (
            {str(plan_id): keys for plan_id, keys in self.of_plans(set(map(as_uuid, plans))).items()} if plans else {}
        )

    def ensure(self, plan_id: UUID, stakeholders: Iterable[str]) -> dict[str, bytes]:
        """Return every key of a plan, creating those of these people who never had one.

        If two processes create one at once, the first to commit wins.
        """
        self._insert({(plan_id, who): token_bytes(SIZE) for who in stakeholders})
        return self.of(plan_id)

    def destroy(self, plan_id: UUID, stakeholder: str) -> tuple[int, datetime, datetime]:
        """Destroy a person's key. From then on nobody can read what was sealed for them, and no new key is created for
        them.

        It can safely be repeated. Returns the last generation that wrapped the key, when the key was made, and the time
        now.
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
        """Remove the former rows of destroyed keys from the table's storage, if our role may (from PostgreSQL 17 on).
        Otherwise the database does so by itself in time."""
        with self._datastore.connection() as connection:
            connection.execute("VACUUM (SKIP_LOCKED) plantrail_keys.person_keys")

    def all(self) -> dict[tuple[UUID, str], bytes]:
        """Return every key of the store, for a copy that is to be read elsewhere."""
        with self._datastore.connection() as connection:
            rows = connection.execute(
                "SELECT plan_id, stakeholder, generation, wrapped FROM plantrail_keys.person_keys"
                " WHERE wrapped IS NOT NULL ORDER BY plan_id, stakeholder"
            ).fetchall()
        return {(row[0], row[1]): self._unwrapped(*row) for row in rows}

    def add(self, keys: Mapping[tuple[UUID, str], bytes]) -> None:
        """Add keys of another store, all or none. Those of people who were forgotten here stay destroyed.

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
    """The person keys of the plans used last."""

    MOST_PLANS = 500

    def __init__(self, keys: PostgresPersonKeys, most_plans: int = MOST_PLANS) -> None:
        self._keys = keys
        self._most_plans = most_plans
        self._plans: OrderedDict[UUID, dict[str, bytes]] = OrderedDict()
        self._dropped = 0
        self._lock = Lock()

    def of(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys there are for these people; a key that is not there is looked for again next time."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        return known if known.keys() >= people else self._keep(plan_id, self._keys.of(plan_id), dropped)

    def made_for(self, plan_id: UUID, people: set[str]) -> dict[str, bytes]:
        """The keys of these people, each made where there is none; but nobody forgotten gets one again."""
        known, dropped = self._plans.get(plan_id, {}), self._dropped
        missing = people - known.keys()
        return self._keep(plan_id, self._keys.ensure(plan_id, missing), dropped) if missing else known

    def destroy(self, plan_id: UUID, who: str) -> None:
        """Destroy a key that still exists although its person was forgotten."""
        self._keys.destroy(plan_id, who)
        self.drop(plan_id)

    def drop(self, plan_id: UUID) -> None:
        with self._lock:
            self._plans.pop(plan_id, None)
            self._dropped += 1

    def _keep(self, plan_id: UUID, keys: dict[str, bytes], dropped: int) -> dict[str, bytes]:
        """Unless some were dropped since they were asked for: these may be among them."""
        with self._lock:
            if dropped == self._dropped:
                self._plans[plan_id] = keys
                self._plans.move_to_end(plan_id)
            while len(self._plans) > self._most_plans:
                self._plans.popitem(last=False)
        return keys
