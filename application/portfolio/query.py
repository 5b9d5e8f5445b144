"""Queries of the portfolio: which plans, in which order, page by page."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter
from pydantic_core import to_json

from application.portfolio.row import PortfolioItem
from application.views.list_cursors import CursorUnknown
from domain.account_plan.plan import Tier
from domain.calendar import Day
from domain.folding import folded
from domain.language import Amount, OptionalName, PersonId

SortKey = Literal["account_name", "arr", "renews_on", "open_promises", "overdue", "last_review_on", "tier"]
Sort = Literal[
    "account_name",
    "-account_name",
    "arr",
    "-arr",
    "renews_on",
    "-renews_on",
    "open_promises",
    "-open_promises",
    "overdue",
    "-overdue",
    "last_review_on",
    "-last_review_on",
    "tier",
    "-tier",
]

MOST_ITEMS = 200
OTHER_LIST = "This cursor was not given by this list in this order: begin again without one."
LONGEST_KEY = 200


class PortfolioQuery(BaseModel):
    """A query of the portfolio. Empty values come last in either order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: tuple[Tier, ...] = Field((), description="Only plans of these tiers; none: all.")
    owner: PersonId | None = Field(None, description="Only the plans of this owner.")
    person: PersonId | None = Field(None, description="Only plans that this person owns or works on.")
    archived: bool = Field(False, description="The archived plans instead of the active ones.")
    stale: bool | None = Field(None, description="Only plans with a stale section, or without any.")
    overdue: bool | None = Field(None, description="Only plans with an overdue promise, or without any.")
    renews_before: Day | None = Field(None, description="Only plans whose contract renews before this day.")
    q: OptionalName = Field(
        None,
        description="Words of the account's name or of a former one, of which the last may be begun only; case and"
        " accents do not matter.",
    )
    sort: Sort = Field("account_name", description="The order; `-` is descending.")
    cursor: str | None = Field(None, max_length=2_000, description="The value of `next` on the previous page.")
    limit: int = Field(50, ge=1, le=MOST_ITEMS, description="At most this many plans.")


class PortfolioPage(BaseModel):
    items: list[PortfolioItem]
    next: str | None
    """The cursor of the next page; null on the last one."""


class WrittenPage(NamedTuple):
    """A page in the JSON that is sent."""

    content: bytes
    """The JSON of a `PortfolioPage`."""
    next: str | None


class CursorPosition(NamedTuple):
    """A position in the list: after the plan with this value and id."""

    value: Any
    plan_id: UUID


_Key = Annotated[str, StringConstraints(max_length=LONGEST_KEY, pattern=r"^[^\x00]*$")]
_Number = Annotated[int, Field(ge=0, le=2**31 - 1)]
_VALUES: Mapping[SortKey, TypeAdapter[Any]] = {
    "account_name": TypeAdapter(_Key),
    "arr": TypeAdapter(Amount | None),
    "renews_on": TypeAdapter(date | None),
    "open_promises": TypeAdapter(_Number),
    "overdue": TypeAdapter(_Number),
    "last_review_on": TypeAdapter(date | None),
    "tier": TypeAdapter(_Number),
}
"""For each sort key, the type of the value in a cursor."""

_CURSOR = TypeAdapter(tuple[str, Any, UUID])


def key_of(sort: Sort) -> SortKey:
    """Return the sort key without the direction."""
    return cast(SortKey, sort.removeprefix("-"))


def cursor_of(place: CursorPosition, sort: Sort) -> str:
    return urlsafe_b64encode(to_json((sort, *place))).decode().rstrip("=")


def place_of(cursor: str, sort: Sort) -> CursorPosition:
    """Parse a cursor. Raises `CursorUnknown`."""
    try:
        text = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        order, value, plan_id = _CURSOR.validate_json(text)
        place = CursorPosition(_VALUES[key_of(sort)].validate_python(value), plan_id)
    except ValueError:
        raise CursorUnknown(OTHER_LIST) from None
    if order != sort:
        raise CursorUnknown(OTHER_LIST)
    return place


def name_key(name: str) -> str:
    """Return the form of a name for sorting: without case and accents."""
    return folded(name)[:LONGEST_KEY]
