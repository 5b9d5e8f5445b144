"""Retries: temporary failures are tried again, and refusals are raised in the service's own words.

Threads and coroutines share this module: `attempts` says what to do next, and its caller does it.
"""

import random
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx

FAILED_FOR_THE_MOMENT = frozenset({429, 502, 503, 504})
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 20.0
NEVER_SENT = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
"""Errors of a request that is wrong in itself, such as an address without `https://`."""


class Problem(Exception):
    """The service refused a request, and says why in a sentence."""

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        super().__init__(document.get("detail") or document.get("title") or f"The service answered {status}.")
        self.status = status
        """The HTTP status of the answer."""
        self.document = document
        """The problem document (RFC 9457); empty if the answer was not one."""

    @property
    def type(self) -> str:
        """The type of the problem as a stable word: `unknown-stakeholder`, `version-conflict`."""
        return str(self.document.get("type", "")).rpartition("/")[2]

    @property
    def errors(self) -> list[Mapping[str, str]]:
        """What is wrong in the body or the query, each with a `pointer` (RFC 6901) and a `detail`."""
        return list(self.document.get("errors", ()))


class Unreachable(Exception):
    """The service did not answer, however often it was asked."""


@dataclass(frozen=True)
class Wait:
    """The caller should wait for some seconds."""

    seconds: float


Steps = Generator[httpx.Request | Wait, httpx.Response | httpx.RequestError | None, httpx.Response]
"""Yields what to do next; receives the answer to a request, or why there is none; returns the final answer."""


def attempts(request: httpx.Request, patience: float) -> Steps:
    """Try a request until it is answered, for `patience` seconds in total.

    The request must be safe to repeat: a view, or a command with an Idempotency-Key. Raises `Problem` if it is refused,
    `Unreachable` if nobody answers, or somebody else does.
    """
    began, pause = monotonic(), FIRST_PAUSE_SECONDS
    while True:
        answer = yield request
        if isinstance(answer, NEVER_SENT):
            raise Unreachable(f"{request.url.copy_with(query=None)} cannot be asked: {answer}") from answer
        if isinstance(answer, httpx.Response) and answer.status_code not in FAILED_FOR_THE_MOMENT:
            if not answer.is_success:
                raise problem_of(answer)
            if not is_json(answer):
                what = answer.headers.get("content-type") or "nothing"
                raise Unreachable(f"{request.url.copy_with(query=None)} is no plantrail: it answers with {what}.")
            return answer
        seconds = pause_before_next(answer, pause)
        if monotonic() - began + seconds > patience:
            if isinstance(answer, httpx.Response):
                raise problem_of(answer)
            raise Unreachable(f"{request.url.copy_with(query=None)} did not answer: {answer!r}") from answer
        yield Wait(seconds)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def pause_before_next(answer: httpx.Response | httpx.RequestError | None, pause: float) -> float:
    """Return the seconds to wait: the time in `Retry-After`, but at least about `pause`, randomised for every caller.
    Who names no time at all is not asked without end."""
    named = answer.headers.get("retry-after", "") if isinstance(answer, httpx.Response) else ""
    return max(float(named) if named.isdecimal() else 0.0, pause * random.uniform(0.5, 1))


def problem_of(answer: httpx.Response) -> Problem:
    """Return the problem in an answer whose text has been read."""
    document: Mapping[str, Any] = {}
    if is_json(answer):
        with suppress(ValueError):  # It may have been cut short.
            document = answer.json()
    return Problem(answer.status_code, document if isinstance(document, dict) else {})


def is_json(answer: httpx.Response) -> bool:
    media_type: str = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    return media_type.startswith("application/") and media_type.endswith("json")
