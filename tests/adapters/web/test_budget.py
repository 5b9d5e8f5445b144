"""What the page of a plan of a thousand events costs, beside the same plan as JSON: told as a ratio, for machines
differ."""

from tests.bench.paging import a_step_back, in_times_of, now, thousand

MOST_AT_FIRST, MOST_WHEN_KEPT, MOST_FOR_A_STEP = 2.0, 1.0, 2.0
"""Times what the JSON view takes, which says nothing of what is wrong: made anew, with what is kept of it, and a step
back."""

MOST_BYTES = 15_000


def test_a_page_is_made_in_twice_what_its_json_takes_and_shown_again_in_less():
    known = thousand()
    page, before = now(known), a_step_back(known)
    kept = page.parts()
    assert len(page.of(kept)) < MOST_BYTES, "a page does not grow with what is over"
    assert in_times_of(page.anew, page.as_json) <= MOST_AT_FIRST
    assert in_times_of(lambda: page.of(kept), page.as_json) <= MOST_WHEN_KEPT
    assert in_times_of(before.anew, before.as_json) <= MOST_FOR_A_STEP
