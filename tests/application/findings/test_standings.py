"""Which plans the program had at an instant, and what stood of them."""

from datetime import datetime

from application.findings.standings import standings_at
from tests.application.findings.test_program import program
from tests.histories import OPEN, History, instant


def plan(account: str, opened: str) -> History:
    history = History(account)
    history.on(opened, "open-plan", tier="growth", **OPEN | {"account_id": account, "account_name": account})
    return history


def found(at: datetime, *plans: History) -> list[str]:
    return [each.account_id for each in standings_at((each.known for each in plans), at, program().known.records)]


def test_of_the_program_are_the_plans_that_were_open_at_the_instant_and_not_archived():
    acme, beta = plan("acme", "2026-01-05"), plan("beta", "2026-02-02")
    assert found(instant("2026-01-04"), beta, acme) == []
    assert found(instant("2026-02-01"), beta, acme) == ["acme"]
    assert found(instant("2026-02-03"), beta, acme) == ["acme", "beta"]
    acme.on("2026-02-10", "archive-plan", reason="Sold")
    acme.on("2026-02-20", "reopen-plan", reason="Bought back")
    assert found(instant("2026-02-09"), beta, acme) == ["acme", "beta"]
    assert found(instant("2026-02-15"), beta, acme) == ["beta"]
    assert found(instant("2026-02-21"), beta, acme) == ["acme", "beta"]
