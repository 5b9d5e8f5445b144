"""The process that makes charts, pages and PDFs: it takes 200 MB, so it is not the server's, and ends when nobody
asks."""

import json
import signal
import sys
import traceback
from multiprocessing.connection import Connection

IDLE_SECONDS = 60.0


def work(asked: Connection, idle_seconds: float = IDLE_SECONDS) -> None:
    """Answer until nobody has asked for so long, or until whoever asks is gone."""
    while asked.poll(idle_seconds):
        try:
            order = asked.recv_bytes()
        except EOFError:
            return
        try:
            answer = b"+" + made(order)
        except Exception:  # noqa: BLE001 - it is told to whoever asked, and raised there
            answer = b"-" + traceback.format_exc().encode()
        asked.send_bytes(answer)


def made(order: bytes) -> bytes:
    """What is ordered is the name of a report, the name of a form, and the JSON of the report, each on a line."""
    from adapters.rendering.page import page
    from adapters.rendering.pdf import pdf
    from adapters.rendering.reports import document

    name, form, report = order.split(b"\n", 2)
    writers = {b"html": page, b"pdf": pdf}
    return writers[form](document(name.decode(), json.loads(report)))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Connection(int(sys.argv[1])) as connection:
        work(connection, float(sys.argv[2]))
