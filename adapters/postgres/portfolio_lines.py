"""Lines of the list of plans as they are sent. A line is written once for each version of its row."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row

from application.portfolio.row import PortfolioItem

SHOWN = tuple(PortfolioItem.model_fields)
OF_ROW = ("plan_id", "position", "xmin::text::bigint", "ctid::text")
"""What tells a version of a row from every other: PostgreSQL writes each of them somewhere else, or later."""
LINES = (
    f"SELECT {', '.join(OF_ROW)}, {', '.join(SHOWN)} FROM plantrail.portfolio"
    " WHERE generation = (SELECT generation FROM plantrail.projections WHERE name = 'portfolio' AND live)"
    " AND plan_id = ANY(%s)"
)
MOST_LINES = 20_000
"""Lines that are kept, of some 500 bytes each."""


class RowVersion(NamedTuple):
    """A version of a row."""

    plan_id: UUID
    position: int
    written_by: int
    written_at: str


class PortfolioLines:
    """Keeps lines by the versions of their rows, the most recently used ones."""

    def __init__(self, most: int = MOST_LINES) -> None:
        self._most = most
        self._lines: OrderedDict[RowVersion, bytes] = OrderedDict()
        self._lock = Lock()

    def of(self, connection: Connection[Any], rows: Sequence[RowVersion]) -> list[bytes]:
        """Return the lines of rows, in this order. One that has been written anew meanwhile comes as it is now."""
        with self._lock:
            found = {row.plan_id: line for row in rows if (line := self._lines.get(row)) is not None}
        missing = [row.plan_id for row in rows if row.plan_id not in found]
        news = written(connection, missing) if missing else {}
        self._keep(news, rows)
        found |= {row.plan_id: line for row, line in news.items()}
        return [found[row.plan_id] for row in rows if row.plan_id in found]

    def _keep(self, news: Mapping[RowVersion, bytes], used: Iterable[RowVersion]) -> None:
        with self._lock:
            self._lines.update(news)
            for row in used:
                if row in self._lines:
                    self._lines.move_to_end(row)
            while len(self._lines) > self._most:
                self._lines.popitem(last=False)


def written(connection: Connection[Any], plans: Sequence[UUID]) -> dict[RowVersion, bytes]:
    """Return the lines of these plans as their rows are now."""
    cursor = connection.cursor(row_factory=dict_row)
    lines: dict[RowVersion, bytes] = {}
    for row in cursor.execute(LINES, (list(plans),), prepare=True):
        version = RowVersion(row["plan_id"], row["position"], row.pop("xmin"), row.pop("ctid"))
        lines[version] = PortfolioItem(**row).model_dump_json().encode()
    return lines
