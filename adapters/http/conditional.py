"""ETags: unchanged answers are not sent again, and are served as the same bytes."""

from collections import OrderedDict
from collections.abc import Hashable
from datetime import date
from threading import Lock

from fastapi import Request, Response

CACHING = {"Vary": "Authorization", "Cache-Control": "private, no-cache"}


def etag(version: int, erasures: int, today: date | None) -> str:
    """`"<version>.<erasures>.<the plan's today, where it matters>"`"""
    parts = [str(version), str(erasures), *([today.isoformat()] if today else [])]
    return f'"{".".join(parts)}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether `If-None-Match` says the caller has this answer."""
    given = request.headers.get("if-none-match")
    if given is None:
        return False
    return given.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in given.split(",")]


def unchanged(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, **CACHING})


def ready(content: bytes, tag: str, media_type: str = "application/json") -> Response:
    return Response(content, headers={"ETag": tag, **CACHING}, media_type=media_type)


class ReadyAnswers:
    """Answers made before, by everything they depend on; bounded by their bytes."""

    def __init__(self, most_bytes: int = 32 * 1024 * 1024) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[Hashable, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable) -> bytes | None:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
            return self._answers.get(key)

    def put(self, key: Hashable, content: bytes) -> None:
        with self._lock:
            self._bytes += len(content) - len(self._answers.pop(key, b""))
            self._answers[key] = content
            while self._bytes > self._most:
                _, dropped = self._answers.popitem(last=False)
                self._bytes -= len(dropped)
