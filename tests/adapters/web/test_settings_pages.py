"""Settings and proof: sessions, keys, webhooks with their attempts, certificates, who read what, the log verified."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest
from starlette.routing import Route

from adapters.access.callers import Bearers
from adapters.bootstrap.store import account_plans
from adapters.outbound.witnesses import FileWitness, Telling
from adapters.postgres.notary import Notary
from adapters.postgres.witnesses import PostgresWitnesses
from adapters.web.choices import Known
from adapters.web.guard import PageRoute
from adapters.web.settings.records import VIEWS, view_in_words
from application.aggregates.access import Caller
from tests.adapters.web.test_pages import FROM_HERE, NOBODY, form_at, signed_in, text_of
from tests.api import LOG_KEY, Api, served
from tests.callers import given_key, known_keys
from tests.receiver import Receiver, Reply, receiving
from tests.stores import OPEN_ACME, wait_until


def page_of(api: Api, path: str, cookie: dict[str, str] | None = None) -> str:
    page = form_at(api, path, cookie or signed_in(api))
    assert page.status_code == 200, text_of(page.text)
    return page.text


def post(api: Api, path: str, cookie: dict[str, str] | None = None, **data: str | list[str]):
    return api.request("POST", path, data=data or {"sent": "yes"}, headers=(cookie or signed_in(api)) | FROM_HERE)


def test_sessions_are_listed_and_ended_by_whoever_they_are_of(service):
    mine, other = signed_in(service, name="sue"), signed_in(service, name="sue")
    page = page_of(service, "/settings", mine)
    rows = [row for row in page.split("<tr>") if "this one" not in row]
    [id] = [id for row in rows for id in re.findall(r"/settings/sessions/([0-9a-f]+)/end", row)]
    assert post(service, f"/settings/sessions/{id}/end", signed_in(service, name="tom")).status_code == 404
    assert service.get("/", other).status_code == 200
    assert post(service, f"/settings/sessions/{id}/end", mine).status_code == 303
    assert service.get("/", other).status_code == 303
    assert service.get("/", mine).status_code == 200


def test_a_key_is_made_shown_once_used_and_revoked(store):
    keys = known_keys(store)
    root = given_key(store, "root", "admin", sees_all=True)
    keys.refresh()
    with served(store, Bearers(keys), caller_by_key=keys.caller_by_id, keys_changed=keys.refresh) as api:
        admin = signed_in(api, key=root)
        wrong = post(api, "/settings/keys", admin, name="Jane Doe", role="editor")
        assert wrong.status_code == 422
        assert 'value="Jane Doe"' in wrong.text
        made = post(api, "/settings/keys", admin, name="ann", role="editor")
        [key] = re.findall(r"plantrail_[0-9a-f]{12}_[A-Za-z0-9_-]{43}", made.text)
        assert made.headers["cache-control"] == "no-store"
        ann = signed_in(api, key=key)
        assert api.get("/", ann).status_code == 200
        assert key not in page_of(api, "/settings/keys", admin)
        assert "Keys" not in page_of(api, "/settings", ann), "what one may not do is not shown"
        assert api.get("/settings/keys", ann).status_code == 403
        assert post(api, f"/settings/keys/{key.split('_')[1]}/revoke", admin).status_code == 303
        assert api.get("/", ann).status_code == 303
        assert "revoked" in page_of(api, "/settings/keys", admin)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_an_operator_finds_out_why_a_webhook_fails_and_sends_again(service, receiver):
    refused = post(service, "/settings/webhooks", url="ftp://nowhere")
    assert refused.status_code == 422
    assert "ftp://nowhere" in refused.text
    for wrong, why in (({"digest": "soon"}, "monday 08:00"), ({"person": "ann"}, "give `digest` as well")):
        refused = post(service, "/settings/webhooks", url=receiver.url, **wrong)
        assert (refused.status_code, why in text_of(refused.text)) == (422, True)
    weekly = post(service, "/settings/webhooks", url=receiver.url, format="teams", digest="Monday 08:00", person="ann")
    assert "monday 08:00, UTC" in text_of(weekly.text)
    made = post(service, "/settings/webhooks", url=receiver.url, types="play-won", format="cloudevents")
    assert made.status_code == 200
    assert "whsec_" in made.text
    [id] = set(re.findall(r"/settings/webhooks/([0-9a-f-]{36})/pause", made.text))
    receiver.answers(Reply(500))
    assert post(service, f"/settings/webhooks/{id}/test").status_code == 303
    page = page_of(service, f"/settings/webhooks/{id}")
    assert "it answered 500" in text_of(page)
    assert "whsec_" not in page
    assert post(service, f"/settings/webhooks/{id}/pause").status_code == 303
    assert "ann paused it." in text_of(page_of(service, "/settings/webhooks"))
    assert post(service, f"/settings/webhooks/{id}/resume").status_code == 303
    assert "whsec_" in post(service, f"/settings/webhooks/{id}/rotate").text
    nothing = post(service, f"/settings/webhooks/{id}/replay", plan="nowhere")
    assert nothing.status_code == 422
    assert "There is no plan" in text_of(nothing.text)
    assert post(service, f"/settings/webhooks/{id}/delete").status_code == 303
    assert service.get(f"/settings/webhooks/{id}", signed_in(service)).status_code == 404
    assert post(service, "/settings/webhooks/not-an-id/pause").status_code == 404


def test_whatever_can_be_read_and_whoever_was_forgotten_is_told_of_in_german(acme):
    read = {
        view_in_words(route.name)
        for route in acme.app.routes
        if isinstance(route, Route) and "GET" in (route.methods or ()) and route.name != "asset"
        if route.name.startswith("read_") or (isinstance(route, PageRoute) and not route.name.startswith("sign"))
    }
    assert read - {"asyncapi"} <= set(VIEWS)
    acme.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    acme.done("forget-stakeholder", id="coo", reason="She asks for it")
    german = signed_in(acme) | {"Accept-Language": "de"}
    told = text_of(acme.get("/settings/erasures", german).text)
    assert "Der Schlüssel der Person: im Speicher vernichtet." in told
    assert "Generation 1 wird vernichtet: `plantrail keys rotate`" in told
    assert "The events keep" not in told


def test_who_was_forgotten_has_a_certificate_and_who_read_what_is_on_record(acme):
    acme.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    acme.done("add-action", id="call", statement="Call Jane Doe", kind="task", owner="ann", due_on="2026-02-10")
    asked = acme.get(f"/settings/erasures/forget?plan={acme.plan}", signed_in(acme))
    path = f"/settings/erasures/{acme.plan}/forget"
    assert asked.headers["location"] == path
    assert '<option value="coo">Jane Doe (coo)</option>' in page_of(acme, path)
    before = page_of(acme, f"{path}?id=coo")
    told = text_of(before)
    assert re.search(r"What goes .* stakeholder added 1 .*name", told)
    assert "Jane" not in told
    assert "What goes" in page_of(acme, f"/plans/{acme.plan}/do/forget-stakeholder?id=coo")
    assert 'method="post" action="/plans' not in page_of(acme, f"/plans/{acme.plan}/do/forget-stakeholder")
    assert "nobody of this id" in acme.get(f"{path}?id=nobody", signed_in(acme)).text
    typed = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', before)) | {"reason": "She asks for it"}
    forgotten = post(acme, path, **typed)
    assert forgotten.headers["location"] == f"/settings/erasures?plan={acme.plan}"
    assert "Jane" not in json.dumps(acme.view().json())
    assert post(acme, path, **typed | {"id": "Not An Id"}).status_code == 404
    assert "Jane" not in page_of(acme, path)
    page = text_of(page_of(acme, f"/settings/erasures?plan={acme.plan}"))
    assert "coo" in page
    assert "Key destroyed" in page
    page_of(acme, f"/plans/{acme.plan}")
    deadline = time.monotonic() + 20
    while "plan (page)" not in (reads := text_of(page_of(acme, f"/settings/reads?plan={acme.plan}"))):
        assert time.monotonic() < deadline, reads
        time.sleep(0.1)
    assert re.search(r"ann \w+ plan \(page\) Acme Manufacturing event \d+ ", reads), reads


def test_the_address_of_a_calendar_is_made_shown_once_read_and_ended(acme):
    mine = signed_in(acme, name="cal")
    assert "No calendar was made yet" in page_of(acme, "/settings/calendars", mine)
    acme.done("assign-member", person="cal", role="customer_success", from_on="2026-01-05")
    assert post(acme, "/settings/calendars", mine, contents="plan", plan="nowhere").status_code == 422
    assert post(acme, "/settings/calendars", mine, contents="everything").status_code == 422
    made = post(acme, "/settings/calendars", mine, contents="plan", plan=acme.plan)
    [address] = re.findall(r"(/calendars/[A-Za-z0-9_-]{43}\.ics)", made.text)
    assert acme.get(address, NOBODY).text.startswith("BEGIN:VCALENDAR")
    page = page_of(acme, "/settings/calendars", mine)
    assert address not in page
    assert "Everything of one plan" in text_of(page)
    [id] = re.findall(r"/settings/calendars/([0-9a-f]+)/end", page)
    assert post(acme, f"/settings/calendars/{id}/end", signed_in(acme, name="tom")).status_code == 404
    assert post(acme, f"/settings/calendars/{id}/end", mine).status_code == 303
    assert acme.get(address, NOBODY).status_code == 404


def test_the_log_is_verified_on_its_page_and_a_bundle_proves_a_plan(store):
    with served(store) as api:
        api = api.with_a_plan("acme")
        assert "There is no checkpoint yet" in page_of(api, "/proof")
        Notary(store.datastore, LOG_KEY, api.clock).seal()
        assert "plantrail/" in page_of(api, "/proof")
        assert post(api, "/proof/verify").status_code == 303
        deadline = time.monotonic() + 20
        while "As they were signed: 1 events of 1 plans" not in (page := text_of(page_of(api, "/proof"))):
            assert time.monotonic() < deadline, page
            time.sleep(0.05)
        chosen = api.get("/proof/bundle?plan=acme&on=", signed_in(api))
        assert chosen.headers["location"] == "/plans/acme/bundle"
        bundle = api.get(chosen.headers["location"], signed_in(api))
        assert bundle.headers["content-type"] == "application/zip"
        with ZipFile(BytesIO(bundle.content)) as contents:
            assert json.loads(contents.read("manifest.json"))["format"]


def test_the_proof_shows_who_received_the_checkpoints_and_who_could_not_be_reached(store, tmp_path):
    there, away = FileWitness(tmp_path / "there"), FileWitness(tmp_path / "nowhere" / "away")
    with served(store) as api:
        api = api.with_a_plan("acme")
        Notary(store.datastore, LOG_KEY, api.clock).seal()
        assert "Nobody outside receives the checkpoints yet" in text_of(page_of(api, "/proof"))
        record = PostgresWitnesses(store.datastore)
        telling = Telling([there, away], lambda: store.tree.latest().note, 0.01, record=record)
        telling.start()
        wait_until(lambda: [*map(bool, [each.told_size or each.failing_since for each in record.all()])] == [True] * 2)
        told = text_of(page_of(api, "/proof"))
        assert re.search(r"…/there 1 \S+ \S+ \S+ \S+ has the latest", told), told
        assert re.search("…/away – never nothing has arrived since", told), told
        assert str(tmp_path) not in told, "where it is on the machine is nobody's business"
        api.done("confirm-section", section="risks")
        telling.stop()
        Notary(store.datastore, LOG_KEY, api.clock).seal()
        assert "is being told" in text_of(page_of(api, "/proof"))


def test_plans_and_people_are_chosen_by_name(store):
    with served(store) as api:
        for id, name in (
            ("acme", "Acme, Inc."),
            ("inc", "Acme"),
            ("zeta", "Zeta (old)"),
            ("z1", "Twins"),
            ("z2", "Twins"),
        ):
            api.done("open-plan", **OPEN_ACME | {"account_id": id, "account_name": name})
        store.portfolio.catch_up(api.clock)
        known, everybody = Known(store.portfolio, account_plans(store, api.clock)), Caller("ann", "editor", None)
        meant = {
            "acme": "acme", "Acme": "inc", "ACME, inc.": "acme", "Acme (inc)": "inc", "Acme (acme)": "Acme (acme)",
            "Zeta (old)": "zeta", "zeta (old) (zeta)": "zeta",
            "Twins": "Twins", "Twins (z2)": "z2", "new": "new", "": "",
        }  # fmt: skip
        assert {typed: known.account_id(typed, everybody) for typed in meant} == meant
        assert known.account_ids(["inc, zeta", "Acme, Inc.", ""], everybody) == ["inc", "zeta", "acme"]
        assert known.account_id("Acme", Caller("tom", "reader")) == "Acme", "of a plan that they do not see"
        cookie = signed_in(api)
        for page in ("keys", "webhooks", "handovers", "erasures", "reads"):
            shown = page_of(api, f"/settings/{page}", cookie)
            assert 'list="known-plans"' in shown
            assert '<option value="Twins (z2)"></option>' in shown
            assert '<option value="ann"></option>' in shown
        typed = {"name": "sue", "role": "editor", "expires_at": "+2w", "plans": ["Acme, Inc.", "Twins (z2)", ""]}
        made = text_of(post(api, "/settings/keys", cookie, **typed).text)
        assert re.search(r"sue \w+ editor Acme, Inc\., Twins ", made), made
        [key] = [key for key in store.api_keys.all() if key.name == "sue"]
        assert (key.plans, key.expires_at.date()) == (("acme", "z2"), api.clock().date() + timedelta(weeks=2))


def owners(acme) -> list[str]:
    return [each["owner"] for each in acme.view().json()["sections"]["plays"]["actions"]]


def test_what_somebody_owns_is_shown_before_it_is_handed_over_and_what_is_left_with_its_reason(acme):
    acme.done("add-action", id="call", statement="Call the plant", kind="task", owner="eva", due_on="2026-02-10")
    acme.done("assign-member", person="eva", role="sales_engineer", from_on="2026-01-05")
    empty = page_of(acme, "/settings/handovers")
    assert "Show what would be handed over" in empty
    assert 'method="post" action="/settings/handovers"' not in empty
    asked = "/settings/handovers?from=eva&to=ben&reason=Eva+leaves"
    before = page_of(acme, asked)
    told = text_of(before)
    assert "1 thing would be handed over. 1 thing is left to decide." in told
    listed = "action Call the plant .*would be handed over .*member eva · sales engineer .*They are on the team"
    assert re.search(listed, told)
    assert "eva" in owners(acme)
    german = acme.get(asked, signed_in(acme) | {"Accept-Language": "de"})
    assert "1 Sache würde übergeben." in text_of(german.text)
    assert "Sie gehören zum Team" in text_of(german.text)
    typed = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', before))
    done = text_of(post(acme, "/settings/handovers", **typed).text)
    assert "1 thing was handed over." in done
    assert owners(acme) == ["ben"]
    assert "Done once already" in text_of(post(acme, "/settings/handovers", **typed).text)
    asked_anew = {name: value for name, value in typed.items() if name != "idempotency-key"}
    assert "1 thing is left to decide." in text_of(post(acme, "/settings/handovers", **asked_anew).text), (
        "nothing twice"
    )
    wrong = post(acme, "/settings/handovers", **typed | {"to": "eva"})
    assert (wrong.status_code, "name somebody else" in text_of(wrong.text)) == (422, True)


def hidden(page: str, action: str) -> dict[str, str]:
    """What a form of a page says without anybody typing it."""
    [form] = re.findall(rf'<form method="post" action="{re.escape(action)}".*?</form>', page, re.DOTALL)[:1]
    return dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))


@pytest.mark.parametrize(("path", "typed", "listed"), [
    ("/settings/keys", {"name": "ann", "role": "editor"}, r"/settings/keys/[0-9a-f]+/revoke"),
    ("/settings/webhooks", {"url": "https://93.184.216.34/hooks"}, r"/settings/webhooks/[0-9a-f-]{36}"),
    ("/settings/calendars", {"contents": "mine"}, r"/settings/calendars/[0-9a-f]+/end"),
])  # fmt: skip
def test_a_form_of_settings_makes_one_thing_however_often_it_is_sent(service, path, typed, listed):
    cookie = signed_in(service, name="root")
    key = hidden(page_of(service, path, cookie), path)
    before = set(re.findall(listed, page_of(service, path, cookie)))
    with ThreadPoolExecutor() as threads:
        answers = [*threads.map(lambda _: post(service, path, cookie, **key, **typed), range(3))]
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    made = set(re.findall(listed, page_of(service, path, cookie))) - before
    assert len(made) == 1
    again = post(service, path, cookie, **key, **typed)
    assert again.status_code == 409
    assert "Done once already" in text_of(again.text)
    assert f'href="{path}"' in again.text
    other = post(service, path, cookie, **hidden(page_of(service, path, cookie), path), **typed)
    assert other.status_code == 200, "another form is another wish"


def test_a_form_that_was_refused_may_be_sent_again_and_a_secret_is_changed_once(service, receiver):
    cookie = signed_in(service, name="root")
    made = hidden(page_of(service, "/settings/webhooks", cookie), "/settings/webhooks")
    for status in (422, 422):
        assert post(service, "/settings/webhooks", cookie, **made, url="ftp://nowhere").status_code == status
    shown = post(service, "/settings/webhooks", cookie, **made, url=receiver.url)
    assert shown.status_code == 200, "with other words it is another wish under the same key"
    [rotate] = re.findall(r'action="(/settings/webhooks/[^"]+/rotate)"', shown.text)
    key = hidden(shown.text, rotate)
    assert "whsec_" in post(service, rotate, cookie, **key).text
    assert post(service, rotate, cookie, **key).status_code == 409, "else nobody would have seen the secret that signs"
