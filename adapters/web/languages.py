"""The languages of the pages: which one a reader gets, and how words, days, numbers and amounts are written in it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Literal, get_args

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol, get_group_symbol
from babel.support import NullTranslations, Translations
from pydantic import BaseModel
from starlette.requests import Request

from adapters.rendering.words import KNOWN, NOTHING, SCALES, SHARES, WORDED, in_words, spaced
from adapters.web.filled_in import Sentences
from domain.account_plan import ACCOUNT_PLAN
from domain.language import Refusal, as_told
from domain.program import PROGRAM
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.time_zones import time_zone

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "plantrail_language"


def language_of(request: Request) -> Language:
    """Return the language that the reader chose, else the supported language that their browser prefers, else
    English.
    """
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    liked = sorted(_liked(request.headers.get("accept-language", "")), key=lambda each: -each[0])
    return liked[0][1] if liked else "en"


def _liked(accepted: str) -> Iterator[tuple[float, Language]]:
    """Yield the supported languages in an `Accept-Language` header, each with its quality (RFC 9110)."""
    for named in accepted.split(","):
        tag, _, weight = named.partition(";")
        code, worth = tag.strip().lower().partition("-")[0], weight.strip().removeprefix("q=") or "1"
        for language in LANGUAGES:
            if code == language and worth.replace(".", "", 1).isdecimal() and float(worth) > 0:
                yield float(worth), language


DAY: Mapping[Language, str] = {"en": "d MMM y", "de": "d. MMM y"}
"""The format of a day, in the pattern letters of Unicode."""


@cache
def catalogue(language: Language) -> Catalog:
    """Return the translations of messages: `catalogue/de.po`, read when first needed."""
    if language == "en":
        return Catalog(language)
    text = files("adapters.web").joinpath("catalogue", f"{language}.po").read_bytes()
    return read_po(BytesIO(text), locale=language)


@cache
def translations(language: Language) -> NullTranslations:
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def sentences(language: Language) -> Sentences:
    return Sentences.of(catalogue(language))


@lru_cache(maxsize=4_096)
def _day(day: date, language: Language) -> str:
    return format_date(day, DAY[language], Locale(language))


@cache
def chosen_among() -> Mapping[str, frozenset[str]]:
    """Return our own words that may be the value of a field, of any thing or command."""
    found = defaultdict[str, set[str]](set)
    for of in (ACCOUNT_PLAN, PROGRAM):
        for model in (*of.things.values(), *of.commands.values()):
            for name, words in _choices(model, set()):
                found[name].update(words)
    return {name: frozenset(words) for name, words in found.items()}


def _choices(model: type[BaseModel], seen: set[type]) -> Iterator[tuple[str, Iterable[str]]]:
    seen.add(model)
    for name, field in model.model_fields.items():
        yield name, _literals(field.annotation)
        for part in _models(field.annotation):
            if part not in seen:
                yield from _choices(part, seen)


def _literals(annotation: Any) -> Iterator[str]:
    for each in get_args(annotation):
        yield from (each,) if isinstance(each, str) else _literals(each)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _models(each)


@cache
def words_of(field: str) -> frozenset[str]:
    return chosen_among().get(field, frozenset())


WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
"""The stored form of one of our words. Some fields with these names contain sentences."""

NAMED, NOBODYS = {"incumbent", "entrenched_in"}, {"us", "status_quo", "unknown"}
"""Fields with ids of competitors and units, and their special values that are not ids."""


@cache
def is_prose(field: str) -> bool:
    """Return whether a field contains only text of users."""
    return field not in WORDED and field not in NAMED and not words_of(field)


QUOTED, DAY_IN_TEXT = (
    re.compile("(“[^“”]*”)"),
    re.compile(r"\b(?:([0-9]{4}-[01][0-9]-[0-3][0-9])|([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}))\b"),
)
"""A quotation of what somebody wrote; a day in the formats of findings and of reports."""

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

OF_POLICY = re.compile(r"`policy\.([a-z_]+)`")
MONEY = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?(?= [A-Z]{3}\b)")
"""An amount of many thousands in a sentence, as reports write it."""
FIGURE = re.compile(r"[+−-]?[0-9]{1,3}(?:,[0-9]{3})*(?:\.[0-9]+)?(?:k|m| %| [A-Z]{3})?")
"""A number that stands alone."""

FIELD = re.compile(r"`(?:[a-z_]+\.)*([a-z_]+)`")
"""A field, a measure or a number of the policy, as the domain names it in a sentence."""

QUOTES: Mapping[Language, str] = {"en": "“{}”", "de": "„{}“"}

WORDS_OF_OURS = frozenset({"kind", "aggregate", "ending", "tier", "phase", "field"})
"""The values in refusals that are words of ours."""


@lru_cache(maxsize=4_096)
def _word(value: str | int, field: str, language: Language) -> str:
    """Return a value that is one of our words, or a grade that has a name."""
    return translations(language).ugettext(in_words(value, field).replace("_", " "))


@lru_cache(maxsize=4_096)
def _number(number: Decimal | float, language: Language) -> str:
    return format_decimal(number, locale=Locale(language))


@lru_cache(maxsize=4_096)
def _amount(amount: Decimal, currency: str, language: Language) -> str:
    return format_currency(amount, currency, "#,##0.## ¤¤", Locale(language), currency_digits=False)


class Speech:
    """Writes for a reader: in their language, with days in the time zone of the plan."""

    def __init__(self, language: Language, timezone: str = "UTC") -> None:
        self.language = language
        self.locale = Locale(language)
        self.timezone = time_zone(timezone)
        self._translations = translations(language)
        self._sentences = sentences(language)

    def __call__(self, message: str, **filled: object) -> str:
        said = self._translations.ugettext(message) if message else ""  # which is what a catalogue says of itself
        return said.format(**filled) if filled else said

    def about(self, message: str, policy: Policy = DEFAULT_POLICY) -> str:
        """Return a sentence of the domain, with the numbers of the policy in it, and with fields under their names on
        the page."""
        said = OF_POLICY.sub(lambda named: str(getattr(policy, named[1])), self(message))
        return FIELD.sub(self._field, said).replace("`", "")

    def _field(self, named: re.Match[str]) -> str:
        return QUOTES[self.language].format(self(spaced(named[1])))

    def counted(self, one: str, many: str, number: Decimal | float) -> str:
        """Return “1 play” or “3 plays”. Both messages contain the place `{number}`."""
        return self._translations.ungettext(one, many, 1 if number == 1 else 2).format(number=self.number(number))

    def told(self, text: str) -> str:
        """Return a sentence of a finding or report in the reader's language, with days in their format, after a sign if
        there is one."""
        sign, _, words = text.partition(" ")
        if words and len(sign) == 1 and not sign.isalnum():
            return f"{sign} {self.told(words)}"
        said = self._sentences.told(text) if self.language != "en" else text
        if said != text:
            said = MONEY.sub(lambda found: self._separated(found[0]), said)
        return "".join(map(self._as_written_here, QUOTED.split(said)))

    def quoted(self, words: str) -> str:
        return QUOTES[self.language].format(words)

    def figure_told(self, text: str) -> str:
        """Return a day or a number in a report's format in the reader's format; any other text is unchanged."""
        if FIGURE.fullmatch(text):
            return self._separated(text)
        return DAY_IN_TEXT.sub(self._day_in_text, text) if DAY_IN_TEXT.fullmatch(text) else text

    def _separated(self, number: str) -> str:
        """Return a number with the separators of the language."""
        signs = {",": get_group_symbol(self.locale), ".": get_decimal_symbol(self.locale)}
        return re.sub("[,.]", lambda sign: signs[sign[0]], number)

    def _as_written_here(self, part: str) -> str:
        """Return a quotation in the quotation marks of the language; in any other text, translate the days."""
        if part.startswith("“"):
            return QUOTES[self.language].format(part[1:-1])
        return DAY_IN_TEXT.sub(self._day_in_text, part)

    def _day_in_text(self, found: re.Match[str]) -> str:
        iso, day, month, year = found.groups()
        try:
            return self.day(date.fromisoformat(iso) if iso else date(int(year), MONTHS.index(month) + 1, int(day)))
        except ValueError:  # It only looks like a day.
            return found[0]

    def refusal(self, refusal: Refusal) -> str:
        """Return why an aggregate refuses a command: the sentence of the refusal's type, with its values."""
        said = {name: self(str(value)) if name in WORDS_OF_OURS else value for name, value in refusal.said.items()}
        return self(refusal.sentence).format(**{name: as_told(name, value) for name, value in said.items()})

    def value(self, value: Any, field: str) -> str:
        """Return a value of a thing in words. Text of users stays unchanged."""
        match value:
            case str() if is_prose(field):
                return value
            case None | () | []:
                return NOTHING
            case bool():
                return self("yes") if value else self("no")
            case int() if field in SCALES:
                return _word(value, field, self.language)
            case Decimal() if field in SHARES:
                return self.share(value)
            case int() | Decimal():
                return self.number(value)
            case datetime():
                return self.instant(value)
            case date():
                return self.day(value)
            case tuple() | list() if all(isinstance(each, str) for each in value):
                return (" · " if any(" " in each for each in value) else ", ").join(
                    self.value(each, field) for each in value
                )
            case tuple() | list():
                return " · ".join(self.value(each, field) for each in value)
            case str() if field in NAMED:
                return self(spaced(value)) if value in NOBODYS else value
            case str() if (field in WORDED or value in words_of(field)) and WORD.fullmatch(value):
                return _word(value, field, self.language)
            case BaseModel():
                return ", ".join(
                    f"{self(spaced(name))} {self.value(each, name)}"
                    for name, each in value
                    if each not in (None, (), {})
                )
            case Mapping() if value:
                return ", ".join(self._entry(name, each, field) for name, each in value.items())
            case _:
                return in_words(value, field)

    def _entry(self, name: str, value: Any, field: str) -> str:
        """Return an entry of a mapping, formatted by the name of its field, or else like the mapping itself."""
        if name in KNOWN or name.endswith("_on"):
            return f"{self(spaced(name))} {self.value(value, name)}"
        return f"{self._sentences.words.get(spaced(name), name)} {self.value(value, field)}"

    def day(self, day: date | None) -> str:
        return _day(day, self.language) if day else "–"

    def month(self, number: int) -> str:
        """The name of a month from 1 to 12."""
        return format_date(date(2000, number, 1), "LLLL", self.locale)

    def month_of(self, day: date) -> str:
        """The month of a day, with its year."""
        return format_date(day, "LLL y", self.locale)

    def instant(self, at: datetime) -> str:
        return format_datetime(at, f"{DAY[self.language]}, HH:mm", self.timezone, self.locale)

    def number(self, number: Decimal | float) -> str:
        return _number(number, self.language)

    def amount(self, amount: Decimal | None, currency: str) -> str:
        if amount is None:
            return "–"
        return _amount(amount, currency, self.language)

    def share(self, share: Decimal | float | None) -> str:
        return "–" if share is None else format_percent(share, "#,##0.#\xa0%", self.locale)

    def points(self, points: int) -> str:
        """Return the change of a share: “▲ 12 points”."""
        sign = "▲" if points > 0 else "▼"
        return f"{sign} {self.counted('{number} point', '{number} points', abs(points))}"

    def how_far(self, day: date, today: date) -> str:
        """Return the distance from today to a day: “in 3 days”, “5 days ago”, “today”."""
        if day == today:
            return self("today")
        return format_timedelta(day - today, granularity="day", add_direction=True, threshold=1.5, locale=self.locale)
