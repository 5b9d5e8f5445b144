"""The findings about the program itself, beside those of each plan: its list, its phases, and plans that are alike.

These rules examine the records of the program and a few signs of every plan, which a table stores.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel

from application.findings.finding import Finding, Named, remedy
from application.findings.phase_exits import phase_exit
from application.findings.program_examined import ProgramExamined, ProgramFound, named
from application.findings.registry import LOUDNESS
from application.findings.sentences import counted, days, percent
from application.findings.similarity import alike
from application.views.by_section import CutView
from domain.program.limits import ProgramRuleName, Severity
from domain.program.rounds import ListCommitted, Round, weighted_score

QUARTER_DAYS = 92
"""Days after which a committed list should be looked at again."""

MOST_PAIRS = 100
"""The number of pairs of plans that are alike of which each is a finding of its own."""


class ProgramFindings(BaseModel):
    """The findings about the program at a cut, the most severe first."""

    program_id: UUID
    version: int
    as_of: CutView
    policy_version: int
    items: list[Finding]


class ProgramRule(NamedTuple):
    """A rule about the program."""

    severity: Severity
    finds: str
    seed: str
    judge: Callable[[ProgramExamined], Iterable[ProgramFound]]


def list_too_long(at: ProgramExamined) -> Iterator[ProgramFound]:
    sizes, length = at.policy.list, len(at.strategic)
    if length > sizes.warn:
        too_many = f"more than {sizes.alarm}" if length > sizes.alarm else f"more than {sizes.warn}"
        yield ProgramFound(
            f"{length} accounts are strategic, {too_many}; the list aims at {sizes.target}. Commit a shorter one.",
            at.day,
            remedies=[remedy("open-round", "title", "due_on", tiers={"strategic": sizes.target})],
            severity="alarm" if length > sizes.alarm else None,
        )


def list_too_short(at: ProgramExamined) -> Iterator[ProgramFound]:
    target, length = at.policy.list.target, len(at.strategic)
    if length < target:
        yield ProgramFound(
            f"{counted(length, 'account is', 'accounts are')} strategic; the list aims at {target}. Nominate more.",
            at.day,
            remedies=[remedy("open-round", "title", "due_on", tiers={"strategic": target})],
        )


def list_not_refreshed(at: ProgramExamined) -> Iterator[ProgramFound]:
    last = at.last(ListCommitted)
    last_on = at.day_of(last) if last else at.card.opened_on
    if (at.day - last_on).days > QUARTER_DAYS:
        what = f"The list was committed last on {last_on}" if last else f"No list was committed since {last_on}"
        yield ProgramFound(
            f"{what}; at most {days(QUARTER_DAYS)} may pass. Hold a round.",
            last_on + timedelta(days=QUARTER_DAYS + 1),
            events=[last.id] if last else [],
            remedies=[remedy("open-round", "title", "due_on")],
        )


def no_owner(at: ProgramExamined) -> Iterator[ProgramFound]:
    if at.card.owner is None:
        yield ProgramFound(
            "Nobody answers for the program. Name somebody.",
            at.card.opened_on,
            remedies=[remedy("name-program-owner", "owner")],
        )


def copy_paste_plans(at: ProgramExamined) -> Iterator[ProgramFound]:
    plans = {plan.id: plan for plan in at.plans}
    words = {plan.id: plan.words for plan in at.plans if plan.words}
    pairs = list(alike(words, float(at.policy.similar_share)))
    for a, b, share in pairs[:MOST_PAIRS]:
        yield ProgramFound(
            f"{percent(share)} of what the plans of {plans[a].account_name} and {plans[b].account_name} say is the"
            " same, word for word. Write down what is so at each of them.",
            at.day,
            [plans[a].account_id, plans[b].account_id],
        )
    if more := pairs[MOST_PAIRS:]:
        alike_too = {id for a, b, _ in more for id in (a, b)}
        others = [plan for plan in at.plans if plan.id in alike_too]
        yield ProgramFound(
            f"{counted(len(more), 'more pair')} of plans say the same, word for word, among them those of"
            f" {named(others)}. Write down what is so at each of them.",
            at.day,
            [plan.account_id for plan in others],
        )


def sponsor_share(at: ProgramExamined) -> Iterator[ProgramFound]:
    without, wanted = [plan for plan in at.strategic if not plan.signs.is_sponsored], at.policy.sponsor_share
    if at.strategic and Decimal(len(at.strategic) - len(without)) < wanted * len(at.strategic):
        yield ProgramFound(
            f"{len(at.strategic) - len(without)} of {len(at.strategic)} strategic accounts have executive sponsors on"
            f" both sides; {percent(wanted)} should. Find them at {named(without)}.",
            at.day,
            [plan.account_id for plan in without],
        )


def milestones_share(at: ProgramExamined) -> Iterator[ProgramFound]:
    milestones = sum(plan.signs.milestones for plan in at.plans)
    held, wanted = sum(plan.signs.milestones_held for plan in at.plans), at.policy.milestones.held_share
    if milestones and Decimal(held) < wanted * milestones:
        loose = [plan for plan in at.plans if plan.signs.milestones_held < plan.signs.milestones]
        yield ProgramFound(
            f"{held} of {milestones} open milestones of all plans are in the calendar; {percent(wanted)} should be."
            f" Hold those of {named(loose)}.",
            at.day,
            [plan.account_id for plan in loose],
        )


def promotion_due(at: ProgramExamined) -> Iterator[ProgramFound]:
    """Find accounts whose score reaches the lowest score of an account that a round listed as strategic."""
    met: Counter[str] = Counter()
    for round in at.known.state.all(Round).values():
        scores = {
            plan.account_id: weighted_score(plan.signs.scores.get(round.id), round.criteria_weights)
            for plan in at.plans
        }
        listed_plans = [at.plan_of(entry.account) for entry in round.entries if entry.tier == "strategic"]
        lowest = min((scores[plan.account_id] for plan in listed_plans if plan), default=0)
        met.update(account for account, score in scores.items() if lowest and score >= lowest)
    for plan in at.plans:
        if plan.tier in ("growth", "enterprise") and met[plan.account_id] >= 2:
            yield ProgramFound(
                f"{plan.account_name} is a {plan.tier} account and scored as high as a strategic one in"
                f" {counted(met[plan.account_id], 'round')}. Nominate it, or say in a round why it stays.",
                at.day,
                [plan.account_id],
                remedies=[remedy("nominate", "round", "why", account=plan.account_id, account_name=plan.account_name)],
            )


PROGRAM_RULES: Mapping[ProgramRuleName, ProgramRule] = {
    "promotion-due": ProgramRule(
        "hint",
        "A growth or enterprise account scored in two rounds at least as high as the lowest listed as strategic.",
        "Who earns a place on the list is to get it before somebody else asks for them.",
        promotion_due,
    ),
    "list-too-long": ProgramRule(
        "warning",
        "More accounts are strategic than `list.warn`; an alarm from more than `list.alarm` on.",
        "What is strategic to everybody is strategic to nobody.",
        list_too_long,
    ),
    "list-too-short": ProgramRule(
        "hint",
        "Fewer accounts are strategic than `list.target`.",
        "A practice for two accounts is a hobby.",
        list_too_short,
    ),
    "list-not-refreshed": ProgramRule(
        "warning",
        "No list was committed for more than 92 days.",
        "A list that is never looked at is last year's.",
        list_not_refreshed,
    ),
    "no-owner": ProgramRule("alarm", "Nobody was named to answer for the program.", "What nobody owns ends.", no_owner),
    "copy-paste-plans": ProgramRule(
        "warning",
        "Two plans say the same, word for word, in at least `similar_share` of their shingles (estimated by MinHash).",
        "A plan that fits two accounts was written for neither.",
        copy_paste_plans,
    ),
    "sponsor-share": ProgramRule(
        "warning",
        "Fewer than `sponsor_share` of the strategic accounts have executive sponsors on both sides.",
        "The list is worth what its sponsors are worth.",
        sponsor_share,
    ),
    "milestones-share": ProgramRule(
        "hint",
        "Less than `milestones.held_share` of the open milestones of all plans are held in the calendar.",
        "A date in nobody's calendar is a wish.",
        milestones_share,
    ),
    "phase-exit": ProgramRule(
        "hint",
        "A phase that was begun does not meet its exit criteria yet.",
        "A practice is introduced step by step, each on the one before.",
        phase_exit,
    ),
}


def program_findings(at: ProgramExamined) -> ProgramFindings:
    """Return the findings: the most severe first, then the oldest."""
    version = at.in_force.version
    items = [each for name in PROGRAM_RULES for each in _findings_by(name, at, version)]
    return ProgramFindings(
        program_id=at.known.id,
        version=at.known.version,
        as_of=CutView.of(at.cut),
        policy_version=version,
        items=sorted(items, key=lambda each: (LOUDNESS[each.severity], each.since_on)),
    )


def _findings_by(name: ProgramRuleName, at: ProgramExamined, version: int) -> Iterator[Finding]:
    rule, adjusted = PROGRAM_RULES[name], at.policy.findings.get(name)
    for found in () if adjusted and adjusted.off else rule.judge(at):
        yield Finding(
            rule=name,
            about=None,
            severity=adjusted.severity if adjusted else found.severity or rule.severity,
            sentence=found.sentence,
            since_on=found.since_on,
            things=[Named(kind="plan", id=account) for account in found.accounts],
            events=list(found.events),
            policy_version=version,
            seed=rule.seed,
            remedies=list(found.remedies),
            excused=None,
        )
