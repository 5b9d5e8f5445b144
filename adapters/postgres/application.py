"""plantrail as an application of eventsourcing. The service records and reads through it, and Python systems downstream
follow the log through it (docs/eventsourcing.md)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
from application.aggregates.loaded import LoadedAggregate
from domain.aggregates import A, AggregateType
from domain.record import Recorded


class PlanEventStore(EventStore[UUID]):
    """Reads all events of an aggregate at once, because a person whom the last event forgets is forgotten in all of
    them."""

    mapper: PlanMapper
    recorder: PlanRecorder

    def record(self, events: Sequence[Recorded], **how: Any) -> list[Recorded]:
        """Record all of the events or none, and return them with their positions on the log.

        `how` contains the keyword arguments of `PlanRecorder.insert_events`, which also says what is raised.
        """
        mapper = self.mapper
        stored = mapper.to_stored_events(events)
        positions = self.recorder.insert_events(stored, **how)
        return list(map(mapper.as_recorded, events, stored, positions))

    async def record_async(self, events: Sequence[Recorded], **how: Any) -> list[Recorded]:
        """Do the same as `record`, without holding a thread while the database works."""
        mapper = self.mapper
        stored = mapper.to_stored_events(events)
        positions = await self.recorder.insert_events_async(stored, **how)
        return list(map(mapper.as_recorded, events, stored, positions))

    def read(self, aggregate_id: UUID, after: int = 0) -> list[Recorded]:
        """Return all events of an aggregate after a version."""
        return self.mapper.recorded(aggregate_id, self.recorder.rows(aggregate_id, after))

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
    """The log of plans and of every other aggregate. `PlanFactory` says which settings it reads."""

    name = LOG
    env = {"PLANTRAIL_PERSISTENCE_MODULE": PlanFactory.__module__}  # noqa: RUF012 - the library declares it so

    factory: PlanFactory
    mapper: PlanMapper
    recorder: PlanRecorder
    events: PlanEventStore

    def __init__(self, env: EnvType | None = None, factory: PlanFactory | None = None) -> None:
        """Create the application. If a `factory` is given, no settings are read from the environment."""
        self._given = factory
        super().__init__(env)

    def construct_factory(self, env: Environment) -> InfrastructureFactory:
        factory = self._given or super().construct_factory(env)
        if not isinstance(factory, PlanFactory):
            raise InfrastructureFactoryError(
                f"plantrail's log takes {PlanFactory.__module__}, not {type(factory).__module__}: set no other"
                " PLANTRAIL_PERSISTENCE_MODULE."
            )
        return factory

    def construct_event_store(self) -> PlanEventStore:
        return PlanEventStore(self.mapper, self.recorder)


def loading(
    type: AggregateType[A],
) -> Callable[[LoadedAggregate[A] | None, Iterable[Recorded]], LoadedAggregate[A] | None]:
    """Return the `projector_func` with which `AccountPlanApplication.repository` loads aggregates of a type."""

    def load(known: LoadedAggregate[A] | None, events: Iterable[Recorded]) -> LoadedAggregate[A] | None:
        news = list(events)
        if not news:
            return known
        return (known or LoadedAggregate.of(type, news[0].aggregate_id)).with_news(news)

    return load
