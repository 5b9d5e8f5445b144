"""Puts the topics of the program together: the company's practice of planning its strategic accounts."""

from typing import get_args

from domain.aggregates import AggregateType, Topic
from domain.corrections import Corrected, Correction, Withdrawal, Withdrawn
from domain.program import agendas, charter, examples, library_plays, nominations, policy, rounds, templates
from domain.program.language import ProgramSection, ProgramState

ProgramCommand = (
    charter.CharterCommands
    | policy.PolicyCommands
    | rounds.RoundCommands
    | nominations.NominationCommands
    | library_plays.LibraryPlayCommands
    | templates.TemplateCommands
    | agendas.AgendaCommands
    | examples.ExampleCommands
    | Correction
    | Withdrawal
)
ProgramEvent = (
    charter.CharterEvents
    | policy.PolicyEvents
    | rounds.RoundEvents
    | nominations.NominationEvents
    | library_plays.LibraryPlayEvents
    | templates.TemplateEvents
    | agendas.AgendaEvents
    | examples.ExampleEvents
    | Corrected
    | Withdrawn
)

TOPICS: tuple[Topic[ProgramState, ProgramCommand, ProgramEvent], ...] = (
    charter.TOPIC,
    policy.TOPIC,
    rounds.TOPIC,
    nominations.TOPIC,
    library_plays.TOPIC,
    templates.TOPIC,
    agendas.TOPIC,
    examples.TOPIC,
)
"""The topics in the order in which the program is shown."""

PROGRAM = AggregateType(
    state=ProgramState,
    topics=TOPICS,
    opening=charter.OPENING,
    card=charter.the_program,
    not_open=charter.ProgramNotOpen,
    read_only=lambda _: charter.ProgramIsClosed(),
    sections=get_args(ProgramSection),
    is_shared=True,
)
