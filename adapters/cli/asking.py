"""What commands share: how they name a plan and a cut, and how they find the plan."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from os import getuid
from pwd import getpwuid
from typing import Annotated
from uuid import UUID

import typer

from adapters.access.access_log import Access, AccessEvent
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, make_id, open_store, utc_now
from adapters.cli.errors import Told
from adapters.postgres.store import Store
from application.views.cuts import Cut, cut_at
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open
from domain.account_plan.plan import PlanNotOpen
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded

PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="Account id or plan id.")]
AsOf = Annotated[
    str,
    typer.Option(
        metavar="CUT", help="As of a cut: now, review:ID, version:N, event:ID, 2026-03-31 or 2026-03-31T17:00:00Z."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the JSON of the HTTP view, for programs.")]


def operator() -> str:
    """Return the actor of the command line: the operating system's user."""
    try:
        return f"cli:{getpwuid(getuid()).pw_name}"
    except KeyError:
        return f"cli:{getuid()}"


def note_export(store: Store, view: str, plan_id: UUID | None, cut: str) -> None:
    """Put an export on record before it begins. Raises `StoreUnavailable`."""
    access = Access(operator(), None, "operator", view, plan_id, cut)
    store.access_events.add([AccessEvent(access, utc_now(), str(make_id()), 1)])


@dataclass(frozen=True)
class Asked:
    """The plan that the command names, and the time of the command."""

    known: LoadedPlan
    now: datetime
    program: Sequence[Recorded] = ()
    """What is on record of the program, by whose policies the plan is judged."""

    def cut(self, text: str) -> Cut:
        """Return the cut that a text names. Raises `CutRefused`."""
        return cut_at(text, self.known, self.now)


@contextmanager
def found(name: str) -> Iterator[tuple[Store, Asked]]:
    """Find a plan, and yield it with the open store. Raises as `find` does."""
    with open_store(Settings()) as store:
        try:
            asked = Asked(first_open(name, account_plans(store).read), utc_now(), store.events.read(PROGRAM_ID))
        except PlanNotOpen:
            raise Told(f"There is no plan “{name}”. `plantrail plans` lists those there are.") from None
        yield store, asked


def find(name: str) -> Asked:
    """Find a plan. Raises `Told` if there is none of this name, and what opening the store raises."""
    with found(name) as (_, asked):
        return asked
