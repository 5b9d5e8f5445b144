"""Reports as PDF. User text reaches the typesetter as data, never as markup."""

import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from adapters.rendering.document import Chart, Document, Figure
from adapters.rendering.fonts import families, fonts
from adapters.rendering.glyphs import with_glyphs
from adapters.rendering.one_page import on_one_page

SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
"""The font sizes, in points, in which a one-page document may be set."""


def pdf(document: Document) -> bytes:
    document = with_glyphs(document)
    data = data_of(document)
    if not document.one_page:
        return compiled(data)
    size = size_of_one_page(data)
    if size is None:
        size = SIZES[-1]
        data = data_of(on_one_page(document, lambda shorter: pages(data_of(shorter) | {"size": SIZES[-1]})))
    return compiled(data | {"size": size})


def data_of(document: Document) -> dict[str, Any]:
    """Return the document as the typesetter takes it, with its charts drawn."""
    data = asdict(document)
    for section, shown in zip(document.sections, data["sections"], strict=True):
        for place, block in enumerate(section.blocks):
            if isinstance(block, Figure):
                shown["blocks"][place]["svg"] = draw(block.chart, f"{section.id}-{place}")
    data["fonts"] = families()
    return data


def size_of_one_page(data: dict[str, Any]) -> float | None:
    """Return the largest font size, in points, at which a document fits on one page; None if there is none."""
    return next((size for size in SIZES if pages(data | {"size": size}) == 1), None)


def pages(data: dict[str, Any]) -> int:
    inputs = {"document": json.dumps(data)}
    [found] = json.loads(typst.query(source(), "<pages>", field="value", font_paths=fonts(), sys_inputs=inputs))
    return int(found)


def draw(chart: Chart, name: str) -> str:
    """Draw a chart. The library is imported here, because that takes seconds."""
    from adapters.rendering import charts

    return charts.svg(chart, name)


def compiled(data: dict[str, Any]) -> bytes:
    # The PDF is tagged for screen readers. It claims no PDF/A or PDF/UA conformance, because these standards forbid
    # characters for which there is no glyph.
    made = typst.compile(source(), font_paths=fonts(), sys_inputs={"document": json.dumps(data)})
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def source() -> bytes:
    return files("adapters.rendering").joinpath("templates/report.typ").read_bytes()
