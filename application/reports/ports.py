"""What reports across plans need from the event store."""

from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from application.views.loaded_plan import LoadedPlan


class Histories(Protocol):
    """The histories of all plans. Every method raises `StoreUnavailable`."""

    def last_position(self) -> int:
        """Return the last position of the log. As long as it is the same, no plan has changed."""

    def histories(self, after_plan: UUID | None = None) -> Iterator[LoadedPlan]:
        """Yield every plan after one, in order of id, as it stands when its turn comes. Few are in memory at a time."""
