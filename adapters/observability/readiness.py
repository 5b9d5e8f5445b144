"""The reasons why a service is not ready. docs/operations.md says what to do about each."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

Reason = Literal[
    "embedded-down",
    "store-away",
    "store-read-only",
    "clock-ahead",
    "keys-unread",
    "projection-behind",
    "log-unsealed",
]
"""The names never change, because programs and runbooks use them."""

Checks = Mapping[Reason, Callable[[], str | None]]
"""For each reason, a function that returns what is wrong, as a sentence, or None."""


class NotReady(NamedTuple):
    """A reason, and what is wrong."""

    reason: Reason
    detail: str


def found(checks: Checks) -> Iterator[NotReady]:
    """Return every reason that applies now. While the store is unavailable, the reasons after it cannot be checked."""
    for reason, look in checks.items():
        if detail := look():
            yield NotReady(reason, detail)
            if reason == "store-away":
                return
