"""Every rule about one plan, by its name, and the findings of a plan at a cut."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args
from uuid import UUID

from pydantic import BaseModel

from application.findings import (
    beliefs,
    executives,
    opportunities,
    promises,
    reviews,
    sections,
    stakeholders,
    team,
    tiers,
    whitespace,
)
from application.findings.examined import Examined
from application.findings.finding import Excuse, Finding, Found, Named, Rule, Scope
from application.views.by_section import CutView
from application.views.cuts import Cut, known_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.exceptions import RuleException
from domain.account_plan.rule_names import PlanRuleName
from domain.program.policy import Severity
from domain.record import Recorded
from domain.things import Thing

RULES: Mapping[PlanRuleName, Rule] = {
    "stale-section": Rule(
        "warning",
        "every plan",
        "A section is older than `sections` allows for the tier.",
        "What nobody looked at for longer than its rhythm is no longer what is so.",
        sections.stale_section,
    ),
    "stale-contact": Rule(
        "warning",
        "plans with duties",
        "Somebody was not verified, touched, corrected or moved for more than `contact_days`, or mail to them bounced"
        " and they are not recorded as left.",
        "People change jobs faster than plans notice.",
        stakeholders.stale_contact,
    ),
    "missing-people": Rule(
        "warning",
        "plans with duties",
        "Fewer than `coverage.decision_makers` people who decide are known by name, or there is no economic buyer,"
        " champion or executive sponsor.",
        "Deals are lost to people nobody had on the map.",
        stakeholders.missing_people,
    ),
    "vague-promise": Rule(
        "hint",
        "every plan",
        "An open play or action names no object.",
        "What names no object can never be found done or not done.",
        promises.vague_promise,
        reads_words=True,
    ),
    "overdue-promise": Rule(
        "warning",
        "every plan",
        "An open play or action was due before the day.",
        "A plan is worth what its promises are worth.",
        promises.overdue_promise,
    ),
    "whitespace-untouched": Rule(
        "warning",
        "plans with duties",
        "More than `whitespace.untouched_share` of the cells still to be won were not assessed for more than"
        " `whitespace.untouched_days`.",
        "Growth comes from the cells that are worked on, not from the map of them.",
        whitespace.whitespace_untouched,
    ),
    "no-whitespace-candidate": Rule(
        "hint",
        "plans with duties",
        "No cell still to be won is a quick win or to be worked on now.",
        "A map without a first step is a picture.",
        whitespace.no_whitespace_candidate,
    ),
    "not-reviewed": Rule(
        "warning",
        "every plan",
        "A review of a kind in the tier's `cadence` was not held for longer than it says. QBRs and executive meetings"
        " have rules of their own.",
        "A plan lives by being looked at together.",
        reviews.not_reviewed,
    ),
    "single-threaded": Rule(
        "alarm",
        "plans with duties",
        "Fewer than two people of theirs are engaged, or all of at least two meetings of the last 180 days were with"
        " one and the same person alone.",
        "An account known through one person is lost with that person.",
        stakeholders.single_threaded,
    ),
    "survivors": Rule(
        "warning",
        "plans with duties",
        "If the strongest of those engaged left, fewer than `coverage.survivors` would be.",
        "The best contact is the one who is promoted away.",
        stakeholders.survivors,
    ),
    "evaluator-only": Rule(
        "warning",
        "plans with duties",
        "No executive of theirs was met for more than `executive_days`.",
        "Who only meets those who evaluate is evaluated, not bought.",
        executives.evaluator_only,
    ),
    "unplaced-relationship": Rule(
        "hint",
        "plans with duties",
        "Somebody is known to one of ours, and neither their roles nor their power are said.",
        "Knowing people is no map of power.",
        stakeholders.unplaced_relationship,
    ),
    "hypothesis-without-proof": Rule(
        "hint",
        "every plan",
        "An open value hypothesis names no proof and has no evidence.",
        "A value that nothing proves is a slogan.",
        beliefs.hypothesis_without_proof,
    ),
    "too-few-hypotheses": Rule(
        "hint",
        "plans with duties",
        "Fewer value hypotheses are open than `hypotheses.least`.",
        "Without a value to prove there is nothing to talk about but the price.",
        beliefs.too_few_hypotheses,
    ),
    "too-many-hypotheses": Rule(
        "hint",
        "plans with duties",
        "More value hypotheses are open than `hypotheses.most`.",
        "What is tested all at once is not tested.",
        beliefs.too_many_hypotheses,
    ),
    "no-counter-strategy": Rule(
        "warning",
        "plans with duties",
        "A competitor is entrenched, and neither an open play nor a displacement angle is against it.",
        "An entrenched competitor does not go by itself.",
        beliefs.no_counter_strategy,
    ),
    "no-executive-sponsor": Rule(
        "alarm",
        "strategic plans",
        "Nobody of theirs, or nobody of ours, is the executive sponsor.",
        "Strategic accounts without sponsors on both sides stay where they are.",
        executives.no_executive_sponsor,
    ),
    "sponsor-meeting-overdue": Rule(
        "warning",
        "every plan",
        "There was no executive meeting for longer than the tier's `cadence` says.",
        "Sponsors who do not meet sponsor nothing.",
        executives.sponsor_meeting_overdue,
    ),
    "sponsor-neglected": Rule(
        "warning",
        "plans with duties",
        "An executive sponsor of theirs was met before, and not for more than `executive_days`.",
        "A sponsor who hears nothing finds another cause.",
        executives.sponsor_neglected,
    ),
    "handover-without-overlap": Rule(
        "warning",
        "plans with duties",
        "In the last handover of a required role there were days between the two, or they never met the customer"
        " together.",
        "Relationships are handed over in person or not at all.",
        team.handover_without_overlap,
    ),
    "team-incomplete": Rule(
        "alarm",
        "every plan",
        "A role that `team` requires of the tier is filled by nobody.",
        "Nobody does the work of a role that nobody has.",
        team.team_incomplete,
    ),
    "team-expected": Rule(
        "hint",
        "every plan",
        "A role that `team` expects of the tier is filled by nobody.",
        "The roles beside the core are those that widen an account.",
        team.team_expected,
    ),
    "team-not-aligned": Rule(
        "warning",
        "every plan",
        "The roles that `team` requires have agreed on no goal together in the quarter.",
        "A team that did not agree on a goal works on several.",
        team.team_not_aligned,
    ),
    "qbr-skipped": Rule(
        "warning",
        "every plan",
        "No QBR was held for longer than the tier's `cadence` says, or one was cancelled without a new date.",
        "The first QBR that is skipped is the last one the customer misses.",
        reviews.qbr_skipped,
    ),
    "qbr-without-commitments": Rule(
        "warning",
        "plans with duties",
        "No action names the last QBR as where it was promised.",
        "A QBR without promises is a presentation.",
        reviews.qbr_without_commitments,
    ),
    "qbr-without-executives": Rule(
        "warning",
        "strategic plans",
        "No executive of theirs, or no executive sponsor, leader or other senior of ours, was at the last QBR.",
        "Who is not in the room decides without having heard.",
        reviews.qbr_without_executives,
    ),
    "qbr-metrics-without-goal": Rule(
        "hint",
        "plans with duties",
        "The pack of a QBR shows a metric without its goal.",
        "A figure without its goal says nothing.",
        reviews.qbr_metrics_without_goal,
    ),
    "pack-late": Rule(
        "hint",
        "plans with duties",
        "The pack of a QBR went out less than `pack_hours` before it, or has not gone out by then.",
        "What is read in the meeting takes the place of the meeting.",
        reviews.pack_late,
    ),
    "executive-meeting-is-qbr": Rule(
        "hint",
        "plans with duties",
        "The last executive meeting had the same topics as the QBR before it.",
        "Executives who are shown the QBR again do not come again.",
        reviews.executive_meeting_is_qbr,
        reads_words=True,
    ),
    "repeated-topics": Rule(
        "hint",
        "plans with duties",
        "The last two QBRs, or executive meetings held as reviews, had the same topics.",
        "An agenda that never changes moves nothing.",
        reviews.repeated_topics,
        reads_words=True,
    ),
    "one-touchpoint": Rule(
        "warning",
        "strategic plans",
        "All contacts with executives in the last four quarters of the calendar were in one of them.",
        "One dinner a year is no relationship.",
        executives.one_touchpoint,
    ),
    "too-few-plays": Rule(
        "hint",
        "plans with duties",
        "Fewer plays are open than `plays.least`.",
        "A plan that bets on nothing wins nothing.",
        promises.too_few_plays,
    ),
    "too-many-plays": Rule(
        "warning",
        "plans with duties",
        "More plays are open than `plays.most`.",
        "Who works on everything finishes nothing.",
        promises.too_many_plays,
    ),
    "milestones-not-held": Rule(
        "hint",
        "plans with duties",
        "Less than `milestones.held_share` of the open milestones are held in the calendar.",
        "A date in nobody's calendar is a wish.",
        promises.milestones_not_held,
    ),
    "next-step-missing": Rule(
        "warning",
        "every plan",
        "An open opportunity has no next best action, or one that was due before the day.",
        "An opportunity without a next step is a hope.",
        opportunities.next_step_missing,
    ),
    "custom-development-open": Rule(
        "warning",
        "every plan",
        "More requests for custom development are unaccepted than 31 days ago.",
        "What was promised to a customer and to nobody at home comes back as a complaint.",
        opportunities.custom_development_open,
    ),
    "request-unanswered": Rule(
        "warning",
        "every plan",
        "A request has had no answer for more than 14 days.",
        "An account waits for the slowest function of the company.",
        opportunities.request_unanswered,
    ),
    "trigger-ignored": Rule(
        "warning",
        "plans with duties",
        "Something asked for an update, and neither a review nor a change in a section that it touches followed within"
        " 14 days. An answer that came late is found until the next review.",
        "A plan that does not move when the account does is about another account.",
        sections.trigger_ignored,
    ),
    "plan-for-the-review": Rule(
        "hint",
        "plans with duties",
        "More than `eve_share` of the changes before the last review were recorded in its last 72 hours.",
        "A plan written for the review is read by nobody else.",
        reviews.plan_for_the_review,
    ),
    "paper-plan": Rule(
        "alarm",
        "plans with duties",
        "Half a year after the plan was opened, fewer than two people of theirs are engaged.",
        "A plan that won nobody in half a year is a plan on paper.",
        stakeholders.paper_plan,
    ),
    "goal-without-pipeline": Rule(
        "warning",
        "plans with duties",
        "No opportunity, open or won, serves an open revenue goal.",
        "A revenue goal without pipeline is a number.",
        opportunities.goal_without_pipeline,
    ),
    "opportunity-without-goal": Rule(
        "hint",
        "plans with duties",
        "An open opportunity serves no goal.",
        "What serves no goal was not planned.",
        opportunities.opportunity_without_goal,
    ),
    "advisory-board-unlinked": Rule(
        "hint",
        "every plan",
        "A seat on the advisory board was asked for, for no goal and no opportunity.",
        "A seat on the board is a means, and for what is forgotten first.",
        opportunities.advisory_board_unlinked,
    ),
    "marketing-absent": Rule(
        "hint",
        "strategic plans",
        "Nobody of marketing is on the team, and nothing was ever asked of marketing.",
        "Sales alone is heard by those who already listen.",
        team.marketing_absent,
    ),
    "empty-section": Rule(
        "hint",
        "plans with duties",
        "Nothing was ever written in a section that may be only so old by `sections`.",
        "The section nobody fills in is the one nobody has an answer for.",
        sections.empty_section,
    ),
    "buying-centers": Rule(
        "warning",
        "strategic plans",
        "Fewer than `buying_centers` units with a budget of their own are known, and contract and whitespace together"
        " do not reach `path_multiple` times the ARR.",
        "Accounts triple by new budgets, not by larger ones.",
        whitespace.buying_centers,
    ),
    "demotion-due": Rule(
        "hint",
        "strategic plans",
        "The account has been strategic for more than `demote_months`, and nothing was won in that time.",
        "A list that nobody leaves is no list.",
        tiers.demotion_due,
    ),
    "rank-only": Rule(
        "hint",
        "strategic plans",
        "In the round scored last, nothing was scored above 0 on potential, logo or advocacy.",
        "Who is on the list for what they paid is on it for the past.",
        tiers.rank_only,
    ),
}

LOUDNESS: Mapping[Severity, int] = {severity: place for place, severity in enumerate(get_args(Severity))}

APPLIES: Mapping[Scope, Callable[[Examined], bool]] = {
    "every plan": lambda _: True,
    "plans with duties": lambda at: at.has_duties,
    "strategic plans": lambda at: at.tier == "strategic",
}


class FindingsView(BaseModel):
    """What is wrong with a plan at a cut, the loudest first."""

    plan_id: UUID
    version: int
    as_of: CutView
    policy_version: int
    items: list[Finding]


def findings_view(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> FindingsView:
    """By the policy in force, which the program's records say.  Raises `CutBeforePlan`."""
    at_cut = judged(known_at(known, cut), cut, program)
    return FindingsView(
        plan_id=known.id,
        version=cut.version,
        as_of=CutView.of(cut),
        policy_version=at_cut.at.in_force.version,
        items=list(at_cut.findings),
    )


def findings(at: Examined) -> list[Finding]:
    """The loudest first, then what has been so for longest; what is excused comes last.  An archived plan is asked for
    nothing."""
    found = [] if at.card.archived else [each for name in RULES for each in findings_by(name, at)]
    return sorted(found, key=lambda each: (each.excused is not None, LOUDNESS[each.severity], each.since_on))


@dataclass(frozen=True)
class Judged:
    """A plan at a cut and what is wrong with it, which is judged once, when somebody asks for it."""

    at: Examined

    @cached_property
    def findings(self) -> Sequence[Finding]:
        return findings(self.at)


def judged(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> Judged:
    """By the policy in force, which the program's records say.  `known` ends at the cut."""
    return Judged(Examined(known, cut, policy_at(program, cut)))


def findings_by(name: PlanRuleName, at: Examined) -> list[Finding]:
    """What one rule finds, unless the policy has it off or it is about other plans."""
    rule, adjusted = RULES[name], at.policy.findings.get(name)
    if (adjusted and adjusted.off) or not APPLIES[rule.scope](at):
        return []
    severity, found = adjusted.severity if adjusted else rule.severity, list(rule.judge(at))
    excused = excuse(name, at) if found else None
    return [_finding(name, severity, rule, each, at, excused) for each in found]


def excuse(name: PlanRuleName, at: Examined) -> Excuse | None:
    """The exception from a rule that is in force at the cut, and who granted it."""
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
    return Finding.model_construct(
        rule=name,
        about=f"{about.noun}:{about.id}" if isinstance(about, Thing) else about,
        severity=severity,
        sentence=found.sentence,
        since_on=found.since_on,
        things=[Named.model_construct(kind=thing.noun, id=thing.id) for thing in found.things],
        events=list(found.events),
        policy_version=at.in_force.version,
        seed=rule.seed,
        remedies=list(found.remedies),
        excused=excused,
    )
