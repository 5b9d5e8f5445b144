"""A transport that sends the head of an answer and its body together.

The server writes them one after the other. Each write costs a system call and a packet, and wakes the caller, which the
first one does in vain.
"""

import asyncio
from typing import Any


class JoinedWrites:
    """The transport of one connection. It holds a write back for the one that follows, until the loop goes on."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self._send_held)
        else:
            held, self._held = self._held, None
            self._transport.writelines((held, data))

    def write_whole(self, data: bytes) -> None:
        """Write what nothing follows."""
        if self._held is None:
            self._transport.write(data)
        else:
            self.write(data)

    def write_eof(self) -> None:
        self._send_held()
        self._transport.write_eof()

    def close(self) -> None:
        self._send_held()
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def _send_held(self) -> None:
        held, self._held = self._held, None
        if held and not self._transport.is_closing():
            self._transport.write(held)
