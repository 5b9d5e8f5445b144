"""Who set each value that a page shows, said beside it: for every page, whatever it shows.

A page leads from every value to who set it. Where a reader asks for all of them at once, what these links lead to is
said beside each.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

from adapters.rendering.words import spaced
from adapters.web.languages import Speech
from application.aggregates.loaded import LoadedAggregate
from application.views.blame import blame
from application.views.cuts import Cut, known_at
from domain.record import Recorded

VALUE = re.compile(r'<a class="value[^>]*?\shref="([^"?]+)[^"]*"[^>]*>.*?</a>', re.DOTALL)
LEADS_TO = re.compile(r"(?P<path>/.+)/values/(?P<kind>[^/]+)/(?P<id>[^/]+)/(?P<field>[^/]+)|/events/(?P<event>[^/]+)")

Told = Callable[[str], str]
"""Says who set the value to which an address leads; nothing if nobody did."""


def with_origins(page: str, told: Told) -> str:
    """Return a page on which each value that somebody set says who did, when and why."""

    def beside(found: re.Match[str]) -> str:
        words = told(unescape(found[1]))
        return f'{found[0]}<span class="origin">{escape(words)}</span>' if words else found[0]

    return VALUE.sub(beside, page)


def origins(shown: Mapping[str, tuple[LoadedAggregate[Any], Cut]], say: Speech) -> Told:
    """Return who set the values of some aggregates, each at its cut, by the paths of their pages."""

    @cache
    def of(path: str) -> Mapping[tuple[str, str, str], str]:
        if path not in shown:
            return {}
        then = known_at(*shown[path])
        return {
            (each.kind, each.id, each.field): in_words(each.actor, each.recorded_at, each.type, each.reason, say)
            for each in blame(then.state, then.records)
        }

    @cache
    def recorded() -> Mapping[str, Recorded]:
        return {record.id: record for known, cut in shown.values() for record in known.records[: cut.version]}

    def told(address: str) -> str:
        found = LEADS_TO.fullmatch(address)
        if not found:
            return ""
        if found["event"]:
            record = recorded().get(unquote(found["event"]))
            return of_event(record, say) if record else ""
        return of(found["path"]).get((found["kind"], unquote(found["id"]), found["field"]), "")

    return told


def of_event(record: Recorded, say: Speech) -> str:
    meta = record.meta
    return in_words(meta.actor, meta.recorded_at, type(record.event).__name__, meta.reason, say)


def in_words(actor: str, at: Any, type: str, reason: str | None, say: Speech) -> str:
    """Return who set a value, when, and why."""
    sentence = say("{actor}, {at}: {what}", actor=actor, at=say.instant(at), what=say(spaced(type)))
    return f"{sentence} – {reason}" if reason else sentence
