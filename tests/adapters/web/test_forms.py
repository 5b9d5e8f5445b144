"""Commands typed into forms: the same events follow as from the interface for programs."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from adapters.exchange.typed import typed_day
from adapters.http.resources import PLANS
from adapters.web.forms.form import FormData, body_of, pairs_of
from adapters.web.forms.layouts import LAYOUTS
from domain.account_plan import ACCOUNT_PLAN
from tests.adapters.web.test_pages import FROM_HERE, form_at, signed_in, text_of
from tests.api import Api, open_for_everything, served
from tests.cases import for_each
from tests.everything import SAID
from tests.examples import in_turn
from tests.histories import instant

COMMANDS = PLANS.commands
FRIDAY = date(2026, 11, 27)


def typed(command: str, body: dict[str, Any]) -> list[tuple[str, str]]:
    """A body as somebody would type it into the form of its command."""
    return list(pairs_of(COMMANDS[command], body))


def sent(api: Api, cookie: dict[str, str], command: str, pairs: list[tuple[str, str]], key: str = "") -> Any:
    data: dict[str, Any] = {"idempotency-key": key or uuid4().hex}
    about = {name: value for name, value in pairs if name in ("id", "unit", "offering", "quarter")}
    form = form_at(api, f"/plans/{api.plan}/do/{command}", cookie, **about)
    assert form.status_code == 200, (command, form.text)
    data["shown-thing"] = re.findall(r'name="shown-thing" value="([^"]*)"', form.text)[0]
    for name, value in pairs:
        data[name] = [*data.get(name, []), value]
    return api.request("POST", f"/plans/{api.plan}/do/{command}", data=data, headers=cookie | FROM_HERE)


def test_what_is_typed_says_what_a_body_says():
    for _, command, body in SAID:
        read = body_of(COMMANDS[command], FormData(typed(command, body)), None, date(2026, 1, 5))
        model = COMMANDS[command]
        given = {name: value for name, value in body.items() if value not in (None, [], "")}
        assert model.model_validate(read, strict=False) == model.model_validate(given, strict=False), command


@pytest.mark.hypothesis
def test_every_command_can_be_typed_and_its_events_stand_in_the_history(store):
    """Every third line of a history in which everything was said, and in `make torture` every line: its form opens, is
    sent, and records its events.  The others are said to the service."""
    turns = in_turn(["typed", "", ""], at_each=1)
    with served(store) as api:
        open_for_everything(api)
        told_at = []
        for when, command, body in SAID:
            api.clock.now = instant(when)
            if "typed" not in next(turns):
                api.do(command, **body)
                continue
            cookie, before = signed_in(api), api.version
            answer = sent(api, cookie, command, typed(command, body))
            assert answer.status_code == 200, (command, text_of(answer.text))
            told_at.append((command, before, api.version, "Recorded." in text_of(answer.text)))
        history = api.view("/history", limit=500).json()["items"]
        assert len(history) == api.version
        for command, before, version, told in told_at:
            new = [entry for entry in history if before < entry["version"] <= version]
            assert told == bool(new), command
            assert {entry["source"] for entry in new} <= {"ui"}, command
        assert {command for _, command, _ in SAID} == set(ACCOUNT_PLAN.commands) - {"open-plan"}


@for_each("command", LAYOUTS)
def test_a_form_that_is_laid_out_by_hand_names_fields_of_its_command(command):
    fields = LAYOUTS[command]
    assert len(set(fields)) == len(fields)
    assert set(fields) <= set(COMMANDS[command].model_fields)
    required = {name for name, field in COMMANDS[command].model_fields.items() if field.is_required()}
    assert required <= {*fields, "reason"}


def test_thirty_forms_are_laid_out_by_hand():
    assert len(LAYOUTS) >= 30


def test_a_form_that_is_sent_twice_is_recorded_once(acme):
    cookie, before = signed_in(acme), acme.version
    pairs = typed("add-action", {"statement": "Sign the SOW", "kind": "task", "owner": "ann", "due_on": "2026-02-10"})
    first, second = (sent(acme, cookie, "add-action", pairs, key="form-1") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert acme.version == before + 1


def test_a_form_that_is_opened_again_after_back_is_recorded_once_unless_it_says_something_else(acme):
    """Browsers ask for its address anew, and fill in what was typed before."""
    cookie, before = signed_in(acme), acme.version
    asked = acme.get(f"/plans/{acme.plan}/do/write-note", cookie, section="risks")
    address = asked.headers["location"]
    assert re.fullmatch(rf"/plans/{acme.plan}/do/write-note\?section=risks&idempotency-key=[0-9a-f-]{{36}}", address)

    def hidden() -> dict[str, str]:
        form = acme.get(address, cookie)
        assert form.status_code == 200
        return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form.text))

    def recorded(text: str, **more: str) -> str:
        data = hidden() | {"section": "risks", "text": text} | more
        answer = acme.request("POST", f"/plans/{acme.plan}/do/write-note", data=data, headers=cookie | FROM_HERE)
        return text_of(answer.text)

    assert "more than once" not in recorded("The buyer left")
    assert acme.version == before + 1
    assert "This form was sent more than once, and is on record once." in recorded("The buyer left")
    assert acme.version == before + 1
    assert "recorded already, with other words" in (told := recorded("The buyer has left"))
    assert "The buyer has left" in told
    assert acme.version == before + 1
    assert "Recorded." in recorded("The buyer has left", **{"idempotency-key": uuid4().hex})
    assert acme.version == before + 2
    again = acme.get(f"/plans/{acme.plan}/do/write-note", cookie).headers["location"]
    assert again.partition("=")[2] not in address, "a form that is opened once more is another"


def test_a_refusal_stands_at_its_field_and_what_was_typed_stays(acme):
    answer = sent(acme, signed_in(acme), "add-action", [("statement", "Sign it"), ("kind", "task"), ("owner", "ann")])
    assert answer.status_code == 422
    assert "Sign it" in answer.text
    assert 'href="#field-due_on"' in answer.text
    assert 'id="field-due_on-error"' in answer.text
    refused = sent(acme, signed_in(acme), "drop-action", [("id", "none"), ("reason", "not needed")])
    assert refused.status_code == 409
    assert "There is no action" in text_of(refused.text)


def test_what_somebody_else_changed_meanwhile_is_shown_and_nothing_is_lost(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    seen = acme.version
    acme.done("reschedule-action", id="sow", due_on="2026-02-20", reason="legal asks for it")
    answer = sent(
        acme,
        signed_in(acme),
        "reschedule-action",
        [("id", "sow"), ("due_on", "2026-03-01"), ("expected-version", str(seen))],
    )
    assert answer.status_code == 412
    assert "action rescheduled" in text_of(answer.text)
    assert 'value="2026-03-01"' in answer.text


def test_a_vague_promise_is_recorded_with_a_warning(acme):
    body = {"statement": "Deepen the relationship", "kind": "task", "owner": "ann", "due_on": "2026-02-10"}
    answer = sent(acme, signed_in(acme), "add-action", typed("add-action", body))
    assert "vague" in text_of(answer.text)


def test_the_form_about_a_thing_shows_its_values_and_an_emptied_field_empties_it(acme):
    acme.done("write-summary", relevance="Largest plant", why_now="Tender in May")
    form = form_at(acme, f"/plans/{acme.plan}/do/write-summary", signed_in(acme))
    assert "Largest plant" in form.text
    sent(acme, signed_in(acme), "write-summary", [("relevance", ""), ("why_now", "Tender in May")])
    summary = acme.view().json()["sections"]["summary"]["summary"]
    assert (summary["relevance"], summary["why_now"]) == (None, "Tender in May")


def test_a_form_that_showed_no_values_empties_none(acme):
    """Opened for nobody in particular, and only then chosen whom it is about."""
    acme.done("add-stakeholder", id="coo", name="Jane Doe", title="COO", level="executive")
    blank = [("id", "coo"), ("level", "management"), ("name", ""), ("title", ""), ("shown-thing", "")]
    data = dict(blank) | {"idempotency-key": "blank-1"}
    path = f"/plans/{acme.plan}/do/correct-stakeholder"
    assert acme.request("POST", path, data=data, headers=signed_in(acme) | FROM_HERE).status_code == 200
    [coo] = acme.view().json()["sections"]["stakeholders"]["stakeholders"]
    assert (coo["name"], coo["title"], coo["level"]) == ("Jane Doe", "COO", "management")


def test_all_commands_are_listed_with_what_they_do(acme):
    page = acme.get(f"/plans/{acme.plan}/do", signed_in(acme)).text
    listed = set(re.findall(rf'href="/plans/{acme.plan}/do/([a-z-]+)"', page))
    assert listed == set(COMMANDS) - {"open-plan"}
    assert "adopt-play" in listed
    by_command = {command: field for field, command in
                  re.findall(rf'data-fills="(\w+)"><a href="/plans/{acme.plan}/do/([a-z-]+)"', page)}  # fmt: skip
    assert {name: by_command.get(name) for name in ("plan-play", "raise-risk", "add-stakeholder", "drop-action")} == {
        "plan-play": "title", "raise-risk": "statement", "add-stakeholder": "name", "drop-action": "reason",
    }  # fmt: skip


@for_each(
    ("text", "day"),
    [
        ("2027-03-01", "2027-03-01"),
        ("today", "2026-11-27"),
        ("heute", "2026-11-27"),
        ("Tomorrow", "2026-11-28"),
        ("fri", "2026-12-04"),
        ("sat", "2026-11-28"),
        ("Mo", "2026-11-30"),
        ("wednesday", "2026-12-02"),
        ("+3", "2026-11-30"),
        ("+2w", "2026-12-11"),
        ("-1d", "2026-11-26"),
        ("+3m", "2027-02-27"),
        ("+1y", "2027-11-27"),
        ("+9999y", "+9999y"),
        ("someday", "someday"),
        ("m", "m"),
    ],
)
def test_days_can_be_typed_as_people_say_them(text, day):
    assert typed_day(text, FRIDAY) == day


def test_a_month_on_from_its_last_day_is_the_last_day_of_the_next():
    assert typed_day("+1m", date(2027, 1, 31)) == "2027-02-28"
