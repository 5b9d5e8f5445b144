"""Cells counted while events are applied are those counted by looking at each."""

from application.reports.whitespace_count import WhitespaceCount
from application.views.metrics import whitespace_totals
from domain.account_plan.overview import Unit
from domain.account_plan.whitespace import Cell, Offering
from tests.histories import opened

STEPS = [
    *(("add-unit", {"id": id, "name": id, "kind": "site", "buying_center": True}) for id in ("a", "b")),
    *(("list-offering", {"id": id, "name": id, "kind": "product"}) for id in ("x", "y")),
    ("assess-cell", {"unit": "a", "offering": "x", "penetration": "pilot"}),
    ("assess-cell", {"unit": "b", "offering": "x", "penetration": "aware"}),
    ("assess-cell", {"unit": "a", "offering": "y", "penetration": "aware"}),
    ("assess-cell", {"unit": "b", "offering": "y", "penetration": "adopted"}),
    ("assess-cell", {"unit": "a", "offering": "x", "penetration": "adopted"}),
    ("remove-unit", {"id": "b"}),
    ("retire-offering", {"id": "y"}),
]


def test_cells_count_while_their_unit_and_their_offering_are_there():
    history, count, told = opened(), WhitespaceCount(), []
    for command, body in STEPS:
        history.on("2026-01-06", command, **body)
        state = history.known.state
        for kind in (Unit, Offering, Cell):
            for thing in state.all(kind).values():
                count.follow(thing)
        assert count.by_penetration() == whitespace_totals(state).by_penetration, command
        told.append(count.by_penetration())
    assert told[-3:] == [{"adopted": 2, "aware": 2}, {"adopted": 1, "aware": 1}, {"adopted": 1}]
