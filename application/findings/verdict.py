"""A verdict on the current plan: its findings, how long they hold, and what the rules about the program need."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import NamedTuple

from pydantic import BaseModel

from application.findings.examined import Examined
from application.findings.finding import Finding
from application.findings.judging import findings
from application.findings.similarity import Signature, own_words, signature
from application.views.cuts import Cut, cut_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.actions import Action
from domain.account_plan.plan import Criteria
from domain.account_plan.promises import open_promises
from domain.program.policy import PolicyAdopted
from domain.record import Recorded
from domain.time_zones import time_zone


class PlanSigns(BaseModel):
    """What the rules about the program need to know about one plan."""

    is_sponsored: bool
    """Whether executives on both sides sponsor the account."""
    lacks_roles: bool
    """Whether a role that the policy requires for its tier is vacant."""
    milestones: int
    """The number of open milestones."""
    milestones_held: int
    """The number of open milestones that are in the calendar."""
    scores: Mapping[str, Criteria]
    """The marks of the account, by round."""
    other_accounts: Sequence[str] = ()
    """Aliases of its account, and the accounts whose plans were merged into it."""
    library_plays: Sequence[str] = ()
    """The library plays from which its open plays and actions were made, once for each."""


class Verdict(NamedTuple):
    """The findings of a plan on a day."""

    day: date
    timezone: str
    findings: Sequence[Finding]
    holds_until: datetime | None
    """The instant from which the verdict may differ even if nothing is recorded; None for never."""
    signs: PlanSigns
    words: Signature


def verdict(
    known: LoadedPlan, now: datetime, program: Sequence[Recorded] = (), words: Signature | None = None
) -> Verdict:
    """Return the verdict on the current plan, under the policy in force according to the program's records.

    `words` is the signature of the last verdict, if nothing was recorded since.
    """
    cut = cut_at("now", known, now)
    at = Examined(known, cut, policy_at(program, cut))
    found, zone = findings(at), at.card.timezone
    changes = [day for day in (at.changes_on, _next_policy_on(program, cut)) if day]
    signs = signs_of(at)
    holds_until = _begins(min(changes), zone) if changes and not at.card.archived else None
    return Verdict(cut.date, zone, found, holds_until, signs, signature(own_words(at.plan)) if words is None else words)


def signs_of(at: Examined) -> PlanSigns:
    return PlanSigns(
        is_sponsored=is_sponsored(at),
        lacks_roles=any(not at.in_role(role) for role in at.policy.roles(at.tier).required),
        scores={scoring.round: scoring.criteria for scoring in at.card.scores if scoring.round},
        other_accounts=[*at.card.aliases, *at.card.merged],
        library_plays=[each.library_play for each in open_promises(at.plan) if each.library_play],
        **milestones(at),
    )


def is_sponsored(at: Examined) -> bool:
    theirs = any("executive_sponsor" in each.roles for each in at.people)
    return theirs and bool(at.in_role("executive_sponsor"))


def milestones(at: Examined) -> dict[str, int]:
    of_plan = [each for each in at.plan.open(Action) if each.kind == "milestone"]
    return {"milestones": len(of_plan), "milestones_held": sum(each.calendar_hold for each in of_plan)}


def _next_policy_on(program: Sequence[Recorded], cut: Cut) -> date | None:
    """Return the day on which the next policy comes into force that is adopted already; None if there is none."""
    adopted = (record.event for record in program if isinstance(record.event, PolicyAdopted))
    return min((policy.effective_on for policy in adopted if policy.effective_on > cut.date), default=None)


def _begins(day: date, timezone: str) -> datetime:
    return datetime.combine(day, time(), time_zone(timezone))
