"""What the topics of the program share: its sections, and its state."""

from typing import ClassVar, Literal

from domain.language import Command, CommandRight
from domain.things import Aggregate

ProgramSection = Literal["charter", "policy", "rounds", "library"]


class ProgramState(Aggregate):
    """The program at some point of its history.  Before `ProgramOpened` it is empty, and its version is 0."""

    noun = "program"


class OnProgram(Command):
    """A command on the program, for whoever has the right to run it."""

    right: ClassVar[CommandRight] = "program"
