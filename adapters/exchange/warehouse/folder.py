"""A folder of Parquet files, and its progress: each run adds what is new since the previous one.

`_progress.json` is replaced last, and only then does a run count. Files of an interrupted run are overwritten by the
next one, because a file is named after the position at which it begins.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel

from adapters.exchange.tables.columns import columns_of
from adapters.exchange.warehouse.rows import EVENTS, MEASURES, event_row, rows_of, schema_of
from application.feed.cursors import Cursor
from application.feed.ports import ALL, Feed
from application.measures.series import MeasuresView, Number

ROWS_IN_MEMORY = 20_000
EVENTS_A_PAGE = 5_000
LEAST = Decimal("1e-9")
SHAPE = 1
"""The number of the files' shape. When a column is removed or changes its meaning, a new shape begins in another
folder."""


class FolderRefused(Exception):
    """Why nothing was written into a folder, and what to do."""


class Progress(BaseModel):
    """What a folder contains."""

    shape: int = SHAPE
    log: UUID | None = None
    position: int = 0
    """The position of the last event in it, on that log."""
    first_month: str | None = None
    """The month in which the first events in it were recorded."""
    month: str | None = None
    """The last month that was over when its measures were written. They are not written again."""


class WarehouseFolder:
    """The folder of one store. One run at a time adds to it."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self.path = path
        self.progress = progress

    def add_events(self, feed: Feed[Any]) -> Iterator[int]:
        """Write the events that are not in the folder yet. Yields their number after each step.

        Raises `CursorGone`, `StoreUnavailable`.
        """
        while True:
            begun = self.progress
            rows: list[dict[str, Any]] = []
            cursor = Cursor(begun.position, log=begun.log)
            while True:
                page = feed.page(cursor, ALL, EVENTS_A_PAGE)
                rows += map(event_row, page.rows)
                cursor = Cursor(page.next, log=page.log_id)
                if page.next >= page.end or len(rows) >= ROWS_IN_MEMORY:
                    break
            for month, of_month in groupby(sorted(rows, key=month_and_position), lambda row: month_of(row)):
                file = self.path / "events" / f"month={month}" / f"{begun.position + 1:020}.parquet"
                write(file, EVENTS, [list(of_month)])
            first = min([begun.first_month, *map(month_of, rows)], key=lambda month: month or "9999", default=None)
            reached = {"log": page.log_id, "position": page.next, "first_month": first}
            self._keep(begun.model_copy(update=reached))
            yield len(rows)
            if page.next >= page.end:
                return

    def replace_list(self, name: str, item: type[BaseModel], pages: Iterable[Sequence[BaseModel]]) -> int:
        """Replace a list with its current contents. Returns the number of rows."""
        columns, rows = columns_of(item), 0

        def parts() -> Iterator[list[dict[str, Any]]]:
            nonlocal rows
            for page in pages:
                rows += len(page)
                yield rows_of(columns, (each.model_dump(mode="json") for each in page))

        write(self.path / name / f"{name}.parquet", schema_of(columns), parts())
        return rows

    def add_measures(self, month: str, view: MeasuresView, is_over: bool) -> int:
        """Write the measures of a month, by plan. Returns the number of rows."""
        rows = list(measure_rows(view))
        write(self.path / "measures" / f"month={month}" / "measures.parquet", MEASURES, [rows])
        if is_over:
            self._keep(self.progress.model_copy(update={"month": month}))
        return len(rows)

    def _keep(self, progress: Progress) -> None:
        self.progress = progress
        replace(self.path / "_progress.json", progress.model_dump_json(indent=1).encode())


@contextmanager
def opened(path: Path) -> Iterator[WarehouseFolder]:
    """Open a folder, creating it if necessary, for one run at a time. Raises `FolderRefused`."""
    path.mkdir(parents=True, exist_ok=True)
    kept = path / "_progress.json"
    if not kept.exists() and any(each.name != "_lock" for each in path.iterdir()):
        raise FolderRefused(f"There is something else in {path}. Name a new folder, or one that was written before.")
    with (path / "_lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderRefused(f"Another run is writing into {path}. Wait for it to end.") from None
        try:
            progress = Progress.model_validate_json(kept.read_bytes()) if kept.exists() else Progress()
        except ValueError:
            raise FolderRefused(f"{kept} says nothing that can be read. Name a new folder.") from None
        if progress.shape != SHAPE:
            raise FolderRefused(f"{path} has files of another shape. Name a new folder.")
        yield WarehouseFolder(path, progress)


def month_of(row: Mapping[str, Any]) -> str:
    return f"{row['recorded_at']:%Y-%m}"


def month_and_position(row: Mapping[str, Any]) -> tuple[str, int]:
    return month_of(row), row["position"]


def measure_rows(view: MeasuresView) -> Iterator[dict[str, Any]]:
    for measure in view.items:
        for series in measure.series:
            for point in series.points:
                yield {
                    "measure": measure.measure,
                    "unit": measure.unit,
                    "account_id": series.group,
                    "account_name": series.name,
                    "key": series.key,
                    "currency": series.currency,
                    "converted": series.converted,
                    "value": exact(point.value),
                    "provisional": point.provisional,
                }


def exact(value: Number | None) -> Decimal | None:
    return None if value is None else Decimal(str(value)).quantize(LEAST)


def write(file: Path, schema: pa.Schema, parts: Iterable[list[dict[str, Any]]]) -> None:
    """Write a file part by part. Until it is complete, the previous file stays."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}")
    try:
        with pq.ParquetWriter(unfinished, schema, compression="zstd") as writer:
            for rows in parts:
                writer.write_table(pa.Table.from_pylist(rows, schema))
        put_in_place(unfinished, file)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def replace(file: Path, content: bytes) -> None:
    unfinished = file.with_name(f".{file.name}")
    unfinished.write_bytes(content)
    put_in_place(unfinished, file)


def put_in_place(unfinished: Path, file: Path) -> None:
    """Rename a file to its final name once it is synced to disk."""
    with unfinished.open("rb") as content:
        os.fsync(content.fileno())
    unfinished.replace(file)
