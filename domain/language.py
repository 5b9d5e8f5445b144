"""What every topic is made of: commands, events, refusals, and the types of their fields.

A command is a wish. It has strict types, which are checked once, on the way in. An event is a fact. It has plain types,
so that a rule tightened later cannot make an old event unreadable. `domain.markers` says what types cannot.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar
from unicodedata import category, normalize

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from domain.calendar import Day
from domain.currencies import CURRENCIES
from domain.markers import (
    PERSONAL,
    PERSONAL_SPEECH,
    SPEECH,
    Checkable,
    Due,
    FreeText,
    Happened,
    NeverEmptied,
    NullIsEmpty,
    Ours,
    Refers,
    check_fields,
    misplaced,
)

MOST_ITEMS = 100
LONGEST_TEXT = 10_000

# Types of events and things

Prose = Annotated[str, SPEECH]
"""Free text. It is sealed if the command names people whom it speaks of."""

PersonalSpeech = Annotated[str, PERSONAL_SPEECH]
"""Words about one of the customer's people in which others may be named: always sealed, for all of them."""

Personal = Annotated[str, PERSONAL]
"""Words about one of the customer's people: always sealed."""

Person = Annotated[str, Ours()]
"""One of our own people, by an opaque id."""

STAKEHOLDER = "stakeholder"
"""The noun, in every aggregate, of people whose words are sealed for them until they are forgotten."""

StakeholderId = Annotated[str, Refers(STAKEHOLDER)]

FORGOTTEN = "[forgotten]"
"""Replaces the words about a person who was forgotten."""

# Types of commands

UNSEEN_AT_ENDS = "\ufeff\u200b\u200c\u200d\u2060\u180e\u00ad"
"""The byte order mark and characters of zero width, which pasting leaves at the ends of a text."""

BLANK_SIGNS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f")
"""Characters that Unicode counts as letters or symbols and that are invisible."""


def _tidy(text: Any) -> Any:
    """Normalise a text: NFC, one kind of line end, no white space or zero width at its ends; blank becomes null."""
    if not isinstance(text, str):
        return text
    tidied = normalize("NFC", text).replace("\r\n", "\n")
    while (stripped := tidied.strip().strip(UNSEEN_AT_ENDS)) != tidied:
        tidied = stripped
    return tidied or None


def _tidy_name(name: Any) -> Any:
    """A name of nothing but white space is null as elsewhere; one of signs that nobody can see is refused."""
    if isinstance(name, str) and name.strip() and not any(map(_is_seen, name)):
        raise ValueError("holds nothing that can be seen: write the name, or leave it out")
    return _tidy(name)


def _is_seen(sign: str) -> bool:
    return category(sign)[0] not in "ZCM" and sign not in BLANK_SIGNS


def _printable(text: str) -> str:
    # What is printable throughout, as nearly all text is, holds no control character.
    if not text.isprintable() and any(category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in text):
        raise ValueError("holds a control character")
    return text


MOST_PLACES = 6


def _plain(amount: Decimal) -> Decimal:
    """Write an amount in one way: 1000 and not 1E+3, without a sign of zero or trailing zeros."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -MOST_PLACES:
        amount = amount.normalize()
    return Decimal(format(amount if amount else amount.copy_abs(), "f"))


EXACT_DIGITS = 15
"""The digits of a number that every reader of JSON keeps."""

DECIMAL = re.compile(r"[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]{1,3})?")


def _as_decimal(figure: Any) -> Any:
    """Read a decimal from a string or from an exact number."""
    if isinstance(figure, str):
        figure = figure.strip()
        if not DECIMAL.fullmatch(figure):
            raise ValueError('must be a decimal such as "1250.50"')
        return Decimal(figure)
    if isinstance(figure, bool) or not isinstance(figure, int | float | Decimal):
        raise ValueError('must be a decimal such as "1250.50"')  # noqa: TRY004 - pydantic hears nothing else
    number = Decimal(str(figure))
    if isinstance(figure, float) and len(number.as_tuple().digits) > EXACT_DIGITS:
        raise ValueError('has more digits than a JSON number keeps exactly: write it as a string, "1250.50"')
    return number


def _as_text(figure: Any) -> Any:
    """Keep a JSON number as it was written, as decimals are."""
    if isinstance(figure, bool) or not isinstance(figure, int | float | Decimal):
        return figure
    number = _as_decimal(figure)
    if not number.is_finite():
        raise ValueError("must be a number that is not infinite, or a text")
    return format(number, "f")


LONGEST_PERSON_ID = 128


def person_id(id: str) -> str:
    """Return the id of one of our own people in the spelling in which it is stored and compared.

    Raises `ValueError` if it is not 1 to 128 printable characters without white space.
    """
    if not 0 < len(id) <= LONGEST_PERSON_ID or not id.isprintable() or " " in id:
        raise ValueError(f"must be 1 to {LONGEST_PERSON_ID} printable characters without white space")
    return same_person(id)


def same_person(id: str) -> str:
    """An id that looks like an e-mail address is the same in any case, and spelt in lower case; others are as they
    are."""
    return id.lower() if "@" in id and re.fullmatch(r"[^@\s]+@[^@\s]+", id) else id


Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=64)]
AccountId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]*$", max_length=128)]
PersonId = Annotated[
    str, StringConstraints(pattern=r"^\S+$", max_length=LONGEST_PERSON_ID), AfterValidator(person_id), Ours()
]
"""One of our own people, by the id from the identity provider."""
Text = Annotated[
    str, BeforeValidator(_tidy), StringConstraints(max_length=LONGEST_TEXT), AfterValidator(_printable), FreeText()
]
Statement = Annotated[Text, Checkable()]
"""What somebody will do or what will be so, such as the title of a play."""
Name = Annotated[
    str, BeforeValidator(_tidy_name), StringConstraints(max_length=200), AfterValidator(_printable), FreeText()
]
Url = Annotated[
    str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2000), AfterValidator(_printable), FreeText()
]
Email = Annotated[
    str,
    BeforeValidator(_tidy),
    StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254),
    AfterValidator(_printable),
]


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("is no currency of ISO 4217, such as EUR")
    return code


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
_DIGITS = Field(max_digits=20, decimal_places=MOST_PLACES)
_EXACT = (AfterValidator(_plain), BeforeValidator(_as_decimal))
Number = Annotated[Decimal, _DIGITS, *_EXACT]
Amount = Annotated[Decimal, _DIGITS, Field(ge=0), *_EXACT]
PositiveAmount = Annotated[Decimal, _DIGITS, Field(gt=0), *_EXACT]
Share = Annotated[Decimal, _DIGITS, Field(ge=0, le=1), *_EXACT]
PromoterScore = Annotated[Decimal, _DIGITS, Field(ge=-100, le=100), *_EXACT]
Figure = Annotated[Name, BeforeValidator(_as_text)]
"""A measured or expected value with no fixed scale: "25", "25 %" or "first order placed"."""
Count = Annotated[int, Field(ge=0, le=2_000_000_000)]
Grade = Annotated[int, Field(ge=1, le=5)]
PastDay = Annotated[Day, Happened()]
LongPastDay = Annotated[Day, Happened(may_be_long_ago=True)]
FinishDay = Annotated[Day, Happened(ends_a_promise=True)]
DueDay = Annotated[Day, Due()]

T = TypeVar("T")
Unless = Annotated[T | None, NeverEmptied()]
"""A field that keeps its value unless the command gives another one, and that is never emptied."""

OptionalText = Annotated[Text | None, BeforeValidator(_tidy)]
OptionalFigure = Annotated[Figure | None, BeforeValidator(_tidy)]
OptionalName = Annotated[Name | None, BeforeValidator(_tidy_name)]
OptionalEmail = Annotated[Email | None, BeforeValidator(_tidy)]
Many = Annotated[tuple[T, ...], Field(max_length=MOST_ITEMS), NullIsEmpty()]
AtLeastOne = Annotated[tuple[T, ...], Field(min_length=1, max_length=MOST_ITEMS)]


# Commands and events


class Terms(BaseModel):
    """Fields that several events and a thing have in common."""

    # Each is built on first use: there are hundreds, and most processes use few.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


_Model = TypeVar("_Model", bound=BaseModel)
_new = object.__new__
_set_values, _set_said = (BaseModel.__dict__[slot].__set__ for slot in ("__dict__", "__pydantic_fields_set__"))
_set_extra, _set_private = (BaseModel.__dict__[slot].__set__ for slot in ("__pydantic_extra__", "__pydantic_private__"))


_nothing_said: set[str] = set()


def bare(model: type[_Model], values: dict[str, Any], said: AbstractSet[str] = _nothing_said) -> _Model:
    """Return a model with exactly these values, without defaults. The caller has checked them."""
    made = _new(model)
    _set_values(made, values)
    _set_said(made, said)
    _set_extra(made, None)
    _set_private(made, None)
    return made


class Event(Terms):
    """A fact: payload only, by plain types.  Only the fields that were said are stored."""

    noun: ClassVar[str]
    """The kind of thing that the event is about."""
    home: ClassVar[str]
    """The section of the aggregate that the event belongs to."""
    strikable: ClassVar[str | None] = None
    """The kind of entry that `strike-entry` names; None if the event cannot be struck."""
    spends_its_id: ClassVar[bool] = False
    """Whether its id is never used again after it is struck, because the id keeps naming it."""

    def subject(self) -> str:
        """Return the id of the thing that the event is about. For a thing of which there is one, it is the noun."""
        return str(getattr(self, "id", self.noun))

    def refreshes(self) -> str:
        """Return the section that the event makes fresh."""
        return self.home

    def strikes(self) -> int | None:
        """Return the version of the entry that this event strikes; nearly always None."""
        return None

    corrects: ClassVar[bool] = False
    """Whether it corrects fields that had been wrong from the beginning."""
    withdraws: ClassVar[bool] = False
    """Whether it withdraws its thing, with everything recorded about it, as a mistake."""

    def takes_back(self, earlier: "Event") -> bool:
        """Return whether this event, by withdrawing a thing, takes back an earlier event."""
        return self.withdraws and (earlier.noun, earlier.subject()) == (self.noun, self.subject())

    def forgets(self) -> str | None:
        """Return the id of the stakeholder whom this event forgets; nearly always None."""
        return None


CommandRight = Literal["command", "tier", "members", "hold", "erase", "exceptions", "program"]
"""The right that a caller needs for a command: to change things, to set the tier of an account, to assign its team, to
place and release legal holds, to forget people, to excuse a plan from rules, or to run the program."""


class Command(BaseModel):
    """A wish, checked for shape; the aggregate decides."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, defer_build=True)

    noun: ClassVar[str]
    home: ClassVar[str]
    needs: ClassVar[Literal["new", "open", "over", "any", "nothing"]] = "open"
    """What must be true of its thing: that it is new, open, over, any of these, or nothing at all."""
    on_archived: ClassVar[bool] = False
    reaches_beyond: ClassVar[bool] = False
    """Whether deciding it reads or changes other things of the same kind."""
    even_withdrawn: ClassVar[bool] = False
    """Whether it may be about a withdrawn thing, which later cuts leave out and earlier ones keep."""
    speaks_of_its_people: ClassVar[bool] = False
    right: ClassVar[CommandRight] = "command"

    reason: OptionalText = Field(None, description="Why. Stands in the history for ever.")
    about: Annotated[
        tuple[StakeholderId, ...] | None,
        Field(max_length=MOST_ITEMS, description="The stakeholders its free text speaks of: it is sealed for them."),
    ] = None

    @model_validator(mode="after")
    def _says_only_what_belongs(self) -> Self:
        check_fields(self, misplaced(self, getattr(self, "kind", None)))
        return self

    def subject(self) -> str | None:
        """Return the id of the thing that the command is about; None until it is generated."""
        subject: str | None = getattr(self, "id", self.noun)
        return subject

    @classmethod
    def called(cls) -> str:
        """Return the public name of the command, such as `plan-play`."""
        return kebab_case(cls.__name__)


GRAMMAR = frozenset({"reason", "about"})
"""The fields that every command has and that are not about the thing."""


def said(command: Command) -> dict[str, Any]:
    """Return the fields that a command sets on a new thing, without empty ones."""
    given = command.model_fields_set
    return {
        name: value
        for name in type(command).model_fields
        if name in given and name not in GRAMMAR and (value := getattr(command, name)) is not None
    }


def changed(command: Command, thing: BaseModel) -> dict[str, Any]:
    """Return the fields that a command changes on a thing. Null empties a field."""
    return {
        name: value
        for name in type(command).model_fields
        if name in command.model_fields_set
        and name not in GRAMMAR
        and (value := getattr(command, name)) != getattr(thing, name, None)
    }


@lru_cache(maxsize=2048)
def kebab_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


# Refusals and cautions


class Refusal(Exception):
    """Why an aggregate refuses a command. The docstring of each kind is the sentence that users read.

    `pointer` names the field of the body it is about (RFC 6901), `type` the rule, stable for programs.
    """

    def __init__(self, pointer: str = "", **said: object) -> None:
        super().__init__(pointer, said)
        self.pointer = pointer
        self.said = said

    @property
    def type(self) -> str:
        return kebab_case(type(self).__name__)

    @property
    def sentence(self) -> str:
        """The sentence with placeholders for its values."""
        return " ".join((self.__doc__ or self.type).split())

    def __str__(self) -> str:
        return self.sentence.format(**{name: as_told(name, value) for name, value in self.said.items()})


TOLD_WHOLE = frozenset(("below", "by", "missing", "what", "why"))
"""The values of refusals that are sentences or lists of ours, which say nothing where they are cut off."""
MOST_TOLD = 2_000


def as_told(name: str, value: object) -> str:
    """A value of a refusal as it stands in the sentence: whatever somebody sent is shortened."""
    return shortened(value, MOST_TOLD) if name in TOLD_WHOLE else shortened(value)


def shortened(value: object, most: int = 80) -> str:
    text = str(value)
    return text if len(text) <= most else text[: most - 1] + "…"


@dataclass(frozen=True)
class Caution:
    """Accepted, but worth a second look: the answer carries it, the record does not."""

    code: str
    pointer: str
    detail: str


# Decisions

E_co = TypeVar("E_co", bound=Event, covariant=True)


@dataclass(frozen=True)
class Decision(Generic[E_co]):
    """What happens next.  Without events, nothing changes."""

    events: tuple[E_co, ...] = ()
    warnings: tuple[Caution, ...] = ()
