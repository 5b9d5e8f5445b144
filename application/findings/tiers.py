"""Rules about the tier of an account: whether the account still deserves it."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from application.findings.examined import Examined
from application.findings.finding import Found, remedy
from application.findings.sentences import called, counted, listed, spaced
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plan import PlanOpened
from domain.account_plan.tiers import TierChanged

FUTURE = ("addressable_spend", "whitespace", "trajectory", "logo", "reference", "champion")
"""The criteria about potential, logo and advocacy, not about current revenue."""


def demotion_due(at: Examined) -> Iterator[Found]:
    [*_, set_by] = [record for record in at.about(at.card) if isinstance(record.event, PlanOpened | TierChanged)]
    won = [each for each in at.all(Opportunity).values() if each.state == "won" and each.won_on]
    last = max(won, key=lambda each: each.won_on or date.min, default=None)
    strategic_since, months = at.day_of(set_by), at.policy.demote_months
    since = max(strategic_since, last.won_on) if last and last.won_on else strategic_since
    due_on = months_after(since, months)
    if at.is_after(due_on):
        was = f"the last opportunity, {called(last)}, was won on {last.won_on}" if last else "nothing was ever won"
        yield Found(
            f"The account has been strategic since {strategic_since}, and {was}: {counted(months, 'month')} without a"
            " win. Move it to another tier, or excuse it for a time and say why it stays.",
            due_on + timedelta(days=1),
            [last] if last else [],
            [set_by.id, *at.events([last] if last else [])],
            [
                remedy("change-tier", "reason", tier="growth"),
                remedy("grant-exception", "until_on", "reason", rule="demotion-due"),
            ],
        )


def months_after(day: date, months: int) -> date:
    """Return the same day of a later month, or its last day if the month is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def rank_only(at: Examined) -> Iterator[Found]:
    criteria = at.card.criteria
    if criteria is None or not any(getattr(criteria, name) for name in FUTURE):
        yield Found(
            f"The account is strategic, and {listed(map(spaced, FUTURE), 'or')} was not scored above 0 when it was"
            " scored last: nothing speaks for its future. Score it anew."
            if criteria
            else "The account is strategic and was never scored, so nothing speaks for its future. Score it.",
            at.since([at.card]) if criteria else at.card.opened_on,
            [at.card],
            at.events([at.card]),
            [remedy("score-account", "criteria")],
        )
