"""A load of HTTP requests from a process of its own: `python -m tests.bench.load PORT CLIENTS SECONDS KIND`."""

import asyncio
import json
import sys
from time import perf_counter

BODY = json.dumps(
    {"statement": "Send the price for line 3 to procurement", "kind": "task", "owner": "ben", "due_on": "2030-01-31"}
).encode()


def request(kind: str, client: int) -> bytes:
    """What a client sends again and again: a command on its own plan, a current plan, or the same bytes from
    nowhere."""
    path = {"command": f"/v1/plans/bench-{client}/add-action", "plan": "/v1/plans/bench-big", "bytes": "/bytes"}[kind]
    if kind != "command":
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


async def client(port: int, sent: bytes, until: float, latencies: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    while perf_counter() < until:
        began = perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        latencies.append(perf_counter() - began)
    writer.close()
    await writer.wait_closed()


async def main(port: int, clients: int, seconds: float, kind: str) -> None:
    latencies: list[float] = []
    began = perf_counter()
    await asyncio.gather(*(client(port, request(kind, each), began + seconds, latencies) for each in range(clients)))
    took = perf_counter() - began
    latencies.sort()
    percentile = {
        f"p{share}_milliseconds": round(latencies[int(len(latencies) * share / 100)] * 1000, 2) for share in (50, 99)
    }
    print(json.dumps({"per_second": round(len(latencies) / took), **percentile}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))
