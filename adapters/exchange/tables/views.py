"""Views as tables: a list with all its pages; or everything in one plan, one table for each kind of thing."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from adapters.exchange.tables.columns import Column, columns_of, plain_type
from adapters.exchange.tables.writers import TableForm, TableWriter

ITEMS, SECTIONS = "items", "sections"
SECTION = Column(("section",), "text")


def is_tabular(view: Any) -> bool:
    """Return whether a view is a list or consists of sections."""
    return isinstance(view, type) and issubclass(view, BaseModel) and bool({ITEMS, SECTIONS} & view.model_fields.keys())


def item_of(view: type[BaseModel]) -> type:
    """Return the model of the items of a list."""
    [item] = get_args(plain_type(view.model_fields[ITEMS].annotation))[:1]
    found: type = plain_type(item)
    return found


def begin_list(out: TableWriter, view: type[BaseModel], name: str) -> None:
    out.begin(name, columns_of(item_of(view)))


def add_items(out: TableWriter, content: Mapping[str, Any]) -> None:
    for item in content[ITEMS]:
        out.add(item)


def write_sections(out: TableWriter, form: TableForm, view: type[BaseModel], content: Mapping[str, Any]) -> None:
    """Write everything in the sections: in a workbook one sheet per kind of thing, in a CSV one row per value."""
    tables = list(tables_of(view, content))
    if form == "csv":
        out.begin("plan", [SECTION, *(Column((name,), "text") for name in ("kind", "id", "field", "value"))])
        for kind, columns, rows in tables:
            for row in rows:
                for column in columns:
                    if (value := column.cell(row)) is not None and column.name not in ("section", "id"):
                        said = {"kind": kind, "id": row.get("id"), "field": column.name, "value": value}
                        out.add({"section": row["section"], **said})
        return
    for kind, columns, rows in tables:
        out.begin(kind, columns)
        for row in rows:
            out.add(row)


def tables_of(
    view: type[BaseModel], content: Mapping[str, Any]
) -> Iterator[tuple[str, list[Column], list[dict[str, Any]]]]:
    """Yield each kind of thing with its columns and its rows, in the order of the sections."""
    sections: type[BaseModel] = plain_type(view.model_fields[SECTIONS].annotation)
    models: dict[str, type[BaseModel]] = {}
    rows: dict[str, list[dict[str, Any]]] = {}
    for section, declared in sections.model_fields.items():
        for kind, field in plain_type(declared.annotation).model_fields.items():
            model = plain_type(field.annotation)
            if args := get_args(model):
                model = plain_type(args[0])
            if isinstance(model, type) and issubclass(model, BaseModel):
                models.setdefault(kind, model)
                said = content[SECTIONS][section].get(kind)
                things = said if isinstance(said, list) else [said] if said else []
                rows.setdefault(kind, []).extend({"section": section, **thing} for thing in things)
    for kind, model in models.items():
        yield kind, [SECTION, *columns_of(model)], rows[kind]
