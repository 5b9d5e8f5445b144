"""Forms of commands: what they show, and how what was typed becomes a command.

A form is made from the command's model, the glossary and the examples of the API documentation. If the command is about
an existing thing, the form shows the thing's values, and a field that is cleared means that it is now empty.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from adapters.exchange.fields import Kind, kind_of, meaning_of
from adapters.exchange.typed import lines_of, typed_value
from adapters.http.command_documentation import EXAMPLES
from adapters.http.problems import pointer_to
from adapters.rendering.words import spaced
from adapters.web.forms.layouts import LAYOUTS
from adapters.web.languages import Speech, is_prose
from adapters.web.names import id_in_words, name_of
from domain.aggregates import AggregateType
from domain.language import FORGOTTEN, Command
from domain.mistakes import predicate
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.things import Aggregate, Thing

BLANK_ROWS = 3
"""The number of empty rows for adding entries to a list of groups."""

MOST_ROWS = 100


class FormData(Mapping[str, str]):
    """The submitted fields. A name may occur several times."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._pairs = list(pairs)

    def __getitem__(self, name: str) -> str:
        for each, value in self._pairs:
            if each == name:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self._pairs))

    def __len__(self) -> int:
        return len(dict(self._pairs))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(self._pairs)

    def but(self, name: str, value: str) -> "FormData":
        """Return the same fields with one more value, used if there is none with that name."""
        return FormData([*self._pairs, (name, value)])

    def all(self, name: str) -> list[str]:
        return [value for each, value in self._pairs if each == name]


@dataclass(frozen=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass
class FormField:
    """An input of a form."""

    name: str
    """The name in the submitted form; a field of a group is `group-0-field`."""
    label: str
    help: str
    kind: Kind
    required: bool
    value: str = ""
    options: Sequence[Option] = ()
    rows: Sequence[Sequence["FormField"]] = ()
    """For a group: its fields, one row for each entry."""
    errors: list[str] = field(default_factory=list)
    example: str = ""

    @property
    def id(self) -> str:
        return f"field-{self.name}"


@dataclass
class CommandForm:
    """The form of one command."""

    command: str
    title: str
    about: str
    first: Sequence[FormField]
    more: Sequence[FormField]
    shown: str
    """The id of the thing whose values the form shows; empty if there is none."""
    errors: list[tuple[str, str]] = field(default_factory=list)
    """The id of the field, or an empty text, and what is wrong."""

    def fields(self) -> Iterator[FormField]:
        for each in (*self.first, *self.more):
            yield each
            for row in each.rows:
                yield from row


SHOWN = "shown-thing"
"""The field with the id of the thing whose values the form showed. Only values that were shown can be cleared."""


def thing_of(command: type[Command], state: Aggregate, given: Mapping[str, str]) -> Thing | None:
    """Return the existing thing that a command is about; None if there is none."""
    if command.needs == "new":
        return None
    said: dict[str, Any] = {name: given[name] for name in command.model_fields if name in given}
    named = command.model_construct(**said)
    try:
        id = named.subject()
    except AttributeError:  # Several fields identify it, and not all of them are given.
        return None
    return state.named(command.noun, id or command.noun)


Offered = Mapping[str, Sequence[tuple[str, str]]]
"""Choices beside the things of the aggregate, by field: values and their labels."""


def form_of(
    model: type[Command],
    of: AggregateType[Any],
    state: Aggregate,
    people: Sequence[str],
    say: Speech,
    given: FormData | None = None,
    before: Mapping[str, Any] | None = None,
    offered: Offered = MappingProxyType({}),
    policy: Policy = DEFAULT_POLICY,
) -> CommandForm:
    """Return the form as it is opened, or with what was typed before.

    `people` are our people whom the aggregate knows. `before` contains initial values where no thing has any. The
    explanations contain numbers of `policy`.
    """
    name, thing = model.called(), thing_of(model, state, given or {})
    maker = _Maker(model, of, state, people, say, given, thing, before or {}, offered, policy)
    every = {field_name: maker.field(model, field_name, field_name) for field_name in shown_fields(model)}
    chosen = LAYOUTS.get(name, tuple(every))
    return CommandForm(
        command=name,
        title=say(spaced(name)),
        about=say.about(" ".join((model.__doc__ or "").split()), policy),
        first=[every[each] for each in chosen if each in every],
        more=[each for field_name, each in every.items() if field_name not in chosen],
        shown=given[SHOWN] if given and SHOWN in given else thing.id if thing else "",
    )


def shown_fields(model: type[BaseModel]) -> list[str]:
    """Return the fields of the form. The reason comes last, then the people whom the text is about."""
    names = [name for name in model.model_fields if name not in ("reason", "about")]
    return [*names, *(name for name in ("reason", "about") if name in model.model_fields)]


def field_filled(command: type[Command]) -> str:
    """Return the field of a form that takes what is typed after the name of its command: the first for people's words.
    Empty if there is none."""
    for name in LAYOUTS.get(command.called(), tuple(shown_fields(command))):
        kind = kind_of(command, name)
        if kind.input in ("line", "text") and not kind.several and name != "id" and is_prose(name):
            return name
    return ""


class _Maker:
    def __init__(
        self,
        model: type[Command],
        of: AggregateType[Any],
        state: Aggregate,
        people: Sequence[str],
        say: Speech,
        given: FormData | None,
        thing: Thing | None,
        before: Mapping[str, Any],
        offered: Offered,
        policy: Policy,
    ) -> None:
        self._command = model
        self._of = of
        self._state = state
        self._before = before
        self._people = people
        self._say = say
        self._given = given
        self._thing = thing
        self._offered = offered
        self._policy = policy
        self._example = EXAMPLES.get(model.called(), {})

    def field(self, model: type[BaseModel], name: str, sent_as: str, value: Any = None) -> FormField:
        kind, declared = self._kind(model, name), model.model_fields[name]
        current = value if value is not None else self._current(model, name)
        made = FormField(
            name=sent_as,
            label=self._say(spaced(name)),
            help=self._say.about(meaning_of(self._command, model, name), self._policy),
            kind=kind,
            required=declared.is_required(),
            value=self._text(sent_as, current, kind),
            example=self._example_text(name) if model is self._command else "",
        )
        if kind.input == "group":
            made.rows = self._rows(kind, sent_as, current)
        elif kind.input in ("choice", "thing", "yes_or_no"):
            made.options = list(self._options(kind, sent_as, current, self._choices(kind)))
        elif model is self._command and (offered := self._offered.get(name)):
            made.kind = Kind("choice")
            other = [(current, current)] if current and current not in dict(offered) else []
            made.options = list(self._options(made.kind, sent_as, current, [*offered, *other]))
        elif kind.input == "person" and not kind.several:
            made.options = [Option(person, person, False) for person in self._people]
        return made

    def _kind(self, model: type[BaseModel], name: str) -> Kind:
        """Return the input of a field. The thing a command is about is chosen from the existing things."""
        command = self._command
        if (
            model is command
            and name == "id"
            and command.needs not in ("new", "nothing")
            and command.noun in self._of.things
        ):
            return Kind("thing", refers_to=command.noun)
        kind = kind_of(model, name)
        elsewhere = kind.input == "thing" and kind.refers_to not in self._of.things
        return Kind("line", kind.several) if elsewhere else kind

    def _current(self, model: type[BaseModel], name: str) -> Any:
        if model is not self._command or name in ("reason", "about"):
            return None
        current = getattr(self._thing, name, self._before.get(name))
        return None if current == FORGOTTEN else current

    def _example_text(self, name: str) -> str:
        example = self._example.get(name)
        return str(example) if isinstance(example, str | int | float) and not isinstance(example, bool) else ""

    def _text(self, sent_as: str, current: Any, kind: Kind) -> str:
        if self._given is not None and sent_as in self._given:
            return self._given[sent_as]
        if current is None or kind.input == "group":
            return ""
        if kind.input == "pairs":
            return "\n".join(lines_of(current))
        if kind.several:
            return ("\n" if kind.input == "text" else ", ").join(map(str, current))
        if isinstance(current, bool):
            return "true" if current else "false"
        return str(current)

    def _options(self, kind: Kind, sent_as: str, current: Any, choices: Iterable[tuple[str, str]]) -> Iterator[Option]:
        sent = self._given.all(sent_as) if self._given is not None and sent_as in self._given else None
        if sent is None:
            sent = [str(each) for each in current] if kind.several and current else [self._text(sent_as, current, kind)]
        for value, label in choices:
            yield Option(value, label, value in sent)

    def _choices(self, kind: Kind) -> Iterator[tuple[str, str]]:
        match kind.input:
            case "choice":
                yield from ((word, self._say(spaced(word))) for word in kind.choices)
            case "yes_or_no":
                yield from (("true", self._say("yes")), ("false", self._say("no")))
            case "thing":
                things = self._state.all(self._of.things[kind.refers_to]).values()
                for thing in sorted(things, key=lambda each: (each.ending is not None, name_of(each).casefold())):
                    known = thing.known_as
                    label = f"{known} ({thing.id})" if known else id_in_words(thing.noun, thing.id, self._say)
                    yield thing.id, f"{label}: {self._say(thing.ending)}" if thing.ending else label

    def _rows(self, kind: Kind, sent_as: str, current: Any) -> list[list[FormField]]:
        assert kind.model
        groups = list(current or ()) if kind.several else [current] if current else []
        count = max(len(groups) + BLANK_ROWS, self._rows_sent(sent_as)) if kind.several else 1
        return [
            [
                self.field(
                    kind.model,
                    name,
                    f"{sent_as}-{place}-{name}",
                    getattr(groups[place], name) if place < len(groups) else None,
                )
                for name in kind.model.model_fields
            ]
            for place in range(min(count, MOST_ROWS))
        ]

    def _rows_sent(self, sent_as: str) -> int:
        prefix = f"{sent_as}-"
        places = [name[len(prefix) :].partition("-")[0] for name in self._given or () if name.startswith(prefix)]
        return max((int(place) + 1 for place in places if place.isdecimal() and len(place) < 4), default=0)


def pairs_of(model: type[BaseModel], body: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the fields that the form of a command would submit."""
    for name, value in body.items():
        kind, sent_as = kind_of(model, name), f"{prefix}{name}"
        if kind.input == "group" and kind.model:
            for place, group in enumerate(value if kind.several else [value]):
                yield from pairs_of(kind.model, group, f"{sent_as}-{place}-")
        elif kind.several and kind.input in ("choice", "thing"):
            yield from ((sent_as, str(each)) for each in value)
        elif kind.input == "pairs":
            yield sent_as, "\n".join(lines_of(value))
        elif kind.several:
            yield sent_as, ("\n" if kind.input == "text" else ", ").join(map(str, value))
        elif isinstance(value, bool):
            yield sent_as, "true" if value else "false"
        else:
            yield sent_as, "" if value is None else str(value)


# What was typed


def body_of(
    model: type[BaseModel], data: FormData, thing: Thing | None, today: date, prefix: str = ""
) -> dict[str, Any]:
    """Return the body of the command as JSON.

    A blank field is left out, unless the thing has a value there: then that value is cleared.
    """
    body: dict[str, Any] = {}
    for name in model.model_fields:
        sent_as, kind = f"{prefix}{name}", kind_of(model, name)
        had = bool(getattr(thing, name, None)) and getattr(thing, name, None) != FORGOTTEN
        value = _value(kind, sent_as, data, today)
        was_shown = kind.input == "group" or sent_as in data or f"{sent_as}-shown" in data
        if value not in (None, [], {}):
            body[name] = value
        elif had and was_shown:
            body[name] = [] if kind.several else None
    return body


def _value(kind: Kind, sent_as: str, data: FormData, today: date) -> Any:
    if kind.input == "group":
        return _groups(kind, sent_as, data, today)
    if kind.several:
        return _several(kind, data.all(sent_as))
    text = data.get(sent_as, "").strip()
    if not text:
        return None
    return typed_value(kind, text, today)


def _several(kind: Kind, sent: Sequence[str]) -> list[str]:
    if kind.input in ("choice", "thing"):
        return [value for value in sent if value]
    separator = "\n" if kind.input == "text" else ","
    return [word for text in sent for each in text.split(separator) if (word := each.strip())]


def _groups(kind: Kind, sent_as: str, data: FormData, today: date) -> Any:
    assert kind.model
    if not kind.several:
        return body_of(kind.model, data, None, today, f"{sent_as}-0-")
    found = [body_of(kind.model, data, None, today, f"{sent_as}-{place}-") for place in range(MOST_ROWS)]
    return [each for each in found if each]


def command_of(
    form: CommandForm, model: type[Command], data: FormData, state: Aggregate, today: date, say: Speech
) -> Command | None:
    """Return the command that was typed; None if it is malformed: then the form says what is wrong and where."""
    thing = thing_of(model, state, data)
    body = body_of(model, data, thing if thing and thing.id == data.get(SHOWN) else None, today)
    try:
        return model.model_validate_json(to_json(body))
    except ValidationError as error:
        for each in error.errors(include_url=False):
            blame(form, pointer_to(each["loc"]), say.told(predicate(each, model)))
        return None


def blame(form: CommandForm, pointer: str, detail: str) -> None:
    """Show an error at the field to which a pointer leads, else at the top."""
    sent_as = pointer.strip("/").replace("/", "-")
    fields = {each.name: each for each in form.fields()}
    while sent_as and sent_as not in fields:
        sent_as = sent_as.rpartition("-")[0]
    if sent_as:
        fields[sent_as].errors.append(detail)
        form.errors.append((fields[sent_as].id, f"{fields[sent_as].label}: {detail}"))
    else:
        form.errors.append(("", detail))
