"""The table of month ends: the stored figures of a past month equal those that folding gives, and never change."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import reduce
from random import Random
from typing import Any

import psutil
import pytest
from pydantic_core import to_json

from adapters.postgres import month_ends_table, projections
from adapters.postgres.month_ends_table import MonthEndsTable
from adapters.postgres.store import Store
from adapters.rendering.streamed import written
from application.aggregates.access import Caller
from application.aggregates.ports import CommandContext, Commit, ToRecord
from application.measures.measure import MEASURE_NAMES
from application.measures.measured import measured_months
from application.measures.month_end import GROUPINGS, Summed, month_end, summed
from application.measures.query import MeasuresQuery
from application.measures.series import measures_view
from application.reports.month_report import MonthReport, MonthReportBuilder, month_report
from application.reports.months import Month, month_named, months_between
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import plan_id_of
from tests.clock import Clock
from tests.everything import PLAY
from tests.histories import History, instant, said_at_random
from tests.stores import connected

NOW = instant("2026-11-15")
ACTION = {"id": "a", "statement": "Send the price", "kind": "task", "owner": "ann", "due_on": "2026-02-10"}
YEAR = months_between(month_named("2025-12", NOW), month_named("2026-10", NOW))


def keep(store: Store, history: History, since: int = 0) -> None:
    """What the history recorded after a version, on the log, sealed with keys of the store."""
    context = CommandContext("ann", "api", "request", "conversation")
    for record in history.known.records[since:]:
        about = tuple(dict.fromkeys(who for part in record.sealed for who in part.about))
        each = ToRecord(record.event, record.meta.recorded_at, "command", reason=record.meta.reason, about=about)
        recorded = store.events.append(Commit(history.plan_id, record.version - 1, [each], context, None))
        assert recorded
    history.known = LoadedPlan.of(history.type, history.plan_id, store.events.read(history.plan_id))


def told(account: str, *lines: tuple[str, str, dict[str, Any]], **terms: Any) -> History:
    history = History(account)
    opening = {"account_name": account.capitalize(), "tier": "growth", "owner": "ann", "currency": "EUR"}
    history.on("2026-01-05", "open-plan", account_id=account, **opening | terms)
    for when, command, body in lines:
        history.on(when, command, **body)
    return history


Ends = dict[tuple[str | None, date], dict[tuple[str, str], Sequence[Decimal]]]
"""By account and month: the figures by measure and key."""


def as_ends(sums: Iterable[Summed]) -> Ends:
    ends: Ends = {}
    for each in sums:
        figures = ends.setdefault((each.group, each.month), {})
        if each.measure:
            figures[each.measure, each.key] = sorted(each.parts)
    return ends


def of_account(account: str, history: History) -> History:
    """The same history, of another account."""
    first, *rest = history.known.records
    opened = first.event.model_copy(update={"account_id": account})
    other = History(account)
    other.known = LoadedPlan.of(other.type, other.plan_id, [first._replace(event=opened), *rest])
    return other


def folded(plans: Iterable[LoadedPlan]) -> Ends:
    ends = (month_end(at, MEASURE_NAMES) for known in plans for at in measured_months(known, YEAR, NOW))
    return as_ends(each for end in ends for each in summed(end, "plan"))


def kept(store: Store, months: Sequence[Month] = YEAR, now: datetime = NOW, caller: Caller | None = None) -> Ends:
    return as_ends(store.month_ends.sums(months, MEASURE_NAMES, "plan", now, caller))


def views(store: Store) -> dict[str, bytes]:
    """Every measure in every grouping."""
    asked = {"measure": MEASURE_NAMES, "from": str(YEAR[0]), "to": str(YEAR[-1])}
    queries = {by: MeasuresQuery.model_validate({**asked, "by": by}) for by in GROUPINGS}
    return {by: to_json(measures_view(query, store.month_ends, NOW)) for by, query in queries.items()}


def rows(store: Store) -> list[tuple[str, str]]:
    with connected(store.where.service) as connection:
        found = connection.execute("SELECT account_id, month::text FROM plantrail.month_ends ORDER BY 2, 1").fetchall()
    return [(account, month[:7]) for account, month in found]


def reported(store: Store, month: Month, now: datetime = NOW) -> bytes:
    """The month report as it is answered from what was kept."""
    assert store.month_ends.state(month, now)
    making = MonthReportBuilder(month, now)
    plans = (making.add_kept(*each) for each in store.month_ends.kept(month))
    return b"".join(written(making, plans, store.events.history))


def as_streamed(report: MonthReport) -> bytes:
    """As it is written while it is made: with its heading and its plans first."""
    values = report.__dict__
    order = ["month", "owner", "tier", "plans"]
    return to_json({name: values[name] for name in [*order, *(name for name in values if name not in order)]})


@pytest.mark.torture
def test_what_is_kept_of_random_histories_is_what_folding_tells(store: Store):
    plans = [of_account(f"plan-{seed}", said_at_random(Random(seed), 60, reviews=0.1)) for seed in range(3)]
    for plan in plans:
        keep(store, plan)
    computed = views(store)
    assert rows(store) == []
    store.month_ends.catch_up(Clock(NOW))
    assert len(rows(store)) >= len(plans)
    assert views(store) == computed
    from_table = kept(store)
    assert from_table == folded(store.events.histories(with_words=False))
    # Words make no difference but to what is found in words alone.
    read = folded(plan.known for plan in plans)
    assert without_findings(read) == without_findings(from_table)
    in_order = [plan.known for plan in sorted(plans, key=lambda plan: plan.plan_id)]
    for month in YEAR:
        assert reported(store, month) == as_streamed(month_report(month, in_order, NOW))


def without_findings(ends: Ends) -> Ends:
    return {key: {of: parts for of, parts in each.items() if of[0] != "findings"} for key, each in ends.items()}


def test_a_month_is_kept_when_it_has_ended_in_the_plans_time_zone_and_not_before(store: Store):
    keep(store, told("auckland", timezone="Pacific/Auckland"))
    keep(store, told("berlin", timezone="Europe/Berlin"))
    found = []
    for now in ("2026-01-31T11:04:59Z", "2026-01-31T11:05:00Z", "2026-01-31T23:04:59Z", "2026-01-31T23:05:00Z"):
        store.month_ends.catch_up(Clock(instant(now)))
        found.append(rows(store))
    auckland, berlin = ("auckland", "2026-01"), ("berlin", "2026-01")
    assert found == [[], [auckland], [auckland], [auckland, berlin]]


def test_a_report_is_made_of_what_was_kept_once_that_is_every_plan(store: Store):
    keep(store, told("acme"))
    [january, february] = months_between(month_named("2026-01", NOW), month_named("2026-02", NOW))
    over_everywhere = instant("2026-02-01T12:00:00Z")
    assert store.month_ends.state(january, over_everywhere) is None  # nothing was kept yet
    store.month_ends.catch_up(Clock(over_everywhere))
    assert store.month_ends.state(january, over_everywhere)
    assert store.month_ends.state(january, instant("2026-02-01T11:59:59Z")) is None  # not over everywhere
    assert store.month_ends.state(february, over_everywhere) is None
    keep(store, told("late"))  # recorded in January, and not seen by the table yet
    assert store.month_ends.state(january, over_everywhere) is None
    assert len(kept(store, [january], over_everywhere)) == 2  # so that it is computed
    store.month_ends.catch_up(Clock(over_everywhere))
    assert store.month_ends.state(january, over_everywhere)


CONTRACT = {"arr": "100", "starts_on": "2026-01-01", "renews_on": "2026-12-31", "products": ["Hub"]}
JANUARY = month_named("2026-01", NOW)


@pytest.mark.parametrize(("recorded", "arr"), [("2026-01-31T23:59:59Z", [Decimal(100)]), ("2026-02-01", None)])
def test_what_is_recorded_in_a_later_month_changes_nothing_but_what_comes_late_to_the_log_does(store, recorded, arr):
    plan = told("acme")
    keep(store, plan)
    store.month_ends.catch_up(Clock(instant("2026-02-02")))
    state, before = store.month_ends.state(JANUARY, NOW), kept(store)["acme", JANUARY.first]
    assert ("arr", "") not in before
    plan.on(recorded, "set-contract", **CONTRACT)
    keep(store, plan, since=1)  # on the log when January had been kept
    store.month_ends.catch_up(Clock(instant("2026-03-02")))
    after = kept(store)["acme", JANUARY.first]
    assert after.get(("arr", "")) == arr
    assert (after == before) == (arr is None)
    assert store.month_ends.state(JANUARY, NOW) == state


def test_a_rebuild_keeps_the_same_and_serves_the_old_until_it_is_done(store: Store):
    plan = told(
        "acme", ("2026-01-06", "add-action", ACTION), ("2026-02-06", "drop-action", {"id": "a", "reason": "No"})
    )
    keep(store, plan)
    store.month_ends.catch_up(Clock(NOW))
    before, seen = kept(store), []
    store.month_ends.rebuild(Clock(NOW), lambda _done, _total: seen.append(kept(store) == before))
    assert len(seen) >= 2  # folded, and aged, before it goes live
    assert all(seen)
    assert kept(store) == before


def test_a_step_ends_in_time_and_the_next_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch):
    for number in range(3):
        keep(store, told(f"plan-{number}"))
    monkeypatch.setattr(month_ends_table, "STEP_SECONDS", 0)
    table, seen = MonthEndsTable(), []
    with connected(store.where.service) as connection:
        for _ in projections.catch_up(connection, table, Clock(instant("2026-02-02"))):
            seen.append(len(rows(store)))
    assert seen == [0, 1, 2, 3, 3]


def test_callers_see_the_months_of_the_plans_they_see_now(store: Store):
    keep(store, told("acme"))
    keep(store, told("beta", owner="ben"))
    store.portfolio.catch_up(Clock(NOW))
    store.month_ends.catch_up(Clock(NOW))
    beta = frozenset({plan_id_of("beta")})
    january = [JANUARY]

    def seen(caller: Caller) -> set[str | None]:
        return {account for account, _ in kept(store, january, caller=caller)}

    assert seen(Caller("kim", "auditor", None)) == {"acme", "beta"}
    assert seen(Caller("kim", "reader", beta)) == {"beta"}
    assert seen(Caller("ann", "editor")) == {"acme"}
    assert seen(Caller("ann", "editor", beta)) == {"acme", "beta"}
    assert seen(Caller("kim", "editor")) == set()
    states = [store.month_ends.state(january[0], NOW, caller) for caller in (None, Caller("kim", "reader", beta))]
    assert len(set(states)) == 2


def test_forgetting_somebody_changes_no_figure_and_what_a_report_says_of_them(store: Store):
    who = {"id": "coo", "name": "Jane Doe", "level": "executive"}
    play = {"id": "tour", "title": "Tour with Jane Doe", "due_on": "2026-01-20", "about": ["coo"], **PLAY}
    plan = told(
        "acme",
        ("2026-01-05", "add-stakeholder", who),
        ("2026-01-05", "plan-play", play),
        ("2026-02-06", "reschedule-play", {"id": "tour", "due_on": "2026-06-01"}),
        ("2026-02-07", "record-departure", {"id": "coo", "left_on": "2026-02-01"}),
    )
    keep(store, plan)
    store.month_ends.catch_up(Clock(NOW))
    february = month_named("2026-02", NOW)
    figures, state, words = kept(store), store.month_ends.state(february, NOW), reported(store, february)
    assert b"Tour with Jane Doe" in words
    with connected(store.where.owner) as connection:
        [(dumped,)] = connection.execute("SELECT string_agg(t::text, '') FROM plantrail.month_ends t")
    assert "Jane" not in dumped
    version = plan.known.version
    plan.on("2026-11-14", "forget-stakeholder", id="coo")
    keep(store, plan, since=version)
    store.month_ends.catch_up(Clock(NOW))
    assert kept(store) == figures
    assert store.month_ends.state(february, NOW) != state
    after = reported(store, february)
    assert b"Jane" not in after
    sealed = (b"Tour with Jane Doe", PLAY["success_measure"].encode())
    assert after == reduce(lambda told, each: told.replace(each, b"[forgotten]"), sealed, words)


SMALL = {"account_id": "acme", "account_name": "Acme", "tier": "growth", "owner": "ann", "currency": "EUR"}
COPY = """
    WITH copies AS (SELECT gen_random_uuid() AS id FROM generate_series(1, %s))
    INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)
    SELECT id, originator_version, topic, state FROM copies, plantrail.stored_events
    WHERE originator_id = %s ORDER BY id, originator_version
"""


@pytest.mark.torture
def test_ten_thousand_plans_are_closed_in_the_memory_of_a_thousand(store: Store):
    """A month is closed plan by plan, so that a company of any size needs no larger machine."""
    small = History("acme")
    small.on("2026-10-01", "open-plan", **SMALL)
    small.on("2026-10-05", "add-action", **ACTION | {"due_on": "2026-10-30"})
    keep(store, small)
    process, grown = psutil.Process(), []
    for plans in (1_000, 9_000):
        with connected(store.where.owner) as connection:
            connection.execute(COPY, (plans, small.plan_id))
        before = most = process.memory_info().rss
        with projections.connected(store.datastore) as connection:
            for _ in projections.catch_up(connection, MonthEndsTable(), lambda: NOW):
                most = max(most, process.memory_info().rss)
        grown.append((most - before) // 2**20)
    with connected(store.where.owner) as connection:
        [(kept,)] = connection.execute(
            "SELECT count(*) FROM plantrail.month_ends WHERE month = '2026-10-01'"
        ).fetchall()
    assert kept == 10_001
    assert grown[1] <= grown[0] + 16, f"{grown} MiB"
