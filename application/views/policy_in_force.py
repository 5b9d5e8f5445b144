"""The policy by which plans are judged at a cut. A policy that is adopted later never changes an earlier verdict."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from application.views.cuts import Cut
from domain.language import Event
from domain.program.limits import DEFAULT_POLICY, Policy
from domain.program.policy import PolicyAdopted
from domain.record import Recorded


class PolicyInForce(NamedTuple):
    """A policy and its version."""

    version: int
    policy: Policy


DEFAULT = PolicyInForce(0, DEFAULT_POLICY)
"""The policy before any was adopted, and without a program."""


def policy_in_force(program: Sequence[Recorded], at: datetime, day: date) -> PolicyInForce:
    """Return the last policy that was adopted by an instant and is effective by a day.

    A policy adopted with a day in the past is in force from the instant at which it was recorded. A policy that was
    withdrawn before it began is never in force.
    """
    withdrawals: list[Event] = []
    for record in reversed(program):
        event = record.event
        if record.meta.recorded_at > at:
            continue
        if event.withdraws:
            withdrawals.append(event)
        elif (
            isinstance(event, PolicyAdopted)
            and event.effective_on <= day
            and not any(each.takes_back(event) for each in withdrawals)
        ):
            return PolicyInForce(event.version, event.policy)
    return DEFAULT


def policy_at(program: Sequence[Recorded], cut: Cut) -> PolicyInForce:
    """Return the policy by which a plan is judged at a cut. `program` contains the records of the program, if there is
    one."""
    return policy_in_force(program, cut.at, cut.date)
