"""Rate limits: each caller has a token bucket."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from application.aggregates.access import Caller

MOST_CALLERS = 10_000
BURST = 4.0
"""Seconds' worth of requests that may come at once."""


class TooManyRequests(Exception):
    """You are calling more often than you may; wait as long as Retry-After says."""

    def __init__(self, seconds: float) -> None:
        super().__init__(type(self).__doc__)
        self.seconds = seconds


class Buckets:
    """The token buckets of all callers. Each is stored as the time, in seconds of `clock`, at which it will be full
    again."""

    def __init__(self, per_second: float, clock: Callable[[], float] = monotonic) -> None:
        self._interval = 1 / per_second
        self._depth = max(BURST, self._interval)
        self._clock = clock
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: Caller) -> None:
        """Take one token from the caller's bucket. A `developer`, who works on their own machine, is not limited.
        Raises `TooManyRequests`."""
        if caller.role == "developer":
            return
        who, now = caller.actor, self._clock()
        full_at = max(self._full_at.pop(who, now), now) + self._interval
        if full_at - now > self._depth:
            self._full_at[who] = full_at - self._interval
            raise TooManyRequests(full_at - now - self._depth)
        self._full_at[who] = full_at
        if len(self._full_at) > MOST_CALLERS:
            self._full_at.popitem(last=False)
