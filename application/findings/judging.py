"""The findings of a plan at a cut: what all rules find under the policy in force."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from pydantic import BaseModel

from application.findings.examined import Examined
from application.findings.finding import Excuse, Finding, Found, Named, Rule, Scope
from application.findings.registry import LOUDNESS, RULES
from application.views.by_section import CutView
from application.views.cuts import Cut, known_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.exceptions import RuleException
from domain.account_plan.rule_names import PlanRuleName
from domain.language import bare
from domain.program.limits import Severity
from domain.record import Recorded
from domain.things import Thing

APPLIES: Mapping[Scope, Callable[[Examined], bool]] = {
    "every plan": lambda _: True,
    "plans with duties": lambda at: at.has_duties,
    "strategic plans": lambda at: at.tier == "strategic",
}


class FindingsView(BaseModel):
    """The findings of a plan at a cut, the most severe first."""

    plan_id: UUID
    version: int
    as_of: CutView
    policy_version: int
    items: list[Finding]


def findings_view(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> FindingsView:
    """Return the findings under the policy that was in force according to the program's records. Raises
    `CutBeforePlan`."""
    at_cut = judged(known_at(known, cut), cut, program)
    return FindingsView(
        plan_id=known.id,
        version=cut.version,
        as_of=CutView.of(cut),
        policy_version=at_cut.at.in_force.version,
        items=list(at_cut.findings),
    )


def findings(at: Examined) -> list[Finding]:
    """Return the findings: the most severe first, then the oldest; excused ones come last. An archived plan has
    none.
    """
    found = [] if at.card.archived else [each for name in RULES for each in findings_by(name, at)]
    return sorted(found, key=lambda each: (each.excused is not None, LOUDNESS[each.severity], each.since_on))


@dataclass(frozen=True)
class Judged:
    """A plan at a cut and its findings, which are computed when they are first needed."""

    at: Examined

    @cached_property
    def findings(self) -> Sequence[Finding]:
        return findings(self.at)


def judged(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> Judged:
    """Return the plan with the policy that was in force according to the program's records. `known` ends at the cut."""
    return Judged(Examined(known, cut, policy_at(program, cut)))


def findings_by(name: PlanRuleName, at: Examined) -> list[Finding]:
    """Return the findings of one rule; none if the policy disables it or it examines other plans."""
    rule, adjusted = RULES[name], at.policy.findings.get(name)
    if (adjusted and adjusted.off) or not APPLIES[rule.scope](at):
        return []
    severity, found = adjusted.severity if adjusted else rule.severity, list(rule.judge(at))
    excused = excuse(name, at) if found else None
    return [_finding(name, severity, rule, each, at, excused) for each in found]


def excuse(name: PlanRuleName, at: Examined) -> Excuse | None:
    """Return the exception from a rule that is in force at the cut, and who granted it; None if there is none."""
    exception = at.plan.find(RuleException, name)
    if exception is None or not exception.excuses(at.day):
        return None
    at.turns_on(exception.until_on, 1)
    granted = at.about(exception)[-1]
    return Excuse(by=granted.meta.actor, until_on=exception.until_on, reason=granted.meta.reason, event=granted.id)


def _finding(
    name: PlanRuleName, severity: Severity, rule: Rule, found: Found, at: Examined, excused: Excuse | None
) -> Finding:
    about = found.about
    said = {
        "rule": name,
        "about": f"{about.noun}:{about.id}" if isinstance(about, Thing) else about,
        "severity": severity,
        "sentence": found.sentence,
        "since_on": found.since_on,
        "things": [bare(Named, {"kind": thing.noun, "id": thing.id}, NAMED_SAYS) for thing in found.things],
        "events": list(found.events),
        "policy_version": at.in_force.version,
        "seed": rule.seed,
        "remedies": list(found.remedies),
        "excused": excused,
    }
    return bare(Finding, said, FINDING_SAYS)


NAMED_SAYS, FINDING_SAYS = frozenset(Named.model_fields), frozenset(Finding.model_fields)
