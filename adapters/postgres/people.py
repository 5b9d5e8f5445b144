"""The people of ours that the store has seen: who has a key, owns a plan or is on a team, or has changed something."""

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
"""Seconds for which somebody who was not found stays a stranger without being looked for again."""
MOST_STRANGERS = 1_000


class PostgresPeople:
    """Knows whom the store has seen. A copy is kept, which is read again when somebody is not in it."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._known: frozenset[str] = frozenset()
        self._noted: frozenset[str] = frozenset()
        """Who is among the actors of the store, as far as this process knows."""
        self._strange: dict[str, tuple[float, Sequence[str]]] = {}
        """Until when somebody counts as a stranger, and the nearest ids of those who are known."""

    def note(self, actors: Iterable[str | None]) -> None:
        """Remember who has changed something. If the store is away, the next change makes up for it."""
        news = {same_person(actor) for actor in actors if actor} - self._noted
        if news:
            with suppress(StoreUnavailable):
                with self._datastore.connection() as connection:
                    connection.execute(NOTE, (sorted(news),))
                self._noted |= news
                self._known |= news

    def meet(self, ids: Iterable[str]) -> None:
        """See `application.aggregates.ports.EventStore`."""
        self._known |= set(map(same_person, ids))

    def knows(self, ids: Collection[str]) -> bool:
        """See `application.aggregates.ports.EventStore`."""
        return self._known.issuperset(map(same_person, ids))

    def remembers(self, ids: Collection[str]) -> bool:
        """See `application.aggregates.ports.EventStore`."""
        return all(id in self._known or self._is_strange(id) for id in map(same_person, ids))

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """See `application.aggregates.ports.EventStore`."""
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
