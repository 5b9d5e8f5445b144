"""Endless files sent to a running service: it keeps little of them in memory, and refuses them with a sentence."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests import plain_http
from tests.adapters.cli.test_cli import environment, refused
from tests.adapters.exchange.test_import_crashes import serving

pytestmark = pytest.mark.torture

GIGABYTE = 1_000_000_000
BEFORE = (
    b'--b\r\nContent-Disposition: form-data; name="options"\r\n\r\n{"kind": "goals", "plan": "acme"}\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n'
)
MOST_MEGABYTES_MORE = 60


def test_a_gigabyte_is_refused_and_never_held(connection_strings, tmp_path):
    with serving(connection_strings, tmp_path) as (url, service):
        before = most_memory(service.pid)
        for headers in ({}, {"Content-Encoding": "gzip"}):
            answer = posted(url, headers)
            assert (answer.status_code, answer.json()["type"]) == (413, "/problems/file-too-large")
            assert "A file may have 256 MB at most. Split it." in answer.json()["detail"]
        sparse = tmp_path / "sparse.csv"
        with sparse.open("wb") as file:
            file.truncate(GIGABYTE)
        words = ["import", "csv", "goals", str(sparse), "--plan", "acme"]
        given = environment(connection_strings) | {"TMPDIR": str(tmp_path), "PLANTRAIL_URL": url}
        assert "A file may have 256 MB at most. Split it." in refused(*words, **given)
        assert most_memory(service.pid) - before < MOST_MEGABYTES_MORE
        assert not list(tmp_path.glob("plantrail-imports-*/*/sent"))


def posted(url: str, headers: dict[str, str]) -> httpx.Response:
    """What is answered to a body of which nobody says how long it is, and that goes on for ever."""

    def body() -> Iterator[bytes]:
        yield BEFORE
        for _ in range(GIGABYTE // 1_000_000):
            yield b"a,b\n" * 250_000

    sent = {"Content-Type": "multipart/form-data; boundary=b", "X-Actor": "ann", **headers}
    with plain_http.Client(timeout=120) as client:
        return client.post(f"{url}/v1/imports", content=body(), headers=sent)


def most_memory(pid: int) -> int:
    """The most that a process has held, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))
