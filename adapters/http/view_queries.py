"""Query models of the views: the cut to show, the part of a history, and the cuts to compare."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from adapters.http.problems import rejected_parameter
from application.views import history
from application.views.pages import (
    UnknownKind,
    event_named,
    thing_named,
)
from domain.account_plan.language import Section
from domain.aggregates import AggregateType
from domain.mistakes import did_you_mean
from domain.program.language import ProgramSection

MOST_ENTRIES = 500
CUT = "`now`, `review:ID`, `version:N`, `event:ID`, a date or an instant"

PlanPath = Annotated[str, Path(description="Plan id or account id.")]
CutText = Annotated[str, Field(max_length=300, examples=["2026-03-31", "review:R1", "version:12"])]


class AsOf(BaseModel):
    """The cut of a view."""

    model_config = ConfigDict(extra="forbid")

    as_of: CutText = Field("now", description=f"The cut to show the plan at: {CUT}.")


class HistoryQuery(AsOf):
    """Which part of a history to show, for every type of aggregate. Each type adds its own `section` in a subclass."""

    section: str | None = None
    type: str | None = Field(
        None,
        max_length=100,
        description="Only events of this type: `PlayStarted`, or as in the feed, `plantrail.play-started.v1`.",
    )
    actor: str | None = Field(
        None, max_length=128, description="Only what this person entered, or what was entered on their behalf."
    )
    entity: str | None = Field(
        None,
        max_length=300,
        description="Only what is about or names things of this kind (`play`), or this thing (`play:pilot`).",
    )
    from_: CutText | None = Field(
        None, alias="from", description="Only what was recorded after this cut; a date stands for its beginning."
    )
    to: CutText | None = Field(None, description="Only what was recorded up to this cut: the same as `as_of`.")
    cursor: str | None = Field(None, max_length=64, description="The value of `next` on the previous page.")
    limit: int = Field(100, ge=1, le=MOST_ENTRIES, description="At most this many entries.")

    def filter(self, of: AggregateType[Any]) -> history.Filter:
        """Return the filter. Raises `Rejected` where the type has no such event or kind of thing."""
        kind, id = _thing_named(self.entity, of)
        return history.Filter(section=self.section, type=_event_name(self.type, of), actor=self.actor, kind=kind, id=id)


ONLY_OF_SECTION = Field(None, description="Only what belongs to this section.")


class PlanHistoryQuery(HistoryQuery):
    """Which part of a plan's history to show."""

    section: Section | None = ONLY_OF_SECTION


class ProgramHistoryQuery(HistoryQuery):
    """Which part of the program's history to show."""

    section: ProgramSection | None = ONLY_OF_SECTION


class BlameQuery(AsOf):
    """Which values to blame, for every type of aggregate. Blame says who set a value, and when."""

    section: str | None = None
    kind: str | None = Field(None, max_length=64, description="Only values of things of this kind.")
    id: str | None = Field(None, max_length=300, description="Only values of things with this id.")


class PlanBlameQuery(BlameQuery):
    """Which values of a plan to blame."""

    section: Section | None = ONLY_OF_SECTION


class ProgramBlameQuery(BlameQuery):
    """Which values of the program to blame."""

    section: ProgramSection | None = ONLY_OF_SECTION


class DiffQuery(AsOf):
    """Which two cuts to compare."""

    from_: CutText | None = Field(
        None, alias="from", description=f"{CUT}; if not given, from before the program was opened."
    )
    to: CutText | None = Field(None, description=f"{CUT}: the same as `as_of`.")


class PlanDiffQuery(DiffQuery):
    """Which two cuts of a plan to compare."""

    from_: CutText | None = Field(
        None, alias="from", description=f"{CUT}; if not given, the last review held before the other cut."
    )
    states: bool = Field(False, description="Whether to show the whole plan at both cuts as well.")


def _event_name(type: str | None, of: AggregateType[Any]) -> str | None:
    found = event_named(type, of) if type else None
    if type and not found:
        near = did_you_mean(type, [event.__name__ for event in of.events.values()]) or "."
        raise rejected_parameter("type", "invalid-parameters", f"There is no such type of event{near}")
    return found


def _thing_named(text: str | None, of: AggregateType[Any]) -> tuple[str | None, str | None]:
    try:
        return thing_named(text, of)
    except UnknownKind as error:
        raise rejected_parameter("entity", "invalid-parameters", str(error)) from None
