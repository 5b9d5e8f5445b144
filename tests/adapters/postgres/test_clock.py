"""Nothing is stamped with a time in the future, whatever the clock of the serving machine shows."""

import time
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from adapters.bootstrap.http_service import why_clock_ahead
from adapters.bootstrap.store import findings_across_plans, utc_now
from adapters.observability.metrics import Metrics
from adapters.postgres import clock
from adapters.postgres.errors import ClockAhead
from adapters.postgres.notary import Notary
from adapters.postgres.webhook_lanes import PostgresLanes
from application.portfolio.query import PortfolioQuery
from domain.account_plan.plan import plan_id_of
from tests.api import assert_problem, served
from tests.proving import LOG_KEY
from tests.stores import OPEN_ACME, handle, plans_on

DAY = 24 * 60 * 60
NOTE = {"section": "plan", "text": "seen"}


@pytest.fixture
def ahead(monkeypatch):
    """Return a function that sets the clock of this process some seconds ahead of the clock of the database."""

    def set_by(seconds):
        monkeypatch.setattr(clock, "wall_clock", lambda: time.time() + seconds)

    return set_by


def test_under_a_clock_that_is_ahead_nothing_is_recorded_plans_are_shown_and_then_it_goes_on(store, ahead):
    metrics = Metrics()
    checks = {"store-away": store.why_away, "clock-ahead": partial(why_clock_ahead, store, metrics)}
    with capture_logs() as lines, served(store, checks=checks) as api:
        acme = api.with_a_plan("acme")
        assert api.get("/readyz").status_code == 200
        ahead(400 * DAY)
        for answer in (
            acme.do("write-note", **NOTE),
            acme.do("write-note", headers={"Idempotency-Key": "k"}, **NOTE),
            acme.do_all(("write-note", NOTE), ("write-note", NOTE)),
            api.do("open-plan", account_id="beta", account_name="Beta", tier="growth", owner="ann", currency="EUR"),
        ):
            assert_problem(answer, 503, "clock-ahead")
            assert answer.headers["retry-after"]
        assert (acme.version, acme.view().status_code, api.of("beta").view().status_code) == (1, 200, 404)
        unready = api.get("/readyz")
        assert (unready.status_code, unready.json()["reasons"]) == (503, ["clock-ahead"])
        assert "34560000 seconds ahead" in unready.json()["detail"]
        assert metrics.registry.get_sample_value("plantrail_clock_ahead_seconds") == pytest.approx(400 * DAY, abs=60)
        ahead(0)
        assert acme.do("write-note", headers={"Idempotency-Key": "k"}, **NOTE).status_code == 200
        assert (acme.version, api.get("/readyz").status_code) == (2, 200)
    told = [line["event"] for line in lines if line["event"].startswith("clock")]
    assert told == ["clock ahead", "clock is right"], "once each"


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(clock.MOST_SECONDS_AHEAD - 5, 200), (clock.MOST_SECONDS_AHEAD + 5, 503), (-9 * DAY, 200)],
)
def test_two_minutes_ahead_are_the_most_and_a_clock_that_is_behind_does_no_harm(store, ahead, seconds, status):
    with served(store) as api:
        acme = api.with_a_plan("acme")
        ahead(seconds)
        assert acme.do("write-note", **NOTE).status_code == status


def later():
    return utc_now() + timedelta(days=400)


def test_under_a_clock_that_is_ahead_nothing_is_judged_closed_signed_put_off_or_deleted(store, ahead):
    """What is done by the clock of a day that has not come would stay wrong when the clock is right again."""
    plans, acme = plans_on(store, utc_now), plan_id_of("acme")
    due_on = str((utc_now() + timedelta(days=9)).date())
    handle(plans, "open-plan", **OPEN_ACME)
    handle(plans, "add-action", statement="Call the plant", kind="task", owner="ann", due_on=due_on)
    store.drafts.put("ann", acme, "review", b"sealed", utc_now())
    lanes = PostgresLanes(store.datastore, store.webhook_secrets)
    ahead(400 * DAY)
    for work in (
        lambda: store.portfolio.catch_up(later),
        lambda: store.portfolio.rebuild(later),
        findings_across_plans(store, later).catch_up,
        lambda: store.month_ends.catch_up(later),
        Notary(store.datastore, LOG_KEY, later).seal,
        lambda: store.drafts.purge(later()),
        lambda: store.sessions.purge(later()),
        lambda: lanes.look_through(later()),
        lambda: lanes.sweep(later()),
    ):
        with pytest.raises(ClockAhead):
            work()
    ahead(0)
    store.portfolio.catch_up(utc_now)
    [item] = store.portfolio.query(PortfolioQuery()).items
    assert (item.open_promises, item.overdue) == (1, 0)
    assert store.drafts.get("ann", acme, "review", utc_now() - timedelta(days=1)) == b"sealed"
    assert Notary(store.datastore, LOG_KEY, utc_now).seal().size == 2
