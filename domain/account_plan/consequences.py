"""What an event of one topic changes in the things of another, which do not know each other."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.account_plan.opportunities import Opportunity, count_threads
from domain.account_plan.stakeholders import StakeholderForgotten, StakeholderLeft, StakeholderReturned
from domain.language import Event
from domain.things import Draft


def count_threads_of(draft: Draft, event: StakeholderLeft | StakeholderReturned | StakeholderForgotten) -> None:
    """Whoever leaves or comes back may decide whether an opportunity is multi-threaded."""
    for opportunity in draft.all(Opportunity).values():
        if event.id in opportunity.engaged:
            count_threads(draft, opportunity.id)


CONSEQUENCES: Mapping[type[Event], Callable[[Draft, Any], None]] = dict.fromkeys(
    (StakeholderLeft, StakeholderReturned, StakeholderForgotten), count_threads_of
)
