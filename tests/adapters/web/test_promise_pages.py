"""The open list on which promises are done, moved and dropped in place; and findings with what ends them."""

import re
from html import unescape

import pytest

from adapters.web.forms.form import FormData, body_of, pairs_of
from domain.account_plan import COMMANDS
from tests.adapters.web.test_pages import FROM_HERE, signed_in, text_of
from tests.api import Api


@pytest.fixture
def office(acme: Api) -> Api:
    """Return the service with a plan with an overdue step and a play that was moved once."""
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-01-04")
    acme.done("plan-play", id="pilot", title="Pilot on line B", kind="proof", owner="ann", due_on="2026-02-01",
              success_measure="Rework down 25 %")  # fmt: skip
    acme.done("reschedule-play", id="pilot", due_on="2026-03-01", reason="Line B is rebuilt")
    return acme


def page_of(api: Api, path: str = "/promises", **who: str) -> str:
    return str(api.get(f"/plans/{api.plan}{path}", signed_in(api, **who)).text)


def forms(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every form on a page: where it is sent, and what it holds already."""
    found = []
    for action, body in re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', page, re.DOTALL):
        fields = {}
        for tag in re.findall(r"<input [^>]*>", body):
            [name], value = re.findall(r'name="([^"]*)"', tag), re.findall(r'value="([^"]*)"', tag)
            fields[unescape(name)] = unescape(value[0]) if value else ""
        found.append((unescape(action), fields))
    return found


def sent(api: Api, prefix: str, fate: str, **typed: str):
    """The small form in a row, as it stands there, with what is typed into it."""
    [form] = [
        (action, fields) for action, fields in forms(page_of(api)) if fields.get(f"promise-{prefix}-fate") == fate
    ]
    data = form[1] | {f"promise-{prefix}-{name}": value for name, value in typed.items()}
    return api.request("POST", form[0], data=data, headers=signed_in(api) | FROM_HERE)


def test_the_open_list_says_what_is_overdue_and_what_was_moved(office):
    text = text_of(page_of(office))
    assert "Open 2 Overdue 1" in text
    assert "Sign the SOW" in text
    assert "moved once, first promised for 1 Feb 2026" in text


def test_a_promise_is_done_moved_and_dropped_in_place(office):
    done = sent(office, "action-sow", "done", result="Signed by both", finished_on="2026-01-04")
    assert (done.status_code, done.headers["location"]) == (303, f"/plans/{office.plan}/promises")
    assert sent(office, "play-pilot", "moved", due_on="+10w", reason="Parts are late").status_code == 303
    assert "moved 2 times" in text_of(page_of(office))
    assert sent(office, "play-pilot", "dropped", reason="Line B is closed").status_code == 303
    history = office.view("/history").json()["items"]
    assert [(each["type"], each["source"]) for each in history[-3:]] == [
        ("ActionCompleted", "ui"), ("PlayRescheduled", "ui"), ("PlayDropped", "ui"),
    ]  # fmt: skip
    assert "Nothing is open" in text_of(page_of(office))


def test_what_cannot_be_recorded_stays_in_its_row_with_the_reason(office):
    before = office.version
    answer = sent(office, "action-sow", "done", result="Signed by both", finished_on="2026-01-06")
    assert (answer.status_code, office.version) == (409, before)
    assert 'value="Signed by both"' in answer.text
    assert re.search(r'id="promise-action-sow".*?role="alert"', answer.text, re.DOTALL)
    assert sent(office, "play-pilot", "dropped").status_code == 422


def test_the_list_of_the_past_offers_nothing(office):
    assert forms(page_of(office, "/promises?as_of=version:2")) == []


def test_a_remedy_that_can_go_as_it_is_is_a_button_that_ends_the_finding(office):
    assert "What to look at" in page_of(office, "")
    page = page_of(office, "/findings")
    [form] = [form for form in forms(page) if form[0].endswith("/complete-action") and form[1]["id"] == "sow"]
    answer = office.request("POST", form[0], data=form[1], headers=signed_in(office) | FROM_HERE)
    assert "Recorded." in text_of(answer.text)
    assert "overdue-promise" not in {each["rule"] for each in office.view("/findings").json()["items"]}


def test_every_remedy_is_a_body_that_its_form_sends_as_it_is(office):
    for finding in office.view("/findings").json()["items"]:
        for remedy in finding["remedies"]:
            model = COMMANDS[remedy["command"]]
            read = body_of(model, FormData(list(pairs_of(model, remedy["body"]))), None, office.clock().date())
            assert {name: str(value) for name, value in read.items()} == {
                name: str(value) for name, value in remedy["body"].items()
            }
