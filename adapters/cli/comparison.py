"""The difference between two cuts of a plan, in the terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from adapters.cli.tables import ALARM, GOOD, QUIET, TITLE, WARNING, lines, named, panel, table, text
from adapters.rendering.words import counted, essence, in_words, spaced, with_unit
from application.views.diff import Change, Diff, Touched
from application.views.thing_comparison import Direction, Move
from domain.account_plan.plan import Plan
from domain.language import shortened

ARROWS: Mapping[Direction | None, tuple[str, str]] = {"up": (" ▲", GOOD), "down": (" ▼", "red"), None: ("", "")}
UP_IS_WORSE = {"exposure", "likelihood", "impact", "arr_exposed", "open_tickets", "p1_incidents"}
LONGEST_VALUE = 200


def comparison(account: Plan, diff: Diff) -> Iterator[RenderableType]:
    yield panel(f"{account.account_name} · {account.account_id}", introduction(diff))
    if diff.unchanged:
        yield Text("Nothing is different, which is a finding too.", WARNING)
    for section, changes in diff.changes.items():
        yield section_of(section, changes, account.currency)
    if diff.touched_unchanged:
        rows = [row_of_touched(each, account.currency) for each in diff.touched_unchanged]
        yield table("Touched, but as it was", ["What", "*Thing", "Value", "Who", "Why"], rows) or Text()


def introduction(diff: Diff) -> Text:
    changes = sum(len(changes) for changes in diff.changes.values())
    return lines(
        Text.assemble("from ", (diff.from_.cut, "bold"), f"  {diff.from_.date}, version {diff.from_.version}"),
        Text.assemble("to   ", (diff.to.cut, "bold"), f"  {diff.to.date}, version {diff.to.version}"),
        Text.assemble((counted(changes, "change"), TITLE), f" in {counted(len(diff.changes), 'section')}"),
        text(f"gone stale: {', '.join(diff.gone_stale)}", ALARM) if diff.gone_stale else None,
    )


def section_of(section: str, changes: Sequence[Change], currency: str) -> RenderableType:
    rows = [row_of(change, currency) for change in changes]
    return table(section.capitalize(), ["What", "*Thing", "From → to", "Who", "Why"], rows) or Text()


def row_of(change: Change, currency: str) -> Sequence[Text]:
    return (
        text(spaced(change.what)),
        thing(change.title, change.kind, change.id),
        moves(change, currency),
        text(", ".join(change.actors)),
        text(" · ".join(change.reasons), "italic") if change.reasons else Text(),
    )


def row_of_touched(touched: Touched, currency: str) -> Sequence[Text]:
    now = with_unit(touched.value, touched.field or "", currency, touched.unit)
    value = f"{spaced(touched.field)}: {shortened(now, LONGEST_VALUE)}" if touched.field else "came and went"
    return (
        text(spaced(touched.what)),
        thing(touched.title, touched.kind, touched.id),
        text(value),
        text(", ".join(touched.actors)),
        text(" · ".join(touched.reasons), "italic") if touched.reasons else Text(),
    )


def thing(title: str | None, kind: str, id: str) -> Text:
    if kind == id:
        return text(kind)
    return named(shortened(title or spaced(kind), LONGEST_VALUE), id)


def moves(change: Change, currency: str) -> Text:
    """Show from → to for every value that differs; for a thing that was added or removed, its most informative
    values.
    """
    if change.field is None:
        sign, style, values = ("+", GOOD, change.after) if change.before is None else ("−", "red", change.before)
        return Text.assemble((f"{sign} ", style), essence(values or {}, change.title, unit_of(change, currency)))
    first = Move(direction=change.direction, before=change.before, after=change.after)
    return lines(
        moved(change.field, first, unit_of(change, currency)),
        *(moved(field, move, unit_of(change, currency), QUIET) for field, move in change.also.items()),
    )


def unit_of(change: Change, currency: str) -> Callable[[str, Any], str]:
    """Return a function that writes a value of a change with its unit."""
    return lambda field, value: shortened(with_unit(value, field, currency, change.unit), LONGEST_VALUE)


def moved(field: str, move: Move, written: Callable[[str, Any], str], style: str = "") -> Text:
    arrow, colour = ARROWS[move.direction]
    if field in UP_IS_WORSE and move.direction:
        colour = ARROWS["down" if move.direction == "up" else "up"][1]
    before = f"{brief(field, move.before)} → " if move.before is not None or not style else ""
    return Text.assemble(
        (f"{spaced(field)}: ", QUIET),
        (before, style),
        (written(field, move.after) if move.after is not None else brief(field, None), style or "bold"),
        (arrow, colour),
    )


def brief(field: str, value: Any) -> str:
    return shortened(in_words(value, field), LONGEST_VALUE)
