"""My day: what somebody promised in all their plans and what waits for them; and what is wrong in the portfolio."""

import re
from html import unescape

from adapters.bootstrap.store import findings_across_plans
from adapters.postgres.store import Store
from tests.adapters.web.test_pages import FROM_HERE, signed_in, text_of
from tests.api import Api, served
from tests.histories import instant


def kept_up(api: Api, store: Store) -> None:
    """The tables follow the log."""
    store.portfolio.catch_up(api.clock)
    findings_across_plans(store, api.clock).catch_up()


def office(api: Api, store: Store) -> None:
    """Two plans: in one ann is on the team, in the other she is not; promises of hers and of others."""
    acme, zeta = api.with_a_plan("acme"), api.of("zeta")
    acme.done("reassign-plan", owner="ben", reason="Ann is away")
    acme.done("assign-member", person="ann", role="customer_success", from_on="2026-01-05")
    acme.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    acme.done("agree-pairing", member="ann", stakeholder="coo", every_days=3)
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-01-04")
    acme.done("add-action", id="price", statement="Send the price", kind="task", owner="ann", due_on="2026-03-01")
    acme.done("add-action", id="ben", statement="Call the lawyers", kind="task", owner="ben", due_on="2026-01-09")
    acme.done("schedule-review", id="R1", kind="monthly", planned_on="2026-01-20", ours=["ann"])
    opened = {"account_id": "zeta", "account_name": "Zeta", "tier": "growth", "owner": "eve", "currency": "EUR"}
    zeta.done("open-plan", **opened)
    zeta.done("add-action", statement="Somebody else's", kind="task", owner="eve", due_on="2026-01-09")
    kept_up(api, store)


def test_my_promises_of_all_plans_stand_by_their_day_and_are_done_in_place(store):
    with served(store) as api:
        office(api, store)
        cookie = signed_in(api)
        page = api.get("/me", cookie).text
        text = text_of(page)
        assert re.search(r"Overdue 1 Sign the SOW Acme Manufacturing .* Later 1 Send the price", text)
        assert "Call the lawyers" not in text
        assert "Somebody else" not in text
        assert "monthly review Acme Manufacturing · 20 Jan 2026" in text
        assert "be in touch with Jane Doe Acme Manufacturing · 8 Jan 2026" in text
        forms = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', page, re.DOTALL)
        action, fields = next(form for form in forms if 'value="action:sow"' in form[1] and 'value="done"' in form[1])
        typed = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', fields)}
        typed["promise-action-sow-finished_on"] = "2026-01-04"
        answer = api.request("POST", action, data=typed, headers=cookie | FROM_HERE)
        assert (answer.status_code, answer.headers["location"]) == (303, "/me")
        assert "Sign the SOW" not in api.get("/me", cookie).text
        assert action == "/me/acme"
        late = typed | {
            "promise": "action:price",
            "promise-action-price-fate": "done",
            "idempotency-key": "late",
            "promise-action-price-finished_on": "2027-01-01",
            "promise-action-price-result": "Sent <all>",
        }
        refused = api.request("POST", action, data=late, headers=cookie | FROM_HERE)
        assert refused.status_code in (409, 412)
        assert "<h1>My day</h1>" in refused.text
        assert 'role="alert"' in refused.text
        assert 'value="Sent &lt;all&gt;"' in refused.text
        assert "Nothing of yours is open" in text_of(api.get("/me", signed_in(api, name="zoe")).text)


def test_the_portfolio_counts_what_is_wrong_by_how_loud_it_is(store):
    with served(store) as api:
        office(api, store)
        api.clock.now = instant("2026-09-01")
        kept_up(api, store)
        found = [each for each in api.of("acme").view("/findings").json()["items"] if not each["excused"]]
        alarms = sum(each["severity"] == "alarm" for each in found)
        assert alarms
        text = text_of(api.get("/", signed_in(api)).text)
        assert re.search(rf"Acme Manufacturing acme .*? {alarms} alarms? ", text)
        owned = api.get("/v1/plans", person="ben").json()["items"]
        assert [each["account_id"] for each in owned] == ["acme"]


def test_findings_of_all_plans_are_filtered_ended_and_excused_where_they_stand(store):
    with served(store) as api:
        office(api, store)
        api.clock.now = instant("2026-09-01")
        kept_up(api, store)
        cookie = signed_in(api)
        page = api.get("/findings", cookie).text
        assert {"Acme Manufacturing", "Zeta"} <= set(re.findall(r'#findings">([^<]+)</a>', page))
        only = api.get("/findings?rule=overdue-promise&owner=ben&severity=", cookie).text
        assert set(re.findall(r'#findings">([^<]+)</a>', only)) == {"Acme Manufacturing"}
        forms = re.findall(r'<form method="post" action="([^"]+)">(.*?)</form>', only, re.DOTALL)
        action, fields = next(
            form for form in forms if form[0].endswith("/complete-action") and 'value="sow"' in form[1]
        )
        typed = {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', fields)}
        answer = api.request("POST", action, data=typed, headers=cookie | FROM_HERE)
        assert "Recorded." in text_of(answer.text)
        assert 'href="/findings?rule=overdue-promise&amp;owner=ben">Back</a>' in answer.text
        kept_up(api, store)
        assert "Sign the SOW" not in api.get("/findings?rule=overdue-promise", cookie).text

        assert "/plans/acme/do/grant-exception?rule=overdue-promise" in only
        api.of("acme").done("grant-exception", rule="overdue-promise", until_on="2026-12-01", reason="A merger")
        kept_up(api, store)
        excused = api.get("/findings?rule=overdue-promise&excused=true", cookie).text
        assert "excused until 1 Dec 2026 by ann" in text_of(excused)
        assert "/plans/acme/do/revoke-exception?rule=overdue-promise" in excused
        assert "Nothing like that is wrong" in api.get("/findings?excused=true&tier=enterprise", cookie).text
        assert api.get("/findings?since=soon", cookie).status_code == 422
