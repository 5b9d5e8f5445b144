"""What the page of a plan of a thousand events costs, beside the same plan as JSON: told as a ratio, for machines
differ."""

import gzip
from collections.abc import Callable
from time import process_time

import pytest
from pydantic_core import to_json

from adapters.events.stored_format import decode
from adapters.web.findings.presenter import AT_FIRST, findings_shown
from adapters.web.languages import Speech
from adapters.web.plan.canvas import canvas_shown
from adapters.web.plan.presenter import PlanView, head, plan_parts
from adapters.web.plan.timebar import time_bar
from adapters.web.templates import environment, part
from application.aggregates.access import RIGHTS
from application.findings.judging import findings_view
from application.packs.canvas import CanvasPack
from application.packs.registry import pack
from application.views.current_plan import current_plan
from application.views.cuts import cut_at, known_at
from application.views.loaded_plan import LoadedPlan
from application.views.reviews import reviews
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import plan_id_of, the_plan
from tests.bench.history import rows

EVENTS = 1_000
RUNS = 7
MOST_AT_FIRST, MOST_WHEN_KEPT, MOST_FOR_A_STEP = 3.2, 1.0, 2.6
"""Times what the JSON view takes, which says nothing of what is wrong: made anew, with what is kept of it, and a step
back, whose reviews are kept."""

MOST_BYTES = 15_000


@pytest.fixture(scope="module")
def known() -> LoadedPlan:
    id = plan_id_of("big")
    return LoadedPlan.of(ACCOUNT_PLAN, id, [decode(id, *row, {}) for row in rows("big", EVENTS)])


def least(work: Callable[[], object]) -> float:
    """The processor seconds it takes where nothing comes between."""
    taken = []
    for _ in range(RUNS):
        began = process_time()
        work()
        taken.append(process_time() - began)
    return min(taken)


def test_a_page_is_made_in_a_few_times_what_its_json_takes_and_shown_again_in_less(known):
    say, path = Speech("en"), "/plans/big"
    cut = cut_at("now", known, known.records[-1].meta.recorded_at)

    def parts(cut=cut):
        then = known_at(known, cut)
        found = plan_parts(then, cut, say, False)
        sections = part("plan/sections.html", say, sections=found.sections)
        made = pack("canvas", then, cut)
        assert isinstance(made, CanvasPack)
        on_top = canvas_shown(made, path, cut, say)
        drawn = part("plan/canvas.html", say, canvas=on_top)
        return findings_view(then, cut, ()).items, found.facts, drawn, sections

    held = reviews(known, cut)

    def page(kept, cut=cut, held=held) -> bytes:
        items, facts, drawn, sections = kept
        found = findings_shown(
            items, known.state, path, known.version, "key", say, lambda _: True, at_most=AT_FIRST, every=path
        )
        view = PlanView(head(the_plan(known.state), cut, say), facts, drawn, found, sections, False, path)
        bar = time_bar(known, cut, held, path, path, say, False)
        filled = environment().get_template("plan/page.html").render(
            view=view, bar=bar, may_change=True, _=say, counted=say.counted, language="en", actor="ann", path=path,
            may={right.replace("-", "_"): True for right in RIGHTS},
        )  # fmt: skip
        return gzip.compress(filled.encode(), 4)

    kept = parts()
    assert len(page(kept)) < MOST_BYTES, "a page does not grow with what is over"
    as_json = least(lambda: to_json(current_plan(known, cut)))
    assert least(lambda: page(parts(), held=reviews(known, cut))) <= MOST_AT_FIRST * as_json
    assert least(lambda: page(kept)) <= MOST_WHEN_KEPT * as_json

    before = cut_at(f"version:{EVENTS - 100}", known, cut.at)
    as_json = least(lambda: to_json(current_plan(known, before)))
    assert least(lambda: page(parts(before), before)) <= MOST_FOR_A_STEP * as_json
