"""The page of a plan beside the same plan as JSON, in processor time: made anew, shown again, and a step back.

JSON says nothing of what is wrong with a plan, which stands on top of its page.
"""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from time import process_time
from typing import Any
from uuid import uuid4

from pydantic_core import to_json

from adapters.bootstrap.garbage_collection import tune_garbage_collection
from adapters.cli.demonstration import stories
from adapters.events.stored_format import MetaToRecord, decode
from adapters.web.app import MOST_TABLES
from adapters.web.findings.presenter import AT_FIRST, FindingsShown, findings_shown
from adapters.web.kept import Kept
from adapters.web.languages import Speech
from adapters.web.plan.canvas import canvas_shown
from adapters.web.plan.presenter import Fact, PlanView, head, plan_parts
from adapters.web.plan.tables import drawn_anew, drawn_once
from adapters.web.plan.timebar import ticks_of, time_bar
from adapters.web.templates import environment, part
from application.aggregates.access import RIGHTS
from application.findings.judging import findings_view
from application.packs.canvas import CanvasPack
from application.packs.registry import pack
from application.scenarios.simulation import Rehearsal
from application.views.current_plan import current_plan
from application.views.cuts import Cut, cut_at, known_at
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.entries import NoteWritten
from domain.account_plan.plan import plan_id_of, the_plan
from domain.aggregates import AggregateType
from domain.record import Recorded
from tests.bench.history import rows

EVENTS = 1_000
RUNS = 21
MAY = {right.replace("-", "_"): True for right in RIGHTS}

Parts = tuple[FindingsShown, Sequence[Fact], str, str]
"""What the service keeps of a plan: what is wrong with it, its facts, its canvas and its sections."""


@dataclass(frozen=True)
class Page:
    """The page of a plan at a cut, made of what its route makes it of."""

    known: LoadedPlan
    cut: Cut
    say = Speech("en")

    def parts(self, tables: Kept[str] | None = None) -> Parts:
        known, cut, say = known_at(self.known, self.cut), self.cut, self.say
        drawn = drawn_once(tables, known, cut, say) if tables else drawn_anew(say)
        found, canvas = plan_parts(known, cut, say, False, (), drawn), pack("canvas", known, cut)
        assert isinstance(canvas, CanvasPack)
        on_top = part("plan/canvas.html", say, canvas=canvas_shown(canvas, "/plans/big", cut, say))
        sections = part("plan/sections.html", say, sections=found.sections)
        shown = findings_shown(
            findings_view(known, cut).items, known.state, "/plans/big", known.version, "", say, lambda _: True,
            at_most=AT_FIRST, every="/plans/big",
        )  # fmt: skip
        return shown, found.facts, on_top, sections

    def of(self, kept: Parts) -> bytes:
        (shown, facts, canvas, sections), path, say = kept, "/plans/big", self.say
        known, cut = self.known, self.cut
        findings = replace(shown, key="key")
        view = PlanView(head(the_plan(known.state), cut, say), facts, canvas, findings, sections)
        bar = time_bar(known, cut, ticks_of(known), path, path, say, False)
        filled = environment().get_template("plan/page.html").render(
            view=view, bar=bar, may_change=True, _=say, counted=say.counted, language="en", actor="ann", path=path,
            may=MAY, blaming=False, is_behind=False, blame_address=path, twin=f"/v1{path}",
        )  # fmt: skip
        return gzip.compress(filled.encode(), 4)

    def anew(self) -> bytes:
        return self.of(self.parts())

    def as_json(self) -> bytes:
        return to_json(current_plan(self.known, self.cut))


def thousand() -> LoadedPlan:
    id = plan_id_of("big")
    return LoadedPlan.of(ACCOUNT_PLAN, id, [decode(id, *row, {}) for row in rows("big", EVENTS)])


def of_the_demo() -> LoadedPlan:
    """The plan that the demo shows: a third as many events, and something of every kind."""

    def absent(type: AggregateType[Any], _id: object) -> Any:
        raise type.not_open

    rehearsal, id = Rehearsal(absent, uuid4), plan_id_of("halden-stores")
    for line in sorted((line for story in stories() for line in story), key=lambda line: line.at):
        rehearsal.tell(line)
    said = [(each, commit.context) for commit in rehearsal.commits if commit.aggregate_id == id
            for each in commit.events]  # fmt: skip
    return LoadedPlan.of(ACCOUNT_PLAN, id, [
        Recorded(id, version, version, MetaToRecord.of(each, context), each.event)
        for version, (each, context) in enumerate(said, 1)
    ])  # fmt: skip


def after_an_event(page: Page) -> tuple[Callable[[], bytes], Callable[[], bytes]]:
    """Make the page and its JSON of a plan with one event more each time, as the service does: the tables that no event
    changed are drawn already."""
    known, tables = page.known, Kept[str](MOST_TABLES)
    page.parts(tables)
    event = NoteWritten(id="left", section="risks", text="The buyer left")
    record = Recorded(known.id, known.version + 1, known.position + 1, known.records[-1].meta, event)

    def one_more() -> Page:
        return now(known.with_news([record]))

    def made() -> bytes:
        later = one_more()
        return later.of(later.parts(tables))

    return made, lambda: one_more().as_json()


def now(known: LoadedPlan) -> Page:
    return Page(known, cut_at("now", known, known.records[-1].meta.recorded_at))


def a_step_back(known: LoadedPlan) -> Page:
    return Page(known, cut_at(f"version:{known.version - 100}", known, known.records[-1].meta.recorded_at))


def in_times_of(work: Callable[[], object], reference: Callable[[], object]) -> float:
    """The processor time of some work in times of another's: medians, taken in turn, so that a machine that gets slower
    makes both slower."""
    took: tuple[list[float], list[float]] = [], []
    for _ in range(RUNS):
        for times, each in zip(took, (work, reference), strict=True):
            began = process_time()
            each()
            times.append(process_time() - began)
    return median(took[0]) / median(took[1])


def measure() -> dict[str, Any]:
    tune_garbage_collection()
    return {name: _figures(plan()) for name, plan in {"thousand_events": thousand, "demo": of_the_demo}.items()}


def _figures(known: LoadedPlan) -> dict[str, float]:
    page, before = now(known), a_step_back(known)
    kept = page.parts()
    return {
        "anew_in_json": round(in_times_of(page.anew, page.as_json), 2),
        "after_an_event_in_json": round(in_times_of(*after_an_event(page)), 2),
        "again_in_json": round(in_times_of(lambda: page.of(kept), page.as_json), 2),
        "step_back_in_json": round(in_times_of(before.anew, before.as_json), 2),
        "bytes": len(page.anew()),
    }
