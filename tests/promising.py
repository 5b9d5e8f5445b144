"""Short functions for the promises and reviews of a history."""

from typing import Any

from tests.histories import History


def play(history: History, when: str, id: str = "pilot", due_on: str = "2026-03-20", **more: Any) -> str:
    body = {"title": "Pilot on line B", "kind": "proof", "owner": "ann", "success_measure": "25 % less rework"}
    return history.on(when, "plan-play", id=id, due_on=due_on, **body | more)


def action(history: History, when: str, id: str = "price", due_on: str = "2026-03-20", **more: Any) -> str:
    body = {"statement": "Send the price for three sites", "kind": "task", "owner": "ann"}
    return history.on(when, "add-action", id=id, due_on=due_on, **body | more)


def review(history: History, when: str, id: str, kind: str = "monthly", held_on: str = "", **more: Any) -> str:
    body = {"kind": kind, "audience": "internal", "held_on": held_on or when[:10], "ours": ["ann"]}
    return history.on(when, "hold-review", id=id, **body | more)


def win(history: History, when: str, id: str = "pilot", finished_on: str = "", **more: Any) -> str:
    body = {"finished_on": finished_on or when[:10], "result": "27 % less rework"}
    return history.on(when, "win-play", id=id, **body | more)


def complete(history: History, when: str, id: str = "price", finished_on: str = "", **more: Any) -> str:
    body = {"finished_on": finished_on or when[:10], "result": "Sent"}
    return history.on(when, "complete-action", id=id, **body | more)


def move(history: History, when: str, due_on: str, id: str = "pilot", **more: Any) -> str:
    return history.on(when, "reschedule-play", id=id, due_on=due_on, **more)
