"""What is wrong with the numbers of a policy: those that contradict each other, and those that make little sense."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any, get_args

from domain.account_plan.plan import Tier
from domain.account_plan.reviews import ReviewKind
from domain.language import Caution
from domain.program.limits import MOST, Fraction, Policy, RuleName


def contradictions(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield the contradictions in a policy, each as a pointer (RFC 6901) and a sentence."""
    sizes = policy.list
    if not 0 < sizes.target <= sizes.warn <= sizes.alarm:
        yield (
            "/policy/list",
            (
                f"The list aims at {sizes.target} accounts, warns from {sizes.warn} and alarms from {sizes.alarm}: "
                "each must be at least the one before it."
            ),
        )
    for name in ("plays", "hypotheses"):
        least, most = getattr(policy, name).least, getattr(policy, name).most
        if least > most:
            yield f"/policy/{name}", f"A plan cannot have at least {least} and at most {most} {name}."
    for tier in get_args(Tier):
        owes = any(days.get(tier) is not None for days in policy.sections.values())
        if owes and not policy.cadence_days(tier):
            yield (
                f"/policy/cadence/{tier}",
                (f"A {tier} plan has sections to keep fresh and no review to be held: give the tier {tier} a cadence."),
            )
    yield from _wrong_numbers(policy)
    for pointer, number, least, what in (
        ("plays/most", policy.plays.most, 1, "a plan may have no play at all"),
        ("hypotheses/most", policy.hypotheses.most, 1, "a plan may have no hypothesis at all"),
        ("risks/top", policy.risks.top, 1, "no risk is looked at first"),
        ("coverage/multi_threaded", policy.coverage.multi_threaded, 2, "nobody or one person is several"),
    ):
        if 0 <= number < least:
            yield f"/policy/{pointer}", f"{pointer.rpartition('/')[2]} is {number}, so {what}: allow at least {least}."
    for tier, roles in policy.team.items():
        twice = sorted(set(roles.required) & set(roles.expected))
        if twice:
            yield (
                f"/policy/team/{tier}",
                f"{', '.join(twice)} cannot be both required and only expected of a {tier} plan.",
            )
        for which, named in roles:
            again = sorted({role for role in named if named.count(role) > 1})
            if again:
                yield f"/policy/team/{tier}/{which}", f"{', '.join(again)} stands there twice: name each role once."


REGULAR: tuple[ReviewKind, ...] = ("weekly", "monthly", "quarterly", "annual")
"""The kinds of review whose names say how often they are held, the most frequent first."""


def doubts(policy: Policy) -> Iterator[Caution]:
    """Yield a caution for each pair of numbers that can both be kept and together make little sense."""
    people = policy.coverage
    if people.survivors > people.decision_makers:
        yield _doubt(
            "coverage/survivors",
            f"{people.survivors} people are to be engaged even without the strongest, and only"
            f" {people.decision_makers} decision makers are to be known: who are the others?",
        )
    if policy.pairing > policy.contact_days:
        yield _doubt(
            "pairing",
            f"Pairings meet every {policy.pairing} days, and a contact is stale after {policy.contact_days}: whoever"
            " keeps to the rhythm is found all the same.",
        )
    for tier in get_args(Tier):
        cadence = policy.cadence_days(tier)
        regular = [(kind, cadence[kind]) for kind in REGULAR if kind in cadence]
        for (often, days), (seldom, other_days) in pairwise(regular):
            if days > other_days:
                detail = (
                    f"A {seldom} review every {other_days} days is held more often than a {often} one every {days}."
                )
                yield _doubt(f"cadence/{tier}/{seldom}", detail)
        meetings = cadence.get("executive_meeting", 0)
        if meetings > policy.executive_days:
            yield _doubt(
                f"cadence/{tier}/executive_meeting",
                f"Executives meet every {meetings} days, and {policy.executive_days} days without a touch of theirs are"
                " too many: whoever keeps to the rhythm is found all the same.",
            )
    turned_off: tuple[tuple[str, Fraction, int, RuleName], ...] = (
        ("whitespace/untouched_share", policy.whitespace.untouched_share, 1, "whitespace-untouched"),
        ("milestones/held_share", policy.milestones.held_share, 0, "milestones-share"),
        ("eve_share", policy.eve_share, 1, "plan-for-the-review"),
        ("sponsor_share", policy.sponsor_share, 0, "sponsor-share"),
    )
    for pointer, share, never, rule in turned_off:
        adjusted = policy.findings.get(rule)
        if share == never and not (adjusted and adjusted.off):
            yield _doubt(pointer, f"A share of {never} lets the rule {rule} find nothing: turn it off, or say a share.")


def _doubt(pointer: str, detail: str) -> Caution:
    return Caution("policy-doubtful", f"/policy/{pointer}", detail)


def _wrong_numbers(policy: Policy) -> Iterator[tuple[str, str]]:
    for pointer, number in _numbers(policy.model_dump(), "/policy"):
        name, most = pointer.rpartition("/")[2], 1 if pointer.endswith("_share") else MOST
        if not 0 <= number <= most:
            yield pointer, f"{name} is {number}; it must be from 0 to {most:,}."
        elif number < 1 and pointer.startswith(("/policy/sections/", "/policy/cadence/")):
            yield pointer, f"{number} days is no time to keep anything in: allow at least 1 day."
        elif number < 1 and name.endswith(("_days", "_months", "pairing")):
            yield pointer, f"{name} is {number}: allow at least 1."


def _numbers(value: Any, pointer: str) -> Iterator[tuple[str, Decimal]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _numbers(each, f"{pointer}/{name}")
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        yield pointer, Decimal(value)
