"""Conditional requests: nobody overwrites a change that they have not seen, and nobody is sent what they already
have."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx import Response
from psycopg.conninfo import conninfo_to_dict

from adapters.http.conditional import Answer, ReadyAnswers
from adapters.postgres import timelines
from adapters.postgres.store import Store, begin_another_log, opened
from tests.api import Api, Told, assert_problem, served
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.histories import instant
from tests.stores import OPEN_ACME, connected, wait_until

REVIEW = {"kind": "monthly", "audience": "internal", "ours": ["ann"], "theirs": []}

NOTE = {"section": "plan", "text": "Budget talks in May"}
PLAY = {"kind": "proof", "owner": "ann", "due_on": "2026-05-01", "success_measure": "Rework down 25 %"}
VIEWS = ["", "/history", "/entities/play/pilot/history", "/blame", "/diff", "/reviews"]


def seen(api: Api) -> str:
    return api.view().headers["etag"]


@pytest.fixture
def playing(acme: Api) -> Api:
    """Return the service with a plan that has two plays and a risk."""
    for id in ("pilot", "tour"):
        acme.done("plan-play", id=id, title=id.title(), **PLAY)
    risk = {"kind": "other", "statement": "Budget freeze", "likelihood": 1, "impact": 1, "owner": "ann"}
    acme.done("raise-risk", id="freeze", **risk)
    return acme


# If-Match


def test_what_was_changed_meanwhile_is_not_overwritten(playing: Api):
    tag = seen(playing)
    playing.done("reschedule-play", id="pilot", due_on="2026-06-01", reason="Plant is closed")
    answer = playing.do("reschedule-play", headers={"If-Match": tag}, id="pilot", due_on="2026-05-15")
    problem = assert_problem(answer, 412, "version-conflict")
    assert problem["current_version"] == 5
    assert playing.view().json()["sections"]["plays"]["plays"][0]["due_on"] == "2026-06-01"


def test_a_screen_is_told_what_happened_meanwhile_as_in_the_history(playing: Api):
    tag = seen(playing)
    playing.done("reschedule-play", id="pilot", due_on="2026-06-01", reason="Plant is closed")
    playing.done("write-note", **NOTE)
    answer = playing.do("start-play", headers={"If-Match": tag}, id="pilot")
    history = playing.view("/history").json()["items"]
    assert assert_problem(answer, 412, "version-conflict")["events"] == history[-2:]
    assert history[-2]["changes"][0]["before"] == "2026-05-01"


def test_of_many_events_the_first_fifty_are_told(playing: Api):
    tag = seen(playing)
    for _ in range(2):
        moves = [("reschedule-play", {"id": "pilot", "due_on": f"2026-06-{day:02}"}) for day in range(1, 31)]
        assert playing.do_all(*moves).status_code == 200
    problem = assert_problem(playing.do("start-play", headers={"If-Match": tag}, id="pilot"), 412, "version-conflict")
    assert problem["current_version"] == 64
    assert [entry["version"] for entry in problem["events"]] == list(range(5, 55))


@pytest.mark.parametrize(
    ("meanwhile", "body", "command", "concerned"),
    [
        ("start-play", {"id": "pilot"}, ("restate-play", {"id": "pilot", "title": "T"}), True),
        ("start-play", {"id": "tour"}, ("restate-play", {"id": "pilot", "title": "T"}), False),
        ("write-note", NOTE, ("restate-play", {"id": "pilot", "title": "T"}), False),
        ("restate-risk", {"id": "freeze", "statement": "S"}, ("restate-play", {"id": "pilot", "title": "T"}), False),
        # of what a plan has one of, the section counts
        ("write-note", NOTE, ("rename-account", {"account_name": "A"}), True),
        ("change-tier", {"tier": "growth", "reason": "r"}, ("rename-account", {"account_name": "A"}), True),
        ("start-play", {"id": "pilot"}, ("rename-account", {"account_name": "A"}), False),
        ("note-news", {"kind": "ipo", "happened_on": "2026-01-05", "summary": "S"},
         ("describe-account", {"industry": "Steel"}), True),
        ("write-summary", {"relevance": "R"}, ("describe-account", {"industry": "Steel"}), False),
    ],
)  # fmt: skip
def test_stale_is_what_concerned_the_same(playing: Api, meanwhile, body, command, concerned):
    tag = seen(playing)
    playing.done(meanwhile, **body)
    name, wish = command
    one = playing.do(name, headers={"If-Match": tag}, **wish)
    assert one.status_code == (412 if concerned else 200), one.text


def test_a_list_is_stale_when_one_of_its_commands_is(playing: Api):
    tag = {"If-Match": seen(playing)}
    playing.done("start-play", id="pilot")
    stale, fresh = ("restate-play", {"id": "pilot", "title": "T"}), ("restate-play", {"id": "tour", "title": "T"})
    assert_problem(playing.do_all(fresh, stale, headers=tag), 412, "version-conflict")
    assert playing.do_all(fresh, headers=tag).status_code == 200


@pytest.mark.parametrize("tag", ['"4.0"', '"4"', 'W/"4.0.2026-01-05"', '"4.7.2031-12-31"', '"1.0", "4.0"', "*", None])
def test_what_was_seen_is_read_out_of_any_tag_of_a_view(playing: Api, tag):
    headers = {"If-Match": tag} if tag else {}
    assert playing.do("start-play", headers=headers, id="pilot").status_code == 200
    assert playing.do("start-play", headers=headers, id="tour").status_code == 200


@pytest.mark.parametrize("view", ["", "/history", "/blame", "/reviews", "/entities/play/pilot/history"])
def test_every_view_of_a_plan_has_a_tag_to_match(playing: Api, view):
    tag = playing.view(view).headers["etag"]
    assert playing.do("start-play", headers={"If-Match": tag}, id="pilot").status_code == 200
    assert_problem(playing.do("start-play", headers={"If-Match": tag}, id="pilot"), 412, "version-conflict")


def test_a_command_answers_the_tag_of_what_it_made(playing: Api):
    tag = playing.do("start-play", id="pilot").headers["etag"]
    assert tag == seen(playing)
    assert playing.do("block-play", headers={"If-Match": tag}, id="pilot", reason="r").status_code == 200


def test_a_view_of_the_past_was_seen_as_of_then(playing: Api):
    tag = playing.view(as_of="version:2").headers["etag"]
    assert playing.do("start-play", headers={"If-Match": tag}, id="pilot").status_code == 200
    assert_problem(playing.do("block-play", headers={"If-Match": tag}, id="pilot", reason="r"), 412, "version-conflict")


def test_a_version_there_is_not_yet_was_seen_elsewhere(playing: Api):
    problem = assert_problem(
        playing.do("start-play", headers={"If-Match": '"9.0"'}, id="pilot"), 412, "version-conflict"
    )
    assert problem["current_version"] == 4


@for_each("tag", ["", "4", '"four"', '"4', "W/4", '"-1"', '"4.0" "5.0"', '"4.0", *', '"' + "9" * 10 + '"'])
def test_what_is_no_tag_of_ours_is_refused(playing: Api, tag):
    assert_problem(playing.do("start-play", headers={"If-Match": tag}, id="pilot"), 400, "malformed-if-match")
    assert playing.version == 4


def test_without_a_tag_the_last_word_counts(playing: Api):
    playing.done("restate-play", id="pilot", title="Yours")
    playing.done("restate-play", id="pilot", title="Mine")
    assert playing.view().json()["sections"]["plays"]["plays"][0]["title"] == "Mine"


def test_of_two_processes_that_race_without_tags_nobody_is_turned_away_and_nothing_is_lost(acme: Api):
    with opened(acme.store.where, KEY) as store, served(store) as other, ThreadPoolExecutor(4) as pool:
        apis = [acme, other.of(acme.plan)] * 20
        answers = list(pool.map(lambda api: api.do("write-note", **NOTE), apis))
    assert [answer.status_code for answer in answers] == [200] * 40
    assert sorted(answer.json()["version"] for answer in answers) == list(range(2, 42))
    assert acme.version == 41


# If-None-Match


@for_each("view", VIEWS)
def test_what_is_known_is_not_sent_again(told: Told, view):
    full = told.view(view)
    tag = full.headers["etag"]
    assert full.headers["vary"] == "Authorization"
    assert full.headers["cache-control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", "*", f'"1.0", {tag}', f'{tag},W/"2.0"'):
        answer = told.view(view, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        assert [answer.headers[name] for name in ("etag", "vary", "cache-control")] == [
            tag, "Authorization", "private, no-cache",
        ]  # fmt: skip


@for_each("view", VIEWS)
@for_each("known", ['"1.0"', "", "garbage", '"1.0.2026-01-05", "2.0"'])
def test_what_is_not_known_is_sent(told: Told, view, known):
    assert told.view(view, headers={"If-None-Match": known}).status_code == 200


@for_each("view", VIEWS)
def test_an_unchanged_view_is_the_same_bytes(told: Told, view):
    assert told.view(view).content == told.view(view).content


def test_a_tag_tells_version_erasures_and_day(told: Told):
    today, version = told.api.clock.now.date(), told.api.version
    for tag in (told.view().headers["etag"], told.view(as_of=str(today)).headers["etag"]):
        assert re.fullmatch(rf'"{version}\.1\.{today}\.log-[0-9a-f]{{12}}"', tag)


@pytest.mark.parametrize("as_of", ["version:5", "event:acme:5", "2026-01-06", "2026-01-06T12:00:00Z", "review:R1"])
def test_the_past_does_not_change_with_the_day(told: Told, as_of):
    tag = told.view(as_of=as_of).headers["etag"]
    assert re.fullmatch(r'"[0-9]+\.1\.log-[0-9a-f]{12}"', tag)


@pytest.mark.parametrize(("view", "cut"), [("", "as_of"), ("/said-vs-did", "from"), ("/diff", "from"), ("/diff", "to")])
def test_a_review_that_is_struck_is_a_new_answer_for_it_says_so(api: Api, view: str, cut: str):
    api = api.with_a_plan("acme")
    api.done("hold-review", id="R0", held_on=str(api.clock().date()), **REVIEW)
    held = api.done("hold-review", id="R1", held_on=str(api.clock().date()), **REVIEW)["events"][0]["id"]
    asked = {cut: "review:R1"} | ({"from": "review:R0"} if cut == "to" else {})
    before = api.view(view, **asked)
    assert api.view(view, headers={"If-None-Match": before.headers["etag"]}, **asked).status_code == 304
    api.done("strike-entry", event=held, reason="It was called off")
    after = api.view(view, headers={"If-None-Match": before.headers["etag"]}, **asked)
    assert after.status_code == 200
    assert after.json()["as_of" if cut == "as_of" else cut]["struck"]


def test_a_new_event_is_a_new_answer(acme: Api):
    known = {"If-None-Match": seen(acme)}
    assert acme.view(headers=known).status_code == 304
    acme.done("write-note", **NOTE)
    assert acme.view(headers=known).status_code == 200
    assert acme.view("/history", headers=known).json()["items"][-1]["data"]["text"] == NOTE["text"]


def test_a_new_day_is_a_new_answer(api: Api):
    api = api.with_a_plan("acme")
    api.done("plan-play", id="pilot", title="Pilot", **PLAY)
    api.clock.now = instant("2026-05-01")
    due = api.view()
    api.clock.forward(days=1)
    late = api.view(headers={"If-None-Match": due.headers["etag"]})
    assert (overdue(due), overdue(late)) == (0, 1)
    assert api.view(headers={"If-None-Match": late.headers["etag"]}).status_code == 304


def overdue(answer: Response) -> int:
    return int(answer.json()["metrics"]["promises"]["overdue"])


def test_whom_one_forgot_is_gone_from_every_answer_that_was_ready(acme: Api):
    acme.done("add-stakeholder", id="cfo", name="Jane Doe", level="executive")
    cut = {"as_of": "version:2"}
    before = acme.view(**cut)
    assert "Jane Doe" in before.text
    acme.done("forget-stakeholder", id="cfo")
    after = acme.view(headers={"If-None-Match": before.headers["etag"]}, **cut)
    assert after.status_code == 200
    assert "Jane" not in after.text
    assert after.headers["etag"].startswith('"2.1.log-')


def test_different_questions_are_answered_differently_under_the_same_tag(told: Told):
    one, other = told.view("/history", limit="1"), told.view("/history", limit="2")
    assert one.headers["etag"] == other.headers["etag"]
    assert (len(one.json()["items"]), len(other.json()["items"])) == (1, 2)


# Another log


def test_what_was_seen_of_a_store_is_not_taken_for_what_its_restored_copy_says(stores: Stores):
    """Both begin alike and go on otherwise, by as many events."""
    paths = ["/v1/plans/acme" + view for view in ("", "/history", "/blame", "/reviews")]
    paths += [
        "/v1/plans/acme/diff?from=version:1",
        "/v1/plans/acme/said-vs-did?from=version:1",
        "/v1/reports/said-vs-did?month=2026-01",
    ]
    tags: dict[str, str] = {}
    with stores.lend() as one, stores.lend() as other:
        begin_another_log(other)
        for text, where in {"one": one, "other": other}.items():
            with opened(where, KEY) as store, served(store) as api:
                api.done("open-plan", **OPEN_ACME)
                noted = api.do("rename-account", account_name=text)
                if tags:
                    for path, tag in tags.items():
                        answer = api.get(path, {"If-None-Match": tag})
                        assert answer.status_code == 200, path
                    for seen_there in (
                        tags["/v1/plans/acme"],
                        f"{tags['/v1/plans/acme']}, W/{tags['/v1/plans/acme/blame']}",
                    ):
                        answer = api.do("rename-account", {"If-Match": seen_there}, account_name="lost")
                        assert assert_problem(answer, 412, "version-conflict")["current_version"] == 2
                    both = f"{tags['/v1/plans/acme']}, {noted.headers['etag']}"
                    assert api.do("rename-account", {"If-Match": both}, account_name="seen").status_code == 200
                tags = {path: api.get(path).headers["etag"] for path in paths}


def test_a_service_under_which_a_store_was_restored_remembers_nothing_of_the_log_before(store: Store):
    with served(store) as api:
        api.done("open-plan", **OPEN_ACME)
        noted = api.do("rename-account", account_name="one")
        before = api.view()
        assert api.view(headers={"If-None-Match": noted.headers["etag"]}).status_code == 304
        begin_another_log(store.where)
        after = api.view(headers={"If-None-Match": before.headers["etag"]})
        assert (after.status_code, after.json()) == (200, before.json())
        answer = api.do("rename-account", {"If-Match": before.headers["etag"]}, account_name="lost")
        assert_problem(answer, 412, "version-conflict")
        answer = api.do("rename-account", {"If-Match": after.headers["etag"]}, account_name="seen")
        assert answer.headers["etag"].rpartition(".")[2] == after.headers["etag"].rpartition(".")[2]


def test_what_was_lost_when_another_server_took_over_is_neither_shown_nor_decided_on(store, postgres, monkeypatch):
    """The log is the same, and so is the version of what was recorded there since."""
    name = conninfo_to_dict(store.where.owner)["dbname"]
    with served(store) as api, opened(store.where, KEY) as elsewhere, served(elsewhere) as other:
        api.done("open-plan", **OPEN_ACME)
        noted = api.do("add-stakeholder", id="cfo", name="Lost Doe", level="executive")
        store.portfolio.catch_up(api.clock)
        shown = [api.view(), other.view(), api.view("/history"), other.get("/v1/plans")]
        with connected(postgres.conninfo("superuser", name)) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute("DELETE FROM plantrail.stored_events WHERE originator_version = 2")
            connection.execute("DELETE FROM plantrail_keys.person_keys")
            monkeypatch.setattr(timelines, "TIMELINE", "SELECT 2")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                (name,),
            )
        kept = {"id": "cfo", "name": "Kept Doe", "level": "executive"}
        wait_until(lambda: api.do("add-stakeholder", **kept).is_success)
        for each, seen in zip((api, other, api), shown[:3], strict=True):
            answer = each.get(seen.request.url.path, {"If-None-Match": seen.headers["etag"]})
            assert (answer.status_code, "Lost" in answer.text, "Kept" in answer.text) == (200, False, True)
        stale = api.do("rename-account", {"If-Match": noted.headers["etag"]}, account_name="overwritten")
        assert_problem(stale, 412, "version-conflict")
    with opened(store.where, KEY) as anew, served(anew) as api:  # who knows nothing but the keys that are kept
        assert "Kept Doe" in api.view().text


@pytest.mark.parametrize("on", [None, 1, 2])
def test_a_server_tells_on_which_timeline_it_is_and_some_do_not(store, monkeypatch, on):
    async def looked() -> int | None:
        (await store.datastore.open_in_loop()).close()
        return store.datastore.timeline.seen

    forgotten: list[int] = []
    store.datastore.timeline.when_another(lambda: forgotten.append(1))
    if on != 1:
        monkeypatch.setattr(timelines, "TIMELINE", "SELECT 2" if on else "SELECT there_is_no_such_function()")
    assert asyncio.run(looked()) == (on or 1)
    store.datastore.connect().close()
    assert forgotten == [1] * (on == 2)


# Ready answers


def test_ready_answers_are_bounded_by_what_was_asked_as_well():
    ready = ReadyAnswers(most_bytes=10_000)
    for number in range(100):
        ready.put("view", f"{number}".encode().ljust(1_000), Answer(b"small"))
    kept = [number for number in range(100) if ready.get("view", f"{number}".encode().ljust(1_000))]
    assert kept == list(range(91, 100))


def test_the_ready_answer_asked_for_last_is_dropped_last():
    ready = ReadyAnswers(most_bytes=300)
    for name in (b"a", b"b"):
        ready.put("view", name, Answer(bytes(100)))
    ready.get("view", b"a")
    ready.put("view", b"c", Answer(bytes(100)))
    assert [bool(ready.get("view", name)) for name in (b"a", b"b", b"c")] == [True, False, True]


def test_an_answer_too_large_to_keep_leaves_nothing_behind():
    ready = ReadyAnswers(most_bytes=300)
    ready.put("view", b"a", Answer(bytes(1_000)))
    ready.put("view", b"b", Answer(bytes(100)))
    assert ready.get("view", b"a") is None
    assert ready.get("view", b"b")
