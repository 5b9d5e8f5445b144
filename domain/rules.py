"""Rules for every command of every aggregate: about its thing, its references, its days and its words.

Functions called `check_…` raise a `Refusal`. What a topic alone can know is decided in that topic; what is accepted and
yet looks like a mistake is told by `domain.cautions`.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, TypeVar

from domain.calendar import years_after
from domain.language import STAKEHOLDER, Command, Event, Refusal
from domain.markers import Due, Happened, Refers, Sealed, marked, misplaced, references, texts_of
from domain.refusals import DayInTheFuture, DueBeforeOpened, Misplaced, NotOver, Over, Taken, Unknown
from domain.things import Aggregate, Thing

C = TypeVar("C", bound=Command)


class Spent(Taken):
    """A {kind} “{id}” was entered by mistake in this {aggregate} and taken back.  Its history goes on naming it, so
    choose another id."""


class SpeaksOfTheForgotten(Refusal):
    """The stakeholder “{id}” was forgotten, so nothing more can be written about them.  Where your words are about
    nobody, say so: “about” is an empty list."""


def find_subject(aggregate: Aggregate, command: Command) -> Thing | None:
    """Return the thing that a command is about, after checking that it is in the state that the command needs."""
    id = command.subject()
    thing = aggregate.named(command.noun, id) if id else None
    about = {"kind": command.noun, "id": id}
    pointer = "/id" if "id" in type(command).model_fields else ""
    spent = thing is None and (command.noun, id) in aggregate.spent_ids
    match command.needs:
        case "new" if thing:
            raise Taken(pointer, **about, aggregate=aggregate.noun)
        case "new" if spent:
            raise Spent(pointer, **about, aggregate=aggregate.noun)
        case "any" if spent and command.even_withdrawn:
            return None
        case "open" | "over" | "any" if thing is None:
            raise Unknown(pointer, **about, aggregate=aggregate.noun)
        case "open" if thing and thing.ending:
            raise Over(pointer, **about, ending=thing.ending)
        case "over" if thing and not thing.ending:
            raise NotOver(pointer, **about)
    return thing


def as_meant(aggregate: Aggregate, command: C) -> C:
    """Return the command with the ids of merged stakeholders replaced by those they were merged into."""
    meant: dict[str, Any] = {}
    for field, marker in marked(type(command), Refers):
        said = getattr(command, field)
        if marker.kind == STAKEHOLDER and said:
            other = (
                tuple(whoever(aggregate, id) for id in said) if isinstance(said, tuple) else whoever(aggregate, said)
            )
            if other != said:
                meant[field] = tuple(dict.fromkeys(other)) if isinstance(other, tuple) else other
    return command.model_copy(update=meant) if meant else command


def whoever(aggregate: Aggregate, id: str) -> str:
    """Return the id that a stakeholder has now: for one who was merged, that of the other."""
    merged_into = getattr(aggregate.named(STAKEHOLDER, id), "merged_into", None)
    return whoever(aggregate, merged_into) if merged_into else id


def check_kind(command: Command, thing: Thing | None) -> None:
    """Refuse fields that do not belong to things of this kind, unless the command changes the kind."""
    kind = None if "kind" in command.model_fields_set else getattr(thing, "kind", None)
    for field, why in misplaced(command, kind).items():
        raise Misplaced(f"/{field}", field=field, why=why)


def check_references(aggregate: Aggregate, command: Command, thing: Thing | None) -> None:
    """Check that everything a command names exists.

    It may be over, unless the thing becomes a part of it. People who were forgotten may only be named by links that the
    thing has already.
    """
    part_of = {field for field, marker in marked(type(command), Refers) if marker.part_of}
    for kind, name, pointer in references(command):
        field = pointer.split("/")[1]
        if field not in part_of and has_link(thing, kind, name):
            continue
        named = aggregate.named(kind, name)
        if named is None:
            raise Unknown(pointer, kind=kind, id=name, aggregate=aggregate.noun)
        forgotten = getattr(named, "forgotten", False) and field != "about"
        if named.ending and (field in part_of or forgotten):
            raise Over(pointer, kind=kind, id=name, ending=named.ending)


def has_link(thing: Thing | None, kind: str, name: str) -> bool:
    """Return whether a thing already refers to another one."""
    return thing is not None and any((kind, name) == (other, id) for other, id, _ in references(thing))


def check_days(aggregate: Aggregate, command: Command, today: date, opened_on: date) -> None:
    """Refuse past days in the future, and due days more than a year before the aggregate was opened."""
    for field, _ in marked(type(command), Happened):
        day = getattr(command, field)
        if day and day > today:
            raise DayInTheFuture(f"/{field}", day=day, today=today, aggregate=aggregate.noun)
    for field, _ in marked(type(command), Due):
        day = getattr(command, field)
        if day and day < years_after(opened_on, -1):
            raise DueBeforeOpened(f"/{field}", day=day, opened_on=opened_on, aggregate=aggregate.noun)


def check_words(aggregate: Aggregate, command: Command, events: Iterable[Event]) -> None:
    """Refuse text about people who were forgotten: their key is gone, so the words could not be sealed."""
    words = [command.reason, *(getattr(event, field) for event in events for field, _ in marked(type(event), Sealed))]
    for id in speaks_of(aggregate, command) if any(words) else ():
        if getattr(aggregate.named(STAKEHOLDER, id), "forgotten", False):
            raise SpeaksOfTheForgotten("/about", id=id)


def speaks_of(aggregate: Aggregate, command: Command) -> tuple[str, ...]:
    """Return the stakeholders whom a command's free text is about: those in `about`, else those of a command about a
    stakeholder, and whoever the text names. If `about` is empty, the text is about nobody, even if it contains
    names."""
    return tuple(sorted({*about_whom(aggregate, command), *named_in(aggregate, command)}))


def about_whom(aggregate: Aggregate, command: Command) -> set[str]:
    """Return the stakeholders that a command is about by what it says, not by the names in its text."""
    if command.about is not None:
        return {whoever(aggregate, id) for id in command.about}
    if not command.speaks_of_its_people:
        return set()
    people = {name for kind, name, _ in references(command) if kind == STAKEHOLDER}
    id = command.subject()
    if command.noun == STAKEHOLDER and id:
        people.add(id)
    thing = aggregate.named(command.noun, id) if id else None
    whose = getattr(thing, STAKEHOLDER, None)
    people.update([whose] if whose else [])
    return {whoever(aggregate, id) for id in people}


def named_in(aggregate: Aggregate, command: Command) -> tuple[str, ...]:
    """Return the stakeholders whose names a command's free text holds, unless it says that nobody is meant."""
    if command.about == () or not aggregate.names:
        return ()
    return tuple(sorted({id for _, text in texts_of(command) for id in aggregate.names.found_in(text)}))
