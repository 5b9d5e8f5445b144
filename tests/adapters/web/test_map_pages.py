"""The relationship map and the whitespace: the customer's people and units as drawings that can be read as lists."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.web.map.tree import HEIGHT, WIDTH, children_of, drawing, in_order
from tests.adapters.web.test_pages import form_at, signed_in, text_of
from tests.api import Api
from tests.examples import examples

PEOPLE = st.lists(st.none() | st.integers(0, 50), max_size=14)
"""Whom each reports to: nobody, or somebody before them."""


def page_of(api: Api, path: str) -> str:
    page = api.get(f"/plans/{api.plan}{path}", signed_in(api))
    assert page.status_code == 200, text_of(page.text)
    return page.text


@settings(max_examples=examples(20))
@given(PEOPLE)
def test_a_tree_is_tidy(superiors):
    """Nobody stands on anybody; who leads stands to the left of those led and within their height."""
    named = {str(id): str(above % id) if above is not None and id else None for id, above in enumerate(superiors)}
    made = drawing(named)
    boxes = {box.id: box for box in made.boxes}
    assert set(boxes) == set(named)
    for one in boxes.values():
        assert one.x + WIDTH <= made.width
        assert one.y + HEIGHT <= made.height
        for other in boxes.values():
            apart = abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT
            assert one is other or apart
    for id, above in named.items():
        if above is not None:
            led = [boxes[each].y for each, superior in named.items() if superior == above]
            assert boxes[id].x > boxes[above].x
            assert min(led) <= boxes[above].y <= max(led)
    assert len(made.lines) == sum(above is not None for above in named.values())


def test_whoever_leads_comes_before_those_led_and_a_chain_may_be_long():
    chain = {str(place): str(place - 1) if place else None for place in range(3_000)}
    assert in_order(children_of(chain))[-1] == ("2999", 2_999)


def test_the_map_tells_who_leads_whom_what_they_think_and_what_hangs_on_them(acme):
    for id, name, above in (("coo", "Jane Doe", None), ("lead", "Max Roe", "coo"), ("gone", "Tim Poe", "coo")):
        more = {"reports_to": above} if above else {}
        acme.done("add-stakeholder", id=id, name=name, level="executive" if id == "coo" else "execution", **more)
    acme.done("add-stakeholder", id="buyer", title="Head of Procurement", level="management")
    acme.done("assign-roles", id="coo", roles=["economic_buyer", "champion"])
    acme.done("change-sentiment", id="coo", attitude=2)
    acme.done("rate-power", id="coo", power=5)
    acme.done("rate-relationship", id="coo", member="ann", strength=2)
    acme.done("draw-influence", influencer="lead", influenced="coo")
    acme.done("record-departure", id="gone", left_on="2026-01-05")
    acme.done("add-action", id="visit", statement="Show the plant", kind="task", owner="ann", due_on="2026-02-10",
              stakeholders=["coo"])  # fmt: skip
    page = page_of(acme, "/map")
    text = text_of(page)
    assert "Nobody is known to be: decision maker, technical owner, executive sponsor." in text
    assert "listens to Max Roe" in text
    assert "If they left nobody else is economic buyer, champion action Show the plant: names them" in text
    assert "stakeholder Max Roe: reports to them 0 others would be engaged: single-threaded" in text
    assert "left on 5 Jan 2026" in text
    assert "role to fill" in text
    assert len(re.findall(r'class="leads"', page)) == 2
    assert len(re.findall(r'class="listens"', page)) == 1
    assert re.search(r'<li id="person-coo">.*?<ul>\s*<li id="person-lead">', page, re.DOTALL)
    assert page.count("<ul") == page.count("</ul>")
    assert f'href="/plans/{acme.plan}/do/rate-relationship?id=coo&amp;member=ann"' in page
    then = page_of(acme, "/map?as_of=version:2")
    assert "Jane Doe" in then
    assert "Max Roe" not in then
    assert "/do/" not in then


def test_nobody_known_yet_is_asked_for(acme):
    assert "Add somebody" in page_of(acme, "/map")
    assert "Add a unit" in page_of(acme, "/whitespace")


def test_who_was_not_checked_for_long_fades(acme):
    for id, days in (("lead", 130), ("coo", 60), ("cfo", 0)):
        acme.done("add-stakeholder", id=id, name="Jane Doe", level="executive")
        acme.clock.forward(days=days)
    looks = re.findall(r'<g class="box unknown ?([a-z ]*)"', page_of(acme, "/map"))
    assert sorted(looks) == ["", "fading", "old faded"]


def test_the_whitespace_is_a_grid_with_totals_and_what_moved_since_the_last_review(acme):
    acme.done("add-unit", id="group", name="Acme Group", kind="business_unit", buying_center=True)
    acme.done("add-unit", id="plant", name="Linz", kind="site", buying_center=False, parent="group")
    acme.done("list-offering", id="hub", name="Hub", kind="product")
    acme.done("list-offering", id="checks", name="Checks", kind="product")
    acme.done("assess-cell", unit="plant", offering="hub", penetration="aware", arr_potential="1000")
    acme.done("hold-review", id="R1", kind="monthly", audience="internal", held_on="2026-01-05", ours=["ann"])
    acme.done("assess-cell", unit="plant", offering="hub", penetration="pilot", probability="0.4")
    acme.done("assess-cell", unit="group", offering="checks", penetration="lost", arr_potential="70000")
    text = text_of(page_of(acme, "/whitespace"))
    assert "pilot (Hub at Linz) who (Hub at Linz) 1,000 EUR × 40 % ▲ was aware" in text
    assert "Still to win 1,000 EUR – 1,000 EUR" in text, "what is lost is not to be won"
    assert "What moved since R1" in text
    assert "1,000" not in text_of(page_of(acme, "/whitespace?as_of=version:4"))
    assert "/do/" not in page_of(acme, "/whitespace?as_of=version:4")


def test_a_cell_opens_its_form_with_what_is_known_of_it(acme):
    acme.done("add-unit", id="plant", name="Linz", kind="site", buying_center=True)
    acme.done("list-offering", id="hub", name="Hub", kind="product")
    acme.done("assess-cell", unit="plant", offering="hub", penetration="aware", arr_potential="1234")
    address = re.findall(r'href="([^"]*assess-cell[^"]*)"', page_of(acme, "/whitespace"))[0].replace("&amp;", "&")
    form = form_at(acme, address, signed_in(acme)).text
    assert 'value="1234"' in form
    assert '<option value="aware" selected>' in form
