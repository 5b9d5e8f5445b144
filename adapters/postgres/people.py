"""The people of ours that the store has seen: who has a key, owns a plan or is on a team, or has changed something."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches

from adapters.postgres.datastore import Datastore
from application.aggregates.ports import StoreUnavailable
from application.aggregates.strangers import MOST_NEAREST
from domain.language import same_person

NOTE = "INSERT INTO plantrail.actors (id) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
KNOWN = (
    "SELECT id FROM plantrail.actors UNION SELECT name FROM plantrail.api_keys"
    " UNION SELECT unnest(people) FROM plantrail.portfolio"
)


class PostgresPeople:
    """Knows whom the store has seen. A copy is kept, which is read again when somebody is not in it."""

    def __init__(self, datastore: Datastore) -> None:
        self._datastore = datastore
        self._known: frozenset[str] = frozenset()
        self._noted: frozenset[str] = frozenset()
        """Who is among the actors of the store, as far as this process knows."""

    def note(self, actors: Iterable[str | None]) -> None:
        """Remember who has changed something. If the store is away, the next change makes up for it."""
        news = {same_person(actor) for actor in actors if actor} - self._noted
        if news:
            with suppress(StoreUnavailable):
                with self._datastore.connection() as connection:
                    connection.execute(NOTE, (sorted(news),))
                self._noted |= news
                self._known |= news

    def knows(self, ids: Collection[str]) -> bool:
        """See `application.aggregates.ports.EventStore`."""
        return self._known.issuperset(map(same_person, ids))

    def strangers(self, ids: Collection[str]) -> Mapping[str, Sequence[str]]:
        """See `application.aggregates.ports.EventStore`."""
        with self._datastore.connection() as connection:
            self._known = frozenset(same_person(id) for (id,) in connection.execute(KNOWN))
        unknown = [id for id in ids if same_person(id) not in self._known]
        return {id: get_close_matches(same_person(id), self._known, MOST_NEAREST) for id in unknown if self._known}
