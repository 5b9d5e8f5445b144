"""One embedded PostgreSQL for all processes that use the same home."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import ObjectInUse

from adapters.postgres.embedded.cluster import DATABASE, ROLES, Cluster, Role, last_lines
from adapters.postgres.embedded.keeper import Keeper
from adapters.postgres.embedded.locks import locked, open_lock, share, take_if_free
from adapters.postgres.embedded.postmaster import Postmaster
from adapters.postgres.embedded.programs import EmbeddedPostgresError

END_SESSIONS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"


class EmbeddedPostgres:
    """The embedded server. Its users share the lock `users.lock`. The last one to leave stops it, unless it is to keep
    running.

    If all users of a server were killed, it keeps running for the next one. Whoever creates, starts or stops it holds
    `postgres.lock`, so that only one process does.
    """

    def __init__(self, home: Path, binaries: Path | None = None, durable: bool = True) -> None:
        """`durable=False` is for tests: it is faster, and loses data if the machine crashes."""
        if sys.platform == "win32":
            raise EmbeddedPostgresError(
                "The embedded PostgreSQL needs Linux or macOS. Set DATABASE_URL to a running database."
            )
        self._cluster = Cluster(home, binaries, durable)
        self._postmaster = Postmaster(self._cluster)
        self._use: int | None = None
        self._user = os.getpid()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Use the server. Creates and starts it if necessary, also after a crash. Returns when it accepts
        connections.
        """
        try:
            with self._explained():
                self._cluster.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._alone():
                self._cluster.create()
                self._cluster.stopped.unlink(missing_ok=True)
                self._join()
                self._postmaster.run()
        except BaseException:
            if self._use is not None:
                with suppress(EmbeddedPostgresError):
                    self.stop()
            raise

    def stop(self, force: bool = False) -> bool:
        """Leave the server. Stop it if nobody else uses it and it is not kept running, or by force.

        Returns whether it was stopped.
        """
        with self._explained():
            if not self._cluster.folder.exists():
                return True
        with self._alone():
            use = self._open_users_lock() if self._use is None else self._use
            try:
                last = self._user == os.getpid() and take_if_free(use) and not self._cluster.kept.exists()
                if force and not last:
                    self._cluster.stopped.touch(mode=0o600)
                if last or force:
                    self._postmaster.shut_down()
                if last:
                    self._postmaster.forget_socket()
                return last or force
            finally:
                os.close(use)
                self._use = None

    def keeper(self) -> Keeper:
        """Return a `Keeper`, which restarts the server if it dies while this process uses it."""
        return Keeper(self._postmaster.is_up, self._cluster.stopped.exists, self._start_again)

    def _start_again(self) -> None:
        with self._alone():
            if self._use is not None and not self._postmaster.is_up() and not self._cluster.stopped.exists():
                self._postmaster.run()

    def keep(self) -> None:
        """Let the server keep running when its last user has left."""
        with self._explained():
            self._cluster.kept.touch(mode=0o600)

    def keep_no_longer(self) -> None:
        with self._explained():
            self._cluster.kept.unlink(missing_ok=True)

    def is_running(self) -> bool:
        """Return whether a connection to a server of these data succeeds, which is the only proof."""
        try:
            with self._cluster.connect() as connection:
                data = connection.execute("SHOW data_directory").fetchone()
                return data == (str(self._cluster.data),)
        except (psycopg.OperationalError, EmbeddedPostgresError):
            return False

    def conninfo(self, role: Role, dbname: str = DATABASE) -> str:
        return self._cluster.conninfo(role, dbname)

    def url(self, role: Role) -> str:
        """Return the connection string as a URL, password included."""
        where = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(self.conninfo(role)).items()}
        return "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format_map(where)

    def command(
        self,
        program: str,
        *arguments: str,
        role: Role = "superuser",
        dbname: str = DATABASE,
    ) -> list[str]:
        """Return the command line of a client program such as psql, pg_dump or pgbench, without a password in it."""
        where = self._cluster.conninfo_without_password(role, dbname)
        return [self._cluster.program(program), f"--dbname={where}", *arguments]

    def dump(self, file: Path) -> None:
        """Write the database into a file for `restore`, atomically and readable by us only."""
        try:
            with TemporaryDirectory(prefix=f"{file.name}.", dir=file.absolute().parent) as folder:
                dumped = Path(folder, "dump")
                self._run("pg_dump", "--format=custom", "--statistics", f"--file={dumped}")
                dumped.chmod(0o600)
                dumped.rename(file)
        except OSError as error:
            raise EmbeddedPostgresError(f"{file} cannot be written: {error}. Choose another file.") from error

    def restore(self, file: Path, check: Callable[[str], object] = lambda _: None) -> None:
        """Replace the database with a dump, entirely or not at all, while nobody else uses it.

        The dump is restored into another database first. `check` is called with its name. If `check` raises, the
        database stays as it is.
        """
        self.check_dump(file)
        if self._use is None:
            raise EmbeddedPostgresError("A dump is restored into a server in use. Start it first.")
        with self._alone():
            try:
                if not take_if_free(self._use):
                    raise EmbeddedPostgresError(
                        f"Other processes use the database in {self._cluster.home}. End them, then try again."
                    )
                with self._cluster.connect() as connection:
                    self._replace_database(connection, file, check)
            finally:
                share(self._use)

    def _replace_database(self, connection: psycopg.Connection, file: Path, check: Callable[[str], object]) -> None:
        restored, replaced = f"{DATABASE}_restored", f"{DATABASE}_replaced"
        set_aside = f"ALTER DATABASE {DATABASE} RENAME TO {replaced}"
        try:
            drop(connection, restored, replaced)
            with connection.transaction(force_rollback=True):  # A refusal should come before the work.
                connection.execute(set_aside)
            connection.execute(f"CREATE DATABASE {restored} OWNER {ROLES['owner']} TEMPLATE template0")
            arguments = ("--single-transaction", "--exit-on-error", str(file.absolute()))
            self._run("pg_restore", *arguments, dbname=restored)
            check(restored)
            connection.execute(END_SESSIONS, (restored,))
            with connection.transaction():
                connection.execute(set_aside)
                connection.execute(f"ALTER DATABASE {restored} RENAME TO {DATABASE}")
        except ObjectInUse as error:
            raise EmbeddedPostgresError(
                f"Others use the database {DATABASE} in {self._cluster.home} ({error.diag.message_detail}) "
                "End their sessions, then try again."
            ) from error
        except psycopg.Error as error:
            raise EmbeddedPostgresError(
                f"{file} could not be restored. Mend what is named here, then try again: {error}"
            ) from error
        finally:
            with suppress(psycopg.OperationalError):
                drop(connection, restored, replaced)

    def check_dump(self, file: Path) -> None:
        """Raise `EmbeddedPostgresError` if a file is not a dump that can be restored."""
        words = [self._cluster.program("pg_restore"), "--list", str(file.absolute())]
        result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode:
            raise EmbeddedPostgresError(
                f"{file} is no dump of a database, so nothing was changed. Name a file that `plantrail db dump` or"
                f" `pg_dump --format=custom` wrote:\n{last_lines(result.stderr)}"
            )

    def _run(self, program: str, *arguments: str, dbname: str = DATABASE) -> None:
        words = self.command(program, *arguments, dbname=dbname)
        result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode:
            raise EmbeddedPostgresError(
                f"{program} failed for the database in {self._cluster.home}, which is as it was. Mend what "
                f"is named here, then try again:\n{last_lines(result.stderr)}"
            )

    def _join(self) -> None:
        if self._use is None:
            self._use = self._open_users_lock()
            self._user = os.getpid()
        share(self._use)

    def _open_users_lock(self) -> int:
        return open_lock(self._cluster.folder / "users.lock")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._explained(), locked(self._cluster.home / "postgres.lock"):
            yield

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EmbeddedPostgresError(
                f"{self._cluster.home} cannot hold the database: {error}. Make it writable for user "
                f"{os.geteuid()}, free space on the disk, or set PLANTRAIL_HOME to another folder."
            ) from error


def drop(connection: psycopg.Connection, *databases: str) -> None:
    for name in databases:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
