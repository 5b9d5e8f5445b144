"""The types of aggregates whose events are on the log. To add one, add its name to `REGISTRY`."""

from collections.abc import Mapping
from typing import Any

from domain.account_plan import ACCOUNT_PLAN
from domain.aggregates import AggregateType
from domain.language import Event
from domain.program import PROGRAM


class Registry:
    """Types of aggregates that share a log, where an event's name says whose it is."""

    def __init__(self, *types: AggregateType[Any]) -> None:
        """Raises `ValueError` where two of them have an event of the same name."""
        self.types = types
        self._types: dict[str, AggregateType[Any]] = {}
        for each in types:
            for name in each.events:
                if name in self._types:
                    raise ValueError(
                        f"{name} is an event of a {self._types[name].noun} and of a {each.noun}: rename one"
                    )
                self._types[name] = each
        self.events: Mapping[str, type[Event]] = {name: each.events[name] for name, each in self._types.items()}
        """The events by the names under which they are stored."""

    def type_of(self, event: Event) -> AggregateType[Any]:
        """Return the type of aggregate that an event belongs to."""
        return self.type_named(type(event).__name__)

    def type_named(self, event: str) -> AggregateType[Any]:
        """Return the type of aggregate that has events of this name."""
        return self._types[event]


REGISTRY = Registry(ACCOUNT_PLAN, PROGRAM)
