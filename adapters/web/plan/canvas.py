"""The canvas at the top of a plan's page: an overview, each part of which links to the details."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from adapters.rendering.words import PENETRATION_SIGNS, spaced
from adapters.web.languages import Speech
from adapters.web.plan.presenter import at_cut
from application.packs.canvas import CanvasPack
from application.views.cuts import Cut

FIGURE = re.compile(r"-?[0-9]{1,15}([.][0-9]{1,6})?")

MOST_LINES = 5
"""The number of people, promises and dates that are shown."""


@dataclass(frozen=True)
class CanvasLine:
    """One entry: its title, and what matters about it."""

    name: str
    note: str
    tone: str = ""
    sign: str = ""


@dataclass(frozen=True)
class CanvasBox:
    """A part of the canvas."""

    title: str
    address: str
    lines: Sequence[CanvasLine]
    empty: str


@dataclass(frozen=True)
class CanvasShown:
    goal: str
    """The goal of the account for a year; empty if there is none."""
    why: Sequence[str]
    boxes: Sequence[CanvasBox]


def canvas_shown(pack: CanvasPack, path: str, cut: Cut, say: Speech) -> CanvasShown:
    def box(title: str, page: str, lines: Iterator[CanvasLine], empty: str) -> CanvasBox:
        page, _, anchor = page.partition("#")
        address = at_cut(f"{path}{page}", cut) + (f"#{anchor}" if anchor else "")
        return CanvasBox(title, address, list(lines), empty)

    fit = pack.fit
    return CanvasShown(
        goal=fit.goal_sentence or "",
        why=[each for each in (fit.relevance, fit.why_now) if each],
        boxes=[
            box(say("Who decides"), "/map", _people(pack, say), say("Nobody is known yet.")),
            box(say("Whitespace"), "/whitespace", _whitespace(pack, say), say("No cell has a potential.")),
            box(
                say("What they would gain"), "#section-hypotheses", _gains(pack, say),
                say("Nothing is open to be proven."),
            ),
            box(say("What we try"), "/promises", _plays(pack, say), say("No play is open.")),
            box(say("What may go wrong"), "#section-risks", _risks(pack, say), say("No risk is open.")),
            box(say("The next 90 days"), "/promises", _dates(pack, say), say("Nothing has a day in this time.")),
        ],
    )  # fmt: skip


def _people(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    for each in pack.stakeholders[:MOST_LINES]:
        roles = ", ".join(say(spaced(role)) for role in each.roles) or each.title or ""
        tone = "" if not each.attitude else "good" if each.attitude > 0 else "bad"
        word = "" if each.attitude is None else say.value(each.attitude, "attitude")
        yield CanvasLine(each.name, " · ".join(filter(None, (roles, word))), tone)
    left = len(pack.stakeholders) - MOST_LINES + pack.stakeholders_left_out
    if left > 0:
        yield CanvasLine("", say("{number} more", number=left))


def _whitespace(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    totals = pack.whitespace.totals
    if not totals.cells:
        return
    weighted = say.amount(totals.weighted_arr_potential, pack.currency)
    yield CanvasLine(weighted, say("still to win, by probability"))
    for state, sign in PENETRATION_SIGNS.items():
        number = totals.by_penetration.get(state, 0)
        if number:
            yield CanvasLine(f"{say.number(number)} {say(spaced(state))}", "", sign=sign)


def _gains(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    for each in pack.hypotheses:
        before, after = (_figure(said, say) for said in (each.baseline or "–", each.expected))
        yield CanvasLine(each.outcome, f"{before} → {after} {each.unit}")


def _figure(said: str, say: Speech) -> str:
    """Return a figure in the reader's format; text stays unchanged."""
    return say.number(Decimal(said)) if FIGURE.fullmatch(said) else said


def _plays(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    for each in pack.plays[:MOST_LINES]:
        late = say("overdue") if each.overdue else ""
        note = " · ".join(filter(None, (each.owner, say.day(each.due_on), late)))
        yield CanvasLine(each.title, note, "bad" if each.overdue else "", "!" if each.overdue else "")


def _risks(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    for each in pack.risks:
        yield CanvasLine(each.statement, f"{each.likelihood} × {each.impact} = {each.exposure} · {each.owner}")
    more = pack.risks_missing
    if more:
        told = say.counted("{number} more risk should be named", "{number} more risks should be named", more)
        yield CanvasLine(told, "", "warning", "!")


def _dates(pack: CanvasPack, say: Speech) -> Iterator[CanvasLine]:
    for each in pack.next_90_days[:MOST_LINES]:
        yield CanvasLine(each.what, " · ".join(filter(None, (say.day(each.on), each.owner))))
