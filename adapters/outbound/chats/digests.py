"""Digests as chat messages for people."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from adapters.outbound.chats.message import ChatMessage, Line, Section
from adapters.rendering.words import counted, how_far, spaced
from application.portfolio.digest import AHEAD_DAYS, DUE_DAYS, MOST_PLANS, Digest, DigestItem
from domain.account_plan.health import Contract
from domain.things import day_of


def digest_message(digest: Digest, address: str, timezone: str) -> ChatMessage:
    today = day_of(digest.until, timezone)
    sections = [
        Section(list(_items(digest.overdue, today, address)), "Overdue"),
        Section(list(_items(digest.due, today, address)), f"Due within {DUE_DAYS} days"),
        Section(list(_items(digest.ahead, today, address)), f"Ahead within {AHEAD_DAYS} days"),
        Section(
            [
                _line(each.account_name, each.plan_id, each.sentence or spaced(each.rule), address)
                for each in digest.findings
            ],
            "New findings",
        ),
        Section(list(_news(digest, address)), f"Since {_told(digest.since, timezone)}"),
    ]
    if not digest.is_whole:
        sections.append(Section([Line("Left out", f"plans after the first {MOST_PLANS} by name")]))
    link = f"{address}/me" if digest.person else f"{address}/"
    return ChatMessage(title(digest), sections, link)


def title(digest: Digest) -> str:
    of = f"For {digest.person}" if digest.person else "Plans"
    return f"{of}: {len(digest.overdue)} overdue, {len(digest.due)} due, {len(digest.ahead)} ahead"


def _items(items: Iterable[DigestItem], today: date, address: str) -> Iterator[Line]:
    for each in items:
        called = "contract renews" if each.kind == Contract.noun else f"{each.kind} {each.title or each.id}"
        said = f"{called}, {each.day} ({how_far(each.day, today)}), {', '.join(dict.fromkeys(each.people))}"
        yield _line(each.account_name, each.plan_id, said, address)


def _news(digest: Digest, address: str) -> Iterator[Line]:
    for each in digest.news:
        said = f"{counted(each.events, 'event')}: {', '.join(map(spaced, each.types))}"
        yield _line(each.account_name, each.plan_id, said, address)


def _line(account: str, plan_id: object, said: str, address: str) -> Line:
    return Line(account, said, f"{address}/plans/{plan_id}")


def _told(at: datetime, timezone: str) -> str:
    return day_of(at, timezone).isoformat()
