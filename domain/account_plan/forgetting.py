"""Topic: forgetting, by which the words about a stakeholder become unreadable for ever."""

from datetime import date
from typing import Any, ClassVar

from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import the_plan
from domain.account_plan.stakeholders import Stakeholder, StakeholderCommand, StakeholderEvent
from domain.aggregates import Topic
from domain.language import (
    FORGOTTEN,
    CommandRight,
    Decision,
    Refusal,
    Slug,
)
from domain.markers import Sealed, marked
from domain.rules import whoever
from domain.things import Aggregate, Draft

# Event


class StakeholderForgotten(StakeholderEvent):
    """A stakeholder's words were made unreadable everywhere, past included; the history keeps its shape."""

    id: str

    def forgets(self) -> str:
        return self.id


# Command


class ForgetStakeholder(StakeholderCommand):
    """Erase the person's words everywhere, past included.  The history keeps its shape; this cannot be undone."""

    needs: ClassVar[Any] = "any"
    on_archived: ClassVar[bool] = True
    even_withdrawn: ClassVar[bool] = True
    right: ClassVar[CommandRight] = "erase"

    id: Slug


# Refusal


class LegalHold(Refusal):
    """This plan is under a legal hold: until it is released, nobody is forgotten."""


# Rules


def decide(plan: AccountPlan, command: ForgetStakeholder, _today: date) -> Decision[StakeholderForgotten]:
    return Decision(forget(plan, command.id))


def forget(plan: AccountPlan, id: str) -> tuple[StakeholderForgotten, ...]:
    """Return the events that forget a stakeholder under all of their ids. Raises `LegalHold`."""
    ids = to_forget(plan, id)
    if ids and the_plan(plan).on_hold:
        raise LegalHold("/id")
    return tuple(StakeholderForgotten(id=each) for each in ids)


def to_forget(plan: AccountPlan, id: str) -> list[str]:
    """Return the ids under which a stakeholder is still to be forgotten: their own and those merged with it. Withdrawn
    stakeholders can be forgotten too. The list is empty if there is nobody left to forget."""
    people, meant = plan.all(Stakeholder), whoever(plan, id)
    same = [each for each in people if whoever(plan, each) == meant]
    if not same and (Stakeholder.noun, id) in plan.spent_ids:
        same = [id]
    return [each for each in same if not (people[each].forgotten if each in people else is_gone(plan, each))]


WITHDRAWN_AND_FORGOTTEN = "stakeholder who was withdrawn and forgotten"


def is_gone(plan: Aggregate, id: str) -> bool:
    """Return whether a withdrawn stakeholder has been forgotten too."""
    return (WITHDRAWN_AND_FORGOTTEN, id) in plan.spent_ids


def without_words(person: Stakeholder) -> dict[str, Any]:
    """Return the sealed fields of a stakeholder, each replaced by `FORGOTTEN` if it was set."""
    words = {name: getattr(person, name) for name, _ in marked(Stakeholder, Sealed)}
    return {name: (FORGOTTEN,) if isinstance(value, tuple) else FORGOTTEN for name, value in words.items() if value}


def apply(draft: Draft, event: StakeholderForgotten) -> None:
    if draft.has(Stakeholder, event.id):
        draft.change(Stakeholder, event, forgotten=True, **without_words(draft.the(Stakeholder, event.id)))
    else:
        draft.spent_ids.add((WITHDRAWN_AND_FORGOTTEN, event.id))


TOPIC = Topic(ForgetStakeholder, StakeholderForgotten, (), decide, apply)
