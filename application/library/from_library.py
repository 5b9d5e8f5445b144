"""Commands that take an item from the program's library, or a number from its policy, and their expansion into commands
that need neither.

What a plan adopts is copied: if a library play is revised later, plays made from it stay as they are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, TypeVar
from uuid import UUID

from pydantic import Field, ValidationError
from pydantic_core import to_json

from application.aggregates.handle import Aggregates
from application.views.current_program import LoadedProgram
from application.views.policy_in_force import policy_in_force
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.actions import AddAction
from domain.account_plan.plan import OpenPlan
from domain.account_plan.plays import LinkingPlay, PlanPlay, PlayCommand, PlayLinks
from domain.account_plan.relationships import AgreePairing, PairingCommand
from domain.account_plan.tiers import ChangeTier, ConfirmTier, ScoreAccount
from domain.calendar import Day
from domain.language import Caution, Command, PersonId, Refusal, Slug
from domain.mistakes import did_you_mean, sentence
from domain.program.charter import PROGRAM_ID, Program
from domain.program.language import ProgramState
from domain.program.library_plays import LibraryPlay, LibraryStep, check_library_play
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.program.rounds import Round
from domain.program.templates import Template, filled
from domain.refusals import Over, Unknown
from domain.things import day_of

Kind = TypeVar("Kind", LibraryPlay, Template)


COPIED = ("title", "kind", "success_measure", "value_driver", "prerequisites", "counter_move")
"""The fields that a play copies from the library play."""


class AdoptPlay(PlayCommand, LinkingPlay):
    """Make a play of the library one of this plan: its words, its due day, and its steps as actions, counted from the
    day it starts."""

    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    library_play: Slug = Field(description="Of a play that is published and not retired.")
    owner: PersonId
    starts_on: Day | None = Field(None, description="The day from which its days are counted; if not given, today.")


class OpenPlanFromTemplate(OpenPlan):
    """Open the plan of an account: one each, for ever.  With a template, its commands are carried out at once."""

    template: Slug | None = Field(None, description="Of a template that is published and not retired.")

    @classmethod
    def called(cls) -> str:
        return OpenPlan.called()


class AgreePairingByPolicy(PairingCommand):
    """Who of ours keeps up with whom, and how often; agreed again, the new rhythm counts.  Without a rhythm it is the
    one that the policy in force has for pairings."""

    needs: ClassVar[Any] = "nothing"

    every_days: Annotated[int, Field(ge=1, le=3660)] | None = Field(
        None, description="How many days there may be between two touches; if not given, what the policy says."
    )

    @classmethod
    def called(cls) -> str:
        return AgreePairing.called()


FROM_LIBRARY: Mapping[str, type[Command]] = {
    command.called(): command for command in (OpenPlanFromTemplate, AdoptPlay, AgreePairingByPolicy)
}
"""The commands that are expanded into others, by name. They come in addition to, or in place of, those of a plan."""


class TemplateOutdated(Refusal):
    """The template “{id}” cannot be carried out on this plan: {command} is refused there.  {why}"""


NAMING: Mapping[str, type[LibraryPlay | Template]] = {"library_play": LibraryPlay, "template": Template}
"""The fields of plan commands that name an item of the library, with the kind of item."""


def needs_library(command: Command) -> bool:
    """Return whether a command names an item of the library or a round, or leaves a value to the policy."""
    said = command.__dict__
    for field in NAMING:
        if said.get(field) is not None:
            return True
    return isinstance(command, AgreePairingByPolicy) or round_named(command) is not None


def round_named(command: Command) -> str | None:
    """Return the round of the program that a command about the tier of an account names."""
    return command.round if isinstance(command, ChangeTier | ConfirmTier | ScoreAccount) else None


def from_library(
    command: Command,
    library: ProgramState,
    today: date,
    make_id: Callable[[], UUID],
    policy: Policy = DEFAULT_POLICY,
) -> Sequence[Command]:
    """Return the commands of the plan into which a command expands, under the policy in force.

    Raises `Unknown` or `Over` if the library does not have the item, or no longer has it, and `TemplateOutdated`.
    """
    match command:
        case AdoptPlay():
            return adopted(command, library, today, make_id)
        case OpenPlanFromTemplate(template=str(template)):
            return opened(command, library, template, today)
        case AgreePairingByPolicy(every_days=every_days):
            said = {name: getattr(command, name) for name in command.model_fields_set - {"every_days"}}
            return [AgreePairing.model_construct(**said, every_days=every_days or policy.pairing)]
    check_library_play(library, command)
    return [command]


def adopted(command: AdoptPlay, library: ProgramState, today: date, make_id: Callable[[], UUID]) -> list[Command]:
    found = _published(library, LibraryPlay, command.library_play, "/library_play")
    starts_on, id = command.starts_on or today, command.id or str(make_id())
    said: dict[str, Any] = {"owner": command.owner, "reason": command.reason, "about": command.about}
    links = {name: getattr(command, name) for name in PlayLinks.model_fields if name in command.model_fields_set}
    copied = {name: getattr(found, name) for name in COPIED}
    due_on = starts_on + timedelta(days=found.typical_days)
    play = PlanPlay(id=id, starts_on=starts_on, due_on=due_on, library_play=found.id, **copied, **links, **said)
    said |= {"play": id, "library_play": found.id}
    return [play, *(_action(step, starts_on, str(make_id()), said) for step in found.steps)]


def _action(step: LibraryStep, starts_on: date, id: str, said: dict[str, Any]) -> AddAction:
    due_on = starts_on + timedelta(days=step.days_in)
    return AddAction(id=id, statement=step.statement, kind=step.kind, due_on=due_on, **said)


def opened(command: OpenPlanFromTemplate, library: ProgramState, id: str, today: date) -> list[Command]:
    template = _published(library, Template, id, "/template")
    opening = OpenPlan.model_construct(
        command.model_fields_set - {"template"},
        **{name: getattr(command, name) for name in OpenPlan.model_fields},
    )
    commands: list[Command] = [opening]
    for each in template.commands:
        body = filled(each.body, command.account_name, command.owner, today)
        kind = ACCOUNT_PLAN.commands.get(each.command)
        try:
            if kind is None:
                raise TemplateOutdated(
                    "/template", id=template.id, command=each.command, why="There is no such command."
                )
            made = kind.model_validate_json(to_json(body))
            check_library_play(library, made)
            commands.append(made)
        except ValidationError as error:
            why = sentence(error.errors()[0], kind)
            raise TemplateOutdated("/template", id=template.id, command=each.command, why=why) from None
        except (Unknown, Over) as refusal:
            raise TemplateOutdated("/template", id=template.id, command=each.command, why=str(refusal)) from None
    return commands


def about_template(command: OpenPlanFromTemplate, template: Template | None) -> Iterator[Caution]:
    """Yield a caution where a plan is opened by a template that is meant for accounts of another tier or segment."""
    for field in ("tier", "segment"):
        meant, said = getattr(template, field, None), getattr(command, field)
        if meant and said and meant != said:
            detail = f"The template “{command.template}” is for the {field} {meant}, and this plan is {said}."
            yield Caution("template-of-others", f"/{field}", f"{detail} Is another one meant?")


def _published(library: ProgramState, kind: type[Kind], id: str, pointer: str) -> Kind:
    """Return an item of the library. Raises `Unknown`, and `Over` if it was retired."""
    found = library.find(kind, id)
    if found is None:
        raise Unknown(pointer, kind=kind.noun, id=id, aggregate=library.noun)
    if found.ending:
        raise Over(pointer, kind=kind.noun, id=id, ending=found.ending)
    return found


class LibraryReader:
    """Expands commands with the current state of the library."""

    def __init__(
        self, program: Aggregates[ProgramState], now: Callable[[], datetime], make_id: Callable[[], UUID]
    ) -> None:
        self._program = program
        self._now = now
        self._make_id = make_id

    def commands_of(self, command: Command) -> Sequence[Command]:
        """Return the commands into which a command expands. Raises what `from_library` raises, and `StoreUnavailable`.

        A day that is left out is today: in the account's time zone for a new plan, else in the program's.
        """
        known = self._read()
        library = known.state
        program = library.find(Program, "program")
        zone = command.timezone if isinstance(command, OpenPlan) else program.timezone if program else "UTC"
        now = self._now()
        policy = policy_in_force(known.records, now, day_of(now, zone)).policy
        return from_library(command, library, day_of(now, zone), self._make_id, policy)

    def about(self, command: Command) -> Iterator[Caution]:
        """Yield a caution if a command names a round that the program does not have, or a template of other accounts.
        Raises `StoreUnavailable`."""
        if isinstance(command, OpenPlanFromTemplate) and command.template:
            yield from about_template(command, self._read().state.find(Template, command.template))
        named = round_named(command)
        rounds = self._read().state.all(Round) if named else {}
        if named and rounds and named not in rounds:
            detail = f"There is no round “{named}” in the program{did_you_mean(named, rounds) or '.'}"
            yield Caution("unknown-round", "/round", detail)

    def offered(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Return id and title of all available items, by the field that names them. Raises `StoreUnavailable`."""
        library = self._read().state
        return {field: [(each.id, each.title) for each in library.open(kind)] for field, kind in NAMING.items()}

    def check(self, command: Command) -> None:
        """Check the items that a command names. Raises what `check_library_play` raises, and `StoreUnavailable`."""
        if needs_library(command):
            check_library_play(self._read().state, command)

    def _read(self) -> LoadedProgram:
        return self._program.refreshed(self._program.remembered(PROGRAM_ID))
