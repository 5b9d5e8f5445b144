"""Puts the topics together: `decide` says what happens next, `fold` what has come of it.  Both are pure.

What holds for every command is decided here, once: whether the plan is open, whether the thing is there and not over,
whether what it names is, and whether its days can be.  The topics decide the rest.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args

from domain.account_plan import (
    actions,
    competition,
    entries,
    goals,
    health,
    hypotheses,
    opportunities,
    overview,
    plan,
    plays,
    relationships,
    requests,
    reviews,
    risks,
    stakeholders,
    standing,
    summary,
    team,
    vision,
    whitespace,
)
from domain.language import (
    Caution,
    Command,
    DayInTheFuture,
    Decision,
    DueBeforePlanOpened,
    Event,
    NotOver,
    Over,
    Refusal,
    Taken,
    Unknown,
)
from domain.markers import Due, Happened, Sealed, marked, references
from domain.things import AccountPlan, Draft, Entry, Thing, day_of

AccountPlanCommand = (
    plan.PlanCommands
    | summary.SummaryCommands
    | entries.EntryCommands
    | overview.OverviewCommands
    | health.HealthCommands
    | stakeholders.StakeholderCommands
    | standing.StandingCommands
    | relationships.RelationshipCommands
    | whitespace.WhitespaceCommands
    | opportunities.OpportunityCommands
    | vision.VisionCommands
    | goals.GoalCommands
    | hypotheses.HypothesisCommands
    | competition.CompetitorCommands
    | risks.RiskCommands
    | plays.PlayCommands
    | actions.ActionCommands
    | requests.RequestCommands
    | team.TeamCommands
    | reviews.ReviewCommands
)
AccountPlanEvent = (
    plan.PlanEvents
    | summary.SummaryEvents
    | entries.EntryEvents
    | overview.OverviewEvents
    | health.HealthEvents
    | stakeholders.StakeholderEvents
    | standing.StandingEvents
    | relationships.RelationshipEvents
    | whitespace.WhitespaceEvents
    | opportunities.OpportunityEvents
    | vision.VisionEvents
    | goals.GoalEvents
    | hypotheses.HypothesisEvents
    | competition.CompetitorEvents
    | risks.RiskEvents
    | plays.PlayEvents
    | actions.ActionEvents
    | requests.RequestEvents
    | team.TeamEvents
    | reviews.ReviewEvents
)


@dataclass(frozen=True)
class Topic:
    commands: Any
    events: Any
    things: Sequence[type[Thing]]
    decide: Callable[[AccountPlan, Any, date], Decision[Any]]
    apply: Callable[[Draft, Any], None]


TOPICS = (
    Topic(plan.PlanCommands, plan.PlanEvents, plan.THINGS, plan.decide, plan.apply),
    Topic(tuple[summary.SummaryCommands], tuple[summary.SummaryEvents], summary.THINGS, summary.decide, summary.apply),
    Topic(entries.EntryCommands, entries.EntryEvents, entries.THINGS, entries.decide, entries.apply),
    Topic(overview.OverviewCommands, overview.OverviewEvents, overview.THINGS, overview.decide, overview.apply),
    Topic(health.HealthCommands, health.HealthEvents, health.THINGS, health.decide, health.apply),
    Topic(
        stakeholders.StakeholderCommands,
        stakeholders.StakeholderEvents,
        stakeholders.THINGS,
        stakeholders.decide,
        stakeholders.apply,
    ),
    Topic(standing.StandingCommands, standing.StandingEvents, standing.THINGS, standing.decide, standing.apply),
    Topic(
        relationships.RelationshipCommands,
        relationships.RelationshipEvents,
        relationships.THINGS,
        relationships.decide,
        relationships.apply,
    ),
    Topic(
        whitespace.WhitespaceCommands,
        whitespace.WhitespaceEvents,
        whitespace.THINGS,
        whitespace.decide,
        whitespace.apply,
    ),
    Topic(
        opportunities.OpportunityCommands,
        opportunities.OpportunityEvents,
        opportunities.THINGS,
        opportunities.decide,
        opportunities.apply,
    ),
    Topic(vision.VisionCommands, vision.VisionEvents, vision.THINGS, vision.decide, vision.apply),
    Topic(goals.GoalCommands, goals.GoalEvents, goals.THINGS, goals.decide, goals.apply),
    Topic(
        hypotheses.HypothesisCommands,
        hypotheses.HypothesisEvents,
        hypotheses.THINGS,
        hypotheses.decide,
        hypotheses.apply,
    ),
    Topic(
        competition.CompetitorCommands,
        competition.CompetitorEvents,
        competition.THINGS,
        competition.decide,
        competition.apply,
    ),
    Topic(risks.RiskCommands, risks.RiskEvents, risks.THINGS, risks.decide, risks.apply),
    Topic(plays.PlayCommands, plays.PlayEvents, plays.THINGS, plays.decide, plays.apply),
    Topic(actions.ActionCommands, actions.ActionEvents, actions.THINGS, actions.decide, actions.apply),
    Topic(requests.RequestCommands, requests.RequestEvents, requests.THINGS, requests.decide, requests.apply),
    Topic(team.TeamCommands, team.TeamEvents, team.THINGS, team.decide, team.apply),
    Topic(reviews.ReviewCommands, reviews.ReviewEvents, reviews.THINGS, reviews.decide, reviews.apply),
)

COMMANDS: dict[str, type[Command]] = {
    command.called(): command for topic in TOPICS for command in get_args(topic.commands)
}
EVENTS: dict[str, type[Event]] = {event.__name__: event for topic in TOPICS for event in get_args(topic.events)}
THINGS: dict[str, type[Thing]] = {thing.noun: thing for topic in TOPICS for thing in topic.things}
_DECIDE = {command: topic.decide for topic in TOPICS for command in get_args(topic.commands)}
_APPLY = {event: topic.apply for topic in TOPICS for event in get_args(topic.events)}

EMPTY = AccountPlan()
UNLIKELY_YEARS = 50

# PortfolioProjector


def fold(events: Iterable[AccountPlanEvent], onto: AccountPlan = EMPTY) -> AccountPlan:
    """Replay without rules: whatever was decided once stays true.  An entry struck anywhere in them is left out.

    Onto a plan there is already, only events that strike nothing out of it can be folded: see `strikes`.
    """
    draft = Draft(*onto.parts())
    events = list(events)
    struck = {struck_version(event) for event in events if type(event) is entries.EntryStruck}
    for event in events:
        add(draft, event, struck)
    return draft.frozen()


def add(draft: Draft, event: AccountPlanEvent, struck: AbstractSet[int] = frozenset()) -> None:
    draft.version += 1
    if draft.version not in struck:
        _APPLY[type(event)](draft, event)
        if event.strikable:
            draft.entries[draft.version] = Entry(event.strikable, event.refreshes())


def struck_version(event: entries.EntryStruck) -> int:
    return int(event.event.rpartition(":")[2])


def strikes(events: Iterable[AccountPlanEvent]) -> bool:
    return any(type(event) is entries.EntryStruck for event in events)


# Deciding


class SpeaksOfTheForgotten(Refusal):
    """The stakeholder “{id}” was forgotten, so nothing more can be written about them.  Where your words are about
    nobody, say so: “about” is an empty list."""


def decide(account_plan: AccountPlan, command: AccountPlanCommand, at: datetime) -> Decision[AccountPlanEvent]:
    """The events that follow from a command at an instant, or a `Refusal`.  Any id left out was made up before."""
    if account_plan.version == 0:
        if isinstance(command, plan.OpenPlan):
            return plan.open_plan(command, at)
        raise plan.PlanNotOpen
    card = plan.the_plan(account_plan)
    if card.archived and not command.on_archived and not isinstance(command, plan.OpenPlan):
        raise plan.PlanIsArchived
    today = day_of(at, card.timezone)
    thing = find_subject(account_plan, command)
    check_references(account_plan, command, thing)
    check_days(command, today, card.opened_on)
    decision = _DECIDE[type(command)](account_plan, command, today)
    check_words(account_plan, command, decision.events)
    return Decision(decision.events, (*decision.warnings, *cautions_about_days(command, today)))


def find_subject(account_plan: AccountPlan, command: Command) -> Thing | None:
    """What the command is about, once it is as the command needs it to be."""
    id = command.subject()
    thing = account_plan.named(command.noun, id) if id else None
    about = {"kind": command.noun, "id": id}
    pointer = "/id" if "id" in type(command).model_fields else ""
    match command.needs:
        case "new" if thing:
            raise Taken(pointer, **about)
        case "open" | "over" | "any" if thing is None:
            raise Unknown(pointer, **about)
        case "open" if thing and thing.ending:
            raise Over(pointer, **about, ending=thing.ending)
        case "over" if thing and not thing.ending:
            raise NotOver(pointer, **about)
    return thing


def check_references(account_plan: AccountPlan, command: Command, thing: Thing | None) -> None:
    """What it names is there and not over; a link the thing has already need not be justified again."""
    id = command.subject() or ""
    # What a thing is made of, as a cell is of unit and offering, is no link.
    made_of = set(id.split(":")) if command.needs == "nothing" else set()
    for kind, name, pointer in references(command):
        has = getattr(thing, pointer.split("/")[1], None)
        if (has == name or (isinstance(has, tuple) and name in has)) and name not in made_of:
            continue
        named = account_plan.named(kind, name)
        if named is None:
            raise Unknown(pointer, kind=kind, id=name)
        if named.ending and not pointer.startswith("/about/"):
            raise Over(pointer, kind=kind, id=name, ending=named.ending)


def check_days(command: Command, today: date, opened_on: date) -> None:
    for field, _ in marked(type(command), Happened):
        day = getattr(command, field)
        if day and day > today:
            raise DayInTheFuture(f"/{field}", day=day, today=today)
    for field, _ in marked(type(command), Due):
        day = getattr(command, field)
        if day and day < opened_on:
            raise DueBeforePlanOpened(f"/{field}", day=day, opened_on=opened_on)


def check_words(account_plan: AccountPlan, command: Command, events: Iterable[Event]) -> None:
    """Nobody who was forgotten is written about again: their key is gone, so the words could not be sealed."""
    words = [command.reason, *(getattr(event, field) for event in events for field, _ in marked(type(event), Sealed))]
    for id in speaks_of(account_plan, command) if any(words) else ():
        if getattr(account_plan.named("stakeholder", id), "forgotten", False):
            raise SpeaksOfTheForgotten("/about", id=id)


def cautions_about_days(command: Command, today: date) -> Iterator[Caution]:
    due = {field for field, _ in marked(type(command), Due)}
    for field in type(command).model_fields:
        day = getattr(command, field)
        if not isinstance(day, date):
            continue
        if abs(day.year - today.year) > UNLIKELY_YEARS:
            detail = f"{day} is more than {UNLIKELY_YEARS} years away: is the year right?"
            yield Caution("unlikely-date", f"/{field}", detail)
        elif field in due and day < today:
            yield Caution("due-in-the-past", f"/{field}", f"{day} is past already: it is overdue from the start.")


def speaks_of(account_plan: AccountPlan, command: Command) -> tuple[str, ...]:
    """The stakeholders a command's free text speaks of: those it says, else those a stakeholder command is about."""
    if command.about is not None:
        return tuple(sorted(set(command.about)))
    if not command.speaks_of_its_people:
        return ()
    people = {name for kind, name, _ in references(command) if kind == "stakeholder"}
    id = command.subject()
    if command.noun == "stakeholder" and id:
        people.add(id)
    thing = account_plan.named(command.noun, id) if id else None
    whose = getattr(thing, "stakeholder", None)
    people.update([whose] if whose else [])
    return tuple(sorted(people))
