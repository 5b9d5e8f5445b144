"""The pages as a browser without scripts sees them."""

import re
from html import escape, unescape

import pytest
from httpx import Response

from adapters.access.callers import Bearers
from adapters.web.assets import SCRIPTS, SHEETS, assets
from adapters.web.guard import CONTENT_SECURITY_POLICY
from adapters.web.plan.columns import COLUMNS
from domain.account_plan import THINGS
from tests.api import Api, served
from tests.callers import given_key, known_keys
from tests.places import ROOT
from tests.stores import included

NOBODY = {"Cookie": "another=site"}
"""A browser that is not signed in here, whatever others of these tests have done."""

FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
HTMX_SHA384 = "Qp9rdC8H7EqOoX-nR0P3RPG2Noji-qdwJlGpfzwQJsfOpp3sGwIdSP9xO3-UlEhn"


def signed_in(api: Api, **form: str) -> dict[str, str]:
    answer = api.request("POST", "/sign-in", data=form or {"name": "ann"}, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    return {"Cookie": cookie.partition(";")[0]}


def form_at(api: Api, path: str, cookie: dict[str, str], **filled_in: str) -> Response:
    """A form, at the address that has its key."""
    answer = api.get(path, cookie, **filled_in)
    return api.get(answer.headers["location"], cookie) if answer.status_code == 303 else answer


def text_of(page: str) -> str:
    """Return the text that a reader sees; what a field offers shows when it is typed into."""
    page = re.sub(r"<datalist.*?</datalist>", "", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_what_was_typed_outlives_the_session(acme):
    typed = {"statement": "Call\nthe <COO> & \"Ann\"", "kind": "task", "owner": "ann", "due_on": "2027-03-01",
             "id": "call", "idempotency-key": "of-this-form"}  # fmt: skip
    path, before = f"/plans/{acme.plan}/do/add-action", acme.version
    answer = acme.request("POST", path, data=typed, headers=FROM_HERE | NOBODY)
    assert answer.status_code == 403
    assert acme.version == before
    kept = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', answer.text, re.DOTALL)
    again = {name: unescape(value) for name, value in kept}
    assert again == typed
    assert f'action="{path}"' in answer.text
    assert "Recorded." in acme.request("POST", path, data=again, headers=FROM_HERE | signed_in(acme)).text
    assert acme.version == before + 1
    elsewhere = {"Sec-Fetch-Site": "cross-site"} | NOBODY
    assert "COO" not in acme.request("POST", path, data=typed, headers=elsewhere).text, "it shows nobody else's words"


def test_what_was_typed_outlives_an_error(acme):
    """As where somebody lost a right, a plan is gone, or the store did not answer."""
    typed = {"statement": "Call <the COO>", "idempotency-key": "of-this-form"}
    path, cookie = "/plans/gone/do/add-action", signed_in(acme)
    answer = acme.request("POST", path, data=typed, headers=FROM_HERE | cookie)
    assert answer.status_code == 404
    assert "statement Call <the COO>" in text_of(answer.text)
    kept = re.findall(r'<textarea hidden name="([^"]+)">\n(.*?)</textarea>', answer.text, re.DOTALL)
    assert {name: unescape(value) for name, value in kept} == typed
    elsewhere = {"Sec-Fetch-Site": "cross-site"} | cookie
    assert "COO" not in acme.request("POST", path, data=typed, headers=elsewhere).text, "it shows nobody else's words"


def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(acme):
    path = f"/plans/{acme.plan}?as_of=version:1"
    asked = acme.get(path, NOBODY)
    assert (asked.status_code, asked.headers["location"]) == (
        303,
        f"/sign-in?to=%2Fplans%2F{acme.plan}%3Fas_of%3Dversion%3A1",
    )
    answer = acme.request("POST", "/sign-in", data={"name": "ann", "to": path}, headers=FROM_HERE)
    assert answer.headers["location"] == path


def test_a_script_is_told_that_nobody_is_signed_in_and_led_nowhere(acme):
    for accepted in ("application/json", "text/event-stream"):
        asked = acme.get(f"/plans/{acme.plan}/since", NOBODY | {"Accept": accepted})
        assert (asked.status_code, asked.content) == (401, b"")


@pytest.mark.parametrize(
    "to", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "elsewhere"]
)
def test_nobody_is_led_to_another_site_by_signing_in(service, to):
    answer = service.request("POST", "/sign-in", data={"name": "ann", "to": to}, headers=FROM_HERE)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}, {}],
)
def test_a_form_that_another_site_sent_does_nothing(service, headers):
    answer = service.request("POST", "/sign-in", data={"name": "ann"}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert "not sent from a page of this service" in text_of(answer.text)


def test_an_older_browser_is_known_by_its_origin(service):
    answer = service.request("POST", "/sign-in", data={"name": "ann"}, headers={"Origin": "http://localhost"})
    assert answer.status_code == 303


def test_the_portfolio_is_a_table_with_a_row_a_plan(store):
    with served(store) as api:
        position = api.with_a_plan("acme").done("confirm-section", section="risks")["position"]
        follower = store.portfolio.follower(api.clock)
        follower.start()
        included(store.portfolio, position)
        follower.stop()
        page = api.get("/?q=acme", signed_in(api))
        assert page.status_code == 200
        assert "Acme Manufacturing" in page.text
        assert 'href="/plans/acme"' in page.text


def test_a_page_that_is_asked_for_wrongly_says_what_to_look_at(service):
    page = service.get("/?tier=golden", signed_in(service))
    assert page.status_code == 422
    assert "tier" in text_of(page.text)


def test_a_plan_shows_every_value_and_where_it_comes_from(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    acme.done("reschedule-action", id="sow", due_on="2026-03-10", reason="legal is on leave")
    cookie = signed_in(acme)
    assert "Sign the SOW" in acme.get(f"/plans/{acme.plan}", cookie).text
    value = text_of(acme.get(f"/plans/{acme.plan}/values/action/sow/due_on", cookie).text)
    assert "10 Mar 2026" in value
    assert "legal is on leave" in value
    blamed = text_of(acme.get(f"/plans/{acme.plan}?blame=yes", cookie).text)
    assert "action rescheduled – legal is on leave" in blamed


def test_a_section_says_how_old_it_is_and_who_confirmed_or_changed_it_last(acme):
    acme.done("write-note", section="risks", text="The buyer is new")
    acme.done("confirm-section", section="goals")
    page, version = acme.get(f"/plans/{acme.plan}", signed_in(acme)).text, acme.version
    told = text_of(page)
    assert re.search(r"risks 0 days old, may be \d+ · changed by ann ", told), told
    assert re.search(r"goals 0 days old, may be \d+ · confirmed by ann ", told), told
    assert "competition empty so far Nothing is said here yet." in told
    assert f'href="/events/{acme.plan_id}:{version}"' in page


def test_the_time_machine_shows_the_plan_as_it_stood_and_says_so(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    cookie = signed_in(acme)
    now, then = (acme.get(f"/plans/{acme.plan}{cut}", cookie) for cut in ("", "?as_of=version:1"))
    assert "Sign the SOW" in now.text
    assert "Sign the SOW" not in then.text
    assert "Nothing can be changed here" in then.text
    assert "Nothing can be changed here" not in now.text
    assert f'href="/plans/{acme.plan}/changes?from=version%3A1&amp;to=now"' in then.text
    assert len(acme.get(f"/plans/{acme.plan}/steps", cookie).json()) == acme.version


def test_the_json_of_a_page_is_of_the_same_point_and_the_same_choice(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    home, cookie = f"/plans/{acme.plan}", signed_in(acme)
    for path, twin in {
        home: f"/v1{home}",
        f"{home}?as_of=version:1": f"/v1{home}?as_of=version%3A1",
        f"{home}/history?actor=ann&words=sow&to=version:1": f"/v1{home}/history?actor=ann&to=version%3A1",
        f"{home}/values/action/sow/due_on": f"/v1{home}/entities/action/sow/history",
        f"{home}/changes?from=version:1": f"/v1{home}/diff?from=version%3A1&to=now",
        f"/events/{acme.plan_id}:2": f"/v1{home}/history?from=version%3A1&to=version%3A2",
        "/?tier=strategic&tier=growth&sort=&blame=yes": "/v1/plans?tier=strategic&tier=growth",
        "/settings/erasures?plan=acme": "/settings/erasures?plan=acme&as=json",
        "/plans/nowhere": "/plans/nowhere?as=json",
    }.items():
        page = acme.get(path, cookie)
        assert page.headers["link"] == f'<{twin}>; rel="alternate"; type="application/json"'
        assert f'<link rel="alternate" type="application/json" href="{escape(twin)}">' in page.text
        answer = acme.get(twin, cookie)
        assert answer.json(), twin
        assert answer.status_code == page.status_code, twin


def test_a_report_until_a_day_that_is_not_over_says_that_it_may_still_change(acme):
    cookie, today = signed_in(acme), acme.clock().date().isoformat()
    held = {"kind": "monthly", "audience": "internal", "held_on": today, "ours": ["ann"]}
    acme.done("hold-review", id="m", **held)
    report = acme.get(f"/plans/{acme.plan}/said-vs-did?from=review:m&to={today}", cookie).text
    assert "it may still change" in text_of(report)


def test_the_bar_takes_a_second_point_to_compare_with_whichever_is_earlier(acme):
    held = {"kind": "monthly", "audience": "internal", "held_on": "2026-01-05", "ours": ["ann"]}
    acme.done("hold-review", id="m-2026-01", **held)
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    cookie = signed_in(acme)
    bar = acme.get(f"/plans/{acme.plan}", cookie).text
    assert '<input type="hidden" name="from" value="now">' in bar
    assert '<option value="review:m-2026-01">m-2026-01</option>' in bar
    there, back = (
        acme.get(f"/plans/{acme.plan}/changes", cookie, **{"from": one, "to": other}).text
        for one, other in (("now", "review:m-2026-01"), ("review:m-2026-01", "now"))
    )
    assert "Sign the SOW" in text_of(there)
    assert text_of(there.partition("<h2>")[2]) == text_of(back.partition("<h2>")[2])


def test_nothing_can_be_changed_at_a_point_that_is_over(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    acme.done("confirm-section", section="risks")
    cookie = signed_in(acme)
    for path in ("", "/findings", "/promises", "/review", "/map", "/whitespace", "/do", "/do/add-action"):
        page = form_at(acme, f"/plans/{acme.plan}{path}?as_of=version:2", cookie).text
        assert "Nothing can be changed here" in page, path
        main = page.partition("<main")[2].partition("</main>")[0]
        assert 'method="post"' not in main, path
        assert path.startswith("/do") or "/do/" not in main, path


def test_values_at_the_top_of_pages_lead_to_who_set_them(acme):
    acme.done("add-action", id="sow", statement="Sign the SOW", kind="task", owner="ann", due_on="2026-02-10")
    acme.done("set-contract", arr="1000", starts_on="2026-01-01", renews_on="2026-12-31", products=["o"])
    acme.done("add-unit", id="u", name="Linz", kind="site", buying_center=True)
    acme.done("list-offering", id="o", name="Hub", kind="product")
    acme.done("assess-cell", unit="u", offering="o", penetration="aware", arr_potential="500", probability="0.5")
    acme.done("write-summary", relevance="Three plants", why_now="A tender", goal_sentence="One plant more")
    acme.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    acme.done("change-sentiment", id="coo", attitude=1, evidence="Said so")
    acme.done("raise-risk", id="r", statement="One plant", kind="low_adoption", likelihood=2, impact=4, owner="ann")
    cookie, on_top = signed_in(acme), re.compile(r'href="(/plans/[^"]*/values/[^"]*)"')
    wanted = {
        "": "contract/contract/arr contract/contract/renews_on summary/summary/goal_sentence summary/summary/why_now"
        " stakeholder/coo/name stakeholder/coo/attitude risk/r/statement risk/r/likelihood risk/r/impact risk/r/owner"
        " action/sow/due_on",
        "/promises": "action/sow/state action/sow/due_on",
        "/whitespace": "cell/u%3Ao/arr_potential cell/u%3Ao/penetration",
    }
    values = []
    for path, on_the_page in wanted.items():
        page = acme.get(f"/plans/{acme.plan}{path}", cookie).text
        on_its_top = set(on_top.findall(page.partition('id="section-summary"')[0]))
        leading = [f"/plans/{acme.plan}/values/{value}" for value in on_the_page.split()]
        assert set(leading) <= on_its_top, path
        values += leading
    tier = re.findall(r'<dd><a class="value" href="([^"]*/tier)"', acme.get(f"/plans/{acme.plan}", cookie).text)
    for address in [*values, *tier]:
        assert "ann" in text_of(acme.get(address, cookie).text.partition("<tbody>")[2]), address
    assert tier


def test_values_of_canvas_and_grid_say_who_set_them_where_that_is_asked(acme):
    acme.done("add-unit", id="u", name="Linz", kind="site", buying_center=True)
    acme.done("list-offering", id="o", name="Hub", kind="product")
    acme.done("assess-cell", unit="u", offering="o", penetration="aware", arr_potential="500", probability="0.5")
    acme.done("add-stakeholder", id="coo", name="Jane Doe", level="executive")
    cookie = signed_in(acme)
    for path, told in (("/whitespace", "cell assessed"), ("", "stakeholder added")):
        plain, blamed = (acme.get(f"/plans/{acme.plan}{path}{query}", cookie).text for query in ("", "?blame=yes"))
        on_top = text_of(blamed.partition('id="section-summary"')[0])
        assert re.search(rf"ann, [^:]+:\S+: {told}", on_top), on_top
        assert 'data-key="b" title="b">Hide who set what' in blamed
        assert 'data-key="b" title="b">Show who set what' in plain
        assert 'class="origin"' not in plain


def test_a_row_of_the_portfolio_leads_to_who_set_its_values(store):
    with served(store) as api:
        follower = store.portfolio.follower(api.clock)
        follower.start()
        acme = api.with_a_plan("acme")
        acme.done("set-contract", arr="1000", starts_on="2026-01-01", renews_on="2026-12-31", products=["o"])
        position = acme.done("confirm-section", section="risks")["position"]
        included(store.portfolio, position)
        follower.stop()
        cookie = signed_in(acme)
        page = acme.get("/?q=acme", cookie).text
        values = [f"/plans/acme/values/{value}" for value in ("plan/plan/tier", "plan/plan/owner",
                  "contract/contract/arr", "contract/contract/renews_on")]  # fmt: skip
        for address in values:
            assert f'href="{address}"' in page
            assert "ann" in text_of(acme.get(address, cookie).text.partition("<tbody>")[2]), address
        told = text_of(acme.get("/?q=acme&blame=yes", cookie).text)
        assert re.search(r"ann, [^:]+:\S+: contract set", told), told


@pytest.mark.parametrize("path", ["", "/values/action/none/due_on", "?as_of=version:99", "?as_of=2999-01-01"])
def test_what_is_not_there_has_a_page_that_says_so(acme, path):
    plan = acme.plan if path else "nowhere"
    page = acme.get(f"/plans/{plan}{path}", signed_in(acme))
    assert page.status_code == (422 if "as_of" in path else 404)
    assert page.headers["content-type"].startswith("text/html")


def test_a_page_runs_no_script_and_shows_no_style_of_anybody_else(acme):
    for page in (
        acme.get("/sign-in"),
        acme.get("/", signed_in(acme)),
        acme.get(f"/plans/{acme.plan}", signed_in(acme)),
    ):
        assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page.text)
        assert re.findall(r"<script(?![^>]*\ssrc=)", page.text) == []


def test_who_signed_out_is_out(acme):
    cookie = signed_in(acme)
    assert acme.request("POST", "/sign-out", headers=cookie | FROM_HERE).headers["location"] == "/sign-in"
    assert acme.get("/", cookie).status_code == 303


def test_a_session_ends_twelve_hours_after_it_was_last_used(store):
    with served(store) as api:
        cookie = signed_in(api)
        api.clock.forward(hours=11)
        assert api.get("/", cookie).status_code == 200
        api.clock.forward(hours=11, minutes=59)
        assert api.get("/", cookie).status_code == 200
        api.clock.forward(hours=12)
        assert api.get("/", cookie).status_code == 303


def test_a_session_begun_with_a_key_ends_with_the_key(store):
    keys = known_keys(store)
    key = given_key(store, "ann", "editor", "acme")
    keys.refresh()
    with served(store, Bearers(keys), caller_by_key=keys.caller_by_id) as api:
        assert api.request("POST", "/sign-in", data={"name": "ann"}, headers=FROM_HERE).status_code == 422
        cookie = signed_in(api, key=key)
        assert api.get("/", cookie).status_code == 200
        store.api_keys.revoke(key.split("_")[1], api.clock())
        keys.refresh()
        assert api.get("/", cookie).status_code == 303


def test_assets_are_named_by_their_content_and_kept_for_ever(service):
    for asset in assets().values():
        answer = service.get(asset.address, {"Accept-Encoding": "gzip"})
        assert answer.status_code == 200
        assert answer.content == asset.content
        assert "immutable" in answer.headers["cache-control"]
    assert service.get("/assets/pages.0000.css").status_code == 404


def test_every_file_of_style_and_script_is_served():
    static = ROOT / "adapters" / "web" / "static"
    assert {file.stem for file in (static / "css").iterdir()} == set(SHEETS)
    assert {file.name.removesuffix(".js") for file in (static / "js").glob("*.js")} == set(SCRIPTS)


def test_htmx_is_the_released_file():
    assert assets()["htmx.min.js"].digest == HTMX_SHA384


def test_every_kind_of_thing_has_columns():
    assert set(COLUMNS) == set(THINGS)
    assert {kind: set(fields) - set(THINGS[kind].model_fields) for kind, fields in COLUMNS.items()} == {
        kind: set() for kind in COLUMNS
    }
