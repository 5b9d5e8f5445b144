"""The page of the portfolio: one row per plan. Filters and order are part of the address."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import get_args
from urllib.parse import quote
from uuid import UUID

from adapters.rendering.words import NOTHING, spaced
from adapters.web.addresses import address
from adapters.web.findings.presenter import SIGNS, TONES, counts_in_words
from adapters.web.languages import Speech
from adapters.web.plan.presenter import NEVER_SAID, Value
from adapters.web.portfolio.keep_rates import KeepRate, Rates, keep_rate
from application.portfolio.query import PortfolioPage, PortfolioQuery
from application.portfolio.row import PortfolioItem
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import Tier
from domain.account_plan.reviews import Review
from domain.program.limits import Severity
from domain.things import day_of

FILTERS = ("q", "tier", "owner", "overdue", "stale", "archived", "renews_before")
RENEWS_SOON_DAYS = 92
MOST_NAMED = 3
"""The number of sections that are named in a row."""


@dataclass(frozen=True)
class Heading:
    """The heading of a column, and the address of the same plans in its order."""

    title: str
    address: str | None = None
    order: str | None = None
    """`ascending` or `descending` if the plans are in the order of this column."""
    number: bool = False


@dataclass(frozen=True)
class Row:
    """One plan."""

    address: str
    account_name: str
    account_id: str
    tier: Value
    owner: Value
    arr: Value
    renews_on: Value
    renews_how_far: str
    renews_soon: bool
    open_promises: str
    overdue: int
    overdue_words: str
    loudest: str
    """The number of findings with the highest severity; empty if there are no findings."""
    loudest_tone: str
    loudest_sign: str
    quieter: str
    """The number of the other findings."""
    keep_rate: KeepRate | None
    last_review: Value
    last_review_how_far: str
    next_review: Value
    next_is_late: bool
    """Whether its day is over, and it was not held."""
    stale_words: str
    stale: int


@dataclass(frozen=True)
class PortfolioView:
    """The page, as the template needs it."""

    query: PortfolioQuery
    headings: list[Heading]
    rows: list[Row]
    tiers: list[tuple[str, str, bool]]
    """The value, its word, and whether it is chosen."""
    owners: list[str]
    """Those of the plans on the page."""
    next: str | None
    is_filtered: bool
    blame_address: str


def portfolio_view(
    page: PortfolioPage,
    findings: Mapping[UUID, Mapping[Severity, int]],
    rates: Mapping[UUID, Rates],
    known: Mapping[UUID, LoadedPlan],
    query: PortfolioQuery,
    given: Mapping[str, str],
    now: datetime,
    say: Speech,
) -> PortfolioView:
    return PortfolioView(
        query=query,
        headings=list(headings(query, given, say)),
        rows=[
            row(
                item,
                findings.get(item.plan_id, {}),
                rates.get(item.plan_id, ()),
                known.get(item.plan_id),
                now,
                say,
            )
            for item in page.items
        ],
        tiers=[(tier, say(spaced(tier)), tier in query.tier) for tier in get_args(Tier)],
        owners=sorted({item.owner for item in page.items}),
        next=address("/", given, cursor=page.next) if page.next else None,
        is_filtered=any(given.get(name) for name in FILTERS),
        blame_address=address("/", given, blame=None if "blame" in given else "yes"),
    )


def headings(query: PortfolioQuery, given: Mapping[str, str], say: Speech) -> Iterator[Heading]:
    columns = (
        ("account_name", say("Account"), False),
        ("tier", say("Tier"), False),
        (None, say("Owner"), False),
        ("arr", say("ARR"), True),
        ("renews_on", say("Renews"), False),
        ("open_promises", say("Open promises"), True),
        ("overdue", say("Overdue"), True),
        (None, say("Findings"), False),
        (None, say("Keep rate"), False),
        ("last_review_on", say("Last review"), False),
        (None, say("Sections to refresh"), False),
    )
    for name, title, number in columns:
        if name is None:
            yield Heading(title, number=number)
            continue
        order = {name: "ascending", f"-{name}": "descending"}.get(query.sort)
        turned = f"-{name}" if order == "ascending" else name
        yield Heading(title, address("/", given, sort=turned, cursor=None), order, number)


def few(words: Sequence[str], say: Speech) -> str:
    """Return the first of several words, and how many more there are."""
    rest = len(words) - MOST_NAMED
    told = ", ".join(words[:MOST_NAMED])
    return say("{words} and {number} more", words=told, number=rest) if rest > 0 else told


def next_review(known: LoadedPlan) -> Review | None:
    """Return the first planned review."""
    ahead = [each for each in known.state.open(Review) if each.state == "scheduled" and each.planned_on]
    return min(ahead, key=lambda each: each.planned_on or date.max, default=None)


def held_last(known: LoadedPlan | None, on: date | None) -> str:
    """Return the id of the review that was held on a day; empty if there is none."""
    found = known.state.all(Review).values() if known and on else ()
    return next((each.id for each in found if each.held_on == on), "")


def values(item: PortfolioItem, known: LoadedPlan | None) -> Callable[..., Value]:
    """Return what makes a value of a row: of the thing of which the plan has one, and of one of its fields."""
    path = f"/plans/{quote(item.account_id, safe='')}/values"

    def value(kind: str, field: str, text: str, id: str | None = None) -> Value:
        thing = known.state.named(kind, kind if id is None else id) if known else None
        if thing is None or text == NOTHING:
            return Value(text, "")
        return Value(text, f"{path}/{kind}/{quote(thing.id, safe='')}/{field}")

    return value


def row(
    item: PortfolioItem,
    findings: Mapping[Severity, int],
    rates: Rates,
    known: LoadedPlan | None,
    now: datetime,
    say: Speech,
) -> Row:
    today, value = day_of(now, "UTC"), values(item, known)
    ahead = next_review(known) if known else None
    loudest = next((severity for severity in get_args(Severity) if findings.get(severity)), None)
    return Row(
        address=f"/plans/{item.account_id}",
        account_name=item.account_name,
        account_id=item.account_id,
        tier=value("plan", "tier", say(spaced(item.tier))),
        owner=value("plan", "owner", item.owner),
        arr=value("contract", "arr", say.amount(item.arr, item.currency)),
        renews_on=value("contract", "renews_on", say.day(item.renews_on)),
        renews_how_far=say.how_far(item.renews_on, today) if item.renews_on else "",
        renews_soon=bool(item.renews_on and (item.renews_on - today).days <= RENEWS_SOON_DAYS),
        open_promises=say.number(item.open_promises),
        overdue=item.overdue,
        overdue_words=say.counted("{number} overdue", "{number} overdue", item.overdue),
        loudest=counts_in_words({loudest: findings[loudest]}, say) if loudest else "",
        loudest_tone=TONES[loudest] if loudest else "",
        loudest_sign=SIGNS[loudest] if loudest else "",
        quieter=counts_in_words({each: number for each, number in findings.items() if each != loudest}, say),
        keep_rate=keep_rate(rates, say),
        last_review=value("review", "held_on", say.day(item.last_review_on), held_last(known, item.last_review_on)),
        last_review_how_far=say.how_far(item.last_review_on, today) if item.last_review_on else "",
        next_review=value("review", "planned_on", say("next {day}", day=say.day(ahead.planned_on)), ahead.id)
        if ahead
        else NEVER_SAID,
        next_is_late=bool(ahead and ahead.planned_on and ahead.planned_on < today),
        stale=len(item.stale_sections),
        stale_words=few([say(spaced(section)) for section in item.stale_sections], say),
    )
