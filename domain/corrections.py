"""Mistakes: every field of a thing can be corrected, and a thing that was entered by mistake can be withdrawn.

A topic lists its kinds of things and the commands that set their fields. From these lists, commands and events are
generated for each kind: `correct-play` and `PlayCorrected` with every field that planning and ending a play set,
`withdraw-play` and `PlayWithdrawn`. One mechanism decides and applies them all.
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
    """Accept every combination of values."""


def _nothing_follows(_after: Any) -> Mapping[str, Any]:
    """Derive no further values."""
    return {}


def _nothing_to_warn_of(_before: Any, _after: Any, _today: date) -> Iterable[Caution]:
    """Yield no warning."""
    return ()


@dataclass(frozen=True)
class Mistakes:
    """How mistakes about one kind of thing are corrected."""

    thing: type[Thing]
    made_by: type[Command]
    """The command whose fields can be corrected."""
    later: Mapping[type[BaseModel], tuple[str, ...]] = field(default_factory=dict)
    """Fields that can be corrected as well, once they were said, by what says them: another command, or a model of
    them where the record says otherwise than that command does."""
    identity: tuple[str, ...] = ("id",)
    """The fields that identify the thing. They cannot be corrected."""
    subject: Callable[[Any], str | None] | None = None
    """Returns the id of the thing from these fields, if the id is not one of them: see `Command.subject`."""
    check: Callable[[Any, Any, Any], None] = _nothing_else_to_check
    """Checks what only the topic knows. Takes the aggregate, the thing before and after. Raises `Refusal`."""
    follows: Callable[[Any], Mapping[str, Any]] = _nothing_follows
    """Returns further values of the corrected thing, such as its state."""
    cautions: Callable[[Any, Any, date], Iterable[Caution]] = _nothing_to_warn_of
    """Yields warnings. Takes the thing before and after, and the current day."""
    corrects: bool = True
    """Whether this mechanism corrects the thing, and not the topic itself."""
    withdraws: bool = True

    # Generated commands and events

    @property
    def _noun(self) -> str:
        return self.thing.noun

    @property
    def _name(self) -> str:
        """The name of the kind in commands and events, such as `Play`."""
        return "".join(word.capitalize() for word in self._noun.split("-"))

    @cached_property
    def _fields(self) -> Mapping[str, FieldInfo]:
        """The fields that can be corrected, with the types of commands."""
        left_out = GRAMMAR.union(self.identity)
        fields = {name: said for name, said in self.made_by.model_fields.items() if name not in left_out}
        more = {name: said_by.model_fields[name] for said_by, names in self.later.items() for name in names}
        return fields | more

    @cached_property
    def correction(self) -> type[Correction]:
        """The command that corrects, such as `CorrectPlay`."""
        fields = {name: _may_be_said(said) for name, said in self._fields.items()}
        words = f"Something that was said of {with_article(self._noun)} had been wrong from the beginning; say why."
        return cast(type[Correction], self._command("Correct", Correction, words, fields))

    @cached_property
    def withdrawal(self) -> type[Withdrawal]:
        """The command that withdraws, such as `WithdrawPlay`."""
        was, it = ("were", "them") if self._noun == "priorities" else ("was", "it")
        thing = with_article(self._noun).capitalize()
        words = f"{thing} {was} entered by mistake, and nothing names {it}; say why."
        return cast(type[Withdrawal], self._command("Withdraw", Withdrawal, words, {}))

    @cached_property
    def corrected(self) -> type[Corrected]:
        """The event of a correction, such as `PlayCorrected`."""
        said = {name: self.thing.model_fields[name] for name in self._fields}
        fields: dict[str, Any] = {name: _may_be_there(each) for name, each in said.items()}
        former = create_model(f"{self._name}Former", __base__=Terms, __doc__="What stood there.", **fields)
        fields["former"] = (former, ...)
        thing = with_article(self._noun)
        words = f"What had been said of {thing} was wrong from the beginning, in the fields that are said."
        return cast(type[Corrected], self._event("Corrected", Corrected, words, fields))

    @cached_property
    def withdrawn(self) -> type[Withdrawn]:
        """The event of a withdrawal, such as `PlayWithdrawn`."""
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
        """Return the thing that the command corrects or withdraws. Raises `Refusal` if there is none."""
        return aggregate.the(self.thing, command.subject())

    def decide(self, aggregate: Aggregate, command: Command, today: date) -> Decision[Event]:
        """Return the events that follow from a correction or a withdrawal. Raises `Refusal`."""
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
        """Return the values that the command changes, with the types of events. Raises `NothingToCorrect`."""
        said = {name: _plain(getattr(command, name)) for name in self._fields if name in command.model_fields_set}
        for names in self.later.values():
            unsaid = next((name for name in names if name in said), None)
            if unsaid and all(getattr(thing, name) == thing.defaults[name] for name in names):
                raise NothingToCorrect(f"/{unsaid}", field=unsaid, kind=thing.noun, id=thing.id)
        recorded = self.corrected.model_validate({**which, **said, "former": {}})
        new = {name: getattr(recorded, name) for name in said}
        return {name: value for name, value in new.items() if value != getattr(thing, name)}

    def _check_kind(self, command: Command, after: Thing) -> None:
        """Refuse a change of kind that leaves a value behind which belongs to things of the former kind."""
        kind = getattr(after, "kind", None)
        for name, marker in marked(type(command), Belongs):
            if kind not in marker.kinds and getattr(after, name) != after.defaults[name]:
                why = f"belongs to {' and '.join(marker.kinds)} only, and this would be of kind {kind}: correct both"
                raise Misplaced("/kind", field=name, why=why)

    def apply(self, draft: Draft, event: Event) -> None:
        """Apply a correction or a withdrawal to a draft. If the thing was struck, do nothing."""
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
    """Check that nothing refers to a thing. Raises `StillNamed`, which lists what does."""
    others = (other for things in aggregate.kinds().values() for other in things.values() if other is not thing)
    names = [f"{other.noun} “{other.id}”" for other in others if (thing.noun, thing.id) in links_of(other)]
    if names:
        raise StillNamed("/id", kind=thing.noun, id=thing.id, by=", ".join(names))


def links_of(thing: Thing) -> set[tuple[str, str]]:
    """Return the kind and id of everything that a thing refers to."""
    return {(kind, id) for kind, id, _ in references(thing)}


# Fields


def _annotation(said: FieldInfo) -> Any:
    """Return the annotated type of a field, with its markers and constraints."""
    return Annotated[(said.annotation, *said.metadata)] if said.metadata else said.annotation


def _takes_null(said: FieldInfo) -> bool:
    return NoneType in get_args(said.annotation)


def _is_list(said: FieldInfo) -> bool:
    return get_origin(said.annotation) is tuple


def _which(said: FieldInfo) -> tuple[Any, Any]:
    """Return a field that identifies the thing. It is required unless the thing has a default for it."""
    # An id that is generated for a new thing is required here.
    annotation = get_args(said.annotation)[0] if _takes_null(said) else _annotation(said)
    return annotation, ... if said.default is None or said.is_required() else said.default


def _may_be_said(said: FieldInfo) -> tuple[Any, Any]:
    """Return a field of a correction. Left out, it stays as it is; null empties a field that may be empty."""
    if _is_list(said):
        return _annotation(said), ()
    return (_annotation(said) if _takes_null(said) else Annotated[(_annotation(said) | None, NeverEmptied())]), None


def _may_be_there(said: FieldInfo) -> tuple[Any, Any]:
    """Return a field of an event that is present only if it was corrected."""
    if _is_list(said):
        return _annotation(said), ()
    return (_annotation(said) if _takes_null(said) else _annotation(said) | None), None


def _plain(value: Any) -> Any:
    """Return a value of a command without the types of commands."""
    if isinstance(value, BaseModel):
        return value.model_dump(exclude_none=True)
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value
