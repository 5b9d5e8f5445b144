"""The auditor's question: who moved this date, and why?"""

import re
from html import unescape

import pytest

from tests.adapters.web.test_pages import signed_in, text_of
from tests.api import Api


@pytest.fixture
def moved(acme: Api) -> Api:
    """Return the service with a plan in which a date was moved."""
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    acme.done("reschedule-action", id="sow", due_on="2026-03-10", reason="legal is on leave")
    return acme


def page_of(api: Api, path: str) -> str:
    answer = api.get(path, signed_in(api))
    assert answer.status_code == 200, text_of(answer.text)
    return answer.text


def test_the_trail_says_who_moved_a_date_from_when_to_when_and_why(moved):
    trail = text_of(page_of(moved, f"/plans/{moved.plan}/history?entity=action:sow&type=action-rescheduled"))
    assert "due on: 10 Feb 2026 10 Mar 2026" in trail
    assert "legal is on leave" in trail
    assert "action added" not in trail


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("words=LEAVE", "action rescheduled"),
        ("words=nothing", "Nothing of the kind was recorded."),
        ("section=plays", "action added"),
        ("section=risks", "Nothing of the kind was recorded."),
        ("actor=nobody", "Nothing of the kind was recorded."),
        ("from=version:2", "action rescheduled"),
        ("to=version:2", "action added"),
        ("from=version:2&to=version:2", "Nothing of the kind was recorded."),
    ],
)
def test_the_trail_can_be_narrowed(moved, asked, found):
    assert found in text_of(page_of(moved, f"/plans/{moved.plan}/history?{asked}"))


def test_the_filters_of_the_trail_offer_what_there_is_by_name(moved):
    page = page_of(moved, f"/plans/{moved.plan}/history")
    assert '<option value="action:sow">action Sign the SOW</option>' in page
    assert '<option value="action-rescheduled">action rescheduled</option>' in page
    assert '<datalist id="actors"><option value="ann"></option></datalist>' in page


def test_the_trail_has_a_timeline_and_comes_as_a_table(moved):
    moved.clock.forward(days=62)
    moved.done("write-note", section="risks", text="Two months later")
    page = page_of(moved, f"/plans/{moved.plan}/history?actor=ann")
    months = re.findall(r'<a href="([^"]*)"[^>]*><svg.*?<span class="number">(\d+)</span><small>(.*?)</small>', page)
    assert [events for _, events, _ in months] == [str(moved.version - 1), "0", "1"]
    assert re.findall(r'<rect[^>]* height="([^"]*)"', page) == ["40", "0", "13"]
    of_a_month = page_of(moved, unescape(months[-1][0]))
    assert 'aria-current="true"><svg' in of_a_month
    assert "Two months later" in of_a_month
    assert "legal is on leave" not in of_a_month
    table = re.findall(r'href="([^"]*format=csv[^"]*)"', of_a_month)
    lines = moved.get(unescape(table[0]), signed_in(moved)).text.splitlines()
    assert [line.split(",")[3] for line in lines] == ["type", "NoteWritten"]
    assert "format=csv" not in page_of(moved, f"/plans/{moved.plan}/history?words=leave"), "only pages filter so"


def test_what_an_event_names_by_an_id_is_called_by_its_name(acme):
    acme.done("add-unit", id="plant-2", name="Plant Two", kind="site", buying_center=True)
    acme.done("add-unit", id="line-3", name="Line Three", kind="department", parent="plant-2", buying_center=False)
    acme.done("list-offering", id="scan", name="Rework Insight", kind="product")
    acme.done("assess-cell", unit="line-3", offering="scan", penetration="aware", incumbent="us")
    trail = text_of(page_of(acme, f"/plans/{acme.plan}/history"))
    assert "unit Line Three" in trail
    assert "parent: Plant Two" in trail
    assert "cell Rework Insight · Line Three" in trail
    assert "incumbent: us" in trail
    assert "plant-2" not in trail
    changes = text_of(page_of(acme, f"/plans/{acme.plan}/changes?from=version:1&to=now"))
    assert "cell Rework Insight · Line Three" in changes
    assert "parent: Plant Two" in changes
    assert "Plant Two" in page_of(acme, f"/plans/{acme.plan}").split("Line Three", 1)[1].split("</tr>")[0]
    acme.done("rename-unit", id="plant-2", name="Plant Two South")
    assert "Plant Two South" in page_of(acme, f"/plans/{acme.plan}").split("Line Three", 1)[1].split("</tr>")[0]


@pytest.mark.parametrize("asked", ["section=gossip", "type=play-paused"])
def test_what_the_trail_has_not_is_named(moved, asked):
    answer = moved.get(f"/plans/{moved.plan}/history?{asked}", signed_in(moved))
    assert answer.status_code == 404
    assert asked.partition("=")[2] in text_of(answer.text)


def test_an_event_has_a_page_with_its_bytes_and_the_plan_around_it(moved):
    stored = moved.view("/history").json()["items"][-1]
    page = page_of(moved, f"/events/{stored['id']}")
    assert "legal is on leave" in text_of(page)
    assert stored["command_id"] in page
    assert f"/plans/{moved.plan}?as_of=version:{stored['version'] - 1}" in page


@pytest.mark.parametrize("version", ["0", "99", "one", "9999999999"])
def test_an_event_there_is_not_has_no_page(moved, version):
    assert moved.get(f"/events/{moved.plan}:{version}", signed_in(moved)).status_code == 404


def test_two_points_are_compared_with_who_and_why(moved):
    page = text_of(page_of(moved, f"/plans/{moved.plan}/changes?from=version:2&to=version:3"))
    assert "due on: 10 Feb 2026 10 Mar 2026" in page
    assert "legal is on leave" in page
    same = text_of(page_of(moved, f"/plans/{moved.plan}/changes?from=version:3&to=version:3"))
    assert "Nothing is different in the plan" in same


def test_of_two_points_the_earlier_comes_first_whichever_was_named_first(moved):
    told = text_of(page_of(moved, f"/plans/{moved.plan}/changes?from=version:3&to=version:2"))
    assert "From event 2," in told
    assert "to event 3," in told
