"""A plan in which every field of every event says something that stands nowhere else, so that whatever a pack shows can
be traced to the field it comes from.

Texts, figures and amounts hold a number from 910000 on, days lie after the year 2100.  Words of a fixed set and yes or
no cannot be traced and stay as they are.
"""

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args, get_origin

from pydantic import BaseModel

from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.language import Event
from domain.markers import Refers, marked
from domain.record import Saying
from tests.everything import ACTION, AFTERWARDS, GOAL, HYPOTHESIS, MISTAKES, TOLD, Line
from tests.histories import History, opened

FIRST = 910_000
FIRST_DAY = date(2100, 1, 1)
KEPT = {"stint", "event", "section", "quarter", "rule", "timezone"}
"""Fields that the fold goes by: altered, the history would be another."""

FOR_CUSTOMERS: list[Line] = [
    (
        "2026-01-27",
        "set-goal",
        {"id": "shown", "statement": "S", "due_on": "2026-12-31", **GOAL | {"kind": "strategic"}},
    ),
    ("2026-01-27", "report-progress", {"id": "shown", "value": "1", "as_of_on": "2026-01-27"}),
    ("2026-01-27", "achieve-goal", {"id": "shown", "achieved_on": "2026-01-27", "value": "2"}),
    ("2026-01-27", "propose-hypothesis", {"id": "shown", **HYPOTHESIS}),
    ("2026-01-27", "record-evidence", {"id": "shown", "observed": "O", "supports": True, "note": "N"}),
    ("2026-01-27", "record-evidence", {"id": "shown", "observed": "Against it", "supports": False}),
    ("2026-01-27", "confirm-hypothesis", {"id": "shown", "observed": "O"}),
    (
        "2026-01-27",
        "schedule-review",
        {
            "id": "shown",
            "kind": "qbr",
            "planned_on": "2026-02-20",
            "agenda": [{"topic": "T", "minutes": 20}],
            "ours": ["ann"],
            "theirs": ["coo"],
        },
    ),
    (
        "2026-01-27",
        "circulate-pack",
        {"id": "shown", "circulated_on": "2026-01-27", "metrics": [{"name": "M", "goal": "1"}], "sha256": "0" * 64},
    ),
    *(
        ("2026-01-27", "add-action", {"id": id, "statement": "J", "due_on": "2026-02-20", **ACTION | more})
        for id, more in (
            ("shown", {"kind": "joint", "side": "us", "review": "shown"}),
            ("shown-theirs", {"kind": "joint", "side": "customer", "stakeholders": ["coo"]}),
            ("hidden", {"kind": "task"}),
        )
    ),
    ("2026-01-27", "acknowledge-action", {"id": "shown", "stakeholder": "coo", "acknowledged_on": "2026-01-27"}),
    ("2026-01-27", "complete-action", {"id": "shown", "finished_on": "2026-01-27", "result": "R", "evidence": "E"}),
    (
        "2026-01-27",
        "record-health",
        {"as_of_on": "2026-01-27", "adoption": "0.5", "success_metrics": [{"name": "M", "value": "1"}]},
    ),
]


class Origin(NamedTuple):
    """The field of an event that a value comes from, and the thing the event is about."""

    event: str
    field: str
    about: str


@dataclass
class Canaries:
    """Values that stand nowhere else, and where each of them was put."""

    origins: list[Origin] = field(default_factory=list)

    def put_in(self, event: Event) -> Event:
        """The event with a canary in every field that can hold one, also in those that said nothing."""
        subject = event.subject()
        said: dict[str, Any] = {}
        for name, info in type(event).model_fields.items():
            if name in KEPT or name in _ids(event):
                continue
            filled = self._fill(info.annotation, Origin(type(event).__name__, name, f"{event.noun}:{subject}"))
            if filled is not None:
                said[name] = filled
        return event.model_copy(update=said)

    def _fill(self, annotation: Any, origin: Origin) -> Any:
        options = [option for option in get_args(annotation) if option is not type(None)]
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            filled = {name: self._fill(info.annotation, origin) for name, info in annotation.model_fields.items()}
            return annotation.model_construct(**{name: value for name, value in filled.items() if value is not None})
        if annotation in (str, int, Decimal, date):
            return self._next(annotation, origin)
        if get_origin(annotation) is tuple:
            inner = self._fill(options[0], origin)
            return None if inner is None else (inner,)
        if get_origin(annotation) in (Literal, dict) or annotation is bool or not options:
            return None
        return self._fill(options[0], origin)

    def _next(self, kind: type, origin: Origin) -> Any:
        number = len(self.origins)
        self.origins.append(origin)
        if kind is date:
            return FIRST_DAY + timedelta(days=number)
        return f"canary {FIRST + number}" if kind is str else kind(FIRST + number)

    def found_in(self, words: str) -> set[Origin]:
        """Where the canaries in these words come from.  Thousands may be set apart by commas."""
        numbers = {int(found) - FIRST for found in re.findall(r"91\d{4}", words.replace(",", ""))}
        days = {(date.fromisoformat(found) - FIRST_DAY).days for found in re.findall(r"\b2[1-9]\d\d-\d\d-\d\d", words)}
        return {self.origins[number] for number in numbers | days if 0 <= number < len(self.origins)}


def _ids(event: Event) -> set[str]:
    """The fields by which an event says what it is about, and those that name other things."""
    subject = event.subject().split(":")
    own = {name for name in type(event).model_fields if name == "id" or str(getattr(event, name)) in subject}
    return own | {name for name, _ in marked(type(event), Refers)}


WORDS = {"kind", "penetration", "position", "decision", "outcome", "audience", "source"}
"""Fields whose words are those of a set, though a thing may be called so too."""


def history() -> History:
    """Every id in it says that it is secret."""
    lines = [*TOLD, *MISTAKES, *FOR_CUSTOMERS, *AFTERWARDS]
    ids = {body["id"] for _, _, body in lines if "id" in body}

    def secret(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {name: secret(each, name) for name, each in value.items()}
        if isinstance(value, list):
            return [secret(each, name) for each in value]
        return f"secret-{value}" if value in ids and name not in WORDS else value

    told = opened()
    for when, command, body in lines:
        told.on(when, command, **secret(body))
    return told


def canaried() -> tuple[LoadedPlan, Canaries]:
    """The history of everything with canaries in it, and where each was put.  Names of people and reasons are canaries
    too, which no field of an event holds."""
    told, canaries = history(), Canaries()
    records = [
        record._replace(event=canaries.put_in(record.event), meta=_secret(record.meta.recorded_at), stored=b"")
        for record in told.known.records
    ]
    return LoadedPlan.of(ACCOUNT_PLAN, told.known.id, records), canaries


def _secret(at: datetime) -> Saying:
    return Saying(recorded_at=at, actor="secret actor", on_behalf_of="secret person", reason="secret reason")
