"""Topic: templates, the commands that a plan can be opened with."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, assert_never

from pydantic import Field, ValidationError
from pydantic_core import to_json

from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import OpenPlan, Segment, Tier, the_plan
from domain.aggregates import Topic
from domain.language import Caution, Command, Decision, Refusal, Slug, Terms, Text
from domain.mistakes import sentence
from domain.program.language import ProgramState
from domain.program.library import LibraryCommand, LibraryEvent, LibraryThing, in_plain_values
from domain.program.library_plays import check_library_play
from domain.things import Draft
from domain.time_zones import time_zone


class TemplateCommand(Terms):
    """A command of a template, with placeholders in its body."""

    command: str
    body: dict[str, Any]


class TemplateTerms(Terms):
    id: str
    title: str
    segment: Segment | None = None
    tier: Tier | None = None
    commands: tuple[TemplateCommand, ...] = ()


# Events


class TemplateEvent(LibraryEvent):
    """About one template."""

    noun: ClassVar[str] = "template"


class TemplatePublished(TemplateEvent, TemplateTerms):
    """Plans can be opened with these commands carried out at once."""


class TemplateRetired(TemplateEvent):
    """A template is not to be used any more."""

    id: str


TemplateEvents = TemplatePublished | TemplateRetired


# Commands


class DraftedCommand(TemplateCommand, strict=True):
    command: Annotated[str, Field(max_length=64)]


class PublishTemplate(LibraryCommand):
    """Let plans be opened with these commands carried out at once.  They are tried against an empty plan first.

    In their bodies `{account_name}`, `{owner}`, `{today}` and `{today+30}` stand for what is so when a plan is opened.
    """

    noun: ClassVar[str] = "template"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    title: Text
    segment: Segment | None = None
    tier: Tier | None = None
    commands: Annotated[tuple[DraftedCommand, ...], Field(min_length=1, max_length=100)]


class RetireTemplate(LibraryCommand):
    """Take a template away.  Plans that were opened by it keep what they have."""

    noun: ClassVar[str] = "template"

    id: Slug


TemplateCommands = PublishTemplate | RetireTemplate


# Refusals


class PlaceholderUnknown(Refusal):
    """“{placeholder}” is no placeholder; use {{account_name}}, {{owner}}, {{today}} or {{today+30}}."""


class TemplateCommandUnknown(Refusal):
    """“{command}” is no command of an account plan that a template could hold."""


class TemplateCommandRefused(Refusal):
    """A plan opened by this template would refuse {command}: {why}"""


# State and rules


class Template(TemplateTerms, LibraryThing):
    noun: ClassVar[str] = "template"


PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
ACCOUNT_NAME, OWNER = "A new account", "owner"
"""What the placeholders stand for where a template is tried."""
TODAY = re.compile(r"today(?:\+([0-9]{1,4}))?")


def filled(value: Any, account_name: str, owner: str, today: date, pointer: str = "/commands") -> Any:
    """Return the body of a command with its placeholders filled in. Raises `PlaceholderUnknown`, which says where."""

    def replaced(found: re.Match[str]) -> str:
        name = found[1]
        if day := TODAY.fullmatch(name):
            return (today + timedelta(days=int(day[1] or 0))).isoformat()
        if name == "account_name":
            return account_name
        if name == "owner":
            return owner
        raise PlaceholderUnknown(pointer, placeholder=found[0])

    if isinstance(value, str):
        return PLACEHOLDER.sub(replaced, value)
    if isinstance(value, dict):
        return {name: filled(each, account_name, owner, today, f"{pointer}/{name}") for name, each in value.items()}
    if isinstance(value, list):
        return [filled(each, account_name, owner, today, f"{pointer}/{place}") for place, each in enumerate(value)]
    return value


def opening_of(template: TemplateTerms | PublishTemplate) -> OpenPlan:
    """Return the command that opens a plan like those for which a template is meant."""
    return OpenPlan(
        account_id="template",
        account_name=ACCOUNT_NAME,
        tier=template.tier or "strategic",
        owner=OWNER,
        currency="EUR",
        segment=template.segment,
        reason=None,
    )


def commands_of(library: ProgramState, template: TemplateTerms | PublishTemplate, today: date) -> Iterator[Command]:
    """Yield the commands of a template as they would be on a plan that is opened today.

    Raises the refusals that whoever publishes the template has to hear.
    """
    for place, each in enumerate(template.commands):
        pointer, kind = f"/commands/{place}", ACCOUNT_PLAN.commands.get(each.command)
        # A command about other plans would do the same to them whenever a plan is opened.
        if kind is None or kind.reaches_beyond:
            raise TemplateCommandUnknown(f"{pointer}/command", command=each.command)
        body = filled(each.body, ACCOUNT_NAME, OWNER, today, f"{pointer}/body")
        try:
            # Through JSON, as it will come: strict types take a day as text only there.
            command: Any = kind.model_validate_json(to_json(body))
            check_library_play(library, command)
        except ValidationError as error:
            why = sentence(error.errors()[0], kind)
            raise TemplateCommandRefused(f"{pointer}/body", command=each.command, why=why) from None
        except Refusal as refusal:
            raise refused_there(place, each, refusal) from None
        # As the server would, where it is left out.
        made_up = getattr(command, "id", "") is None
        yield command.model_copy(update={"id": f"made-up-{place}"}) if made_up else command


def refused_there(place: int, drafted: TemplateCommand, refusal: Refusal) -> TemplateCommandRefused:
    """Return the refusal of a template whose command at a place its own plan would refuse."""
    where = f"/commands/{place}/body{refusal.pointer}"
    return TemplateCommandRefused(where, command=drafted.command, why=str(refusal))


def try_template(library: ProgramState, template: PublishTemplate, today: date) -> AccountPlan:
    """Try the commands on a new plan, and return it. Raises the refusals that whoever publishes the template has to
    hear."""
    at = datetime.combine(today, time(12), time_zone("UTC"))
    plan = ACCOUNT_PLAN.fold(ACCOUNT_PLAN.decide(ACCOUNT_PLAN.empty, opening_of(template), at).events)
    for place, command in enumerate(commands_of(library, template, today)):
        try:
            events = ACCOUNT_PLAN.decide(plan, command, at).events
        except Refusal as refusal:
            raise refused_there(place, template.commands[place], refusal) from None
        plan = ACCOUNT_PLAN.fold(events, plan)
    return plan


def leaves_its_tier(template: PublishTemplate, plan: AccountPlan) -> Iterator[Caution]:
    """Yield a caution if a plan that is opened by a template is of another tier afterwards than the template says."""
    tier = the_plan(plan).tier
    if template.tier and tier != template.tier:
        detail = f"The template is for the tier {template.tier}, and its commands make a plan {tier}: which is meant?"
        yield Caution("template-of-others", "/tier", detail)


def decide(state: ProgramState, command: TemplateCommands, today: date) -> Decision[TemplateEvents]:
    match command:
        case PublishTemplate():
            cautions = tuple(leaves_its_tier(command, try_template(state, command, today)))
            return Decision((TemplatePublished(**in_plain_values(command)),), cautions)
        case RetireTemplate(id=id):
            return Decision((TemplateRetired(id=id),))


def apply(draft: Draft, event: TemplateEvents) -> None:
    match event:
        case TemplatePublished():
            draft.create(Template, event)
        case TemplateRetired(id=id):
            draft.set(Template, id, retired=True)
        case _:
            assert_never(event)


TOPIC = Topic(TemplateCommands, TemplateEvents, (Template,), decide, apply)
