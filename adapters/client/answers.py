"""What the service answers to commands, for whoever answers and for whoever asked."""

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
    """What came of a command.  Without events, nothing was to change."""

    version: int
    position: int = Field(description="Of its last event on the log of all plans: `at_least` of lists of plans.")
    id: str | None = Field(description="Of the thing the command was about, perhaps made here; null for a list.")
    events: list[EventReference]
    warnings: list[Caution]


class AllAnswered(BaseModel):
    """What came of each command of a list."""

    results: list[Result]


class OfPlan(BaseModel):
    """Whose answer it is."""

    plan_id: str


class OfProgram(BaseModel):
    """Whose answer it is."""

    program_id: str


class CommandAnswer(Answered, OfPlan):
    """What came of a command on a plan.  Without events, nothing was to change."""


class CommandsAnswer(AllAnswered, CommandAnswer):
    """What came of a list of commands: all events, and under `results` what came of each."""


class ProgramAnswer(Answered, OfProgram):
    """What came of a command on the program.  Without events, nothing was to change."""


class ProgramAnswers(AllAnswered, ProgramAnswer):
    """What came of a list of commands on the program: all events, and under `results` what came of each."""
