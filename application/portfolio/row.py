"""The row of a plan in the portfolio: its owner, its contract, and its overdue and stale parts.

A row holds a small part of the plan. What is shown is computed from that part by the rules of the whole plan, for a
certain day. What is overdue or stale changes at midnight without any event, so the row says at which midnight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple, Self, get_args
from uuid import UUID

from pydantic import BaseModel

from application.views.freshness import stale_from
from application.views.policy_in_force import policy_in_force
from domain.account_plan.actions import Action
from domain.account_plan.health import Contract
from domain.account_plan.language import AccountPlan, Section
from domain.account_plan.plan import Plan, PlanTerms, Segment, Tier, the_plan
from domain.account_plan.plays import Play
from domain.account_plan.promises import PROMISES, open_promises
from domain.account_plan.reviews import Review, last_held
from domain.account_plan.team import Member, people_at_work
from domain.folding import WITHOUT_SPACES, spellings, words_of
from domain.language import bare, same_person
from domain.program.policy import PolicyAdopted
from domain.record import Recorded
from domain.things import Draft, Kind, Thing, day_of
from domain.time_zones import time_zone

SHAPE = 4
"""The number of the portfolio's shape: what a row keeps and shows, and by which rules. When it is raised, every store
rebuilds its portfolio while it serves (`adapters.postgres.projections`)."""

KEPT: Mapping[type[Thing], frozenset[str]] = {
    Plan: frozenset({"id", *PlanTerms.model_fields, "archived", "former_names"}),
    Contract: frozenset({"id", "arr", "renews_on"}),
    Play: frozenset({"id", "due_on", "state", "state_before"}),
    Action: frozenset({"id", "due_on", "state"}),
    Member: frozenset({"id", "person", "until_on"}),
    Review: frozenset({"id", "state", "held_on", "held_in"}),
}
"""For each kind of thing in a row, the fields that are kept; none contains text about people. A rule that needs another
field of such a thing raises an `AttributeError`, so that no answer is based on a missing field."""


class PortfolioItem(BaseModel):
    """A plan in the portfolio."""

    plan_id: UUID
    account_id: str
    account_name: str
    tier: Tier
    owner: str
    segment: Segment | None
    territory: str | None
    currency: str
    archived: bool
    arr: Decimal | None
    """The ARR of the contract, in the plan's currency."""
    renews_on: date | None
    open_promises: int
    """The number of open plays and actions."""
    overdue: int
    """The number of open promises that are overdue today, in the plan's time zone."""
    last_review_on: date | None
    last_review_id: str | None
    stale_sections: list[Section]
    version: int
    position: int
    opened_on: date
    last_event_at: datetime


_UNSAID = {kind: {name: kind.defaults[name] for name in names} for kind, names in KEPT.items()}


class KeptPlan(AccountPlan):
    """The part of a plan that a row holds: things of the kinds in `KEPT`, with those fields only."""

    @classmethod
    def of(cls, draft: Draft) -> Self:
        """Return what is kept of a draft: open promises, scheduled reviews and the last held one, with the fields in
        `KEPT`. The draft must not be used afterwards."""
        values, version, *_ = draft.parts()
        for kind, fields in KEPT.items():
            for id in draft.touched(kind):
                said = values[kind].get(id)
                if said is None:
                    continue
                if kind.noun in PROMISES and not bare(kind, {**_UNSAID[kind], **said}).is_open:
                    del values[kind][id]
                    continue
                for field in said.keys() - fields:
                    del said[field]
        plan = cls(values, version)
        last = last_held(plan)
        for id, review in plan.all(Review).items():
            if review.state != "scheduled" and review is not last:
                del values[Review][id]
        return plan

    def find(self, kind: type[Kind], id: str) -> Kind | None:
        things = self._things.setdefault(kind, {})
        if id not in things:
            values = self._values.get(kind, {}).get(id)
            if values is None:
                return None
            things[id] = bare(kind, {**_UNSAID[kind], **values})
        found: Kind = things[id]
        return found


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """The row of a plan, with everything that is needed to apply further events."""

    plan_id: UUID
    position: int
    last_event_at: datetime
    refreshed_at: dict[str, datetime]
    """For each section, when it was last refreshed; if it never was, when the plan was opened."""
    plan: KeptPlan


class Shown(NamedTuple):
    """A row on a day, and the instant from which it is out of date even if nothing is recorded."""

    item: PortfolioItem
    changes_at: datetime | None
    people: list[str]
    """The owner of the plan and its team (`domain.account_plan.team.people_at_work`)."""
    search_text: str
    """The words of the account's current and former names, each after a space."""


def shown(row: PortfolioRow, now: datetime, program: Sequence[Recorded] = ()) -> Shown:
    """Compute a row for a day. `program` contains the records of the program, whose policy says when sections are
    stale."""
    plan, card = row.plan, the_plan(row.plan)
    at = max(now, row.last_event_at)
    today = day_of(at, card.timezone)
    policy = policy_in_force(program, at, today).policy
    promises, contract, last = open_promises(plan), plan.find(Contract, "contract"), last_held(plan)
    days = {at: day_of(at, card.timezone) for at in set(row.refreshed_at.values())}
    stale = [
        (section, stale_on)
        for section in get_args(Section)
        if (most := policy.section_days(section, card.tier))
        and (stale_on := stale_from(days[row.refreshed_at[section]], most))
    ]
    item = {
        "plan_id": row.plan_id,
        "account_id": card.account_id,
        "account_name": card.account_name,
        "tier": card.tier,
        "owner": same_person(card.owner),
        "segment": card.segment,
        "territory": card.territory,
        "currency": card.currency,
        "archived": card.archived,
        "arr": contract.arr if contract else None,
        "renews_on": contract.renews_on if contract else None,
        "open_promises": len(promises),
        "overdue": sum(promise.is_overdue(today) for promise in promises),
        "last_review_on": last.held_on if last else None,
        "last_review_id": last.id if last else None,
        "stale_sections": [section for section, stale_on in stale if stale_on <= today],
        "version": plan.version,
        "position": row.position,
        "opened_on": card.opened_on,
        "last_event_at": row.last_event_at,
    }
    last_days = (
        *(promise.overdue_after for promise in promises),
        *(member.until_on for member in plan.all(Member).values()),
    )
    begin_to_hold = (each.event.effective_on for each in program if isinstance(each.event, PolicyAdopted))
    turns = [*(stale_on for _, stale_on in stale), *(day_after(day) for day in last_days if day), *begin_to_hold]
    still_to_come = [day for day in turns if day and day > today]
    return Shown(
        bare(PortfolioItem, item),
        midnight(min(still_to_come), card.timezone) if still_to_come else None,
        sorted({same_person(person) for person in people_at_work(plan, today)}),
        "\n".join(text for name in (card.account_name, *card.former_names) for text in search_texts(name)),
    )


def search_texts(name: str) -> list[str]:
    """Return the texts by which a name is found: its `search_text` in every spelling that people may type."""
    return list(dict.fromkeys("".join(map(_searched, words)) for words in spellings(name)))


def search_text(name: str) -> str:
    """Return the words of a name, or of part of one, for searching: each after a space, without case, accents and
    punctuation."""
    return "".join(map(_searched, words_of(name)))


def _searched(word: str) -> str:
    """Return a word after a space. In scripts without spaces between words, each letter may begin a word."""
    return f" {' '.join(word)}" if WITHOUT_SPACES.search(word) else f" {word}"


def day_after(day: date) -> date | None:
    """Return the next day; None for the last day of the calendar."""
    return date.fromordinal(day.toordinal() + 1) if day < date.max else None


def midnight(day: date, timezone: str) -> datetime:
    """Return the instant at which a day begins in a time zone."""
    return datetime.combine(day, time(), time_zone(timezone)).astimezone(UTC)
