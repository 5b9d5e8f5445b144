"""What a page says where there is nothing, nothing yet, or not everything yet."""

import pytest

from adapters.postgres.store import Store
from tests.adapters.web.test_pages import signed_in, text_of
from tests.api import served
from tests.clock import Clock
from tests.following import following, open_plan
from tests.stores import connected, plans_on, wait_until

BEHIND = "What was recorded last is not here yet"
PAGES_OF_TABLES = ("/", "/me", "/findings", "/measures")


def test_where_there_is_nothing_a_page_says_what_to_do_first(store: Store):
    with served(store) as api:
        cookie = signed_in(api)
        portfolio = api.get("/", cookie).text
        assert "There is no plan yet. Open the first one, for an account that matters." in text_of(portfolio)
        assert '<a class="button" href="/open-plan">' in portfolio
        assert "No plan is like that. Show all, or ask for less." in text_of(api.get("/?q=nobody", cookie).text)
        for path in PAGES_OF_TABLES:
            assert BEHIND not in text_of(api.get(path, cookie).text)


def test_pages_of_many_plans_say_when_their_tables_are_behind_and_a_plan_does_not(store: Store):
    plans = plans_on(store)
    with following(store, Clock()) as follower, served(store, checks={"projection-behind": follower.why_behind}) as api:
        cookie = signed_in(api)
        open_plan(plans, "acme")
        with connected(store.where.service) as connection:
            connection.execute(
                "INSERT INTO plantrail.stored_events (originator_id, originator_version, topic, state)"
                " SELECT originator_id, 2, 'NoMetrics', '{}' FROM plantrail.stored_events"
            )
        wait_until(lambda: follower.why_behind())
        for path in PAGES_OF_TABLES:
            assert BEHIND in text_of(api.get(path, cookie).text), path
        assert BEHIND not in text_of(api.get("/open-plan", cookie).text)


@pytest.mark.parametrize(("cut", "says"), [("2026-01-05", True), ("version:1", False)])
def test_a_day_that_is_not_over_says_that_it_may_change(acme, cut, says):
    page = text_of(acme.get(f"/plans/{acme.plan}", signed_in(acme), as_of=cut).text)
    assert ("As of 5 Jan 2026, a day that is not over." in page) == says, page
