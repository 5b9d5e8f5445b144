"""Topic: health, the current state of the account: its contract, and readings such as NPS and usage."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal, assert_never

from pydantic import Field

from domain.account_plan.language import AccountPlan, Section
from domain.aggregates import Topic
from domain.calendar import Day
from domain.corrections import Mistakes, Withdrawn
from domain.language import (
    Amount,
    Command,
    Count,
    Decision,
    Event,
    Figure,
    Many,
    Name,
    Number,
    OptionalFigure,
    OptionalText,
    PastDay,
    PromoterScore,
    Prose,
    Refusal,
    Share,
    Terms,
    Text,
    changed,
    said,
)
from domain.things import Aggregate, Draft, Thing

TrafficLight = Literal["green", "amber", "red"]
"""The states of health, from the best to the worst."""


class ContractTerms(Terms):
    arr: Decimal
    starts_on: date
    renews_on: date
    products: tuple[Prose, ...]
    terms: Prose | None = None


class SuccessMetric(Terms):
    """What the customer measures their success with us by."""

    name: Prose
    value: Prose
    goal: Prose | None = None


class Readings(Terms):
    """What may be read of an account's health on some day."""

    arr: Decimal | None = None
    nrr: Decimal | None = None
    expansion_arr: Decimal | None = None
    health: TrafficLight | None = None
    score: Decimal | None = None
    adoption: Decimal | None = None
    usage: Decimal | None = None
    engagement: Decimal | None = None
    nps: Decimal | None = None
    csat: Decimal | None = None
    open_tickets: int | None = None
    p1_incidents: int | None = None
    executive_perception: Prose | None = None
    executive_air_cover: bool | None = None
    open_issues: tuple[Prose, ...] = ()
    success_metrics: tuple[SuccessMetric, ...] = ()


# Events


class ContractEvent(Event):
    """About the contract there is with the account."""

    noun: ClassVar[str] = "contract"
    home: ClassVar[Section] = "health"


class ContractSet(ContractEvent, ContractTerms):
    """The contract as it is, whole: it replaces the one before."""


class ContractRenewed(ContractEvent):
    """The contract goes on, on these terms."""

    arr: Decimal
    former: Decimal
    net_retention: Decimal
    starts_on: date
    renews_on: date
    terms: Prose | None = None


class HealthRecorded(Event, Readings):
    """How the account fared with us on a day: whatever was read, and nothing else."""

    noun: ClassVar[str] = "health"
    home: ClassVar[Section] = "health"
    strikable: ClassVar[str | None] = "health"

    as_of_on: date


HealthEvents = ContractSet | ContractRenewed | HealthRecorded


# Commands

Retention = Amount
"""Net retention as a ratio: 1.02 is 102 %."""


class ContractCommand(Command):
    noun: ClassVar[str] = "contract"
    home: ClassVar[Section] = "health"
    needs: ClassVar[Any] = "nothing"


class SetContract(ContractCommand):
    """The contract as it is, whole: one that was set before is replaced."""

    arr: Amount
    starts_on: Day
    renews_on: Day
    products: Many[Name]
    terms: OptionalText = None


class RenewContract(ContractCommand):
    """The contract goes on, on these terms; `net_retention` is what was kept of it (1.02 is 102 %)."""

    arr: Amount
    net_retention: Retention
    starts_on: Day
    renews_on: Day
    terms: OptionalText = None


class MetricRead(SuccessMetric, strict=True):
    """A success metric with the types of commands."""

    name: Name
    value: Figure
    goal: OptionalFigure = None


class RecordHealth(Command):
    """What was read on a day, at least one thing.  What was read on a later day stays what is so now."""

    noun: ClassVar[str] = "health"
    home: ClassVar[Section] = "health"
    needs: ClassVar[Any] = "nothing"

    as_of_on: PastDay
    arr: Amount | None = None
    nrr: Retention | None = None
    expansion_arr: Amount | None = None
    health: TrafficLight | None = None
    score: Number | None = None
    adoption: Share | None = None
    usage: Amount | None = None
    engagement: Amount | None = None
    nps: PromoterScore | None = None
    csat: Number | None = None
    open_tickets: Count | None = None
    p1_incidents: Count | None = None
    executive_perception: OptionalText = None
    executive_air_cover: bool | None = None
    open_issues: Many[Text] = ()
    success_metrics: Many[MetricRead] = ()


HealthCommands = SetContract | RenewContract | RecordHealth


# Refusals


class ContractRenewsBeforeItStarts(Refusal):
    """A contract cannot renew on {renews_on}, before it starts on {starts_on}."""


class NoContract(Refusal):
    """There is no contract yet that could be renewed; set it first."""


class NothingReadThatDay(Refusal):
    """Nothing was read on {day} that could have been a mistake."""


class NothingRead(Refusal):
    """A record of health needs at least one reading beside its day."""


# State and rules


class Contract(ContractTerms, Thing):
    noun: ClassVar[str] = "contract"
    home: ClassVar[Section] = "health"

    net_retention: Decimal | None = None
    """The net retention of the last renewal, until the contract is changed."""


class Health(Readings, Thing):
    """The latest reading of everything."""

    noun: ClassVar[str] = "health"
    home: ClassVar[Section] = "health"

    as_of_on: date | None = None
    """The day of the latest reading."""
    read_on: Mapping[str, date] = {}
    """The day of each reading."""
    readings: Mapping[date, Mapping[str, Any]] = Field(default={}, exclude=True)
    """All readings, by day."""


def decide(plan: AccountPlan, command: HealthCommands, _today: date) -> Decision[HealthEvents]:
    match command:
        case SetContract():
            return Decision(set_contract(plan.find(Contract, "contract"), command))
        case RenewContract():
            return Decision(renew_contract(plan.find(Contract, "contract"), command))
        case RecordHealth():
            return Decision(record_health(plan.find(Health, "health") or Health(id="health"), command))
        case _:
            assert_never(command)


def set_contract(contract: Contract | None, command: SetContract) -> tuple[ContractSet, ...]:
    check_term(command)
    event = ContractSet(**said(command))
    return () if contract and terms_of(contract) == terms_of(event) else (event,)


def renew_contract(contract: Contract | None, command: RenewContract) -> tuple[ContractRenewed, ...]:
    if contract is None:
        raise NoContract
    check_term(command)
    new = changed(command, contract)
    always = {name: getattr(command, name) for name in ("arr", "net_retention", "starts_on", "renews_on")}
    return (ContractRenewed(**always | new, former=contract.arr),) if new else ()


def check_term(term: SetContract | RenewContract | Contract) -> None:
    if term.renews_on < term.starts_on:
        raise ContractRenewsBeforeItStarts("/renews_on", starts_on=term.starts_on, renews_on=term.renews_on)


def terms_of(contract: Contract | ContractSet) -> dict[str, Any]:
    return {name: getattr(contract, name) for name in ContractTerms.model_fields}


def record_health(health: Health, command: RecordHealth) -> tuple[HealthRecorded, ...]:
    readings = readings_of(command)
    if not readings:
        raise NothingRead
    if metrics := command.success_metrics:
        readings["success_metrics"] = tuple(SuccessMetric(**metric.model_dump(exclude_none=True)) for metric in metrics)
    new = {name: value for name, value in readings.items() if not is_known(health, name, value, command.as_of_on)}
    return (HealthRecorded(as_of_on=command.as_of_on, **new),) if new else ()


def is_known(health: Health, name: str, value: Any, day: date) -> bool:
    """Return whether a reading adds nothing. The same value on another day is new, but not one that stays unknown."""
    if value is None and getattr(health, name) is None:
        return True
    read = health.readings.get(day, {})
    return name in read and bool(read[name] == value)


def readings_of(record: RecordHealth | Event) -> dict[str, Any]:
    return {name: getattr(record, name) for name in Readings.model_fields if name in record.model_fields_set}


def apply(draft: Draft, event: HealthEvents) -> None:
    match event:
        case ContractSet():
            draft.create(Contract, event)
        case ContractRenewed():
            draft.change(Contract, event)
        case HealthRecorded():
            _read(draft, event)
        case _:
            assert_never(event)


def _read(draft: Draft, event: HealthRecorded) -> None:
    health = draft.find(Health, "health") or Health(id="health")
    day = event.as_of_on
    draft.put(with_readings(health, day, {**health.readings.get(day, {}), **readings_of(event)}))


def with_readings(health: Health, day: date, read: Mapping[str, Any]) -> Health:
    """Return the health with other readings of a day. Values read on a later day stay."""
    latest = {name: value for name, value in read.items() if health.read_on.get(name, day) <= day}
    known = {
        "as_of_on": max(day, health.as_of_on or day),
        "read_on": {**health.read_on, **dict.fromkeys(latest, day)},
        "readings": {**health.readings, day: read},
    }
    return health.but({**latest, **known})


def without_readings(health: Health, day: date) -> Health | None:
    """Return the health without the readings of a day; None if there are no others."""
    left = {other: read for other, read in health.readings.items() if other != day}
    rest = Health(id=health.id)
    for other, read in left.items():
        rest = with_readings(rest, other, read)
    return rest if left else None


class MistakesOfReadings(Mistakes):
    """Mistakes in the readings of a day. A plan has one health, to which every reading adds."""

    def meant(self, aggregate: Aggregate, command: Command) -> Thing:
        day: date = command.model_dump()["as_of_on"]
        read = aggregate.the(Health, "health").readings.get(day)
        if read is None:
            raise NothingReadThatDay("/as_of_on", day=day)
        return Health.unchecked({**read, "id": "health", "as_of_on": day})

    def apply(self, draft: Draft, event: Event) -> None:
        day: date = event.model_dump()["as_of_on"]
        health = draft.find(Health, "health")
        if health is None or day not in health.readings:
            return
        if isinstance(event, Withdrawn):
            rest = without_readings(health, day)
            draft.put(rest) if rest else draft.remove(Health, "health")
        else:
            draft.put(with_readings(health, day, {**health.readings[day], **readings_of(event)}))


TOPIC = Topic(
    HealthCommands,
    HealthEvents,
    (Contract, Health),
    decide,
    apply,
    mistakes=(
        MistakesOfReadings(Health, RecordHealth, identity=("as_of_on",)),
        Mistakes(
            Contract,
            SetContract,
            identity=(),
            later={RenewContract: ("net_retention",)},
            check=lambda _plan, _before, after: check_term(after),
        ),
    ),
)
