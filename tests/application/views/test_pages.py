"""Lists, page by page: where one begins that goes on, and what is refused as no cursor of it."""

from datetime import date
from uuid import UUID

import pytest

from application.findings import across
from application.portfolio import promises, query
from application.views.cuts import CutBeforePlan
from application.views.history import Filter
from application.views.list_cursors import CursorUnknown, cursor_after, version_of
from application.views.pages import (
    NoReviewToCompareWith,
    UnknownKind,
    blame_list,
    event_named,
    history_page,
    review_before,
    review_list,
    thing_named,
    version_before,
)
from domain.account_plan import ACCOUNT_PLAN
from tests.cases import for_each
from tests.histories import History, instant, opened

PLAN = UUID("00000000-0000-0000-0000-0000000000ff")
DAY = date(2026, 3, 31)


@for_each("version", [0, 1, 7, 99, 12345, 999_999_999])
def test_a_cursor_leads_back_to_where_it_was_given(version):
    assert version_of(cursor_after(version)) == version
    for length in range(4):
        finding = across.FindingPosition(False, version, DAY, PLAN, 10**length)
        assert across.position_of(across.cursor_of(finding)) == finding
        promise = promises.PromisePosition(DAY, PLAN, "play", "p" * (length + 1))
        assert promises.position_of(promises.cursor_of(promise)) == promise
        name = query.CursorPosition("x" * length, PLAN)
        assert query.place_of(query.cursor_of(name, "-account_name"), "-account_name") == name


@for_each("sign", ["!", "\n", " ", "="])
def test_a_cursor_with_a_sign_in_it_that_no_list_writes_is_refused(sign):
    finding = across.cursor_of(across.FindingPosition(False, 1, DAY, PLAN, 1))
    promise = promises.cursor_of(promises.PromisePosition(DAY, PLAN, "play", "p"))
    name = query.cursor_of(query.CursorPosition("x", PLAN), "account_name")
    for read, cursor in (
        (version_of, cursor_after(7)),
        (across.position_of, finding),
        (promises.position_of, promise),
        (lambda cursor: query.place_of(cursor, "account_name"), name),
    ):
        with pytest.raises(CursorUnknown):
            read(f"{cursor[:1]}{sign * 4}{cursor[1:]}")


@for_each("text", ["", "x", "djE!", "bm90", "djEwMDAwMDAwMDA", "dgo", "ü", "eDE", "djF4"])
def test_what_no_list_gave_is_refused(text):
    for read in (
        version_of,
        across.position_of,
        promises.position_of,
        lambda cursor: query.place_of(cursor, "account_name"),
    ):
        with pytest.raises(CursorUnknown):
            read(text)


@for_each(
    ("sort", "value", "taken"),
    [
        ("account_name", "x" * 200, True),
        ("account_name", "x" * 201, False),
        ("account_name", "\0", False),
        ("overdue", 0, True),
        ("overdue", -1, False),
        ("tier", 2**31 - 1, True),
        ("tier", 2**31, False),
        ("arr", None, True),
        ("renews_on", "2026-03-31", True),
        ("renews_on", "soon", False),
    ],
)
def test_a_place_in_the_portfolio_is_a_value_of_its_order(sort, value, taken):
    cursor = query.cursor_of(query.CursorPosition(value, PLAN), sort)
    if taken:
        assert str(query.place_of(cursor, sort).value) == str(value)
        with pytest.raises(CursorUnknown):
            query.place_of(cursor, f"-{sort}")
    else:
        with pytest.raises(CursorUnknown):
            query.place_of(cursor, sort)


def test_a_position_is_within_what_the_store_counts_and_holds_no_sign_that_it_refuses():
    for loudness, place, taken in ((0, 2**31 - 1, True), (2**31, 0, False), (0, -1, False), (-1, 0, False)):
        cursor = across.cursor_of(across.FindingPosition(True, loudness, DAY, PLAN, place))
        if taken:
            across.position_of(cursor)
        else:
            with pytest.raises(CursorUnknown):
                across.position_of(cursor)
    with pytest.raises(CursorUnknown):
        promises.position_of(promises.cursor_of(promises.PromisePosition(DAY, PLAN, "play", "a\0")))


def test_names_are_sorted_without_case_and_accents_up_to_a_length():
    assert query.name_key("Łódź " + "x" * 200) == "lodz " + "x" * 195
    assert query.key_of("-arr") == query.key_of("arr") == "arr"


def told() -> History:
    history = opened()
    for number in range(1, 5):
        history.on(f"2026-01-{5 + number:02}", "write-note", id=f"n{number}", section="plan", text="Seen")
    return history


def test_a_history_goes_on_after_a_page_until_a_cut_and_says_where_it_ends():
    known = told().known
    until = told().cut("now")
    first = history_page(known, Filter(), until, limit=2)
    assert [entry.version for entry in first.items] == [1, 2]
    assert first.next == cursor_after(2)
    rest = history_page(known, Filter(), until, after=2, limit=3)
    assert ([entry.version for entry in rest.items], rest.next) == ([3, 4, 5], None)
    before = told().cut("version:3")
    assert [entry.version for entry in history_page(known, Filter(), before).items] == [1, 2, 3]


def test_a_history_begins_with_its_day_or_after_its_version():
    history = told()
    now = instant("2026-02-01")
    assert [version_before(cut, history.known, now) for cut in (None, "version:3", "2026-01-07")] == [0, 3, 2]


def test_blame_is_of_everything_or_of_a_section_a_kind_or_one_thing():
    history = told()
    now = history.cut("now")

    def blamed(**asked: str) -> set[tuple[str, str]]:
        return {(each.kind, each.id) for each in blame_list(history.known, now, **asked).items}

    everything = blamed()
    assert ("note", "n1") in everything
    assert blamed(kind="note") == {("note", f"n{number}") for number in range(1, 5)}
    assert blamed(kind="note", id="n2") == {("note", "n2")}
    assert blamed(section="plays") == set()
    assert blamed(section="plan") == everything
    assert {(each.kind, each.id) for each in blame_list(history.known, history.cut("version:2")).items} < everything


def test_the_review_to_compare_with_is_the_last_one_before_the_cut():
    history = told()
    with pytest.raises(NoReviewToCompareWith):
        review_before(history.known, history.cut("now"))
    held = {"kind": "weekly", "audience": "internal", "ours": ["ann"]}
    history.on("2026-01-12", "hold-review", id="r1", held_on="2026-01-12", **held)
    history.on("2026-01-13", "write-note", id="later", section="plan", text="Seen")
    assert review_before(history.known, history.cut("now")) == history.cut("review:r1").cut
    assert [review.review.id for review in review_list(history.known, history.cut("now")).items] == ["r1"]
    assert review_list(history.known, history.cut("version:3")).items == []


@for_each("name", ["NoteWritten", "note-written", "plantrail.note-written.v1", "plantrail.NoteWritten.v12"])
def test_an_event_is_named_as_in_code_in_words_or_as_its_type(name):
    assert event_named(name, ACCOUNT_PLAN) == "NoteWritten"
    assert event_named(f"x{name}", ACCOUNT_PLAN) is None


def test_a_thing_is_named_by_its_kind_or_by_its_kind_and_id():
    assert thing_named("play:pilot:1", ACCOUNT_PLAN) == ("play", "pilot:1")
    assert thing_named("play", ACCOUNT_PLAN) == thing_named("play:", ACCOUNT_PLAN) == ("play", None)
    assert thing_named(None, ACCOUNT_PLAN) == thing_named("", ACCOUNT_PLAN) == (None, None)
    with pytest.raises(UnknownKind, match="did you mean “play”"):
        thing_named("plai", ACCOUNT_PLAN)
    with pytest.raises(UnknownKind, match="there are action"):
        thing_named("zzzzzz", ACCOUNT_PLAN)


def test_before_the_plan_there_is_no_list():
    history = told()
    cut = history.cut("2026-01-07")
    assert history_page(history.known, Filter(), cut).items[-1].version == 3
    with pytest.raises(CutBeforePlan):
        history_page(history.known, Filter(), history.cut("2026-01-01"))
