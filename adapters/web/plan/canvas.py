"""The canvas at the top of a plan's page: an overview, each part of which links to the details."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from adapters.rendering.packs.parts import DAYS, NAMES
from adapters.rendering.words import PENETRATION_SIGNS, spaced
from adapters.web.languages import Speech
from adapters.web.plan.presenter import at_cut, value_address
from application.packs.canvas import CanvasPack
from application.views.cuts import Cut

FIGURE = re.compile(r"-?[0-9]{1,15}([.][0-9]{1,6})?")

MOST_LINES = 5
"""The number of people, promises and dates that are shown."""


class Said(NamedTuple):
    """A value in words, and the address of who set it; a computed one has none."""

    text: str
    address: str = ""
    joined: str = " · "
    """What stands between it and the value before it."""


@dataclass(frozen=True)
class CanvasLine:
    """One entry: its title, and what matters about it."""

    name: Said
    notes: Sequence[Said] = ()
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
    goal: Said
    """The goal of the account for a year; empty if there is none."""
    why: Sequence[Said]
    boxes: Sequence[CanvasBox]


def canvas_shown(pack: CanvasPack, path: str, cut: Cut, say: Speech) -> CanvasShown:
    def box(title: str, page: str, lines: Iterator[CanvasLine], empty: str) -> CanvasBox:
        page, _, anchor = page.partition("#")
        address = at_cut(f"{path}{page}", cut) + (f"#{anchor}" if anchor else "")
        return CanvasBox(title, address, list(lines), empty)

    fit, of = pack.fit, _Lines(pack, path, cut, say)
    why = (("relevance", fit.relevance), ("why_now", fit.why_now))
    return CanvasShown(
        goal=of.said("summary", "summary", "goal_sentence", fit.goal_sentence or ""),
        why=[of.said("summary", "summary", field, text) for field, text in why if text],
        boxes=[
            box(say("Who decides"), "/map", of.people(), say("Nobody is known yet.")),
            box(say("Whitespace"), "/whitespace", of.whitespace(), say("No cell has a potential.")),
            box(
                say("What they would gain"), "#section-hypotheses", of.gains(), say("Nothing is open to be proven."),
            ),
            box(say("What we try"), "/promises", of.plays(), say("No play is open.")),
            box(say("What may go wrong"), "#section-risks", of.risks(), say("No risk is open.")),
            box(say("The next 90 days"), "/promises", of.dates(), say("Nothing has a day in this time.")),
        ],
    )  # fmt: skip


@dataclass(frozen=True)
class _Lines:
    """The lines of each box. Each value leads to who set it."""

    pack: CanvasPack
    path: str
    cut: Cut
    say: Speech

    def said(self, kind: str, id: str, field: str, text: str, joined: str = " · ") -> Said:
        return Said(text, value_address(self.path, self.cut, kind, id, field), joined)

    def line(
        self, kind: str, id: str, field: str, text: str, notes: Iterable[Said], tone: str, sign: str = ""
    ) -> CanvasLine:
        return CanvasLine(self.said(kind, id, field, text), [each for each in notes if each.text], tone, sign)

    def people(self) -> Iterator[CanvasLine]:
        pack, say = self.pack, self.say
        for each in pack.stakeholders[:MOST_LINES]:
            part = partial(self.said, "stakeholder", each.id)
            roles = ", ".join(say(spaced(role)) for role in each.roles)
            tone = "" if not each.attitude else "good" if each.attitude > 0 else "bad"
            word = "" if each.attitude is None else say.value(each.attitude, "attitude")
            stands = part("roles", roles) if roles else part("title", each.title or "")
            yield self.line("stakeholder", each.id, "name", each.name, (stands, part("attitude", word)), tone)
        left = len(pack.stakeholders) - MOST_LINES + pack.stakeholders_left_out
        if left > 0:
            yield CanvasLine(Said(""), [Said(say("{number} more", number=left))])

    def whitespace(self) -> Iterator[CanvasLine]:
        pack, say = self.pack, self.say
        totals = pack.whitespace.totals
        if not totals.cells:
            return
        weighted = say.amount(totals.weighted_arr_potential, pack.currency)
        yield CanvasLine(Said(weighted), [Said(say("still to win, by probability"))])
        for state, sign in PENETRATION_SIGNS.items():
            number = totals.by_penetration.get(state, 0)
            if number:
                yield CanvasLine(Said(f"{say.number(number)} {say(spaced(state))}"), sign=sign)

    def gains(self) -> Iterator[CanvasLine]:
        for each in self.pack.hypotheses:
            part = partial(self.said, "hypothesis", each.id)
            before = part("baseline", _figure(each.baseline, self.say)) if each.baseline else Said("–")
            after = part("expected", _figure(each.expected, self.say), " → ")
            yield self.line(
                "hypothesis", each.id, "outcome", each.outcome, (before, after, part("unit", each.unit, " ")), ""
            )

    def plays(self) -> Iterator[CanvasLine]:
        for each in self.pack.plays[:MOST_LINES]:
            part, tone, sign = partial(self.said, "play", each.id), *(("bad", "!") if each.overdue else ("", ""))
            late = Said(self.say("overdue") if each.overdue else "")
            notes = part("owner", each.owner), part("due_on", self.say.day(each.due_on)), late
            yield self.line("play", each.id, "title", each.title, notes, tone, sign)

    def risks(self) -> Iterator[CanvasLine]:
        for each in self.pack.risks:
            part = partial(self.said, "risk", each.id)
            likelihood, impact = part("likelihood", str(each.likelihood)), part("impact", str(each.impact), " × ")
            notes = likelihood, impact, Said(str(each.exposure), joined=" = "), part("owner", each.owner)
            yield self.line("risk", each.id, "statement", each.statement, notes, "")
        more = self.pack.risks_missing
        if more:
            told = self.say.counted("{number} more risk should be named", "{number} more risks should be named", more)
            yield CanvasLine(Said(told), (), "warning", "!")

    def dates(self) -> Iterator[CanvasLine]:
        for each in self.pack.next_90_days[:MOST_LINES]:
            on = self.said(each.kind, each.id, DAYS[each.kind], self.say.day(each.on))
            kind, id = ("plan", "plan") if each.kind == "contract" else (each.kind, each.id)
            owner = self.said(kind, id, "owner", each.owner or "")
            what = Said(each.what)
            if each.kind in NAMES:
                what = self.said(each.kind, each.id, NAMES[each.kind], each.what)
            yield CanvasLine(what, [part for part in (on, owner) if part.text])


def _figure(said: str, say: Speech) -> str:
    """Return a figure in the reader's format; text stays unchanged."""
    return say.number(Decimal(said)) if FIGURE.fullmatch(said) else said
