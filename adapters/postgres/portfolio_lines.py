"""The rows of the portfolio as the JSON that is sent. Each version of a row is serialized once."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from anyio.to_thread import run_sync
from psycopg.rows import dict_row

from adapters.postgres.datastore import Datastore
from application.portfolio.row import PortfolioItem

SHOWN = tuple(PortfolioItem.model_fields)
WRITTEN_AS = "concat_ws(' ', plan_id, position, portfolio.xmin, portfolio.ctid) AS written_as"
"""Identifies a version of a row: PostgreSQL stores each version at another place, or in a later transaction."""
LINES = (
    f"SELECT {WRITTEN_AS}, {', '.join(SHOWN)} FROM plantrail.portfolio"
    " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
    " AND plan_id = ANY(%s)"
)
MOST_LINES = 20_000
"""The number of rows that are cached, of about 500 bytes each."""

Version = bytes
"""The version of a row, as `WRITTEN_AS` returns it."""


class PortfolioLines:
    """A cache of serialized rows by their versions, for one event loop. It keeps the most recently used ones."""

    def __init__(self, datastore: Datastore, most: int = MOST_LINES) -> None:
        self._datastore = datastore
        self._most = most
        self._lines: OrderedDict[Version, bytes] = OrderedDict()

    async def of(self, rows: Sequence[Version]) -> list[bytes]:
        """Return the rows as JSON, in this order. A row that has changed meanwhile is returned in its current
        version.
        """
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
        """Return the current rows of these plans as JSON, by version."""
        lines: dict[Version, bytes] = {}
        with self._datastore.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            for row in cursor.execute(LINES, (list(plans),), prepare=True):
                version = row.pop("written_as").encode()
                lines[version] = PortfolioItem(**row).model_dump_json().encode()
        return lines


def plan_in(row: Version) -> UUID:
    return UUID(row[:36].decode())
