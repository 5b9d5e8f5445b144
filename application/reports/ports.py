"""What reports across plans need of the record."""

from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from application.views.loaded_plan import LoadedPlan


class Histories(Protocol):
    """The history of every plan there is.  Every method raises `StoreUnavailable`."""

    def last_position(self) -> int:
        """Where the log ends: as long as it is the same, so is everything there is."""

    def histories(self, after_plan: UUID | None = None) -> Iterator[LoadedPlan]:
        """Every plan after one, in the order of their ids, each as it stands when its turn comes; few are in memory at
        a time."""
