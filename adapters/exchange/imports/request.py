"""What the sender of a table says about it."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from adapters.exchange.imports.refused import FileRefused, nearest
from application.imports.kinds import KINDS
from domain.language import shortened
from domain.mistakes import sentence

MAPPINGS = files("adapters.exchange.imports").joinpath("mappings")


def _as_column(said: Any) -> Any:
    return {"field": said} if isinstance(said, str) else said


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        close = get_close_matches(kind, KINDS, 1)
        meant = f"did you mean “{close[0]}”?" if close else f"it may be {', '.join(KINDS)}"
        raise ValueError(f"is “{shortened(kind)}”, which cannot be imported; {meant}")
    return kind


class MappedColumn(BaseModel):
    """The field into which a column is read, and how."""

    model_config = ConfigDict(extra="forbid")

    field: str
    read: Literal["percent", "salesforce-id", "part"] | None = None
    """`percent`: 15 is 0.15. `salesforce-id`: an id of 15 signs becomes the one of 18 that means the same. `part`: the
    field is made of several columns, in the order of the mapping, such as a first and a last name."""
    words: Mapping[str, str] = {}
    """The column's own words, and our words for them."""


class ColumnMapping(BaseModel):
    """A TOML file that maps the columns of a certain source to fields."""

    model_config = ConfigDict(extra="forbid")

    kind: str | None = None
    plan: str | None = None
    """The column that names the plan."""
    salesforce_plan: bool = False
    """Whether that column contains Salesforce ids."""
    columns: Mapping[str, Annotated[MappedColumn, BeforeValidator(_as_column)]] = {}
    always: Mapping[str, Any] = {}
    """Values of fields that no column contains."""


class ImportRequest(BaseModel):
    """How a table is read, and what is done with it."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[str, AfterValidator(_known_kind)] = Field(json_schema_extra={"enum": list(KINDS)})
    plan: str | None = Field(default=None, description="The plan that all rows are of: account id or plan id.")
    plan_column: str | None = Field(
        default=None, description="The column that names the plan of each row, by account id."
    )
    format: Literal["csv", "xlsx"] = "csv"
    dry_run: bool = Field(default=True, description="Say what would come of each row, and record nothing.")
    all_or_nothing: bool = Field(default=False, description="Of each plan, record all rows or none.")
    encoding: str | None = Field(
        default=None, description="Of a CSV that is neither UTF-8 nor begins with a byte order mark."
    )
    delimiter: str | None = Field(default=None, pattern=r"^[^\w\s\"'\u0000]$|^\t$", description="One sign.")
    sheet: str | None = Field(default=None, description="Of a workbook that has several.")
    dates: Literal["dmy", "mdy", "ymd"] | None = Field(default=None, description="In which order days are written.")
    decimal: Literal["point", "comma"] | None = Field(default=None, description="What stands before the decimals.")
    mapping: str | None = Field(default=None, description="The name of a ready mapping, or the text of one in TOML.")
    ignore: list[str] = Field(default=[], description="Columns that are not read.")
    always: Mapping[str, Any] = Field(default={}, description="Values of fields that no column holds.")
    grid: bool = Field(default=False, description="Of cells: a row for each unit, a column for each offering.")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.grid and self.kind != "cells":
            raise ValueError("only cells come as a grid")
        if self.plan and self.plan_column:
            raise ValueError("name the plan, or the column that does, not both")
        return self


def ready_mappings() -> list[str]:
    return sorted(file.name.removesuffix(".toml") for file in MAPPINGS.iterdir() if file.name.endswith(".toml"))


def mapping_of(request: ImportRequest) -> ColumnMapping | None:
    """Return the mapping that a request names or contains. Raises `FileRefused`."""
    said = request.mapping
    if said is None:
        return None
    if "\n" not in said and "=" not in said:
        if said not in ready_mappings():
            raise FileRefused(f"There is no mapping “{said}”.{nearest(said, ready_mappings())}")
        said = MAPPINGS.joinpath(f"{said}.toml").read_text("utf-8")
    try:
        mapping = ColumnMapping.model_validate(tomllib.loads(said))
    except tomllib.TOMLDecodeError as error:
        raise FileRefused(f"The mapping is not TOML: {error}.") from None
    except ValidationError as error:
        (first, *_) = error.errors()
        why = sentence(first, ColumnMapping)
        raise FileRefused(f"The mapping is wrong at {'.'.join(map(str, first['loc']))}. {why}") from None
    if mapping.kind and mapping.kind != request.kind:
        raise FileRefused(f"This is a mapping for {mapping.kind}, not for {request.kind}.")
    return mapping
