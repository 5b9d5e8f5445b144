"""The answers to commands, as the service sends them and the client reads them."""

from pydantic import BaseModel, Field

from domain.language import Caution


class EventReference(BaseModel):
    """A recorded event. `type` is the same as in the feed."""

    id: str
    type: str


class Result(BaseModel):
    """The outcome of one command of a list."""

    command: str
    id: str | None
    events: list[EventReference]
    warnings: list[Caution]


class Answered(BaseModel):
    """The outcome of a command. Without events, there was nothing to change."""

    version: int
    position: int = Field(description="Of its last event on the log of all plans: `at_least` of lists of plans.")
    id: str | None = Field(description="Of the thing the command was about, perhaps made here; null for a list.")
    events: list[EventReference]
    warnings: list[Caution]


class AllAnswered(BaseModel):
    """The outcome of each command of a list."""

    results: list[Result]


class OfPlan(BaseModel):
    """The plan that the answer is about."""

    plan_id: str


class OfProgram(BaseModel):
    """The program that the answer is about."""

    program_id: str


class CommandAnswer(Answered, OfPlan):
    """The outcome of a command on a plan. Without events, there was nothing to change."""


class CommandsAnswer(AllAnswered, CommandAnswer):
    """The outcome of a list of commands: all events, and the outcome of each command under `results`."""


class ProgramAnswer(Answered, OfProgram):
    """The outcome of a command on the program. Without events, there was nothing to change."""


class ProgramAnswers(AllAnswered, ProgramAnswer):
    """The outcome of a list of commands on the program: all events, and the outcome of each command under `results`."""
