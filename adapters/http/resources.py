"""Where each type of aggregate is reached over HTTP, and which rights its routes need."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Discriminator, Field, TypeAdapter, create_model

from application.aggregates.access import Right, right_to
from application.library.from_library import FROM_LIBRARY
from application.views.plan_names import plans_named
from domain.account_plan import ACCOUNT_PLAN
from domain.aggregates import AggregateType
from domain.language import Command
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID

MOST_COMMANDS = 100


@dataclass(frozen=True, eq=False)
class Resource:
    """The routes of the aggregates of one type."""

    of: AggregateType[Any]
    called: str
    """The name in a sentence: `an account plan`."""
    opened_at: str
    """The path to which the opening command is sent by POST."""
    path: str
    """The path of one aggregate."""
    named: Callable[[Mapping[str, str]], Sequence[UUID]]
    """Returns the ids that the parameters of the path may mean, the likeliest first."""
    view: Right
    """The right to see what was recorded of an aggregate."""
    command: Right
    """The right to send a list of commands. Each command in it needs its own right too."""

    composed: Mapping[str, type[Command]] = field(default_factory=dict)
    """Commands, by name, that the application expands into several, or checks against other aggregates."""

    @cached_property
    def commands(self) -> Mapping[str, type[Command]]:
        """All commands that may be sent on their own, by name."""
        return {**self.of.commands, **self.composed}

    def path_of(self, name: str) -> str:
        """Return the path of a command, or of `commands`, the list of commands."""
        return self.opened_at if name == self.opening.called() else f"{self.path}/{name}"

    def right_needed_for(self, name: str) -> Right:
        """Return the right that a command needs. For a list it is the right that every caller needs; each command in it
        needs its own too."""
        return right_to(self.commands[name]) if name in self.commands else self.command

    def location(self, id: UUID) -> str:
        """Return the path of the aggregate with this id."""
        return self.path.format_map({self.of.noun: id})

    @property
    def opening(self) -> type[Command]:
        return self.of.opening.command

    @cached_property
    def listable(self) -> Mapping[str, type[Command]]:
        """The commands that a list may contain: all but the opening one."""
        return {name: command for name, command in self.of.commands.items() if command is not self.opening}

    @cached_property
    def listed(self) -> TypeAdapter[list[Any]]:
        """The type of a list of commands. It is built when the first list is sent, because building it takes as long as
        the whole start of the service."""
        any_listed: Any = Union[tuple(_listed(name, command) for name, command in self.listable.items())]  # noqa: UP007
        many: Any = list[Annotated[any_listed, Discriminator("command")]]
        return TypeAdapter(Annotated[many, Field(min_length=1, max_length=MOST_COMMANDS)])


def _listed(name: str, command: type[Command]) -> type[BaseModel]:
    fields: dict[str, Any] = {"command": (Literal[name], ...), "body": (command, ...)}
    return create_model(f"Listed{command.__name__}", __config__=ConfigDict(extra="forbid"), **fields)


PLANS = Resource(
    ACCOUNT_PLAN,
    called="an account plan",
    opened_at="/v1/plans",
    path="/v1/plans/{plan}",
    named=lambda parameters: plans_named(parameters["plan"]),
    view="view",
    command="command",
    composed=FROM_LIBRARY,
)
THE_PROGRAM = Resource(
    PROGRAM,
    called="the program",
    opened_at="/v1/program",
    path="/v1/program",
    named=lambda _: (PROGRAM_ID,),
    view="view-program",
    command="program",
)
RESOURCES = (PLANS, THE_PROGRAM)


def resource_of(type: AggregateType[Any]) -> Resource:
    """Return the resource of a type of aggregate."""
    return next(resource for resource in RESOURCES if resource.of is type)
