"""A clock that tests set."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.stores import MONDAY


@dataclass
class Clock:
    """A clock that stands still until it is set, or moves by a step whenever it is read."""

    now: datetime = MONDAY
    step: timedelta = timedelta()

    def __call__(self) -> datetime:
        self.now += self.step
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)
