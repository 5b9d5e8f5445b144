"""The portfolio: each line says what the plan itself would say, and every list of them is whole and in order."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, cast, get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import to_json

from adapters.events.partial_read import read_partial_event
from adapters.events.stored_format import UPCASTS, topic_of
from adapters.postgres.portfolio import statement, values
from adapters.postgres.portfolio_rows import read_row, to_store
from adapters.postgres.store import Store
from adapters.postgres.store import opened as opened_store
from application.aggregates.access import Caller
from application.aggregates.ports import ToRecord
from application.portfolio import digest
from application.portfolio.digest import plans_seen
from application.portfolio.projector import CannotBeFolded, NeedsWholeHistory, PartialEvent, PortfolioProjector, reads
from application.portfolio.query import PortfolioQuery, Sort, name_key, place_of
from application.portfolio.row import KEPT, KeptPlan, PortfolioItem, PortfolioRow, search_text, search_texts, shown
from application.views.current_plan import current_plan
from application.views.cuts import cut_at
from application.views.list_cursors import CursorUnknown
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import held_reviews, last_review
from domain.account_plan import ACCOUNT_PLAN, COMMANDS, EVENTS
from domain.account_plan.actions import Action
from domain.account_plan.plan import PlanOpened, plan_id_of, the_plan
from domain.account_plan.plays import PlayPlanned
from domain.account_plan.team import Member, is_at_work_on
from domain.language import Event, Refusal
from domain.markers import Sealed, marked
from domain.record import Recorded
from tests.cases import for_each
from tests.conftest import KEY
from tests.databases import Stores
from tests.everything import everything
from tests.examples import examples, spread
from tests.histories import BY_ANN, History, opened, told
from tests.places import ROOT
from tests.stores import CONTEXT, MONDAY, connected, plans_on, say

DEMO = ROOT / "adapters" / "cli" / "demo"
PLAY = {"title": "Pilot on line B", "kind": "proof", "owner": "ann", "success_measure": "Rework down"}
ACTION = {"statement": "Agree the date", "kind": "task", "owner": "ann"}
REVIEW = {"kind": "ad_hoc", "audience": "internal", "ours": ["ann"], "theirs": []}


# Lines


def line_of(line: PortfolioRow, now: datetime) -> tuple[PortfolioItem, list[str]]:
    """What is shown of it, and the people it is found by."""
    item, _, people, _ = shown(line, now)
    return item, people


def expected(known: LoadedPlan, now: datetime) -> tuple[PortfolioItem, list[str]]:
    """The line as the plan itself has it."""
    at = max(now, known.records[-1].meta.recorded_at)
    everybody = {the_plan(known.state).owner, *(member.person for member in known.state.all(Member).values())}
    return item_of(known, now), sorted(
        who for who in everybody if is_at_work_on(known.state, who, ACCOUNT_PLAN.today(known.state, at))
    )


def item_of(known: LoadedPlan, now: datetime) -> PortfolioItem:
    view = current_plan(known, cut_at("now", known, now))
    sections: Any = view.sections
    contract = sections.health.contract
    last = last_review(held_reviews(known, cut_at("now", known, now)))
    card = {name: value for name, value in view.account.__dict__.items() if name in PortfolioItem.model_fields}
    return PortfolioItem(
        **card,
        plan_id=known.id,
        arr=contract and contract.arr,
        renews_on=contract and contract.renews_on,
        open_promises=view.metrics.promises.open,
        overdue=view.metrics.promises.overdue,
        last_review_on=last and last.event.held_on,
        last_review_id=last and last.event.id,
        stale_sections=[name for name, section in sections if section.freshness.stale],
        version=known.version,
        position=known.position,
        last_event_at=known.records[-1].meta.recorded_at,
    )


def partial_event(record: Recorded) -> PartialEvent:
    return read_partial_event(
        record.aggregate_id, record.version, record.position, topic_of(type(record.event).__name__), record.stored
    )


def carried_on(line: PortfolioRow | None, known: LoadedPlan) -> PortfolioRow:
    """As the table does it: from what was kept of the line, else from the first event."""
    folding = PortfolioProjector(read_row(to_json(to_store(line))) if line else None)
    try:
        folding.add(map(partial_event, known.records[folding.version :]))
    except NeedsWholeHistory:
        folding = PortfolioProjector()
        folding.add(map(partial_event, known.records))
    return folding.row()


HISTORIES: dict[str, Callable[[], History]] = {
    "everything": everything,
    **{name: partial(told, DEMO / f"{name}.jsonl") for name in ("manufacturer", "retailer", "win-back")},
}


@pytest.mark.hypothesis
@pytest.mark.parametrize("name", HISTORIES)
def test_a_line_carried_on_event_by_event_says_at_every_version_what_the_plan_says(name):
    """Of the stories of the demo looked at after every sixth event, and after every one in `make torture`."""
    whole, line = HISTORIES[name]().known, None
    known = LoadedPlan.of(ACCOUNT_PLAN, whole.id)
    step = 2 if name == "everything" else 6
    looked_at = {record.version for record in next(spread(whole.records, step))}
    for record in whole.records:
        known = known.with_news([record])
        line = carried_on(line, known)
        if record.version in looked_at:
            now = record.meta.recorded_at + timedelta(days=record.version % 40 - 3)
            assert line_of(line, now) == expected(known, now)


def test_a_plan_in_a_time_zone_that_nobody_knows_is_shown_as_if_in_utc_and_says_so():
    history, at = History(), datetime(2026, 1, 5, 23, 30, tzinfo=UTC)
    terms = {"account_id": "acme", "account_name": "Acme", "tier": "strategic", "owner": "ann", "currency": "EUR"}
    opening = PlanOpened(**terms, timezone="localtime", opened_on=date(2026, 1, 5))
    history.known = history.known.with_news([history._record(1, ToRecord(opening, at, "c"), BY_ANN)])
    history.on("2026-01-06", "plan-play", id="tour", due_on="2026-01-07", **PLAY)
    line = carried_on(None, history.known)
    for now in (at, at + timedelta(days=1), at + timedelta(days=200)):
        assert line_of(line, now) == expected(history.known, now)
    assert [each.code for each in current_plan(history.known, history.cut("now")).warnings] == ["unknown-time-zone"]
    assert current_plan(opened().known, opened().cut("now")).warnings == []


@pytest.mark.parametrize("name", HISTORIES)
def test_a_line_is_true_until_the_instant_it_says_and_not_beyond(name):
    known = HISTORIES[name]().known
    line = carried_on(None, known)
    now = known.records[-1].meta.recorded_at
    turns = 0
    while (changes_at := shown(line, now).changes_at) and turns < 50:
        just_before = changes_at - timedelta(microseconds=1)
        assert line_of(line, just_before) == line_of(line, now) == expected(known, just_before)
        assert line_of(line, changes_at) == expected(known, changes_at) != line_of(line, now)
        now, turns = changes_at, turns + 1
    assert turns


IDS = st.sampled_from(["a", "b"])
DAYS = st.integers(-20, 40)
WISHES = st.one_of(
    st.tuples(st.just("plan-play"), st.fixed_dictionaries({"id": IDS, "due_on": DAYS}), st.just(PLAY)),
    st.tuples(st.just("add-action"), st.fixed_dictionaries({"id": IDS, "due_on": DAYS}), st.just(ACTION)),
    st.tuples(
        st.sampled_from(["reschedule-play", "reschedule-action"]),
        st.fixed_dictionaries({"id": IDS, "due_on": DAYS}),
        st.just({}),
    ),
    st.tuples(
        st.sampled_from(["win-play", "lose-play", "complete-action"]),
        st.fixed_dictionaries({"id": IDS, "finished_on": st.integers(-9, 0)}),
        st.just({"result": "so"}),
    ),
    st.tuples(
        st.sampled_from(["drop-play", "drop-action", "reopen-play", "reopen-action", "block-play"]),
        st.fixed_dictionaries({"id": IDS}),
        st.just({"reason": "so"}),
    ),
    st.tuples(
        st.just("hold-review"), st.fixed_dictionaries({"id": IDS, "held_on": st.integers(-5, 0)}), st.just(REVIEW)
    ),
    st.tuples(
        st.just("strike-entry"),
        st.fixed_dictionaries({"event": st.integers(0, 9)}),
        st.just({"reason": "not so"}),
    ),
    st.tuples(
        st.sampled_from(["confirm-section"]),
        st.fixed_dictionaries({"section": st.sampled_from(["plays", "risks"])}),
        st.just({}),
    ),
    st.tuples(
        st.sampled_from(["assign-member", "release-member"]),
        st.fixed_dictionaries({"person": IDS, "from_on": DAYS, "until_on": DAYS}),
        st.just({"role": "legal"}),
    ),
    st.tuples(
        st.just("change-tier"),
        st.fixed_dictionaries({"tier": st.sampled_from(["strategic", "growth", "standard"])}),
        st.just({"reason": "so"}),
    ),
)


@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans(), WISHES), min_size=10, max_size=40),
    st.sampled_from(["UTC", "Pacific/Auckland", "America/Los_Angeles"]),
)
def test_whatever_happens_and_however_it_is_batched_a_line_says_what_the_plan_says(steps, timezone):
    history, day, line = opened(timezone=timezone), date(2026, 1, 6), None
    for days, batch_ends, (command, drawn, said) in steps:
        day += timedelta(days=days)
        body = {name: str(day + timedelta(days=at)) if name.endswith("_on") else at for name, at in drawn.items()}
        if command == "strike-entry":
            entries = sorted(history.known.state.entries, reverse=True)
            body["event"] = str(entries[drawn["event"] % len(entries)]) if entries else "0"
        body = {name: value for name, value in body.items() if name in COMMANDS[command].model_fields}
        try:
            history.on(str(day), command, **body, **said)
        except Refusal:
            continue
        if batch_ends:
            line = carried_on(line, history.known)
            now = history.last + timedelta(days=days)
            assert line_of(line, now) == expected(history.known, now)
    assert line_of(carried_on(line, history.known), history.last) == expected(history.known, history.last)


def test_a_promise_may_have_been_recorded_for_the_last_day_of_the_calendar():
    history = opened(tier="standard")
    line = carried_on(None, history.known)
    things, version, *_ = line.plan.parts()
    last = {"id": "a", "due_on": date.max, "state": "open"}
    line = replace(line, plan=KeptPlan({**things, Action: {"a": last}}, version))
    item, changes_at, *_ = shown(line, history.last)
    assert (item.open_promises, item.overdue, changes_at) == (1, 0, None)


def test_an_event_that_does_not_follow_is_not_folded():
    first, _, third = map(partial_event, everything().known.records[:3])
    folding = PortfolioProjector()
    folding.add([first])
    with pytest.raises(CannotBeFolded, match=f"{type(third[-1]).__name__} at position 3"):
        folding.add([third])


# What is read of events


def test_no_word_about_anybody_is_read():
    for event in EVENTS.values():
        assert {field for field, _ in marked(event, Sealed)}.isdisjoint(reads(event)), event
    for kind, kept in KEPT.items():
        assert {field for field, _ in marked(kind, Sealed)}.isdisjoint(kept), kind


@for_each("event", EVENTS.values())
def test_where_the_section_depends_on_what_is_said_it_is_read(event):
    assert event.refreshes is Event.refreshes or "section" in reads(event)


def test_a_rule_that_asks_for_words_nobody_reads_is_told_so():
    planned = next(record for record in everything().known.records if isinstance(record.event, PlayPlanned))
    with pytest.raises(AttributeError, match="title"):
        print(cast(PlayPlanned, partial_event(planned)[-1]).title)


def test_an_older_shape_is_read_through_its_upcast(monkeypatch):
    plan_id = UUID(int=1)
    meta = b'{"recorded_at":"2026-01-05T09:00:00Z","actor":"ann"}'
    state = b'{"meta":' + meta + b',"data":{"id":"p","until":"2026-03-31"},"sealed":[]}'

    def upcast(data: dict[str, Any]) -> dict[str, Any]:
        return {"id": data["id"], "due_on": data["until"], **PLAY}

    monkeypatch.setitem(UPCASTS, "PlayPlanned", upcast)
    *seen, event = read_partial_event(plan_id, 2, 7, "PlayPlanned", state)
    assert seen == [plan_id, 2, 7, MONDAY]
    assert isinstance(event, PlayPlanned)
    assert event.__dict__ == {"id": "p", "due_on": date(2026, 3, 31)}


# Lists


NAMES = ["Zeta", "alpha", "Ähre", "Beta", "beta", "Alphabet", "Émile", "alpha", "Omega", "Österreich", "50 %", "50_"]
NAMES += ["Łódź-Stahl"]
TIERS = ("strategic", "growth", "enterprise", "standard")


@pytest.fixture(scope="module")
def full(stores: Stores) -> Iterator[Store]:
    """Yield a store with a dozen plans, many of which share a value or have none. Tests must not change it."""
    with stores.lend() as where, opened_store(where, KEY) as store:
        for place, name in enumerate(NAMES):
            open_plan(store, place, name)
        store.portfolio.catch_up(lambda: MONDAY)
        yield store


def open_plan(store: Store, place: int, name: str) -> None:
    account_id, tier = f"a{place}", TIERS[place % 4]
    wishes = [
        say("open-plan", account_id=account_id, account_name=name, tier=tier, owner="ann", currency="EUR"),
        *(say("add-action", id=f"x{n}", due_on=f"2026-01-0{4 + n}", **ACTION) for n in range(place % 3)),
    ]
    if place % 4:
        term = {"starts_on": "2026-01-01", "renews_on": f"2026-12-0{1 + place % 3}", "products": ["Hub"]}
        wishes.append(say("set-contract", arr=f"{place // 3}000.50", **term))
    if place % 3:
        wishes.append(say("hold-review", id="r", held_on=f"2025-09-0{1 + place % 2}", **REVIEW))
    if place % 2:
        wishes.append(say("reassign-plan", owner="ben", reason="Ann is away"))
    if place == 5:
        wishes.append(say("archive-plan", reason="Account sold"))
    plans_on(store, lambda: MONDAY - timedelta(days=10 * place)).handle(plan_id_of(account_id), wishes, CONTEXT)


def walked(store: Store, **wanted: Any) -> list[PortfolioItem]:
    """All pages, one after the other."""
    items: list[PortfolioItem] = []
    page = store.portfolio.query(PortfolioQuery(**wanted))
    items += page.items
    while page.next:
        assert len(page.items) == wanted["limit"]
        page = store.portfolio.query(PortfolioQuery(**wanted, cursor=page.next))
        items += page.items
    return items


def test_a_page_has_fifty_plans_unless_told_and_two_hundred_at_most_and_a_digest_four_hundred():
    assert PortfolioQuery().limit == 50
    assert PortfolioQuery(limit=200).limit == 200
    for limit in (0, 201):
        with pytest.raises(ValidationError):
            PortfolioQuery(limit=limit)
    assert digest.MOST_PLANS == 400


@for_each("limit", [1, 2, 5, 11, 12])
@for_each("sort", get_args(Sort))
def test_page_by_page_every_plan_comes_once_and_in_order(full, sort, limit):
    name, descending = sort.lstrip("-"), sort.startswith("-")

    def value(item: PortfolioItem) -> Any:
        found = getattr(item, name)
        return {"account_name": name_key, "tier": TIERS.index}.get(name, lambda same: same)(found)

    everybody = full.portfolio.query(PortfolioQuery(limit=200)).items
    having = [item for item in everybody if getattr(item, name) is not None]
    in_order = sorted(having, key=lambda item: (value(item), item.plan_id), reverse=descending)
    without = sorted((item for item in everybody if item not in having), key=by_id, reverse=descending)
    assert len(everybody) == len(NAMES) - 1
    assert walked(full, sort=sort, limit=limit) == in_order + without


def by_id(item: PortfolioItem) -> UUID:
    return item.plan_id


def test_whoever_has_more_plans_than_are_shown_gets_the_first_by_name_and_is_told_so(full):
    everyone = Caller("ann", "subscriber", None)
    by_name = [each.plan_id for each in walked(full, limit=12)]
    assert plans_seen(full.portfolio, everyone) == (by_name, True)
    assert plans_seen(full.portfolio, everyone, len(by_name)) == (by_name, True)
    assert plans_seen(full.portfolio, everyone, 3) == (by_name[:3], False)
    assert plans_seen(full.portfolio, Caller("ann", "subscriber", frozenset(by_name[1:3]))) == (by_name[1:3], True)


def test_names_are_in_order_whatever_their_case_and_accents(full):
    names = [item.account_name for item in walked(full, limit=3)]
    assert names == [
        "50 %",
        "50_",
        "Ähre",
        *["alpha"] * 2,
        *names[5:7],
        "Émile",
        "Łódź-Stahl",
        "Omega",
        "Österreich",
        "Zeta",
    ]
    assert {*names[5:7]} == {"Beta", "beta"}


@for_each(
    ("q", "found"),
    [
        ("ALPH", ["alpha", "alpha"]),
        ("öst", ["Österreich"]),
        ("Em", ["Émile"]),
        (" beta ", ["Beta", "beta"]),
        ("50_", ["50 %", "50_"]),
        ("_", []),
        ("lodz", ["Łódź-Stahl"]),
        ("STAHL", ["Łódź-Stahl"]),
        ("lodz st", ["Łódź-Stahl"]),
        ("oest", ["Österreich"]),
        ("lodzstahl", ["Łódź-Stahl"]),
        ("stahl lodz", []),
        ("%", []),
        ("pha", []),
        ("", NAMES),
    ],
)
def test_a_plan_is_found_by_words_of_its_name_and_how_they_begin(full, q, found):
    names = [item.account_name for item in walked(full, q=q, limit=200)]
    assert sorted(names) == sorted(name for name in found if name != "Alphabet")


def test_an_account_is_found_by_the_names_it_had():
    history = opened()
    history.on("2026-01-06", "rename-account", account_name="Łódź-Stahl (Groß & Söhne)")
    line = carried_on(carried_on(None, opened().known), history.known)
    assert shown(line, history.last).search_text.split("\n") == [
        " lodz stahl gross sohne",
        " lodz stahl gross soehne",
        " lodzstahl gross sohne",
        " acme manufacturing",
    ]


@for_each(
    ("q", "name"),
    [
        ("Mueller", "Müller & Söhne"),
        ("soehne", "Müller & Söhne"),
        ("aalborg", "Ålborg Værft"),
        ("obrien", "O’Brien Steel"),
        ("jeanluc", "Jean-Luc et fils"),
        ("太郎", "山田太郎商事"),
        ("ไทย", "บริษัทไทยยนต์"),
        ("전자", "삼성전자"),
        ("ivan", "Ivan’s Yard"),
        ("афин", "Афины"),
        ("ΑΘΗΝ", "Αθήνα"),
    ],
)
def test_a_name_is_found_however_it_is_typed(q, name):
    assert any(search_text(q) in text for text in search_texts(name))


FILTERS: list[tuple[dict[str, Any], Callable[[PortfolioItem], bool]]] = [
    ({"tier": ("growth",)}, lambda item: item.tier == "growth"),
    ({"tier": ("standard", "strategic")}, lambda item: item.tier in ("standard", "strategic")),
    ({"owner": "ben"}, lambda item: item.owner == "ben"),
    ({"stale": True}, lambda item: item.stale_sections != []),
    ({"stale": False}, lambda item: item.stale_sections == []),
    ({"overdue": True}, lambda item: item.overdue > 0),
    ({"overdue": False}, lambda item: item.overdue == 0),
    ({"renews_before": date(2026, 12, 2)}, lambda item: bool(item.renews_on and item.renews_on < date(2026, 12, 2))),
    ({"owner": "ben", "tier": ("growth",)}, lambda item: (item.owner, item.tier) == ("ben", "growth")),
]


@for_each(("wanted", "fits"), FILTERS)
@for_each("sort", ["account_name", "-renews_on"])
def test_a_list_holds_the_plans_that_are_asked_for(full, sort, wanted, fits):
    everybody = walked(full, limit=200, sort=sort)
    found = walked(full, limit=2, sort=sort, **wanted)
    assert found == [item for item in everybody if fits(item)]
    assert 0 < len(found) < len(everybody)


def test_archived_plans_are_listed_when_they_are_asked_for(full):
    assert [item.account_id for item in walked(full, archived=True, limit=1)] == ["a5"]
    assert "a5" not in {item.account_id for item in walked(full, limit=200)}


def test_a_page_in_json_has_amounts_as_strings(full):
    page = full.portfolio.query(PortfolioQuery(sort="-arr", limit=1))
    [item] = json.loads(page.model_dump_json())["items"]
    assert (item["arr"], item["renews_on"], item["last_review_on"]) == ("3000.50", "2026-12-03", "2025-09-02")


@pytest.fixture
def crowded(full):
    """A connection that sees 1,500 more plans, as long as the test lasts."""
    with connected(full.where.service) as connection, connection.transaction(force_rollback=True):
        connection.execute(COPIES)
        connection.execute(COUNTED)
        connection.execute("ANALYZE plantrail.portfolio, plantrail.portfolio_open_promises")
        yield connection


@for_each("sort", get_args(Sort))
@for_each("on_a_later_page", [False, True])
def test_every_order_is_read_from_an_index_and_not_sorted(full, crowded, sort, on_a_later_page):
    query = PortfolioQuery(sort=sort, limit=3)
    page = full.portfolio.query(query)
    after = place_of(str(page.next), sort) if on_a_later_page else None
    crowded.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    asked = f"EXPLAIN (FORMAT JSON) {statement(query, after, None)}"
    [[[plan]]] = crowded.execute(asked, values(query, after, None)).fetchall()
    nodes = [*walk(plan["Plan"])]
    reads = [node for node in nodes if node.get("Relation Name") == "portfolio"]
    assert reads
    assert {node["Node Type"] for node in reads} <= {"Index Scan"}
    assert sum("Sort" in node["Node Type"] for node in nodes) <= 1, "only the rows of a page are put in order"
    assert sum(node["Node Type"] == "Limit" for node in nodes) == len(reads) + 1, "no more are read than a page holds"


COPIES = (
    "INSERT INTO plantrail.portfolio SELECT (jsonb_populate_record(p, jsonb_build_object('plan_id', gen_random_uuid(),"
    " 'archived', false, 'name_key', name_key || n, 'arr', n % 997, 'owner', 'owner-' || n % 100,"
    " 'stale_sections', CASE WHEN n % 500 = 0 THEN '[]'::jsonb ELSE '[\"plan\"]'::jsonb END))).*"
    " FROM plantrail.portfolio AS p, generate_series(1, 1500) AS n WHERE p.account_id = 'a1'"
)
COUNTED = (
    "INSERT INTO plantrail.portfolio_open_promises SELECT generation, plan_id, archived, open_promises"
    " FROM plantrail.portfolio ON CONFLICT DO NOTHING"
)


@for_each("wanted", [{"stale": False}, {"owner": "owner-7", "sort": "-arr"}])
def test_the_few_that_fit_are_found_without_looking_at_all_the_others(crowded, wanted):
    query = PortfolioQuery(limit=5, **{"sort": "-arr"} | wanted)
    asked = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement(query, None, None)}"
    [[[plan]]] = crowded.execute(asked, values(query, None, None)).fetchall()
    reads = [node for node in walk(plan["Plan"]) if node.get("Relation Name") == "portfolio"]
    assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in reads) < 100, reads


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", ()):
        yield from walk(inner)


def cursor(*content: Any) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


SOME_ID = str(UUID(int=1))
WRONG_CURSORS: list[tuple[str, Sort]] = [
    ("x", "arr"),
    ("äöü", "arr"),
    ("AAAA", "arr"),
    (cursor("arr", "1.5"), "arr"),
    (cursor("arr", "1.5", "no id"), "arr"),
    (cursor("arr", "1.5", SOME_ID), "-arr"),
    (cursor("arr", "1e400", SOME_ID), "arr"),
    (cursor("arr", "NaN", SOME_ID), "arr"),
    (cursor("account_name", None, SOME_ID), "account_name"),
    (cursor("account_name", "a\0b", SOME_ID), "account_name"),
    (cursor("account_name", "\ud800", SOME_ID), "account_name"),
    (cursor("account_name", "a" * 500, SOME_ID), "account_name"),
    (cursor("renews_on", "2026-02-30", SOME_ID), "renews_on"),
    (cursor("renews_on", "infinity", SOME_ID), "renews_on"),
    (cursor("overdue", 2**40, SOME_ID), "overdue"),
    (cursor("tier", None, SOME_ID), "tier"),
]


@for_each(("wrong", "sort"), WRONG_CURSORS)
def test_a_cursor_that_was_not_given_by_the_list_is_refused(full, wrong, sort):
    with pytest.raises(CursorUnknown, match="begin again"):
        full.portfolio.query(PortfolioQuery(cursor=wrong, sort=sort))


@for_each(
    "wanted",
    [{"limit": 0}, {"limit": 201}, {"sort": "owner"}, {"tier": ("gold",)}, {"q": "a\0"}, {"owner": "a b"}, {"page": 2}],
)
def test_a_question_that_cannot_be_answered_is_refused(wanted):
    with pytest.raises(ValidationError):
        PortfolioQuery(**wanted)
