"""A request is forwarded without the headers of its connection and body, and its answer arrives part by part."""

import asyncio
from asyncio import StreamReader, StreamWriter
from pathlib import Path
from typing import Any

import pytest

from adapters.http.forwarding import ForwardedAnswer, Forwarder, NotAnswered

ASKED = {
    "type": "http",
    "method": "GET",
    "path": "/v1/plans/a b",
    "raw_path": b"/v1/plans/a%20b",
    "query_string": b"as_of=now",
    "request_id": "the-same",
    "headers": [
        (b"host", b"localhost"),
        (b"authorization", b"Bearer x"),
        (b"content-length", b"3"),  # nothing of a body is passed on
        (b"transfer-encoding", b"chunked"),
        (b"expect", b"100-continue"),
        (b"connection", b"keep-alive"),
    ],
}
PASSED_ON = (
    b"GET /v1/plans/a%20b?as_of=now HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer x\r\n"
    b"x-request-id: the-same\r\nconnection: close\r\n\r\n"
)
HEAD = b'HTTP/1.1 200 OK\r\ndate: today\r\nETag: "1"\r\n'
WHOLE = {
    "of a length that is said": HEAD + b"content-length: 6\r\n\r\nabcdef",
    "in chunks": HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n",
}
BROKEN = {
    "nothing": b"",
    "no answer": b"SSH-2.0\r\n\r\n",
    "half a head": HEAD,
    "less than is said": HEAD + b"content-length: 7\r\n\r\nabcdef",
    "no last chunk": HEAD + b"transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n",
}


async def passed_on(folder: Path, answer: bytes | None) -> tuple[list[Any], bytes]:
    """What is sent to the caller, and what came to whoever gives this answer, a byte at a time."""
    asked, sent, path = b"", list[Any](), str(folder / "views")

    async def answered(reader: StreamReader, writer: StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        for byte in answer or b"":
            writer.write(bytes([byte]))
            await asyncio.sleep(0)
        writer.close()

    async def here(_scope: Any, _receive: Any, _send: Any) -> None:
        sent.append("answered here")

    async def receive() -> Any:
        raise AssertionError("nothing is received")

    async def send(message: Any) -> None:
        sent.append(message)

    server = await asyncio.start_unix_server(answered, path) if answer is not None else None
    try:
        await ForwardedAnswer(Forwarder(path, lambda: True), here)(dict(ASKED), receive, send)
    except NotAnswered:
        sent.append("broken off")
    if server:
        server.close()
    return sent, asked


@pytest.mark.parametrize("how", WHOLE)
def test_a_whole_answer_comes_back_as_it_is(tmp_path: Path, how: str):
    (begin, *parts), asked = asyncio.run(passed_on(tmp_path, WHOLE[how]))
    assert asked == PASSED_ON
    assert begin["status"] == 200
    assert begin["headers"][0] == (b"etag", b'"1"')
    assert b"".join(part.get("body", b"") for part in parts) == b"abcdef"
    assert [part.get("more_body", False) for part in parts][-1] is False


@pytest.mark.parametrize("how", BROKEN)
def test_an_answer_that_breaks_off_is_made_here_or_is_seen_to_be_broken(tmp_path: Path, how: str):
    sent, _ = asyncio.run(passed_on(tmp_path, BROKEN[how]))
    assert sent[-1] == ("broken off" if b"\r\n\r\n" in BROKEN[how] and HEAD in BROKEN[how] else "answered here")
    assert len(sent) == 1 or all(part.get("more_body", True) for part in sent[1:-1])


def test_while_nobody_is_there_it_is_answered_here(tmp_path: Path):
    assert asyncio.run(passed_on(tmp_path, None))[0] == ["answered here"]
