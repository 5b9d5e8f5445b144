"""Lines of the list of plans as they are sent. A line is written once for each version of its row."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from anyio.to_thread import run_sync
from psycopg.rows import dict_row

from adapters.postgres.datastore import Datastore
from application.portfolio.row import PortfolioItem

SHOWN = tuple(PortfolioItem.model_fields)
WRITTEN_AS = "concat_ws(' ', plan_id, position, xmin, ctid) AS written_as"
"""What tells a version of a row from every other: PostgreSQL writes each of them somewhere else, or later."""
LINES = (
    f"SELECT {WRITTEN_AS}, {', '.join(SHOWN)} FROM plantrail.portfolio"
    " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
    " AND plan_id = ANY(%s)"
)
MOST_LINES = 20_000
"""Lines that are kept, of some 500 bytes each."""

Version = bytes
"""A version of a row, as `WRITTEN_AS` says."""


class PortfolioLines:
    """Keeps lines by the versions of their rows, the most recently used ones, for one event loop."""

    def __init__(self, datastore: Datastore, most: int = MOST_LINES) -> None:
        self._datastore = datastore
        self._most = most
        self._lines: OrderedDict[Version, bytes] = OrderedDict()

    async def of(self, rows: Sequence[Version]) -> list[bytes]:
        """Return the lines of rows, in this order. One that has been written anew meanwhile comes as it is now."""
        found = {row: line for row in rows if (line := self._lines.get(row)) is not None}
        if len(found) < len(rows):
            news = await run_sync(self._written, [plan_in(row) for row in rows if row not in found])
            self._lines.update(news)
            now = {plan_in(row): line for row, line in news.items()}
            found |= {row: now[plan_in(row)] for row in rows if row not in found and plan_in(row) in now}
        self._used(found)
        return [found[row] for row in rows if row in found]

    def _used(self, rows: Iterable[Version]) -> None:
        for row in rows:
            if row in self._lines:
                self._lines.move_to_end(row)
        while len(self._lines) > self._most:
            self._lines.popitem(last=False)

    def _written(self, plans: Sequence[UUID]) -> Mapping[Version, bytes]:
        """Return the lines of these plans as their rows are now."""
        lines: dict[Version, bytes] = {}
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            for row in cursor.execute(LINES, (list(plans),), prepare=True):
                version = row.pop("written_as").encode()
                lines[version] = PortfolioItem(**row).model_dump_json().encode()
        return lines


def plan_in(row: Version) -> UUID:
    return UUID(row[:36].decode())
