"""The child process that renders charts, pages and PDFs.

It needs 200 MB of memory, so it is separate from the server and ends when it has been idle for a while.
"""

import json
import signal
import sys
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

IDLE_SECONDS = 60.0


def work(asked: Connection, idle_seconds: float = IDLE_SECONDS) -> None:
    """Process orders until none has come for `idle_seconds`, or until the parent has gone."""
    while asked.poll(idle_seconds):
        try:
            order = asked.recv_bytes()
        except EOFError:
            return
        try:
            answer = b"+" + made(order)
        except Exception:  # noqa: BLE001 - The error is sent to the process that asked, and raised there.
            answer = b"-" + traceback.format_exc().encode()
        asked.send_bytes(answer)


def made(order: bytes) -> bytes:
    """Render one order: the name of a report, the name of a form, the address of the pages of events, the template of
    slides, and the report's JSON, one per line."""
    from adapters.rendering.page import page
    from adapters.rendering.pdf import pdf
    from adapters.rendering.reports import document

    name, form, address, template, report = order.split(b"\n", 4)
    shown = document(name.decode(), json.loads(report), address.decode())
    if form == b"pptx":
        # It exists only where the extra is installed.
        from adapters.rendering.slides import slides

        return slides(shown, Path(template.decode()) if template else None)
    return {b"html": page, b"pdf": pdf}[form](shown)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(int(sys.argv[1])) as connection:
        work(connection, float(sys.argv[2]))
