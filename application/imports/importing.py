"""Imports the rows of one plan. Each row becomes commands, and the plan decides them as if somebody had sent them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as field_of
from datetime import datetime
from functools import partial
from itertools import islice
from time import sleep
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from pydantic_core import to_json

from application.aggregates.access import Caller, CallerNotAllowed
from application.aggregates.handle import Aggregates, CommandRefused
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.pending import Done, with_id
from application.aggregates.ports import CommandContext, StoreUnavailable
from application.imports.kinds import Identities, ImportKind
from application.imports.references import Unresolved, resolved
from application.imports.rows import Row, RowResult, Wrong
from application.portfolio.ports import Portfolio
from application.portfolio.theirs import may_know
from application.views.plan_names import plans_named
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.language import AccountPlan
from domain.account_plan.plan import PlanNotOpen, plan_id_of, the_plan
from domain.language import FORGOTTEN, Caution, Command, Refusal, changed, same_person
from domain.markers import Ours, strings_of
from domain.mistakes import predicate
from domain.refusals import Unknown
from domain.things import day_of

ROWS_AT_ONCE = 100
"""Rows of a plan that are recorded together."""
TRIES = 6
SECONDS_BETWEEN_TRIES = 1.0
MOST_STRANGERS = 100
"""The number of strangers who are told of a table. If there are more, it is the column that is wrong."""
MOST_CURRENCIES = 4
"""The number of currencies that a message names when a currency sign stands for many."""


class SameAsAnotherRow(Refusal):
    """Row {row} has the same {known_by}. Remove one of the two rows, or give this one an id of its own."""


class AnotherAccount(Refusal):
    """The account id differs from “{plan}”, which names the plan: write the same id in both places."""


@dataclass(frozen=True)
class Importer:
    """Imports tables of one kind for one caller, under one correlation id."""

    plans: Aggregates[AccountPlan]
    portfolio: Portfolio
    kind: ImportKind
    identities: Identities
    caller: Caller
    context: CommandContext
    check_library: Callable[[Command], object]
    """Raises `Refusal` where a command names an item that the program's library does not have, or no longer has."""
    dry_run: bool = True
    all_or_nothing: bool = False
    """Whether all rows of a plan are recorded or none."""
    strangers: dict[str, int] = field_of(default_factory=dict)
    """The people of ours whom nobody has named before, each with the first row that names them. That one tells it."""

    def check(self, known: LoadedAggregate[Any], commands: Sequence[Command]) -> None:
        """Raise if the caller may not send these commands to this plan."""
        self.caller.check(known, commands, self.plans.now())

    def rows_of_plan(self, name: str, rows: Iterable[Row]) -> Iterator[RowResult]:
        """Import the rows of a plan and yield the result of each. Raises `StoreUnavailable` if retries do not help."""
        try:
            target = _PlanInImport(self, name)
        except PlanNotOpen:
            wrong = Wrong(None, f"There is no plan “{name}”." if name else "It names no plan.")
            yield from (_failed(row, name, wrong) for row in rows)
            return
        try:
            if self.all_or_nothing:
                yield from target.all_or_none(list(rows))
            else:
                yield from target.one_by_one(iter(rows))
        finally:
            target.leave()


@dataclass
class _Tried:
    """A row and the commands that record it, as they were decided."""

    row: Row
    result: RowResult
    commands: Sequence[Command] = ()
    waits: bool = False
    """Whether it names something that does not exist yet and may come with a later row."""


class _PlanInImport:
    """A plan in the state after the rows so far."""

    def __init__(self, importer: Importer, name: str) -> None:
        """Read the plan. Raises `PlanNotOpen`."""
        self._importer = importer
        self._name = name
        self._known = self._read()
        self._pending = self._importer.plans.pending(self._known)
        self._rows_by_id: dict[str, int] = {}
        self._met: set[str] = set()
        """The people of ours who were looked for in this plan and are no strangers."""

    def _read(self) -> LoadedAggregate[AccountPlan]:
        plans = self._importer.plans
        if self._importer.kind.opens_plans:
            id = plans.meant(plan_id_of(self._name))
            self._was_at_hand = self._is_at_hand(id)
            return plans.refreshed(plans.remembered(id))
        for id in plans_named(self._name):
            self._was_at_hand = self._is_at_hand(id)
            if (meant := plans.meant(id)) != id:
                self._was_at_hand = self._is_at_hand(meant)
            if not may_know(self._importer.caller, meant, plans, self._importer.portfolio):
                continue
            known = plans.refreshed(plans.remembered(meant))
            # A plan that the caller may not see is treated as if it did not exist: nothing in it is revealed to them.
            if known.records and self._importer.caller.sees(known, plans.now()):
                return known
        raise PlanNotOpen

    def _is_at_hand(self, id: UUID) -> bool:
        return self._importer.plans.folded(id, may_read=False).version > 0

    def leave(self) -> None:
        """Remove the plan from the cache, unless it was cached before the import. An import reads thousands of plans,
        which would displace those that people work with."""
        if not self._was_at_hand:
            self._importer.plans.drop(self._known.id)

    # Row by row

    def one_by_one(self, rows: Iterator[Row]) -> Iterator[RowResult]:
        waiting: list[Row] = []
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            yield from self._recorded(chunk, waiting)
        while waiting:
            again, before = waiting, len(waiting)
            waiting = []
            for start in range(0, before, ROWS_AT_ONCE):
                yield from self._recorded(again[start : start + ROWS_AT_ONCE], waiting)
            if len(waiting) == before:
                yield from (self._try(row).result for row in waiting)
                return

    def _recorded(self, rows: Sequence[Row], waiting: list[Row]) -> Iterator[RowResult]:
        tried = [self._try(row) for row in rows]
        waiting += [row for row, each in zip(rows, tried, strict=True) if each.waits]
        yield from self._record([each for each in tried if not each.waits])

    def _record(self, tried: Sequence[_Tried]) -> Iterator[RowResult]:
        commands = [command for each in tried for command in each.commands]
        if self._importer.dry_run or not commands:
            yield from (each.result for each in tried)
            return
        try:
            self._record_all(commands)
        except (Refusal, CommandRefused, CallerNotAllowed):
            # Somebody changed the plan meanwhile, perhaps with the same file. Each row is decided again on its own.
            for each in tried:
                yield self._record_alone(each.row) if each.commands else each.result
            self._begin_anew()
        else:
            yield from (each.result for each in tried)

    def _record_alone(self, row: Row) -> RowResult:
        self._begin_anew()
        tried = self._try(row)
        if not tried.commands:
            return tried.result
        try:
            self._record_all(tried.commands)
        except (Refusal, CommandRefused, CallerNotAllowed) as error:
            return _refused(tried.result, error)
        return tried.result

    def _record_all(self, commands: Sequence[Command]) -> None:
        """Record everything that was decided since the last time, and begin the next from there.

        If somebody changed the plan meanwhile, the plan decides again. Raises `Refusal`, `CommandRefused`,
        `CallerNotAllowed`.
        """
        importer = self._importer
        for tries_left in reversed(range(TRIES)):
            try:
                known = importer.plans.record(self._pending, commands, importer.context)
                if known is None:
                    check = partial(importer.check, commands=commands)
                    importer.plans.handle(self._known.id, commands, importer.context, check=check)
                self._begin_anew(known)
                return
            except StoreUnavailable:
                if not tries_left:
                    raise
                sleep(SECONDS_BETWEEN_TRIES)

    def _begin_anew(self, known: LoadedAggregate[AccountPlan] | None = None) -> None:
        plans = self._importer.plans
        self._known = known or plans.refreshed(plans.remembered(self._known.id))
        self._pending = self._importer.plans.pending(self._known)

    # All or nothing

    def all_or_none(self, rows: Sequence[Row]) -> Iterator[RowResult]:
        for tries_left in reversed(range(TRIES)):
            tried = self._all_decided(rows)
            results = [each.result for each in tried]
            commands = [command for each in tried for command in each.commands]
            if any(each.outcome == "failed" for each in results):
                yield from map(_unprocessed, results)
                return
            try:
                if commands and not self._importer.dry_run:
                    self._record_all(commands)
                yield from results
                return
            except (Refusal, CommandRefused, CallerNotAllowed) as error:
                # Somebody changed the plan meanwhile. All rows are decided again on its current state.
                if not tries_left:
                    yield from (_refused(each, error) for each in results)
            self._begin_anew()
            self._rows_by_id.clear()

    def _all_decided(self, rows: Sequence[Row]) -> list[_Tried]:
        """Decide rows until none waits for another one, and return them in the order in which they were decided
        last.
        """
        tried: dict[int, _Tried] = {}
        left = list(rows)
        while left:
            waiting = []
            for row in left:
                tried.pop(row.number, None)  # Rows that are decided later come later in the result.
                tried[row.number] = self._try(row)
                if tried[row.number].waits:
                    waiting.append(row)
            if len(waiting) == len(left):
                break
            left = waiting
        return list(tried.values())

    # One row

    def _try(self, row: Row) -> _Tried:
        """Decide a row on the state after the previous rows. If it fails, the state is unchanged."""
        if row.wrong:
            return _Tried(row, _failed(row, self._name, *row.wrong))
        state, recorded = self._pending.state, len(self._pending.to_record)
        tried = self._decided(row)
        if tried.result.outcome == "failed":
            self._pending.state = state
            del self._pending.to_record[recorded:]
        return tried

    def _decided(self, row: Row) -> _Tried:
        plans, kind = self._importer.plans, self._importer.kind
        commands, done = list[Command](), list[Done]()
        befores = list[AccountPlan]()
        known_by, differs, id = "", list[str](), None
        for body in row.bodies:
            if others := list(self._in_other_currencies(row, body)):
                return _Tried(row, _failed(row, self._name, *others))
            try:
                body = self._with_days(body)
                body = resolved(self._pending.state, kind, self._importer.identities, self._known.id, body)
                id, known_by, command = self._command(row, body)
                command = with_id(command, plans.make_id)
                there = self._there(command, id)
                if there is not None:
                    differs += there
                    continue
                self._importer.check(self._known, [command])
                self._importer.check_library(command)
                befores.append(self._pending.state)
                done.append(self._pending.take(command, self._now(), command_id=str(plans.make_id())))
                commands.append(command)
            except ValidationError as error:
                return _Tried(row, _failed(row, self._name, *_wrong_fields(row, error, kind.command)))
            except Unresolved as error:
                return _Tried(row, _failed(row, self._name, row.blamed(error.field, str(error))), waits=True)
            except Refusal as refusal:
                wrong = row.blamed(_field_at(refusal.pointer), str(refusal))
                return _Tried(row, _failed(row, self._name, wrong), waits=isinstance(refusal, Unknown))
            except CallerNotAllowed as error:
                return _Tried(row, _failed(row, self._name, Wrong(None, str(error))))
        events = [type for each in done for type in each.events.values()]
        told = [warning for each in done for warning in each.warnings]
        for asked in zip(befores, commands, strict=True):
            told += self._about_strangers(row, *asked)
        warnings = [row.blamed(field, "the plan has something else by now, which stays") for field in differs]
        warnings += (row.blamed(_field_at(each.pointer), each.detail) for each in told)
        outcome: Any = "recorded" if events else "already there"
        result = RowResult(row.number, self._name, outcome, id, known_by, events, warnings, differs)
        return _Tried(row, result, commands if events else ())

    def _about_strangers(self, row: Row, before: AccountPlan, command: Command) -> Iterator[Caution]:
        """Yield a warning for everybody of ours whom nobody has named before, if this is the first row to name them."""
        importer, first = self._importer, self._importer.strangers
        named = {pointer: same_person(who) for pointer, who in strings_of(command, Ours)}
        wanted = {who for who in named.values() if who not in self._met and first.get(who, row.number) == row.number}
        if not wanted or (len(first) >= MOST_STRANGERS and not wanted & first.keys()):
            return
        for caution in importer.plans.about_strangers(before, command, importer.context):
            if (who := named[caution.pointer]) in wanted:
                first[who] = row.number
                yield caution
        self._met |= wanted - first.keys()

    def _with_days(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body with each instant replaced by its day in the plan's time zone, because one instant falls on
        different days in different zones."""
        state = self._pending.state
        zone = the_plan(state).timezone if state.version else "UTC"
        return {
            name: day_of(value, zone).isoformat() if isinstance(value, datetime) else value
            for name, value in body.items()
        }

    def _in_other_currencies(self, row: Row, body: Mapping[str, Any]) -> Iterator[Wrong]:
        """Yield every amount in a currency other than the plan's, because it would be recorded in the plan's
        currency.
        """
        state = self._pending.state
        ours = the_plan(state).currency if state.version else body.get("currency")
        for field, currencies in row.currencies.items():
            if ours not in currencies:
                theirs = " or ".join(sorted(currencies)[:MOST_CURRENCIES])
                yield row.blamed(field, f"is in {theirs}, and the plan counts in {ours}: convert it")

    def _command(self, row: Row, body: dict[str, Any]) -> tuple[str | None, str, Command]:
        """Return the id of a row, what the id was derived from, and the command.

        Raises `ValidationError`, `SameAsAnotherRow`, `AnotherAccount`.
        """
        kind, known_by, id = self._importer.kind, "", body.get("id")
        if kind.makes_things:
            id, known_by = self._importer.identities.of(kind, self._known.id, body)
            if id is not None:
                body = {**body, "id": id}
                first = self._rows_by_id.setdefault(id, row.number)
                if first != row.number:
                    first_field, *_ = known_by.split()
                    raise SameAsAnotherRow(f"/{first_field}", row=first, known_by=known_by)
        command = kind.command.model_validate_json(to_json(body))
        if kind.opens_plans and ACCOUNT_PLAN.opening.id_of(command) != plan_id_of(self._name):
            raise AnotherAccount("/account_id", plan=self._name)
        return id, known_by, command

    def _there(self, command: Command, id: str | None) -> list[str] | None:
        """Return the fields in which an existing thing differs from the row; None if the thing does not exist."""
        state, kind = self._pending.state, self._importer.kind
        if kind.opens_plans:
            if not self._known.records:
                return None
            self._importer.check(self._known, [command])
            thing: Any = the_plan(state)
        elif kind.makes_things and id is not None:
            thing = state.named(command.noun, id)
        else:
            return None
        if thing is None:
            return None
        news = changed(command, thing)
        if kind.opens_plans:
            news.pop("account_id", None)  # another name of the same account
        return [
            name for name, value in news.items() if value not in (None, ()) and getattr(thing, name, None) != FORGOTTEN
        ]

    def _now(self) -> datetime:
        now = self._importer.plans.now()
        return max([now, *(record.meta.recorded_at for record in self._known.records[-1:])])


def _field_at(pointer: str) -> str:
    """Return the field of a row that a JSON pointer points into."""
    return pointer.strip("/").partition("/")[0]


def _failed(row: Row, plan: str, *wrong: Wrong) -> RowResult:
    return RowResult(row.number, plan, "failed", wrong=wrong)


def _unprocessed(result: RowResult) -> RowResult:
    """Return the result of a row that would have been recorded if no other row had failed."""
    return replace(result, outcome="unprocessed", events=()) if result.outcome == "recorded" else result


def _refused(result: RowResult, error: Exception) -> RowResult:
    """Return the result of a row that the plan refused when it was recorded."""
    sentence = str(error.refusal if isinstance(error, CommandRefused) else error)
    return replace(result, outcome="failed", events=(), wrong=(Wrong(None, sentence),))


def _wrong_fields(row: Row, error: ValidationError, model: type[Command]) -> Iterator[Wrong]:
    """Yield the mistakes in the fields of a row. A missing field has no column."""
    for each in error.errors(include_url=False):
        field = str(each["loc"][0]) if each["loc"] else ""
        if each["type"] == "missing":
            yield Wrong(row.cells.get(field, (field, ""))[0], "is empty, and every row needs it")
        else:
            yield row.blamed(field, predicate(each, model))
