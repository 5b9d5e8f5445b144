"""Which policy plans are judged by at a cut: what was adopted later never changes a verdict about before."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from application.views.cuts import Cut
from domain.program.policy import DEFAULT_POLICY, Policy, PolicyAdopted
from domain.record import Recorded


class PolicyInForce(NamedTuple):
    """A policy and its version."""

    version: int
    policy: Policy


DEFAULT = PolicyInForce(0, DEFAULT_POLICY)
"""Before any policy was adopted, and where there is no program."""


def policy_in_force(program: Sequence[Recorded], at: datetime, day: date) -> PolicyInForce:
    """The last policy that the program's records adopt by an instant and that is effective by a day.

    A policy adopted with a day in the past is in force from when it was recorded, not from that day on.
    """
    for record in reversed(program):
        adopted = record.event
        if isinstance(adopted, PolicyAdopted) and record.meta.recorded_at <= at and adopted.effective_on <= day:
            return PolicyInForce(adopted.version, adopted.policy)
    return DEFAULT


def policy_at(program: Sequence[Recorded], cut: Cut) -> PolicyInForce:
    """The policy that a plan is judged by at a cut.  `program`: the program's records, none where there is none."""
    return policy_in_force(program, cut.at, cut.date)
