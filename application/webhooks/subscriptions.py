"""Subscriptions: requests for webhooks are checked and carried out, for HTTP and the command line alike."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from application.feed.cursors import cursor
from application.feed.ports import Feed
from application.views.plan_names import plans_named
from application.webhooks.endpoints import Webhook
from application.webhooks.formats import Format
from application.webhooks.ports import LONGEST_URL, Targets, WebhookTable
from application.webhooks.schedule import DigestWish, schedule_written
from application.webhooks.signatures import written
from domain.account_plan.plan import ZoneName
from domain.language import PersonId

MOST_NAMED = 100

CursorText = Annotated[str, Field(max_length=100, examples=["00000000000000000042", "now"])]


class WebhookRequest(BaseModel):
    """A request for a webhook."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=LONGEST_URL, description="An https URL on the public internet.")
    types: list[Annotated[str, Field(max_length=100)]] = Field(
        default=[],
        max_length=MOST_NAMED,
        description="Only events of these types: `plantrail.play-won.v1`, or `play-won` in every shape. Empty: all.",
    )
    plans: list[Annotated[str, Field(max_length=128)]] = Field(
        default=[],
        max_length=MOST_NAMED,
        description="Only events of these plans, by plan id or account id. Empty: all.",
    )
    after: CursorText = Field(
        default="now",
        description="An event's `id` or `sequence`: the events after it are sent; `0` begins with the first event"
        " there is.",
    )
    personal_data: bool = Field(
        default=False, description="Whether to include text about people; this requires the right to it."
    )
    format: Format = Field(
        default="cloudevents",
        description="`slack` and `teams`: messages for people, to the address of an incoming webhook of Slack or of a"
        " workflow of Teams.",
    )
    digest: Annotated[str, Field(max_length=40), AfterValidator(schedule_written)] | None = Field(
        default=None,
        description="Instead of events, a digest of what is overdue, due, ahead and new: `monday 08:00`, `day 08:00`.",
        examples=["monday 08:00"],
    )
    timezone: ZoneName = Field(default="UTC", description="The time zone of `digest` (IANA).")
    person: PersonId | None = Field(
        default=None, description="Only what concerns this person of ours in a digest; by default all of the plans."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        given = self.model_fields_set
        if self.digest is None and given & {"timezone", "person"}:
            raise ValueError("`timezone` and `person` are for digests: give `digest` as well, such as monday 08:00")
        if self.digest is not None and given & {"types", "after"} and (self.types or self.after != "now"):
            raise ValueError("a digest tells how things stand, not events: leave out `types` and `after`")
        return self


class Subscribed(Webhook):
    """The new endpoint, with its secret."""

    secret: str = Field(description="The secret that signatures are made with. It is shown once.", pattern="^whsec_")


class Rotated(BaseModel):
    """The new secret of an endpoint."""

    secret: str = Field(description="The secret that signatures are made with. It is shown once.", pattern="^whsec_")
    previous_secret_until: datetime = Field(
        description="Until then deliveries are signed with the previous secret as well."
    )


class Replay(BaseModel):
    """A request to send events again."""

    model_config = ConfigDict(extra="forbid")

    after: CursorText | None = Field(
        default=None, description="The events after this one are sent again. A parked plan needs none: it is resumed."
    )
    plan: Annotated[str, Field(max_length=128)] | None = Field(
        default=None, description="Only this plan, by plan id or account id; by default all plans."
    )


class UnknownPlan(Exception):
    """There is no such plan, or it is not yours."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class Subscriptions:
    """Creates and changes webhooks.

    `topics_named` returns the topics under which events of a type are stored; it raises `NoSuchType`.
    """

    def __init__(
        self,
        webhooks: WebhookTable,
        feed: Feed[object],
        targets: Targets,
        topics_named: Callable[[str], Collection[str]],
        now: Callable[[], datetime],
        make_id: Callable[[], UUID],
    ) -> None:
        self._webhooks = webhooks
        self._feed = feed
        self._targets = targets
        self._topics_named = topics_named
        self._now = now
        self._make_id = make_id

    async def begin(self, wish: WebhookRequest, owner: str, may_see: Collection[UUID] | None = None) -> Subscribed:
        """Create a webhook. `may_see` contains all plans whose events the owner may receive; None stands for every
        plan.

        Raises `TargetRefused`, `UnknownPlan`, `NoSuchType`, `CursorMalformed`, `CursorGone`, `TooManyWebhooks`,
        `StoreUnavailable`.
        """
        url = await self._targets.check(wish.url)
        return await asyncio.to_thread(self._begin, wish.model_copy(update={"url": url}), owner, may_see)

    def _begin(self, wish: WebhookRequest, owner: str, may_see: Collection[UUID] | None) -> Subscribed:
        topics = {topic for type in wish.types for topic in self._topics_named(type)}
        allowed = None if may_see is None else frozenset(may_see)
        plans = {self._plan(name, f"/plans/{place}", allowed) for place, name in enumerate(wish.plans)}
        if allowed is not None and not plans:
            if not allowed:
                raise UnknownPlan("/plans", "There is no plan whose events you may have.")
            plans = set(allowed)
        digest = DigestWish(wish.digest, wish.timezone, wish.person) if wish.digest else None
        id = self._make_id()
        after = self._position(wish.after, may_see)
        secret = self._webhooks.create(
            id, owner, wish.url, self._now(), topics, plans, wish.personal_data, after, wish.format, digest
        )
        return Subscribed(**self._webhooks.get(id).model_dump(), secret=written(secret))

    def _plan(self, name: str, pointer: str, allowed: Collection[UUID] | None = None) -> UUID:
        there = self._webhooks.plans_there(list(plans_named(name)))
        found = [id for id in there if allowed is None or id in allowed]
        if not found:
            raise UnknownPlan(pointer, f"There is no plan “{name}”.")
        return found[0]

    def _position(self, after: str, may_see: Collection[UUID] | None) -> int:
        return self._feed.position(cursor(after, may_see=may_see))

    def replay(self, id: UUID, owner: str | None, wanted: Replay, may_see: Collection[UUID] | None = None) -> Webhook:
        """Send events again. `may_see` contains the plans that may be named; None stands for all.

        Raises `UnknownWebhook`, `UnknownPlan`, `NothingToReplay`, `CursorMalformed`, `CursorGone`, `StoreUnavailable`.
        """
        plan = self._plan(wanted.plan, "/plan", may_see) if wanted.plan else None
        after = self._position(wanted.after, may_see) if wanted.after else None
        return self._webhooks.replay(id, owner, self._now(), plan, after)

    def rotate(self, id: UUID, owner: str | None) -> Rotated:
        """Replace the secret of a webhook. Raises `UnknownWebhook`, `StoreUnavailable`."""
        secret, until = self._webhooks.rotate_secret(id, owner, self._now())
        return Rotated(secret=written(secret), previous_secret_until=until)
