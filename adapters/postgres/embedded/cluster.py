"""A database cluster on disk: its folder, its passwords, and its creation."""

import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp, mkstemp
from typing import Literal

import psycopg
from psycopg.conninfo import make_conninfo

from adapters.postgres.embedded.locks import locked
from adapters.postgres.embedded.programs import EmbeddedPostgresError, ServerUser, find_program, server_user

Role = Literal["owner", "service", "keys", "superuser"]

ROLES: Mapping[Role, str] = {
    "owner": "plantrail_owner",
    "service": "plantrail_service",
    "keys": "plantrail_keys",
    "superuser": "postgres",
}
DATABASE = "plantrail"
PORT = "5432"

# PostgreSQL reads these from postgresql.conf, where they are written once; an administrator may change them there.
DEFAULTS = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "jit": "off",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    # Passwords are 256 random bits, which nobody can guess even if each guess is cheap. With one iteration, connecting
    # takes a third of the time.
    "scram_iterations": "1",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

OPEN_TO_ALL = "/var/lib"  # /var/tmp is cleaned up regularly


class Cluster:
    """The folder `postgres` in a home, or a link to a folder elsewhere if the server's user has no access to the home.

    It contains `data`, `log`, `run` with the socket (a link, if the socket's path would be too long), and the
    passwords.
    """

    def __init__(self, home: Path, binaries: Path | None, durable: bool) -> None:
        self.home = home.resolve()
        self.durable = durable
        self._binaries = binaries

    @property
    def folder(self) -> Path:
        return (self.home / "postgres").resolve()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def server_lock(self) -> Path:
        """The lock file of the server. Its processes inherit the lock, so it is held as long as any of them lives."""
        return self.folder / "server.lock"

    @property
    def kept(self) -> Path:
        """The file that marks a server which keeps running without users."""
        return self.folder / "kept-running"

    @property
    def stopped(self) -> Path:
        """The file that marks a server which was stopped by hand and must not be restarted automatically."""
        return self.folder / "stopped-by-force"

    @property
    def _passwords(self) -> Path:
        return self.folder / "passwords.json"

    @property
    def _passfile(self) -> Path:
        return self.folder / "pgpass"

    def program(self, name: str) -> str:
        return find_program(name, self._binaries)

    def options(self, settings: Mapping[str, str]) -> list[str]:
        settings = {**settings, **({} if self.durable else NOT_DURABLE)}
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def conninfo(self, role: Role, dbname: str) -> str:
        return self._conninfo(role, dbname, password=self._read_passwords()[role])

    def conninfo_without_password(self, role: Role, dbname: str) -> str:
        """Return a connection string for command lines, which everybody on the machine can read. Its empty password
        overrides PGPASSWORD."""
        return self._conninfo(role, dbname, password="", passfile=str(self._passfile))

    def connect(self) -> psycopg.Connection:
        """Connect as the superuser, for whom the server reserves connections when it is full."""
        return psycopg.connect(self.conninfo("superuser", "postgres"), autocommit=True, connect_timeout=5)

    def _conninfo(self, role: Role, dbname: str, **secret: str) -> str:
        host = str(self.run.resolve())
        return make_conninfo(host=host, port=PORT, user=ROLES[role], dbname=dbname, **secret)

    def _read_passwords(self) -> dict[str, str]:
        try:
            return dict(json.loads(self._passwords.read_text()))
        except FileNotFoundError as error:
            raise EmbeddedPostgresError(
                f"There is no {self._passwords}. Put it back from a backup, if {self.data} exists; "
                "else start the server, which makes both."
            ) from error
        except OSError as error:
            raise EmbeddedPostgresError(
                f"{self._passwords} cannot be read ({error.strerror}). Run as the user who owns {self.home}."
            ) from error

    def create(self) -> None:
        """Create what is missing. The data folder appears only when it is complete, so that after a crash creation
        starts again."""
        self.program("postgres")
        self._create_folder()
        if not self.data.is_dir():
            with locked(self.server_lock) as lock:
                self._create_data(lock)

    def _create_folder(self) -> None:
        folder = self.home / "postgres"
        if folder.exists():
            return
        if folder.is_symlink():
            raise EmbeddedPostgresError(
                f"The database of {self.home} was kept in {folder.readlink()}, which is gone. Bring it back; "
                f"or remove the link {folder}, to begin with an empty one."
            )
        user = server_user(folder)
        if not user.ids:
            folder.mkdir(mode=0o700)
        elif all(lets_all_through(parent) for parent in self.home.parents):
            if not lets_all_through(self.home):
                let_through(self.home, user)
            new = Path(mkdtemp(prefix="postgres.new-", dir=self.home))
            let_through(new, user)
            new.rename(folder)
        else:
            elsewhere = Path(mkdtemp(prefix="plantrail-", dir=OPEN_TO_ALL))
            let_through(elsewhere, user)
            folder.symlink_to(elsewhere)

    def _create_data(self, lock: int) -> None:
        for unfinished in self.folder.glob("*.new-*"):
            if unfinished.is_dir():
                rmtree(unfinished, ignore_errors=True)
            else:
                unfinished.unlink()
        self._create_passwords()
        user = server_user(self.data)
        new = Path(mkdtemp(prefix="data.new-", dir=self.folder))
        user.own(new)
        self._init(user, new, lock)
        self._create_roles(user, new, lock)
        new.rename(self.data)
        sync(self.folder)

    def _create_passwords(self) -> None:
        if not self._passwords.exists():
            new = {role: secrets.token_hex(32) for role in ROLES}
            write_private(self._passwords, json.dumps(new, indent=2))
        passwords = self._read_passwords()
        write_private(self._passfile, "".join(f"*:*:*:{ROLES[role]}:{passwords[role]}\n" for role in ROLES))

    def _init(self, user: ServerUser, data: Path, lock: int) -> None:
        password = self.folder / "password.new-superuser"
        write_private(password, self._read_passwords()["superuser"])
        user.own(password)
        words = [
            *(self.program("initdb"), "--pgdata", str(data), "--data-checksums", "--no-instructions"),
            *("--username", ROLES["superuser"], "--pwfile", str(password), "--auth=scram-sha-256"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(f"--set={name}={value}" for name, value in DEFAULTS.items()),
            *(() if self.durable else ("--no-sync",)),
        ]
        self._create_with(user, words, lock)
        password.unlink()

    def _create_roles(self, user: ServerUser, data: Path, lock: int) -> None:
        """Create the roles and the database, before anybody can connect, and without passwords in the log."""
        passwords = self._read_passwords()
        statements = [
            *(
                f"CREATE ROLE {name} LOGIN PASSWORD '{passwords[role]}'\n"
                for role, name in ROLES.items()
                if role != "superuser"
            ),
            f"CREATE DATABASE {DATABASE} OWNER {ROLES['owner']}\n",
        ]
        options = self.options({"exit_on_error": "on", "log_min_error_statement": "panic"})
        words = [self.program("postgres"), "--single", "-D", str(data), *options, "postgres"]
        self._create_with(user, words, lock, "".join(statements))

    def _create_with(self, user: ServerUser, words: list[str], lock: int, stdin: str = "") -> None:
        result = user.run(words, stdin, keep_open=[lock])
        if result.returncode:
            raise EmbeddedPostgresError(
                f"The database in {self.data} could not be created. Mend what is named here, then start "
                f"again:\n{last_lines(result.stdout)}"
            )


def last_lines(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-12:])


def lets_all_through(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)


def let_through(folder: Path, user: ServerUser) -> None:
    """Allow a user to pass through a folder to files that they know by name, without listing or changing anything."""
    if user.ids:
        os.chown(folder, -1, user.ids[1])
        folder.chmod(0o710)


def write_private(path: Path, text: str) -> None:
    """Write a file atomically, readable by us only."""
    descriptor, new = mkstemp(prefix=f"{path.name}.new-", dir=path.parent)
    with open(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    Path(new).rename(path)


def sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
