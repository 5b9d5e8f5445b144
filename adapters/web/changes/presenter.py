"""What differs in a plan between two cuts, by section, each change with its author and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from adapters.web.names import called, kinds_named
from adapters.web.plan.presenter import PlanHead, head, value_text
from adapters.web.plan.timebar import in_words
from application.reports.said_vs_did import Report
from application.views.cuts import Cut
from application.views.diff import Change, Diff, Touched, diff
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewView
from application.views.thing_comparison import Direction
from domain.account_plan import THINGS
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.record import Recorded

ARROWS: dict[Direction | None, str] = {"up": "▲", "down": "▼", None: ""}


@dataclass(frozen=True)
class MovedValue:
    field: str
    before: str
    after: str
    direction: str


@dataclass(frozen=True)
class ChangeView:
    what: str
    thing: str
    values: Sequence[MovedValue]
    who: str
    why: str
    events: Sequence[tuple[str, str]]
    """The address and version of each event behind the change."""


@dataclass(frozen=True)
class Difference:
    """What differs between two points."""

    sections: Sequence[tuple[str, Sequence[ChangeView]]]
    touched: Sequence[ChangeView]
    unchanged: bool
    gone_stale: str


@dataclass(frozen=True)
class ChangesView:
    head: PlanHead
    from_cut: str
    to_cut: str
    from_words: str
    to_words: str
    cuts: Sequence[tuple[str, str]]
    """The points that can be chosen, each with its label."""
    difference: Difference


def changes_view(
    known: LoadedPlan, a: Cut, b: Cut, reviews: Sequence[ReviewView], say: Speech, program: Sequence[Recorded] = ()
) -> ChangesView:
    """Return the view. Raises `CutsOutOfOrder`, `CutBeforePlan`."""
    card = the_plan(known.state)
    held = [review for review in reviews if review.cut]
    return ChangesView(
        head=head(card, b, say),
        from_cut=a.cut,
        to_cut=b.cut,
        from_words=in_words(a, say),
        to_words=say("now") if b.cut == "now" else in_words(b, say),
        cuts=[(review.cut or "", review.review.id) for review in held] + [("now", say("now"))],
        difference=difference(diff(known, a, b, program=program), known.state, card.currency, say),
    )


def difference(found: Diff | Report, plan: AccountPlan, currency: str, say: Speech) -> Difference:
    shown = ShownChanges(plan, currency, say)
    return Difference(
        sections=[
            (say(spaced(section)), [shown.change(change) for change in changes])
            for section, changes in found.changes.items()
        ],
        touched=[shown.touched(each) for each in found.touched_unchanged],
        unchanged=found.unchanged,
        gone_stale=", ".join(say(spaced(section)) for section in found.gone_stale),
    )


class ShownChanges:
    def __init__(self, plan: AccountPlan, currency: str, say: Speech) -> None:
        self._plan = plan
        self._currency = currency
        self._say = say

    def change(self, change: Change) -> ChangeView:
        if change.field is None:
            came = change.before is None
            said = (change.after if came else change.before) or {}
            moves = {field: (None, value) if came else (value, None) for field, value in said.items()}
            values = [self._moved(change.kind, field, *move) for field, move in moves.items()]
        else:
            values = [self._moved(change.kind, change.field, change.before, change.after, change.direction)]
            values += [
                self._moved(change.kind, field, also.before, also.after, also.direction)
                for field, also in change.also.items()
            ]
        return self._view(change, values)

    def touched(self, touched: Touched) -> ChangeView:
        field = touched.field
        text = self._text(touched.kind, field, touched.value) if field else ""
        values = [MovedValue(self._say(spaced(field)), text, text, "")] if field else []
        return self._view(touched, values)

    def _view(self, change: Change | Touched, values: Sequence[MovedValue]) -> ChangeView:
        kind = self._say(spaced(change.kind))
        name = change.title or (
            "" if change.kind == change.id else called(self._plan, change.kind, change.id, self._say)
        )
        return ChangeView(
            what=self._say(spaced(change.what)),
            thing=f"{kind} {name}".strip(),
            values=values,
            who=", ".join(change.actors),
            why=" · ".join(change.reasons),
            events=[(f"/events/{id}", id.rpartition(":")[2]) for id in change.events],
        )

    def _moved(self, kind: str, field: str, before: Any, after: Any, direction: Direction | None = None) -> MovedValue:
        old, new = self._text(kind, field, before), self._text(kind, field, after)
        return MovedValue(self._say(spaced(field)), old, new, ARROWS[direction])

    def _text(self, kind: str, field: str, value: Any) -> str:
        refers_to = kinds_named(THINGS[kind]).get(field, "") if kind in THINGS else ""
        return value_text(field, value, self._currency, self._say, self._plan, refers_to)
