"""What happened to the findings of a plan between two cuts: which opened, ended or remained."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pydantic import BaseModel, Field

from application.findings.finding import Finding
from application.findings.registry import LOUDNESS, RULES
from domain.account_plan.rule_names import PlanRuleName
from domain.program.limits import RuleName, Severity

IN_WORDS = frozenset(name for name, rule in RULES.items() if rule.reads_words)


class RuleMoved(BaseModel):
    """How many findings of one rule opened, ended and remained."""

    rule: PlanRuleName
    severity: Severity = Field(description="At the second cut; where the rule finds nothing there, at the first.")
    opened: int
    ended: int
    still: int
    excused: int = Field(description="Those opened or still there that the plan is excused from at the second cut.")


class Moved(NamedTuple):
    """The findings at two cuts of a plan. The rule and what it is about identify a finding."""

    opened: Sequence[Finding]
    ended: Sequence[Finding]
    still: Sequence[Finding]
    """The findings that remained, as they are at the second cut."""

    @classmethod
    def between(cls, before: Iterable[Finding], after: Iterable[Finding]) -> "Moved":
        """Compare the findings at two cuts, without those of rules that judge text (`Rule.reads_words`)."""
        was, now = _by_name(before), _by_name(after)
        return cls(
            [each for name, each in now.items() if name not in was],
            [each for name, each in was.items() if name not in now],
            [each for name, each in now.items() if name in was],
        )

    def by_rule(self) -> list[RuleMoved]:
        """Return the numbers by rule, the most severe first."""
        counts = [Counter(each.rule for each in found) for found in self]
        excused = Counter(each.rule for each in (*self.opened, *self.still) if each.excused)
        severity = {each.rule: each.severity for found in (self.ended, self.still, self.opened) for each in found}
        return [
            RuleMoved.model_construct(
                rule=rule,
                severity=severity[rule],
                opened=counts[0][rule],
                ended=counts[1][rule],
                still=counts[2][rule],
                excused=excused[rule],
            )
            for rule in sorted(filter(severity.__contains__, RULES), key=lambda rule: LOUDNESS[severity[rule]])
        ]


def _by_name(findings: Iterable[Finding]) -> Mapping[tuple[RuleName, str | None], Finding]:
    return {(each.rule, each.about): each for each in findings if each.rule not in IN_WORDS}
