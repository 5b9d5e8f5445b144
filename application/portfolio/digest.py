"""A digest of many plans: what is overdue, what is due, what is planned, and what has changed since the last digest."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from application.aggregates.access import Caller
from application.findings.across import FindingsQuery
from application.findings.ports import AllFindings
from application.portfolio.ports import Portfolio
from application.portfolio.query import MOST_ITEMS, PortfolioQuery
from application.views.dates import PlanDate, dates_of
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.health import Contract
from domain.account_plan.plan import the_plan
from domain.account_plan.promises import PROMISES
from domain.account_plan.reviews import Review
from domain.language import kebab_case
from domain.things import day_of

DUE_DAYS = 7
AHEAD_DAYS = 14
MOST_PLANS = 400
"""The number of plans that a digest or a calendar includes, in the order of names."""
MOST_FINDINGS = 10
MOST_TYPES = 5


class DigestItem(BaseModel):
    """A promise, a review or the renewal of a contract."""

    plan_id: UUID
    account_name: str
    kind: str = Field(description="`play`, `action`, `review` or `contract`.")
    id: str
    title: str | None = Field(description="Null where it has none, or it speaks of people and you may not have that.")
    people: list[str] = Field(description="Those of ours whom it concerns.")
    day: date


class DigestFinding(BaseModel):
    """A finding that opened after the last digest."""

    plan_id: UUID
    account_name: str
    rule: str
    severity: str
    sentence: str | None = Field(description="What is wrong; null where you may have no text about people.")


class PlanNews(BaseModel):
    """The events of a plan since the last digest."""

    plan_id: UUID
    account_name: str
    events: int
    types: list[str] = Field(description=f"The {MOST_TYPES} most frequent kinds of events.")


class Digest(BaseModel):
    person: str | None = Field(description="Whose it is; null: it is of plans.")
    since: datetime
    until: datetime
    overdue: list[DigestItem]
    due: list[DigestItem] = Field(description=f"Promises due within {DUE_DAYS} days.")
    ahead: list[DigestItem] = Field(description=f"Reviews and renewals within {AHEAD_DAYS} days.")
    findings: list[DigestFinding] = Field(description=f"The {MOST_FINDINGS} most severe new ones.")
    news: list[PlanNews]
    is_whole: bool = Field(description=f"False where there are more than {MOST_PLANS} plans: the others are left out.")

    @property
    def is_empty(self) -> bool:
        return not (self.overdue or self.due or self.ahead or self.findings or self.news)


class DigestWanted(NamedTuple):
    """Which digest to make: whose plans it covers, whom it concerns if a person is given, and since when."""

    caller: Caller
    person: str | None
    since: datetime
    timezone: str


class Digests:
    """Makes digests from the current state of plans."""

    def __init__(self, portfolio: Portfolio, read: Callable[[UUID], LoadedPlan], findings: AllFindings) -> None:
        self._portfolio = portfolio
        self._read = read
        self._findings = findings

    def digest(self, wanted: DigestWanted, now: datetime) -> Digest:
        """Return a digest. Raises `StoreUnavailable`."""
        plans, is_whole = plans_seen(self._portfolio, wanted.caller)
        made = Digest(person=wanted.person, since=wanted.since, until=now, overdue=[], due=[], ahead=[],
                      findings=list(self._new_findings(wanted)), news=[], is_whole=is_whole)  # fmt: skip
        for plan_id in plans:
            put_in(made, self._read(plan_id), wanted, now)
        for items in (made.overdue, made.due, made.ahead):
            items.sort(key=lambda each: (each.day, each.account_name, each.kind, each.id))
        return made

    def _new_findings(self, wanted: DigestWanted) -> Iterator[DigestFinding]:
        since = day_of(wanted.since, wanted.timezone)
        said = {"since": since, "excused": False, "owner": wanted.person, "limit": MOST_FINDINGS}
        query = FindingsQuery.model_validate(said)
        for each in self._findings.query(query, wanted.caller).items:
            yield DigestFinding(
                plan_id=each.plan_id,
                account_name=each.account_name,
                rule=each.rule,
                severity=each.severity,
                sentence=each.sentence if wanted.caller.personal_data else None,
            )


def plans_seen(
    portfolio: Portfolio, caller: Caller, most: int = MOST_PLANS, archived_since: datetime | None = None
) -> tuple[list[UUID], bool]:
    """Return the first plans that a caller may see, by name, and whether these are all. With `archived_since` they are
    the archived ones in which something was recorded since then. Raises `StoreUnavailable`."""
    found, cursor = list[UUID](), None
    while len(found) < most:
        said = {"limit": min(MOST_ITEMS, most - len(found)), "cursor": cursor, "archived": archived_since is not None}
        page = portfolio.query(PortfolioQuery.model_validate(said), caller)
        found += [each.plan_id for each in page.items if archived_since is None or each.last_event_at >= archived_since]
        cursor = page.next
        if cursor is None:
            return found, True
    return found, False


def put_in(digest: Digest, known: LoadedPlan, wanted: DigestWanted, now: datetime) -> None:
    """Add the entries of one plan."""
    card, today = the_plan(known.state), ACCOUNT_PLAN.today(known.state, now)
    for each in dates_of(known, wanted.person):
        hides = each.speaks_of_people and not wanted.caller.personal_data
        item = DigestItem(
            plan_id=known.id,
            account_name=card.account_name,
            kind=each.noun,
            id=each.id,
            title=None if hides else each.title or None,
            people=list(each.people),
            day=each.day,
        )
        for place, belongs in _places(digest, known, each, today):
            if belongs:
                place.append(item)
    if wanted.person is None or ACCOUNT_PLAN.is_at_work_on(known.state, wanted.person, today):
        digest.news += _news(known, wanted.since)


def _places(digest: Digest, known: LoadedPlan, each: PlanDate, today: date) -> Iterator[tuple[list[DigestItem], bool]]:
    is_promise, days = each.noun in PROMISES, (each.day - today).days
    if each.cancelled:
        return
    yield digest.overdue, is_promise and days < 0
    yield digest.due, is_promise and 0 <= days <= DUE_DAYS
    review = known.state.find(Review, each.id) if each.noun == Review.noun else None
    is_ahead = each.noun == Contract.noun or (review is not None and review.held_on is None)
    yield digest.ahead, is_ahead and 0 <= days <= AHEAD_DAYS


def _news(known: LoadedPlan, since: datetime) -> Iterator[PlanNews]:
    types: Counter[str] = Counter()
    for record in reversed(known.records):
        if record.meta.recorded_at <= since:
            break
        types[kebab_case(type(record.event).__name__)] += 1
    if types:
        frequent = [name for name, _ in types.most_common(MOST_TYPES)]
        yield PlanNews(
            plan_id=known.id,
            account_name=the_plan(known.state).account_name,
            events=types.total(),
            types=frequent,
        )
