"""The plans as the rules about the program need them, at any cut of the program: as they stand from the table, as they
stood from their logs."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from application.findings.examined import Examined
from application.findings.program_examined import PlanStanding, ProgramExamined
from application.findings.similarity import own_words, signature
from application.findings.verdict import signs_of
from application.views.current_program import LoadedProgram
from application.views.cuts import Cut, known_at, stood_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.reviews import last_held
from domain.record import Recorded


def examined_at(
    program: LoadedProgram,
    cut: Cut,
    current: Callable[[], Sequence[PlanStanding]],
    histories: Callable[[], Iterable[LoadedPlan]],
) -> ProgramExamined:
    """Return the program and its plans at a cut. `current` returns the plans as they stand now, `histories` yields them
    with their whole logs, which earlier cuts need. Raises `CutBeforePlan`."""
    plans = current() if cut.still_moves else standings_at(histories(), cut.at, program.records)
    return ProgramExamined(known_at(program, cut), cut, plans)


def standings_at(plans: Iterable[LoadedPlan], at: datetime, program: Sequence[Recorded]) -> list[PlanStanding]:
    """Return every plan that was open and not archived at an instant, judged by the policy in force then."""
    found = filter(None, (standing_at(known, at, program) for known in plans))
    return sorted(found, key=lambda each: (each.account_name, each.id))


def standing_at(known: LoadedPlan, at: datetime, program: Sequence[Recorded]) -> PlanStanding | None:
    """Return a plan as it stood at an instant; None if it was not opened yet, or archived."""
    stood = stood_at(known, at)
    if stood is None:
        return None
    then, cut = stood
    examined = Examined(then, cut, policy_at(program, cut))
    card, last = examined.card, last_held(then.state)
    if card.archived:
        return None
    return PlanStanding(
        id=known.id,
        account_id=card.account_id,
        account_name=card.account_name,
        tier=card.tier,
        currency=card.currency,
        last_review_on=last.held_on if last else None,
        signs=signs_of(examined),
        words=signature(own_words(examined.plan)),
    )
