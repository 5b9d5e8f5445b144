"""plantrail as an application of the library: by it the service records and reads, and Python systems downstream follow
the log (docs/eventsourcing.md)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import EventStore, InfrastructureFactory, InfrastructureFactoryError, Recording
from eventsourcing.utils import Environment, EnvType

from adapters.postgres.factory import PlanFactory
from adapters.postgres.mapper import PlanMapper, as_notification, ours
from adapters.postgres.recorder import PlanRecorder
from adapters.postgres.tracking import LOG
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.record import Recorded


class PlanEventStore(EventStore[UUID]):
    """Records and reads the events of one aggregate together: whoever was forgotten by the last of them is forgotten in
    all of them."""

    mapper: PlanMapper
    recorder: PlanRecorder

    def record(self, events: Sequence[Recorded], **how: Any) -> list[Recorded]:
        """Record all of the events or none, and say what the log says of them.

        `how` is what `PlanRecorder.insert_events` takes beside the events; it raises the same errors.
        """
        stored = list(map(self.mapper.to_stored_event, events))
        positions = self.recorder.insert_events(stored, **how)
        return list(map(self.mapper.as_recorded, events, stored, positions))

    def read(self, plan_id: UUID, after: int = 0) -> list[Recorded]:
        """The events of an aggregate after a version, to the last."""
        return self.mapper.recorded(plan_id, self.recorder.rows(plan_id, after))

    def put(self, domain_events: Sequence[DomainEventProtocol[UUID]], **kwargs: Any) -> list[Recording[UUID]]:
        recorded = self.record(list(map(ours, domain_events)), **kwargs)
        return [Recording(each, as_notification(each)) for each in recorded]

    def get(
        self,
        originator_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        read = [each for each in self.read(originator_id, gt or 0) if lte is None or each.version <= lte]
        return iter((read[::-1] if desc else read)[:limit])


class AccountPlanApplication(Application[UUID]):
    """Its environment names the log: `PLANTRAIL_DATABASE_URL`, and what else `PlanFactory` reads of it."""

    name = LOG
    env = {"PLANTRAIL_PERSISTENCE_MODULE": PlanFactory.__module__}  # noqa: RUF012 - as the library has it

    factory: PlanFactory
    mapper: PlanMapper
    recorder: PlanRecorder
    events: PlanEventStore

    def __init__(self, env: EnvType | None = None, factory: PlanFactory | None = None) -> None:
        """With a factory of the caller's, nothing is read of the environment."""
        self._given = factory
        super().__init__(env)

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        factory = self._given or super().construct_factory(env)
        if not isinstance(factory, PlanFactory):
            raise InfrastructureFactoryError(
                f"The log is kept by {PlanFactory.__module__}, not {type(factory).__module__}."
            )
        return factory

    def construct_event_store(self) -> PlanEventStore:
        return PlanEventStore(self.mapper, self.recorder)


def load(plan: LoadedPlan | None, events: Iterable[Recorded]) -> LoadedPlan | None:
    """The projector of account plans, for `AccountPlanApplication.repository`; None where there are no events."""
    news = list(events)
    if not news:
        return plan
    return (plan or LoadedPlan.of(ACCOUNT_PLAN, news[0].aggregate_id)).with_news(news)
