"""Carries out what was typed. The result is the outcome, or a sentence that says why nothing was recorded and where the
mistake is."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request

from adapters.http.commands import CommandEndpoints
from adapters.http.requests import context
from adapters.rendering.words import spaced
from adapters.web.forms.form import FormData
from adapters.web.guard import KEY, visitor_of
from adapters.web.languages import Speech
from application.aggregates.handle import CommandRefused, KeyReused, Outcome, VersionConflict
from application.views.history import since
from domain.language import Command, Refusal


@dataclass
class NotRecorded(Exception):
    """Nothing was recorded."""

    status: int
    sentences: Sequence[str]
    pointer: str = ""
    """The JSON pointer (RFC 6901) to the wrong field; empty if there is none."""


def version_in(data: FormData) -> int | None:
    """Return the version that the form was filled in for."""
    expected = data.get("expected-version", "")
    return int(expected) if expected.isdecimal() and len(expected) < 10 else None


async def send(
    desk: CommandEndpoints, request: Request, route: str, commands: Sequence[Command], data: FormData, say: Speech
) -> Outcome:
    """Carry out all commands or none, once for each key of a form. Raises `NotRecorded`."""
    said = context(request, visitor_of(request).caller, "ui")
    try:
        return await desk.carry_out(request, route, commands, said, version_in(data), data.get(KEY) or None)
    except CommandRefused as error:
        raise NotRecorded(409, [say.refusal(error.refusal)], error.refusal.pointer) from None
    except Refusal as refusal:
        raise NotRecorded(409, [say.refusal(refusal)], refusal.pointer) from None
    except VersionConflict as conflict:
        raise NotRecorded(412, meanwhile(conflict, say)) from None
    except KeyReused:
        raise NotRecorded(422, [recorded_already(say)]) from None


def recorded_already(say: Speech) -> str:
    return say("This form was recorded already, with other words. Send it once more to record this as well.")


def meanwhile(conflict: VersionConflict, say: Speech) -> list[str]:
    """Return what somebody else changed since the form was opened."""
    lines = [say("Somebody changed this meanwhile. Look at what happened, then send it once more:")]
    for entry in since(conflict.known, conflict.since):
        what = say(spaced(entry.type))
        lines.append(say("{actor}, {at}: {what}", actor=entry.actor, at=say.instant(entry.recorded_at), what=what))
    return lines
