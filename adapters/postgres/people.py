"""Our people as far as the store knows them: those who have a key, own a plan, are on a team, or have changed
something."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from time import monotonic

from adapters.postgres.datastore import Datastore
from application.aggregates.ports import StoreUnavailable
from application.aggregates.strangers import MOST_NEAREST
from domain.language import same_person

NOTE = "INSERT INTO plantrail.actors (id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
KNOWN = (
    "SELECT id FROM plantrail.actors UNION SELECT name FROM plantrail.api_keys"
    " UNION SELECT unnest(people) FROM plantrail.portfolio"
)


SECONDS_STRANGE = 1.0
"""Seconds for which an id that was not found counts as unknown without another query."""
MOST_STRANGERS = 1_000


class PostgresPeople:
    """Tells known people from unknown ones. It keeps a copy of the known ids and reads them again when an id is
    missing."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._known: frozenset[str] = frozenset()
        self._noted: frozenset[str | None] = frozenset({None})
        """The ids, as callers spell them, of the actors that the store has, as far as this process knows."""
        self._strange: dict[str, tuple[float, Sequence[str]]] = {}
        """For each unknown id: until when it counts as unknown, and the nearest known ids."""

    def note(self, actors: Collection[str | None]) -> None:
        """Remember people who have changed something. If the store is unavailable, they are remembered with their next
        change."""
        if self._noted.issuperset(actors):
            return
        people = {same_person(actor) for actor in actors if actor}
        with suppress(StoreUnavailable):
            with self._datastore.connection() as connection:
                connection.execute(NOTE, (sorted(people),))
            self._noted |= set(actors)
            self._known |= people

    def meet(self, ids: Iterable[str]) -> None:
        """Treat these ids as known (`application.aggregates.ports.EventStore`)."""
        self._known |= set(map(same_person, ids))

    def knows(self, ids: Collection[str]) -> bool:
        """Return whether all of these ids are known, without a query (`application.aggregates.ports.EventStore`)."""
        return self._known.issuperset(map(same_person, ids))

    def remembers(self, ids: Collection[str]) -> bool:
        """Return whether `strangers` needs no query for these ids (`application.aggregates.ports.EventStore`)."""
        return all(id in self._known or self._is_strange(id) for id in map(same_person, ids))

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """Return the unknown ids, each with the nearest known ones (`application.aggregates.ports.EventStore`)."""
        if not self.remembers(ids):
            self._look_for(map(same_person, ids))
        known, strange = self._known, self._strange
        people = {id: same_person(id) for id in ids if known}
        return {id: strange[person][1] for id, person in people.items() if person not in known and person in strange}

    def _is_strange(self, id: str) -> bool:
        return id in self._strange and monotonic() < self._strange[id][0]

    def _look_for(self, ids: Iterable[str]) -> None:
        with self._datastore.connection() as connection:
            self._known = frozenset(same_person(id) for (id,) in connection.execute(KNOWN))
        until = monotonic() + SECONDS_STRANGE
        strange = {id: (until, get_close_matches(id, self._known, MOST_NEAREST)) for id in ids if id not in self._known}
        kept = self._strange if len(self._strange) < MOST_STRANGERS else {}
        self._strange = kept | strange
