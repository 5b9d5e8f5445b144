"""Mistakes: whatever a thing was said to be can be corrected, and a thing entered by mistake withdrawn.

A topic names its kinds of things and the commands that say something of them.  Of these, commands and events are made
for each kind: `correct-play` and `PlayCorrected` with every field that making and ending a play set, `withdraw-play`
and `PlayWithdrawn`.  One mechanism decides and applies them all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import NoneType
from typing import Annotated, Any, ClassVar, cast, get_args, get_origin

from pydantic import BaseModel, create_model
from pydantic.fields import FieldInfo

from domain.language import GRAMMAR, Caution, Command, Decision, Event, Refusal, Terms, Text
from domain.markers import Belongs, NeverEmptied, marked, references
from domain.mistakes import with_article
from domain.refusals import Misplaced
from domain.things import Aggregate, Draft, Thing


class Correction(Command):
    """Something that was said of a thing had been wrong from the beginning, as against: it changed."""

    needs: ClassVar[Any] = "any"

    reason: Text


class Withdrawal(Command):
    """A thing was entered by mistake."""

    needs: ClassVar[Any] = "any"

    reason: Text


class Corrected(Event):
    """What had been said of a thing was wrong, in the fields that are said; `former` says what stood there."""

    corrects: ClassVar[bool] = True


class Withdrawn(Event):
    """A thing had been entered by mistake: views of later cuts are made without it, those of earlier ones keep it."""

    withdraws: ClassVar[bool] = True

    def takes_back(self, earlier: Event) -> bool:
        return super().takes_back(earlier) and all(getattr(earlier, name, value) == value for name, value in self)


class NothingToCorrect(Refusal):
    """Nobody has said “{field}” of the {kind} “{id}” yet, so there is nothing in it to correct."""


class StillNamed(Refusal):
    """The {kind} “{id}” is still named by {by}: unlink or withdraw what names it first."""

    @property
    def type(self) -> str:
        return f"{self.said['kind']}-still-named"


def _nothing_else_to_check(_aggregate: Any, _before: Any, _after: Any) -> None:
    """For things of which every value goes with every other."""


def _nothing_follows(_after: Any) -> Mapping[str, Any]:
    """For things that say each value by itself."""
    return {}


def _nothing_to_warn_of(_before: Any, _after: Any, _today: date) -> Iterable[Caution]:
    """For things of which no correction looks like a mistake."""
    return ()


@dataclass(frozen=True)
class Mistakes:
    """How mistakes about one kind of thing are mended."""

    thing: type[Thing]
    made_by: type[Command]
    """The command whose fields can be corrected."""
    later: Mapping[type[BaseModel], tuple[str, ...]] = field(default_factory=dict)
    """Fields that can be corrected as well, once they were said, by what says them: another command, or a model of
    them where the record says otherwise than that command does."""
    identity: tuple[str, ...] = ("id",)
    """The fields that say which thing is meant; they cannot be corrected."""
    subject: Callable[[Any], str | None] | None = None
    """The id of the thing by these fields, where it is not one of them; see `Command.subject`."""
    check: Callable[[Any, Any, Any], None] = _nothing_else_to_check
    """What a topic alone can know: the aggregate, the thing as it is and as it would be.  Raises a `Refusal`."""
    follows: Callable[[Any], Mapping[str, Any]] = _nothing_follows
    """What else is so of the thing as it would be, such as its state."""
    cautions: Callable[[Any, Any, date], Iterable[Caution]] = _nothing_to_warn_of
    """What looks like a mistake: the thing as it is and as it would be, and the day it is."""
    corrects: bool = True
    """Whether its topic leaves the correction to this mechanism."""
    withdraws: bool = True

    # What is made of it

    @property
    def _noun(self) -> str:
        return self.thing.noun

    @property
    def _name(self) -> str:
        """What commands and events call it: `Play`."""
        return "".join(word.capitalize() for word in self._noun.split("-"))

    @cached_property
    def _fields(self) -> Mapping[str, FieldInfo]:
        """What can be corrected, as the commands say it."""
        left_out = GRAMMAR.union(self.identity)
        fields = {name: said for name, said in self.made_by.model_fields.items() if name not in left_out}
        more = {name: said_by.model_fields[name] for said_by, names in self.later.items() for name in names}
        return fields | more

    @cached_property
    def correction(self) -> type[Correction]:
        """`CorrectPlay`."""
        fields = {name: _may_be_said(said) for name, said in self._fields.items()}
        words = f"Something that was said of {with_article(self._noun)} had been wrong from the beginning; say why."
        return cast(type[Correction], self._command("Correct", Correction, words, fields))

    @cached_property
    def withdrawal(self) -> type[Withdrawal]:
        """`WithdrawPlay`."""
        words = f"{with_article(self._noun).capitalize()} was entered by mistake, and nothing names it; say why."
        return cast(type[Withdrawal], self._command("Withdraw", Withdrawal, words, {}))

    @cached_property
    def corrected(self) -> type[Corrected]:
        """`PlayCorrected`."""
        said = {name: self.thing.model_fields[name] for name in self._fields}
        fields: dict[str, Any] = {name: _may_be_there(each) for name, each in said.items()}
        former = create_model(f"{self._name}Former", __base__=Terms, __doc__="What stood there.", **fields)
        fields["former"] = (former, ...)
        thing = with_article(self._noun)
        words = f"What had been said of {thing} was wrong from the beginning, in the fields that are said."
        return cast(type[Corrected], self._event("Corrected", Corrected, words, fields))

    @cached_property
    def withdrawn(self) -> type[Withdrawn]:
        """`PlayWithdrawn`."""
        thing = with_article(self._noun).capitalize()
        words = (
            f"{thing} had been entered by mistake: views of later cuts are made without it, those of earlier ones keep"
            " it."
        )
        return cast(type[Withdrawn], self._event("Withdrawn", Withdrawn, words, {}))

    @property
    def commands(self) -> tuple[type[Command], ...]:
        return (*([self.correction] if self.corrects else []), *([self.withdrawal] if self.withdraws else []))

    @property
    def events(self) -> tuple[type[Event], ...]:
        return (*([self.corrected] if self.corrects else []), *([self.withdrawn] if self.withdraws else []))

    def _command(self, verb: str, base: type[Command], words: str, fields: Mapping[str, Any]) -> type[Command]:
        said = self.made_by.model_fields
        identity = {name: _which(said.get(name) or self.thing.model_fields[name]) for name in self.identity}
        made = self._model(f"{verb}{self._name}", base, words, identity | dict(fields))
        made.right, made.speaks_of_its_people = self.made_by.right, self.made_by.speaks_of_its_people
        return cast(type[Command], made)

    def _event(self, verb: str, base: type[Event], words: str, fields: Mapping[str, Any]) -> type[Event]:
        identity = {name: _which(self.thing.model_fields[name]) for name in self.identity}
        made = self._model(f"{self._name}{verb}", base, words, identity | dict(fields))
        return cast(type[Event], made)

    def _model(self, name: str, base: type[BaseModel], words: str, fields: Mapping[str, Any]) -> Any:
        module = self.thing.__module__
        made: Any = create_model(name, __base__=base, __module__=module, __doc__=words, **fields)
        made.noun, made.home = self.thing.noun, self.thing.home
        if self.subject:
            made.subject = self.subject
        return made

    # How it is decided and applied

    def meant(self, aggregate: Aggregate, command: Command) -> Thing:
        """The thing as the command corrects or withdraws it.  Raises a `Refusal` where there is none."""
        return aggregate.the(self.thing, command.subject())

    def decide(self, aggregate: Aggregate, command: Command, today: date) -> Decision[Event]:
        """What follows from a correction or a withdrawal.  Raises a `Refusal`."""
        thing = self.meant(aggregate, command)
        which = {name: getattr(command, name) for name in self.identity if name in command.model_fields_set}
        if isinstance(command, Withdrawal):
            check_not_named(aggregate, thing)
            return Decision((self.withdrawn(**which),))
        new = self._news(command, thing, which)
        if not new:
            return Decision()
        after = thing.but(new)
        self._check_kind(command, after)
        self.check(aggregate, thing, after)
        former = {name: getattr(thing, name) for name in new}
        event = self.corrected.model_validate({**which, **new, "former": former})
        return Decision((event,), tuple(self.cautions(thing, after, today)))

    def _news(self, command: Command, thing: Thing, which: Mapping[str, Any]) -> dict[str, Any]:
        """What the command says that is not so, as the record has it.  Raises `NothingToCorrect`."""
        said = {name: _plain(getattr(command, name)) for name in self._fields if name in command.model_fields_set}
        for names in self.later.values():
            unsaid = next((name for name in names if name in said), None)
            if unsaid and all(getattr(thing, name) == thing.defaults[name] for name in names):
                raise NothingToCorrect(f"/{unsaid}", field=unsaid, kind=thing.noun, id=thing.id)
        recorded = self.corrected.model_validate({**which, **said, "former": {}})
        new = {name: getattr(recorded, name) for name in said}
        return {name: value for name, value in new.items() if value != getattr(thing, name)}

    def _check_kind(self, command: Command, after: Thing) -> None:
        """What belongs to things of one kind must not be left in a thing that becomes one of another kind."""
        kind = getattr(after, "kind", None)
        for name, marker in marked(type(command), Belongs):
            if kind not in marker.kinds and getattr(after, name) != after.defaults[name]:
                why = f"belongs to {' and '.join(marker.kinds)} only, and this would be of kind {kind}: correct both"
                raise Misplaced("/kind", field=name, why=why)

    def apply(self, draft: Draft, event: Event) -> None:
        """Put a correction or a withdrawal into a draft; of a thing whose entry was struck, there is nothing to do."""
        id = event.subject()
        if isinstance(event, Withdrawn):
            draft.spent_ids.add((event.noun, id))
            if draft.has(self.thing, id):
                draft.remove(self.thing, id)
        elif draft.has(self.thing, id):
            new = [name for name in event.model_fields_set if name not in (*self.identity, "former")]
            draft.to_write(self.thing, id)[id].update({name: getattr(event, name) for name in new})
            if follows := self.follows(draft.the(self.thing, id)):
                draft.set(self.thing, id, **follows)


def check_not_named(aggregate: Aggregate, thing: Thing) -> None:
    """Raises `StillNamed` with the list of what names a thing."""
    others = (other for things in aggregate.kinds().values() for other in things.values() if other is not thing)
    names = [f"{other.noun} “{other.id}”" for other in others if (thing.noun, thing.id) in links_of(other)]
    if names:
        raise StillNamed("/id", kind=thing.noun, id=thing.id, by=", ".join(names))


def links_of(thing: Thing) -> set[tuple[str, str]]:
    """Kind and id of everything a thing names."""
    return {(kind, id) for kind, id, _ in references(thing)}


# Fields


def _annotation(said: FieldInfo) -> Any:
    """The type of a field as it was annotated, its markers and constraints included."""
    return Annotated[(said.annotation, *said.metadata)] if said.metadata else said.annotation


def _takes_null(said: FieldInfo) -> bool:
    return NoneType in get_args(said.annotation)


def _is_list(said: FieldInfo) -> bool:
    return get_origin(said.annotation) is tuple


def _which(said: FieldInfo) -> tuple[Any, Any]:
    """A field that says which thing is meant, and must be there unless the thing has a default for it."""
    # An id that may be made up, where a thing is new, may not be here.
    annotation = get_args(said.annotation)[0] if _takes_null(said) else _annotation(said)
    return annotation, ... if said.default is None or said.is_required() else said.default


def _may_be_said(said: FieldInfo) -> tuple[Any, Any]:
    """A field of a correction: left out, it stays as it is; a null empties what may be empty."""
    if _is_list(said):
        return _annotation(said), ()
    return (_annotation(said) if _takes_null(said) else Annotated[(_annotation(said) | None, NeverEmptied())]), None


def _may_be_there(said: FieldInfo) -> tuple[Any, Any]:
    """A field of an event that is there only where it was corrected."""
    if _is_list(said):
        return _annotation(said), ()
    return (_annotation(said) if _takes_null(said) else _annotation(said) | None), None


def _plain(value: Any) -> Any:
    """What a command holds, without the types of commands."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
