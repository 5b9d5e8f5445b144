"""The findings about the program itself: its list, its phases, and plans that are alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.web.findings.presenter import FindingsShown, findings_shown
from adapters.web.plan.asked import AggregateRequest
from adapters.web.plan.presenter import PlanHead
from application.aggregates.access import Right
from application.findings.finding import Finding
from domain.program import PROGRAM
from domain.program.language import ProgramState


@dataclass(frozen=True)
class ProgramFindingsPage:
    head: PlanHead
    findings: FindingsShown


def findings_page(items: Sequence[Finding], asked: AggregateRequest[ProgramState], key: str) -> ProgramFindingsPage:
    def may(right: Right) -> bool:
        return asked.cut.cut == "now" and asked.may(right)

    known = asked.known
    shown = findings_shown(items, known.state, asked.path, known.version, key, asked.say, may, PROGRAM)
    return ProgramFindingsPage(asked.head, shown)
