"""The accounts that a command to the program names, compared with the plans that exist.

Some commands may name an account before its plan is opened. Whoever gives them is told, because a mistyped id looks the
same.
"""

from collections.abc import Callable, Iterator, Sequence
from difflib import get_close_matches
from uuid import UUID

from application.findings.program_examined import PlanStanding
from application.views.plan_names import ReadPlan, plan_of
from domain.account_plan.plan import the_plan
from domain.folding import words_of
from domain.language import Caution, Command
from domain.program.charter import ProgramPhase
from domain.program.library_plays import PublishPlay, RevisePlay
from domain.program.nominations import Nominate
from domain.program.rounds import CommitList

Plans = Callable[[], Sequence[PlanStanding]]

CLOSE_ENOUGH = 0.7
"""The similarity from which on another id may be meant, from 0 to 1 (`difflib`)."""

MOST_TOLD = 20
"""The most accounts without a plan of which each has a caution of its own."""


def about_accounts(command: Command, read: ReadPlan, plans: Plans) -> Iterator[Caution]:
    """Yield a caution for each account of a command that has no plan, and for a plan whose name has nothing in common
    with the name in the command.
    """
    match command:
        case Command(noun=ProgramPhase.noun):  # also a correction of the accounts with which one began
            accounts = getattr(command, "accounts", None) or ()
            yield from _without_plan(accounts, "/accounts/{place}", read, plans)
            yield from _named_again(accounts, read)
        case CommitList(entries=entries):
            yield from _without_plan([each.account for each in entries], "/entries/{place}/account", read, plans)
        case Nominate(account=account, account_name=name):
            known = plan_of(account, read)
            called = the_plan(known.state).account_name if known else name
            if set(words_of(called)).isdisjoint(words_of(name)):
                detail = f"The account {account} is called “{called}” in its plan: is another account meant?"
                yield Caution("called-otherwise", "/account_name", detail)
        case PublishPlay(source_plan=str(account)) | RevisePlay(source_plan=str(account)):
            yield from _without_plan([account], "/source_plan", read, plans)


def _without_plan(accounts: Sequence[str], pointer: str, read: ReadPlan, plans: Plans) -> Iterator[Caution]:
    missing = [(place, account) for place, account in enumerate(accounts) if plan_of(account, read) is None]
    known = plans() if missing else ()
    for place, account in missing[:MOST_TOLD]:
        near = _nearest(account, known)
        detail = (
            f"There is no plan of {account} yet. Is {near} meant?" if near else f"There is no plan of {account} yet."
        )
        yield Caution("account-without-plan", pointer.format(place=place), detail)
    if (more := len(missing) - MOST_TOLD) > 0:
        first = missing[MOST_TOLD][0]
        detail = f"{more} more accounts have no plan yet." if more > 1 else "1 more account has no plan yet."
        yield Caution("account-without-plan", pointer.format(place=first), detail)


def _named_again(accounts: Sequence[str], read: ReadPlan) -> Iterator[Caution]:
    """Yield a caution for each account that is the same plan as one before it under another name. The same name twice
    is told by the program itself."""
    first: dict[UUID, str] = {}
    for place, account in enumerate(accounts):
        known = plan_of(account, read)
        before = first.setdefault(known.id, account) if known else account
        if before != account:
            detail = f"{account} is the same account as {before}: once is enough."
            yield Caution("named-again", f"/accounts/{place}", detail)


def _nearest(account: str, plans: Sequence[PlanStanding]) -> str | None:
    """Return the account with a plan whose id is nearest; None if none is near."""
    return next(iter(get_close_matches(account, [plan.account_id for plan in plans], 1, CLOSE_ENOUGH)), None)
