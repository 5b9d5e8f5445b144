"""Retries: temporary failures are tried again, and refusals are raised in the service's own words.

Threads and coroutines share this module: `attempts` says what to do next, and its caller does it.
"""

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass
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


Steps = Generator[httpx.Request | Wait, httpx.Response | httpx.TransportError | None, httpx.Response]
"""Yields what to do next; receives the answer to a request, or the transport error; returns the final answer."""


def attempts(request: httpx.Request, patience: float) -> Steps:
    """Try a request until it is answered, waiting for `patience` seconds in total.

    The request must be safe to repeat: a view, or a command with an Idempotency-Key. Raises `Problem` if it is refused,
    `Unreachable` if nobody answers.
    """
    waited, pause = 0.0, FIRST_PAUSE_SECONDS
    while True:
        answer = yield request
        if isinstance(answer, NEVER_SENT):
            raise Unreachable(f"{request.url.copy_with(query=None)} cannot be asked: {answer}") from answer
        if isinstance(answer, httpx.Response) and answer.status_code not in FAILED_FOR_THE_MOMENT:
            if answer.is_success:
                return answer
            raise problem_of(answer)
        seconds = pause_before_next(answer, pause)
        if waited + seconds > patience:
            if isinstance(answer, httpx.Response):
                raise problem_of(answer)
            raise Unreachable(f"{request.url.copy_with(query=None)} did not answer: {answer!r}") from answer
        yield Wait(seconds)
        waited, pause = waited + seconds, min(2 * pause, LONGEST_PAUSE_SECONDS)


def pause_before_next(answer: httpx.Response | httpx.TransportError | None, pause: float) -> float:
    """Return the seconds to wait: the time in `Retry-After`, else about `pause`, randomised for every caller."""
    named = answer.headers.get("retry-after", "") if isinstance(answer, httpx.Response) else ""
    return float(named) if named.isdecimal() else pause * random.uniform(0.5, 1)


def problem_of(answer: httpx.Response) -> Problem:
    """Return the problem in an answer whose text has been read."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return Problem(answer.status_code, answer.json())
    return Problem(answer.status_code, {})
