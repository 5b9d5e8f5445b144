"""How often somebody may call, and what every answer tells browsers."""

import pytest

from adapters.http.limits import MOST_CALLERS, Buckets, TooManyRequests
from adapters.postgres.store import Store
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller

CALLERS = Known(caller("ann", "reader", sees_all=True), caller("ben", "reader", sees_all=True))


def taken(buckets: Buckets, who: str, times: int) -> int:
    """How many of so many requests are let through."""
    through = 0
    for _ in range(times):
        try:
            buckets.take(caller(who, "reader"))
            through += 1
        except TooManyRequests:
            pass
    return through


def test_a_bucket_holds_four_seconds_worth_and_is_filled_as_time_goes_by():
    now = 100.0
    buckets = Buckets(10, lambda: now)
    assert taken(buckets, "ann", 100) == 40
    with pytest.raises(TooManyRequests) as error:
        buckets.take(caller("ann", "reader"))
    assert error.value.seconds == pytest.approx(0.1)
    assert taken(buckets, "ben", 3) == 3
    now += error.value.seconds + 0.001
    assert taken(buckets, "ann", 5) == 1
    now += 1_000
    assert taken(buckets, "ann", 100) == 40


def test_however_seldom_it_is_one_request_is_let_through():
    now = 0.0
    buckets = Buckets(0.01, lambda: now)
    assert taken(buckets, "ann", 10) == 1
    now += 100.001
    assert taken(buckets, "ann", 10) == 1


def test_buckets_are_kept_for_so_many_callers_only():
    buckets = Buckets(1, lambda: 0.0)
    for number in range(MOST_CALLERS + 10):
        buckets.take(caller(str(number), "reader"))
    assert len(buckets._full_at) == MOST_CALLERS


def test_who_calls_too_often_is_told_when_to_go_on_and_nobody_else_suffers(store: Store):
    now = 0.0
    with served(store, CALLERS, limits=Buckets(1, lambda: now)) as api:
        answers = [api.get("/v1/plans", as_("ann")) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2
        assert_problem(answers[-1], 429, "too-many-requests")
        assert answers[-1].headers["retry-after"] == "1"
        assert api.get("/v1/plans", as_("ben")).status_code == 200
        assert api.get("/livez").status_code == 200
        now += 1
        assert api.get("/v1/plans", as_("ann")).status_code == 200


# What every answer tells browsers


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/v1/plans", "/v1/plans/nobody", "/openapi.json"])
def test_no_answer_is_run_framed_or_kept_by_others(service: Api, path):
    headers = service.get(path).headers
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"].startswith(("private", "no-store"))
    assert "strict-transport-security" not in headers


def test_the_documentation_may_start_itself_but_load_nothing_from_elsewhere(service: Api):
    policy = service.get("/docs").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "'unsafe-inline'" in policy


def test_behind_https_browsers_are_told_to_stay_there(service: Api):
    answer = service.request("GET", "https://localhost/livez")
    assert int(answer.headers["strict-transport-security"].removeprefix("max-age=")) >= 365 * 24 * 3600
