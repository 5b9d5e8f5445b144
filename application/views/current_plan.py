"""The plan at a cut: section by section, with the freshness of each and the metrics that follow from them."""

from collections.abc import Sequence
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from application.views.by_section import CutView, by_section, plural, section_models
from application.views.contact_clock import ContactClock, contact_clock
from application.views.contacts import as_the_team_knows
from application.views.cuts import Cut, plan_at, timezone_of
from application.views.freshness import Duty, Freshness, duties, freshness
from application.views.loaded_plan import LoadedPlan
from application.views.metrics import Metrics, metrics
from application.views.policy_in_force import policy_at
from application.views.threads import OpportunityAtCut, opportunities_at_cut
from domain.account_plan import THINGS
from domain.account_plan.entries import Note
from domain.account_plan.language import Section
from domain.account_plan.opportunities import Opportunity
from domain.account_plan.plan import Plan, the_plan
from domain.language import Caution
from domain.record import Recorded
from domain.time_zones import known_time_zones

SHOWN = [OpportunityAtCut if thing is Opportunity else thing for thing in THINGS.values()]
SECTIONS = section_models(get_args(Section), SHOWN, {"freshness": Freshness}, Note)

Sections: type[BaseModel] = create_model("Sections", **{name: (model, ...) for name, model in SECTIONS.items()})  # type: ignore[call-overload]


UNKNOWN_TIME_ZONE = Caution(
    "unknown-time-zone",
    "/account/timezone",
    "The plan's time zone is none that this version knows, so its days are read as those of UTC.",
)


class CurrentPlan(BaseModel):
    """A plan at a cut: everything that was recorded and still holds."""

    plan_id: UUID
    version: int
    as_of: CutView
    account: Plan
    sections: Sections  # type: ignore[valid-type]
    metrics: Metrics
    duties: list[Duty] = Field(description="Recent events after which the plan should be updated.")
    contact_clock: list[ContactClock] = Field(
        description="For everybody at the customer's: the last and the next time somebody of ours is in touch."
    )
    warnings: list[Caution] = Field(description="What makes this view less than certain.")


def current_plan(known: LoadedPlan, cut: Cut, program: Sequence[Recorded] = ()) -> CurrentPlan:
    """Return the plan at a cut. The policy that was in force then, according to the program's records, decides what is
    stale.

    Raises `CutBeforePlan`.
    """
    plan = as_the_team_knows(plan_at(known, cut), cut.date)
    card, records, zone = the_plan(plan), known.records[: cut.version], timezone_of(known)
    policy = policy_at(program, cut).policy
    fresh = freshness(records, card.tier, zone, cut.date, policy)
    things = by_section(plan, SECTIONS)
    things[Opportunity.home][plural(Opportunity.noun)] = opportunities_at_cut(plan, policy)
    sections: dict[str, Any] = {
        section: SECTIONS[section].model_construct(freshness=fresh[section], **things[section])
        for section in get_args(Section)
    }
    return CurrentPlan.model_construct(
        plan_id=known.id,
        version=cut.version,
        as_of=CutView.of(cut),
        account=card,
        sections=Sections.model_construct(**sections),
        metrics=metrics(plan, cut.today, policy),
        duties=duties(records, zone, cut.today),
        warnings=[] if zone in known_time_zones() else [UNKNOWN_TIME_ZONE],
        contact_clock=contact_clock(plan, records, zone, cut, policy),
    )
