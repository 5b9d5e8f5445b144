"""The access log records who has read which view of which plan, at which cut and by which request, without the text.
Nothing is read without a record."""

import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from adapters.access.access_log import SECONDS_BETWEEN_WRITES, Access, AccessEvent, AccessLog
from adapters.postgres.store import Store
from application.aggregates.ports import StoreUnavailable
from tests.adapters.cli.test_cli import environment, plantrail
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.stores import ACME, MONDAY, OPEN_ACME, opened_acme, plans_on, wait_until

CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("rob", "reader", "acme"),
    caller("aud", "auditor", sees_all=True),
    caller("local", "auditor", "beta"),
)


def events(api: Api, **wanted: Any) -> list[dict[str, Any]]:
    return list(api.get("/v1/access-events", as_("aud"), **wanted).json()["items"])


@pytest.fixture
def office(store: Store) -> Any:
    with served(store, CALLERS) as api:
        for account in ("acme", "beta"):
            api.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": account})
        yield api


def test_every_read_of_a_plan_is_written_down_within_a_second(office: Api):
    views = {"": "read_plan", "/history": "read_history", "/blame": "read_blame", "/reviews": "read_reviews"}
    for view in views:
        office.view(view, as_("rob") | {"X-Request-Id": f"r-{view[1:]}"})
    office.view(headers=as_("root") | {"X-Request-Id": "other"})
    office.get("/v1/reports/said-vs-did", as_("root") | {"X-Request-Id": "month"}, month="2026-01")
    wait_until(lambda: len(events(office)) == 6, 2 * SECONDS_BETWEEN_WRITES + 1)
    found = {event["request_id"]: event for event in events(office)}
    for view, name in views.items():
        event = found[f"r-{view[1:]}"]
        assert (event["actor"], event["role"], event["view"]) == ("rob", "reader", name)
        assert (event["plan_id"], event["cut"], event["times"]) == (office.plan_id, "version:1", 1)
    assert (found["month"]["view"], found["month"]["plan_id"]) == ("read_month", None)
    assert len(events(office, actor="rob")) == len(events(office, plan="acme", actor="rob")) == 4
    assert events(office, plan="beta") == []


def test_what_is_read_again_and_again_is_one_row_and_an_unchanged_answer_counts(office: Api):
    tag = office.view(headers=as_("rob")).headers["etag"]
    for _ in range(20):
        assert office.view(headers=as_("rob") | {"If-None-Match": tag}).status_code == 304
    wait_until(lambda: sum(event["times"] for event in events(office)) == 21, 3)
    assert len(events(office)) < 21


def test_what_was_refused_was_not_read(office: Api):
    office.of("beta").view(headers=as_("rob"))
    office.view(headers=as_("rob"), as_of="version:9")
    office.view(headers=as_("rob"))
    wait_until(lambda: events(office), 3)
    assert [event["plan_id"] for event in events(office)] == [office.plan_id]


def test_pages_of_it_follow_each_other_and_only_auditors_see_theirs(office: Api):
    for number in range(3):
        office.do("write-note", as_("root"), section="plan", text="x")
        office.view(headers=as_("root"), as_of=f"version:{number + 1}")
        office.of("beta").view(headers=as_("root") | {"X-On-Behalf-Of": "x"})
    wait_until(lambda: sum(event["times"] for event in events(office)) == 6, 3)
    first = office.get("/v1/access-events", as_("aud"), limit=2)
    second = office.get("/v1/access-events", as_("aud"), limit=500, cursor=first.json()["next"])
    ids = [event["id"] for page in (first, second) for event in page.json()["items"]]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == len(events(office))
    assert second.json()["next"] is None
    assert first.headers["link"].endswith('rel="next"')
    local = office.get("/v1/access-events", as_("local")).json()["items"]
    assert {event["plan_id"] for event in local} == {office.of("beta").plan_id}
    assert_problem(office.get("/v1/access-events", as_("rob")), 403, "forbidden")


def test_an_export_leaves_its_trace(store: Store, tmp_path):
    plantrail("export", "-o", str(tmp_path / "events"), "--keys", str(tmp_path / "keys"), **environment(store.where))
    (event,) = store.access_events.page(10).items
    assert event.view == "export --keys"
    assert event.actor.startswith("cli:")
    told = plantrail("access-events", **environment(store.where)).stdout
    assert "export --keys" in told


def test_reads_are_listed_by_account_and_period_at_any_width(store: Store):
    opened_acme(plans_on(store))
    for hour, plan in ((9, ACME), (10, ACME), (11, None)):
        read = Access("ann", None, "reader", "read_plan", plan, f"version:{hour}")
        store.access_events.add([AccessEvent(read, MONDAY.replace(hour=hour), "r", 1)])
    here, day = environment(store.where), f"{MONDAY:%Y-%m-%d}"
    before, after = (f"{MONDAY + timedelta(days=days):%Y-%m-%d}" for days in (-1, 1))

    def cuts(*words: str) -> list[str]:
        page = json.loads(plantrail("access-events", "--json", *words, **here).stdout)
        return [item["cut"].removeprefix("version:") for item in page["items"]]

    assert cuts("--from", day, "--to", day) == ["11", "10", "9"]
    assert cuts("--from", after) == cuts("--to", before) == []
    assert cuts("--from", f"{day}T10:00:00Z", "--to", f"{day}T10:00:00Z") == ["10"]
    assert cuts("--to", f"{day}T09:59:59Z", "--plan", "acme") == ["9"]
    first = json.loads(plantrail("access-events", "--json", "--limit", "2", **here).stdout)
    assert cuts("--cursor", first["next"]) == ["9"]
    narrow = plantrail("access-events", **here | {"COLUMNS": "80"}).stdout
    assert "Acme Manufacturing" in " ".join(narrow.split())
    assert str(ACME) not in narrow
    assert "several" in narrow


class Away:
    """A store that cannot be written to."""

    away = True

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def add(self, events: Any) -> None:
        if self.away:
            raise StoreUnavailable
        self.kept += events


def access(view: str) -> Access:
    return Access("ann", None, "reader", view, None, None)


def test_what_cannot_be_written_waits_and_when_too_much_does_nothing_is_shown():
    kept = Away()
    log = AccessLog(kept, lambda: MONDAY, most_waiting=3)
    for view in "ab":
        log.note(access(view), view)
    with pytest.raises(StoreUnavailable):
        log.write()
    log.note(access("c"), "c")
    log.note(access("c"), "c")
    with pytest.raises(StoreUnavailable):
        log.note(access("d"), "d")
    kept.away = False
    log.write()
    log.write()
    assert [(event.access.view, event.times) for event in kept.kept] == [("a", 1), ("b", 1), ("c", 2)]
    log.note(access("d"), "d")
    kept.away = True
    with capture_logs() as lines:
        log.close()
    assert [(line["event"], line["events"]) for line in lines] == [("access events lost", 1)]


def test_the_service_can_let_it_grow_old_but_not_make_it_disappear(store: Store):
    old, new = MONDAY - timedelta(days=3_000), MONDAY + timedelta(days=30_000)
    log = AccessLog(store.access_events, iter((old, new)).__next__)
    for view in ("old", "new"):
        log.note(access(view), view)
    log.write()
    store.access_events.purge(30)
    assert [item.view for item in store.access_events.page(10).items] == ["new"]
    with psycopg.connect(store.where.service, autocommit=True) as connection:
        for forbidden in ("DELETE FROM plantrail.access_events", "UPDATE plantrail.access_events SET actor = 'x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden)
