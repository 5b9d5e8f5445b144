"""What the page of a plan of a thousand events costs, beside the same plan as JSON: told as a ratio, for machines
differ."""

from adapters.web.kept import Kept
from adapters.web.languages import Speech
from adapters.web.plan.presenter import plan_parts
from adapters.web.plan.tables import drawn_anew, drawn_once
from application.views.loaded_plan import LoadedPlan
from domain.account_plan.entries import NoteWritten
from domain.record import Recorded
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


def test_only_the_table_of_what_an_event_changed_is_drawn_anew():
    kept, say, before = Kept[str](100), Speech("en"), thousand()

    def tables(known: LoadedPlan, anew: bool = False) -> list[tuple[str, str]]:
        cut = now(known).cut
        drawn = drawn_anew(say) if anew else drawn_once(kept, known, cut, say)
        return [(section.name, table) for section in plan_parts(known, cut, say, False, (), drawn).sections
                for table in section.tables]  # fmt: skip

    first, event = tables(before), NoteWritten(id="left", section="risks", text="The buyer left")
    record = Recorded(before.id, before.version + 1, before.position + 1, before.records[-1].meta, event)
    after = before.with_news([record])
    second = tables(after)
    assert second == tables(after, anew=True)
    drawn_before = {id(table) for _, table in first}
    changed = [(section, table) for section, table in second if id(table) not in drawn_before]
    assert {section for section, table in changed if "The buyer left" in table} == {"risks"}
    assert all("note" in table for _, table in changed), "each of these shows notes"
