"""Imports in progress. Each is a file that somebody sent; a thread of this process reads it and carries it out.

The file and its results may contain unsealed text about people. They are in a folder of this process alone, made for
its first import, and are deleted after a day, or when the process ends. If it is killed, the next process that accepts
imports deletes them. An interrupted import can be sent again: what exists already is not recorded twice.
"""

import fcntl
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from time import monotonic
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
from application.imports.rows import Row, RowResult

AT_ONCE = 2
KEPT = timedelta(days=1)
MOST_KEPT_OF_ONE = 20
MOST_OF_ONE = 5
"""How many imports one caller may have sent that are not over."""
MOST_IN_ALL = 50
SECONDS_BETWEEN_LOOKS = 0.2
"""How often it is asked whether the caller still may."""
FOLDERS = "plantrail-imports-"
IN_USE = "in-use"
"""The file in an imports folder that its process keeps locked."""
logger = structlog.get_logger("plantrail.imports")


class TooManyImports(Exception):
    """The most imports that may be in progress at once are in progress."""


class ImportEnded(Exception):
    """Your right to it has ended, or the service is being ended. What is recorded stays; send the file again for the
    rest."""


@dataclass
class Job:
    """An import, and the location of its files."""

    caller: Caller
    still_may: Callable[[], bool]
    """Returns whether its caller still has the right that it was sent with."""
    request: ImportRequest
    folder: Path
    status: ImportStatus
    good_until: float = 0.0

    @property
    def over(self) -> bool:
        return self.status.is_over

    @property
    def file(self) -> Path:
        return self.folder / "sent"

    def may_go_on(self) -> bool:
        """Return whether its caller still has the right to it, as of a moment ago."""
        if monotonic() < self.good_until:
            return True
        self.good_until = monotonic() + SECONDS_BETWEEN_LOOKS
        return self.still_may()

    def source(self) -> Source:
        """Return the file, ready to be read. Raises `FileRefused`."""
        if self.request.format == "xlsx":
            return IsolatedWorkbook(self.file, self.request.sheet, self.folder / "sheet")
        return CsvFile(self.file, self.request.encoding, self.request.delimiter)


ImporterOf = Callable[[Caller, ImportRequest, str], Importer]
"""Makes the importer for a caller's import under a correlation id."""


class Imports:
    """All imports of this process."""

    def __init__(self, importer: ImporterOf, now: Callable[[], datetime], make_id: Callable[[], UUID]) -> None:
        self._importer = importer
        self._now = now
        self._make_id = make_id
        delete_folders_left_behind()
        self._folder: LockedFolder | None = None
        self._threads = ThreadPoolExecutor(AT_ONCE, "imports")
        self._jobs: dict[str, Job] = {}
        self._arriving: Counter[str] = Counter()
        """By caller, how many files are being sent."""
        self._lock = Lock()
        self._closing = False

    @contextmanager
    def arriving(self, caller: Caller) -> Iterator[None]:
        """Count an import while its file is sent. Raises `TooManyImports`."""
        with self._lock:
            of_all = [*self._arriving.elements(), *(job.caller.actor for job in self._jobs.values() if not job.over)]
            if len(of_all) >= MOST_IN_ALL or of_all.count(caller.actor) >= MOST_OF_ONE:
                raise TooManyImports
            self._arriving[caller.actor] += 1
        try:
            yield
        finally:
            with self._lock:
                self._arriving -= Counter({caller.actor: 1})

    def begin(self, caller: Caller, request: ImportRequest, still_may: Callable[[], bool]) -> Job:
        """Return a job whose file is still to be written."""
        self._sweep()
        id = str(self._make_id())
        with self._lock:
            self._folder = self._folder or LockedFolder()
        folder = self._folder.path / id
        folder.mkdir(mode=0o700)
        status = ImportStatus(
            id=id, kind=request.kind, dry_run=request.dry_run, state="waiting", created_at=self._now()
        )
        return Job(caller, still_may, request, folder, status)

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
        """Return the import with this id, if it belongs to the caller."""
        job = self._jobs.get(id)
        return job if job and job.caller.actor == caller.actor else None

    def file(self, job: Job, part: Part) -> Path | None:
        """Return a result file once it is complete."""
        return file_of(job.folder, part) if job.status.state in ("finished", "stopped") else None

    def close(self) -> None:
        """Stop imports in progress between two rows, and delete all files."""
        self._closing = True
        self._threads.shutdown(cancel_futures=True)
        if self._folder:
            self._folder.delete()

    def _sweep(self) -> None:
        delete_folders_left_behind()
        with self._lock:
            jobs = list(self._jobs.values())
        newer: Counter[str] = Counter()
        for job in [job for job in reversed(jobs) if job.over]:
            newer[job.caller.actor] += 1
            if newer[job.caller.actor] > MOST_KEPT_OF_ONE or job.status.created_at < self._now() - KEPT:
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
        with ResultFiles(job.folder, table.header, table.cells) as files:
            state: State = "finished"
            for plan, rows in table.plans():
                done: set[int] = set()
                try:
                    if state == "finished":
                        for result in importer.rows_of_plan(plan, self._while_it_may_go_on(job, rows)):
                            done.add(result.number)
                            files.add(result)
                            job.status.add(result)
                        continue
                except ImportEnded as ended:
                    job.status.detail = " ".join(str(ended).split())
                except StoreUnavailable as error:
                    job.status.detail = f"{error} What is recorded stays; send the file again for the rest."
                state = "stopped"
                for number in table.numbers(plan):
                    if number not in done:
                        left = RowResult(number, plan, "unprocessed")
                        files.add(left)
                        job.status.add(left)
        job.status.state = state

    def _while_it_may_go_on(self, job: Job, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows one by one, and check before each that the import may go on. Raises `ImportEnded`."""
        for row in rows:
            if self._closing or not job.may_go_on():
                raise ImportEnded(ImportEnded.__doc__)
            yield row


class LockedFolder:
    """A new folder of this process, with a lock that is released when the process ends, however it ends."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=FOLDERS))
        unnamed = self.path / "not-yet-locked"
        self._lock = unnamed.open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unnamed.rename(self.path / IN_USE)  # it gets this name only once it is locked

    def delete(self) -> None:
        delete(self.path)
        self._lock.close()


def delete(folder: Path) -> None:
    """Delete an imports folder. Its lock goes last: until then, others can find what is left of it."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if entry.name != IN_USE:
                shutil.rmtree(entry, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def delete_folders_left_behind() -> None:
    """Delete the folders of killed processes, whose locks are free."""
    for in_use in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*/{IN_USE}"):
        # Another process may delete it at the same time, and folders of other users belong to them.
        with suppress(OSError), in_use.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            delete(in_use.parent)
