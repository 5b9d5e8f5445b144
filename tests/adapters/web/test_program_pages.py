"""The pages of the program, and the forms by which it and plans are opened."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

from adapters.access.callers import Bearers
from adapters.bootstrap.committed_lists import committed_lists, follow_once
from adapters.exchange.typed import lines_of, typed_pairs
from adapters.http.command_documentation import EXAMPLES
from adapters.web.forms.form import FormData, body_of, pairs_of
from domain.program import PROGRAM
from domain.program.limits import DEFAULT_POLICY, Policy
from tests.adapters.web.test_pages import FROM_HERE, form_at, signed_in, text_of
from tests.api import Api, served
from tests.callers import given_key, known_keys
from tests.cases import for_each


def told(api: Api, command: str, **body: Any) -> None:
    path = "/v1/program" if command == "open-program" else f"/v1/program/{command}"
    answer = api.post(path, body)
    assert answer.is_success, answer.text


def page_of(api: Api, path: str) -> str:
    page = api.get(path, signed_in(api))
    assert page.status_code == 200, text_of(page.text)
    return text_of(page.text)


@for_each("name", PROGRAM.commands)
def test_every_command_on_the_program_can_be_typed(name):
    model = PROGRAM.commands[name]
    example = EXAMPLES[name]
    read = body_of(model, FormData(list(pairs_of(model, example))), None, date(2026, 1, 5))
    assert model.model_validate(read, strict=False) == model.model_validate(example, strict=False)


def test_a_whole_policy_can_be_typed():
    part = DEFAULT_POLICY.model_dump(mode="json")
    for name in ("sections", "cadence", "team"):
        lines = "\n".join(lines_of(getattr(DEFAULT_POLICY, name)))
        assert Policy.model_validate({name: typed_pairs(lines)}) == Policy.model_validate({name: part[name]})
    assert typed_pairs("no colon") == "no colon"
    assert typed_pairs("a: 1\na.b: 2") == "a: 1\na.b: 2"


def test_the_program_is_opened_chosen_and_compared_on_its_pages(api, store):
    assert "No program was opened yet" in page_of(api, "/program")
    opened = {"name": "Strategic accounts", "currency": "EUR", "timezone": "Europe/Berlin", "idempotency-key": "open"}
    answer = api.request("POST", "/program/open", data=opened, headers=signed_in(api) | FROM_HERE)
    assert (answer.status_code, answer.headers.get("location")) == (303, "/program"), text_of(answer.text)
    assert "No list was committed yet" in page_of(api, "/program")

    for number, days in enumerate((92, 60), 1):
        told(api, "adopt-policy", effective_on="2026-01-05", policy={"contact_days": days}, reason=f"Reason {number}")
    policy = page_of(api, "/program/policy")
    assert "What version 2 says otherwise than version 1 What Before → after contact days 92 60" in policy
    shown = api.get("/program/policy?blame=yes", signed_in(api)).text
    assert re.search(r'href="/events/[^"]+:3">60</a><span class="origin">ann, [^<]+: policy adopted – Reason 2', shown)
    assert shown.count('href="/events/') == 3, "the numbers that nobody changed are those of the default"
    owned = page_of(api, "/program/values/program/program/currency")
    assert "program: currency" in owned
    assert "program opened" in owned
    assert "Nothing." in page_of(api, "/program/policy?version=1&with=0"), "the first one said what the default says"
    told(api, "adopt-policy", effective_on="2062-01-05", policy={"contact_days": 30}, reason="Mistyped")
    told(api, "withdraw-policy", version=3, reason="It was to begin in 2026")
    told(api, "adopt-policy", effective_on="2026-01-05", policy={"contact_days": 30}, reason="Reason 4")
    assert "What version 4 says otherwise than version 2" in page_of(api, "/program/policy"), "the third was withdrawn"

    told(api, "adopt-policy", effective_on="2026-01-05", policy={"quick_win_days": 33}, reason="We pilot faster")
    api.with_a_plan("acme")
    form = text_of(form_at(api, "/plans/acme/do/assess-cell", signed_in(api)).text)
    assert form.count("can be piloted within 33 days") == 2, "of the command, and of its field"
    assert "can be piloted within 33 days" in page_of(api, "/plans/acme/do")
    api.with_a_plan("zeta")
    told(
        api, "open-round", id="r1", title="First list", due_on="2026-02-01", criteria_weights={"logo": 2, "champion": 1}
    )
    for account, name in (("acme", "Acme"), ("zeta", "Zeta"), ("lost", "Lost Ltd")):
        told(api, "nominate", round="r1", account=account, account_name=name, why=f"{name} grows")
    told(api, "withdraw-nomination", round="r1", account="lost")
    api.of("acme").done("score-account", round="r1", criteria={"logo": 1, "champion": 3})
    api.of("zeta").done("score-account", round="r1", criteria={"logo": 3})
    told(
        api, "give-opinion", round="r1", account="zeta", member="kim", function="finance", stance="against", note="Slow"
    )
    ranking = page_of(api, "/program/rounds/r1")
    assert ranking.index("Zeta") < ranking.index("Acme") < ranking.index("Lost Ltd")
    assert "1 Zeta Zeta grows 6" in ranking
    assert "against kim, finance Slow" in ranking

    form = api.get("/program/rounds/r1", signed_in(api)).text
    assert "entries-0-account=zeta&amp;entries-1-account=acme" in form
    typed = {"round": "r1", "entries-0-account": "zeta", "entries-0-tier": "strategic", "decided_by": "ann"}
    typed |= {"entries-1-account": "new", "entries-1-tier": "growth", "entries-1-reason": "They asked"}
    sent = api.request("POST", "/program/do/commit-list", data=typed, headers=signed_in(api) | FROM_HERE)
    assert "Recorded." in text_of(sent.text)
    assert "Zeta strategic" in page_of(api, "/program")
    came = api.get("/program/rounds/r1", signed_in(api)).text
    assert "Zeta strategic carried out in a moment" in text_of(came)
    assert "/open-plan?account_id=new&amp;account_name=new&amp;tier=growth" in came
    follow_once(store, committed_lists(store, api.clock))
    came = text_of(api.get("/program/rounds/r1", signed_in(api)).text)
    assert "Zeta strategic done what carried it out" in came
    history = page_of(api, "/program/history")
    assert "list committed" in history
    last = api.get("/v1/program/history").json()["items"][-1]
    assert "list committed" in page_of(api, f"/events/{last['id']}")
    assert "Zeta" not in page_of(api, "/program?as_of=version:3")
    assert "/do/" not in api.get("/program/rounds/r1?as_of=version:8", signed_in(api)).text


def test_a_policy_that_contradicts_itself_is_refused_at_its_field(api):
    told(api, "open-program", name="Strategic accounts", currency="EUR", timezone="UTC")
    typed = {"effective_on": "today", "reason": "Try", "policy-0-list-0-target": "90", "idempotency-key": "p1"}
    answer = api.request("POST", "/program/do/adopt-policy", data=typed, headers=signed_in(api) | FROM_HERE)
    assert answer.status_code == 409
    assert "The list aims at 90 accounts" in text_of(answer.text)
    assert 'value="90"' in answer.text


def test_who_plans_sees_policy_and_library_and_only_who_leads_runs_the_program(store):
    keys = known_keys(store)
    given = {role: given_key(store, role, role, sees_all=True) for role in ("reader", "lead", "editor", "subscriber")}
    keys.refresh()
    with served(store, Bearers(keys), caller_by_key=keys.caller_by_id) as api:
        cookies = {role: signed_in(api, key=key) for role, key in given.items()}
        opening = {"name": "Strategic accounts", "currency": "EUR", "timezone": "UTC", "idempotency-key": uuid4().hex}
        refused = api.request("POST", "/program/open", data=opening, headers=cookies["editor"] | FROM_HERE)
        assert refused.status_code == 403
        done = api.request("POST", "/program/open", data=opening, headers=cookies["lead"] | FROM_HERE)
        assert done.status_code == 303
        seen = {
            role: {
                path: api.get(path, cookie).status_code for path in ("/program", "/program/policy", "/program/rounds")
            }
            for role, cookie in cookies.items()
        }
        assert seen["lead"] == {"/program": 200, "/program/policy": 200, "/program/rounds": 200}
        assert seen["reader"] == seen["editor"] == {"/program": 200, "/program/policy": 200, "/program/rounds": 403}
        assert set(seen["subscriber"].values()) == {403}
        assert 'href="/program/do/adopt-policy"' not in api.get("/program/policy", cookies["reader"]).text


def test_forms_offer_what_the_library_has(api):
    told(api, "open-program", name="Strategic accounts", currency="EUR", timezone="UTC")
    for id, title in (("pilot", "Pilot on one line"), ("tour", "Tour of the plant")):
        told(api, "publish-play", **EXAMPLES["publish-play"] | {"id": id, "title": title})
    told(api, "retire-play", id="tour", reason="Too long")
    told(api, "publish-template", **EXAMPLES["publish-template"] | {"id": "first-month", "title": "The first month"})
    headers, key = signed_in(api) | FROM_HERE, uuid4().hex

    opening = form_at(api, "/open-plan", headers).text
    assert '<option value="first-month">The first month</option>' in opening
    typed = {"account_id": "alder", "account_name": "Alder", "tier": "growth", "owner": "ann", "currency": "EUR"}
    answer = api.request("POST", "/open-plan", data=typed | {"template": "first-month"}, headers=headers)
    assert answer.status_code == 303, text_of(answer.text)
    assert api.get("/v1/plans/alder").json()["version"] == 1 + len(EXAMPLES["publish-template"]["commands"])

    assert 'href="/plans/alder/do/adopt-play"' in api.get("/plans/alder/do", headers).text
    for command in ("adopt-play", "plan-play", "add-action"):
        form = form_at(api, f"/plans/alder/do/{command}", headers).text
        assert '<option value="pilot">Pilot on one line</option>' in form
        assert "Tour of the plant" not in form
    adopting = {"library_play": "pilot", "owner": "ann", "starts_on": "today", "idempotency-key": key}
    recorded = api.request("POST", "/plans/alder/do/adopt-play", data=adopting, headers=headers)
    assert "play planned" in text_of(recorded.text)
    over = adopting | {"library_play": "tour", "idempotency-key": uuid4().hex}
    refused = api.request("POST", "/plans/alder/do/adopt-play", data=over, headers=headers)
    assert refused.status_code == 409
    assert 'href="#field-library_play"' in refused.text


def test_a_plan_is_opened_by_its_form_and_what_is_wrong_stands_at_its_field(service):
    account = f"new-{uuid4().hex[:8]}"
    typed = {"account_id": account, "account_name": "Aspen Rail", "tier": "growth", "owner": "ann", "currency": "EURO"}
    headers = signed_in(service) | FROM_HERE
    wrong = service.request("POST", "/open-plan", data=typed, headers=headers)
    assert wrong.status_code == 422
    assert 'href="#field-currency"' in wrong.text
    right = service.request("POST", "/open-plan", data=typed | {"currency": "EUR"}, headers=headers)
    assert (right.status_code, right.headers.get("location")) == (303, f"/plans/{account}")
    assert "Aspen Rail" in page_of(service, f"/plans/{account}")
