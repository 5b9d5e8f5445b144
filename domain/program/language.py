"""What the topics of the program say alike: its sections, and the program as it stands."""

from typing import Literal

from domain.things import Aggregate

ProgramSection = Literal["charter", "policy", "rounds", "library"]


class ProgramState(Aggregate):
    """The program at some point of its history.  Before `ProgramOpened` it is empty, and its version is 0."""

    noun = "program"
