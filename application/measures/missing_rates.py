"""The currencies of plans that have no exchange rate, told to whoever sets the rates."""

from collections.abc import Callable, Iterator, Sequence

from application.findings.program_examined import PlanStanding, named
from domain.language import Caution, Command
from domain.program.charter import SetExchangeRates, the_program
from domain.program.language import ProgramState


def without_rate(
    command: Command, state: ProgramState, plans: Callable[[], Sequence[PlanStanding]]
) -> Iterator[Caution]:
    """Yield a caution for each currency of a plan that the rates leave out. Rates are set as a whole."""
    if not isinstance(command, SetExchangeRates):
        return
    own, standings = the_program(state).currency, plans()
    for currency in sorted({plan.currency for plan in standings} - {own, *command.rates}):
        using = named(plan for plan in standings if plan.currency == currency)
        detail = f"There is no rate for {currency}, in which the plan of {using} counts: its amounts are in no sum."
        yield Caution("currency-without-rate", "/rates", detail)
