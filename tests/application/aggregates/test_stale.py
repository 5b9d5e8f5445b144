"""What somebody has seen is stale for a command once an event since then concerns the same thing."""

import json
from typing import Any

import pytest

from application.aggregates.handle import VersionConflict, all_named_in, check_not_stale, concerns
from domain.account_plan import COMMANDS
from domain.language import Command
from tests.cases import for_each
from tests.everything import ACTION
from tests.histories import History, opened


def said(command: str, **body: Any) -> Command:
    return COMMANDS[command].model_validate_json(json.dumps(body))


def told() -> History:
    history = opened()
    for id in ("price", "tour"):
        history.on("2026-01-05", "add-action", id=id, statement="Send it", due_on="2026-02-01", **ACTION)
    history.on("2026-01-06", "write-summary", relevance="Largest plant")
    return history


DROP, OTHER = said("drop-action", id="price", reason="x"), said("drop-action", id="tour", reason="x")
SUMMARY, NOTE = said("write-summary", relevance="Second plant"), said("write-note", section="plan", text="Seen")


@for_each(
    ("seen", "commands", "stale"),
    [
        (4, [DROP, OTHER, SUMMARY], False),
        (3, [DROP, OTHER], False),
        (3, [SUMMARY], True),
        (2, [DROP], False),
        (2, [DROP, OTHER], True),
        (1, [DROP], True),
        (0, [NOTE], False),
        (5, [NOTE], True),
        (None, [DROP], False),
    ],
)
def test_a_command_is_stale_by_what_happened_to_its_thing_since_it_was_seen(seen, commands, stale):
    known = told().known
    if not stale:
        check_not_stale(known, commands, seen)
        return
    with pytest.raises(VersionConflict) as conflict:
        check_not_stale(known, commands, seen)
    assert conflict.value.current_version == known.version == 4
    assert [record.version for record in conflict.value.since] == [*range(seen + 1, 5)]


def test_an_event_concerns_the_thing_it_is_about_and_of_which_there_is_one_its_section():
    _, price, tour, summary = (record.event for record in told().known.records)
    found = [concerns(event, command) for event in (price, tour, summary) for command in (DROP, OTHER, SUMMARY)]
    assert found == [True, False, False, False, True, False, False, False, True]


def test_all_whom_the_commands_name_are_named():
    assert all_named_in([NOTE]) == set()
    owned = [said("reassign-plan", owner=who, reason="x") for who in ("ann", "ben", "ann")]
    assert all_named_in(owned) == {"ann", "ben"}
