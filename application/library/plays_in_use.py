"""The plans that use a play of the library."""

from collections.abc import Callable, Sequence

from application.findings.program_examined import PlanStanding, named
from domain.language import Caution, Command
from domain.program.library_plays import RetirePlay


def in_use(command: Command, plans: Callable[[], Sequence[PlanStanding]]) -> list[Caution]:
    """Return a caution if open plays and actions were made from a library play that is being retired. They stay as they
    are."""
    if not isinstance(command, RetirePlay):
        return []
    using = [plan for plan in plans() if command.id in plan.signs.library_plays]
    promises = sum(list(plan.signs.library_plays).count(command.id) for plan in using)
    detail = (
        f"{promises} open plays and actions were taken from it, at {named(using)}: they go on as they are."
        if promises > 1
        else f"1 open play or action was taken from it, at {named(using)}: they go on as they are."
    )
    return [Caution("library-play-in-use", "/id", detail)] if using else []
