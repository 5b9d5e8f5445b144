"""The languages of the pages: which one a reader gets, and how words, days, numbers and amounts read in it."""

from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO
from typing import Literal, get_args

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import NullTranslations, Translations
from starlette.requests import Request

from domain.time_zones import time_zone

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "plantrail_language"


def language_of(request: Request) -> Language:
    """The language the reader chose, else the first of those their browser names that we speak, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    for language in LANGUAGES:
        if chosen == language:
            return language
    for named in request.headers.get("accept-language", "").split(","):
        code = named.partition(";")[0].strip().lower().partition("-")[0]
        for language in LANGUAGES:
            if code == language:
                return language
    return "en"


@cache
def translations(language: Language) -> NullTranslations:
    """What is written in the templates, in another language: `languages/de.po`, read when first needed."""
    if language == "en":
        return NullTranslations()
    text = files("adapters.web").joinpath("languages_po", f"{language}.po").read_bytes()
    compiled = BytesIO()
    write_mo(compiled, read_po(BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


@lru_cache(maxsize=4_096)
def _day(day: date, language: Language) -> str:
    return format_date(day, "d MMM y", Locale(language))


class Speech:
    """How a page speaks to its reader: in their language, and of days in the time zone of the plan."""

    def __init__(self, language: Language, timezone: str = "UTC") -> None:
        self.language = language
        self.locale = Locale(language)
        self.timezone = time_zone(timezone)
        self._translations = translations(language)

    def __call__(self, message: str, **filled: object) -> str:
        said = self._translations.ugettext(message)
        return said.format(**filled) if filled else said

    def counted(self, one: str, many: str, number: Decimal | float) -> str:
        """“1 play”, “3 plays”: both messages have a place `{number}`."""
        return self._translations.ungettext(one, many, 1 if number == 1 else 2).format(number=self.number(number))

    def day(self, day: date | None) -> str:
        return _day(day, self.language) if day else "–"

    def month(self, number: int) -> str:
        """The name of a month from 1 to 12."""
        return format_date(date(2000, number, 1), "LLLL", self.locale)

    def month_of(self, day: date) -> str:
        """The month of a day, with its year."""
        return format_date(day, "LLL y", self.locale)

    def instant(self, at: datetime) -> str:
        return format_datetime(at, "d MMM y, HH:mm", self.timezone, self.locale)

    def number(self, number: Decimal | float) -> str:
        return format_decimal(number, locale=self.locale)

    def amount(self, amount: Decimal | None, currency: str) -> str:
        if amount is None:
            return "–"
        return format_currency(amount, currency, "#,##0.## ¤¤", self.locale, currency_digits=False)

    def share(self, share: Decimal | float | None) -> str:
        return "–" if share is None else format_percent(share, "#,##0.#\xa0%", self.locale)

    def points(self, points: int) -> str:
        """A change of a share: “▲ 12 points”."""
        sign = "▲" if points > 0 else "▼"
        return f"{sign} {self.counted('{number} point', '{number} points', abs(points))}"

    def how_far(self, day: date, today: date) -> str:
        """From today to a day: “in 3 days”, “5 days ago”, “today”."""
        if day == today:
            return self("today")
        return format_timedelta(day - today, granularity="day", add_direction=True, threshold=1.5, locale=self.locale)
