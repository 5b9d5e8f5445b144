"""The columns of a table and the fields into which they are read. They are matched by name or by a mapping, and never
left out silently."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from adapters.exchange.fields import Kind, kind_of
from adapters.exchange.imports.currencies import currencies_meant
from adapters.exchange.imports.number_formats import PERCENT, FormattedNumber
from adapters.exchange.imports.readings import (
    ColumnReading,
    Unreadable,
    column_of_days,
    column_of_numbers,
    currencies_of_number,
)
from adapters.exchange.imports.refused import FileRefused, nearest
from adapters.exchange.imports.request import ImportRequest, MappedColumn, mapping_of
from application.imports.kinds import KINDS, ImportKind
from domain.language import UNSEEN_AT_ENDS, shortened

OF_RESULTS = "plantrail_"
"""The beginning of the column names that result files add to a table. They are ignored if the file is sent again."""

PLAN = "plan"
"""The column that names the plan of a row, unless a mapping names another one."""

PART = "part"
"""How a column is read that holds a part of a field."""

EMPTY = frozenset({"", "#N/A", "#n/a", "#NV", "#N/D", "#N/B", "#I/T", "#SAKNAS!", "#Н/Д"})
"""Values that count as empty. Spreadsheet programs show a look-up without a result as #N/A, each in its language."""
FORMULA_ERROR = re.compile(r"#[¡¿]?([^\W\d_a-zß-ÿ]{2,14}|[^\W\d_a-z]{3}/0)[!?]|Err:[0-9]{3}")
"""Errors of formulas in any language, such as #VALUE!, #WERT! and #¡REF!."""
TOO_NARROW = re.compile(r"#{3,}")
"""How a spreadsheet program shows, and saves as CSV, a day or number that is wider than its column."""
YES_OR_NO = {
    **dict.fromkeys(("true", "yes", "y", "ja", "j", "wahr", "1", "x", "✓"), True),
    **dict.fromkeys(("false", "no", "n", "nein", "falsch", "0"), False),
}
SHORTENED_NUMBER = re.compile(r"[0-9]([.,][0-9]+)?E\+[0-9]{1,3}", re.IGNORECASE)
"""How a spreadsheet program shows, and saves as CSV, a number that is wider than its column."""
DIGITS_KEPT = 15
"""Of a number, by spreadsheet programs."""
SIGNS_OF_15 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass
class Column:
    """A column that is read into a field."""

    header: str
    place: int
    field: str
    kind: Kind
    mapped: MappedColumn
    reading: ColumnReading | None = None

    def look_at(self, cell: Any) -> None:
        """Note what a value reveals about the format of the column."""
        if self.reading and isinstance(cell, str) and (text := cleaned(cell)) not in EMPTY:
            self.reading.look_at(text)

    def value(self, cell: Any) -> Any:
        """Return the value of a cell as JSON; None if it is empty. Raises `Unreadable`."""
        if isinstance(cell, str):
            cell = cleaned(cell)
            if cell in EMPTY:
                return None
            if FORMULA_ERROR.fullmatch(cell):
                raise Unreadable(f"holds {cell}, the error of a formula. Mend the formula, or empty the cell")
            if TOO_NARROW.fullmatch(cell):
                raise Unreadable("was wider than its column when it was saved. Widen the column, and save it again")
        if self.kind.several:
            return [self._one(each) for each in split(as_text(cell), self.kind)]
        return self._one(cell)

    def currencies(self, cell: Any) -> AbstractSet[str]:
        """Return the currencies that an amount may be in; none if it does not say."""
        if self.kind.input != "number":
            return frozenset()
        if isinstance(cell, FormattedNumber):
            return currencies_meant(cell.mark or "") or frozenset()
        if not isinstance(cell, str) or (text := cleaned(cell)) in EMPTY:
            return frozenset()
        return currencies_of_number(text)

    def _one(self, cell: Any) -> Any:
        match self.kind.input:
            case "day":
                if isinstance(cell, date):
                    return cell.isoformat()
                return self._read(as_text(cell))
            case "number":
                percent = self.mapped.read == "percent" and not says_percent(cell)
                return as_number(cell if is_number(cell) else self._read(as_text(cell)), percent)
            case "yes_or_no":
                return yes_or_no(cell)
            case "choice":
                return self._chosen(as_text(cell))
            case _:
                if self._names_a_thing and is_number(cell) and abs(cell) >= 10**DIGITS_KEPT:
                    raise Unreadable(
                        f"has more than {DIGITS_KEPT} digits, and a spreadsheet program keeps no more of a number."
                        " Write the column as text"
                    )
                return self._text(as_text(cell))

    def _read(self, text: str) -> Any:
        assert self.reading
        return self.reading.value(text)

    @cached_property
    def _names_a_thing(self) -> bool:
        return self.field == "id" or self.field.endswith("_id")

    def _text(self, text: str) -> str:
        if self._names_a_thing and SHORTENED_NUMBER.fullmatch(text):
            raise Unreadable(
                "is a number that a spreadsheet program has shortened, so its last digits are lost. Export it again,"
                " and open it with this column as text"
            )
        text = self.mapped.words.get(text, text)
        return eighteen(text) if self.mapped.read == "salesforce-id" else text

    @cached_property
    def _plain_choices(self) -> Mapping[str, str]:
        return {plain(word): word for word in self.kind.choices}

    def _chosen(self, text: str) -> str:
        if text in self.mapped.words:
            return self.mapped.words[text]
        said, words = plain(text), self._plain_choices
        if said in words:
            return words[said]
        close = get_close_matches(said, words, 1)
        meant = f"did you mean {words[close[0]]}?" if close else f"it may be {', '.join(self.kind.choices)}"
        raise Unreadable(f"is none of its words; {meant}")


def cleaned(text: str) -> str:
    while (stripped := text.strip().strip(UNSEEN_AT_ENDS)) != text:
        text = stripped
    return text


def as_text(cell: Any) -> str:
    if isinstance(cell, FormattedNumber) and cell.shown:
        return cell.shown
    if isinstance(cell, float):
        return format(cell, f".{DIGITS_KEPT}g")
    return cell if isinstance(cell, str) else str(cell).lower() if isinstance(cell, bool) else str(cell)


def is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def says_percent(cell: Any) -> bool:
    """Return whether a number is shown with the sign of per cent, so that its value counts ones already."""
    return cell.is_percent if isinstance(cell, FormattedNumber) else isinstance(cell, str) and PERCENT in cell


def as_number(number: Any, percent: bool) -> Any:
    """Return a number as JSON has it: whole ones as such, others as a decimal in a string.

    Of a number in a workbook, the digits beyond those that spreadsheet programs show are an error of calculation.
    Raises `Unreadable`.
    """
    exact = Decimal(as_text(float(number) if isinstance(number, FormattedNumber) else number))
    if not exact.is_finite():
        raise Unreadable("is no number")
    text = f"{exact.scaleb(-2) if percent else exact:f}"
    whole, _, fraction = text.partition(".")
    return text if fraction.strip("0") else int(whole)


def yes_or_no(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    found = YES_OR_NO.get(as_text(cell).casefold())
    if found is None:
        raise Unreadable("is neither yes nor no")
    return found


def split(text: str, kind: Kind) -> list[str]:
    """Return the values in one cell, separated by semicolons or line breaks; words and ids also by commas."""
    signs = r"[;\n]" if kind.input in ("text", "line", "group") else r"[;,\n]"
    return [each for part in re.split(signs, text) if (each := cleaned(part))]


def eighteen(id: str) -> str:
    """Return a Salesforce id in its form of 18 characters, which does not depend on case.

    Each group of five of its 15 characters is followed by one whose bits mark capital letters.
    """
    if not re.fullmatch(r"[0-9A-Za-z]{15}", id):
        return id
    parts = (id[start : start + 5] for start in (0, 5, 10))
    return id + "".join(
        SIGNS_OF_15[sum(1 << place for place, sign in enumerate(part) if sign.isupper())] for part in parts
    )


def plain(name: str) -> str:
    """Return the letters and digits of a name: “Due on”, “due_on” and “DUE-ON” are the same."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


# The columns of a table


@dataclass
class Columns:
    """The field for each column of a table."""

    kind: ImportKind
    read: Sequence[Column]
    plan_place: int | None
    plan: str | None
    salesforce_plan: bool
    ignored: Sequence[str]
    always: Mapping[str, Any]
    width: int
    grid: Sequence[tuple[int, str]] = field(default_factory=list)
    """For a grid: the index and name of each column that is an offering."""

    def plan_of(self, cells: Sequence[Any]) -> str:
        if self.plan_place is None:
            return self.plan or ""
        name = cleaned(as_text(cells[self.plan_place])) if self.plan_place < len(cells) else ""
        return eighteen(name) if self.salesforce_plan else name

    def look_at(self, cells: Sequence[Any]) -> None:
        for column in self.read:
            if column.place < len(cells):
                column.look_at(cells[column.place])

    def check_no_day_is_a_number(self, number: int, cells: Sequence[Any]) -> None:
        """Raise `FileRefused` if a day is a bare number in a workbook whose days count from 1904."""
        for column in self.read:
            if column.kind.input == "day" and column.place < len(cells) and is_number(cells[column.place]):
                raise FileRefused(
                    f"The workbook counts days from 1904, and {letters(column.place + 1)}{number} holds"
                    f" {cells[column.place]}, where “{column.header}” must be a day: format the cell as a date."
                )

    def check_readings(self) -> None:
        """Check that each column uses one format throughout. Raises `FileRefused`."""
        for column in self.read:
            if column.reading and (why := column.reading.why_unclear()):
                raise FileRefused(f"The column “{column.header}” {why}.")


def columns_of(request: ImportRequest, header: Sequence[Any]) -> Columns:
    """Return the columns by their names in the first row. Raises `FileRefused`."""
    names = [cleaned(as_text(cell)) for cell in header]
    while names and not names[-1]:
        names.pop()
    check_names(names)
    kind, mapping = KINDS[request.kind], mapping_of(request)
    places = {name: place for place, name in enumerate(names) if not name.startswith(OF_RESULTS)}
    mapped = dict(mapping.columns) if mapping else {}
    plan_column = request.plan_column or (mapping.plan if mapping and not request.plan else None)
    if kind.opens_plans:
        plan_column = None
    if plan_column is None and not request.plan and not kind.opens_plans:
        plan_column = next((name for name in places if plain(name) == PLAN), None)
    check_plan(request, kind, plan_column, places)
    left = [name for name in places if name != plan_column and name not in request.ignore]
    always = {**(mapping.always if mapping else {}), **request.always}
    if request.grid:
        unit, *offerings = left
        read = [made(request, kind, unit, places[unit], MappedColumn(field="unit"))]
        grid = [(places[name], name) for name in offerings]
        read += [made(request, kind, name, place, MappedColumn(field="penetration")) for place, name in grid]
        return Columns(kind, read, places.get(plan_column or ""), request.plan, False, [], always, len(names), grid)
    read, ignored = [], list(request.ignore)
    whole = {to.field for name, to in mapped.items() if name in left and to.read != PART}
    """The fields that a column holds as a whole, whose parts are not read."""
    for name in left:
        to = mapped.get(name) or (None if mapping else matched(kind, name, request, len(names) == 1))
        if to is None or (to.read == PART and to.field in whole):
            ignored.append(name)
        else:
            read.append(made(request, kind, name, places[name], to))
    if mapped:
        in_order = list(mapped)
        read.sort(key=lambda column: in_order.index(column.header) if column.mapped.read == PART else -1)
    check_needed(kind, read, always, mapped, places)
    salesforce = bool(mapping and mapping.salesforce_plan)
    if kind.opens_plans:
        [account] = (column for column in read if column.field == "account_id")
        plan_column, salesforce = account.header, account.mapped.read == "salesforce-id"
    return Columns(kind, read, places.get(plan_column or ""), request.plan, salesforce, ignored, always, len(names))


def check_names(names: Sequence[str]) -> None:
    """Raise `FileRefused` unless all columns have different names."""
    if not names:
        raise FileRefused("The first row is empty. It must name the columns.")
    for place, name in enumerate(names, 1):
        if not name:
            raise FileRefused(f"Column {place} ({letters(place)}) has no name in the first row. Name it, or delete it.")
        if name in names[: place - 1]:
            first = names.index(name) + 1
            raise FileRefused(
                f"Columns {first} and {place} ({letters(first)} and {letters(place)}) are both called"
                f" “{shortened(name)}”. Rename or delete one."
            )


def letters(place: int) -> str:
    """Return the letters of a column in spreadsheet programs: 1 is A, 27 is AA."""
    name = ""
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def check_plan(request: ImportRequest, kind: ImportKind, column: str | None, places: Mapping[str, int]) -> None:
    if kind.opens_plans:
        return
    if column is not None and column not in places:
        raise FileRefused(
            f"There is no column “{shortened(column)}” that could name the plan.{nearest(column, places)}"
        )
    if column is None and not request.plan:
        raise FileRefused(
            "It is not said which plan the rows are of. Name the plan (--plan), or the column that names it"
            " (--plan-column)."
        )


def matched(kind: ImportKind, name: str, request: ImportRequest, alone: bool) -> MappedColumn:
    """Return the field after which a column is named. Raises `FileRefused` if there is none."""
    fields = {plain(each): each for each in kind.command.model_fields}
    if plain(name) in fields:
        return MappedColumn(field=fields[plain(name)])
    close = get_close_matches(plain(name), fields, 1)
    meant = f"Did you mean {fields[close[0]]}? " if close else ""
    if alone and not close:
        raise FileRefused(
            f"The first row names one column alone, “{shortened(name)}”, which is no field of {request.kind}. If it"
            " is a title, delete it: the first row must name the columns. If another sign separates them, say which by"
            " --delimiter."
        )
    raise FileRefused(
        f"The column “{shortened(name)}” is no field of {request.kind}. {meant}Rename it, leave it out"
        f" (--ignore '{shortened(name)}'), or say by a mapping (--map) what each column is."
    )


def made(request: ImportRequest, kind: ImportKind, header: str, place: int, to: MappedColumn) -> Column:
    """Return a column that is read into a field. Raises `FileRefused` if there is no such field."""
    fields = kind.command.model_fields
    if to.field not in fields:
        raise FileRefused(f"{to.field} is no field of {request.kind}.{nearest(to.field, fields)}")
    input = kind_of(kind.command, to.field)
    reading = None
    if input.input == "day":
        reading = column_of_days(request.dates)
    elif input.input == "number":
        reading = column_of_numbers(request.decimal)
    return Column(header, place, to.field, input, to, reading)


def check_needed(
    kind: ImportKind,
    read: Sequence[Column],
    always: Mapping[str, Any],
    mapped: Mapping[str, MappedColumn],
    places: Mapping[str, int],
) -> None:
    """Raise `FileRefused` if no column is read into a field that every row needs."""
    seen: dict[str, str] = {}
    for column in read:
        if column.field in seen and column.mapped.read != PART:
            first, second = (shortened(header) for header in (seen[column.field], column.header))
            raise FileRefused(
                f"“{first}” and “{second}” are both read into {column.field}. Rename or delete one, or leave it out"
                f" (--ignore '{second}')."
            )
        seen[column.field] = column.header
    fields = kind.command.model_fields
    for name in always:
        if name not in fields:
            raise FileRefused(f"{name} is no field of {kind.name}.{nearest(name, fields)}")
    for name, declared in fields.items():
        if declared.is_required() and name not in seen and (name not in always or name == "account_id"):
            wanted = [column for column, to in mapped.items() if to.field == name and column not in places]
            expected = f" The mapping reads it from “{wanted[0]}”, which is not there." if wanted else ""
            raise FileRefused(
                f"No column is read into {name}, which every row needs.{expected} Add the column, or give all rows"
                f" the same: --set {name}=…"
            )
