"""The open promises of us and of the customer by due day, each with the forms for its possible outcomes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.rendering.words import spaced
from adapters.web.forms.form import FormData
from adapters.web.languages import Speech
from adapters.web.names import name_of
from adapters.web.plan.presenter import Fact, PlanHead, at_cut, head, plan_path, who_set
from adapters.web.review.typed import FATES, Fate, Mistake
from application.reports.promises import Life, lives, moves_to_later
from application.views.cuts import Cut, plan_at
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import held_reviews, last_review
from domain.account_plan.plan import the_plan
from domain.account_plan.promises import PROMISES, Promise

FATE_FIELDS: Mapping[Fate, Sequence[str]] = {
    "going": (),
    "done": ("result", "evidence", "finished_on"),
    "lost": ("result", "evidence", "finished_on"),
    "moved": ("due_on", "reason"),
    "dropped": ("reason",),
}
"""The fields of the form for each outcome. In a list, a promise simply stays while it goes on."""


@dataclass(frozen=True)
class FateForm:
    """A small form in the row for one outcome of the promise."""

    fate: Fate
    label: str
    fields: Sequence[tuple[str, str, str]]
    """Name, label, and typed value of each field."""
    is_open: bool


@dataclass(frozen=True)
class PromiseLine:
    """A promise in the list."""

    key: str
    prefix: str
    name: str
    kind: str
    state: str
    owner: str
    due_on: str
    due_how_far: str
    is_overdue: bool
    moved: str
    """How often it was moved to a later day, and from which day; empty if it was not."""
    is_theirs: bool
    blame: Mapping[str, str]
    """The addresses of who set its name, kind, state, owner, side and day."""
    history: str
    fates: Sequence[FateForm] = ()
    errors: Sequence[str] = ()


@dataclass(frozen=True)
class PromisesView:
    head: PlanHead
    facts: Sequence[Fact]
    action: str
    expected: int
    key: str
    lines: Sequence[PromiseLine]
    every: str
    """The page with all open promises; empty if all are shown here."""
    in_all: int
    over: Sequence[PromiseLine]
    """The promises that ended since the last review."""
    since: str
    may_change: bool


@dataclass(frozen=True)
class Typed:
    """What was typed in one row and could not be recorded."""

    data: FormData = field(default_factory=lambda: FormData([]))
    mistakes: Sequence[Mistake] = ()


NOTHING = Typed()


def promises_view(
    known: LoadedPlan,
    cut: Cut,
    say: Speech,
    key: str,
    may_change: bool,
    typed: Typed = NOTHING,
    at_most: int | None = None,
) -> PromisesView:
    """Return the view. Raises `CutBeforePlan`."""
    plan, card = plan_at(known, cut), the_plan(known.state)
    found = lives(known.records[: cut.version])
    every = [promise for kind in PROMISES.values() for promise in plan.all(kind).values()]
    still_open = sorted((each for each in every if each.is_open), key=lambda each: (each.due_on, each.id))
    last = last_review(held_reviews(known, cut), cut)
    ended = [each for each in every if not each.is_open and last and _last_of(found, each) > last.cut.version]
    changes_here = may_change and cut.cut == "now" and not card.archived

    def line(promise: Promise) -> PromiseLine:
        return promise_line(promise, found.get((promise.noun, promise.id)), cut, say, typed, plan_path(card))

    lines = [line(each) for each in still_open]
    every_address = at_cut(f"{plan_path(card)}/promises", cut, all="yes")
    overdue = sum(each.is_overdue for each in lines)
    return PromisesView(
        head=head(card, cut, say),
        facts=[
            Fact(say("Open"), say.number(len(lines))),
            Fact(say("Overdue"), say.number(overdue), tone="bad" if overdue else ""),
            Fact(say("The customer's"), say.number(sum(each.is_theirs for each in lines))),
            Fact(say("Moved to later"), say.number(sum(bool(each.moved) for each in lines))),
        ],
        action=f"{plan_path(card)}/promises",
        expected=known.version,
        key=key,
        lines=lines[:at_most],
        every=every_address if len(lines[:at_most]) < len(lines) else "",
        in_all=len(lines),
        over=[line(each) for each in ended],
        since=say("{id}, held on {day}", id=last.event.id, day=say.day(last.event.held_on)) if last else "",
        may_change=changes_here,
    )


def _last_of(found: Mapping[tuple[str, str], Life], promise: Promise) -> int:
    """Return the version of the last event about a promise."""
    life = found.get((promise.noun, promise.id))
    return life.last.record.version if life else 0


def promise_line(promise: Promise, life: Life | None, cut: Cut, say: Speech, typed: Typed, path: str) -> PromiseLine:
    prefix = f"promise-{promise.noun}-{promise.id}"
    return PromiseLine(
        key=f"{promise.noun}:{promise.id}",
        prefix=prefix,
        name=name_of(promise),
        kind=say(spaced(promise.kind)),
        state=say(spaced(promise.state)),
        owner=promise.owner,
        due_on=say.day(promise.due_on),
        due_how_far=say.how_far(promise.due_on, cut.date),
        is_overdue=promise.is_overdue(cut.today),
        moved=_moved(life, say) if life else "",
        is_theirs=promise.side == "customer",
        blame=who_set(promise, path, cut),
        history=at_cut(f"{path}/history", cut, entity=f"{promise.noun}:{promise.id}"),
        fates=list(_fates(promise, prefix, typed.data, say)),
        errors=[
            each.detail for each in typed.mistakes if each.field == prefix or each.field.startswith(f"{prefix}-")
        ],
    )  # fmt: skip


def _moved(life: Life, say: Speech) -> str:
    times = len(list(moves_to_later(life)))
    if not times:
        return ""
    moved = say.counted("moved once", "moved {number} times", times)
    return say("{moved}, first promised for {day}", moved=moved, day=say.day(life.first.promise.due_on))


def _fates(promise: Promise, prefix: str, data: FormData, say: Speech) -> Iterator[FateForm]:
    chosen = data.get(f"{prefix}-fate")
    for fate in FATES:
        if fate == "going" or (fate == "lost" and promise.noun != "play"):
            continue
        fields = [(name, say(_LABELS[name]), data.get(f"{prefix}-{name}", "")) for name in FATE_FIELDS[fate]]
        verb = "Won" if (fate, promise.noun) == ("done", "play") else _VERBS[fate]
        yield FateForm(fate, say(verb), fields, fate == chosen)


_VERBS: Mapping[Fate, str] = {"going": "Goes on", "done": "Done", "lost": "Lost", "moved": "Move", "dropped": "Drop"}
_LABELS = {
    "result": "Result",
    "evidence": "Evidence",
    "finished_on": "On",
    "due_on": "New day",
    "reason": "Reason",
}
