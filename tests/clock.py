"""A clock to be turned."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.stores import MONDAY


@dataclass
class Clock:
    """Stands still until it is set, unless it goes on by a step whenever somebody looks."""

    now: datetime = MONDAY
    step: timedelta = timedelta()

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)
