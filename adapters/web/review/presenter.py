"""The page on which a review is held: what was said, new promises, attitudes, and decisions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import get_args

from adapters.rendering.words import in_words, spaced
from adapters.web.forms.form import FormData, Option
from adapters.web.languages import Speech
from adapters.web.names import name_of
from adapters.web.plan.presenter import PlanHead, Value, blame_address, head, plan_path, who_set
from adapters.web.review.typed import ATTITUDES, FATES, Fate, Mistake
from application.reports.said_vs_did import Report
from application.views.cuts import Cut
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import ReviewOnRecord, held_reviews, last_review
from domain.account_plan.actions import ActionKind
from domain.account_plan.plan import the_plan
from domain.account_plan.promises import PROMISES, open_promises
from domain.account_plan.reviews import Audience, Review, ReviewKind
from domain.account_plan.stakeholders import Stakeholder
from domain.account_plan.team import Member
from domain.language import Caution
from domain.things import name_field

NEW_ROWS = 5
DEFAULT_KIND: ReviewKind = "monthly"
KINDS_OF_NEW: tuple[ActionKind, ...] = ("task", "touch", "mitigation")
"""The kinds of actions that a row can promise; the others have more fields and their own forms."""


@dataclass(frozen=True)
class PromiseRow:
    """An open promise, and its possible outcomes."""

    key: str
    prefix: str
    kind: str
    name: str
    owner: str
    due_on: str
    blame: Mapping[str, str]
    """The addresses of who set its name, kind, owner, side and day."""
    due_how_far: str
    is_overdue: bool
    was_said: bool
    side: str
    fates: Sequence[Option]
    values: dict[str, str]
    errors: Sequence[str]


@dataclass(frozen=True)
class NewRow:
    """A row for a promise made at the review."""

    prefix: str
    kinds: Sequence[Option]
    values: dict[str, str]
    errors: Sequence[str]
    warnings: Sequence[str]


@dataclass(frozen=True)
class PersonRow:
    key: str
    prefix: str
    name: Value
    attitude: Value
    choices: Sequence[Option]
    evidence: str
    is_there: bool


@dataclass(frozen=True)
class AgendaLine:
    topic: Value
    minutes: int


@dataclass(frozen=True)
class ScoreLine:
    """What the report would say if the review were held now."""

    scored: int
    kept: int
    late: int
    failed: int
    dropped: int
    slipped: int
    missed: int
    pending: int
    keep_rate: str
    done_rate: str


@dataclass(frozen=True)
class ReviewPage:
    head: PlanHead
    action: str
    expected: int
    key: str
    last: str
    """The review whose list is gone through; empty if none was held."""
    kinds: Sequence[Option]
    audiences: Sequence[Option]
    hold: dict[str, str]
    ours: Sequence[str]
    agenda: Sequence[AgendaLine]
    promises: Sequence[PromiseRow]
    new: Sequence[NewRow]
    people: Sequence[PersonRow]
    score: ScoreLine | None
    mistakes: Sequence[Mistake]
    is_draft: bool


def review_page(
    known: LoadedPlan,
    cut: Cut,
    data: FormData,
    say: Speech,
    key: str,
    mistakes: Sequence[Mistake] = (),
    report: Report | None = None,
    warnings: Sequence[tuple[str, Caution]] = (),
    is_draft: bool = False,
    usual: Callable[[ReviewKind], Sequence[AgendaLine]] = lambda _: (),
) -> ReviewPage:
    """Return the page. `usual` returns the agenda of the program for a kind of review.
    `warnings` contains those of the commands, each with the fields into which it was typed."""
    plan, card = known.state, the_plan(known.state)
    scheduled, chosen = _scheduled(known, data), data.get("hold-kind") or ""
    kind = next(
        (each for each in get_args(ReviewKind) if each == chosen), scheduled.kind if scheduled else DEFAULT_KIND
    )
    last = last_review([review for review in held_reviews(known, cut) if review.event.kind == kind])
    page = head(card, cut, say)
    return ReviewPage(
        head=page,
        action=f"{page.path}/review",
        expected=known.version,
        key=key,
        last=say("{id}, held on {day}", id=last.event.id, day=say.day(last.event.held_on)) if last else "",
        kinds=_options(get_args(ReviewKind), kind, say),
        audiences=_options(get_args(Audience), data.get("hold-audience") or "internal", say),
        hold=_hold(data, cut.date, card.owner, scheduled),
        ours=sorted({card.owner, *(member.person for member in plan.all(Member).values())}),
        agenda=[
            AgendaLine(Value(item.topic, blame_address(card, scheduled, "agenda", cut)), item.minutes)
            for item in scheduled.agenda
        ]
        if scheduled and scheduled.agenda and scheduled.kind == kind
        else usual(kind),
        promises=list(_promises(known, cut, last, data, mistakes, say)),
        new=[_new(place, data, mistakes, warnings, say) for place in range(_rows_of_new(data))],
        people=list(_people(known, cut, data, say)),
        score=_score(report, say) if report else None,
        mistakes=mistakes,
        is_draft=is_draft,
    )


def _options(words: Sequence[str], chosen: str, say: Speech) -> list[Option]:
    return [Option(word, say(spaced(word)), word == chosen) for word in words]


def _scheduled(known: LoadedPlan, data: FormData) -> Review | None:
    """Return the scheduled review with the typed id, else the next scheduled one."""
    waiting = [review for review in known.state.all(Review).values() if review.state == "scheduled"]
    named = next((review for review in waiting if review.id == data.get("hold-id")), None)
    return named or min(waiting, key=lambda review: review.planned_on or date.max, default=None)


def _hold(data: FormData, today: date, owner: str, scheduled: Review | None) -> dict[str, str]:
    """Return what was typed about the review itself; before that, what was planned."""
    fields = ("id", "held_on", "ours", "topics", "decisions", "decisions_required", "notes", "next_on")
    typed = {name: data.get(f"hold-{name}", "") for name in fields}
    if not any(name.startswith("hold-") for name in data):
        typed["held_on"] = today.isoformat()
        typed["id"] = scheduled.id if scheduled else ""
        typed["ours"] = ", ".join(scheduled.ours) if scheduled and scheduled.ours else owner
    return typed


def _promises(
    known: LoadedPlan,
    cut: Cut,
    last: ReviewOnRecord | None,
    data: FormData,
    mistakes: Sequence[Mistake],
    say: Speech,
) -> Iterator[PromiseRow]:
    """Return the promises: ours before the customer's, the earliest due first."""
    said_until = last.cut.version if last else 0
    made = {
        (record.event.noun, record.event.subject()): record.version
        for record in reversed(known.records)
        if record.event.noun in PROMISES
    }
    for promise in sorted(open_promises(known.state), key=lambda each: (each.side != "us", each.due_on)):
        prefix = f"promise-{promise.noun}-{promise.id}"
        fate = data.get(f"{prefix}-fate") or "going"
        fates: tuple[Fate, ...] = tuple(each for each in FATES if each != "lost" or promise.noun == "play")
        yield PromiseRow(
            key=f"{promise.noun}:{promise.id}",
            prefix=prefix,
            kind=say(spaced(promise.kind)),
            name=name_of(promise),
            owner=promise.owner,
            due_on=say.day(promise.due_on),
            blame=who_set(promise, plan_path(the_plan(known.state)), cut),
            due_how_far=say.how_far(promise.due_on, cut.date),
            is_overdue=promise.is_overdue(cut.today),
            was_said=made.get((promise.noun, promise.id), 0) <= said_until,
            side=promise.side,
            fates=[Option(each, say(_word_for(each, promise.noun)), each == fate) for each in fates],
            values={
                name: data.get(f"{prefix}-{name}", "")
                for name in ("finished_on", "result", "evidence", "due_on", "reason")
            },
            errors=_of_row(prefix, mistakes),
        )


def _of_row(prefix: str, mistakes: Sequence[Mistake]) -> list[str]:
    """Return what is wrong in a row of the page."""
    return [each.detail for each in mistakes if each.field == prefix or each.field.startswith(f"{prefix}-")]


WORDS: Mapping[Fate, str] = {
    "going": "goes on",
    "done": "done",
    "lost": "lost",
    "moved": "moved",
    "dropped": "dropped",
}
"""The outcomes of a promise in words. A play that is done was won."""


def _word_for(fate: Fate, noun: str) -> str:
    return "won" if (fate, noun) == ("done", "play") else WORDS[fate]


def _rows_of_new(data: FormData) -> int:
    typed = [place for place in range(200) if data.get(f"new-{place}-statement", "").strip()]
    return max(NEW_ROWS, max(typed, default=-1) + 3)


def _new(
    place: int, data: FormData, mistakes: Sequence[Mistake], warnings: Sequence[tuple[str, Caution]], say: Speech
) -> NewRow:
    prefix = f"new-{place}"
    return NewRow(
        prefix=prefix,
        kinds=_options(KINDS_OF_NEW, data.get(f"{prefix}-kind") or "task", say),
        values={name: data.get(f"{prefix}-{name}", "") for name in ("statement", "owner", "due_on")},
        errors=_of_row(prefix, mistakes),
        warnings=[say.told(caution.detail) for where, caution in warnings if where == prefix],
    )


def attitude_word(attitude: int | None) -> str:
    return "unknown" if attitude is None else in_words(attitude, "attitude")


def _people(known: LoadedPlan, cut: Cut, data: FormData, say: Speech) -> Iterator[PersonRow]:
    there = set(data.all("hold-theirs"))
    card = the_plan(known.state)
    for person in known.state.all(Stakeholder).values():
        if not person.is_there:
            continue
        prefix = f"attitude-stakeholder-{person.id}"
        chosen = data.get(f"{prefix}-attitude", "")
        now = Value(say(attitude_word(person.attitude)), blame_address(card, person, "attitude", cut))
        named = name_field(person.__dict__) or "title"
        words = [(value, attitude_word(number)) for value, number in ATTITUDES.items()]
        yield PersonRow(
            key=f"stakeholder:{person.id}",
            prefix=prefix,
            name=Value(person.name or person.title or person.id, blame_address(card, person, named, cut)),
            attitude=now,
            choices=[Option(value, say(word), value == chosen) for value, word in words],
            evidence=data.get(f"{prefix}-evidence", ""),
            is_there=person.id in there,
        )


def _score(report: Report, say: Speech) -> ScoreLine:
    score = report.score
    return ScoreLine(
        scored=score.scored,
        kept=score.kept,
        late=score.late,
        failed=score.failed,
        dropped=score.dropped,
        slipped=score.slipped,
        missed=score.missed,
        pending=score.pending,
        keep_rate=say.share(score.keep_rate),
        done_rate=say.share(score.done_rate),
    )
