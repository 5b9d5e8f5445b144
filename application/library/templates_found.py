"""What a policy finds fault with in a template, told to whoever publishes the template or adopts the policy.

A template can be carried out and still open plans that the rules find fault with: on the first day, or as soon as
somebody keeps to its dates.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from application.aggregates.handle import CommandRefused
from application.aggregates.loaded import LoadedAggregate
from application.aggregates.preview import preview
from application.findings.examined import Examined
from application.findings.finding import Finding
from application.findings.judging import findings
from application.findings.sentences import days, spaced
from application.views.cuts import cut_at
from application.views.loaded_plan import LoadedPlan
from application.views.policy_in_force import PolicyInForce, policy_in_force
from domain.account_plan import ACCOUNT_PLAN
from domain.account_plan.plan import Tier, plan_id_of, the_plan
from domain.account_plan.relationships import AgreePairing
from domain.account_plan.reviews import ScheduleReview
from domain.language import Caution, Command, Refusal
from domain.program.charter import the_program
from domain.program.language import ProgramState
from domain.program.limits import Policy
from domain.program.policy import AdoptPolicy
from domain.program.templates import PublishTemplate, Template, commands_of, opening_of
from domain.things import day_of

MOST_TOLD = 20
"""The most cautions about one template."""


def against_policy(
    command: Command, known: LoadedAggregate[ProgramState], state: ProgramState, now: datetime
) -> Iterator[Caution]:
    """Yield a caution for everything in a template that the policy in force finds fault with, and for everything in the
    published templates that only a policy which is being adopted finds fault with."""
    if not isinstance(command, PublishTemplate | AdoptPolicy):
        return
    today = day_of(now, the_program(state).timezone)
    in_force = policy_in_force(known.records, now, today).policy
    if isinstance(command, PublishTemplate):
        for fault in faults(command, state, in_force, now)[:MOST_TOLD]:
            yield Caution("template-against-policy", "/commands", fault)
        return
    for template in state.open(Template):
        before = faults(template, state, in_force, now)
        new = [fault for fault in faults(template, state, command.policy, now) if fault not in before]
        for fault in new[:MOST_TOLD]:
            detail = f"The template “{template.id}” does not suit this policy. {fault}"
            yield Caution("template-against-policy", "/policy", detail)


def faults(template: PublishTemplate | Template, library: ProgramState, policy: Policy, now: datetime) -> list[str]:
    """Return what a policy finds fault with in a template, as sentences; nothing if it cannot be carried out any more,
    which is told when somebody opens a plan by it."""
    opening, today = opening_of(template), day_of(now, "UTC")
    id = plan_id_of(opening.account_id)
    try:
        commands = list(commands_of(library, template, today))
        empty, _ = preview(LoadedPlan.of(ACCOUNT_PLAN, id), [opening], now, opening.owner, lambda: id)
        opened, _ = preview(empty, commands, now, opening.owner, lambda: id)
    except (Refusal, CommandRefused):
        return []
    anyway = {(each.rule, each.about) for each in _found(empty, policy, now)}
    return [
        *_too_seldom(commands, the_plan(opened.state).tier, policy, today),
        *(each.sentence for each in _found(opened, policy, now) if (each.rule, each.about) not in anyway),
    ]


def _found(plan: LoadedPlan, policy: Policy, now: datetime) -> Sequence[Finding]:
    return findings(Examined(plan, cut_at("now", plan, now), PolicyInForce(0, policy)))


def _too_seldom(commands: Sequence[Command], tier: Tier, policy: Policy, today: date) -> Iterator[str]:
    """Yield the rhythms that break the policy even if they are kept."""
    for each in commands:
        if isinstance(each, AgreePairing) and each.every_days > policy.contact_days:
            yield (
                f"The pairing of {each.member} and {each.stakeholder} meets every {days(each.every_days)}, and the"
                f" policy allows {days(policy.contact_days)} without a contact."
            )
        if isinstance(each, ScheduleReview):
            most, ahead = policy.cadence_days(tier).get(each.kind), (each.planned_on - today).days
            if most is not None and ahead > most:
                yield (
                    f"The first review of the kind {spaced(each.kind)} is planned {days(ahead)} ahead, and the policy"
                    f" wants one every {days(most)}."
                )
