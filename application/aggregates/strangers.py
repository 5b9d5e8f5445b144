"""Finds people of ours whom a command names although nobody has named them before: their ids may be mistyped."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches

from application.aggregates.ports import CommandContext, EventStore, StoreUnavailable
from domain.cautions import about_a_stranger
from domain.language import Caution, Command, same_person
from domain.markers import Ours, strings_of
from domain.things import Aggregate

MOST_NEAREST = 3
"""Known ids that are named as what may have been meant."""


def cautions_about_strangers(
    store: EventStore, aggregate: Aggregate, command: Command, context: CommandContext
) -> Iterator[Caution]:
    """Yield a warning for everybody of ours whom a command names and whom neither the store nor the aggregate knows.
    The caller and the person they act for are always known."""
    named = dict(strings_of(command, Ours))
    unseen: Mapping[str, Sequence[str]] = {}
    if named and not store.knows(set(named.values())):
        with suppress(StoreUnavailable):  # this is only a warning, so the command goes on without it
            unseen = store.strangers(set(named.values()))
        unseen = _not_in(aggregate, unseen, {context.actor, context.on_behalf_of or context.actor})
    for pointer, id in named.items():
        if id in unseen:
            yield about_a_stranger(pointer, id, unseen[id])


def people_named(command: Command) -> Iterator[str]:
    """Yield the ids of our people that a command names."""
    return (id for _, id in strings_of(command, Ours))


def _not_in(
    aggregate: Aggregate, unseen: Mapping[str, Sequence[str]], callers: Collection[str]
) -> Mapping[str, Sequence[str]]:
    """Return the people whom the aggregate does not know either, each with the nearest known ids."""
    if not unseen:
        return {}
    known, wanted = set(map(same_person, callers)), set(map(same_person, unseen))
    things = (thing for kind in aggregate.kinds().values() for thing in kind.values())
    for id in (id for thing in things for _, id in strings_of(thing, Ours)):
        known.add(same_person(id))
        if known >= wanted:
            return {}
    return {
        id: get_close_matches(same_person(id), {*nearest, *known}, MOST_NEAREST)
        for id, nearest in unseen.items()
        if same_person(id) not in known
    }
