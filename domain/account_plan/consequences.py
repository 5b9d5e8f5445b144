"""What an event of one topic changes in things of other topics. The topics do not import each other."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.relationships import Influence, Pairing, line_between, pair_of
from domain.account_plan.stakeholders import Stakeholder
from domain.language import STAKEHOLDER, Event
from domain.markers import Refers, marked
from domain.things import Draft, Thing

T = TypeVar("T", bound=Thing)


def links_follow(draft: Draft, event: StakeholderMerged) -> None:
    """Replace references to a stakeholder who was merged by references to the other."""
    for things in draft.kinds().values():
        for thing in things.values():
            after = naming_the_other(thing, event)
            if after is not thing:
                put_again(draft, thing, after, event)


def naming_the_other(thing: T, event: StakeholderMerged) -> T:
    """Return the thing with references to the merged stakeholder replaced; unchanged if it has none."""
    fields = [field for field, marker in marked(type(thing), Refers) if marker.kind == STAKEHOLDER]
    named = {field: followed(getattr(thing, field), event) for field in fields}
    return thing.but(named) if any(getattr(thing, field) != names for field, names in named.items()) else thing


def followed(names: Any, event: StakeholderMerged) -> Any:
    """Return the ids, once each, with the merged stakeholder replaced by the other."""
    if isinstance(names, tuple):
        return tuple(dict.fromkeys(event.into if id == event.id else id for id in names))
    return event.into if names == event.id else names


def put_again(draft: Draft, before: Thing, after: Thing, event: StakeholderMerged) -> None:
    """Replace a thing whose references changed. A thing between a stakeholder and themselves is dropped."""
    if before.id == event.id and isinstance(before, Stakeholder):
        return  # who was merged can be read as they were
    match after:
        case Stakeholder(id=id, reports_to=superior):
            draft.put(after.but({"reports_to": None}) if superior == id else after)
        case Influence(influencer=influencer, influenced=influenced):
            draft.remove(Influence, before.id)
            if influencer != influenced:
                put_once(draft, after.but({"id": line_between(influencer, influenced)}))
        case Pairing():
            draft.remove(Pairing, before.id)
            put_once(draft, after.but({"id": pair_of(after.stakeholder, after.member)}))
        case _:
            draft.put(after)


def put_once(draft: Draft, thing: Thing) -> None:
    """Add a thing unless it exists."""
    if not draft.has(type(thing), thing.id):
        draft.put(thing)


CONSEQUENCES: Mapping[type[Event], Callable[[Draft, Any], None]] = {StakeholderMerged: links_follow}
