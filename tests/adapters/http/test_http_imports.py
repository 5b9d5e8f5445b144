"""Tables sent to the service: dry runs, results row by row, and the same file a second time."""

import csv
import io
import json
import os
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap.imports import importing
from adapters.bootstrap.store import account_plans, the_program, utc_now
from adapters.exchange.imports import jobs
from adapters.exchange.imports.request import ImportRequest
from application.aggregates.access import Caller
from application.imports.rows import Row
from application.library.from_library import LibraryReader
from tests.api import Api, assert_problem, served
from tests.callers import Known, KnownOtherwiseAfterwards, as_, caller
from tests.places import ROOT
from tests.stores import OPEN_ACME, opened_acme, plans_on, wait_until

FILES = ROOT / "tests" / "files"
PEOPLE = """Name,Title,Level,Email,Reports to
Ben Ott,Head of IT,management,ott@acme.com,Maria Held
Maria Held,COO,executive,held@acme.com,
Kim Oh,Buyer,executon,kim@acme.com,
"""


def sent(api: Api, table: str | bytes, headers: Any = None, **asked: Any) -> dict[str, Any]:
    """The status of an import that is over."""
    options = {"kind": "stakeholders", "plan": api.plan, "dry_run": False} | asked
    form = {"data": {"options": json.dumps(options)}, "files": {"file": ("table", table)}}
    begun = api.request("POST", "/v1/imports", **form, headers=headers)
    assert begun.status_code == 202, begun.text
    assert begun.headers["location"] == f"/v1/imports/{begun.json()['id']}"
    status: dict[str, Any] = {}

    def over() -> bool:
        status.update(api.get(begun.headers["location"], headers).json())
        return status["state"] in ("finished", "refused", "stopped")

    wait_until(over, 30)
    return status


def counts(status: dict[str, Any]) -> tuple[int, int, int, int]:
    assert status["done"] == status["rows"], status["detail"]
    return status["recorded"], status["already_there"], status["failed"], status["unprocessed"]


def results(api: Api, status: dict[str, Any], part: str) -> list[dict[str, str]]:
    answer = api.get(f"/v1/imports/{status['id']}/{part}")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_a_dry_run_decides_every_row_and_records_nothing(acme: Api):
    status = sent(acme, PEOPLE, dry_run=True)
    assert (status["state"], counts(status)) == ("finished", (2, 0, 1, 0))
    assert status["known_by"] == ["email"]
    assert acme.version == 1
    assert status["problems"] == [
        {
            "row": 4,
            "plan": acme.plan,
            "column": "Level",
            "detail": "is none of its words; did you mean execution?",
            "read": "executon",
        }
    ]
    assert {"column": "Email", "field": "email", "read": "ott@acme.com", "value": "ott@acme.com"} in status["columns"]


def test_a_dry_run_tells_what_looks_like_a_mistake_in_the_row_and_column_where_it_is(acme: Api):
    """Among it everybody of ours whom nobody has named before, once, and what the plan has otherwise by now."""
    stranger = f"z{os.urandom(4).hex()}@acme.com"
    acme.done("add-action", id="ask", statement="Ask the COO", kind="task", owner="ann", due_on="2026-12-31")
    table = (
        "Id,Statement,Kind,Owner,Due on\n"
        f"call,Call the COO,task,{stranger},2026-12-31\n"
        f"visit,Visit the COO,task,{stranger.upper()},2026-12-31\n"
        "ask,Ask the COO,task,ann,2027-01-31\n"
        "old,Ask the CFO,task,ann,2099-01-31\n"
    )
    tried, done = (sent(acme, table, kind="actions", dry_run=dry_run) for dry_run in (True, False))
    told = [(each["row"], each["column"], each["detail"].split(" yet")[0], each["read"]) for each in tried["warnings"]]
    assert told == [
        (2, "Owner", f"Nobody of ours is known as “{stranger}”", stranger),
        (4, "Due on", "the plan has something else by now, which stays", "2027-01-31"),
        (5, "Due on", "2099-01-31 is more than 2 years ahead: is the year right?", "2099-01-31"),
    ]
    assert (tried["warned"], counts(tried)) == (3, (3, 1, 0, 0))
    assert [done[name] for name in ("warned", "warnings")] == [tried[name] for name in ("warned", "warnings")]
    [first, *_] = results(acme, done, "successful")
    assert first["plantrail_warnings"].startswith(f"Owner: Nobody of ours is known as “{stranger}” yet")


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("portfolio", "Account id,Account name,Tier,Owner,Currency\n{new},Aspen,growth,{who},EUR\n"),
        ("goals", "Kind,Statement,Measure,Unit,Baseline,Target,Due on,Owner\nstrategic,A,B,%,8,5,2027-01-31,{who}\n"),
        ("risks", "Kind,Statement,Likelihood,Impact,Owner\nbudget_freeze,Budget cut,3,4,{who}\n"),
        ("plays", "Title,Kind,Owner,Due on,Success measure\nTour,discovery,{who},2026-12-31,COO names 3 causes\n"),
        ("team", "Person,Role,From on\n{who},account_executive,2026-01-01\n"),
        ("touches", "Happened on,Kind,Stakeholders,Members,Summary\n2026-01-02,meeting,coo,ann; {who},Budget\n"),
    ],
)
def test_whoever_nobody_knows_is_told_in_rows_of_every_kind(acme: Api, kind, table):
    stranger, new = f"z{os.urandom(4).hex()}", f"aspen-{os.urandom(4).hex()}"
    acme.done("add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    plan = None if kind == "portfolio" else acme.plan
    status = sent(acme, table.format(who=stranger, new=new), kind=kind, plan=plan, dry_run=True)
    assert counts(status) == (1, 0, 0, 0), status
    assert [each["column"] for each in status["warnings"] if stranger in each["detail"]] == [
        {"team": "Person", "touches": "Members"}.get(kind, "Owner")
    ]


def test_a_row_of_a_portfolio_that_names_an_account_by_another_id_is_there_already(acme: Api):
    other = f"crm-{os.urandom(4).hex()}"
    acme.done("alias-account", account_id=other)
    table = f"Account id,Account name,Tier,Owner,Currency\n{other},Acme Manufacturing,strategic,ann,EUR\n"
    for dry_run in (True, False):
        status = sent(acme, table, kind="portfolio", plan=None, dry_run=dry_run)
        assert (counts(status), status["warnings"]) == ((0, 1, 0, 0), []), status


def test_what_is_recorded_is_recorded_as_ordinary_commands_of_one_conversation(acme: Api):
    status = sent(acme, PEOPLE)
    assert counts(status) == (2, 0, 1, 0)
    people = {each["name"]: each for each in acme.view().json()["sections"]["stakeholders"]["stakeholders"]}
    assert people["Ben Ott"]["reports_to"] == people["Maria Held"]["id"]
    assert not any("ott" in each["id"] or "held" in each["id"] for each in people.values())
    entries = acme.view("/history").json()["items"]
    assert [entry["type"] for entry in entries[1:]] == ["StakeholderAdded", "StakeholderAdded"]
    recorded = [json.loads(each.stored)["meta"] for each in acme.store.events.read(UUID(acme.plan_id))]
    assert {(meta["source"], meta["correlation_id"]) for meta in recorded[1:]} == {("import", status["id"])}


def test_rows_that_name_an_account_by_another_id_come_to_its_plan(acme: Api):
    acme.done("alias-account", account_id="crm-2")
    status = sent(acme, PEOPLE, plan="crm-2")
    assert counts(status) == (2, 0, 1, 0)
    assert len(acme.view().json()["sections"]["stakeholders"]["stakeholders"]) == 2


def test_an_amount_in_another_currency_than_the_plans_is_not_taken_for_one_in_it(acme: Api):
    deals = "Name,Amount,Stage,Close on,Source\n" + "".join(
        f"{amount},{amount},open,2026-12-31,inbound\n" for amount in ("€ 5", "5 EUR", "5", "CHF 5", "5 kr.")
    )
    status = sent(acme, deals, kind="opportunities")
    assert counts(status) == (3, 0, 2, 0)
    assert [(each["row"], each["column"], each["detail"]) for each in status["problems"]] == [
        (5, "Amount", "is in CHF, and the plan counts in EUR: convert it"),
        (6, "Amount", "is in DKK or ISK or NOK or SEK, and the plan counts in EUR: convert it"),
    ]


def test_an_instant_is_the_day_that_it_is_in_the_plans_time_zone(service: Api):
    due = ("2027-03-31T22:30:00Z", "2027-04-01T00:00:00Z", "2027-04-01 23:59")
    table = "Id,Statement,Kind,Owner,Due on\n" + "".join(
        f"a{place},Send the offer {place},task,ann,{each}\n" for place, each in enumerate(due)
    )
    for zone, days in (("Europe/Vienna", ["2027-04-01"] * 3), ("UTC", ["2027-03-31", "2027-04-01", "2027-04-01"])):
        account = f"{os.urandom(4).hex()}-{len(zone)}"
        service.post("/v1/plans", {**OPEN_ACME, "account_id": account, "timezone": zone})
        assert counts(sent(service, table, kind="actions", plan=account)) == (3, 0, 0, 0)
        actions = service.get(f"/v1/plans/{account}").json()["sections"]["plays"]["actions"]
        assert [each["due_on"] for each in actions] == days


def test_the_same_file_again_records_nothing_and_the_mended_rows_alone_do(acme: Api):
    first = sent(acme, PEOPLE)
    assert counts(sent(acme, PEOPLE)) == (0, 2, 1, 0)
    failed = acme.get(f"/v1/imports/{first['id']}/failed").content.decode("utf-8-sig")
    assert failed.splitlines()[1].startswith("4,Level,Level: is none of its words; did you mean execution?.,executon,")
    mended = failed.replace("executon,kim", "execution,kim")
    assert counts(sent(acme, mended)) == (1, 0, 0, 0)


def test_what_the_plan_says_by_now_stays_and_is_told(acme: Api):
    first = sent(acme, PEOPLE)
    id = next(each["plantrail_id"] for each in results(acme, first, "successful") if each["Name"] == "Ben Ott")
    acme.done("correct-stakeholder", id=id, title="CIO", reason="He was promoted")
    again = results(acme, sent(acme, PEOPLE), "successful")
    assert [(each["plantrail_outcome"], each["plantrail_differs"]) for each in again if each["Name"] == "Ben Ott"] == [
        ("already there", "title")
    ]


def test_all_or_nothing_leaves_the_plan_as_it_was(acme: Api):
    status = sent(acme, PEOPLE, all_or_nothing=True)
    assert counts(status) == (0, 0, 1, 2)
    assert acme.version == 1
    assert {each["Name"] for each in results(acme, status, "unprocessed")} == {"Ben Ott", "Maria Held"}
    assert counts(sent(acme, PEOPLE.replace("executon", "execution"), all_or_nothing=True)) == (3, 0, 0, 0)


def test_an_import_takes_no_place_in_memory_of_what_people_work_with(acme: Api):
    """Plans that were not at hand before are not afterwards; those that were are."""
    plans = account_plans(acme.store)
    importer = importing(plans, acme.store.portfolio, LibraryReader(the_program(acme.store), utc_now, uuid4), b"secret")
    asked = ImportRequest(kind="stakeholders", plan=acme.plan, dry_run=False)
    ann = Caller("ann", "developer", plans=None, personal_data=True)

    def imported(id: str) -> Any:
        body = {"id": id, "name": "Ben Ott", "title": "CIO", "level": "executive"}
        [result] = importer(ann, asked, "conversation").rows_of_plan(acme.plan, [Row(2, [body])])
        assert result.outcome == "recorded", result
        return plans.folded(UUID(acme.plan_id)).version

    assert imported("b1") == 0
    plans.read(UUID(acme.plan_id))
    assert imported("b2") == acme.version == 3


def test_a_row_twice_is_named_by_the_first(acme: Api):
    status = sent(acme, (FILES / "row-twice.csv").read_bytes())
    assert counts(status) == (1, 0, 1, 0)
    [problem] = status["problems"]
    assert problem["detail"].startswith("Row 2 has the same email.")
    assert problem["column"] in (FILES / "row-twice.csv").read_text().splitlines()[0].split(",")


def test_a_portfolio_opens_a_plan_a_row_and_the_tables_that_follow_name_it(service: Api):
    account, other = (f"001D000000{os.urandom(3).hex()[:5]}" for _ in range(2))
    accounts = f"Id,Name,OwnerId\n{account},Aspen,005x\n{other},Birch,005x\n"
    all_alike = {"tier": "growth", "currency": "EUR"}

    def imported(kind: str, mapping: str, table: str, **always: str) -> dict[str, Any]:
        return sent(service, table, kind=kind, plan=None, mapping=f"salesforce-{mapping}", always=always)

    assert counts(imported("portfolio", "account", accounts, **all_alike)) == (2, 0, 0, 0)
    assert counts(imported("portfolio", "account", accounts, **all_alike)) == (0, 2, 0, 0)
    contacts = f"Id,Name,Title,AccountId\n003a00000000001,Ann Lee,CFO,{account}\n003a00000000002,Bo,CIO,gone\n"
    people = imported("stakeholders", "contact", contacts, level="executive")
    assert counts(people) == (1, 0, 1, 0)
    assert people["problems"][0]["detail"] == "There is no plan “gone”."
    columns = "Id,Name,Amount,StageName,CloseDate,Probability,AccountId"
    deals = f"{columns}\n006a00000000001,Deal,1000,Open,2026-12-31,15,{account}\n"
    made = imported("opportunities", "opportunity", deals, source="inbound")
    assert counts(made) == (1, 0, 0, 0), made["problems"]
    roles = f"OpportunityId,ContactId,Opportunity.AccountId\n006a00000000001,003a00000000001,{account}\n"
    taking = imported("engagements", "opportunity-contact-role", roles)
    assert counts(taking) == (1, 0, 0, 0), taking["problems"]


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("units", "Name,Kind,Buying center,Parent\nRetail,business_unit,yes,\nDepot,site,no,Retail\n"),
        ("offerings", "Name,Kind\nInsight,product\n"),
        ("goals", "Kind,Statement,Measure,Unit,Baseline,Target,Due on,Owner\nstrategic,A,B,%,8,5,2027-01-31,ann\n"),
        ("risks", "Kind,Statement,Likelihood,Impact,Owner,ARR exposed\nbudget_freeze,Budget cut,3,4,ann,€ 120000\n"),
        ("plays", "Title,Kind,Owner,Due on,Success measure\nTour,discovery,ann,31.12.2026,COO names three causes\n"),
        ("actions", "Statement,Kind,Owner,Due on\nCall the COO,task,ann,31.12.2026\n"),
        ("team", "Person,Role,From on\nben,account_executive,2026-01-01\n"),
        ("contracts", "ARR,Starts on,Renews on,Products\n\"1,200,000.00\",2025-01-01,2027-01-01,Insight;Care\n"),
        ("health", "As of on,ARR,NPS,Health\n2026-01-02,1200000,-12,green\n"),
    ],
)  # fmt: skip
def test_every_kind_of_table_comes_in_once(acme: Api, kind, table):
    first = sent(acme, table, kind=kind)
    assert first["failed"] == 0, first["problems"]
    assert first["recorded"] == first["rows"]
    version = acme.version
    assert counts(sent(acme, table, kind=kind)) == (0, first["rows"], 0, 0)
    assert acme.version == version


def test_a_row_names_only_plays_that_the_library_has(acme: Api):
    table = "Statement,Kind,Owner,Due on,Library play\nCall the COO,task,ann,31.12.2026,nothing\n"
    status = sent(acme, table, kind="actions")
    assert counts(status) == (0, 0, 1, 0)
    assert "no library-play “nothing”" in status["problems"][0]["detail"]


def test_cells_and_touches_name_what_is_there_by_its_name(acme: Api):
    sent(acme, "Name,Kind,Buying center\nRetail,business_unit,yes\nDepot,site,no\n", kind="units")
    sent(acme, "Name,Kind\nInsight,product\nCare,product\n", kind="offerings")
    assert counts(sent(acme, (FILES / "grid.csv").read_bytes(), kind="cells", grid=True)) == (2, 0, 0, 0)
    sent(acme, PEOPLE)
    touches = "Happened on,Kind,Stakeholders,Members,Summary\n2026-01-02,meeting,Maria Held; Ben Ott,ann,Budget\n"
    assert counts(sent(acme, touches, kind="touches")) == (1, 0, 0, 0)
    assert counts(sent(acme, touches, kind="touches")) == (0, 1, 0, 0)


def test_nobody_imports_into_what_is_not_theirs_or_sees_the_imports_of_others(store):
    ann, eve = caller("ann", "editor", sees_all=True), caller("eve", "editor")
    with served(store, Known(ann, eve)) as api:
        api.post("/v1/plans", OPEN_ACME, as_("ann"))
        status = sent(api, PEOPLE, headers=as_("eve"), plan="acme")
        assert counts(status) == (0, 0, 3, 0)
        assert {each["detail"] for each in status["problems"]} == {"There is no plan “acme”."}
        assert api.get(f"/v1/imports/{status['id']}", as_("ann")).status_code == 404
        assert api.get(f"/v1/imports/{status['id']}/failed", as_("ann")).status_code == 404


def test_an_import_stops_when_the_right_that_it_was_sent_with_has_ended(store):
    opened_acme(plans_on(store))
    with served(store, KnownOtherwiseAfterwards(caller("ann", "editor", sees_all=True))) as api:
        status = sent(api, PEOPLE, as_("ann"), plan="acme")
        assert (status["state"], counts(status)) == ("stopped", (0, 0, 0, 3))
        assert "right to it has ended" in status["detail"]
        again = sent(api, PEOPLE, as_("ann"), plan="acme")  # with the rights they have by now
        assert (again["state"], counts(again)) == ("finished", (2, 0, 1, 0))


def test_nobody_takes_the_room_of_others(store, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_KEPT_OF_ONE", 1)
    opened_acme(plans_on(store))
    with served(store, Known(caller("ann", "editor"), caller("eve", "editor"))) as api:
        kept = sent(api, PEOPLE, headers=as_("ann"), plan="acme")
        dropped, *_ = (sent(api, PEOPLE, headers=as_("eve"), plan="acme") for _ in range(3))
        assert api.get(f"/v1/imports/{kept['id']}/failed", as_("ann")).status_code == 200
        assert api.get(f"/v1/imports/{dropped['id']}", as_("eve")).status_code == 404
        form = {"data": {"options": '{"kind": "stakeholders"}'}, "files": {"file": ("t.csv", b"Name")}}
        for most in ("MOST_OF_ONE", "MOST_IN_ALL"):
            with monkeypatch.context() as patch:
                patch.setattr(jobs, most, 0)
                answer = api.request("POST", "/v1/imports", **form, headers=as_("ann"))
            assert_problem(answer, 429, "too-many-requests")
            assert answer.headers["retry-after"]
        assert api.request("POST", "/v1/imports", **form, headers=as_("ann")).status_code == 202


def test_what_cannot_be_taken_is_refused_at_once(acme: Api):
    form = {"data": {"options": "{}"}, "files": {"file": ("t.csv", b"a")}}
    assert_problem(acme.request("POST", "/v1/imports", **form), 422, "invalid-fields", "/options/kind")
    for wrong, pointer, detail in (
        ({"kind": "stakeholdrs"}, "/options/kind", "which cannot be imported; did you mean “stakeholders”?"),
        ({"kind": "goals", "delimiter": '"'}, "/options/delimiter", ""),
    ):
        form["data"] = {"options": json.dumps(wrong)}
        refused = assert_problem(acme.request("POST", "/v1/imports", **form), 422, "invalid-fields", pointer)
        assert detail in refused["errors"][0]["detail"]
    assert_problem(acme.request("POST", "/v1/imports", json={}), 415, "unsupported-media-type")
    alone = acme.request("POST", "/v1/imports", data={"options": "{}"}, files={"other": ("t", b"")})
    assert_problem(alone, 422, "invalid-fields", "/file")
    large = {"Content-Length": "1000000000", "Content-Type": "multipart/form-data; boundary=x"}
    assert_problem(acme.request("POST", "/v1/imports", content=b"", headers=large), 413, "file-too-large")
    assert_problem(acme.get("/v1/imports/none"), 404, "unknown-import")


def test_a_file_that_cannot_be_read_is_refused_in_its_status(acme: Api):
    status = sent(acme, (FILES / "duplicate-header.csv").read_bytes())
    assert (status["state"], status["detail"]) == (
        "refused",
        "Columns 1 and 3 (A and C) are both called “Name”. Rename or delete one.",
    )
    assert acme.get(f"/v1/imports/{status['id']}/failed").status_code == 404
