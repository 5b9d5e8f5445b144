"""What webhooks need of the world: a table of endpoints, and somebody who knows where a URL leads."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.webhooks.endpoints import Attempt, AttemptPage, ParkedPage, Webhook, WebhookPage

LONGEST_URL = 2_000

TryOut = Callable[[UUID, str | None], Coroutine[None, None, Attempt]]
"""Send a test to an endpoint of an owner (None: of anybody), and say what came back.

Raises `UnknownWebhook`, `StoreUnavailable`.
"""


class TargetRefused(Exception):
    """Why nothing is sent to a URL, and what to give instead."""


class Targets(Protocol):
    """Which URLs events may be sent to."""

    async def check(self, text: str) -> str:
        """The URL in its one canonical form, if it leads where it may now.  Raises `TargetRefused`."""


class Webhooks(Protocol):
    """The endpoints there are, as they are looked at and steered.  An `owner` sees their own only; None sees all.

    What is asked of one endpoint raises `UnknownWebhook`, a `cursor` that its list did not give `CursorUnknown`; every
    method raises `StoreUnavailable`.
    """

    def page(self, owner: str | None = None, cursor: str | None = None, limit: int = 100) -> WebhookPage: ...

    def get(self, id: UUID, owner: str | None = None) -> Webhook: ...

    def pause(self, id: UUID, owner: str | None, now: datetime, reason: str | None = None) -> Webhook:
        """What is under way is done; what waits goes on waiting."""

    def resume(self, id: UUID, owner: str | None, now: datetime) -> Webhook:
        """Everything that waits is tried at once, but for what is parked."""

    def delete(self, id: UUID, owner: str | None) -> None: ...

    def attempts(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> AttemptPage:
        """The latest first."""

    def parked(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> ParkedPage: ...


class WebhookTable(Protocol):
    """The endpoints there are, as subscribing changes them; see `Webhooks` for owners and errors."""

    def create(
        self,
        id: UUID,
        owner: str,
        url: str,
        now: datetime,
        topics: Iterable[str] = (),
        plans: Iterable[UUID] = (),
        personal_data: bool = False,
        after: int | None = None,
    ) -> bytes:
        """The secret of the new endpoint.  What stands on the log after the position is sent; without one, what is yet
        to come.  Raises `TooManyWebhooks`."""

    def get(self, id: UUID, owner: str | None = None) -> Webhook: ...

    def replay(
        self, id: UUID, owner: str | None, now: datetime, plan: UUID | None = None, after: int | None = None
    ) -> Webhook:
        """Send everything after a position again, or what there is of one plan; of a parked plan, if no position is
        given, go on where it stopped.  What was parked is so no more.  Raises `NothingToReplay`."""

    def rotate_secret(self, id: UUID, owner: str | None, now: datetime) -> tuple[bytes, datetime]:
        """The new secret, and until when the one before it signs as well."""

    def plans_there(self, ids: Sequence[UUID]) -> list[UUID]:
        """Those that were opened, in the order given."""
