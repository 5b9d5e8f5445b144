"""Endpoints as their owners see them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

State = Literal["active", "paused", "disabled"]


class UnknownWebhook(Exception):
    """There is no such webhook, or it is not yours."""


class TooManyWebhooks(Exception):
    """You have as many webhooks as one may have. Delete one first."""


class NothingToReplay(Exception):
    """Why there is nothing to replay, and what to ask for instead."""


class Webhook(BaseModel):
    """An endpoint that events are pushed to, and how it fares."""

    id: UUID
    url: str
    types: list[str] = Field(description="Only events of these types; empty: of all.")
    plans: list[UUID] = Field(description="Only events of these plans; empty: of all.")
    owner: str = Field(description="Whose it is.")
    personal_data: bool = Field(description="Whether words about people are sent along; else they are left out.")
    state: State = Field(description="`paused` by somebody, or `disabled` because nothing arrived any more.")
    state_since: datetime
    reason: str | None = Field(description="Why it is paused or disabled.")
    failing_since: datetime | None = Field(description="Nothing has arrived since; null while things arrive.")
    held_until: datetime | None = Field(description="It asked by `Retry-After` to be left alone until then.")
    sequence: str = Field(description="Up to where the feed was looked through for it.", pattern="^[0-9]{20}$")
    waiting: int = Field(description="Plans with events that are still to arrive, the parked ones included.")
    parked: int = Field(description="Plans that are not tried any more until they are replayed.")
    previous_secret_until: datetime | None = Field(description="Until then the secret before the last one signs too.")
    created_at: datetime


class Attempt(BaseModel):
    """What became of one attempt.  Neither what was sent nor what was answered is kept."""

    event: str = Field(description="The event's id.")
    attempted_at: datetime
    milliseconds: int
    status: int | None = Field(description="What the endpoint answered; null where it did not.")
    error: str | None = Field(
        description="Why there was no answer: `timed-out`, `address-refused`, `tls-failed`, `unreachable` or"
        " `disconnected`."
    )


class Parked(BaseModel):
    """A plan that an endpoint does not take: none of its events is tried any more until it is replayed."""

    plan: UUID
    event: str = Field(description="The id of the last event that arrived before; version 0 where none did.")
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
