"""What webhooks need from outside: the table of endpoints, and a check of the addresses behind URLs."""

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from application.webhooks.endpoints import Attempt, AttemptPage, ParkedPage, Webhook, WebhookPage
from application.webhooks.formats import Format
from application.webhooks.schedule import DigestWish

LONGEST_URL = 2_000

TryOut = Callable[[UUID, str | None], Coroutine[None, None, Attempt]]
"""Sends a test to an endpoint of an owner (None: of anybody) and returns the attempt. Raises `UnknownWebhook`,
`StoreUnavailable`."""


class TargetRefused(Exception):
    """Why nothing is sent to a URL, and what to give instead."""


class Targets(Protocol):
    """Decides to which URLs events may be sent."""

    async def check(self, text: str) -> str:
        """Return the URL in its canonical form if it currently leads to an allowed address. Raises `TargetRefused`."""


class Webhooks(Protocol):
    """The endpoints, for viewing and managing them. An `owner` sees only their own; None sees all.

    Methods on one endpoint raise `UnknownWebhook`; a `cursor` from another list raises `CursorUnknown`; every method
    raises `StoreUnavailable`.
    """

    def page(self, owner: str | None = None, cursor: str | None = None, limit: int = 100) -> WebhookPage: ...

    def get(self, id: UUID, owner: str | None = None) -> Webhook: ...

    def pause(self, id: UUID, owner: str | None, now: datetime, reason: str | None = None) -> Webhook:
        """Pause the endpoint. Deliveries in progress are completed; events keep waiting."""

    def resume(self, id: UUID, owner: str | None, now: datetime) -> Webhook:
        """Resume the endpoint. Everything that waits is tried at once, except parked plans."""

    def delete(self, id: UUID, owner: str | None) -> None: ...

    def attempts(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> AttemptPage:
        """Return attempts, the latest first."""

    def parked(self, id: UUID, owner: str | None, cursor: str | None = None, limit: int = 100) -> ParkedPage: ...


class WebhookTable(Protocol):
    """The endpoints, as subscriptions change them. `Webhooks` explains owners and errors."""

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
        format: Format = "cloudevents",
        digest: DigestWish | None = None,
    ) -> bytes:
        """Create an endpoint and return its secret. Events after the position `after` are sent; without one, only
        future events.

        Raises `TooManyWebhooks`.
        """

    def get(self, id: UUID, owner: str | None = None) -> Webhook: ...

    def replay(
        self, id: UUID, owner: str | None, now: datetime, plan: UUID | None = None, after: int | None = None
    ) -> Webhook:
        """Send again everything after a position, or everything of one plan. A parked plan without a position is
        resumed where it stopped. Replayed plans are no longer parked.

        Raises `NothingToReplay`.
        """

    def rotate_secret(self, id: UUID, owner: str | None, now: datetime) -> tuple[bytes, datetime]:
        """Make a new secret. Returns it, and the time until which the previous one signs too."""

    def plans_there(self, ids: Sequence[UUID]) -> list[UUID]:
        """Return the ids of plans that exist, in the given order; if there are none, the plans for which the ids are
        aliases."""
