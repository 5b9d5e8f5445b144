"""The commands and events with their fields and values, which everybody outside depends on.

Stored events live for ever, subscribers filter on them, and files are written with them. So this list may be extended,
but nothing in it may be renamed or removed. `?` marks an optional field, like every field of a command that changes an
existing thing, which stays as it was if it is left out, and a list that may be empty. `[]` is a list, `( )` contains
the possible values, `{ }` the fields of a part. `former` is in the event only; `reason` is listed where the command
needs one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

CONTRACT = """
# plan
open-plan → PlanOpened: account_id, account_name, tier(strategic growth enterprise standard), owner, currency,
    timezone?, segment?(enterprise mid_market other), territory?
correct-plan → PlanCorrected: segment?(enterprise mid_market other), territory?, timezone?, currency?, former, reason
rename-account → AccountRenamed: account_name, former
change-tier → TierChanged: tier(strategic growth enterprise standard), former, round?, decided_by[]?, reason
confirm-tier → TierConfirmed: round?, decided_by[]?
score-account → AccountScored: round?, criteria{top_arr addressable_spend whitespace logo reference industry_leadership
    innovation sponsor champion multi_team trajectory competitor_targeting consolidation renewal_concentration}
reassign-plan → PlanReassigned: owner, former, reason
begin-cycle → CycleBegun: id, kind(annual quarter ninety_days), starts_on, ends_on
write-summary → SummaryWritten: relevance?, why_now?, goal_sentence?, challenges[]?, addressable_spend?, growth_path?
write-note → NoteWritten: id, section(summary overview health stakeholders whitespace opportunities goals hypotheses
    competition risks plays requests team vision reviews plan), heading?, text
attach-document → DocumentAttached: id, kind(benchmark_pack cost_model roi_model stability_plan post_mortem case_study
    other), title, url
confirm-section → SectionConfirmed: section(summary overview health stakeholders whitespace opportunities goals
    hypotheses competition risks plays requests team vision reviews plan)
strike-entry → EntryStruck: event, reason
grant-exception → ExceptionGranted: rule(stale-section stale-contact missing-people vague-promise overdue-promise
    whitespace-untouched no-whitespace-candidate not-reviewed single-threaded survivors evaluator-only
    unplaced-relationship hypothesis-without-proof too-few-hypotheses too-many-hypotheses no-counter-strategy
    no-executive-sponsor sponsor-meeting-overdue sponsor-neglected handover-without-overlap team-incomplete
    team-expected team-not-aligned qbr-skipped qbr-without-commitments qbr-without-executives qbr-metrics-without-goal
    pack-late executive-meeting-is-qbr repeated-topics one-touchpoint too-few-plays too-many-plays milestones-not-held
    next-step-missing custom-development-open request-unanswered trigger-ignored plan-for-the-review paper-plan
    goal-without-pipeline opportunity-without-goal advisory-board-unlinked marketing-absent empty-section
    buying-centers demotion-due rank-only), until_on, reason
revoke-exception → ExceptionRevoked: rule(stale-section stale-contact missing-people vague-promise overdue-promise
    whitespace-untouched no-whitespace-candidate not-reviewed single-threaded survivors evaluator-only
    unplaced-relationship hypothesis-without-proof too-few-hypotheses too-many-hypotheses no-counter-strategy
    no-executive-sponsor sponsor-meeting-overdue sponsor-neglected handover-without-overlap team-incomplete
    team-expected team-not-aligned qbr-skipped qbr-without-commitments qbr-without-executives qbr-metrics-without-goal
    pack-late executive-meeting-is-qbr repeated-topics one-touchpoint too-few-plays too-many-plays milestones-not-held
    next-step-missing custom-development-open request-unanswered trigger-ignored plan-for-the-review paper-plan
    goal-without-pipeline opportunity-without-goal advisory-board-unlinked marketing-absent empty-section
    buying-centers demotion-due rank-only), reason
archive-plan → PlanArchived: reason
reopen-plan → PlanReopened: reason
place-hold → LegalHoldPlaced: reason
release-hold → LegalHoldReleased: reason
alias-account → AccountAliased: account_id
merge-plan → PlanMerged: account_id, reason

# overview
describe-account → AccountDescribed: industry?, industry_context?, employees?, annual_revenue?, business?,
    key_products[]?, customers?, market_position?, strategic_priorities[]?, initiatives[]?, tech_stack[]?, our_fit?,
    decision_process?, why_us[]?(unique_capability time_to_value risk_reduction),
    change_drivers[]?(regulation merger cost_pressure other), icp_fit?(strong partial poor),
    trajectory?(expanding steady stagnating)
add-unit → UnitAdded: id, name, kind(business_unit department site line_of_business geography team), parent?,
    buying_center
rename-unit → UnitRenamed: id, name
remove-unit → UnitRemoved: id
note-news → NewsNoted: id, kind(funding merger ipo leadership_change initiative regulation cost_pressure launch other),
    happened_on, summary, source_url?
note-referral → ReferralMade: id, to_account, amount?, happened_on

# health
set-contract → ContractSet: arr, starts_on, renews_on, terms?, products[]
renew-contract → ContractRenewed: arr, former, net_retention, starts_on, renews_on, terms?
record-health → HealthRecorded: as_of_on, arr?, nrr?, expansion_arr?, health?(green amber red), score?, adoption?,
    usage?, engagement?, nps?, csat?, open_tickets?, p1_incidents?, executive_perception?, executive_air_cover?,
    open_issues[]?, success_metrics[]?{name value goal}

# stakeholders
add-stakeholder → StakeholderAdded: id, name?, title?, email?, email_status?(unverified verified bounced), phone?,
    location?, crm_id?, unit?, reports_to?, level(executive management execution), roles[]?(economic_buyer
    decision_maker technical_owner power_user user influencer evaluator executive_sponsor champion coach gatekeeper
    legal procurement admin), motivators[]?, joined_on?
correct-stakeholder → StakeholderCorrected: id, name?, title?, email?, email_status?(unverified verified bounced),
    phone?, location?, crm_id?, unit?, reports_to?, level?(executive management execution), roles[]?, motivators[]?,
    joined_on?, left_on?, went_to?, moved_on?, promoted?, returned_on?, former
merge-stakeholder → StakeholderMerged: id, into
move-stakeholder → StakeholderMoved: id, title?, unit?, reports_to?, level?(executive management execution), moved_on,
    promoted?
assign-roles → RolesAssigned: id, roles[](economic_buyer decision_maker technical_owner power_user user influencer
    evaluator executive_sponsor champion coach gatekeeper legal procurement admin)
change-sentiment → SentimentChanged: id, attitude, former, evidence?
rate-power → PowerRated: id, power, former
rate-relationship → RelationshipRated: id, member, strength, former
draw-influence → InfluenceDrawn: influencer, influenced
erase-influence → InfluenceErased: influencer, influenced
note-objection → ObjectionNoted: id, stakeholder, statement
settle-objection → ObjectionSettled: id, how
agree-pairing → PairingAgreed: member, stakeholder, every_days
end-pairing → PairingEnded: member, stakeholder
verify-stakeholder → StakeholderVerified: id, email_status?(unverified verified bounced)
record-departure → StakeholderLeft: id, left_on, went_to?
return-stakeholder → StakeholderReturned: id, returned_on, reason
log-touch → TouchLogged: id, happened_on, kind(meeting one_to_one call email event workshop site_visit conference
    executive_meeting personal_note social), stakeholders[], members[], topics[]?, summary?, action?, play?,
    opportunity?
forget-stakeholder → StakeholderForgotten: id

# whitespace
list-offering → OfferingListed: id, name, kind(product surface use_case)
retire-offering → OfferingRetired: id
assess-cell → CellAssessed: unit, offering, penetration?(na unknown none aware opportunity pilot adopted lost), former,
    incumbent?, arr_potential?, probability?, assumptions?{adoption_rate price_per_unit seats sites},
    bet?(quick_win strategic_bet), effort?(low medium high), strategic_value?(low medium high), timing?(now later),
    sponsor?, tactic?(adjacent_proof referral product_led executive_driven use_case), entry_path?

# opportunities
open-opportunity → OpportunityOpened: id, name, crm_id?, unit?, offering?, goal?, hypothesis?, amount, probability?,
    stage, close_on, kind?(product_gap adjacent renewal_upgrade partnership),
    source(plan referral customer_marketing expansion_logo marketing inbound)
advance-opportunity → OpportunityAdvanced: id, stage, former
reforecast-opportunity → OpportunityReforecast: id, amount?, close_on?, probability?, former
engage-stakeholders → StakeholdersEngaged: id, stakeholders[]
disengage-stakeholders → StakeholdersDisengaged: id, stakeholders[]
set-next-best-action → NextBestActionSet: id, statement, owner, due_on
relink-opportunity → OpportunityRelinked: id, unit?, offering?, goal?, hypothesis?
win-opportunity → OpportunityWon: id, won_on, amount, discount?
lose-opportunity → OpportunityLost: id, lost_on, competitor?, reason
reopen-opportunity → OpportunityReopened: id, reason

# goals and vision
state-vision → VisionStated: horizon_on, statement, investments[]?
set-priorities → PrioritiesSet: quarter, statements[]
set-goal → GoalSet: id, kind(revenue logo reference strategic relationship), statement, measure, unit, baseline, target,
    due_on, owner
revise-goal → GoalRevised: id, target?, due_on?, statement?, measure?, owner?, former, reason
report-progress → ProgressReported: id, value, as_of_on
achieve-goal → GoalAchieved: id, achieved_on, value?
abandon-goal → GoalAbandoned: id, reason
reopen-goal → GoalReopened: id, reason

# hypotheses
propose-hypothesis → HypothesisProposed: id, outcome, metric, unit, baseline?, expected, proof[]?(reference roi_model
    benchmark), triggers[]?, counter_evidence[]?, value_driver?, payback_months?
revise-hypothesis → HypothesisRevised: id, outcome?, metric?, unit?, baseline?, expected?, proof[]?(reference roi_model
    benchmark), triggers[]?, counter_evidence[]?, value_driver?, payback_months?
rate-hypothesis → HypothesisRated: id, quality
record-evidence → EvidenceRecorded: id, observed, supports, note?
confirm-hypothesis → HypothesisConfirmed: id, observed
refute-hypothesis → HypothesisRefuted: id, observed
reopen-hypothesis → HypothesisReopened: id, reason

# competition
identify-competitor → CompetitorIdentified: id, name, entrenched_in[]?, displacement_angle?, proof_assets[]?
reassess-competitor → CompetitorReassessed: id, position?(entrenched challenging exploring gone), entrenched_in[]?,
    displacement_angle?, traps_to_set[]?, traps_to_avoid[]?, neutralise[]?{asset answer}, note?

# risks
raise-risk → RiskRaised: id, kind(renewal_exposure champion_departure executive_turnover budget_freeze low_adoption
    product_fit contract_dependency competitive_threat incumbent_lock_in platform_consolidation revenue_concentration
    incident other), statement, likelihood, impact, owner, arr_exposed?
reassess-risk → RiskReassessed: id, likelihood?, impact?, arr_exposed?, former
restate-risk → RiskRestated: id, statement
reassign-risk → RiskReassigned: id, owner, former
plan-mitigation → MitigationPlanned: id, statement
close-risk → RiskClosed: id, outcome(averted accepted materialised), closed_on
reopen-risk → RiskReopened: id, reason

# plays and actions
plan-play → PlayPlanned: id, title, kind(access discovery proof governance), owner, starts_on?, due_on, success_measure,
    measure?, target?, expected?, confidence?, prerequisites[]?, counter_move?, value_driver?, library_play?, goal?,
    risk?, hypothesis?, competitor?, opportunity?, unit?, offering?, stakeholders[]?
start-play → PlayStarted: id, started_on?
block-play → PlayBlocked: id, reason
unblock-play → PlayUnblocked: id
reschedule-play → PlayRescheduled: id, due_on, former
reassign-play → PlayReassigned: id, owner, former
restate-play → PlayRestated: id, title?, success_measure?, measure?, target?, expected?
relink-play → PlayRelinked: id, goal?, risk?, hypothesis?, competitor?, opportunity?, unit?, offering?, stakeholders[]?
win-play → PlayWon: id, finished_on, result, actual?, evidence?
lose-play → PlayLost: id, finished_on, result, actual?, evidence?
drop-play → PlayDropped: id, reason
reopen-play → PlayReopened: id, reason
add-action → ActionAdded: id, statement, kind(task touch introduction mitigation milestone joint), owner, due_on,
    expected?, side?(us customer), via?, stage?, review?, play?, risk?, goal?, opportunity?, stakeholders[]?,
    calendar_hold?, library_play?
reschedule-action → ActionRescheduled: id, due_on, calendar_hold?, former
reassign-action → ActionReassigned: id, owner, former
restate-action → ActionRestated: id, statement?, expected?
relink-action → ActionRelinked: id, via?, review?, play?, risk?, goal?, opportunity?, stakeholders[]?
hold-date → DateHeld: id
acknowledge-action → ActionAcknowledged: id, stakeholder, acknowledged_on
complete-action → ActionCompleted: id, finished_on, result?, evidence?
drop-action → ActionDropped: id, reason
reopen-action → ActionReopened: id, reason

# requests
raise-request → RequestRaised: id, function(marketing product customer_success executive finance legal),
    kind(custom_development roadmap beta_access case_study campaign press advisory_board conference terms addendum
    implementation ticket_priority other), statement, owner, due_on?, goal?, opportunity?
reassign-request → RequestReassigned: id, owner, former
answer-request → RequestAnswered: id, decision(accepted planned declined), member
deliver-request → RequestDelivered: id, delivered_on

# team
assign-member → MemberAssigned: person, role(account_executive customer_success executive_sponsor
    technical_account_manager product_sponsor marketing_sponsor key_account_manager sales_engineer product_owner
    manager_coach product product_marketing marketing professional_services sales_operations revenue_operations
    enablement finance legal leadership other), from_on, coverage?(dedicated shared as_needed), senior?,
    takes_over_from?
release-member → MemberReleased: person, role, until_on
align-team → TeamAligned: members[], goal

# reviews
schedule-review → ReviewScheduled: id, kind(weekly monthly quarterly qbr executive_readout executive_meeting offsite
    business_value annual red_team ad_hoc), planned_on, agenda[]?{topic minutes}, ours[]?, theirs[]?
circulate-pack → PackCirculated: id, circulated_on, metrics[]?{name goal}, sha256?
hold-review → ReviewHeld: id, kind(weekly monthly quarterly qbr executive_readout executive_meeting offsite
    business_value annual red_team ad_hoc), audience(internal customer), held_on, ours[], theirs[]?, topics[]?,
    decisions[]?, decisions_required[]?, expansion_path?, opportunity?, notes?, next_on?
cancel-review → ReviewCancelled: id, moved_to_on?, reason
"""

MISTAKES = """
# what was wrong from the beginning, and what was entered by mistake: `as` names the command that says the fields
cycle as begin-cycle
summary as write-summary
note as write-note
document as attach-document
overview as describe-account
unit as add-unit, removed
news as note-news
referral as note-referral
contract as set-contract, net_retention
health as record-health by as_of_on
objection as note-objection, how
pairing as agree-pairing by member stakeholder
touch as log-touch
offering as list-offering, retired
cell as assess-cell by unit offering
opportunity as open-opportunity, won_on, discount, lost_on, competitor
vision as state-vision
priorities as set-priorities by quarter
goal as set-goal, achieved_on, value
hypothesis as propose-hypothesis, observed
competitor as identify-competitor
risk as raise-risk, outcome(averted accepted materialised), closed_on, mitigations[]
play as plan-play, started_on, finished_on, result, actual, evidence
action as add-action, finished_on, result, evidence, acknowledged_by, acknowledged_on
request as raise-request, decision(accepted planned declined), member, delivered_on
member as assign-member by person role stint, until_on
alignment as align-team by goal
review as schedule-review, held_on, audience(internal customer), topics[], decisions[], decisions_required[],
    expansion_path, opportunity, notes, next_on, circulated_on, metrics[]{name goal}, moved_to_on
"""
"""`correct-KIND` and `withdraw-KIND` of every kind of thing."""

ONLY_WITHDRAWN = {"stakeholder": ["id"], "influence": ["influencer", "influenced"]}
"""Kinds that are corrected by commands of their own, or have nothing to correct."""


@dataclass(frozen=True)
class Field:
    name: str
    is_list: bool
    optional: bool
    values: frozenset[str]
    parts: frozenset[str]


@dataclass(frozen=True)
class Entry:
    command: str
    event: str
    fields: tuple[Field, ...]


_ENTRY = re.compile(r"^([a-z-]+) → (\w+): ((?:.+\n?)(?:    .+\n?)*)", re.MULTILINE)
_FIELD = re.compile(r"(\w+)(\[\])?(\?)?(?:\(([^)]*)\)|\{([^}]*)\})?(?:,\s*|\s*$)")


def _fields(text: str) -> tuple[Field, ...]:
    assert not _FIELD.sub("", text), f"not in the form of the contract: {text}"
    return tuple(
        Field(name, bool(is_list), bool(optional), frozenset(values.split()), frozenset(parts.split()))
        for name, is_list, optional, values, parts in _FIELD.findall(text)
    )


_MISTAKE = re.compile(r"^(\w+) as ([a-z-]+)(?: by ([\w ]+?))?(?:, ((?:.+\n?)(?:    .+\n?)*))?$", re.MULTILINE)


def _of_mistakes(told: Mapping[str, Entry]) -> Iterator[Entry]:
    """The entries of `correct-KIND` and `withdraw-KIND`, made of those that say the fields first."""
    reason = Field("reason", False, False, frozenset(), frozenset())
    for kind, made_by, by, more in _MISTAKE.findall(MISTAKES):
        said = [field for field in told[made_by].fields if field.name not in ("former", "reason")]
        identity = by.split() or [field.name for field in said if field.name == "id"]
        which = tuple(Field(name, False, name == "stint", frozenset(), frozenset()) for name in identity)
        fields = [*said, *_fields(more)]
        corrected = tuple(replace(field, optional=True) for field in fields if field.name not in identity)
        former = Field("former", False, True, frozenset(), frozenset())
        yield Entry(f"correct-{kind}", f"{kind.capitalize()}Corrected", (*which, *corrected, former, reason))
        yield Entry(f"withdraw-{kind}", f"{kind.capitalize()}Withdrawn", (*which, reason))
    for kind, identity in ONLY_WITHDRAWN.items():
        which = tuple(Field(name, False, False, frozenset(), frozenset()) for name in identity)
        yield Entry(f"withdraw-{kind}", f"{kind.capitalize()}Withdrawn", (*which, reason))


ENTRIES = {entry[1]: Entry(entry[1], entry[2], _fields(entry[3])) for entry in _ENTRY.finditer(CONTRACT)}
ENTRIES |= {entry.command: entry for entry in _of_mistakes(ENTRIES)}
