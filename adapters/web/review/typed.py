"""What was typed on the page of a review, as the commands that record it.

First what became of every promise, then what is promised anew and what people think of us, and last the review itself:
the plan as it stands there is what was said.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, to_json

from adapters.exchange.typed import typed_day
from adapters.http.problems import pointer_to
from adapters.rendering.words import spaced
from adapters.web.forms.form import FormData, body_of
from adapters.web.languages import Speech
from domain.account_plan import COMMANDS
from domain.account_plan.reviews import HoldReview
from domain.language import Command
from domain.mistakes import predicate

Fate = Literal["going", "done", "lost", "moved", "dropped"]
"""What became of a promise; `going` is what it is while nothing else is said."""

FATES: tuple[Fate, ...] = get_args(Fate)
COMMAND_FOR: dict[tuple[str, str], str] = {
    ("play", "done"): "win-play",
    ("play", "lost"): "lose-play",
    ("play", "moved"): "reschedule-play",
    ("play", "dropped"): "drop-play",
    ("action", "done"): "complete-action",
    ("action", "moved"): "reschedule-action",
    ("action", "dropped"): "drop-action",
}
ATTITUDES = {"-2": -2, "-1": -1, "0": 0, "1": 1, "2": 2, "unknown": None}
"""What can be chosen, and the attitude it is."""

HOLD = "hold-review"
MOST_NEW = 200
"""So many new promises are looked for among what was typed; the page has a few rows."""


@dataclass(frozen=True)
class TypedCommand:
    """A command, and the fields of the page it was typed into."""

    prefix: str
    name: str
    body: dict[str, Any]

    def command(self) -> Command:
        """Raises `pydantic.ValidationError`."""
        return COMMANDS[self.name].model_validate_json(to_json(self.body))


@dataclass(frozen=True)
class Mistake:
    """What is wrong with what was typed: the field it was typed into, empty for the page as a whole."""

    field: str
    detail: str


def typed_commands(data: FormData, today: date) -> list[TypedCommand]:
    return [*promises(data, today), *new_promises(data, today), *attitudes(data), held(data, today)]


def promises(data: FormData, today: date) -> Iterator[TypedCommand]:
    """`promise-play-tour-fate=moved`, with the fields of that fate beside it."""
    for kind, id in things(data, "promise"):
        prefix = f"promise-{kind}-{id}"
        fate = next((fate for fate in FATES if data.get(f"{prefix}-fate") == fate), "going")
        name = COMMAND_FOR.get((kind, fate))
        if name is None:
            continue
        body: dict[str, Any] = {"id": id}
        if fate in ("done", "lost"):
            body["finished_on"] = typed_day(data.get(f"{prefix}-finished_on") or today.isoformat(), today)
            body["result"] = data.get(f"{prefix}-result") or None
            if evidence := data.get(f"{prefix}-evidence"):
                body["evidence"] = evidence
        if fate == "moved":
            body["due_on"] = typed_day(data.get(f"{prefix}-due_on", ""), today)
        if fate in ("moved", "dropped") and (reason := data.get(f"{prefix}-reason")):
            body["reason"] = reason
        yield TypedCommand(prefix, name, body)


def new_promises(data: FormData, today: date) -> Iterator[TypedCommand]:
    for place in range(MOST_NEW):
        prefix = f"new-{place}"
        if data.get(f"{prefix}-statement", "").strip():
            yield TypedCommand(prefix, "add-action", body_of(COMMANDS["add-action"], data, None, today, f"{prefix}-"))


def attitudes(data: FormData) -> Iterator[TypedCommand]:
    """Only those that were chosen: an empty choice leaves what is known as it is."""
    for _, id in things(data, "attitude"):
        prefix = f"attitude-stakeholder-{id}"
        if (chosen := data.get(f"{prefix}-attitude", "")) in ATTITUDES:
            body: dict[str, Any] = {"id": id, "attitude": ATTITUDES[chosen]}
            if evidence := data.get(f"{prefix}-evidence"):
                body["evidence"] = evidence
            yield TypedCommand(prefix, "change-sentiment", body)


def held(data: FormData, today: date) -> TypedCommand:
    return TypedCommand("hold", HOLD, body_of(HoldReview, data, None, today, "hold-"))


def things(data: FormData, what: str) -> Iterator[tuple[str, str]]:
    """Kind and id of every thing the page has a row for, in the order of the rows: `promise=play:tour`."""
    for named in data.all(what):
        kind, _, id = named.partition(":")
        if id:
            yield kind, id


def in_a_sentence(error: ErrorDetails, say: Speech) -> str:
    """What is wrong with a field, which the sentence names."""
    said, names = say.told(predicate(error)), [part for part in error["loc"] if isinstance(part, str)]
    return say("“{field}” {said}.", field=say(spaced(names[-1])), said=said) if names else said


def well_formed(typed: Sequence[TypedCommand]) -> list[tuple[TypedCommand, Command]]:
    """Those whose shape is right."""
    found = []
    for each in typed:
        with suppress(ValidationError):
            found.append((each, each.command()))
    return found


def commands_of(typed: Sequence[TypedCommand], say: Speech) -> tuple[list[Command], list[Mistake]]:
    """The commands, and what is wrong with the shape of any."""
    commands, mistakes = list[Command](), list[Mistake]()
    for each in typed:
        try:
            commands.append(each.command())
        except ValidationError as error:
            mistakes += [
                Mistake(f"{each.prefix}{pointer_to(found['loc']).replace('/', '-')}", in_a_sentence(found, say))
                for found in error.errors(include_url=False)
            ]
    return commands, mistakes
