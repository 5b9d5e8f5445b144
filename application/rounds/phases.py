"""The check of a phase's exit criteria: a phase that does not meet them is completed only with a reason."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from application.aggregates.loaded import LoadedAggregate
from application.findings.phase_exits import missing_in
from application.findings.program_examined import PlanStanding, ProgramExamined
from application.findings.sentences import listed
from application.views.cuts import cut_at
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
    """Raise `ReasonMissingForPhase` if the phase does not meet its exit criteria and no reason is given."""
    if not isinstance(command, CompletePhase) or command.reason:
        return
    missing = missing_in(
        ProgramExamined(replace(known, state=state), cut_at("now", known, now), plans()), command.phase
    )
    if missing:
        raise ReasonMissingForPhase("/reason", phase=command.phase, missing=listed(missing))
