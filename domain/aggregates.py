"""Describes an aggregate by its topics: `decide` turns a command into events, `fold` turns events into state. Both are
pure.

An aggregate type is a value. Code that handles, stores or shows aggregates is given one and knows none by name.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar, get_args
from uuid import UUID

from domain.cautions import about_the_merged, cautions
from domain.corrections import Mistakes
from domain.language import Command, Decision, Event, Refusal
from domain.rules import as_meant, check_days, check_kind, check_references, check_words, find_subject
from domain.things import Aggregate, Draft, Entry, Thing, day_of

A = TypeVar("A", bound=Aggregate)
C_co = TypeVar("C_co", bound=Command, covariant=True)
E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True)
class Topic(Generic[A, C_co, E_co]):
    """Commands, events and things that belong together, and their rules. Each topic has a module, which ends with it.

    `commands` and `events` are what `decide` and `apply` take: unions, or a class where there is one only.
    """

    commands: Any
    events: Any
    things: Sequence[type[Thing]]
    decide: Callable[[A, C_co, date], Decision[E_co]]
    """Returns the events that follow from a command on a day. `domain.rules` has checked the command before."""
    apply: Callable[[Draft, E_co], None]
    """Applies an event to a draft."""
    mistakes: Sequence[Mistakes] = ()
    """How mistakes about its things are corrected. Adds commands and events beside those of `decide` and `apply`."""

    def command_types(self) -> tuple[type[Command], ...]:
        return tuple(self.deciding())

    def event_types(self) -> tuple[type[Event], ...]:
        return tuple(self.applying())

    def deciding(self) -> dict[type[Command], Callable[[A, Any, date], Decision[Event]]]:
        """Return the function that decides each command of the topic."""
        own: tuple[type[Command], ...] = get_args(self.commands) or (self.commands,)
        decide: Callable[[A, Any, date], Decision[Event]] = self.decide
        mended = {command: each.decide for each in self.mistakes for command in each.commands}
        return {**dict.fromkeys(own, decide), **mended}

    def applying(self) -> dict[type[Event], Callable[[Draft, Any], None]]:
        """Return the function that applies each event of the topic."""
        own: tuple[type[Event], ...] = get_args(self.events) or (self.events,)
        apply: Callable[[Draft, Any], None] = self.apply
        mended = {event: each.apply for each in self.mistakes for event in each.events}
        return {**dict.fromkeys(own, apply), **mended}


class Card(Protocol):
    """What every aggregate states from its opening on."""

    @property
    def timezone(self) -> str:
        """The IANA name of the time zone in which its days are counted."""

    @property
    def opened_on(self) -> date: ...

    @property
    def archived(self) -> bool:
        """Whether it accepts only commands with `on_archived`."""


@dataclass(frozen=True)
class Opening(Generic[E_co]):
    """How an aggregate is opened. The callables take the command that opens it."""

    command: type[Command]
    decide: Callable[[Any, datetime], Decision[E_co]]
    id_of: Callable[[Any], UUID]
    """Returns its id, derived from the command, so that its first version can be recorded only once."""
    again: Callable[[Any], Refusal]
    """Why it cannot be opened a second time."""


@dataclass(frozen=True)
class AggregateType(Generic[A]):
    """Everything needed to decide the commands of an aggregate, fold its events and tell who owns it."""

    state: type[A]
    topics: tuple[Topic[A, Command, Event], ...]
    opening: Opening[Event]
    card: Callable[[A], Card]
    not_open: type[Refusal]
    """The refusal for an aggregate that was never opened."""
    read_only: Callable[[A], Refusal]
    """Returns the refusal for an archived aggregate."""
    is_at_work_on: Callable[[A, str, date], bool] = lambda *_: False
    """Whether a person of ours works on it on a day, and may therefore see it."""
    sections: tuple[str, ...] = ()
    """Its sections, in the order in which they are shown."""
    is_shared: bool = False
    """Whether it belongs to the whole company: it has no owner, and a right alone decides who may see it."""
    consequences: Mapping[type[Event], Callable[[Draft, Any], None]] = field(default_factory=dict)
    """What an event of one topic changes in things of other topics, after its own topic has applied it."""

    @property
    def noun(self) -> str:
        return self.state.noun

    # From its topics

    @cached_property
    def commands(self) -> Mapping[str, type[Command]]:
        """The commands by their public names, such as `plan-play`."""
        return {command.called(): command for topic in self.topics for command in topic.command_types()}

    @cached_property
    def events(self) -> Mapping[str, type[Event]]:
        """The events by the names under which they are stored."""
        return {event.__name__: event for topic in self.topics for event in topic.event_types()}

    @cached_property
    def things(self) -> Mapping[str, type[Thing]]:
        """The kinds of things by their nouns."""
        return {thing.noun: thing for topic in self.topics for thing in topic.things}

    @cached_property
    def empty(self) -> A:
        """The aggregate before it is opened."""
        return self.state()

    def forgotten(self, who: str) -> Event:
        """The type of event that forgets a stakeholder. Raises `LookupError` if nobody can be forgotten in it."""
        for event in self.events.values():
            if event.forgets is not Event.forgets:
                return event.model_validate({"id": who})
        raise LookupError(f"a {self.noun} has no words about people")

    # Deciding

    @cached_property
    def _decide(self) -> Mapping[type[Command], Callable[[A, Any, date], Decision[Event]]]:
        return {command: decide for topic in self.topics for command, decide in topic.deciding().items()}

    def decide(self, aggregate: A, command: Command, at: datetime) -> Decision[Event]:
        """Return the events that follow from a command at an instant. An id that the caller left out has been generated
        before. Raises `Refusal`."""
        opens = isinstance(command, self.opening.command)
        if aggregate.version == 0:
            if opens:
                return self.opening.decide(command, at)
            raise self.not_open
        card = self.card(aggregate)
        if card.archived and not command.on_archived and not opens:
            raise self.read_only(aggregate)
        today = day_of(at, card.timezone)
        said, command = command, as_meant(aggregate, command)
        thing = find_subject(aggregate, command)
        check_kind(command, thing)
        check_references(aggregate, command, thing)
        check_days(aggregate, command, today, card.opened_on)
        decision = self._decide[self.opening.command if opens else type(command)](aggregate, command, today)
        check_words(aggregate, command, decision.events)
        warnings = (
            *decision.warnings,
            *about_the_merged(aggregate, said),
            *cautions(aggregate, command, thing, decision.events, today),
        )
        return Decision(decision.events, warnings)

    def today(self, aggregate: A, now: datetime) -> date:
        """Return the current day in the time zone of an aggregate."""
        return day_of(now, self.card(aggregate).timezone)

    # Folding

    @cached_property
    def _apply(self) -> Mapping[type[Event], Callable[[Draft, Any], None]]:
        return {
            event: _in_turn(apply, self.consequences[event]) if event in self.consequences else apply
            for topic in self.topics
            for event, apply in topic.applying().items()
        }

    @cached_property
    def striking(self) -> AbstractSet[type[Event]]:
        """The types of events that may strike an entry; events of other types need not be checked."""
        return frozenset(event for event in self.events.values() if event.strikes is not Event.strikes)

    def fold(self, events: Iterable[Event], onto: A | None = None) -> A:
        """Replay events without checking rules: what was decided once stays true. Struck entries are left out.

        To an existing aggregate, only events that strike nothing out of it can be added: see `strikes`.
        """
        draft = Draft(self.empty if onto is None else onto)
        events = list(events)
        striking = self.striking
        struck = {event.strikes() for event in events if type(event) in striking}
        self.add(draft, events, struck)
        return draft.frozen(self.state)

    def add(self, draft: Draft, events: Sequence[Event], struck: AbstractSet[int | None] = frozenset()) -> None:
        """Apply the next events, except those whose version is struck."""
        apply, entries = self._apply, draft.entries
        for version, event in enumerate(events, draft.version + 1):
            draft.version = version
            if version not in struck:
                apply[type(event)](draft, event)
                strikable = event.strikable
                if strikable:
                    entries[version] = Entry(strikable, event.refreshes())
            elif event.spends_its_id:
                draft.spent_ids.add((event.noun, event.subject()))

    def strikes(self, events: Iterable[Event]) -> bool:
        """Return whether any of these events strikes an entry."""
        return any(type(event) in self.striking for event in events)


def _in_turn(first: Callable[[Draft, Any], None], second: Callable[[Draft, Any], None]) -> Callable[[Draft, Any], None]:
    def both(draft: Draft, event: Event) -> None:
        first(draft, event)
        second(draft, event)

    return both
