"""The table of all findings: it contains what each plan's own findings are, and changes only after events and at
midnight."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

import pytest

from adapters.bootstrap.store import findings_across_plans
from adapters.postgres.findings import FindingsTable, PostgresFindings
from adapters.postgres.projections import advance, catch_up
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.aggregates.handle import Aggregates
from application.aggregates.ports import ProjectionLag
from application.findings.across import FindingsQuery, PlanFinding
from application.findings.finding import Finding
from application.findings.judging import findings_view
from application.views.cuts import cut_at
from application.views.list_cursors import CursorUnknown
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.plan import plan_id_of
from domain.program import PROGRAM
from domain.program.charter import PROGRAM_ID
from tests.clock import Clock
from tests.stores import CONTEXT, OPEN_ACME, included, plans_on, say

MORNING = datetime(2026, 1, 6, 9, tzinfo=UTC)
ACCOUNTS = ("acme", "beta", "gamma")


class Office:
    """Some plans, the program, and the table of what is wrong with them, at a time that only the test moves."""

    def __init__(self, store: Store) -> None:
        self.store, self.clock = store, Clock(MORNING)
        self.plans = plans_on(store, self.clock)
        self.program: Aggregates[Any] = Aggregates(PROGRAM, store.events, self.clock, uuid4)
        self.table: PostgresFindings = findings_across_plans(store, self.clock)
        tiers, owners = ("strategic", "growth", "standard"), ("ann", "ben", "ann")
        for account, tier, owner in zip(ACCOUNTS, tiers, owners, strict=True):
            self.do(account, "open-plan", **OPEN_ACME | {"account_id": account, "tier": tier, "owner": owner})

    def do(self, account: str, command: str, /, **body: Any) -> int:
        return self.plans.handle(plan_id_of(account), [say(command, **body)], CONTEXT).position

    def say(self, command: str, /, **body: Any) -> None:
        said = PROGRAM.commands[command].model_validate(body, strict=False)
        self.program.handle(PROGRAM_ID, [said], CONTEXT)

    def promise(self, account: str, days: int = 3, **more: Any) -> int:
        due_on = str(self.clock.now.date() + timedelta(days=days))
        action = {"statement": "Send the price", "kind": "task", "owner": "ann", "due_on": due_on}
        return self.do(account, "add-action", **action | more)

    def catch_up(self) -> None:
        self.store.portfolio.catch_up(self.clock)
        self.table.catch_up()

    def shown(self, **asked: Any) -> list[PlanFinding]:
        self.catch_up()
        return self.table.query(FindingsQuery(limit=200, **asked)).items

    def as_plans_say(self) -> dict[UUID, list[dict[str, Any]]]:
        program = self.store.events.read(PROGRAM_ID)
        known = [self.plans.read(plan_id_of(account)) for account in ACCOUNTS]
        views = (findings_view(each, cut_at("now", each, self.clock.now), program) for each in known)
        return {view.plan_id: [each.model_dump(mode="json") for each in view.items] for view in views}

    def as_the_table_says(self) -> dict[UUID, list[dict[str, Any]]]:
        found: dict[UUID, list[dict[str, Any]]] = {plan_id_of(account): [] for account in ACCOUNTS}
        for each in self.shown():
            found[each.plan_id].append(each.model_dump(mode="json", include=set(Finding.model_fields)))
        return found


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def test_the_table_says_of_every_plan_what_the_plan_says_on_every_day_of_a_quarter(office: Office):
    office.do("acme", "add-stakeholder", id="coo", name="Kim Cooson", level="executive", roles=["champion"])
    office.do("acme", "set-contract", arr="100", starts_on="2026-01-01", renews_on="2026-12-31", products=["Hub"])
    office.promise("acme", 20)
    office.promise("beta", 40)
    office.do("beta", "grant-exception", rule="not-reviewed", until_on="2026-04-30", reason="New here")
    for days in (0, 1, 5, 1, 13, 30, 12, 1, 40):
        office.clock.now += timedelta(days=days)
        assert office.as_the_table_says() == office.as_plans_say(), office.clock.now


def test_only_findings_that_are_others_than_before_are_written(office: Office):
    def written() -> dict[UUID, str]:
        office.catch_up()
        rows = "SELECT plan_id, string_agg(xmin::text || ctid, ' ' ORDER BY ctid) FROM plantrail.findings GROUP BY 1"
        with office.store.datastore.connection() as connection:
            return dict(connection.execute(rows).fetchall())

    acme, beta = plan_id_of("acme"), plan_id_of("beta")
    office.promise("acme", 3)
    first = written()
    office.promise("acme", 4)
    office.promise("beta", 3)
    second = written()
    assert (first[acme] == second[acme], first[beta] == second[beta]) == (True, False)  # beta had no promise before
    office.do("acme", "add-stakeholder", id="coo", name="Kim Cooson", level="executive", roles=["champion"])
    third = written()
    office.do("acme", "forget-stakeholder", id="coo", reason="She asked for it")
    assert len({second[acme], third[acme], written()[acme]}) == 3
    assert office.as_the_table_says() == office.as_plans_say()


def test_midnight_touches_only_the_plans_for_which_something_may_change(office: Office):
    judged: list[UUID] = []

    def read(plans: Sequence[UUID]) -> Iterable[LoadedPlan]:
        judged.extend(plans)
        return office.plans.read_each(plans)

    table = FindingsTable(office.table._key, read, lambda: ())
    office.promise("gamma")
    with office.store.datastore.connection() as connection:

        def judged_at(days: int) -> set[UUID]:
            judged.clear()
            office.clock.now = MORNING + timedelta(days=days)
            list(catch_up(connection, table, office.clock))
            return set(judged)

        assert judged_at(0) == {plan_id_of(account) for account in ACCOUNTS}
        assert judged_at(0) == judged_at(1) == judged_at(3) == set()
        assert judged_at(4) == {plan_id_of("gamma")}
        office.promise("beta", 30)
        assert judged_at(4) == {plan_id_of("beta")}
        assert judged_at(7) == set()
        assert judged_at(8) == {plan_id_of("acme")}  # its plays may be a week old


def test_a_policy_has_every_plan_judged_anew_when_it_is_adopted_and_when_it_comes_into_force(office: Office):
    office.do("acme", "add-action", statement="Send it", kind="task", owner="ann", due_on="2026-01-05")
    office.say("open-program", name="Strategic accounts", currency="EUR")

    def loudness() -> list[str]:
        return [each.severity for each in office.shown(rule=["overdue-promise"])]

    assert loudness() == ["warning"]
    loud = {"findings": {"overdue-promise": {"severity": "alarm"}}}
    office.say("adopt-policy", effective_on="2026-01-08", policy=loud, reason="They are late too often")
    assert loudness() == ["warning"]
    office.clock.now += timedelta(days=2)
    assert loudness() == ["alarm"]
    office.say("adopt-policy", effective_on="2026-01-08", policy={}, reason="Too loud")
    assert loudness() == ["warning"]


def test_what_is_said_of_people_is_kept_sealed_and_gone_as_soon_as_somebody_is_forgotten(office: Office):
    office.do("acme", "add-stakeholder", id="coo", name="Kim Cooson", level="executive", email_status="bounced")
    [said] = office.shown(rule=["stale-contact"])
    assert "Kim Cooson" in said.sentence
    with office.store.datastore.connection() as connection:
        rows = connection.execute("SELECT f::text, box FROM plantrail.findings AS f").fetchall()
        assert rows
        assert not any("Kim" in text or b"Kim" in box for text, box in rows)
        office.do("acme", "forget-stakeholder", id="coo")
        advance(connection, office.table._table, office.clock.now, None, 100)  # and before anything is judged anew
        left = "SELECT count(*) FROM plantrail.findings WHERE plan_id = %s"
        assert connection.execute(left, (plan_id_of("acme"),)).fetchone() == (0,)
    assert "Kim Cooson" not in " ".join(each.sentence for each in office.shown())
    assert office.as_the_table_says() == office.as_plans_say()


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (
            {"rule": ["overdue-promise", "empty-section"]},
            lambda each: each.rule in ("overdue-promise", "empty-section"),
        ),
        ({"severity": ["alarm"]}, lambda each: each.severity == "alarm"),
        ({"owner": "ben"}, lambda each: each.owner == "ben"),
        ({"tier": ["growth", "standard"]}, lambda each: each.tier != "strategic"),
        ({"since": "2026-01-10"}, lambda each: str(each.since_on) >= "2026-01-10"),
        ({"excused": True}, lambda each: each.excused is not None),
        ({"excused": False}, lambda each: each.excused is None),
    ],
)
def test_a_filter_chooses_among_all_of_them(
    office: Office, asked: dict[str, Any], chosen: Callable[[PlanFinding], bool]
):
    for account in ACCOUNTS:
        office.promise(account)
    office.do("acme", "grant-exception", rule="overdue-promise", until_on="2026-02-28", reason="The plant is closed")
    office.clock.now += timedelta(days=10)
    everything = office.shown()
    assert [each for each in everything if chosen(each)] == office.shown(**asked)
    assert 0 < len(office.shown(**asked)) < len(everything)


def test_pages_follow_one_another_in_one_order_to_the_end(office: Office):
    office.promise("gamma")
    office.clock.now += timedelta(days=10)
    everything, pages, cursor = office.shown(), list[PlanFinding](), None
    for _ in islice(range(100), 100):
        page = office.table.query(FindingsQuery(limit=7, cursor=cursor))
        pages, cursor = [*pages, *page.items], page.next
        if cursor is None:
            break
    assert pages == everything
    loudness = [("alarm", "warning", "hint").index(each.severity) for each in everything]
    assert loudness == sorted(loudness)
    with pytest.raises(CursorUnknown):
        office.table.query(FindingsQuery(cursor="nonsense"))


def test_callers_see_what_is_wrong_with_plans_they_may_see(office: Office):
    office.catch_up()

    def seen(caller: Caller) -> set[str]:
        return {each.account_id for each in office.table.query(FindingsQuery(limit=200), caller).items}

    assert seen(Caller("zoe", "reader", frozenset({plan_id_of("beta")}))) == {"beta"}
    assert seen(Caller("ann", "editor")) == {"acme"}
    assert seen(Caller("vera", "lead", None)) == {"acme", "beta"}


def test_who_waits_for_an_event_sees_what_follows_from_it(office: Office):
    position = office.promise("acme", days=-1)
    with pytest.raises(ProjectionLag):
        included(office.table, position, timeout=0.05)
    office.store.portfolio.catch_up(office.clock)
    follower = office.table.follower()
    follower.start()
    try:
        included(office.table, position, timeout=20)
    finally:
        follower.stop()
    assert [each.rule for each in office.table.query(FindingsQuery(rule=("overdue-promise",))).items] == [
        "overdue-promise"
    ]


def test_the_table_made_anew_is_the_same(office: Office):
    office.promise("acme", days=-1)
    before = office.shown()
    office.table.rebuild()
    assert office.table.query(FindingsQuery(limit=200)).items == before


def test_who_follows_judges_a_plan_once_for_what_is_recorded_in_a_second(office: Office):
    judged: list[UUID] = []

    def read(plans: Sequence[UUID]) -> Iterable[LoadedPlan]:
        judged.extend(plans)
        return office.plans.read_each(plans)

    acme, beta = (plan_id_of(account) for account in ("acme", "beta"))
    table = FindingsTable(office.table._key, read, lambda: (), seconds_between_verdicts=600)
    soon_again = FindingsTable(office.table._key, read, lambda: ())
    with office.store.datastore.connection() as connection:
        list(catch_up(connection, table, office.clock))
        judged.clear()
        for _ in range(3):
            office.promise("acme", days=-1)
            list(catch_up(connection, table, office.clock))
        assert judged == []  # not before the time is over
        list(catch_up(connection, soon_again, office.clock))
        assert judged == [acme]
        office.promise("beta", days=-1)
        list(catch_up(connection, soon_again, office.clock))
        assert judged == [acme, beta]
    office.store.portfolio.catch_up(office.clock)
    late = office.table.query(FindingsQuery(rule=("overdue-promise",), limit=200)).items
    assert [each.plan_id for each in late].count(acme) == 3


def test_midnight_looks_at_no_words_for_nothing_was_written(office: Office, monkeypatch: pytest.MonkeyPatch):
    for number in range(20):
        office.do("gamma", "write-note", section="plan", text=f"Note {number} on the budget of the plant in Linz")
    office.promise("gamma")
    office.catch_up()
    before = {each.id: each.words for each in office.table.standings()}
    assert before[plan_id_of("gamma")]
    monkeypatch.setattr("application.findings.verdict.own_words", lambda _plan: pytest.fail("nothing was written"))
    office.clock.now += timedelta(days=9)
    assert any(each.rule == "overdue-promise" for each in office.shown())
    assert {each.id: each.words for each in office.table.standings()} == before
