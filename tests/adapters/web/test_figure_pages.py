"""Figures on pages: measures over months as charts with their tables, and keep rates in the portfolio."""

import re

from adapters.web.figures import line_chart, spark
from tests.adapters.web.test_my_day import kept_up
from tests.adapters.web.test_pages import FROM_HERE, signed_in, text_of
from tests.api import served
from tests.histories import instant


def test_a_line_has_a_gap_where_there_is_no_value_and_a_dot_where_a_point_stands_alone():
    drawn = spark([0, 0.5, None, 1])
    assert drawn.path == "M2 21L32.7 12"
    assert [(dot.x, dot.y) for dot in drawn.dots] == [("94", "3")]
    assert spark([None, None]).dots == []
    chart = line_chart([-10.0, 0.0, 30.0])
    assert [mark.value for mark in chart.marks] == [-10, 30]
    assert line_chart([5.0, 5.0]).marks[0].value == 0, "a chart begins at zero: nothing looks larger than it is"


def test_measures_are_drawn_month_by_month_with_a_table_and_a_file(store):
    with served(store) as api:
        api.clock.now = instant("2026-01-10")
        acme = api.with_a_plan("acme")
        for month, arr in (("02", "90000"), ("03", "120000"), ("04", "110000")):
            api.clock.now = instant(f"2026-{month}-10")
            acme.done("set-contract", arr=arr, starts_on="2026-01-01", renews_on="2027-01-01", products=["MES"])
        api.clock.now = instant("2026-06-10")
        asked = "/measures?measure=arr&by=plan&from=2026-01&to=2026-06&currency="
        page = api.get(asked, signed_in(api)).text
        text = text_of(page)
        assert "Acme Manufacturing · EUR 110,000 EUR" in text
        assert "Jan 2026 Feb 2026 Mar 2026" in text
        assert "110,000 EUR, so far" in text, "the month under way goes on"
        assert page.count('<svg viewBox="0 0 360 130"') == 1
        assert 'aria-label="Acme Manufacturing · EUR, from Jan 2026 to Jun 2026: last 110,000 EUR.' in page
        [csv] = re.findall(r'href="(/v1/measures[^"]+format=csv)"', page)
        assert api.get(csv.replace("&amp;", "&"), {"X-Actor": "ann"}).text.startswith("measure,")
        assert "Too few months to draw" in api.get(asked.replace("from=2026-01", "from=2026-05"), signed_in(api)).text
        assert api.get("/measures?measure=luck", signed_in(api)).status_code == 422
        assert api.get("/measures?from=2026-05&to=2026-01", signed_in(api)).status_code == 422
        assert "Table : hygiene" in text_of(api.get("/measures", signed_in(api)).text)


def test_the_portfolio_shows_how_much_was_kept_and_whether_that_grew(store):
    with served(store) as api:
        api.clock.now = instant("2026-01-10")
        acme = api.with_a_plan("acme")
        review = {"kind": "monthly", "audience": "internal", "ours": ["ann"]}
        for number in range(1, 6):
            day = f"2026-0{number + 1}-10"
            api.clock.now = instant(day)
            if number in (2, 4, 5):
                acme.done("complete-action", id=f"a{number}", finished_on=f"2026-0{number + 1}-05", result="Done")
            said = {"statement": f"Send price {number}", "kind": "task", "owner": "ann"}
            acme.done("add-action", id=f"a{number + 1}", due_on=f"2026-0{number + 2}-07", **said)
            acme.done("hold-review", id=f"r{number}", held_on=day, **review)
            if number == 2:
                kept_up(api, store)
                assert "point" not in text_of(api.get("/", signed_in(api)).text), "there is nothing before it yet"
            if number == 3:
                kept_up(api, store)
                assert "0 % ▼ 100 points" in text_of(api.get("/", signed_in(api)).text)
        kept_up(api, store)
        row = api.get("/", signed_in(api)).text
        assert 'said-vs-did">100\xa0%</a>' in row
        assert "from review to review: 100\xa0%, 0\xa0%, 100\xa0%, 100\xa0%" in row
        assert "as before" in row
        typed = {"idempotency-key": "p", "name": "Strategic accounts", "currency": "EUR", "timezone": "UTC"}
        api.request("POST", "/program/open", data=typed, headers=signed_in(api) | FROM_HERE)
        found = text_of(api.get("/program/findings", signed_in(api)).text)
        assert "What is wrong with the program" in found
        assert "name program owner …" in found
