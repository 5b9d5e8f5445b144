"""Callers of every role, who say by `X-Actor` which of them they are."""

from collections.abc import Mapping
from uuid import UUID

from adapters.http.callers import CallerUnknown
from application.access import Caller, Role
from domain.plan import plan_id_of


def caller(actor: str, role: Role, *accounts: str, sees_all: bool = False) -> Caller:
    plans: frozenset[UUID] | None = None if sees_all else frozenset(map(plan_id_of, accounts))
    return Caller(actor, role, plans)


class Known:
    """These may call."""

    def __init__(self, *callers: Caller) -> None:
        self._callers = {caller.actor: caller for caller in callers}

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        try:
            return self._callers[headers.get("x-actor", "")]
        except KeyError:
            raise CallerUnknown(CallerUnknown.__doc__) from None


def as_(actor: str) -> dict[str, str]:
    return {"X-Actor": actor}
