"""Reports as PDF. User text reaches the typesetter as data, never as markup."""

import json
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from adapters.rendering.document import Chart, Document, Figure


def pdf(document: Document) -> bytes:
    data = asdict(document)
    for section, shown in zip(document.sections, data["sections"], strict=True):
        for place, block in enumerate(section.blocks):
            if isinstance(block, Figure) and block.chart:
                shown["blocks"][place]["svg"] = draw(block.chart, f"{section.id}-{place}")
    return compiled(data)


def draw(chart: Chart, name: str) -> str:
    """Draw a chart. The library is loaded here, because that takes seconds."""
    from adapters.rendering import charts

    return charts.svg(chart, name)


def compiled(data: dict[str, Any]) -> bytes:
    # The PDF is tagged for screen readers. It claims no PDF/A or PDF/UA standard: these forbid characters that no font
    # has.
    made = typst.compile(source(), font_paths=fonts(), sys_inputs={"document": json.dumps(data)})
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def source() -> bytes:
    return files("adapters.rendering").joinpath("templates/report.typ").read_bytes()


@cache
def fonts() -> typst.Fonts:
    """Return the typesetter's own fonts, and the system's for other scripts."""
    return typst.Fonts(include_system_fonts=True)
