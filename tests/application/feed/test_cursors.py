"""What subscribers may write for a place on the log, and what is refused."""

from uuid import UUID

import pytest

from application.feed.cursors import Cursor, CursorMalformed, SourceMalformed, cursor
from application.feed.ports import ALL, EventFilter
from tests.cases import for_each

ACME, BETA = UUID(int=1), UUID(int=2)


@for_each("text", ["", "-1", "1.5", "acme:1", f"{ACME}:", f"{ACME}", "9" * 21, f"{2**63}", " 1", "١"])
def test_what_is_no_cursor_is_refused(text):
    with pytest.raises(CursorMalformed):
        cursor(text)


@pytest.mark.parametrize("source", ["/logs/", "/logs/1", "https://example.com", str(ACME)[:-1]])
def test_what_is_no_log_is_refused(source):
    with pytest.raises(SourceMalformed):
        cursor("1", source)


def test_an_event_of_a_plan_that_one_may_not_see_is_where_no_log_comes_to():
    theirs, others = cursor(f"{ACME}:3", may_see={ACME}), cursor(f"{BETA}:3", may_see={ACME})
    assert theirs == Cursor(event=(ACME, 3))
    assert others == cursor(str(2**63 - 1))
    assert cursor("3", may_see=set()) == Cursor(3)


@for_each(
    ("text", "place"),
    [
        ("0", Cursor(0)),
        (str(2**63 - 1), Cursor(2**63 - 1)),
        ("now", Cursor()),
        (f"{ACME}:{'9' * 18}", Cursor(event=(ACME, 10**18 - 1))),
    ],
)
def test_a_position_an_event_or_now_is_a_place_on_the_log_that_is_named(text, place):
    assert cursor(text) == place
    if text != "now":
        assert {cursor(text, source).log for source in (f"/logs/{BETA}", str(BETA))} == {BETA}


def test_a_filter_lets_through_what_is_of_its_topics_and_of_its_plans():
    asked = EventFilter(frozenset({"won"}), frozenset({"acme"}))
    tried = [("won", "acme"), ("won", "beta"), ("lost", "acme"), ("lost", "beta")]
    assert [asked.includes(*each) for each in tried] == [True, False, False, False]
    assert all(ALL.includes(*each) for each in tried)
