"""A plan as it stands, for people: the account, what follows from the plan, and the sections that are worked with."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import get_args

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, named, pairs, panel, table, text
from adapters.rendering.words import (
    POWERS,
    amount,
    counted,
    how_far,
    in_words,
    share,
    short_amount,
    spaced,
)
from application.views.current_plan import CurrentPlan, current_plan
from application.views.cuts import Cut, plan_at
from application.views.freshness import Freshness
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import people_there
from application.views.reviews import held_reviews, last_review
from domain.account_plan.actions import Action, ActionState
from domain.account_plan.goals import Goal
from domain.account_plan.health import Contract, Health, TrafficLight
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.opportunities import Opportunity, engaged_there
from domain.account_plan.overview import Unit
from domain.account_plan.plan import the_plan
from domain.account_plan.plays import Play, PlayState
from domain.account_plan.requests import Request
from domain.account_plan.reviews import Review
from domain.account_plan.risks import Risk
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.standing import STRENGTHS, AttitudeWord, in_a_word
from domain.account_plan.summary import Summary
from domain.account_plan.whitespace import Cell, Offering, Penetration, cell_id

LIGHTS: Mapping[TrafficLight, str] = {"green": "bold green", "amber": "bold yellow", "red": "bold red"}
FEELINGS: Mapping[AttitudeWord, str] = {
    "blocker": ALARM,
    "sceptic": WARNING,
    "neutral": "",
    "supporter": GOOD,
    "champion": "bold green",
    "unknown": QUIET,
}
STATES: Mapping[PlayState | ActionState, str] = {
    "planned": "",
    "open": "",
    "in_flight": GOOD,
    "blocked": ALARM,
    "won": GOOD,
    "done": GOOD,
    "lost": QUIET,
    "dropped": QUIET,
}
PENETRATIONS: Mapping[Penetration, str] = {
    "adopted": "bold green",
    "pilot": "green",
    "opportunity": "cyan",
    "aware": "blue",
    "lost": "red",
    "none": QUIET,
    "unknown": QUIET,
    "na": QUIET,
}
LONGEST_BAR = 10


def card(known: LoadedPlan, cut: Cut) -> Iterator[RenderableType]:
    """Raises `CutBeforePlan`."""
    view, plan = current_plan(known, cut), plan_at(known, cut)
    currency, today = the_plan(plan).currency, cut.today
    yield account(view, plan, known, cut)
    yield Columns(figures(view, currency), equal=True, expand=True)
    yield panel("How fresh it is", freshness(view))
    sections = (
        promises(plan, today),
        stakeholders(plan),
        risks(plan, currency),
        opportunities(plan, currency),
        goals(plan, today),
        requests(plan, today),
        whitespace(plan),
    )
    yield from (section for section in sections if section is not None)


def account(view: CurrentPlan, plan: AccountPlan, known: LoadedPlan, cut: Cut) -> RenderableType:
    today = cut.today
    about, contract, health = the_plan(plan), plan.find(Contract, "contract"), plan.find(Health, "health")
    summary = plan.find(Summary, "summary")
    state = " · ".join(word for word, so in (("archived", about.archived), ("legal hold", about.on_hold)) if so)
    rows = [
        ("Tier", text(about.tier + (f" · {state}" if state else ""), "bold")),
        ("ARR", text(amount(contract.arr, about.currency) if contract else None, "bold" if contract else "")),
        ("Owner", text(about.owner)),
        ("Renewal", renewal(contract, today)),
        ("Segment", text(" · ".join(filter(None, (in_words(about.segment, "segment"), about.territory))))),
        ("Health", traffic_light(health)),
        ("Last review", review_held_last(known, cut)),
        ("Next review", next_review(plan, today)),
    ]
    parts: list[RenderableType] = [pairs(rows, columns=2)]
    if summary and summary.goal_sentence:
        parts += [Text(), Text(f"“{summary.goal_sentence}”", "italic")]
    parts += duties(view)
    title = f"{about.account_name} · {about.account_id}"
    day = f"the end of {cut.date}" if cut.over else f"{cut.date} ({cut.cut})"
    as_of = f"as of {day} · version {cut.version}"
    shown = panel(title, Group(*parts))
    shown.subtitle, shown.subtitle_align = Text(as_of, QUIET), "right"
    return shown


def renewal(contract: Contract | None, today: date) -> Text:
    if contract is None:
        return text(None)
    days = (contract.renews_on - today).days
    return text(f"{contract.renews_on} ({how_far(contract.renews_on, today)})", ALARM if days < 0 else "")


def traffic_light(health: Health | None) -> Text:
    if health is None or health.health is None:
        return text(None)
    return Text.assemble((f"● {health.health}", LIGHTS[health.health]), (f" as of {health.as_of_on}", QUIET))


def review_held_last(known: LoadedPlan, cut: Cut) -> Text:
    last = last_review(held_reviews(known, cut))
    return text(f"{last.event.held_on} ({how_far(last.event.held_on, cut.today)}) {last.event.id}" if last else None)


def next_review(plan: AccountPlan, today: date) -> Text:
    """The next that is scheduled, or that was agreed on at one that was held."""
    reviews = plan.all(Review).values()
    scheduled = [(each.planned_on, each.id) for each in reviews if each.state == "scheduled" and each.planned_on]
    last = max((each.held_on for each in reviews if each.held_on), default=date.min)
    agreed = [(each.next_on, "") for each in reviews if each.next_on and each.next_on > last]
    to_come = [(day, id) for day, id in (*scheduled, *agreed) if day >= today]
    if not to_come:
        return text(None)
    day, id = min(to_come)
    return text(f"{day} ({how_far(day, today)}) {id}".rstrip())


def duties(view: CurrentPlan) -> Iterator[Text]:
    for duty in view.duties:
        if duty.updated_on is None:
            what = spaced(duty.type)
            yield Text(
                f"! {what} of {duty.since_on}: update the plan by {duty.due_on}", ALARM if duty.overdue else WARNING
            )


def figures(view: CurrentPlan, currency: str) -> list[RenderableType]:
    people, promised, exposed = view.metrics.stakeholders, view.metrics.promises, view.metrics.risks
    pipeline, white = view.metrics.opportunities, view.metrics.whitespace
    threads = text("single-threaded", ALARM) if people.single_threaded else text(f"{people.engaged} engaged", GOOD)
    return [
        panel(
            "Promises",
            lines(
                text(f"{promised.open} open", "bold"),
                text(f"{promised.overdue} overdue", ALARM if promised.overdue else GOOD),
                text(f"{promised.due_within_14_days} due in 14 days"),
            ),
        ),
        panel(
            "Stakeholders",
            lines(
                text(f"{people.known} known", "bold"),
                threads,
                text(f"{counted(len(people.blockers), 'blocker')}", ALARM if people.blockers else ""),
            ),
        ),
        panel(
            "Risks",
            lines(
                text(f"{exposed.open} open", "bold"),
                text(f"{exposed.severe} severe", ALARM if exposed.severe else GOOD),
                text(f"{short_amount(exposed.arr_exposed)} {currency} exposed"),
            ),
        ),
        panel(
            "Pipeline",
            lines(
                text(f"{pipeline.open} open", "bold"),
                text(f"{short_amount(pipeline.amount)} {currency}"),
                text(f"{short_amount(pipeline.weighted_amount)} {currency} weighted"),
            ),
        ),
        panel(
            "Whitespace",
            lines(
                text(f"{white.cells} cells", "bold"),
                text(f"{white.by_penetration.get('adopted', 0)} adopted", GOOD),
                text(f"{short_amount(white.weighted_arr_potential)} {currency} weighted"),
            ),
        ),
    ]


def freshness(view: CurrentPlan) -> RenderableType:
    sections = {name: getattr(view.sections, name).freshness for name in get_args(Section)}
    told = [age_of(name, fresh) for name, fresh in sections.items() if fresh.most_days is not None]
    if not told:
        return Text("No section of this tier has to be renewed at any time.", QUIET)
    return Columns(told, equal=True, expand=True)


def age_of(section: str, fresh: Freshness) -> Text:
    mark, style = ("✗", ALARM) if fresh.stale else ("✓", GOOD)
    return Text.assemble((f"{mark} {section} ", style), (f"{fresh.age_days}/{fresh.most_days} d", QUIET))


def promises(plan: AccountPlan, today: date) -> RenderableType | None:
    made: list[Play | Action] = [*plan.open(Play), *plan.open(Action)]
    return table(
        "Open promises, by the day they are due",
        ["!Due", "*What", "!Owner", "!State"],
        (
            (
                due(promise, today),
                named(promise.known_as or "", promise.id),
                lines(text(who_promised(promise)), text(f"{promise.kind} {promise.noun}", QUIET)),
                text(in_words(promise.state, "state"), STATES[promise.state]),
            )
            for promise in sorted(made, key=lambda promise: promise.due_on)
        ),
    )


def who_promised(promise: Play | Action) -> str:
    return "customer" if promise.side == "customer" else promise.owner


def due(thing: Play | Action | Request, today: date) -> Text:
    if thing.due_on is None:
        return text(None)
    late = ALARM if thing.is_overdue(today) else ""
    return lines(text(thing.due_on, late), text(how_far(thing.due_on, today), late or QUIET))


def stakeholders(plan: AccountPlan) -> RenderableType | None:
    there = sorted(people_there(plan), key=lambda person: (-(person.power or 0), -(person.strength or 0)))
    return table(
        "Stakeholders, the most powerful first",
        ["***Who", "**Roles", "Attitude", "!Relationship", "Power"],
        (
            (
                lines(who(person), text(person.title, QUIET) if person.title else None),
                lines(text(in_words(person.roles, "roles")), text(person.level, QUIET)),
                feeling(person),
                relationship(person),
                text(POWERS[person.power] if person.power else None),
            )
            for person in there
        ),
    )


def who(person: Stakeholder) -> Text:
    name = (person.name, "bold") if person.name else ("to be filled", WARNING)
    return Text.assemble(name, (f" {person.id}", QUIET))


def feeling(person: Stakeholder) -> Text:
    word = in_a_word(person.attitude)
    return text(word, FEELINGS[word])


def relationship(person: Stakeholder) -> Text:
    """The best that any of ours has, and who has it."""
    if not person.strength:
        return text(None if person.strength is None else STRENGTHS[0])
    best = [member for member, strength in person.relationships.items() if strength == person.strength]
    return lines(text(STRENGTHS[person.strength]), text(", ".join(best), QUIET))


def risks(plan: AccountPlan, currency: str) -> RenderableType | None:
    return table(
        "Open risks, by exposure",
        [">Exposure", "*What", ">ARR exposed", "!Owner"],
        (
            (
                text(f"{risk.likelihood} × {risk.impact} = {risk.exposure}", ALARM if risk.is_severe else ""),
                named(risk.statement, risk.id),
                text(amount(risk.arr_exposed, currency) if risk.arr_exposed is not None else None),
                lines(text(risk.owner), text(in_words(risk.kind, "kind"), QUIET)),
            )
            for risk in sorted(plan.open(Risk), key=lambda risk: -risk.exposure)
        ),
    )


def opportunities(plan: AccountPlan, currency: str) -> RenderableType | None:
    return table(
        "Open opportunities, by the day they are to close",
        ["!Close", "*What", "!Stage", ">Amount"],
        (
            (
                text(each.close_on),
                lines(named(each.name, each.id), next_step(each)),
                lines(text(each.stage), threads(plan, each)),
                lines(
                    text(amount(each.amount, currency)),
                    text(share(each.probability), QUIET) if each.probability is not None else None,
                ),
            )
            for each in sorted(plan.open(Opportunity), key=lambda each: each.close_on)
        ),
    )


def threads(plan: AccountPlan, opportunity: Opportunity) -> Text:
    """How many people are engaged who are still there."""
    number = len(engaged_there(plan, opportunity))
    return text(f"{number} engaged", GOOD if opportunity.multi_threaded else WARNING)


def next_step(opportunity: Opportunity) -> Text | None:
    step = opportunity.next_best_action
    return text(f"next: {step.statement} ({step.owner}, {step.due_on})", QUIET) if step else None


def goals(plan: AccountPlan, today: date) -> RenderableType | None:
    return table(
        "Goals",
        ["!Due", "**What", "*Progress", "Owner", "State"],
        (
            (
                text(goal.due_on, ALARM if goal.is_overdue(today) else ""),
                named(goal.statement, goal.id),
                progress(goal),
                text(goal.owner),
                text(goal.state, GOOD if goal.state == "achieved" else ""),
            )
            for goal in sorted(plan.all(Goal).values(), key=lambda goal: goal.due_on)
        ),
    )


def progress(goal: Goal) -> Text:
    """How far from where it began to where it is to be."""
    reached = goal.baseline if goal.reached is None else goal.reached
    way = goal.target - goal.baseline
    part = min(max((reached - goal.baseline) / way, Decimal(0)), Decimal(1)) if way else Decimal(1)
    full = int(part * LONGEST_BAR)
    said = f"{amount(goal.baseline)} → {amount(reached)} of {amount(goal.target)} {goal.unit}"
    return lines(text(said), Text.assemble(("█" * full, GOOD), ("░" * (LONGEST_BAR - full), QUIET)))


def requests(plan: AccountPlan, today: date) -> RenderableType | None:
    waiting = [each for each in plan.all(Request).values() if each.is_waiting]
    return table(
        "Requests to the rest of the company",
        ["!Due", "*What", "!Owner", "!State"],
        (
            (
                due(each, today),
                named(each.statement, each.id),
                lines(text(each.owner), text(f"of {in_words(each.function, 'function')}", QUIET)),
                text(each.state),
            )
            for each in waiting
        ),
    )


def whitespace(plan: AccountPlan) -> RenderableType | None:
    units, offerings = plan.open(Unit), plan.open(Offering)
    cells = plan.all(Cell)
    if not offerings:
        return None
    return table(
        "Whitespace: how far each offering has come in each unit, and what it may be worth a year",
        ["*Unit", *(f"*{offering.name}" for offering in offerings)],
        (
            (text(unit.name), *(penetration(cells.get(cell_id(unit.id, offering.id))) for offering in offerings))
            for unit in units
        ),
    )


def penetration(cell: Cell | None) -> Text:
    if cell is None:
        return text(None)
    worth = f" {short_amount(cell.arr_potential)}" if cell.arr_potential else ""
    return Text.assemble((cell.penetration, PENETRATIONS[cell.penetration]), worth)
