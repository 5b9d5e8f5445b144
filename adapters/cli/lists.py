"""Histories, blame, reviews and the list of plans, in the terminal."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

from rich.console import Group, RenderableType
from rich.text import Text

from adapters.cli.comparison import brief
from adapters.cli.tables import ALARM, GOOD, QUIET, WARNING, lines, named, table, text
from adapters.rendering.words import amount, counted, essence, in_words, spaced
from application.portfolio.row import PortfolioItem
from application.views.blame import Blame
from application.views.effects import Effect
from application.views.history import Entry
from application.views.pages import BlameList, HistoryPage, ReviewList
from application.views.reviews import ReviewView
from domain.account_plan.reviews import ReviewState
from domain.things import known_as
from domain.time_zones import time_zone

MOST_CHANGES = 3
"""How many changed values of one event are shown."""


def history_table(page: HistoryPage, timezone: str) -> RenderableType:
    rows = [history_row(entry, time_zone(timezone)) for entry in page.items]
    columns = ["!When", "Who", "*What", "Before → after", "Why"]
    return table(f"History ({timezone})", columns, rows) or Text("Nothing of the kind is on record.", WARNING)


def history_row(entry: Entry, zone: ZoneInfo) -> Sequence[Text]:
    struck = "strike dim" if entry.struck_by else ""
    when = entry.recorded_at.astimezone(zone)
    return (
        lines(text(f"{when:%Y-%m-%d %H:%M}", struck), text(f"version {entry.version}", QUIET)),
        lines(text(entry.actor), text(f"for {entry.on_behalf_of}", QUIET) if entry.on_behalf_of else None),
        lines(text(spaced(entry.type), struck), text(entry.entity.id, QUIET)),
        effects_of(entry),
        text(entry.reason, "italic") if entry.reason else Text(),
    )


def effects_of(entry: Entry) -> Text:
    if entry.struck_by:
        return text(f"struck as a mistake by version {entry.struck_by.rpartition(':')[2]}", QUIET)
    if len(entry.changes) > MOST_CHANGES and all(effect.before is None for effect in entry.changes):
        values = {effect.field: effect.after for effect in entry.changes}
        title = known_as(values)
        return lines(text(brief("", title)) if title else None, text(essence(values, title, brief), QUIET))
    told = [effect_line(effect, entry) for effect in entry.changes[:MOST_CHANGES]]
    rest = len(entry.changes) - len(told)
    return lines(*told, text(f"and {counted(rest, 'more value')}", QUIET) if rest > 0 else None)


def effect_line(effect: Effect, entry: Entry) -> Text:
    elsewhere = (effect.kind, effect.id) != (entry.entity.kind, entry.entity.id)
    whose = f"{effect.kind} {effect.id}, " if elsewhere else ""
    before = f"{brief(effect.field, effect.before)} → " if effect.before is not None else ""
    return Text.assemble((f"{whose}{spaced(effect.field)}: ", QUIET), before, brief(effect.field, effect.after))


def blame_table(blamed: BlameList, timezone: str) -> RenderableType:
    zone = time_zone(timezone)
    things = groupby(blamed.items, key=lambda each: (each.section, each.kind, each.id))
    tables = [
        table(
            section.capitalize() if kind == id else f"{section.capitalize()}: {kind} {id}",
            ["Field", "Value", "!When", "Who", "Event", "Why"],
            [blame_row(each, zone) for each in values],
        )
        for (section, kind, id), values in things
    ]
    return Group(*(each for each in tables if each)) if tables else Text("Nothing of the kind was said.", WARNING)


def blame_row(blame: Blame, zone: ZoneInfo) -> Sequence[Text]:
    return (
        text(spaced(blame.field), QUIET),
        text(brief(blame.field, blame.value), "bold"),
        text(f"{blame.recorded_at.astimezone(zone):%Y-%m-%d}"),
        text(blame.actor),
        named(spaced(blame.type), blame.event.rpartition(":")[2]),
        text(blame.reason, "italic") if blame.reason else Text(),
    )


REVIEW_STATES: Mapping[ReviewState, str] = {"held": GOOD, "scheduled": "", "cancelled": QUIET}


def reviews_table(reviewed: ReviewList) -> RenderableType:
    rows = [review_row(each) for each in sorted(reviewed.items, key=day_of_review)]
    columns = ["!Day", "State", "Kind", "With", "!Cut", ">Version", "Decisions"]
    return table("Reviews", columns, rows) or Text("No review was planned or held.", WARNING)


def day_of_review(view: ReviewView) -> date:
    return view.review.held_on or view.review.planned_on or date.max


def review_row(view: ReviewView) -> Sequence[Text]:
    review = view.review
    late = text("recorded late", WARNING) if view.recorded_late else None
    return (
        text(review.held_on or review.planned_on),
        lines(text(review.state, REVIEW_STATES[review.state]), late),
        text(spaced(review.kind)),
        text(review.audience),
        text(view.cut or review.id, "bold" if view.cut else QUIET),
        text(view.version),
        text(in_words(review.decisions)),
    )


def portfolio_table(plans: Sequence[PortfolioItem]) -> RenderableType:
    columns = ["Account", "Owner", ">ARR", "Promises", "!Last review", ">Stale"]
    return table("Plans", columns, [portfolio_row(plan) for plan in plans]) or Text(
        "There is no plan here. `plantrail demo` shows three; `plantrail load FILE` loads your own.", WARNING
    )


def portfolio_row(plan: PortfolioItem) -> Sequence[Text]:
    return (
        lines(text(plan.account_name, "bold"), text(plan.account_id, QUIET)),
        lines(text(plan.owner), text(plan.tier, QUIET)),
        lines(
            text(amount(plan.arr, plan.currency) if plan.arr is not None else None),
            text(f"renews {plan.renews_on}", QUIET) if plan.renews_on else None,
        ),
        lines(
            text(f"{plan.open_promises} open"),
            text(f"{plan.overdue} overdue", ALARM if plan.overdue else GOOD),
        ),
        text(plan.last_review_on),
        text(len(plan.stale_sections), WARNING if plan.stale_sections else GOOD),
    )
