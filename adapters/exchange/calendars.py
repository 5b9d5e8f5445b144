"""The days of plans as an iCalendar (RFC 5545) for programs that subscribe to it.

Entries last whole days. Each has a permanent UID, and a SEQUENCE that grows with the plan, by which programs recognise
it. What is off is marked as cancelled for a month, because some programs keep entries that are merely missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from application.views.cuts import cut_at
from application.views.dates import PlanDate, dates_of, verifications_of
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import policy_at
from domain.account_plan.plan import the_plan
from domain.language import FORGOTTEN
from domain.record import Recorded

if TYPE_CHECKING:
    from icalendar import Event

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESHED_EVERY = timedelta(hours=1)
SHOWN_BACK = timedelta(days=90)
CANCELLED_FOR = timedelta(days=30)
"""How long an entry that is off is shown as cancelled. Programs come back at least once a day, if they run."""
CALLED: Mapping[str, str] = {
    "play": "Play due",
    "action": "Action due",
    "review": "Review",
    "contract": "Contract renews",
    "stakeholder": "Verify",
}


def calendar(
    name: str,
    plans: Iterable[LoadedPlan],
    now: datetime,
    address: str,
    person: str | None = None,
    words: bool = False,
    program: Sequence[Recorded] = (),
) -> bytes:
    """Return the calendar of these plans, or of what concerns a person in them.

    `program` contains the records of the program, whose policy says when somebody is to be verified. Titles about the
    customer's people are left out unless `words` is true. `address` is the URL of the service.
    """
    from icalendar import Calendar, vText  # The library loads slowly, and most processes make no calendar.

    made = Calendar()
    made.add("prodid", "-//plantrail//plantrail//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", vText(name))
    made.add("refresh-interval", REFRESHED_EVERY, parameters={"VALUE": "DURATION"})
    made.add("x-published-ttl", "PT1H")
    for known in plans:
        cut = cut_at("now", known, now)
        days = (*dates_of(known, person), *verifications_of(known, cut, policy_at(program, cut), person))
        for each in days:
            is_news = not each.cancelled or each.changed_at >= now - CANCELLED_FOR
            if is_news and each.day >= now.date() - SHOWN_BACK:
                made.add_component(entry(known, each, address, words))
    return bytes(made.to_ical())


def entry(known: LoadedPlan, each: PlanDate, address: str, words: bool) -> "Event":
    from icalendar import Event

    account = the_plan(known.state)
    title = each.title if each.title != FORGOTTEN and (words or not each.speaks_of_people) else ""
    made = Event()
    made.add("uid", f"{each.noun}-{each.id}@{known.id}")
    made.add("dtstamp", each.changed_at.astimezone(UTC))
    made.add("last-modified", each.changed_at.astimezone(UTC))
    made.add("sequence", each.version)
    made.add("dtstart", each.day)
    made.add("dtend", each.day + timedelta(days=1))
    made.add("summary", f"{CALLED[each.noun]}: {title or each.id} · {account.account_name}")
    made.add("status", "CANCELLED" if each.cancelled else "CONFIRMED")
    made.add("transp", "TRANSPARENT")
    made.add("url", f"{address}/plans/{known.id}")
    return made
