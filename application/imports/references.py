"""Resolves references in a table to things of the plan: by id, CRM id, mail address or name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from application.imports.kinds import KINDS, Identities, ImportKind
from domain.account_plan import THINGS
from domain.account_plan.language import AccountPlan
from domain.language import shortened
from domain.things import NAMES, Thing


class Unresolved(Exception):
    """A field refers to something that is not in the plan, or to several things."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def resolved(
    plan: AccountPlan, kind: ImportKind, identities: Identities, plan_id: UUID, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the body with ids in place of other references. Raises `Unresolved`."""
    found = dict(body)
    for field, noun in kind.references().items():
        said = body.get(field)
        if isinstance(said, list):
            found[field] = [_id(plan, identities, plan_id, field, noun, each) for each in said]
        elif isinstance(said, str):
            found[field] = _id(plan, identities, plan_id, field, noun, said)
    return found


def _id(plan: AccountPlan, identities: Identities, plan_id: UUID, field: str, noun: str, said: str) -> str:
    if plan.named(noun, said) is not None:
        return said
    for kind in (each for each in KINDS.values() if each.command.noun == noun):
        for fields in kind.known_by:
            id = identities.made_of(noun, plan_id, fields, {fields[0]: said})
            if len(fields) == 1 and plan.named(noun, id) is not None:
                return id
    names = [name for name in NAMES if name in THINGS[noun].model_fields]
    named = {thing.id for name in names for thing in plan.called(noun, name, said) if _is_called(thing, said)}
    if len(named) == 1:
        return named.pop()
    shown = shortened(said)
    if named:
        ids = ", ".join(sorted(named))
        raise Unresolved(field, f"“{shown}” is what several are called ({ids}): name one by its id")
    raise Unresolved(field, f"there is no {noun} “{shown}” in this plan, neither by id nor by name")


def _is_called(thing: Thing, said: str) -> bool:
    return thing.known_as is not None and thing.known_as.casefold() == said.casefold()
