"""A review held in one page: from what was said to a list that is reset, all or nothing."""

from uuid import uuid4

import pytest

from adapters.privacy.drafts import Drafts
from adapters.web.forms.form import FormData
from adapters.web.review.typed import COMMAND_FOR, typed_commands
from domain.account_plan import COMMANDS
from tests.adapters.web.test_pages import FROM_HERE, form_at, signed_in, text_of
from tests.adapters.web.test_program_pages import told
from tests.api import Api, served
from tests.histories import instant

HOLD = {"hold-kind": "monthly", "hold-audience": "internal", "hold-ours": "ann, ben"}


@pytest.fixture
def office(store):
    """Return the service a month after a review at which three promises were made."""
    with served(store) as api:
        api.clock.now = instant("2026-01-05")
        api = api.with_a_plan("acme")
        for id, due in (("sow", "2026-01-20"), ("visit", "2026-01-25"), ("price", "2026-01-30")):
            api.done(
                "add-action",
                id=id,
                statement=f"Have the {id} agreed with the COO",
                kind="task",
                owner="ann",
                due_on=due,
            )
        api.done("plan-play", id="pilot", title="Pilot on line B", kind="proof", owner="ann", due_on="2026-03-01",
                 success_measure="Rework down 25 %")  # fmt: skip
        api.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
        api.done("hold-review", id="R1", kind="monthly", audience="internal", held_on="2026-01-05", ours=["ann"])
        api.clock.now = instant("2026-02-02")
        yield api


def rows(api: Api) -> dict[str, list[str]]:
    page = form_at(api, f"/plans/{api.plan}/review", signed_in(api)).text
    keys = [part.partition('"')[0] for part in page.split('name="promise" value="')[1:]]
    return {"promise": keys}


def hold(api: Api, cookie=None, **typed: str):
    data = {
        "idempotency-key": uuid4().hex,
        "expected-version": str(api.version),
        "hold-held_on": "2026-02-02",
        "hold-id": "R2",
    }
    data |= HOLD | rows(api) | {name.replace("__", "-"): value for name, value in typed.items()}
    return api.request("POST", f"/plans/{api.plan}/review", data=data, headers=(cookie or signed_in(api)) | FROM_HERE)


def test_a_review_follows_its_own_agenda_or_else_that_of_the_program(office):
    items = [{"topic": "The list", "minutes": 10}, {"topic": "Risks", "minutes": 20}]
    told(office, "open-program", name="Strategic accounts", currency="EUR", timezone="UTC")
    told(office, "publish-agenda", kind="monthly", items=items, minutes=45)

    def shown() -> str:
        return text_of(form_at(office, f"/plans/{office.plan}/review", signed_in(office)).text)

    assert "Agenda The list 10 min Risks 20 min" in shown()
    own = {"id": "Q1", "kind": "qbr", "planned_on": "2026-02-09", "ours": ["ann"], "theirs": ["coo"]}
    office.done("schedule-review", **own, agenda=[{"topic": "Value", "minutes": 15}])
    assert "Agenda Value 15 min What was said No review of this kind was held before." in shown()


def test_what_is_still_being_typed_is_left_out_of_what_is_looked_ahead_to(office):
    """Half a promise, a day that is none, and a promise dropped without a reason: the rest is told all the same."""
    typed = {
        "hold-kind": "monthly", "hold-ours": "", "hold-held_on": "someday",
        "promise-action-sow-fate": "done", "promise-action-sow-finished_on": "2026-01-19",
        "promise-action-visit-fate": "moved",
        "promise-action-price-fate": "dropped",
        "new-0-statement": "Half said",
        "new-1-statement": "Deepen the relationship", "new-1-kind": "task", "new-1-owner": "ann",
        "new-1-due_on": "+2w",
    }  # fmt: skip
    headers = signed_in(office) | FROM_HERE
    answer = office.request("POST", "/plans/acme/review/ahead", data=rows(office) | typed, headers=headers)
    assert answer.status_code == 200
    told = text_of(answer.text)
    assert "What the report will say Kept 1 of" in told
    assert "This has no object, name, number or date" in told


def test_a_review_that_is_held_again_after_back_is_held_once(office):
    """Its page is asked for anew at the address it had, which names its key."""
    cookie = signed_in(office)
    address = office.get("/plans/acme/review", cookie).headers["location"]

    def held_again(statement: str):
        key = office.get(address, cookie).text.partition('name="idempotency-key" value="')[2].partition('"')[0]
        new = {"new-0-statement": statement, "new-0-kind": "task", "new-0-owner": "ben", "new-0-due_on": "2026-03-12"}
        return hold(office, cookie, **{"idempotency-key": key, "hold-id": ""}, **new)

    assert held_again("Host the COO").headers["location"].startswith("/plans/acme/said-vs-did")
    version = office.version
    assert held_again("Host the COO").headers["location"].startswith("/plans/acme/said-vs-did")
    told = held_again("Host the CFO")
    assert "recorded already, with other words" in text_of(told.text)
    assert "Host the CFO" in told.text
    assert office.version == version


def test_everything_is_recorded_in_one_step_and_the_report_follows(office):
    before = office.version
    answer = hold(
        office,
        **{
            "promise-action-sow-fate": "done", "promise-action-sow-result": "Signed",
            "promise-action-sow-finished_on": "2026-01-19",
            "promise-action-visit-fate": "moved", "promise-action-visit-due_on": "+2w",
            "promise-action-visit-reason": "The COO travels",
            "promise-action-price-fate": "dropped", "promise-action-price-reason": "Procurement froze",
            "new-0-statement": "Host the COO at the Linz plant", "new-0-kind": "task",
            "new-0-owner": "ben", "new-0-due_on": "2026-03-12",
            "attitude": "stakeholder:coo", "attitude-stakeholder-coo-attitude": "1",
            "attitude-stakeholder-coo-evidence": "Asked for the visit herself",
            "hold-decisions": "Go on with the pilot\nAsk for a second site",
        },
    )  # fmt: skip
    assert (answer.status_code, answer.headers.get("location")) == (303, "/plans/acme/said-vs-did?to=review:R2"), (
        text_of(answer.text)
    )
    history = office.view("/history").json()["items"]
    new = [entry["type"] for entry in history if entry["version"] > before]
    assert new == [
        "ActionCompleted",
        "ActionRescheduled",
        "ActionDropped",
        "ActionAdded",
        "SentimentChanged",
        "ReviewHeld",
    ]
    assert len({entry["correlation_id"] for entry in history if entry["version"] > before}) == 1
    report = office.view("/said-vs-did", to="review:R2").json()
    outcomes = {row["id"]: row["outcome"] for row in report["said"]}
    assert outcomes == {"sow": "kept", "visit": "slipped", "price": "dropped", "pilot": "pending"}
    page = office.get("/plans/acme/said-vs-did?to=review:R2", signed_in(office))
    assert page.status_code == 200
    assert "Go on with the pilot" in page.text
    sow = next(row for row in report["said"] if row["id"] == "sow")
    finish = sow["events"][-1]
    assert f'completed <a href="/events/{finish}">{finish.rpartition(":")[2]}</a>' in page.text


def test_what_was_promised_at_the_review_is_said_at_the_next(office):
    hold(
        office,
        **{
            "new-0-statement": "Host the COO in Linz",
            "new-0-kind": "task",
            "new-0-owner": "ben",
            "new-0-due_on": "2026-02-20",
        },
    )
    office.clock.now = instant("2026-03-02")
    hold(office, **{"hold-held_on": "2026-03-02", "hold-id": "R3"})
    report = office.view("/said-vs-did", to="review:R3").json()
    assert "Host the COO in Linz" in {row["title"] for row in report["said"]}


def test_one_mistake_keeps_all_of_it_from_being_recorded_and_nothing_typed_is_lost(office):
    before = office.version
    answer = hold(
        office,
        **{
            "promise-action-sow-fate": "done", "promise-action-sow-result": "Signed",
            "promise-action-price-fate": "dropped",
            "new-0-statement": "Host the COO", "new-0-kind": "task", "new-0-owner": "ben",
        },
    )  # fmt: skip
    assert answer.status_code == 422
    assert office.version == before
    assert "Host the COO" in answer.text
    assert 'value="Signed"' in answer.text
    assert 'href="#promise-action-price-reason"' in answer.text


def test_a_refusal_names_the_row(office):
    answer = hold(office, **{"promise-action-sow-fate": "done", "promise-action-sow-finished_on": "2026-02-03"})
    assert answer.status_code == 409
    assert 'href="#promise-action-sow-finished_on"' in answer.text


def test_what_somebody_changed_meanwhile_is_shown_and_nothing_is_lost(office):
    seen = office.version
    office.done("reschedule-action", id="sow", due_on="2026-02-20", reason="legal asks for it")
    before = office.version
    answer = hold(
        office,
        **{
            "expected-version": str(seen),
            "promise-action-sow-fate": "done",
            "promise-action-sow-result": "Signed on paper",
        },
    )
    assert answer.status_code == 412
    assert office.version == before
    assert "Signed on paper" in answer.text
    assert "action rescheduled" in text_of(answer.text)


def test_the_report_can_be_seen_ahead_and_a_vague_promise_is_told(office):
    data = HOLD | rows(office) | {
        "hold-held_on": "2026-02-02", "hold-id": "R2",
        "promise-action-sow-fate": "done", "promise-action-sow-finished_on": "2026-01-20",
        "new-0-statement": "Deepen the relationship", "new-0-kind": "task", "new-0-owner": "ann", "new-0-due_on": "+2w",
    }  # fmt: skip
    before = office.version
    ahead = office.request("POST", "/plans/acme/review/ahead", data=data, headers=signed_in(office) | FROM_HERE)
    assert office.version == before
    page = text_of(ahead.text)
    assert "What the report will say Kept 1 of 3" in page
    assert "what will be different" in page


def test_a_draft_survives_a_closed_tab_and_is_nobody_elses(office):
    data = HOLD | {"hold-notes": "The COO was late"}
    cookie = signed_in(office)
    assert office.request("POST", "/plans/acme/review/draft", data=data, headers=cookie | FROM_HERE).status_code == 204
    assert "The COO was late" in form_at(office, "/plans/acme/review", signed_in(office)).text
    assert "The COO was late" not in form_at(office, "/plans/acme/review", signed_in(office, name="ben")).text
    office.clock.forward(days=14, minutes=1)
    assert "The COO was late" not in form_at(office, "/plans/acme/review", signed_in(office)).text


def test_a_draft_is_gone_when_the_review_was_held_or_somebody_was_forgotten(office):
    for end in (
        lambda: hold(office),
        lambda: office.done("forget-stakeholder", id="coo", reason="She asks for it"),
    ):
        data = HOLD | {"hold-notes": "The COO was late"}
        office.request("POST", "/plans/acme/review/draft", data=data, headers=signed_in(office) | FROM_HERE)
        end()
        assert "The COO was late" not in form_at(office, "/plans/acme/review", signed_in(office)).text


def test_a_draft_is_sealed_and_opens_for_its_place_alone(store):
    plan, other, at = uuid4(), uuid4(), instant("2026-02-02")
    drafts = Drafts(store.drafts, bytes(32))
    drafts.save("ann", plan, "review", [("hold-notes", "The COO was late")], at)
    with store.datastore.connection() as connection:
        [(box,)] = connection.execute("SELECT box FROM plantrail.drafts").fetchall()
        assert b"late" not in box
        connection.execute("UPDATE plantrail.drafts SET plan_id = %s", (other,))
    assert drafts.find("ann", other, "review", at) is None


def test_a_play_and_an_action_have_a_command_for_all_that_may_become_of_them():
    assert set(COMMAND_FOR.values()) <= set(COMMANDS)
    assert {kind for kind, _ in COMMAND_FOR} == {"play", "action"}


@pytest.mark.parametrize("chosen", ["3", "x", "", "1; DROP"])
def test_only_an_attitude_there_is_can_be_chosen(chosen):
    data = FormData([("attitude", "stakeholder:coo"), ("attitude-stakeholder-coo-attitude", chosen)])
    assert [each.name for each in typed_commands(data, instant("2026-02-02").date())] == ["hold-review"]


def test_a_review_takes_as_many_promises_as_there_are(office):
    """Once, rows beyond the two hundredth were left out without a word."""
    many = [f"step-{number}" for number in range(250)]
    body = {"statement": "Call the plant about the pilot", "kind": "task", "owner": "ann", "due_on": "2026-03-01"}
    for some in (many[:100], many[100:200], many[200:]):
        assert office.do_all(*(("add-action", body | {"id": id}) for id in some)).status_code == 200
    first = office.get(f"/plans/{office.plan}/promises", signed_in(office)).text
    assert first.count(">Call the plant about the pilot</a></strong>") < len(many)
    assert "All 254" in first
    every = office.get(f"/plans/{office.plan}/promises?all=yes", signed_in(office)).text
    assert every.count(">Call the plant about the pilot</a></strong>") == len(many)
    done = {f"promise-action-{id}-fate": "done" for id in many}
    assert hold(office, **done).status_code == 303
    assert [each for each in rows(office)["promise"] if "step" in each] == []
