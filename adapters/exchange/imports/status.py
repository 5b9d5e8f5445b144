"""The progress and the results of an import, as its sender sees them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from adapters.exchange.imports.table import Table
from application.imports.rows import RowResult

PROBLEMS_SHOWN = 20

State = Literal["waiting", "reading", "importing", "finished", "refused", "stopped"]


class ReadColumn(BaseModel):
    """The field into which a column is read, with an example value."""

    column: str
    field: str
    read: str | None = None
    value: Any = Field(default=None, description="What that means, as the field has it.")


class RowProblem(BaseModel):
    """What is wrong in one row, or looks as if it were."""

    row: int
    plan: str
    column: str | None
    detail: str
    read: str | None


class ImportStatus(BaseModel):
    """The progress and the results of an import."""

    id: str = Field(description="Also the correlation id of everything that it records.")
    kind: str
    dry_run: bool
    state: State
    detail: str | None = Field(default=None, description="Why it was refused or has stopped, and what to do.")
    created_at: datetime
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    notes: list[str] = []
    columns: list[ReadColumn] = []
    not_read: list[str] = Field(default=[], description="Columns that are not read.")
    rows: int = Field(default=0, description="In the file, without those that are blank.")
    done: int = 0
    recorded: int = Field(default=0, description="Rows that were recorded, or in a dry run would be.")
    already_there: int = 0
    failed: int = 0
    unprocessed: int = 0
    plans: int = 0
    known_by: list[str] = Field(default=[], description="The fields by which rows are known again in the same file.")
    problems: list[RowProblem] = Field(default=[], description=f"The first {PROBLEMS_SHOWN}; `failed` has all.")
    warned: int = Field(default=0, description="Rows that did not fail and are worth a second look.")
    warnings: list[RowProblem] = Field(
        default=[],
        description=f"The first {PROBLEMS_SHOWN} of what looks like a mistake and is accepted; `successful` has all.",
    )

    @property
    def is_over(self) -> bool:
        return self.state in ("finished", "refused", "stopped")

    def describe(self, table: Table) -> None:
        """Note how the file was read."""
        source, columns = table.source, table.columns
        self.encoding, self.delimiter, self.sheet = source.encoding, source.delimiter, source.sheet
        self.notes, self.not_read = list(source.notes), list(columns.ignored)
        self.rows, self.plans = table.rows, table.count_of_plans
        self.columns = [
            ReadColumn(column=column.header, field=column.field, read=read, value=value)
            for column, read, value in table.examples()
        ]

    def add(self, result: RowResult) -> None:
        """Count a row that is done."""
        self.done += 1
        if result.known_by and result.known_by not in self.known_by:
            self.known_by.append(result.known_by)
        match result.outcome:
            case "recorded":
                self.recorded += 1
            case "already there":
                self.already_there += 1
            case "failed":
                self.failed += 1
            case "unprocessed":
                self.unprocessed += 1
        self.warned += bool(result.warnings)
        for shown, found in ((self.problems, result.wrong), (self.warnings, result.warnings)):
            for each in found[: PROBLEMS_SHOWN - len(shown)]:
                problem = RowProblem(
                    row=result.number, plan=result.plan, column=each.column, detail=each.detail, read=each.read
                )
                shown.append(problem)
