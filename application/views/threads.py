"""Which opportunities are multi-threaded at a cut. Events say who takes part in one; how many people are enough is what
the policy in force says."""

from collections.abc import Iterator, Sequence

from application.views.thing_comparison import ComputedChange
from domain.account_plan.forgetting import StakeholderForgotten
from domain.account_plan.identities import StakeholderMerged
from domain.account_plan.language import AccountPlan
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.stakeholders import StakeholderLeft, StakeholderReturned
from domain.account_plan.threads import StakeholdersDisengaged, StakeholdersEngaged, is_multi_threaded
from domain.program.limits import Policy
from domain.record import Recorded

FIELD = "multi_threaded"

SAYING_WHO = (
    StakeholdersEngaged,
    StakeholdersDisengaged,
    StakeholderLeft,
    StakeholderReturned,
    StakeholderForgotten,
    StakeholderMerged,
)
"""The events that say who takes part, and who of them is still there."""


class OpportunityAtCut(Opportunity):
    """An opportunity as a view shows it."""

    multi_threaded: bool = False
    """Whether it hangs on no single person: whether as many people are engaged and still there as the policy in force
    asks for."""


def opportunities_at_cut(plan: AccountPlan, policy: Policy) -> list[OpportunityAtCut]:
    """Return every opportunity of a plan, in order of creation, as the policy judges it."""
    least = policy.coverage.multi_threaded
    return [
        OpportunityAtCut.unchecked({**each.__dict__, FIELD: is_multi_threaded(plan, each, least)})
        for each in plan.all(Opportunity).values()
    ]


def threads_moved(
    records: Sequence[Recorded], was: AccountPlan, policy_then: Policy, now: AccountPlan, policy_now: Policy
) -> Iterator[ComputedChange]:
    """Yield the opportunities that became multi-threaded or no longer are, each judged by the policy of its day, with
    the events about those who take part. What only another policy judges otherwise is no change of the plan. `records`
    end at the state `now`."""
    before = {each.id: each for each in opportunities_at_cut(was, policy_then)}
    for after in opportunities_at_cut(now, policy_now):
        then = before.get(after.id)
        was_so = then is not None and then.multi_threaded
        if after.multi_threaded != was_so:
            involved = {after.id, *after.engaged, *(then.engaged if then else ())}
            behind = tuple(each for each in records[was.version :] if _is_about(each, involved))
            if behind:
                yield ComputedChange(Opportunity, after.id, FIELD, was_so, after.multi_threaded, behind)


def _is_about(record: Recorded, involved: set[str]) -> bool:
    return isinstance(record.event, SAYING_WHO) and record.event.subject() in involved
