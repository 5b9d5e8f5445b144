"""What keeps a service from being ready.  docs/operations.md says for each reason what to do."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

Reason = Literal["embedded-down", "store-away", "keys-unread", "projection-behind"]
"""The names are for programs and runbooks, and stay."""

Checks = Mapping[Reason, Callable[[], str | None]]
"""For each reason, what is the matter in a sentence; None where nothing is."""


class NotReady(NamedTuple):
    """A reason, and what is the matter."""

    reason: Reason
    detail: str


def found(checks: Checks) -> Iterator[NotReady]:
    """Every reason that there is at the moment.  Without the store nothing else can be looked at."""
    for reason, look in checks.items():
        if detail := look():
            yield NotReady(reason, detail)
            if reason == "store-away":
                return
