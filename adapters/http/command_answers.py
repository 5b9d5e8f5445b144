"""The bodies and headers of answers to commands."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic_core import to_json

from adapters.client.answers import (
    Answered,
    CommandAnswer,
    CommandsAnswer,
    EventReference,
    ProgramAnswer,
    ProgramAnswers,
    Result,
)
from adapters.events.cloud_events import type_of as event_type
from adapters.events.stored_format import topic_of
from adapters.http.conditional import Written, etag, length
from adapters.http.resources import PLANS, THE_PROGRAM, Resource
from application.aggregates.erasures import Certificate
from application.aggregates.handle import Outcome
from domain.language import Caution, Command

ANSWERS: Mapping[Resource, tuple[type[Answered], type[Any]]] = {
    PLANS: (CommandAnswer, CommandsAnswer),
    THE_PROGRAM: (ProgramAnswer, ProgramAnswers),
}
"""What is answered to one command and to a list of them."""


class ErasureAnswer(CommandAnswer):
    """The outcome of forgetting a person."""

    certificate: Certificate


def answer(
    resource: Resource,
    log: UUID | None,
    outcome: Outcome,
    certificate: Certificate | None = None,
) -> Response:
    [done] = outcome.done
    content = about(resource, outcome) | {
        "id": done.id,
        "events": [
            {"id": f"{outcome.aggregate_id}:{version}", "type": event_type(topic_of(event))}
            for version, event in done.events.items()
        ],
        "warnings": done.warnings,
    }
    if certificate:
        content["certificate"] = certificate
    return answered(resource, log, outcome, to_json(content))


def answers(resource: Resource, log: UUID | None, outcome: Outcome, commands: Sequence[Command]) -> Response:
    results = results_of(outcome, commands)
    events = [event for result in results for event in result.events]
    _, model = ANSWERS[resource]
    content = model(**about(resource, outcome), id=None, events=events, warnings=placed(results), results=results)
    return answered(resource, log, outcome, content.model_dump_json().encode())


def about(resource: Resource, outcome: Outcome) -> dict[str, Any]:
    return {
        f"{resource.of.noun}_id": str(outcome.aggregate_id),
        "version": outcome.version,
        "position": outcome.position,
    }


def results_of(outcome: Outcome, commands: Sequence[Command]) -> list[Result]:
    return [
        Result(
            command=command.called(),
            id=done.id,
            events=[
                EventReference(id=f"{outcome.aggregate_id}:{version}", type=event_type(topic_of(event)))
                for version, event in done.events.items()
            ],
            warnings=list(done.warnings),
        )
        for command, done in zip(commands, outcome.done, strict=True)
    ]


def answered(resource: Resource, log: UUID | None, outcome: Outcome, content: bytes) -> Response:
    tag = etag(log, outcome.version, outcome.erasures, outcome.today)
    headers = [
        (b"etag", tag.encode()),
        (b"vary", b"Authorization"),
        (b"content-type", b"application/json"),
        length(content),
    ]
    if outcome.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    if outcome.opened:
        headers.append((b"location", resource.location(outcome.aggregate_id).encode()))
    return Written(content, headers, status=201 if outcome.opened else 200)


def placed(results: Sequence[Result]) -> list[Caution]:
    """Return the warnings of all commands, each with a JSON pointer into the list of commands."""
    return [
        replace(warning, pointer=f"/{place}/body{warning.pointer}")
        for place, result in enumerate(results)
        for warning in result.warnings
    ]


def would_answer(response: Response) -> Response:
    """Return the answer to a dry run. It is marked as a dry run, and has no ETag for a version that does not exist."""
    del response.headers["ETag"]
    response.headers["Dry-Run"] = "true"
    return response
