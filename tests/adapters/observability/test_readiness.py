"""What keeps a service from being ready, and what docs/operations.md says to do about it."""

import re
from typing import get_args

from adapters.observability.readiness import Checks, NotReady, Reason, found
from tests.places import ROOT


def test_every_reason_there_is_has_its_line_in_the_runbook_and_no_other_has():
    runbook = (ROOT / "docs" / "operations.md").read_text().partition("### When `/readyz` answers 503")[2]
    lines = re.findall(r"^\| `([a-z-]+)` \|([^|]+)\|([^|]+)\|$", runbook, re.MULTILINE)
    assert [reason for reason, _, _ in lines] == list(get_args(Reason))
    assert all(len(means.split()) > 5 and len(what_to_do.split()) > 5 for _, means, what_to_do in lines)


def test_every_reason_is_told_but_without_the_store_nothing_else_is_looked_at():
    def fails() -> str:
        raise AssertionError("was looked at")

    ready: Checks = {"store-away": lambda: None, "keys-unread": lambda: "k", "projection-behind": lambda: "p"}
    away: Checks = {"store-away": lambda: "s", "keys-unread": fails}
    assert list(found(ready)) == [NotReady("keys-unread", "k"), NotReady("projection-behind", "p")]
    assert list(found(away)) == [NotReady("store-away", "s")]
