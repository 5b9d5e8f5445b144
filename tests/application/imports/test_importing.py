"""What becomes of each row of a plan, also where somebody else changes the plan while rows are imported."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from adapters.bootstrap.imports import importing
from adapters.bootstrap.store import account_plans, the_program, utc_now
from adapters.exchange.imports.request import ImportRequest
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.imports.importing import Importer
from application.imports.rows import Row, RowResult, Wrong
from application.library.from_library import LibraryReader
from tests.cases import for_each

ANN = Caller("ann", "editor", plans=None, personal_data=True)
CALLS = [
    {"id": f"a{number}", "statement": f"Call {number}", "kind": "task", "owner": "ann", "due_on": "2027-03-31"}
    for number in range(4)
]


def importer(store: Store, plan: str, **asked: Any) -> Importer:
    library = LibraryReader(the_program(store), utc_now, uuid4)
    carry_out = importing(account_plans(store), store.portfolio, library, b"secret")
    request = ImportRequest.model_validate({"kind": "actions", "plan": plan, "dry_run": False, **asked})
    return carry_out(ANN, request, str(uuid4()))


def rows(*bodies: dict[str, str]) -> list[Row]:
    return [Row(number, [body]) for number, body in enumerate(bodies, 2)]


def outcomes(results: Iterator[RowResult]) -> list[tuple[int, str]]:
    return sorted((each.number, each.outcome) for each in results)


@for_each("all_or_nothing", [False, True])
def test_a_row_that_the_same_file_recorded_meanwhile_is_already_there(service, all_or_nothing):
    plan = service.with_a_plan(f"acme-{uuid4().hex}").plan

    def overtaken() -> Iterator[Row]:
        yield from rows(*CALLS)
        by_another = importer(service.store, plan).rows_of_plan(plan, rows(*CALLS[:2]))
        assert outcomes(by_another) == [(2, "recorded"), (3, "recorded")]

    came = outcomes(importer(service.store, plan, all_or_nothing=all_or_nothing).rows_of_plan(plan, overtaken()))
    assert came == [(2, "already there"), (3, "already there"), (4, "recorded"), (5, "recorded")]


@for_each(("all_or_nothing", "fourth"), [(False, "recorded"), (True, "unprocessed")])
def test_what_the_plan_refuses_by_now_leaves_the_other_rows_or_takes_them_along(service, all_or_nothing, fourth):
    """Meanwhile the opportunity was withdrawn that one of the actions is for."""
    acme = service.with_a_plan(f"acme-{uuid4().hex}")
    deal = {"id": "deal", "name": "Deal", "amount": "5", "stage": "open", "close_on": "2027-01-31", "source": "inbound"}
    acme.done("open-opportunity", **deal)
    linked = CALLS[0] | {"opportunity": "deal"}

    def overtaken() -> Iterator[Row]:
        yield from rows(linked, CALLS[1])
        acme.done("withdraw-opportunity", id="deal", reason="Entered twice")

    by_ann = importer(service.store, acme.plan, all_or_nothing=all_or_nothing)
    assert outcomes(by_ann.rows_of_plan(acme.plan, overtaken())) == [(2, "failed"), (3, fourth)]
    assert acme.version == 3 + (fourth == "recorded")


def told(results: Iterator[RowResult]) -> dict[int, tuple[str, list[tuple[str | None, str, str | None]]]]:
    return {
        each.number: (each.outcome, [(wrong.column, wrong.detail, wrong.read) for wrong in each.wrong])
        for each in results
    }


def test_each_row_is_told_by_its_column_what_is_wrong_and_the_others_are_recorded(service):
    acme = service.with_a_plan(f"acme-{uuid4().hex}")
    bare = {name: value for name, value in CALLS[1].items() if name != "due_on"}
    table = [
        Row(2, [CALLS[0]]),
        Row(3, [bare], {"due_on": ("Due", "")}),
        Row(4, [bare | {"id": "b"}]),
        Row(5, [CALLS[2] | {"kind": "taks"}], {"kind": ("Sort", "taks")}),
        Row(6, [CALLS[3]], wrong=[Wrong("Due", "is no day", "31.31.")]),
        Row(7, [CALLS[0] | {"statement": "Call again"}]),
        Row(8, [CALLS[3] | {"goal": "nothing"}], {"goal": ("Goal", "nothing")}),
    ]
    empty = "is empty, and every row needs it"
    tried = told(importer(service.store, acme.plan, dry_run=True).rows_of_plan(acme.plan, table))
    assert acme.version == 1, "whoever tries records nothing"
    came = told(importer(service.store, acme.plan).rows_of_plan(acme.plan, table))
    assert came == tried
    assert {number: outcome for number, (outcome, _) in came.items()} == {2: "recorded"} | dict.fromkeys(
        range(3, 9), "failed"
    )
    assert (came[3][1], came[4][1]) == ([("Due", empty, None)], [("due_on", empty, None)])
    [(column, detail, read)] = came[5][1]
    assert (column, detail.endswith("did you mean “task”?"), read) == ("Sort", True, "taks")
    assert came[6][1] == [("Due", "is no day", "31.31.")]
    [(_, same, _)], [(goal, _, named)] = came[7][1], came[8][1]
    assert same.startswith("Row 2 has the same id")
    assert (goal, named, acme.version) == ("Goal", "nothing", 2)
    other = [Row(2, [CALLS[0] | {"statement": "Call again"}])]
    [again] = importer(service.store, acme.plan).rows_of_plan(acme.plan, other)
    assert (again.outcome, again.differs, acme.version) == ("already there", ["statement"], 2)


def test_rows_of_a_plan_that_is_not_there_say_so_and_amounts_are_in_the_currency_of_the_plan(service):
    acme = service.with_a_plan(f"acme-{uuid4().hex}")
    nowhere = importer(service.store, acme.plan)
    assert told(nowhere.rows_of_plan("nobody", rows(*CALLS[:2]))) == {
        2: ("failed", [(None, "There is no plan “nobody”.", None)]),
        3: ("failed", [(None, "There is no plan “nobody”.", None)]),
    }
    assert told(nowhere.rows_of_plan("", rows(CALLS[0]))) == {2: ("failed", [(None, "It names no plan.", None)])}
    deal = {"name": "Line B", "amount": "5", "stage": "open", "close_on": "2027-01-31", "source": "inbound"}
    table = [
        Row(2, [deal | {"id": "a"}], {"amount": ("Value", "$5")}, currencies={"amount": {"USD", "CAD"}}),
        Row(3, [deal | {"id": "b"}], currencies={"amount": {"USD", "EUR"}}),
    ]
    came = told(importer(service.store, acme.plan, kind="opportunities").rows_of_plan(acme.plan, table))
    assert came[2] == ("failed", [("Value", "is in CAD or USD, and the plan counts in EUR: convert it", "$5")])
    assert (came[3][0], acme.version) == ("recorded", 2)


def test_no_more_than_a_hundred_whom_nobody_knows_are_told(service):
    plan = service.with_a_plan(f"acme-{uuid4().hex}").plan
    table = [
        CALLS[0] | {"id": f"a{number}", "statement": f"Call line {number}", "owner": f"z{number}@{plan}.example"}
        for number in range(102)
    ]
    results = [*importer(service.store, plan, dry_run=True).rows_of_plan(plan, rows(*table))]
    assert {each.outcome for each in results} == {"recorded"}
    assert sum(any(told.column == "owner" for told in each.warnings) for each in results) == 100
