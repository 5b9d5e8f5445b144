"""An example plan is shown to everybody, and reveals neither whose it is nor any text about people."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from adapters.events.stored_format import decode, topic_of
from application.library.examples import ExampleView, NoSuchExample, check_example, check_seen, example_view
from application.views.loaded_plan import LoadedPlan
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import PlanNotOpen
from domain.program import PROGRAM
from domain.program.examples import NoCutToShow, NoPlanToShow, PublishExample
from tests.everything import PLAY
from tests.histories import History, instant, opened

EXAMPLE = {"id": "gold", "title": "A plan as it should be", "plan": "acme", "cut": "now"}


def plan() -> History:
    history = opened()
    history.on("2026-01-05", "add-stakeholder", id="coo", name="Jane Doe", level="executive", title="Head of Linz")
    history.on("2026-01-05", "rename-account", account_name="Acme Steel")
    history.on("2026-01-05", "add-unit", id="linz-works", name="Works in Linz", kind="site", buying_center=True)
    history.on("2026-01-06", "write-note", section="plan", text="Jane Doe decides for ACME STEEL alone")
    history.on("2026-01-06", "plan-play", id="tour", title="Tour of Linz", due_on="2026-06-01", **PLAY)
    return history


def published(*lines: tuple[str, str, dict[str, str]], **more: object) -> History:
    program = History(type=PROGRAM)
    program.on("2026-01-02", "open-program", name="Strategic accounts", currency="EUR")
    program.on("2026-02-01", "publish-example", **EXAMPLE | more)
    for when, command, body in lines:
        program.on(when, command, **body)
    return program


def shown(program: History, history: History, id: str = "gold") -> ExampleView:
    return example_view(program.known, id, reading(history, with_words=False))


def reading(history: History, with_words: bool = True) -> Callable[[UUID], LoadedPlan]:
    def read(plan_id: UUID) -> LoadedPlan:
        if plan_id != history.plan_id:
            raise PlanNotOpen
        if with_words:
            return history.known
        records = [
            decode(each.aggregate_id, each.version, each.position, topic_of(type(each.event).__name__), each.stored, {})
            for each in history.known.records
        ]
        return LoadedPlan.of(ACCOUNT_PLAN, plan_id, records)

    return read


def test_an_example_is_the_plan_without_its_account_its_people_and_the_words_that_were_to_be_replaced():
    redactions = [{"words": "Linz", "shown_as": "the plant"}]
    history = plan()
    history.on("2026-01-07", "note-news", kind="merger", happened_on="2026-01-07", summary="Two of them join")
    view = shown(published(redactions=redactions), history)
    told = json.dumps(view.plan, ensure_ascii=False).casefold()
    assert [word for word in ("acme", str(history.plan_id), "jane", "doe", "linz") if word in told] == []
    assert [each["event"] for each in view.plan["duties"]] == [f"the account:{history.known.version}"]
    plays = view.plan["sections"]["plays"]["plays"]
    assert [each["title"] for each in plays] == ["Tour of the plant"]
    assert view.plan["sections"]["overview"]["units"][0]["id"] == "the plant-works"
    assert view.plan["account"]["account_name"] == "the account"
    assert [each["text"] for each in view.plan["sections"]["plan"]["notes"]] == ["[…]"]
    assert (view.title, str(view.published_on)) == (EXAMPLE["title"], "2026-02-01")


def test_our_own_people_are_told_apart_in_an_example_and_not_named():
    history = plan()
    history.on("2026-01-07", "write-note", section="plan", text="Ben planned it, ann annotates", about=[])
    history.on("2026-01-07", "reassign-play", id="tour", owner="Ben")
    view = shown(published(), history)
    [play] = view.plan["sections"]["plays"]["plays"]
    assert (view.plan["account"]["owner"], play["owner"]) == ("colleague-1", "colleague-2")
    told = view.plan["sections"]["plan"]["notes"][-1]["text"]
    assert told == "colleague-2 planned it, colleague-1 annotates"


def checked(history: History, **said: Any) -> dict[str, str]:
    """The warnings about an example that is to be published, by where they point."""
    command = PublishExample.model_validate(EXAMPLE | said, strict=False)
    told = check_example(command, reading(history), reading(history, with_words=False), instant("2026-02-01"), ())
    return {caution.pointer: caution.code for caution in told}


def test_before_an_example_is_published_it_is_looked_at_as_others_will_read_it():
    history = plan()
    assert checked(history) == {}
    history.on("2026-01-07", "write-note", section="plan", text="Doe asked for Jane's tour", about=[])
    assert checked(history) == {"/redactions": "names-a-person"}
    hidden = [{"words": "Doe", "shown_as": "They"}, {"words": "Jane", "shown_as": "the COO"}]
    assert checked(history, redactions=hidden) == {}
    assert checked(history, redactions=[*hidden, {"words": "Graz", "shown_as": "a town"}]) == {
        "/redactions/2/words": "replaces-nothing"
    }
    assert checked(history, redactions=[*hidden, {"words": "DOE", "shown_as": "Somebody"}]) == {
        "/redactions/2/words": "replaced-twice"
    }


def test_a_plan_or_a_cut_that_there_is_not_cannot_be_published():
    history = plan()
    with pytest.raises(NoPlanToShow):
        checked(history, plan="nobody")
    for cut in ("review:never", "2025-01-01", "sometime"):
        with pytest.raises(NoCutToShow) as refused:
            checked(history, cut=cut)
        assert refused.value.pointer == "/cut"
    command = PublishExample.model_validate(EXAMPLE)
    check_seen(command, lambda _: True, reading(history))
    with pytest.raises(NoPlanToShow):
        check_seen(command, lambda _: False, reading(history))


def test_an_example_stays_as_it_was_when_it_was_published():
    history, program = plan(), published()
    before = shown(program, history)
    history.on("2026-02-02", "drop-play", id="tour", reason="They moved")
    assert shown(program, history) == before
    early = shown(published(cut="2026-01-05"), history)
    assert early.plan["sections"]["plays"]["plays"] == []


def test_there_is_none_that_was_not_published_or_was_withdrawn():
    history = plan()
    with pytest.raises(NoSuchExample):
        shown(published(), history, "other")
    withdrawn = published(("2026-02-02", "withdraw-example", {"id": "gold", "reason": "Names could be guessed"}))
    with pytest.raises(NoSuchExample):
        shown(withdrawn, history)
    with pytest.raises(PlanNotOpen):
        shown(published(plan="nobody"), history)
