"""A second aggregate that belongs to no product: a guest house with its guests and their remarks.

As a program, it is a plantrail whose registry has one more type: it opens the store whose connection strings it reads,
sends commands to a house and to an account plan, and writes the results as JSON.
"""

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal, assert_never
from uuid import UUID, uuid4, uuid5

import domain.registry
from domain.account_plan import ACCOUNT_PLAN
from domain.aggregates import AggregateType, Opening, Topic
from domain.language import (
    FORGOTTEN,
    STAKEHOLDER,
    Command,
    Decision,
    Event,
    Name,
    PastDay,
    Personal,
    Prose,
    Refusal,
    Slug,
    StakeholderId,
    Text,
    said,
)
from domain.things import Aggregate, Draft, Thing, day_of

NAMESPACE = UUID("0b0f4b0e-6b53-4c0d-8a57-5f0a2f6f7a10")


class House(Aggregate):
    """A guest house."""

    noun = "house"


# The sign: opening, time zone


class HouseOpened(Event):
    """A house receives guests from here on."""

    noun: ClassVar[str] = "sign"
    home: ClassVar[str] = "house"

    name: str
    timezone: str
    opened_on: date


class OpenHouse(Command):
    noun: ClassVar[str] = "sign"
    home: ClassVar[str] = "house"
    needs: ClassVar[Any] = "nothing"

    name: Slug
    timezone: str = "UTC"


class HouseNotOpen(Refusal):
    """There is no such house."""


class HouseClosed(Refusal):
    """This house is closed."""


class HouseAlreadyOpen(Refusal):
    """The house “{name}” is open already."""


class Sign(Thing):
    noun: ClassVar[str] = "sign"
    home: ClassVar[str] = "house"

    name: str
    timezone: str
    opened_on: date
    archived: ClassVar[bool] = False


def the_sign(house: House) -> Sign:
    return house.the(Sign, "sign")


def id_of(command: OpenHouse) -> UUID:
    return uuid5(NAMESPACE, command.name)


def open_house(command: OpenHouse, at: datetime) -> Decision[HouseOpened]:
    return Decision(
        (HouseOpened(name=command.name, timezone=command.timezone, opened_on=day_of(at, command.timezone)),)
    )


def already_open(command: OpenHouse) -> HouseAlreadyOpen:
    return HouseAlreadyOpen("/name", name=command.name)


def decide_sign(_house: House, command: OpenHouse, _today: date) -> Decision[HouseOpened]:
    raise already_open(command)


def apply_sign(draft: Draft, event: HouseOpened) -> None:
    draft.create(Sign, event)


# Guests and remarks


class GuestWelcomed(Event):
    """Somebody is staying."""

    noun: ClassVar[str] = STAKEHOLDER
    home: ClassVar[str] = "guests"

    id: str
    name: Personal


class GuestForgotten(Event):
    """A guest's words were made unreadable."""

    noun: ClassVar[str] = STAKEHOLDER
    home: ClassVar[str] = "guests"

    id: str

    def forgets(self) -> str:
        return self.id


class RemarkWritten(Event):
    """A guest wrote something into the book."""

    noun: ClassVar[str] = "remark"
    home: ClassVar[str] = "guests"
    strikable: ClassVar[str | None] = "remark"

    id: str
    guest: StakeholderId
    text: Prose
    written_on: date | None = None


class RemarkStruck(Event):
    """A remark had been written by mistake."""

    noun: ClassVar[str] = "entry"
    home: ClassVar[str] = "guests"

    version: int

    def strikes(self) -> int:
        return self.version


GuestEvents = GuestWelcomed | GuestForgotten | RemarkWritten | RemarkStruck


class GuestCommand(Command):
    noun: ClassVar[str] = STAKEHOLDER
    home: ClassVar[str] = "guests"
    speaks_of_its_people: ClassVar[bool] = True


class WelcomeGuest(GuestCommand):
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    name: Name


class ForgetGuest(GuestCommand):
    needs: ClassVar[Any] = "any"
    right: ClassVar[Literal["erase"]] = "erase"

    id: Slug


class WriteRemark(GuestCommand):
    noun: ClassVar[str] = "remark"
    needs: ClassVar[Any] = "new"

    id: Slug | None = None
    guest: StakeholderId
    text: Text
    written_on: PastDay | None = None


class StrikeRemark(GuestCommand):
    noun: ClassVar[str] = "entry"
    needs: ClassVar[Any] = "nothing"

    version: int


GuestCommands = WelcomeGuest | ForgetGuest | WriteRemark | StrikeRemark


class Guest(Thing):
    noun: ClassVar[str] = STAKEHOLDER
    home: ClassVar[str] = "guests"

    name: Personal
    forgotten: bool = False

    @property
    def ending(self) -> str | None:
        return "was forgotten" if self.forgotten else None


class Remark(Thing):
    noun: ClassVar[str] = "remark"
    home: ClassVar[str] = "guests"

    guest: StakeholderId
    text: Prose
    written_on: date | None = None


class NoSuchEntry(Refusal):
    """There is no remark of version {version} that could be struck."""


def decide_guests(house: House, command: GuestCommands, _today: date) -> Decision[GuestEvents]:
    event: GuestEvents
    match command:
        case WelcomeGuest():
            event = GuestWelcomed(**said(command))
        case ForgetGuest(id=id):
            event = GuestForgotten(id=id)
        case WriteRemark():
            event = RemarkWritten(**said(command))
        case StrikeRemark(version=version):
            if version not in house.entries:
                raise NoSuchEntry("/version", version=version)
            event = RemarkStruck(version=version)
        case _:
            assert_never(command)
    return Decision((event,))


def apply_guests(draft: Draft, event: GuestEvents) -> None:
    match event:
        case GuestWelcomed():
            draft.create(Guest, event)
        case GuestForgotten():
            draft.change(Guest, event, forgotten=True, name=FORGOTTEN)
        case RemarkWritten():
            draft.create(Remark, event)
        case RemarkStruck():
            """What it struck is left out of the fold."""
        case _:
            assert_never(event)


HOUSE = AggregateType(
    state=House,
    topics=(
        Topic(OpenHouse, HouseOpened, (Sign,), decide_sign, apply_sign),
        Topic(GuestCommands, GuestEvents, (Guest, Remark), decide_guests, apply_guests),
    ),
    opening=Opening(OpenHouse, open_house, id_of, already_open),
    card=the_sign,
    not_open=HouseNotOpen,
    read_only=lambda _: HouseClosed(),
)


# On a store


def story(where: dict[str, str]) -> Iterator[tuple[str, Any]]:
    """Return what is seen of a house on a real store, beside an account plan on the same log."""
    # These modules look up stored events in the registry when they are imported.
    from adapters.events.cloud_events import type_of
    from adapters.postgres.store import ConnectionStrings, opened
    from adapters.privacy.erasure_list import ErasureList
    from application.aggregates.erasures import Erasure
    from application.aggregates.handle import Aggregates
    from application.aggregates.ports import Commit, ToRecord
    from application.portfolio.query import PortfolioQuery
    from tests.stores import CONTEXT, KEY, MONDAY, log, opened_acme, plans_on

    welcome = [
        OpenHouse(name="inn"),
        WelcomeGuest(id="g1", name="Jane Doe"),
        WelcomeGuest(id="g2", name="Jim Roe"),
        WelcomeGuest(id="g3", name="Joe Poe"),
        WriteRemark(id="r1", guest="g1", text="Slept like a stone"),
        WriteRemark(id="r2", guest="g2", text="Wrong room"),
    ]
    inn = id_of(welcome[0])
    with opened(ConnectionStrings(**where), KEY) as store:
        houses, plans = Aggregates(HOUSE, store.events, lambda: MONDAY, uuid4), opened_acme(plans_on(store))
        outcome = houses.handle(inn, welcome, CONTEXT)
        yield "opened", {"id": outcome.aggregate_id, "version": outcome.version, "opened": outcome.opened}
        houses.handle(inn, [StrikeRemark(version=6)], CONTEXT)
        yield "read", seen(houses.read(inn).state)
        states = b"".join(row.state for row in log(store.where.service))
        yield "in the clear", [words for words in ("Jane Doe", "Jim Roe", "like a stone") if words.encode() in states]
        yield "types", [type_of(row.topic) for row in log(store.where.service) if row.plan_id == inn]

    with opened(ConnectionStrings(**where), KEY) as store:
        houses, plans = Aggregates(HOUSE, store.events, lambda: MONDAY, uuid4), plans_on(store)
        yield "read by another process", seen(houses.read(inn).state)
        yield "as a plan", refusal(plans.read, inn)
        yield "plans", [known.state.noun for known in store.events.histories()]
        store.portfolio.catch_up(lambda: MONDAY)
        yield "portfolio", [item.account_id for item in store.portfolio.query(PortfolioQuery()).items]
        houses.handle(inn, [ForgetGuest(id="g1")], CONTEXT)
        yield "forgotten", seen(houses.read(inn).state)
        yield "about the forgotten", refusal(houses.handle, inn, [WriteRemark(guest="g1", text="Who?")], CONTEXT)
        yield "keys", sorted(store.keys.of(inn))
        yield "certified", [certificate.stakeholder for certificate in store.erasures.certificates(inn)]
        # The process that records this dies before the key is destroyed.
        died = ToRecord(GuestForgotten(id="g2"), MONDAY, "command")
        store.events.append(Commit(inn, houses.read(inn).version, [died], CONTEXT))
        yield "keys left", sorted(store.keys.of(inn))

    with TemporaryDirectory() as folder:
        # What the list names and the log does not was forgotten in a log of which this one is an older copy.
        erasures, added = ErasureList(Path(folder) / "erasures.jsonl", make=True), log(store.where.service)[4]
        erasures.add(Erasure(uuid4(), inn, "g3", added.command_id, f"{inn}:9", MONDAY, "ann", str(uuid4())))
        with opened(ConnectionStrings(**where), KEY, erasures) as store:
            houses = Aggregates(HOUSE, store.events, lambda: MONDAY, uuid4)
            yield "forgotten by all", seen(houses.read(inn).state)
            yield "forgotten again", [erasure.stakeholder for erasure in store.forgotten_again]
            yield "keys in the end", sorted(store.keys.of(inn))


def seen(house: House) -> dict[str, str]:
    """Return guests and remarks by id, in words."""
    guests = {id: guest.name for id, guest in house.all(Guest).items()}
    return guests | {id: remark.text for id, remark in house.all(Remark).items()}


def refusal(ask: Any, *what: Any) -> str | None:
    try:
        ask(*what)
    except Refusal as refused:
        return refused.type
    return None


if __name__ == "__main__":
    domain.registry.REGISTRY = domain.registry.Registry(ACCOUNT_PLAN, HOUSE)
    print(json.dumps(dict(story(json.load(sys.stdin))), default=str))
