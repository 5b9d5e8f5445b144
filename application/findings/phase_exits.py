"""The exit criteria of the phases in which the practice is introduced, and the rule that finds what is missing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date

from application.findings.program_examined import ProgramExamined, ProgramFound, named
from application.findings.sentences import days, listed, spaced
from application.views.rates_in_force import rates_in_force
from domain.program.charter import Phase, PhaseBegun, ProgramPhase
from domain.program.policy import AdoptedPolicy
from domain.program.rounds import ListCommitted, Round
from domain.record import Recorded


def _stood_up(at: ProgramExamined, _phase: ProgramPhase, _began: date) -> Iterator[str]:
    if at.card.owner is None:
        yield "nobody answers for the program"
    if not at.known.state.all(AdoptedPolicy):
        yield "no policy was adopted"
    if not any(round.entries for round in at.known.state.all(Round).values()):
        yield "no list was committed"


def _piloted(at: ProgramExamined, phase: ProgramPhase, began: date) -> Iterator[str]:
    everybody = [plan.account_id for plan in at.plans]
    if not (phase.accounts or everybody):
        yield "there is no plan to try it with"
    for account in phase.accounts or everybody:
        plan = at.plan_of(account)
        if plan is None:
            yield f"{account} has no plan"
        elif plan.last_review_on is None or plan.last_review_on < began:
            yield f"the plan of {plan.account_name} was not reviewed since {began}"


def _instrumented(at: ProgramExamined, _phase: ProgramPhase, _began: date) -> Iterator[str]:
    rates = rates_in_force(at.known.records, at.cut.at, at.day)
    for currency in sorted({plan.currency for plan in at.plans}):
        if rates and currency != rates.currency and currency not in rates.rates:
            yield f"amounts in {currency} have no exchange rate"


def _rolled_out(at: ProgramExamined, _phase: ProgramPhase, _began: date) -> Iterator[str]:
    committed = at.last(ListCommitted)
    for entry in committed.event.entries if committed and isinstance(committed.event, ListCommitted) else ():
        if at.plan_of(entry.account) is None:
            yield f"{entry.account} is on the list and has no plan"


def _crossed_functions(at: ProgramExamined, _phase: ProgramPhase, _began: date) -> Iterator[str]:
    lacking = [plan for plan in at.strategic if plan.signs.lacks_roles]
    if lacking:
        yield f"required roles are filled by nobody at {named(lacking)}"


def _found_its_rhythm(at: ProgramExamined, _phase: ProgramPhase, _began: date) -> Iterator[str]:
    most = at.policy.cadence_days("strategic").get("monthly")
    for plan in at.strategic if most else ():
        if plan.last_review_on is None or (at.day - plan.last_review_on).days > (most or 0):
            yield f"the plan of {plan.account_name} was not reviewed for more than {days(most or 0)}"


EXIT: Mapping[Phase, Callable[[ProgramExamined, ProgramPhase, date], Iterable[str]]] = {
    "stand_up": _stood_up,
    "pilot": _piloted,
    "instrument": _instrumented,
    "roll_out": _rolled_out,
    "cross_functional": _crossed_functions,
    "rhythm": _found_its_rhythm,
}
"""What prevents a phase from being completed, as clauses."""


def missing_in(at: ProgramExamined, phase: Phase) -> list[str]:
    """Return what prevents a phase that has begun from being completed; nothing if its exit criteria are met."""
    begun, record = at.known.state.find(ProgramPhase, phase), _record_of(at, phase)
    return list(EXIT[phase](at, begun, at.day_of(record) if record else at.day)) if begun else []


def _record_of(at: ProgramExamined, phase: Phase) -> Recorded | None:
    """Return the event of the last beginning of a phase; None if it is not recorded yet."""
    begun = (
        each for each in reversed(at.known.records) if isinstance(each.event, PhaseBegun) and each.event.phase == phase
    )
    return next(begun, None)


def phase_exit(at: ProgramExamined) -> Iterator[ProgramFound]:
    for phase in at.known.state.all(ProgramPhase).values():
        missing, began = [] if phase.completed else missing_in(at, phase.phase), _record_of(at, phase.phase)
        if missing and began:
            yield ProgramFound(
                f"The phase {spaced(phase.phase)}, begun on {at.day_of(began)}, cannot be completed yet:"
                f" {listed(missing)}.",
                at.day_of(began),
                events=[began.id],
            )
