"""Plans this process has read: decoded events and the plan they fold to, so that only news is read again."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from domain.account_plan import ACCOUNT_PLAN, EMPTY, fold
from domain.account_plan.language import AccountPlan
from domain.account_plan.stakeholders import StakeholderForgotten
from domain.record import Recorded


@dataclass(frozen=True)
class LoadedPlan:
    """A plan and the events it is made of, as of a version."""

    plan_id: UUID
    records: tuple[Recorded, ...] = ()
    plan: AccountPlan = EMPTY
    erasures: int = 0
    """How many people were forgotten: what past views show depends on it."""

    @property
    def version(self) -> int:
        return len(self.records)

    @property
    def position(self) -> int:
        return self.records[-1].position if self.records else 0

    def with_news(self, news: Sequence[Recorded]) -> "LoadedPlan":
        records = (*self.records, *news)
        events = [record.event for record in news]
        plan = fold(record.event for record in records) if ACCOUNT_PLAN.strikes(events) else fold(events, self.plan)
        forgotten = sum(isinstance(event, StakeholderForgotten) for event in events)
        return LoadedPlan(self.plan_id, records, plan, self.erasures + forgotten)


def forgets(news: Sequence[Recorded]) -> bool:
    """Whether what was read before may hold words that must not be shown any more."""
    return any(isinstance(record.event, StakeholderForgotten) for record in news)


class PlanCache:
    """The plans used last, bounded by the number of their events.  Never a source of truth: see `AccountPlans.read`."""

    def __init__(self, most_events: int = 20_000) -> None:
        self._most_events = most_events
        self._plans: OrderedDict[UUID, LoadedPlan] = OrderedDict()
        self._events = 0
        self._lock = Lock()

    def get(self, plan_id: UUID) -> LoadedPlan:
        with self._lock:
            if plan_id in self._plans:
                self._plans.move_to_end(plan_id)
            return self._plans.get(plan_id) or LoadedPlan(plan_id)

    def put(self, known: LoadedPlan) -> None:
        """Keep it, unless something newer is known."""
        with self._lock:
            before = self._plans.get(known.plan_id)
            if before and before.version >= known.version:
                return
            self._events += known.version - (before.version if before else 0)
            self._plans[known.plan_id] = known
            self._plans.move_to_end(known.plan_id)
            while self._events > self._most_events and len(self._plans) > 1:
                _, dropped = self._plans.popitem(last=False)
                self._events -= dropped.version

    def drop(self, plan_id: UUID) -> None:
        with self._lock:
            dropped = self._plans.pop(plan_id, None)
            self._events -= dropped.version if dropped else 0
