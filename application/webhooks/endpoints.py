"""Webhook endpoints as their owners see them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from application.webhooks.formats import Format

State = Literal["active", "paused", "disabled"]


class UnknownWebhook(Exception):
    """There is no such webhook, or it is not yours."""


class TooManyWebhooks(Exception):
    """You have as many webhooks as one owner may have. Delete one first."""


class NothingToReplay(Exception):
    """Why there is nothing to replay, and what to ask for instead."""


class Webhook(BaseModel):
    """An endpoint that receives events, and the state of its deliveries."""

    id: UUID
    url: str = Field(description="Of a chat, without the part that is a secret between it and us.")
    types: list[str] = Field(description="Only events of these types are sent; empty: all.")
    plans: list[UUID] = Field(description="Only events of these plans are sent; empty: all.")
    owner: str = Field(description="Who owns the endpoint.")
    personal_data: bool = Field(description="Whether text about people is included.")
    format: Format = Field(description="The form of what is sent: CloudEvents, or messages for a chat.")
    digest: str | None = Field(
        None, description="When digests are sent instead of events: `monday 08:00`, `day 08:00`; null: events are sent."
    )
    timezone: str | None = Field(None, description="By whose clock.")
    person: str | None = Field(None, description="Whose digest it is; null: of the plans.")
    digest_at: datetime | None = Field(None, description="When the next digest is due.")
    state: State = Field(description="`paused` by somebody, or `disabled` after days without success.")
    state_since: datetime
    reason: str | None = Field(description="Why it is paused or disabled.")
    failing_since: datetime | None = Field(description="Nothing has arrived since then; null while events arrive.")
    held_until: datetime | None = Field(description="The endpoint asked by `Retry-After` not to be called until then.")
    sequence: str = Field(
        description="The position up to which the log was searched for events to send.", pattern="^[0-9]{20}$"
    )
    waiting: int = Field(description="Plans with events that have not arrived yet, parked ones included.")
    parked: int = Field(description="Plans that are not tried again until they are replayed.")
    previous_secret_until: datetime | None = Field(
        description="Until then deliveries are signed with the previous secret as well."
    )
    created_at: datetime


class Attempt(BaseModel):
    """The outcome of one attempt. Neither the request nor the answer is kept."""

    event: str = Field(description="The event's id.")
    attempted_at: datetime
    milliseconds: int
    status: int | None = Field(description="The status that the endpoint answered; null if it did not answer.")
    error: str | None = Field(
        description="Why there was no answer: `timed-out`, `address-refused`, `tls-failed`, `unreachable` or"
        " `disconnected`."
    )


class Parked(BaseModel):
    """A plan whose events an endpoint repeatedly refused. None of them is sent until the plan is replayed."""

    plan: UUID
    event: str = Field(description="The id of the last event that arrived; version 0 if none did.")
    parked_at: datetime
    reason: str


class WebhookPage(BaseModel):
    items: list[Webhook]
    next: str | None = Field(description="The cursor of the page that follows; null at the end.")


class AttemptPage(BaseModel):
    items: list[Attempt]
    next: str | None = Field(description="The cursor of the page that follows; null at the end.")


class ParkedPage(BaseModel):
    items: list[Parked]
    next: str | None = Field(description="The cursor of the page that follows; null at the end.")
