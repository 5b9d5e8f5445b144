"""The rendering pool, which converts reports to their forms. Slow forms are made in a child process, one at a time."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self

from adapters.rendering.document import Form
from adapters.rendering.markdown import markdown
from adapters.rendering.reports import document
from adapters.rendering.worker import IDLE_SECONDS

MEDIA_TYPES: Mapping[Form, str] = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "pdf": "application/pdf",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
LIBRARIES: Mapping[Form, tuple[str, str] | None] = {
    "json": None,
    "html": None,
    "md": None,
    "pdf": None,
    "pptx": ("pptx", "slides"),
}
"""For each form, the library that makes it and the extra that installs it; None if it needs no extra."""
MOST_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


class RenderingFailed(Exception):
    """The report could not be rendered in this form."""


class FormNotInstalled(Exception):
    """What makes this form is not installed."""


def check_installed(form: Form) -> None:
    """Raise `FormNotInstalled` if a form cannot be made here. The message says what to install."""
    if (made_by := LIBRARIES[form]) is None:
        return
    library, extra = made_by
    if find_spec(library) is None:
        raise FormNotInstalled(f"What makes {form} is not installed here: pip install 'plantrail[{extra}]'.")


class Child:
    """A child process that renders, and the pipe to it."""

    def __init__(self, idle_seconds: float) -> None:
        ours, theirs = Pipe()
        self._line: Connection = ours
        with theirs:
            start = (
                f"import runpy, sys; sys.path.insert(0, {str(ROOT)!r});"
                " runpy.run_module('adapters.rendering.worker', run_name='__main__', alter_sys=True)"
            )
            words = [sys.executable, "-P", "-c", start, str(theirs.fileno()), str(idle_seconds)]
            self.process = subprocess.Popen(words, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)

    def ask(self, order: bytes, most_seconds: float) -> bytes:
        """Send an order and return the rendered report.

        Raises `RenderingFailed`, and `EOFError` or `OSError` if the child has gone.
        """
        self._line.send_bytes(order)
        if not self._line.poll(most_seconds):
            raise RenderingFailed(f"It took longer than {most_seconds:.0f} seconds.")
        answer = self._line.recv_bytes()
        if answer[:1] == b"-":
            raise RenderingFailed(answer[1:].decode())
        return answer[1:]

    def end(self) -> None:
        self._line.close()
        self.process.kill()
        self.process.wait()


class RenderingPool:
    """Renders reports. Many threads may ask at once; they take turns at the child process."""

    def __init__(
        self,
        idle_seconds: float = IDLE_SECONDS,
        most_seconds: float = MOST_SECONDS,
        address: str = "",
        slides_template: Path | None = None,
    ) -> None:
        """`address` is the address under which the pages of events are served, for links in documents. Slides are made
        from `slides_template`, if there is one."""
        self._address = address
        self._slides_template = str(slides_template or "")
        self._idle_seconds = idle_seconds
        self._most_seconds = most_seconds
        self._child: Child | None = None
        self._closed = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def made(self, name: str, form: Form, report: bytes) -> bytes:
        """Render the JSON of a report in a form. Raises `FormNotInstalled`, `RenderingFailed`."""
        check_installed(form)
        if make := AT_ONCE[form]:
            return make(name, report, self._address)
        order = b"\n".join((*(each.encode() for each in (name, form, self._address, self._slides_template)), report))
        with self._lock:
            try:
                return self._asked(order)
            except (EOFError, OSError):
                # The child had just ended because it was idle. A new one takes over.
                self._end_child()
                return self._asked(order)

    def _asked(self, order: bytes) -> bytes:
        if self._closed:
            raise RenderingFailed("The press is closed.")
        if self._child is None or self._child.process.poll() is not None:
            self._end_child()
            self._child = Child(self._idle_seconds)
        try:
            return self._child.ask(order, self._most_seconds)
        except RenderingFailed:
            self._end_child()
            raise

    def close(self) -> None:
        """Stop. A report that is being rendered is abandoned."""
        self._closed = True
        if under_way := self._child:
            under_way.process.kill()
        with self._lock:
            self._end_child()

    def _end_child(self) -> None:
        if self._child:
            self._child.end()
            self._child = None


def written_as_markdown(name: str, report: bytes, address: str) -> bytes:
    return markdown(document(name, json.loads(report), address))


AT_ONCE: Mapping[Form, Callable[[str, bytes, str], bytes] | None] = {
    "json": lambda _name, report, _address: report,
    "md": written_as_markdown,
    "html": None,
    "pdf": None,
    "pptx": None,
}
"""For each form, the function that makes it in the caller's process; None if the child process makes it."""
