"""A plan as a card in the terminal: the account, the key figures, and the sections people work with."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import get_args

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from adapters.cli.sections import goals, opportunities, promises, requests, risks, stakeholders, whitespace
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, pairs, panel, text
from adapters.rendering.words import (
    amount,
    counted,
    how_far,
    in_words,
    short_amount,
    spaced,
)
from application.views.contacts import as_the_team_knows
from application.views.current_plan import CurrentPlan, current_plan
from application.views.cuts import Cut, plan_at
from application.views.freshness import Freshness
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from application.views.reviews import held_reviews, last_review
from domain.account_plan.health import Contract, Health, TrafficLight
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import the_plan
from domain.account_plan.reviews import Review
from domain.account_plan.summary import Summary
from domain.record import Recorded

LIGHTS: Mapping[TrafficLight, str] = {"green": "bold green", "amber": "bold yellow", "red": "bold red"}


def card(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> Iterator[RenderableType]:
    """Show a plan as of a cut, judged by the program's policies. Raises `CutBeforePlan`."""
    view, plan = current_plan(known, cut, program), as_the_team_knows(plan_at(known, cut), cut.date)
    least = policy_at(program, cut).policy.coverage.multi_threaded
    currency, today = the_plan(plan).currency, cut.today
    yield account(view, plan, known, cut)
    yield Columns(figures(view, currency), equal=True, expand=True)
    yield panel("How fresh it is", freshness(view))
    sections = (
        promises(plan, today),
        stakeholders(plan, cut.date),
        risks(plan, currency),
        opportunities(plan, currency, least),
        goals(plan, today),
        requests(plan, today),
        whitespace(plan),
    )
    yield from (section for section in sections if section is not None)


def account(view: CurrentPlan, plan: AccountPlan, known: LoadedPlan, cut: Cut) -> RenderableType:
    today = cut.today
    about, contract, health = the_plan(plan), plan.find(Contract, "contract"), plan.find(Health, "health")
    summary = plan.find(Summary, "summary")
    goes_on = f"merged into {about.merged_into}" if about.merged_into else ""
    archived = ("archived", about.archived and not goes_on)
    state = " · ".join(word for word, so in ((goes_on, goes_on), archived, ("legal hold", about.on_hold)) if so)
    rows = [
        ("Tier", text(about.tier + (f" · {state}" if state else ""), "bold")),
        ("ARR", text(amount(contract.arr, about.currency) if contract else None, "bold" if contract else "")),
        ("Owner", text(about.owner)),
        ("Renewal", renewal(contract, today)),
        ("Segment", text(" · ".join(filter(None, (in_words(about.segment, "segment"), about.territory))))),
        ("Health", traffic_light(health)),
        ("Last review", review_held_last(known, cut)),
        ("Next review", next_review(plan, today)),
        *((("Also known as", text(", ".join(about.aliases))),) if about.aliases else ()),
        *((("Merged in", text(", ".join(about.merged))),) if about.merged else ()),
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
    """Show the next review: the next scheduled one, or the one agreed on at the last review."""
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
        what = spaced(duty.type)
        if duty.late and duty.updated_on:
            yield Text(f"! {what} of {duty.since_on}: updated on {duty.updated_on}, after {duty.due_on}", WARNING)
        elif duty.updated_on is None:
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
    if not (fresh.ever_touched or fresh.stale):
        return Text.assemble(f"○ {section} ", ("empty", QUIET))
    mark, style = ("✗", ALARM) if fresh.stale else ("✓", GOOD)
    return Text.assemble((f"{mark} {section} ", style), (f"{fresh.age_days}/{fresh.most_days} d", QUIET))
