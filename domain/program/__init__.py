"""Puts the topics of the program together: the company's practice of planning its strategic accounts."""

from typing import get_args

from domain.aggregates import AggregateType, Topic
from domain.program import charter, library, policy, rounds
from domain.program.language import ProgramSection, ProgramState

ProgramCommand = charter.CharterCommands | policy.PolicyCommands | rounds.RoundCommands | library.LibraryCommands
ProgramEvent = charter.CharterEvents | policy.PolicyEvents | rounds.RoundEvents | library.LibraryEvents

TOPICS: tuple[Topic[ProgramState, ProgramCommand, ProgramEvent], ...] = (
    charter.TOPIC,
    policy.TOPIC,
    rounds.TOPIC,
    library.TOPIC,
)
"""In the order in which the program is shown."""

PROGRAM = AggregateType(
    state=ProgramState,
    topics=TOPICS,
    opening=charter.OPENING,
    card=charter.the_program,
    not_open=charter.ProgramNotOpen,
    read_only=charter.ProgramIsClosed,
    sections=get_args(ProgramSection),
    is_shared=True,
)
