"""Whoever of ours a command names and nobody has named before may be mistyped: it is told, with who may be meant."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from application.aggregates.ports import CommandContext, StoreUnavailable
from application.aggregates.strangers import cautions_about_strangers, people_named
from domain.account_plan import COMMANDS
from domain.language import Command
from tests.histories import opened


@dataclass
class Named:
    """Everybody who was named in any plan, as a store answers for them."""

    people: Collection[str] = ()
    nearest: Sequence[str] = ()
    away: bool = False
    asked: list[Collection[str]] = field(default_factory=list)

    def knows(self, people: Collection[str]) -> bool:
        return set(people) <= set(self.people)

    def strangers(self, people: Collection[str]) -> Mapping[str, Sequence[str]]:
        self.asked.append(people)
        if self.away:
            raise StoreUnavailable
        return {each: self.nearest for each in people if each not in self.people}


def aligned(*members: str) -> Command:
    return COMMANDS["align-team"].model_validate_json(json.dumps({"members": members, "goal": "g"}))


def told(store: Any, *members: str, on_behalf_of: str | None = None) -> list[tuple[str, str]]:
    context = CommandContext("kim", "api", "request", "conversation", on_behalf_of)
    plan = opened().known.state  # of Ann
    return [
        (each.pointer, each.detail.split("as ")[1])
        for each in cautions_about_strangers(store, plan, aligned(*members), context)
    ]


def test_a_stranger_is_told_with_the_three_nearest_who_are_known():
    near = ["zoe", "anm", "annm", "annma", "annmar"]
    assert told(Named(["ben"], near), "ben", "annmax") == [
        ("/members/1", "“annmax” yet: is “annma” or “annmar” or “annm” meant?")
    ]
    assert told(Named(), "xyz") == [("/members/0", "“xyz” yet.")]


def test_who_is_in_the_plan_or_sends_the_command_or_is_sent_for_is_no_stranger():
    assert told(Named(), "ann", "kim") == []
    assert told(Named(), "ann", "ben", on_behalf_of="ben") == []
    assert told(Named(), "ann", "ben") == [("/members/1", "“ben” yet.")]
    assert told(Named(), "ann", "ben", on_behalf_of="zoe") == [("/members/1", "“ben” yet.")]


def test_of_those_who_are_known_nobody_is_asked_for_and_without_the_store_nothing_is_told():
    store = Named(["ann", "ben"])
    assert (told(store, "ann", "ben"), store.asked) == ([], [])
    store = Named(away=True)
    assert (told(store, "ben"), store.asked) == ([], [{"ben"}])
    assert list(people_named(aligned("ann", "ben"))) == ["ann", "ben"]
    note = COMMANDS["write-note"].model_validate({"section": "plan", "text": "Ask Zoe"})
    assert list(people_named(note)) == []
