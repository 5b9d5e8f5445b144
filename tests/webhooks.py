"""Webhooks on a store of their own, with a receiver and a clock that tests set."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from adapters.access.api_keys import EndpointOwners
from adapters.bootstrap.webhook_worker import bodies
from adapters.outbound.webhooks.addresses import Targets
from adapters.outbound.webhooks.delivery import WebhookSender
from adapters.outbound.webhooks.worker import NoMetrics, Worker
from adapters.postgres.store import Store
from adapters.postgres.webhook_lanes import PostgresLanes
from application.webhooks.endpoints import Webhook
from application.webhooks.signatures import written
from domain.account_plan.plan import plan_id_of
from tests.callers import known_keys
from tests.clock import Clock
from tests.plain_http import NOBODY
from tests.receiver import Receiver
from tests.stores import CONTEXT, OPEN_ACME, connected, plans_on, say


@dataclass
class Hooks:
    """Time stands still until it is moved forward, beginning today, because receivers check the age of a signature."""

    store: Store
    receiver: Receiver
    clock: Clock
    patience: float = 2.0

    def create(self, url: str | None = None, after: int | None = 0, **more: Any) -> tuple[UUID, str]:
        """Create an endpoint from the first event on. Returns its id and secret."""
        id = uuid4()
        secret = self.store.webhooks.create(id, "ann", url or self.receiver.url, self.clock(), after=after, **more)
        return id, written(secret)

    def get(self, id: UUID) -> Webhook:
        return self.store.webhooks.get(id)

    def say(self, account: str, *texts: str) -> str:
        """Record a note on each account's plan, which is opened if necessary. Returns the plan id."""
        plans, plan_id = plans_on(self.store), plan_id_of(account)
        if not self.store.events.read(plan_id):
            plans.handle(plan_id, [say("open-plan", **OPEN_ACME | {"account_id": account})], CONTEXT)
        for text in texts:
            plans.handle(plan_id, [say("write-note", section="plan", text=text)], CONTEXT)
        return str(plan_id)

    def lanes(self, lease: timedelta = timedelta(seconds=30)) -> PostgresLanes:
        return PostgresLanes(self.store.datastore, self.store.webhook_secrets, lease)

    def worker(self, lease: timedelta = timedelta(seconds=30), now: Callable[[], datetime] | None = None) -> Worker:
        clock = now or self.clock
        sender = WebhookSender(Targets(loopback=True), clock, NOBODY, self.patience)
        body = bodies(self.store, "https://plans.example", clock)
        owners = EndpointOwners(known_keys(self.store, clock), issuer_is_trusted=True)
        return Worker(self.lanes(lease), sender, body, owners.may_receive, clock, lambda: 0.5, NoMetrics())

    def work_off(self, **forward: float) -> None:
        """Send everything that is due by now."""
        self.clock.forward(**forward)
        self.with_worker(lambda worker: worker.work_off())

    def sweep(self) -> None:
        self.with_worker(lambda worker: worker.sweep())

    def with_worker(self, do: Callable[[Worker], Any]) -> None:
        async def done() -> None:
            worker = self.worker()
            try:
                await do(worker)
            finally:
                await worker.close()

        asyncio.run(done())

    def table(self, name: str) -> Sequence[tuple[Any, ...]]:
        with connected(self.store.where.owner) as connection:
            return connection.execute(f"SELECT * FROM plantrail.{name}").fetchall()


def hooks_of(store: Store, receiver: Receiver | None = None, patience: float = 2.0) -> Hooks:
    return Hooks(store, receiver or Receiver(), Clock(datetime.now(UTC)), patience)


def log_id(store: Store) -> UUID:
    with connected(store.where.service) as connection:
        (found,) = connection.execute("SELECT id FROM plantrail.log").fetchone() or ()
        return UUID(str(found))
