"""What many commands share: the arguments for a plan and a cut, and finding the plan."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from os import getuid
from pwd import getpwuid
from typing import Annotated
from uuid import UUID

import typer
from rich.text import Text

from adapters.access.access_log import Access, AccessEvent
from adapters.bootstrap.settings import Settings
from adapters.bootstrap.store import account_plans, make_id, open_store, utc_now
from adapters.cli.errors import Told
from adapters.cli.tables import named, text
from adapters.postgres.store import Store
from application.views.cuts import Cut, cut_at
from application.views.loaded_plan import LoadedPlan
from application.views.plan_names import first_open, plans_named
from domain.account_plan.plan import PlanNotOpen, the_plan
from domain.program.charter import PROGRAM_ID
from domain.record import Recorded

PlanName = Annotated[str, typer.Argument(metavar="PLAN", help="Account id or plan id.")]
AsOf = Annotated[
    str,
    typer.Option(
        metavar="CUT", help="As of a cut: now, review:ID, version:N, event:ID, 2026-03-31 or 2026-03-31T17:00:00Z."
    ),
]
From = Annotated[str | None, typer.Option("--from", metavar="DAY|INSTANT", help="Only from then on (UTC).")]
To = Annotated[
    str | None, typer.Option("--to", metavar="DAY|INSTANT", help="Only up to then (UTC); a day counts to its end.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the JSON of the HTTP view, for programs.")]


def operator() -> str:
    """Return the actor of the command line: the operating system's user."""
    try:
        return f"cli:{getpwuid(getuid()).pw_name}"
    except KeyError:
        return f"cli:{getuid()}"


def note_export(store: Store, view: str, plan_id: UUID | None, cut: str) -> None:
    """Record an export in the access log before it begins. Raises `StoreUnavailable`."""
    access = Access(operator(), None, "operator", view, plan_id, cut)
    store.access_events.add([AccessEvent(access, utc_now(), str(make_id()), 1)])


def plan_ids_of(store: Store, plan: str | None) -> frozenset[UUID] | None:
    """Return the ids that a plan's name may stand for; None without a name. Raises `Told` if there is no such plan."""
    if plan is None:
        return None
    ids = list(plans_named(plan))
    there = frozenset(id for id in ids if store.events.read(id)) or frozenset(
        filter(None, map(store.events.named_by, ids))
    )
    if not there:
        raise no_plan(plan)
    return there


def is_there(store: Store, plan: str) -> bool:
    try:
        return bool(plan_ids_of(store, plan))
    except Told:
        return False


def no_plan(name: str) -> Told:
    return Told(f"There is no plan “{name}”. `plantrail plans` lists those there are.")


def accounts_named(store: Store, plans: Iterable[UUID | None]) -> Callable[[UUID], Text]:
    """Return a function that returns the account name for a plan id, or the id if there is no such plan."""
    known: dict[UUID, Text] = {PROGRAM_ID: Text("the program")}
    for plan_id in {each for each in plans if each} - set(known):
        try:
            account = the_plan(account_plans(store).read(plan_id).state)
        except PlanNotOpen:
            continue
        known[plan_id] = named(account.account_name, account.account_id)
    return lambda plan_id: known.get(plan_id, text(plan_id))


@dataclass(frozen=True)
class Asked:
    """The plan that the command names, and the time at which the command runs."""

    known: LoadedPlan
    now: datetime
    program: Sequence[Recorded] = ()
    """The records of the program, whose policies judge the plan."""

    def cut(self, text: str) -> Cut:
        """Return the cut with this name. Raises `CutRefused`."""
        return cut_at(text, self.known, self.now)


@contextmanager
def found(name: str) -> Iterator[tuple[Store, Asked]]:
    """Find a plan, and yield it with the open store. Raises what `find` raises."""
    with open_store(Settings()) as store:
        try:
            asked = Asked(first_open(name, account_plans(store).read), utc_now(), store.events.read(PROGRAM_ID))
        except PlanNotOpen:
            raise no_plan(name) from None
        yield store, asked


def find(name: str) -> Asked:
    """Find a plan. Raises `Told` if there is none with this name, and what opening the store raises."""
    with found(name) as (_, asked):
        return asked
