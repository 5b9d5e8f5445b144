"""The program at a cut: its policy, its list, its library, and its rounds."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from application.aggregates.loaded import LoadedAggregate
from application.views.by_section import CutView, by_section, section_models
from application.views.cuts import Cut, plan_at
from application.views.diff import Comparison, comparison, states_at
from application.views.policy_in_force import policy_at
from domain.account_plan.plan import Tier
from domain.language import Person
from domain.program import PROGRAM
from domain.program.charter import Program, the_program
from domain.program.language import ProgramState
from domain.program.limits import Policy
from domain.program.rounds import ListCommitted
from domain.record import Recorded

LoadedProgram = LoadedAggregate[ProgramState]
"""The program and its records, as of a version."""

SECTIONS = section_models(PROGRAM.sections, PROGRAM.things.values(), {}, None)
OPEN_TO_ALL = ("policy", "library")
"""The sections that everybody who works on plans may see. The others need the right to see the whole program."""

ProgramSections: type[BaseModel] = create_model(  # type: ignore[call-overload]
    "ProgramSections",
    **{
        name: (model, ...) if name in OPEN_TO_ALL else (model | None, Field(None, description="Of the whole program."))
        for name, model in SECTIONS.items()
    },
)


class ListedAccount(BaseModel):
    """An account on the list, and the tier that it is to have."""

    account: str
    tier: Tier
    reason: str | None


class CommittedList(BaseModel):
    """The list that was committed last."""

    round: str
    event: str
    """The event that committed it. Changes of plans that carry it out name this event as their cause."""
    committed_on: date
    decided_by: list[Person]
    entries: list[ListedAccount]


class PolicyShown(BaseModel):
    """The policy in force. Version 0 is the default policy."""

    version: int
    policy: Policy


class CurrentProgram(BaseModel):
    """The program at a cut. Callers who may not see the whole of it see its policy, its library and its list."""

    program_id: UUID
    version: int
    as_of: CutView
    program: Program
    policy_in_force: PolicyShown
    list: CommittedList | None = Field(None, description="Null until one was committed.")
    sections: ProgramSections  # type: ignore[valid-type]


class ProgramDiff(Comparison):
    """The comparison of two cuts of the program."""

    program_id: UUID


def current_program(known: LoadedProgram, cut: Cut, whole: bool = True) -> CurrentProgram:
    """Return the program, or the part of it that everybody who works on plans may see. Raises `CutBeforePlan`."""
    program = plan_at(known, cut)
    things = by_section(program, SECTIONS)
    sections: dict[str, Any] = {
        section: model.model_construct(**things[section])
        for section, model in SECTIONS.items()
        if whole or section in OPEN_TO_ALL
    }
    version, policy = policy_at(known.records, cut)
    return CurrentProgram.model_construct(
        program_id=known.id,
        version=cut.version,
        as_of=CutView.of(cut),
        program=the_program(program),
        policy_in_force=PolicyShown.model_construct(version=version, policy=policy),
        list=committed_list(known, cut),
        sections=ProgramSections.model_construct(**sections),
    )


def committed_list(known: LoadedProgram, cut: Cut) -> CommittedList | None:
    """Return the list that was committed last before a cut; None if there is none."""
    committed = (record for record in reversed(known.records[: cut.version]) if isinstance(record.event, ListCommitted))
    record = next(committed, None)
    return _list_of(known, record, record.event) if record and isinstance(record.event, ListCommitted) else None


def _list_of(known: LoadedProgram, record: Recorded, event: ListCommitted) -> CommittedList:
    return CommittedList(
        round=event.round,
        event=record.id,
        committed_on=known.type.today(known.state, record.meta.recorded_at),
        decided_by=list(event.decided_by),
        entries=[ListedAccount(account=each.account, tier=each.tier, reason=each.reason) for each in event.entries],
    )


def program_diff(known: LoadedProgram, a: Cut, b: Cut) -> ProgramDiff:
    """Return what differs between two cuts of the program.

    Raises `CutsOutOfOrder`, and `CutBeforePlan` for the second cut.
    """
    was, now = states_at(known, a, b)
    return ProgramDiff.model_construct(**comparison(known, a, was, b, now).__dict__, program_id=known.id)
