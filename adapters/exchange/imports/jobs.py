"""Imports under way: each is one file that somebody sent, read and carried out by a thread of this process.

The file and its results may hold words about people in clear. They lie in a folder of this process alone and are
deleted after a day, or when the process ends. If it is killed, the next process that takes imports deletes them. An
import that was cut short is sent again: what is there already is recorded only once.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from uuid import UUID

import structlog

from adapters.exchange.imports.csv_files import CsvFile
from adapters.exchange.imports.isolated_workbooks import IsolatedWorkbook
from adapters.exchange.imports.refused import FileRefused
from adapters.exchange.imports.request import ImportRequest
from adapters.exchange.imports.results import Part, ResultFiles, file_of
from adapters.exchange.imports.status import ImportStatus, State
from adapters.exchange.imports.table import Source, Table
from application.aggregates.access import Caller
from application.aggregates.ports import StoreUnavailable
from application.imports.importing import Importer
from application.imports.rows import RowResult

AT_ONCE = 2
KEPT = timedelta(days=1)
MOST_KEPT_OF_ONE = 20
FOLDERS = "plantrail-imports-"
IN_USE = "in-use"
"""The file in a folder of imports that its process keeps locked."""
logger = structlog.get_logger("plantrail.imports")


@dataclass
class Job:
    """An import, and where its files lie."""

    caller: Caller
    request: ImportRequest
    folder: Path
    status: ImportStatus

    @property
    def file(self) -> Path:
        return self.folder / "sent"

    def source(self) -> Source:
        """Return the file, ready to be read. Raises `FileRefused`."""
        if self.request.format == "xlsx":
            return IsolatedWorkbook(self.file, self.request.sheet, self.folder / "sheet")
        return CsvFile(self.file, self.request.encoding, self.request.delimiter)


ImporterOf = Callable[[Caller, ImportRequest, str], Importer]
"""Makes what carries out a caller's import under a correlation id."""


class Imports:
    """All imports of this process."""

    def __init__(self, importer: ImporterOf, now: Callable[[], datetime], make_id: Callable[[], UUID]) -> None:
        self._importer = importer
        self._now = now
        self._make_id = make_id
        delete_folders_left_behind()
        self._folder = Path(tempfile.mkdtemp(prefix=FOLDERS))
        self._in_use = (self._folder / IN_USE).open("wb")
        fcntl.flock(self._in_use, fcntl.LOCK_EX)
        self._threads = ThreadPoolExecutor(AT_ONCE, "imports")
        self._jobs: dict[str, Job] = {}
        self._lock = Lock()
        self._closing = False

    def begin(self, caller: Caller, request: ImportRequest) -> Job:
        """Return a job whose file is still to be written."""
        self._sweep()
        id = str(self._make_id())
        folder = self._folder / id
        folder.mkdir(mode=0o700)
        status = ImportStatus(
            id=id, kind=request.kind, dry_run=request.dry_run, state="waiting", created_at=self._now()
        )
        return Job(caller, request, folder, status)

    def start(self, job: Job) -> None:
        with self._lock:
            self._jobs[job.status.id] = job
        self._threads.submit(self._run, job)

    def drop(self, job: Job) -> None:
        """Delete a job and its files."""
        with self._lock:
            self._jobs.pop(job.status.id, None)
        shutil.rmtree(job.folder, ignore_errors=True)

    def of(self, caller: Caller, id: str) -> Job | None:
        """Return the import of this id, if it is the caller's own."""
        job = self._jobs.get(id)
        return job if job and job.caller.actor == caller.actor else None

    def file(self, job: Job, part: Part) -> Path | None:
        """Return a file of results, once it is whole."""
        return file_of(job.folder, part) if job.status.state in ("finished", "stopped") else None

    def close(self) -> None:
        """Stop the imports under way between two rows, and delete all files."""
        self._closing = True
        self._threads.shutdown(cancel_futures=True)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._in_use.close()

    def _sweep(self) -> None:
        delete_folders_left_behind()
        with self._lock:
            jobs = list(self._jobs.values())
        over = [job for job in jobs if job.status.state in ("finished", "stopped", "refused")]
        old = [job for job in over if job.status.created_at < self._now() - KEPT]
        for job in {id(job): job for job in (*old, *over[:-MOST_KEPT_OF_ONE])}.values():
            self.drop(job)

    def _run(self, job: Job) -> None:
        status = job.status
        try:
            status.state = "reading"
            with Table(job.source(), job.request, job.folder / "rows") as table:
                status.describe(table)
                status.state = "importing"
                self._import(job, table)
        except FileRefused as refused:
            status.state, status.detail = "refused", str(refused)
        except Exception as error:
            logger.exception("import failed", id=status.id)
            status.state, status.detail = "stopped", f"This is a mistake in plantrail ({type(error).__name__})."
        finally:
            for name in ("sent", "sheet", "rows"):
                (job.folder / name).unlink(missing_ok=True)

    def _import(self, job: Job, table: Table) -> None:
        importer = self._importer(job.caller, job.request, job.status.id)
        done: set[int] = set()
        with ResultFiles(job.folder, table.header, table.cells) as files:
            state: State = "finished"
            for plan, rows in table.plans():
                try:
                    if state == "finished" and not self._closing:
                        for result in importer.rows_of_plan(plan, rows):
                            done.add(result.number)
                            files.add(result)
                            job.status.add(result)
                        continue
                except StoreUnavailable as error:
                    job.status.detail = f"{error} What is recorded stays; send the file again for the rest."
                state = "stopped"
                for number in table.numbers(plan):
                    if number not in done:
                        left = RowResult(number, plan, "unprocessed")
                        files.add(left)
                        job.status.add(left)
        job.status.state = state


def delete_folders_left_behind() -> None:
    """Delete the folders of processes that were killed: nobody holds the lock of these any more."""
    for in_use in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*/{IN_USE}"):
        # Another process may be deleting it as well, and folders of other users are theirs.
        with suppress(OSError), in_use.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(in_use.parent, ignore_errors=True)
