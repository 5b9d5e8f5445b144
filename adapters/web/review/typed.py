"""The commands for what was typed on the page of a review.

First come the outcomes of all promises, then new promises and attitudes, and last the review itself: the plan at that
point is what was said.
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
"""The outcome of a promise; `going` while nothing else is chosen."""

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
"""The choices, and the attitude that each stands for."""

HOLD = "hold-review"
MOST_NEW = 200
"""The number of new promises that are read; the page has a few rows."""


@dataclass(frozen=True)
class TypedCommand:
    """A command, and the fields of the page into which it was typed."""

    prefix: str
    name: str
    body: dict[str, Any]

    def command(self) -> Command:
        """Return the command. Raises `pydantic.ValidationError`."""
        return COMMANDS[self.name].model_validate_json(to_json(self.body))


@dataclass(frozen=True)
class Mistake:
    """A mistake in what was typed: the field, which is empty for the page as a whole, and the sentence."""

    field: str
    detail: str


def typed_commands(data: FormData, today: date) -> list[TypedCommand]:
    return [*promises(data, today), *new_promises(data, today), *attitudes(data), held(data, today)]


def promises(data: FormData, today: date) -> Iterator[TypedCommand]:
    """Yield the outcomes of promises: `promise-play-tour-fate=moved`, with the fields of that outcome."""
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
    """Yield the attitudes that were chosen. An empty choice changes nothing."""
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
    """Yield kind and id of every thing that has a row on the page, in order: `promise=play:tour`."""
    for named in data.all(what):
        kind, _, id = named.partition(":")
        if id:
            yield kind, id


def in_a_sentence(error: ErrorDetails, say: Speech) -> str:
    """Return what is wrong with a field, in a sentence that names it."""
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
    """Return the commands, and the mistakes in the shape of any."""
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
