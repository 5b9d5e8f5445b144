"""The findings of a month, across plans: how many of each rule opened, ended and remained."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from pydantic import BaseModel, Field

from application.findings.moved import RuleMoved
from application.findings.registry import LOUDNESS, RULES
from application.reports.plan_month import MOST_OPENED, OpenedFinding
from domain.account_plan.rule_names import PlanRuleName
from domain.program.limits import Severity

Move = Literal["opened", "ended", "still"]
MOVES: Sequence[Move] = get_args(Move)
SEVERITIES: Sequence[Severity] = get_args(Severity)


class RuleInMonth(RuleMoved):
    """What happened to the findings of one rule, in all plans."""

    severity: Severity = Field(description="The highest severity in any of the plans.")
    plans: int = Field(description="The plans in which it found something, when the month began or at its end.")


class FindingsInMonth(BaseModel):
    """The findings at the beginning and at the end of the month. Findings about words are left out."""

    opened: dict[Severity, int]
    ended: dict[Severity, int]
    still: dict[Severity, int]
    rules: list[RuleInMonth] = Field(description="The most severe first.")
    loudest_opened: list[OpenedFinding] = Field(description=f"At most {MOST_OPENED}, the most severe first.")


@dataclass
class FindingsAdded:
    """Adds up the findings of plans."""

    _by_severity: Counter[tuple[Move, Severity]] = field(default_factory=Counter)
    _by_rule: dict[PlanRuleName, RuleInMonth] = field(default_factory=dict)

    def add(self, findings: Iterable[RuleMoved]) -> None:
        """Add what happened to the findings of one plan."""
        for each in findings:
            for move in MOVES:
                self._by_severity[move, each.severity] += getattr(each, move)
            so_far = self._by_rule.get(each.rule)
            self._by_rule[each.rule] = RuleInMonth.model_construct(
                rule=each.rule,
                severity=min(each.severity, so_far.severity, key=LOUDNESS.__getitem__) if so_far else each.severity,
                **{name: getattr(each, name) + getattr(so_far, name, 0) for name in (*MOVES, "excused")},
                plans=1 + (so_far.plans if so_far else 0),
            )

    def in_month(self, loudest_opened: Sequence[OpenedFinding]) -> FindingsInMonth:
        rules = [self._by_rule[name] for name in RULES if name in self._by_rule]
        return FindingsInMonth.model_construct(
            opened=self._counted("opened"),
            ended=self._counted("ended"),
            still=self._counted("still"),
            rules=sorted(rules, key=lambda rule: LOUDNESS[rule.severity]),
            loudest_opened=list(loudest_opened),
        )

    def _counted(self, move: Move) -> dict[Severity, int]:
        return {severity: self._by_severity[move, severity] for severity in SEVERITIES}
