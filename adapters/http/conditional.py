"""Conditional requests: ETags, `If-None-Match`, and a cache of answers that are ready to be sent."""

from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from hashlib import sha256
from threading import Lock
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from fastapi import Request, Response

from adapters.http.request_headers import headers_of

CACHING = {"Vary": "Authorization", "Cache-Control": "private, no-cache"}


def etag(
    log: UUID | None,
    version: int,
    erasures: int,
    today: date | None,
    form: str = "json",
    head: int = 0,
    struck: int = 0,
    policy: int = 0,
) -> str:
    """Return the ETag of a view: `"<version>.<erasures>[.<today>][.<form>][.head-N][.struck-N][.policy-N].log-<id>"`.

    `today` is the day in the plan's time zone, for views that change with the day. `form` is given unless it is JSON.
    `head` is the size of the checkpoint that the view shows. `struck` counts those of its cuts that are reviews struck
    since. `policy` is the version of the policy that judges it, 0 for the default one. `log` is the id of the log.
    """
    parts = [str(version), str(erasures), *([today.isoformat()] if today else []), *([form] if form != "json" else [])]
    parts += [f"head-{head}"] if head else []
    parts += [f"struck-{struck}"] if struck else []
    parts += [f"policy-{policy}"] if policy else []
    return f'"{".".join([*parts, log_tag(log)])}"'


def log_tag(log: UUID | None) -> str:
    """Return the part of an ETag that names the log. A store that was restored from a copy continues as another log, in
    which the same version may have another content."""
    return f"log-{log.hex[:12]}" if log else "log"


def is_known(request: Request, tag: str) -> bool:
    """Return whether `If-None-Match` says that the caller already has this answer."""
    given = headers_of(request.scope).get("if-none-match")
    if given is None or given == tag:
        return given is not None
    return given.strip() == "*" or tag in [each.strip().removeprefix("W/") for each in given.split(",")]


class Written(Response):
    """An answer whose headers are already encoded, its length among them. Encoding them for each request would take
    longer than sending them."""

    def __init__(self, content: bytes, headers: Sequence[tuple[bytes, bytes]], status: int = 200) -> None:
        self.body = content
        self.status_code = status
        self.background = None
        self.raw_headers = list(headers)


def length(content: bytes) -> tuple[bytes, bytes]:
    """Return the header that says how long the content is."""
    return b"content-length", str(len(content)).encode()


@dataclass(frozen=True)
class Answer:
    """The answer to a GET request, and the URL of the next page if there is one."""

    content: bytes
    next: str | None = None
    media_type: str = "application/json"
    more: Mapping[str, str] = field(default_factory=dict)
    """Further headers."""

    def with_tag(self, tag: str) -> Response:
        return Written(self.content, [(b"etag", tag.encode()), *self.headers, length(self.content)])

    @cached_property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The headers without the ETag."""
        is_text = self.media_type.startswith("text/") and "charset=" not in self.media_type
        content_type = f"{self.media_type}; charset=utf-8" if is_text else self.media_type
        headers = {**CACHING, **self.more, "Content-Type": content_type}
        if self.next:
            headers["Link"] = f'<{self.next}>; rel="next"'
        return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def at_cursor(request: Request, cursor: str | None) -> str | None:
    """Return the URL of the same request with another cursor; None if there is no cursor."""
    if cursor is None:
        return None
    asked = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    parameters = [(name, value) for name, value in asked if name != "cursor"] + [("cursor", cursor)]
    return f"{quote(request.scope['path'])}?{urlencode(parameters)}"


def unchanged(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, **CACHING})


def tagged(request: Request, answer: Answer) -> Response:
    """Return the answer with the hash of its content as its ETag, or 304 if the caller already has it."""
    tag = hash_of(answer)
    return unchanged(tag) if is_known(request, tag) else answer.with_tag(tag)


def hash_of(answer: Answer) -> str:
    """Return an ETag made of the content of an answer."""
    return f'"{sha256(answer.content).hexdigest()[:32]}"'


View = tuple[UUID, *tuple[Hashable, ...]]
"""A plan's id, and everything else that a view of it depends on."""


class ReadyAnswers:
    """A cache of answers by everything on which they depend. The size of all of them in bytes is bounded."""

    def __init__(self, most_bytes: int = 32 * 1024 * 1024) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._answers: OrderedDict[tuple[View, bytes], Answer] = OrderedDict()
        self._lock = Lock()

    def get(self, view: View, asked: bytes) -> Answer | None:
        with self._lock:
            if (view, asked) in self._answers:
                self._answers.move_to_end((view, asked))
            return self._answers.get((view, asked))

    def put(self, view: View, asked: bytes, answer: Answer) -> None:
        with self._lock:
            if (view, asked) in self._answers:
                return
            self._answers[view, asked] = answer
            self._bytes += size(asked, answer)
            while self._bytes > self._most:
                (_, oldest), dropped = self._answers.popitem(last=False)
                self._bytes -= size(oldest, dropped)

    def drop_all(self) -> None:
        with self._lock:
            self._answers.clear()
            self._bytes = 0

    def drop(self, plan_id: UUID) -> None:
        """Drop all views of a plan."""
        with self._lock:
            for view, asked in [key for key in self._answers if key[0][0] == plan_id]:
                self._bytes -= size(asked, self._answers.pop((view, asked)))


def size(asked: bytes, answer: Answer) -> int:
    return len(asked) + len(answer.content) + len(answer.next or "")
