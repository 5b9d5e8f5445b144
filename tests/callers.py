"""Callers of every role, who identify themselves with `X-Actor`."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from adapters.access.api_keys import ApiKeyCache, GivenRole, new_key
from adapters.access.callers import CallerUnknown
from adapters.postgres.store import Store
from application.aggregates.access import Caller, Role
from domain.account_plan.plan import plan_id_of
from tests.stores import MONDAY


def caller(actor: str, role: Role, *accounts: str, sees_all: bool = False) -> Caller:
    plans: frozenset[UUID] | None = None if sees_all else frozenset(map(plan_id_of, accounts))
    return Caller(actor, role, plans)


class Known:
    """Identifies these callers."""

    def __init__(self, *callers: Caller) -> None:
        self._callers = {caller.actor: caller for caller in callers}

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        try:
            return self._callers[headers.get("x-actor", "")]
        except KeyError:
            raise CallerUnknown(CallerUnknown.__doc__) from None


class KnownOtherwiseAfterwards(Known):
    """Identifies these callers, and after their first request limits them to the plan acme."""

    async def identify(self, headers: Mapping[str, str]) -> Caller:
        found = await super().identify(headers)
        self._callers[found.actor] = replace(found, plans=frozenset({plan_id_of("acme")}))
        return found


def as_(actor: str) -> dict[str, str]:
    return {"X-Actor": actor}


# Callers with keys


def given_key(store: Store, name: str, role: GivenRole, *plans: str, sees_all: bool = False, **more: Any) -> str:
    """Create a key and return it."""
    said = {"personal_data": False, "on_behalf_of": False, "created_at": MONDAY, "created_by": "root"} | more
    key, text = new_key(name=name, role=role, plans=None if sees_all else plans, **said)
    store.api_keys.add(key)
    return text


def known_keys(store: Store, now: Callable[[], datetime] = lambda: MONDAY) -> ApiKeyCache:
    """Return a cache of the keys that has just been refreshed. Nobody refreshes it by itself, so it does not age: after
    a minute of a slow machine it would take no key any more."""
    known = ApiKeyCache(store.api_keys, now, monotonic=lambda: 0.0)
    known.refresh()
    return known


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"bearer {token}"}
