"""The sections of a plan that people work with, as tables."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from rich.console import RenderableType
from rich.text import Text

from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, named, table, text
from adapters.rendering.words import (
    POWERS,
    amount,
    how_far,
    in_words,
    share,
    short_amount,
)
from application.views.contacts import known_by, on_the_team
from domain.account_plan.actions import ActionState
from domain.account_plan.goals import Goal
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.overview import Unit
from domain.account_plan.plays import PlayState
from domain.account_plan.promises import Promise, open_promises
from domain.account_plan.requests import Request
from domain.account_plan.risks import Risk
from domain.account_plan.stakeholders import Stakeholder, people_there
from domain.account_plan.standing import STRENGTHS, AttitudeWord, in_a_word
from domain.account_plan.threads import engaged_there, is_multi_threaded
from domain.account_plan.whitespace import Cell, Offering, Penetration, cell_id

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


def promises(plan: AccountPlan, today: date) -> RenderableType | None:
    return table(
        "Open promises, by the day they are due",
        ["!Due", "*What", "Owner", "State"],
        (
            (
                due(promise, today),
                named(promise.known_as or "", promise.id),
                lines(text(who_promised(promise)), text(f"{promise.kind} {promise.noun}", QUIET)),
                text(in_words(promise.state, "state"), STATES[promise.state]),
            )
            for promise in sorted(open_promises(plan), key=lambda promise: promise.due_on)
        ),
    )


def who_promised(promise: Promise) -> str:
    return "customer" if promise.side == "customer" else promise.owner


def due(thing: Promise | Request, today: date) -> Text:
    if thing.due_on is None:
        return text(None)
    late = ALARM if thing.is_overdue(today) else ""
    return lines(text(thing.due_on, late), text(how_far(thing.due_on, today), late or QUIET))


def stakeholders(plan: AccountPlan, day: date) -> RenderableType | None:
    """Return the table. `plan` must have the strengths that the team of the day has (`as_the_team_knows`)."""
    team = on_the_team(plan, day)
    there = sorted(people_there(plan), key=lambda person: (-(person.power or 0), -(person.strength or 0)))
    return table(
        "Stakeholders, the most powerful first",
        ["*Who", "Roles", "Attitude", "Relationship", "Power"],
        (
            (
                lines(who(person), text(person.title, QUIET) if person.title else None),
                lines(text(in_words(person.roles, "roles")), text(person.level, QUIET)),
                feeling(person),
                relationship(person, team),
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


def relationship(person: Stakeholder, team: frozenset[str] | None) -> Text:
    """Return the strongest relationship of a member of our team with a stakeholder, and the member."""
    if not person.strength:
        return text(None if person.strength is None else STRENGTHS[0])
    best = [member for member, strength in known_by(person, team).items() if strength == person.strength]
    return lines(text(STRENGTHS[person.strength]), text(", ".join(best), QUIET))


def risks(plan: AccountPlan, currency: str) -> RenderableType | None:
    return table(
        "Open risks, by exposure",
        [">Exposure", "*What", ">ARR exposed", "Owner"],
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


def opportunities(plan: AccountPlan, currency: str, least: int) -> RenderableType | None:
    """Return the table. With fewer than `least` engaged people an opportunity is marked."""
    return table(
        "Open opportunities, by the day they are to close",
        ["!Close", "*What", "Stage", ">Amount"],
        (
            (
                text(each.close_on),
                lines(named(each.name, each.id), next_step(each)),
                lines(text(each.stage), threads(plan, each, least)),
                lines(
                    text(amount(each.amount, currency)),
                    text(share(each.probability), QUIET) if each.probability is not None else None,
                ),
            )
            for each in sorted(plan.open(Opportunity), key=lambda each: each.close_on)
        ),
    )


def threads(plan: AccountPlan, opportunity: Opportunity, least: int) -> Text:
    """Show how many engaged stakeholders of an opportunity are still there."""
    number = len(engaged_there(plan, opportunity))
    return text(f"{number} engaged", GOOD if is_multi_threaded(plan, opportunity, least) else WARNING)


def next_step(opportunity: Opportunity) -> Text | None:
    step = opportunity.next_best_action
    return text(f"next: {step.statement} ({step.owner}, {step.due_on})", QUIET) if step else None


def goals(plan: AccountPlan, today: date) -> RenderableType | None:
    return table(
        "Goals",
        ["!Due", "*What", "Progress", "Owner", "State"],
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
    """Return the progress from the baseline to the target, as a share."""
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
        ["!Due", "*What", "Owner", "State"],
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
        ["*Unit", *(offering.name for offering in offerings)],
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
