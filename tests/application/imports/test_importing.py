"""Rows of a plan that somebody else changes while they are imported."""

from collections.abc import Iterator
from uuid import uuid4

from adapters.bootstrap.imports import importing
from adapters.bootstrap.store import account_plans, the_program, utc_now
from adapters.exchange.imports.request import ImportRequest
from adapters.postgres.store import Store
from application.aggregates.access import Caller
from application.imports.importing import Importer
from application.imports.rows import Row, RowResult
from application.library.from_library import LibraryReader
from tests.cases import for_each

ANN = Caller("ann", "editor", plans=None, personal_data=True)
CALLS = [
    {"id": f"a{number}", "statement": f"Call {number}", "kind": "task", "owner": "ann", "due_on": "2027-03-31"}
    for number in range(4)
]


def importer(store: Store, plan: str, **asked: bool) -> Importer:
    carry_out = importing(account_plans(store), LibraryReader(the_program(store), utc_now, uuid4), b"secret")
    return carry_out(ANN, ImportRequest(kind="actions", plan=plan, dry_run=False, **asked), str(uuid4()))


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
