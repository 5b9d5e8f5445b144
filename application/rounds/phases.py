"""What keeps a phase of introducing the practice from being completed without a reason."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from application.aggregates.loaded import LoadedAggregate
from application.findings.program import PlanStanding, ProgramExamined, missing_in
from application.findings.sentences import listed
from domain.language import Command
from domain.program.charter import CompletePhase, ReasonMissingForPhase
from domain.program.language import ProgramState


def check_phase(
    known: LoadedAggregate[ProgramState],
    state: ProgramState,
    command: Command,
    now: datetime,
    plans: Callable[[], Sequence[PlanStanding]],
) -> None:
    """Raises `ReasonMissingForPhase`."""
    if not isinstance(command, CompletePhase) or command.reason:
        return
    missing = missing_in(ProgramExamined(replace(known, state=state), now, plans()), command.phase)
    if missing:
        raise ReasonMissingForPhase("/reason", phase=command.phase, missing=listed(missing))
