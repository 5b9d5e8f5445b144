"""What the topics of an account plan share: its sections, and the references to things of other topics."""

from typing import Annotated, Literal

from domain.markers import Refers
from domain.things import Aggregate

Section = Literal[
    "summary",
    "overview",
    "health",
    "stakeholders",
    "whitespace",
    "opportunities",
    "goals",
    "hypotheses",
    "competition",
    "risks",
    "plays",
    "requests",
    "team",
    "vision",
    "reviews",
    "plan",
]

Side = Literal["us", "customer"]
"""The party that made a promise."""

UnitId = Annotated[str, Refers("unit")]
PartOfUnit = Annotated[str, Refers("unit", part_of=True)]
OfferingId = Annotated[str, Refers("offering")]
PartOfOffering = Annotated[str, Refers("offering", part_of=True)]
OpportunityId = Annotated[str, Refers("opportunity")]
GoalId = Annotated[str, Refers("goal")]
HypothesisId = Annotated[str, Refers("hypothesis")]
CompetitorId = Annotated[str, Refers("competitor")]
RiskId = Annotated[str, Refers("risk")]
PlayId = Annotated[str, Refers("play")]
ActionId = Annotated[str, Refers("action")]
ReviewId = Annotated[str, Refers("review")]


class AccountPlan(Aggregate):
    """A plan at some point of its history.  Before `PlanOpened` it is empty, and its version is 0."""

    noun = "plan"
