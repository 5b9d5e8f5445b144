"""Roles and rights as data: who may do what. What is not granted here is denied."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from application.aggregates.loaded import LoadedAggregate
from domain.language import Command
from domain.mistakes import with_article

Right = Literal[
    "view",
    "command",
    "tier",
    "members",
    "hold",
    "erase",
    "exceptions",
    "practice",
    "view-program",
    "program",
    "audit",
    "witness",
    "feed",
    "own-endpoints",
    "all-endpoints",
    "keys",
]
Role = Literal["reader", "editor", "lead", "auditor", "subscriber", "admin", "developer"]

RIGHTS: Mapping[Right, str] = {
    "view": "See plans as they stand and stood, their histories, and reports of them.",
    "command": "Change plans.",
    "tier": "Say which tier an account has.",
    "members": "Say who is on the team of a plan.",
    "hold": "Place and release legal holds.",
    "erase": "Forget people, and see the certificates of it.",
    "exceptions": "Excuse plans from rules for a time.",
    "practice": "See the policy, the library and the committed list of the program.",
    "view-program": "See the whole program, its rounds and its histories included.",
    "program": "Run the program: its charter, policy, rounds and library.",
    "audit": "Export histories, prove them, and see who has read what.",
    "witness": "Have the log's checkpoints and the hashes they stand on, which hold nobody's words.",
    "feed": "Follow what is recorded.",
    "own-endpoints": "See, pause and end endpoints of one's own; to have events sent there takes “feed”.",
    "all-endpoints": "See, pause and end everybody's endpoints.",
    "keys": "Give keys to callers, and take them back.",
}
"""What each right allows."""

ROLES: Mapping[Role, frozenset[Right]] = {
    "reader": frozenset({"view", "witness", "practice"}),
    "editor": frozenset({"view", "witness", "practice", "command", "tier", "members"}),
    "lead": frozenset({"view", "witness", "practice", "view-program", "program", "tier", "exceptions"}),
    "auditor": frozenset({"view", "witness", "practice", "view-program", "audit"}),
    "subscriber": frozenset({"witness", "feed", "own-endpoints"}),
    "admin": frozenset({"witness", "members", "hold", "erase", "own-endpoints", "all-endpoints", "keys"}),
    "developer": frozenset(RIGHTS),
}
"""The rights of each role. Only whoever works on a machine of their own is the developer."""

WORKS_ON_PLANS: Role = "editor"
"""The role that reaches, beside the plans named for it, those its holder owns or is on the team of."""


def reaches_beyond_plans_named(role: Role) -> bool:
    """Return whether holders of this role can change more than the plans that were named for them."""
    return role == WORKS_ON_PLANS or "program" in ROLES[role]


class CallerNotAllowed(Exception):
    """You may not do this."""


def right_to(command: type[Command]) -> Right:
    """Return the right that a command requires."""
    return command.right


def check_right(role: Role, right: Right) -> None:
    """Check that a role has a right. Raises `CallerNotAllowed`."""
    if right not in ROLES[role]:
        raise CallerNotAllowed(f"This takes the right “{right}”, which {with_article(role)} does not have.")


@dataclass(frozen=True)
class Caller:
    """An identified caller: the actor of the events they cause, and what they may do."""

    actor: str
    role: Role
    plans: frozenset[UUID] | None = frozenset()
    """The plans that were named for them; None for all plans."""
    personal_data: bool = False
    """Whether what is sent to them may include text about people."""
    acts_for_others: bool = False
    on_behalf_of: str | None = None
    """The person they act on behalf of at the moment."""

    def may(self, right: Right) -> bool:
        return right in ROLES[self.role]

    @property
    def works_on_plans(self) -> bool:
        return self.role == WORKS_ON_PLANS

    def sees(self, known: LoadedAggregate[Any], now: datetime) -> bool:
        """Return whether the caller may see this aggregate: as it stands now, not as it stood at an earlier cut."""
        type, state = known.type, known.state
        return self.was_named_or_shares(known) or (
            self.works_on_plans and type.is_at_work_on(state, self.actor, type.today(state, now))
        )

    def was_named_or_shares(self, known: LoadedAggregate[Any]) -> bool:
        """Return whether the aggregate was named for the caller, or is of a type that everybody shares."""
        return known.type.is_shared or self.was_named(known.id)

    def was_named(self, id: UUID) -> bool:
        """Return whether the aggregate was named for the caller, or all are."""
        return self.plans is None or id in self.plans

    def acting_for(self, person: str | None) -> "Caller":
        """Return the caller acting on behalf of a person. Raises `CallerNotAllowed`."""
        if person is None:
            return self
        if not self.acts_for_others:
            raise CallerNotAllowed("You may not act on behalf of others.")
        return replace(self, on_behalf_of=person)

    def check(self, known: LoadedAggregate[Any], commands: Sequence[Command], now: datetime) -> None:
        """Check the caller's rights before an aggregate decides. One that is not theirs is treated as one that does not
        exist.

        Raises the type's `not_open`, or why it cannot be opened a second time, or `CallerNotAllowed`.
        """
        type, first = known.type, commands[0]
        opens = isinstance(first, type.opening.command)
        if opens and not known.records:
            opened = type.fold(type.opening.decide(first, now).events)
            if not (self.was_named_or_shares(known) or type.is_at_work_on(opened, self.actor, type.today(opened, now))):
                allowed = f"You may open {type.noun}s that you will own, and those that were named for you."
                raise CallerNotAllowed(allowed)
        elif not self.sees(known, now):
            raise type.opening.again(first) if opens else type.not_open
        for command in commands:
            check_right(self.role, right_to(command.__class__))
