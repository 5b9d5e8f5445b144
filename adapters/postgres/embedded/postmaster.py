"""The server process of a cluster: whether it lives and answers, how it is started and stopped."""

import os
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import PGconn, Ping

from adapters.postgres.embedded.cluster import PORT, Cluster, last_lines
from adapters.postgres.embedded.locks import locked, opened, take_if_free
from adapters.postgres.embedded.programs import EmbeddedPostgresError, ServerUser, server_user

PAUSE = 0.02
LONGEST_PAUSE = 0.5
START_STOP_TIMEOUT_SECONDS = 60.0
LONGEST_PATH_OF_A_SOCKET = 100  # in bytes; the smallest system limit is 103
DAYS_OF_LOGS = 6


class Postmaster:
    """The server process. Only one process may manage it at a time.

    The lock says whether it lives. The process id in postmaster.pid proves nothing: another process may have it by now.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def run(self) -> None:
        """Start the server and return when a connection succeeds. A server in recovery is awaited as long as it
        lives.
        """
        launched = False
        pause = PAUSE
        deadline = time.monotonic() + START_STOP_TIMEOUT_SECONDS
        while True:
            if not self.is_alive():
                if launched:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL ended while starting in {self._cluster.data}. Mend what its last words "
                        f"name (more in {self._cluster.log}), then start again; if the data are damaged, "
                        f"restore a dump into another PLANTRAIL_HOME.\n{self._last_words()}"
                    )
                self._launch()
                launched = True
                deadline = time.monotonic() + START_STOP_TIMEOUT_SECONDS
            self._end_what_is_left()
            answer = ping(self._cluster.run)
            if answer == Ping.OK and self._lets_us_in():
                return
            if answer == Ping.REJECT:
                deadline = time.monotonic() + START_STOP_TIMEOUT_SECONDS
            elif time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"A PostgreSQL in {self._cluster.data} is alive but lets nobody in. If it is what is "
                    "left of a killed server, end the processes named postgres there and start again."
                )
            time.sleep(pause)
            pause = min(pause * 1.2, LONGEST_PAUSE)

    def _lets_us_in(self) -> bool:
        try:
            with self._cluster.connect() as connection:
                fsync = connection.execute("SHOW fsync").fetchone()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise EmbeddedPostgresError(
                    f"The PostgreSQL in {self._cluster.data} does not know our password. If its folder comes "
                    "from a backup, data and passwords.json must be of the same one."
                ) from error
            return False
        if self._cluster.durable and fsync == ("off",):
            raise EmbeddedPostgresError(
                f"The PostgreSQL in {self._cluster.data} was started by a test and may lose data (fsync is "
                "off). End the test, then start again."
            )
        return True

    def shut_down(self) -> None:
        """End all sessions and return when no process of the server is left. Committed data are kept."""
        deadline = time.monotonic() + START_STOP_TIMEOUT_SECONDS
        told = None
        while self.is_alive():
            self._end_what_is_left()
            process = self.process()
            if process and process != told:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGINT)
                told = process
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"The PostgreSQL in {self._cluster.data} was told to stop {START_STOP_TIMEOUT_SECONDS:.0f} seconds"
                    f" ago and is still alive. Look into {self._cluster.log}, then stop it again."
                )
            time.sleep(PAUSE)

    def is_alive(self) -> bool:
        """Return whether any process of the server lives, including the remaining processes of a killed one."""
        if not self._cluster.data.is_dir():
            return False
        with opened(self._cluster.server_lock) as lock:
            return not take_if_free(lock) or self.process() is not None

    def is_up(self) -> bool:
        """Return whether the server process exists, even if it is still starting. This is cheap while it does."""
        return self.process() is not None or ping(self._cluster.run) in (Ping.OK, Ping.REJECT)

    def process(self) -> int | None:
        """Return the process id of the postmaster if it certainly serves these data; None otherwise."""
        process = self._recorded_process()
        return process if process and is_postmaster(process, self._cluster.data) else None

    def _end_what_is_left(self) -> None:
        """End the sessions of a killed server. A session in a long statement does not notice that its server is
        gone.
        """
        for session in orphaned_sessions(self._cluster.data):
            with suppress(ProcessLookupError):
                os.kill(session, signal.SIGQUIT)

    def _recorded_process(self) -> int | None:
        try:
            return int((self._cluster.data / "postmaster.pid").read_text().partition("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def _launch(self) -> None:
        cluster = self._cluster
        user = server_user(cluster.data)
        cluster.log.mkdir(mode=0o700, exist_ok=True)
        user.own(cluster.log)
        self._remove_old_logs()
        self._make_room_for_the_socket(user)
        options = cluster.options(
            {
                "listen_addresses": "",
                "port": PORT,
                "unix_socket_directories": as_list(cluster.run.resolve()),
                "unix_socket_permissions": "0700",
                "logging_collector": "on",
                "log_directory": str(cluster.log),
            }
        )
        server = [cluster.program("postgres"), "-D", str(cluster.data), *options]
        # The process id of a dead server may now belong to another program, and PostgreSQL would refuse to start. It
        # ignores the process named here, but still refuses to start if the data's shared memory is in use.
        stranger = self._recorded_process()
        environment = {"PG_GRANDPARENT_PID": str(stranger)} if stranger else {}
        # The shell ends at once, so that the server is not our child and leaves no zombie process.
        shell = ["/bin/sh", "-c", '"$@" </dev/null &', "sh"]
        with locked(cluster.server_lock) as lock, open(self._first_words, "wb", opener=private) as output:
            user.run([*shell, *server], output=output, keep_open=[lock], environment=environment)

    def _make_room_for_the_socket(self, user: ServerUser) -> None:
        run = self._cluster.run
        if run.is_symlink():
            if may_hold_a_socket(run.readlink(), user):
                return
            run.unlink()
        length = len(os.fsencode(run / f".s.PGSQL.{PORT}"))
        if length <= LONGEST_PATH_OF_A_SOCKET and "," not in str(run):  # a comma separates hosts in a connection string
            run.mkdir(mode=0o700, exist_ok=True)
            user.own(run)
            return
        if run.exists():
            for file in run.iterdir():
                file.unlink()
            run.rmdir()
        short = Path(mkdtemp(prefix="plantrail-", dir="/tmp"))
        user.own(short)
        run.symlink_to(short)

    def forget_socket(self) -> None:
        """Remove the socket's folder from the temporary folders."""
        run = self._cluster.run
        if run.is_symlink():
            with suppress(OSError):
                run.readlink().rmdir()
            run.unlink()

    def _remove_old_logs(self) -> None:
        """Remove old log files. A running server overwrites the log of a weekday after a week; a server that has just
        started would append to it."""
        for log in self._cluster.log.glob("postgres-*.log"):
            if log.lstat().st_mtime < time.time() - DAYS_OF_LOGS * 86400:
                log.unlink()

    def _last_words(self) -> str:
        words = self._first_words.read_text(errors="replace")
        logs = sorted(self._cluster.log.glob("postgres-*.log"), key=lambda log: log.lstat().st_mtime)
        if logs and logs[-1].lstat().st_mtime >= self._first_words.stat().st_mtime:
            words += logs[-1].read_text(errors="replace")
        return last_lines(words)

    @property
    def _first_words(self) -> Path:
        """The file with the output of the server before it opens its log."""
        return self._cluster.folder / "start.log"


def ping(folder: Path) -> int:
    where = make_conninfo(host=str(folder.resolve()), port=PORT, connect_timeout=5)
    return PGconn.ping(where.encode())


def may_hold_a_socket(folder: Path, user: ServerUser) -> bool:
    """Return whether a folder can hold the socket. A temporary folder may have been removed and created again by
    another user, or be in use by a copied home."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return False
    owner = user.ids[0] if user.ids else os.geteuid()
    private_folder = found.st_mode == stat.S_IFDIR | 0o700 and found.st_uid == owner
    return private_folder and ping(folder) == Ping.NO_RESPONSE


def is_postmaster(process: int, data: Path) -> bool:
    return f" -D {data} " in command_line(process)


def orphaned_sessions(data: Path) -> Iterator[int]:
    """Yield the sessions without a postmaster that work on these data, where the system shows the working directories
    of processes, as Linux does."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            process = int(folder.name)
            if (folder / "cwd").readlink() == data and command_line(process).startswith("postgres: "):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if not is_postmaster(parent, data):
                    yield process


def command_line(process: int) -> str:
    """Return the command line of a process; empty if it is gone, or dead and not yet reaped."""
    if not Path("/proc/self/cmdline").exists():
        words = ["ps", "-ww", "-o", "command=", "-p", str(process)]
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout
    try:
        return os.fsdecode(Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" "))
    except (FileNotFoundError, ProcessLookupError):
        return ""


def as_list(folder: Path) -> str:
    """Return the folder in PostgreSQL's syntax for lists of folders, in which its name might have a meaning."""
    return '"' + str(folder).replace('"', '""') + '"'


def private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
