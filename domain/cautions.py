"""Warnings about commands of every aggregate that are accepted although they look like a mistake.

The answer carries them and the record does not. No warning repeats text, because text may be sealed.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from pydantic import BaseModel

from domain.calendar import years_after
from domain.language import STAKEHOLDER, Caution, Command, Event
from domain.markers import Checkable, Due, Happened, Sealed, marked, references, strings_of, texts_of
from domain.mistakes import with_article
from domain.rules import about_whom, has_link, whoever
from domain.things import Aggregate, Thing, name_field
from domain.vagueness import VAGUE, is_vague

MOST_YEARS_AHEAD = 2
"""A promise that is due later than this many years from today is answered with a warning."""
MOST_YEARS_BACK = 1
"""Something that happened longer ago than this many years is answered with a warning."""
MOST_YEARS_PLANNED = 10
"""Any other day further ahead than this is answered with a warning: the year was probably mistyped."""
MOST_YEARS_AWAY = 50
"""Any other day further back than this is answered with a warning."""
DAYS_BEFORE_DUE = 31
"""A target that is eased this many days before it is due, or later, is answered with a warning."""

ITEMS_ARE_CALLED = ("topic", "name")
"""The fields that say what an item of a list is about: a topic of an agenda, a metric of a pack. A step may be
taken twice."""

SEALED_FOR = "The text names “{id}”, so it is sealed for them. Where nobody is meant, say so: “about” is an empty list."
IN_CLEAR = "The text names “{id}” in a field that stays in clear for ever: write it without the name."


def cautions(
    aggregate: Aggregate, command: Command, thing: Thing | None, events: Sequence[Event], today: date
) -> Iterator[Caution]:
    """Yield the warnings about a command and the thing that it is about, which is None for a new one."""
    yield from about_the_departed(aggregate, command, thing)
    yield from about_names(aggregate, command, events)
    yield from about_likenesses(aggregate, command)
    yield from about_vagueness(command, thing)
    yield from about_days(command, today)
    yield from about_repetitions(command)


def about_the_merged(aggregate: Aggregate, said: Command) -> Iterator[Caution]:
    """Yield a warning for everybody who is named by an id under which they were entered a second time."""
    for kind, id, pointer in references(said):
        if kind == STAKEHOLDER and (other := whoever(aggregate, id)) != id:
            yield Caution("merged", pointer, f"“{id}” was merged into “{other}”, who is taken to be meant.")


def about_the_departed(aggregate: Aggregate, command: Command, thing: Thing | None) -> Iterator[Caution]:
    """Yield a warning for everybody who has left and is named in what did not happen before that."""
    days = [day for field, _ in marked(type(command), Happened) if (day := getattr(command, field))]
    for kind, name, pointer in references(command):
        left_on = getattr(aggregate.named(kind, name), "left_on", None)
        field = pointer.split("/")[1]
        if left_on is None or (days and min(days) <= left_on) or field == "about" or has_link(thing, kind, name):
            continue
        yield Caution("has-left", pointer, f"“{name}” left on {left_on}: is somebody else meant, or another day?")


def about_names(aggregate: Aggregate, command: Command, events: Sequence[Event]) -> Iterator[Caution]:
    """Yield a warning for everybody whom a text names and `about` does not. Most texts are sealed for them; a label
    that lists and searches need, such as a territory, stays in clear."""
    if command.about == () or not aggregate.names:
        return
    told = about_whom(aggregate, command)
    sealed = {"reason", *(field for event in events for field, _ in marked(type(event), Sealed))}
    for pointer, text in [*texts_of(command), *id_chosen(command)]:
        for id in sorted(aggregate.names.found_in(text) - told):
            is_sealed = not events or pointer.split("/")[1] in sealed
            yield Caution("names-a-person", pointer, SEALED_FOR.format(id=id) if is_sealed else IN_CLEAR.format(id=id))


def id_chosen(command: Command) -> Iterator[tuple[str, str]]:
    """Yield the id that somebody chose for a new thing. Ids of people are left out: they are refused if they reveal the
    person."""
    if command.needs == "new" and command.noun != STAKEHOLDER and (id := getattr(command, "id", None)):
        yield "/id", id


def about_likenesses(aggregate: Aggregate, command: Command) -> Iterator[Caution]:
    """Yield a warning if a new thing has the same name as an open thing or as somebody who left; only one, for the
    first of them. Things that happened on different days, such as touches, may have the same name."""
    field = name_field(command.__dict__) if command.needs == "new" else None
    if field is None:
        return
    days = {day: getattr(command, day) for day, _ in marked(type(command), Happened)}
    for other in aggregate.called(command.noun, field, getattr(command, field)):
        is_there = other.is_open or getattr(other, "left_on", None)
        if is_there and all(getattr(other, name, None) == day for name, day in days.items()):
            detail = f"There is {with_article(command.noun)} of that name already, “{other.id}”: is it the same?"
            yield Caution("looks-like", f"/{field}", detail)
            return


def about_vagueness(command: Command, thing: Thing | None) -> Iterator[Caution]:
    """Yield a warning for every new statement of which nobody could tell whether it came true."""
    for pointer, statement in strings_of(command, Checkable):
        if is_vague(statement) and getattr(thing, pointer.split("/")[1], None) != statement:
            yield Caution("vague", pointer, VAGUE)


def about_days(command: Command, today: date) -> Iterator[Caution]:
    """Yield a warning for every day that is probably mistyped."""
    due, happened = dict(marked(type(command), Due)), dict(marked(type(command), Happened))
    for field, day in command.__dict__.items():
        if not isinstance(day, date):
            continue
        back, ahead = MOST_YEARS_AWAY, MOST_YEARS_AHEAD if field in due else MOST_YEARS_PLANNED
        if field in happened and not happened[field].may_be_long_ago:
            back = MOST_YEARS_BACK
        if day > years_after(today, ahead):
            yield Caution("far-date", f"/{field}", f"{day} is more than {_years(ahead)} ahead: is the year right?")
        elif day < years_after(today, -back):
            yield Caution("far-date", f"/{field}", f"{day} is more than {_years(back)} back: is the year right?")
        elif field in due and day < today:
            yield Caution("due-in-the-past", f"/{field}", f"{day} is past already: it is overdue from the start.")


def about_repetitions(command: Command) -> Iterator[Caution]:
    """Yield a warning for everything that a list of a command names again: a person, an account, a topic of an
    agenda."""
    for field, listed in command.__dict__.items():
        if type(listed) is not tuple or len(listed) < 2:
            continue
        first: dict[tuple[str, str], int] = {}
        for place, each in enumerate(listed):
            if isinstance(each, str) and each in listed[:place]:
                detail = f"Number {listed.index(each) + 1} says the same: once is enough."
                yield Caution("named-again", f"/{field}/{place}", detail)
            elif isinstance(each, BaseModel) and (name := _name_of_item(each)):
                text = " ".join(getattr(each, name).casefold().split())
                if (before := first.setdefault((name, text), place)) != place:
                    detail = f"Number {before + 1} has the same {name}: once is enough."
                    yield Caution("named-again", f"/{field}/{place}/{name}", detail)


def _name_of_item(item: BaseModel) -> str | None:
    """Return the field of an item of a list that says what it is about."""
    return next((name for name in ITEMS_ARE_CALLED if isinstance(getattr(item, name, None), str)), None)


def _years(count: int) -> str:
    return "a year" if count == 1 else f"{count} years"


# Warnings that need more than the aggregate


def finish_told(command: Command) -> tuple[str, date] | None:
    """Return the part of a command that says that something promised was done, and the day."""
    days = marked(type(command), Happened)
    told = ((f"/{name}", getattr(command, name)) for name, marker in days if marker.ends_a_promise)
    return next(((pointer, day) for pointer, day in told if day), None)


def about_the_finish(command: Command, promised_on: date) -> Iterator[Caution]:
    """Yield a warning if something was done before it was promised. `promised_on` is the day on which the promise was
    recorded, in the aggregate's time zone."""
    told = finish_told(command)
    if told and told[1] < promised_on:
        detail = f"{told[1]} is before it was promised, on {promised_on}: it counts as done already."
        yield Caution("finished-before-promised", told[0], detail)


def about_a_stranger(pointer: str, id: str, nearest: Sequence[str]) -> Caution:
    """Return the warning about somebody of ours who has never been named before."""
    listed = " or ".join(f"“{other}”" for other in nearest)
    detail = (
        f"Nobody of ours is known as “{id}” yet: is {listed} meant?"
        if listed
        else (f"Nobody of ours is known as “{id}” yet.")
    )
    return Caution("unknown-person", pointer, detail)


# Used by topics


def is_late_to_ease(due_on: date, today: date) -> bool:
    """Return whether a target is eased so late that it looks like moving the goalposts."""
    return today >= due_on - timedelta(DAYS_BEFORE_DUE)
