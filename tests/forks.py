"""Python programs that start at once, because they are forks of a process that has already imported plantrail.

Importing everything takes a program a second or two, which is most of the time of many tests. A fork is otherwise like
a process of `python -c`: it has its own arguments, environment, folder and files, and can be killed on its own. Tests
of the installed program show what a start from scratch is like.
"""

import atexit
import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any, Self

from pydantic import BaseModel

from adapters.cli.commands import MAKES
from tests.places import ROOT

COMMAND_LINE = "from adapters.cli.main import app; app()"
"""The code of `plantrail`."""
LONGEST_REQUEST = 1 << 20
"""The number of bytes of code, arguments and environment."""
PID_BYTES = 10
IMPORTED = (
    "adapters.cli.main adapters.bootstrap.http_service adapters.bootstrap.nats_relay adapters.bootstrap.webhook_worker"
    " adapters.cli.commands adapters.postgres.embedded adapters.postgres.store adapters.web.app"
).split() + [f"adapters.cli.{module}" for module in MAKES]
"""Modules that import all others. What they import late is imported late in a fork too."""


class PythonProgram:
    """The part of `subprocess.Popen([sys.executable, "-c", code, *words])` that tests need."""

    def __init__(
        self,
        code: str,
        *words: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | str = ROOT,
        stdin: int = subprocess.DEVNULL,
        stdout: IO[Any] | int | None = None,
        stderr: IO[Any] | int | None = None,
        text: bool = False,
    ) -> None:
        sys.audit("subprocess.Popen", sys.executable, ["-c", code, *words], cwd, env)
        self.returncode: int | None = None
        self._told, telling = socket.socketpair()
        theirs = []
        self.stdin, read = _pipe_from(stdin, text)
        theirs.append(read)
        self.stdout, written = _pipe_to(stdout, 1, text)
        theirs.append(written)
        self.stderr, written = _pipe_to(stderr, 2, text)
        theirs.append(written)
        said = {"code": code, "words": words, "env": dict(os.environ if env is None else env), "cwd": str(cwd)}
        _forking().ask(said, [*theirs, telling.fileno()])
        telling.close()
        for number, given in zip(theirs, (stdin, stdout, stderr), strict=True):
            if given in (subprocess.PIPE, subprocess.DEVNULL):
                os.close(number)
        self.pid = int(self._told.recv(PID_BYTES, socket.MSG_WAITALL))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self.stdout, self.stderr, self.stdin):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self.wait()

    def poll(self) -> int | None:
        try:
            return self.wait(timeout=0.001)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, or the negative number of the signal that ended it."""
        if self.returncode is None:
            self._told.settimeout(timeout)
            try:
                ended = self._told.recv(16)
            except TimeoutError:
                raise subprocess.TimeoutExpired("python", timeout or 0) from None
            self.returncode = int(ended)
            self._told.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[Any, Any]:
        if self.stdin:
            self.stdin.close()
        read = [stream.read() if stream else None for stream in (self.stdout, self.stderr)]
        for stream in filter(None, (self.stdout, self.stderr)):
            stream.close()
        self.wait(timeout)
        return read[0], read[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _pipe_from(given: int, text: bool) -> tuple[IO[Any] | None, int]:
    """Our end of its input, and its own."""
    if given != subprocess.PIPE:
        return None, os.open(os.devnull, os.O_RDONLY)
    read, write = os.pipe()
    return os.fdopen(write, "w" if text else "wb"), read


def _pipe_to(given: IO[Any] | int | None, usual: int, text: bool) -> tuple[IO[Any] | None, int]:
    if given == subprocess.PIPE:
        read, write = os.pipe()
        return os.fdopen(read, "r" if text else "rb"), write
    if given == subprocess.DEVNULL:
        return None, os.open(os.devnull, os.O_WRONLY)
    if given is None:
        return None, usual
    return None, given if isinstance(given, int) else given.fileno()


class Forking:
    """The process that is forked. It ends when we do."""

    def __init__(self) -> None:
        # Of a message each, so that many processes may ask by the same.
        self._asking, asked = socket.socketpair(type=socket.SOCK_SEQPACKET)
        with asked:
            words = [sys.executable, "-m", "tests.forks", str(asked.fileno())]
            self._process = subprocess.Popen(words, cwd=ROOT, pass_fds=[asked.fileno()], stdin=subprocess.DEVNULL)
        atexit.register(self.end)

    def ask(self, said: Mapping[str, Any], files: Sequence[int]) -> None:
        socket.send_fds(self._asking, [json.dumps(said).encode()], list(files))

    def fileno(self) -> int:
        return self._asking.fileno()

    def end(self) -> None:
        self._asking.close()
        self._process.wait()


@cache
def _forking() -> Forking:
    return Forking()


IN_A_SHELL = """#!{python} -IS
import json, os, socket, sys
told, telling = socket.socketpair()
said = {{"code": {code!r}, "words": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}}
with socket.socket(fileno={asking}) as asking:
    socket.send_fds(asking, [json.dumps(said).encode()], [0, 1, 2, telling.fileno()])
telling.close()
told.recv({pid_bytes}, socket.MSG_WAITALL)
sys.exit(int(told.recv(16)) % 256)
"""
"""A program that begins in milliseconds, asks for a fork, and ends as that does."""


def command_in(folder: Path, name: str = "plantrail") -> int:
    """Write the program of this name for a shell: to be found in this folder, and to be given this file, which is the
    way to the process that is forked."""
    asking = _forking().fileno()
    program = folder / name
    program.write_text(IN_A_SHELL.format(python=sys.executable, code=COMMAND_LINE, asking=asking, pid_bytes=PID_BYTES))
    program.chmod(0o755)
    return asking


def begin() -> None:
    """Start the process that is forked, for this process and its forks."""
    _forking()


# In the process that is forked


def next_program(asked: socket.socket) -> str:
    """Return the code of a program, in the new process. The process that is forked does not leave this function."""
    while True:
        said, files, _, _ = socket.recv_fds(asked, LONGEST_REQUEST, 4)
        if not said:
            os._exit(0)
        if os.fork() == 0:
            asked.close()
            return _watched(json.loads(said), files)
        for number in files:
            os.close(number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _watched(said: Mapping[str, Any], files: Sequence[int]) -> str:
    """Run the program, and let a waiting process report its end."""
    *streams, telling = files
    program = os.fork()
    if program:
        for number in streams:
            os.close(number)
        os.write(telling, b"%*d" % (PID_BYTES, program))
        _, status = os.waitpid(program, 0)
        os.write(telling, b"%d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(telling)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Anew, for what they were is not what they are now: a file can be told where to go on, a pipe cannot.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace", closefd=False)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(said["cwd"])
    os.environ.clear()
    os.environ.update(said["env"])
    time.tzset()
    sys.argv = ["-c", *said["words"]]
    return str(said["code"])


def models_below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from models_below(each)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.disable()  # all that is imported is kept
    for name in IMPORTED:
        import_module(name)
    for model in models_below(BaseModel):
        model.model_rebuild()  # else every program would build those that it uses
    gc.freeze()
    gc.enable()
    code = next_program(socket.socket(fileno=int(sys.argv[1])))
    exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 - as `python -c` does
