"""What a report takes the events of plays and actions for."""

from application.reports import promises
from domain.account_plan import actions, plays

TOLD_APART = (
    promises.MAKINGS,
    promises.MOVES,
    promises.RESTATEMENTS,
    promises.REASSIGNMENTS,
    promises.FINISHES,
    promises.DROPS,
    promises.REOPENINGS,
    promises.TOLD_BY_THE_STATE,
)


def test_every_event_about_a_promise_is_taken_for_one_thing():
    """A new event of plays or actions has to be put into one of these lists."""
    taken = [event for some in TOLD_APART for event in some]
    events = [*plays.TOPIC.event_types(), *actions.TOPIC.event_types()]
    assert sorted(each.__name__ for each in taken) == sorted(each.__name__ for each in events)
