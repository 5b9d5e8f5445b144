"""Whatever was said and read before, a view shows the same: from memory, from the log, and from tables made anew."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.bootstrap.store import findings_across_plans, promises_across_plans
from adapters.postgres.store import Store, opened
from domain.account_plan import COMMANDS
from domain.account_plan.plan import plan_id_of
from tests.api import Api, served
from tests.clock import Clock
from tests.commands import Scene, made_up, somebodys_command
from tests.conftest import KEY, Stores
from tests.stores import OPEN_ACME, plans_on

ZONES = {"acme": "Europe/Berlin", "beta": "Pacific/Auckland", "gamma": "America/Los_Angeles"}
OF_THE_PROCESS = re.compile(r"/(me|events|access-events|metrics|openapi\.json|readyz|livez|stream|notifications)\b")
"""Paths of what is about the process or about who asks."""
SAID_ANEW = re.compile(rb'"request_id":"[^"]*"')

Shown = dict[str, tuple[int, bytes, str | None]]
"""The status, content and ETag of each view."""


class Day:
    """Several plans about which anything is said, and a caller who reads anything between."""

    def __init__(self, api: Api, random: Random) -> None:
        self._api = api
        self._random = random
        self._plans = plans_on(api.store, api.clock)
        self._tags: dict[str, str] = {}
        self.recorded = 0
        for account, zone in ZONES.items():
            api.done("open-plan", **OPEN_ACME | {"account_id": account, "timezone": zone})

    def goes_on(self, name: str | None = None) -> None:
        """Somebody says something, mostly sensible, up to two and a half days later."""
        account = self._random.choice(list(ZONES))
        self._api.clock.forward(hours=self._random.randint(0, 60))
        scene = Scene(self._random, self._plans.read(plan_id_of(account)).state, self._api.clock.now.date())
        with suppress(ValidationError):
            command = made_up(name, scene) if name else somebodys_command(scene)
            body = command.model_dump(mode="json", exclude_unset=True)
            answer = self._api.of(account).do(command.called(), **body)
            assert answer.status_code in (200, 201, 409, 422), answer.text
            if answer.is_success:
                self.recorded += 1
                done = answer.json()
                shown = self._api.get(f"/v1/plans/{done['plan_id']}").json()
                assert shown["version"] == done["version"], f"{command.called()} is not shown at once"

    def is_read(self, paths: Sequence[str]) -> None:
        """Somebody reads something, and asks for what they have seen only if it is another by now."""
        path = self._random.choice(paths)
        headers = {"If-None-Match": self._tags[path]} if path in self._tags else {}
        answer = self._api.get(path, headers)
        assert answer.status_code < 500, answer.text
        if tag := answer.headers.get("etag"):
            self._tags[path] = tag


def views(api: Api) -> list[str]:
    """The paths of all views of the program and of each plan that ask for no more than a month, now and at cuts."""
    found: list[str] = []
    for path, operations in api.get("/openapi.json").json()["paths"].items():
        parameters = operations.get("get", {}).get("parameters", ())
        names = {each["name"] for each in parameters}
        needed = {each["name"] for each in parameters if each.get("required")} - {"plan"}
        if (
            "get" not in operations
            or OF_THE_PROCESS.search(path)
            or needed > {"month"}
            or "{" in path.replace("{plan}", "")
        ):
            continue
        month = "?month=2026-01" if "month" in needed else ""
        for account in ZONES if "{plan}" in path else ("",):
            of_one = path.replace("{plan}", account) + month
            found.append(of_one)
            if "as_of" in names and account:
                found += [f"{of_one}{'&' if month else '?'}as_of=version:{version}" for version in (1, 7)]
    return found


def shown(api: Api, paths: Sequence[str]) -> Shown:
    answers = ((path, api.get(path)) for path in paths)
    return {
        path: (answer.status_code, SAID_ANEW.sub(b"", answer.content), answer.headers.get("etag"))
        for path, answer in answers
    }


def differing(one: Shown, other: Shown) -> list[str]:
    return [path for path in one if one[path] != other[path]]


def without_tags(views: Shown) -> Shown:
    return {path: (status, content, None) for path, (status, content, _) in views.items()}


def tables(store: Store, clock: Clock) -> Iterator[Any]:
    yield from (findings_across_plans(store, clock), promises_across_plans(store, clock))


def brought_up_to_date(store: Store, clock: Clock) -> None:
    store.portfolio.catch_up(clock)
    store.month_ends.catch_up(clock)
    for table in tables(store, clock):
        table.catch_up()


def made_anew(store: Store, clock: Clock) -> None:
    store.portfolio.rebuild(clock)
    store.month_ends.rebuild(clock)
    for table in tables(store, clock):
        table.rebuild()


def live_through(stores: Stores, seed: int, commands: int) -> None:
    """Say one thing of each kind and so many commands more, and look at every view."""
    random, clock = Random(seed), Clock()
    with stores.lend() as where, opened(where, KEY) as store, served(store, clock=clock) as warm:
        day, paths = Day(warm, random), views(warm)
        new = [name for name, command in COMMANDS.items() if command.needs == "new"]
        for name in [*new, *[None] * commands]:
            day.goes_on(name)
            day.is_read(paths)
            if random.random() < 0.1:
                brought_up_to_date(store, clock)
        assert day.recorded > commands / 3, "most of it was refused"
        brought_up_to_date(store, clock)
        first = shown(warm, paths)
        assert differing(first, shown(warm, paths)) == [], "asked again, it shows something else"
        with opened(where, KEY) as another, served(another, clock=clock) as cold:
            assert differing(first, shown(cold, paths)) == [], "who has just begun shows something else"
        made_anew(store, clock)
        anew = shown(warm, paths)
        assert differing(without_tags(first), without_tags(anew)) == [], "tables made anew show something else"


@pytest.mark.torture
@pytest.mark.program
@pytest.mark.parametrize("seed", range(6))
def test_memory_the_log_and_tables_made_anew_show_the_same(stores: Stores, seed: int):
    live_through(stores, seed, commands=400)
