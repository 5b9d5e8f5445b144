"""Rights: a plan that a caller may not see does not exist for them; on the plans they see, their role decides."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Route

from adapters.http.guard import Guarded
from adapters.http.routing import RoutesByName
from adapters.postgres.store import Store, opened
from adapters.web.guard import PageRoute
from application.aggregates.access import RIGHTS, ROLES, Right, Role, right_to
from domain.account_plan import COMMANDS
from domain.program import PROGRAM
from tests.api import Api, assert_problem, served
from tests.callers import Known, as_, caller
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.stores import OPEN_ACME, included, wait_until

NOTE = {"section": "plan", "text": "Budget talks in May"}
VIEWS = ["", "/history", "/entities/plan/plan/history", "/blame", "/diff?from=version:1", "/reviews", "/said-vs-did"]
CALLERS = Known(
    caller("root", "developer", sees_all=True),
    caller("ann", "editor"),
    caller("ben", "editor"),
    caller("eve", "editor", "gamma"),
    caller("bot", "editor", sees_all=True),
    caller("rob", "reader", "acme"),
    caller("ria", "reader", sees_all=True),
    caller("aud", "auditor", "acme"),
    caller("sub", "subscriber", "acme"),
    caller("adm", "admin", sees_all=True),
)


@pytest.fixture(scope="module")
def office(stores: Stores) -> Iterator[Api]:
    """Yield a service with two plans: ann owns acme, and ben owns beta."""
    with stores.lend() as where, opened(where, KEY) as store, served(store, CALLERS) as api:
        for account, owner in (("acme", "ann"), ("beta", "ben")):
            body = OPEN_ACME | {"account_id": account, "owner": owner}
            assert api.do("open-plan", as_("root"), **body).status_code == 201
        follower = store.portfolio.follower(api.clock)
        follower.start()
        yield api
        follower.stop()


# The table


def test_every_role_has_rights_there_are_and_only_the_developer_has_all():
    assert set(RIGHTS) == set(get_args(Right))
    assert set(ROLES) == set(get_args(Role))
    assert [role for role, rights in ROLES.items() if rights == frozenset(RIGHTS)] == ["developer"]


def test_plans_are_edited_by_editors_alone_and_holds_and_erasures_are_for_admins_alone():
    changes = {right_to(command) for command in COMMANDS.values()}
    assert changes == {"command", "tier", "members", "hold", "erase", "exceptions"}
    assert changes & ROLES["editor"] == {"command", "tier", "members"}
    assert changes & ROLES["lead"] == {"tier", "exceptions"}
    assert changes & ROLES["admin"] == {"members", "hold", "erase"}
    for role in ("reader", "auditor", "subscriber"):
        assert not changes & ROLES[role]
    assert {name for name, command in COMMANDS.items() if right_to(command) != "command"} == {
        "place-hold", "release-hold", "forget-stakeholder", "assign-member", "release-member", "correct-member",
        "withdraw-member", "change-tier", "confirm-tier", "grant-exception", "revoke-exception",
    }  # fmt: skip


def test_the_program_is_run_by_leads_alone():
    assert {right_to(command) for command in PROGRAM.commands.values()} == {"program"}
    assert [role for role, rights in ROLES.items() if "program" in rights] == ["lead", "developer"]


def test_the_program_is_seen_by_leads_and_auditors_and_its_rules_by_all_who_see_plans():
    assert {role for role, rights in ROLES.items() if "view-program" in rights} == {"lead", "auditor", "developer"}
    assert {role for role, rights in ROLES.items() if "practice" in rights} == {
        role for role, rights in ROLES.items() if "view" in rights
    }
    assert not ROLES["admin"] & {"practice", "view-program", "program"}


# Routes


def test_every_route_says_which_right_it_takes_or_that_it_is_for_anybody(office: Api):
    routes: list[Any] = []
    for route in office.app.router.routes:
        routes += route._routes.values() if isinstance(route, RoutesByName) else [route]
    pages = [route for route in routes if isinstance(route, PageRoute)]
    assert {page.path for page in pages if page.right == "anybody"} == {
        "/sign-in",
        "/sign-in/issuer",
        "/sign-in/issuer/done",
    }
    routes = [route for route in routes if route not in pages]
    unguarded = [route.path for route in routes if not (isinstance(route, Route) and isinstance(route.app, Guarded))]
    assert set(unguarded) == {
        "/openapi.json",
        "/docs",
        "/docs/oauth2-redirect",
        "/static-offline-docs",
        "/assets/{name}",
    }
    silent = [route.path for route in routes if route.path not in unguarded and route.app.right is None]
    assert silent == []


def test_a_route_that_says_nothing_is_for_nobody(store: Store):
    silent = APIRouter()

    @silent.get("/silent")
    async def answer() -> str:
        return "the silver"

    with served(store, CALLERS) as api:
        guard = next(route.app.guard for route in api.app.router.routes if isinstance(route, APIRoute))
        api.app.router.routes[:0] = guard.before_all(silent)
        assert_problem(api.get("/silent", as_("root")), 403, "forbidden")
        assert_problem(api.get("/silent", as_("nobody")), 401, "unauthenticated")


# Plans that are not yours


def told(answer: Any, plan: str) -> dict[str, Any]:
    """What an answer says, without what tells one request from another."""
    problem = dict(answer.json())
    problem.pop("request_id")
    return {"status": answer.status_code} | {
        name: value.replace(plan, "PLAN") if isinstance(value, str) else value for name, value in problem.items()
    }


@pytest.mark.parametrize("actor", ["ann", "rob", "aud", "sub"])
def test_a_plan_that_is_not_yours_is_answered_as_one_that_does_not_exist(office: Api, actor):
    for ask in (
        *(lambda plan, view=view: office.of(plan).view(view, as_(actor)) for view in VIEWS),
        *(lambda plan, view=view: office.of(plan).view(view, as_(actor) | {"If-None-Match": "*"}) for view in VIEWS),
        lambda plan: office.of(plan).view(headers=as_(actor), as_of="version:99"),
        lambda plan: office.of(plan).do("write-note", as_(actor), **NOTE),
        lambda plan: office.of(plan).do("write-note", as_(actor) | {"If-Match": '"1"'}, **NOTE),
        lambda plan: office.of(plan).do("write-note", as_(actor) | {"Idempotency-Key": "k"}, **NOTE),
        lambda plan: office.of(plan).do("start-play", as_(actor), id="nowhere"),
        lambda plan: office.of(plan).do("place-hold", as_(actor), reason="r"),
        lambda plan: office.of(plan).do_all(("write-note", NOTE), headers=as_(actor)),
    ):
        theirs, nobodys = told(ask("beta"), "beta"), told(ask("nowhere"), "nowhere")
        assert theirs == nobodys
        assert (theirs["status"], theirs["type"]) == (404, "/problems/unknown-plan")
    by_id = office.of(office.of("beta").plan_id)
    assert_problem(by_id.view(headers=as_(actor)), 404, "unknown-plan")
    assert_problem(by_id.do("write-note", as_(actor), **NOTE), 404, "unknown-plan")


def test_that_an_account_has_a_plan_already_is_all_that_is_told_to_who_opens_another(office: Api):
    taken = OPEN_ACME | {"account_id": "beta", "owner": "ann"}
    problem = assert_problem(
        office.do("open-plan", as_("ann") | {"If-Match": '"1"'}, **taken), 409, "plan-already-open"
    )
    assert "events" not in problem


def test_what_happened_meanwhile_is_told_to_who_may_view_and_is_on_record_as_read(office: Api):
    seen = {"If-Match": '"0"'}
    for body in ({"tier": "growth", "reason": "r"}, {"tier": "strategic", "reason": "r"}):
        assert office.do("change-tier", as_("ann"), **body).status_code == 200
    problem = assert_problem(office.do("place-hold", as_("adm") | seen, reason="r"), 412, "version-conflict")
    assert "events" not in problem
    asked = as_("ann") | seen | {"X-Request-Id": "stale"}
    problem = assert_problem(office.do("change-tier", asked, tier="growth", reason="r"), 412, "version-conflict")
    assert problem["events"]

    def read() -> list[Any]:
        return [
            each
            for each in office.get("/v1/access-events", as_("aud")).json()["items"]
            if each["view"] == "change-tier"
        ]

    wait_until(read, 3)
    assert [(each["actor"], each["request_id"]) for each in read()] == [("ann", "stale")]


@pytest.mark.parametrize("actor", ["rob", "aud", "sub", "ria"])
def test_on_your_plan_the_wrong_role_is_told_so(office: Api, actor):
    for answer in (
        office.do("write-note", as_(actor), **NOTE),
        office.do("write-note", as_(actor), unheard_of=1),
        office.do_all(("write-note", NOTE), headers=as_(actor)),
        office.do("open-plan", as_(actor), **OPEN_ACME),
        office.do("place-hold", as_(actor), reason="r"),
    ):
        problem = assert_problem(answer, 403, "forbidden")
        assert "right" in problem["detail"]


def test_editors_place_no_holds_forget_nobody_and_admins_edit_no_plans(office: Api):
    assert_problem(office.do("place-hold", as_("ann"), reason="r"), 403, "forbidden")
    assert_problem(office.do("forget-stakeholder", as_("ann"), id="jane"), 403, "forbidden")
    sneaked = office.do_all(("write-note", NOTE), ("place-hold", {"reason": "r"}), headers=as_("ann"))
    assert_problem(sneaked, 403, "forbidden")
    assert_problem(office.do("write-note", as_("adm"), **NOTE), 403, "forbidden")
    assert_problem(office.view(headers=as_("adm")), 403, "forbidden")
    assert office.do("place-hold", as_("adm"), reason="a suit").status_code == 200
    assert office.do("release-hold", as_("adm"), reason="settled").status_code == 200


def test_editors_open_plans_that_they_will_own_or_that_were_named_for_them(office: Api):
    assert_problem(
        office.do("open-plan", as_("ann"), **OPEN_ACME | {"account_id": "d1", "owner": "ben"}), 403, "forbidden"
    )
    for actor, account, owner in (("ann", "d2", "ann"), ("eve", "gamma", "ben"), ("bot", "d3", "ben")):
        body = OPEN_ACME | {"account_id": account, "owner": owner}
        assert office.do("open-plan", as_(actor), **body).status_code == 201
    assert office.of("gamma").view(headers=as_("eve")).status_code == 200
    assert office.of("d3").view(headers=as_("ben")).status_code == 200


# Teams


def test_a_plan_is_there_for_who_is_on_its_team_from_the_moment_they_are_until_the_last_day(office: Api):
    plan, ann, ben = office.of("team"), as_("ann"), as_("ben")
    assert (
        plan.do("open-plan", ann, **OPEN_ACME | {"account_id": "team", "timezone": "Europe/Berlin"}).status_code == 201
    )
    assert_problem(plan.view(headers=ben), 404, "unknown-plan")
    member = {"person": "ben", "role": "legal"}
    plan.do("assign-member", ann, **member, from_on="2026-03-01")
    assert plan.view(headers=ben).status_code == 200
    assert plan.do("write-note", ben, **NOTE).status_code == 200
    plan.do("release-member", ann, **member, until_on="2026-03-05")
    before = plan.clock.now
    try:
        plan.clock.now = before.replace(month=3, day=5, hour=22, minute=59)
        assert plan.view(headers=ben).status_code == 200
        plan.clock.now = before.replace(month=3, day=5, hour=23, minute=0)
        assert_problem(plan.view(headers=ben), 404, "unknown-plan")
        assert_problem(plan.do("write-note", ben, **NOTE), 404, "unknown-plan")
        assert plan.view(headers=ann).status_code == 200
    finally:
        plan.clock.now = before


def test_an_answer_is_not_given_again_to_who_has_lost_the_plan_since(office: Api):
    key = as_("ann") | {"Idempotency-Key": "lost"}
    office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": "lost", "owner": "ann"})
    lost = office.of("lost")
    assert lost.do("write-note", key, **NOTE).status_code == lost.do("write-note", key, **NOTE).status_code == 200
    assert lost.do("reassign-plan", as_("ann"), owner="ben", reason="r").status_code == 200
    assert_problem(lost.do("write-note", key, **NOTE), 404, "unknown-plan")


def test_who_hands_a_plan_over_has_lost_it(office: Api):
    plan = office.of("handed")
    plan.do("open-plan", as_("ann"), **OPEN_ACME | {"account_id": "handed"})
    assert plan.do("reassign-plan", as_("ann"), owner="ben", reason="on leave").status_code == 200
    assert_problem(plan.view(headers=as_("ann")), 404, "unknown-plan")
    assert_problem(plan.do("write-note", as_("ann"), **NOTE), 404, "unknown-plan")
    assert plan.do("write-note", as_("ben"), **NOTE).status_code == 200


def test_what_another_process_did_to_the_team_counts_at_once(office: Api):
    plan = office.of("raced")
    plan.do("open-plan", as_("ann"), **OPEN_ACME | {"account_id": "raced"})
    with opened(office.store.where, KEY) as store, served(store, CALLERS) as other:
        assert other.of("raced").view(headers=as_("ann")).status_code == 200
        plan.do("reassign-plan", as_("ann"), owner="ben", reason="on leave")
        assert_problem(other.of("raced").do("write-note", as_("ann"), **NOTE), 404, "unknown-plan")
        assert other.of("raced").do("write-note", as_("ben"), **NOTE).status_code == 200
        plan.do("reassign-plan", as_("ben"), owner="ann", reason="back")
        assert other.of("raced").do("write-note", as_("ann"), **NOTE).status_code == 200


# Across plans


def test_lists_and_reports_hold_the_plans_of_the_caller_alone(office: Api):
    for account, owner in (("list1", "ann"), ("list2", "ben")):
        answer = office.do("open-plan", as_("root"), **OPEN_ACME | {"account_id": account, "owner": owner})
    office.of("list2").do("assign-member", as_("ben"), person="ann", role="legal", from_on="2026-01-05")
    position = office.of("list2").do("write-note", as_("ben"), **NOTE).json()["position"]
    assert answer.status_code == 201
    included(office.store.portfolio, position)

    def listed(actor: str, **more: Any) -> set[str]:
        page = office.get("/v1/plans", as_(actor), **more).json()
        return {item["account_id"] for item in page["items"]}

    def reported(actor: str) -> set[str]:
        report = office.get("/v1/reports/said-vs-did", as_(actor), month="2026-01").json()
        return {plan["plan"] for plan in report["plans"]}

    everything = listed("ria")
    assert everything >= {"acme", "beta", "list1", "list2"}
    for actor, theirs, not_theirs in (
        ("ann", {"acme", "list1", "list2"}, {"beta"}),
        ("ben", {"beta", "list2"}, {"acme", "list1"}),
        ("rob", {"acme"}, everything - {"acme"}),
        ("bot", everything, set()),
    ):
        assert theirs <= listed(actor)
        assert not not_theirs & listed(actor)
        assert listed(actor, owner="ben") == listed(actor) & listed("ria", owner="ben")
        # The clock of the team's plan was turned back, the table cannot be.
        assert reported(actor) - {"team"} == listed(actor) - {"team"}


def test_one_callers_report_is_not_taken_for_anothers(office: Api):
    path = "/v1/reports/said-vs-did"
    tags = {
        actor: office.get(path, as_(actor), month="2026-01").headers["etag"] for actor in ("ria", "ann", "ben", "rob")
    }
    assert len(set(tags.values())) == 4
    same = office.get(path, as_("rob") | {"If-None-Match": tags["rob"]}, month="2026-01")
    others = office.get(path, as_("rob") | {"If-None-Match": tags["ria"]}, month="2026-01")
    assert (same.status_code, others.status_code) == (304, 200)


# Development


@for_each("host", ["plantrail.example", "127.0.0.1.example:8080", "192.0.2.1", "", "localhost.evil", "[::2]"])
def test_without_keys_a_page_of_elsewhere_that_leads_here_by_its_own_name_is_turned_away(service: Api, host):
    assert_problem(service.get("/v1/plans", {"Host": host}), 403, "forbidden")


@for_each("host", ["localhost:8080", "LOCALHOST", "127.0.0.1:1", "127.8.8.8", "[::1]:8080", "[::1]"])
def test_this_machine_goes_by_several_names(service: Api, host):
    assert service.get("/v1/plans", {"Host": host}).status_code == 200


def test_who_acts_for_somebody_else_is_on_record_with_both_names(acme: Api):
    acme.do("write-note", {"X-On-Behalf-Of": "ben"}, **NOTE)
    entry = acme.view("/history").json()["items"][-1]
    assert (entry["actor"], entry["on_behalf_of"]) == ("ann", "ben")
    assert_problem(acme.do("write-note", {"X-On-Behalf-Of": "Jane Doe"}, **NOTE), 403, "forbidden")
