"""Test deliveries: a test event, which belongs to no plan, is sent to an endpoint on demand, whatever the endpoint's
state."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from adapters.access.tls_trust import public_authorities
from adapters.events.cloud_events import of_no_plan
from adapters.outbound.chats.formats import WRITTEN
from adapters.outbound.chats.message import ChatMessage, Line, Section
from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.delivery import WebhookSender
from application.feed.cursors import NOW
from application.feed.ports import Feed
from application.webhooks.attempts import Outcome
from application.webhooks.endpoints import Attempt, Webhook
from application.webhooks.formats import Format

TEST_TYPE = "plantrail.webhook-test.v1"


class TestedWebhooks(Protocol):
    """The endpoints, as tests need them (`application.webhooks.ports.Webhooks`)."""

    def get(self, id: UUID, owner: str | None = None) -> Webhook: ...

    def target(self, id: UUID, owner: str | None, now: datetime) -> tuple[str, list[bytes]]:
        """Return the URL, and the secrets that sign now, the newest first."""

    def tell(self, id: UUID, event_id: str, outcome: Outcome, now: datetime) -> None:
        """Record the outcome of the attempt."""


class Trial:
    """Sends test deliveries (`application.webhooks.ports.TryOut`)."""

    def __init__(
        self,
        webhooks: TestedWebhooks,
        feed: Feed[object],
        targets: Targets,
        now: Callable[[], datetime],
        make_id: Callable[[], UUID],
        address: str,
    ) -> None:
        """`address` is the URL of the service."""
        self._webhooks = webhooks
        self._feed = feed
        self._targets = targets
        self._now = now
        self._make_id = make_id
        self._address = address

    async def send(self, id: UUID, owner: str | None) -> Attempt:
        """Send a test and return the attempt. Raises `UnknownWebhook`, `StoreUnavailable`."""
        now, event_id = self._now(), f"test:{self._make_id()}"
        webhook = await asyncio.to_thread(self._webhooks.get, id, owner)
        url, secrets = await asyncio.to_thread(self._webhooks.target, id, owner, now)
        log_id = (await asyncio.to_thread(self._feed.page, NOW, most=1)).log_id
        body = of_no_plan(log_id, event_id, TEST_TYPE, now, {"webhook": id})
        if webhook.format != "cloudevents":
            body = WRITTEN[webhook.format](test_message(self._address))
        outcome = await self._posted(url, secrets, event_id, body, webhook.format)
        await asyncio.to_thread(self._webhooks.tell, id, event_id, outcome, now)
        return Attempt(
            event=event_id,
            attempted_at=now,
            milliseconds=outcome.milliseconds,
            status=outcome.status,
            error=outcome.error,
        )

    async def _posted(self, url: str, secrets: list[bytes], event_id: str, body: bytes, format: Format) -> Outcome:
        sender = WebhookSender(self._targets, self._now, await asyncio.to_thread(public_authorities))
        try:
            return await sender.send(url, secrets, event_id, body, format)
        finally:
            await sender.close()


def test_message(address: str) -> ChatMessage:
    return ChatMessage("Test", [Section([Line("It works", "messages of plantrail arrive here")])], address)
