"""Decides several commands one after the other before anything is recorded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Generic, NamedTuple
from uuid import UUID

from application.aggregates.loaded import LoadedAggregate, forgotten_in
from application.aggregates.ports import ToRecord
from domain.aggregates import A
from domain.cautions import about_the_finish, finish_told
from domain.language import Caution, Command, Event, bare
from domain.markers import Sealed, marked
from domain.record import Recorded
from domain.rules import named_in, speaks_of
from domain.things import Aggregate


class Done(NamedTuple):
    """The outcome of one command: the id of its thing, which may have been generated, the events with their versions,
    and the warnings."""

    id: str | None
    events: Mapping[int, str]
    warnings: Sequence[Caution]


Outside = Callable[[LoadedAggregate[A], A, Command], Sequence[Caution]]
"""What forbids a command that the aggregate itself would accept, or warns about it, for reasons outside the aggregate.
It is given the aggregate as recorded, and the state on which the command is decided. Raises `Refusal`."""


Meant = Callable[[A, Command], Command]
"""Returns a command with what it names called as its aggregate already calls it. It is given the state on which the
command is decided."""


def nothing_outside(_known: LoadedAggregate[Any], _state: Aggregate, _command: Command) -> Sequence[Caution]:
    """Forbid nothing and warn of nothing."""
    return ()


def as_said(_state: Aggregate, command: Command) -> Command:
    """Return the command as it was given."""
    return command


class PendingAggregate(Generic[A]):
    """An aggregate as it will be once everything decided so far is recorded. Each command is decided on the state after
    the previous ones."""

    def __init__(
        self, known: LoadedAggregate[A], outside: Outside[A] = nothing_outside, as_meant: Meant[A] = as_said
    ) -> None:
        self.known = known
        self._outside = outside
        self._as_meant = as_meant
        self.state = known.state
        self.to_record: list[ToRecord] = []

    def take(self, command: Command, at: datetime, command_id: str) -> Done:
        """Decide a command and apply its events. Raises `Refusal`; then the state is unchanged."""
        command = self._as_meant(self.state, command)
        decision = self.known.type.decide(self.state, command, at)
        outside = self._outside(self.known, self.state, command)
        warnings = (*decision.warnings, *self._about_the_finish(command, at), *outside)
        about, named = speaks_of(self.state, command), named_in(self.state, command)
        first = self.state.version + 1
        self.to_record += [
            ToRecord(event, at, command_id, command.reason, about, self._former_words_spoke_of(event), named)
            for event in decision.events
        ]
        self.state = self._after(decision.events)
        types = {version: type(event).__name__ for version, event in enumerate(decision.events, first)}
        return Done(command.subject(), types, warnings)

    def add(self, event: Event, at: datetime, command_id: str, reason: str | None) -> None:
        """Add an event that follows from a command to another aggregate."""
        self.to_record.append(ToRecord(event, at, command_id, reason))
        self.state = self._after([event])

    @property
    def id(self) -> UUID:
        return self.known.id

    def _about_the_finish(self, command: Command, at: datetime) -> Iterator[Caution]:
        """Yield a warning if something was done before it was recorded as promised."""
        told = finish_told(command)
        if told and told[1] < self.known.type.today(self.state, at):  # it cannot have been promised after today
            recorded = ((each.event, each.meta.recorded_at) for each in self.known.records)
            pending = ((each.event, each.at) for each in self.to_record)
            first = next((at for event, at in chain(recorded, pending) if is_about_the_same(event, command)), None)
            if first:
                yield from about_the_finish(command, self.known.type.today(self.state, first))

    def _after(self, news: Sequence[Event]) -> A:
        type = self.known.type
        if type.strikes(news):
            recorded = (record.event for record in self.known.records)
            return type.fold([*recorded, *(each.event for each in self.to_record)])
        return type.fold(news, self.state)

    def _former_words_spoke_of(self, event: Event) -> tuple[str, ...]:
        about = set(former_words_spoke_of(self.known.records, event))
        if repeats_words(event):
            for each in self.to_record:
                if is_about_the_same(each.event, event):
                    about.update(each.about, each.former_about)
        return tuple(sorted(about))


def former_words_spoke_of(records: Sequence[Recorded], event: Event) -> tuple[str, ...]:
    """Return the stakeholders whom the former text in an event (`former`) is about. That text was sealed, so it must
    not be stored in clear now.

    People who were forgotten are left out: what was sealed for them cannot be read any more, and text about others must
    stay readable.
    """
    if not repeats_words(event):
        return ()
    parts = (part for record in records if is_about_the_same(record.event, event) for part in record.sealed)
    about = {who for part in parts if part.fields != ("reason",) for who in part.about}
    return tuple(sorted(about.difference(forgotten_in(records))))


def repeats_words(event: Event) -> bool:
    return any(field == "former" for field, _ in marked(type(event), Sealed))


def reason_beside(state: Aggregate, command: Command) -> str | None:
    """Return the reason to record with another aggregate. None if it speaks of people of this aggregate, because it can
    be sealed for them only here."""
    return None if speaks_of(state, command) else command.reason


def is_about_the_same(event: Event, other: Event | Command) -> bool:
    return (event.noun, event.subject()) == (other.noun, other.subject())


def with_id(command: Command, make_id: Callable[[], UUID]) -> Command:
    """Return the command, with a generated id if the caller gave none."""
    if command.subject() is None:
        # The id has only digits, because a stakeholder's id may not contain a word of the name.
        values = command.__dict__ | {"id": f"{command.noun[0]}{make_id().int % 10**12:012}"}
        return bare(type(command), values, {*command.model_fields_set, "id"})
    return command
