"""The rows of the portfolio have a shape number. If the rows of a certain story change, the number must grow, because
every store then rebuilds its table."""

import json
from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any

from pydantic_core import from_json, to_json

from adapters.events.partial_read import read_partial_event
from adapters.postgres.portfolio_rows import to_store
from application.portfolio.projector import PortfolioProjector
from application.portfolio.row import SHAPE, shown
from tests.histories import History, opened
from tests.promising import action, complete, move, play, review, win

FINGERPRINTS = {
    1: "a6d5f9b4c750ace8d5b731d0c5becc4953bf4cbbfb81c5c4d964506ef4a7841a",
    # From here on sections grow stale by the policy in force; the story has none of its own.
    2: "a6d5f9b4c750ace8d5b731d0c5becc4953bf4cbbfb81c5c4d964506ef4a7841a",
    # From here on plans are searched by words of their former names too; the story's account has none.
    3: "a6d5f9b4c750ace8d5b731d0c5becc4953bf4cbbfb81c5c4d964506ef4a7841a",
    # From here on names are searched in every spelling; the story's account has one only.
    4: "a6d5f9b4c750ace8d5b731d0c5becc4953bf4cbbfb81c5c4d964506ef4a7841a",
}
"""By shape.  Those of the past tell that a shape was never given another meaning."""

DAYS = (0, 10, 40, 400)
"""So many days after each event it is looked at what is shown."""


def story() -> History:
    """Never altered: events and rules that come later leave it as it is."""
    history = opened(timezone="Pacific/Auckland", segment="enterprise", territory="DACH")
    term = {"starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
    history.on("2026-01-06", "set-contract", arr="120000.50", **term)
    for person, role in (("ben", "legal"), ("joy", "marketing")):
        history.on("2026-01-06", "assign-member", person=person, role=role, from_on="2026-01-06")
    for id, due_on in (("tour", "2026-01-20"), ("pilot", "2026-02-20"), ("lost", "2026-02-10")):
        play(history, "2026-01-07", id, due_on)
    action(history, "2026-01-07", "price", "2026-01-15", kind="milestone", calendar_hold=True)
    action(history, "2026-01-07", "data", "2026-01-31", kind="joint", side="customer")
    history.on("2026-01-08", "start-play", id="pilot")
    history.on("2026-01-09", "block-play", id="pilot", reason="The plant is closed")
    move(history, "2026-01-10", "2026-03-20", "pilot")
    history.on("2026-01-12", "unblock-play", id="pilot")
    win(history, "2026-01-14", "tour")
    complete(history, "2026-01-15", "price")
    review(history, "2026-01-16", "m1")
    review(history, "2026-01-19", "w1", "weekly", "2026-01-15")
    history.on("2026-01-20", "schedule-review", id="m2", kind="monthly", planned_on="2026-02-16")
    history.on("2026-01-20", "release-member", person="joy", role="marketing", until_on="2026-01-31")
    history.on("2026-01-21", "lose-play", id="lost", finished_on="2026-01-21", result="Nobody came")
    history.on("2026-01-21", "reopen-play", id="lost", reason="They ask again")
    history.on("2026-01-22", "drop-action", id="data", reason="They have none")
    history.on("2026-01-23", "write-note", id="n1", section="risks", text="Budget talks in May")
    history.on("2026-01-26", "confirm-section", section="vision")
    history.on("2026-01-27", "change-tier", tier="growth", reason="Round of January")
    review(history, "2026-02-16", "m2")
    held = next(record.version for record in history.known.records if record.event.noun == "review")
    history.on("2026-02-17", "strike-entry", event=str(held), reason="Another account's")
    history.on("2026-02-18", "reassign-plan", owner="ben", reason="Ann is away")
    history.on("2026-02-19", "archive-plan", reason="Sold")
    return history


def looked_at(history: History) -> Iterator[Any]:
    """At every version, made from the first event on: what is kept, and what is shown of it as time goes by."""
    seen = [
        read_partial_event(each.aggregate_id, each.version, each.position, type(each.event).__name__, each.stored)
        for each in history.known.records
    ]
    for version, record in enumerate(history.known.records, 1):
        projector = PortfolioProjector()
        projector.add(seen[:version])
        row = projector.row()
        yield to_store(row)
        for days in DAYS:
            try:
                item, changes_at, people, _ = shown(row, record.meta.recorded_at + timedelta(days=days))
            except AttributeError as error:
                error.add_note("A rule asks for a field that rows do not keep: name it in KEPT, and raise SHAPE")
                raise
            yield item.__dict__, changes_at, people


def test_what_is_kept_or_shown_differently_has_a_shape_of_its_own():
    looks = from_json(to_json(list(looked_at(story()))))
    found = sha256(json.dumps(looks, sort_keys=True).encode()).hexdigest()
    assert FINGERPRINTS.get(SHAPE) == found, (
        "The portfolio keeps or shows something else of the same story, so tables that were made before are not right"
        f" any more. Raise SHAPE in application/portfolio/row.py to {max(FINGERPRINTS) + 1}, and add to FINGERPRINTS:"
        f' {max(FINGERPRINTS) + 1}: "{found}"'
    )
