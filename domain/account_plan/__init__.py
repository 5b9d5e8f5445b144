"""Puts the topics of an account plan together."""

from typing import get_args

from domain.account_plan import (
    accounts,
    actions,
    competition,
    cycles,
    entries,
    exceptions,
    forgetting,
    goals,
    health,
    holds,
    hypotheses,
    identities,
    opportunities,
    overview,
    plan,
    play_states,
    plays,
    relationships,
    requests,
    reviews,
    risks,
    stakeholders,
    standing,
    summary,
    team,
    threads,
    tiers,
    vision,
    whitespace,
)
from domain.account_plan.consequences import CONSEQUENCES
from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import AggregateType, Topic
from domain.corrections import Corrected, Correction, Withdrawal, Withdrawn

AccountPlanCommand = (
    plan.PlanCommands
    | tiers.TierCommands
    | cycles.BeginCycle
    | holds.HoldCommands
    | accounts.AccountCommands
    | summary.SummaryCommands
    | entries.EntryCommands
    | exceptions.ExceptionCommands
    | overview.OverviewCommands
    | health.HealthCommands
    | stakeholders.StakeholderCommands
    | forgetting.ForgetStakeholder
    | identities.IdentityCommands
    | standing.StandingCommands
    | relationships.RelationshipCommands
    | whitespace.WhitespaceCommands
    | opportunities.OpportunityCommands
    | threads.ThreadCommands
    | vision.VisionCommands
    | goals.GoalCommands
    | hypotheses.HypothesisCommands
    | competition.CompetitorCommands
    | risks.RiskCommands
    | plays.PlayCommands
    | play_states.PlayStateCommands
    | actions.ActionCommands
    | requests.RequestCommands
    | team.TeamCommands
    | reviews.ReviewCommands
    | Correction
    | Withdrawal
)
AccountPlanEvent = (
    plan.PlanEvents
    | accounts.AccountEvents
    | tiers.TierEvents
    | cycles.CycleBegun
    | holds.HoldEvents
    | summary.SummaryEvents
    | entries.EntryEvents
    | exceptions.ExceptionEvents
    | overview.OverviewEvents
    | health.HealthEvents
    | stakeholders.StakeholderEvents
    | forgetting.StakeholderForgotten
    | identities.IdentityEvents
    | standing.StandingEvents
    | relationships.RelationshipEvents
    | whitespace.WhitespaceEvents
    | opportunities.OpportunityEvents
    | threads.ThreadEvents
    | vision.VisionEvents
    | goals.GoalEvents
    | hypotheses.HypothesisEvents
    | competition.CompetitorEvents
    | risks.RiskEvents
    | plays.PlayEvents
    | play_states.PlayStateEvents
    | actions.ActionEvents
    | requests.RequestEvents
    | team.TeamEvents
    | reviews.ReviewEvents
    | Corrected
    | Withdrawn
)

TOPICS: tuple[Topic[AccountPlan, AccountPlanCommand, AccountPlanEvent], ...] = (
    plan.TOPIC,
    accounts.TOPIC,
    tiers.TOPIC,
    cycles.TOPIC,
    holds.TOPIC,
    summary.TOPIC,
    entries.TOPIC,
    exceptions.TOPIC,
    overview.TOPIC,
    health.TOPIC,
    stakeholders.TOPIC,
    forgetting.TOPIC,
    identities.TOPIC,
    standing.TOPIC,
    relationships.TOPIC,
    whitespace.TOPIC,
    opportunities.TOPIC,
    threads.TOPIC,
    vision.TOPIC,
    goals.TOPIC,
    hypotheses.TOPIC,
    competition.TOPIC,
    risks.TOPIC,
    plays.TOPIC,
    play_states.TOPIC,
    actions.TOPIC,
    requests.TOPIC,
    team.TOPIC,
    reviews.TOPIC,
)
"""The topics in the order in which plans are shown. If the unions above lack a command or an event of a topic, the type
checker reports it here."""

ACCOUNT_PLAN = AggregateType(
    state=AccountPlan,
    topics=TOPICS,
    opening=plan.OPENING,
    card=plan.the_plan,
    not_open=plan.PlanNotOpen,
    read_only=plan.read_only,
    is_at_work_on=team.is_at_work_on,
    consequences=CONSEQUENCES,
    sections=get_args(Section),
)

COMMANDS = ACCOUNT_PLAN.commands
EVENTS = ACCOUNT_PLAN.events
THINGS = ACCOUNT_PLAN.things
EMPTY = ACCOUNT_PLAN.empty
decide = ACCOUNT_PLAN.decide
fold = ACCOUNT_PLAN.fold
