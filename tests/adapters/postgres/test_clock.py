"""Nothing is stamped from the future, whatever the clock of the machine shows that serves."""

import time
from functools import partial

import pytest
from structlog.testing import capture_logs

from adapters.bootstrap.http_service import why_clock_ahead
from adapters.observability.metrics import Metrics
from adapters.postgres import clock
from tests.api import assert_problem, served

DAY = 24 * 60 * 60
NOTE = {"section": "plan", "text": "seen"}


@pytest.fixture
def ahead(monkeypatch):
    """Sets the clock of this process, which is that of the database otherwise, by so many seconds."""

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
