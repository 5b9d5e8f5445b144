"""A report as a PDF.  Words of users reach the typesetter as data, never as its markup."""

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
    """Loaded where there is something to draw, for it takes seconds."""
    from adapters.rendering import charts

    return charts.svg(chart, name)


def compiled(data: dict[str, Any]) -> bytes:
    # Tagged for those who listen to it; no standard is claimed, for none allows a sign that no font has.
    made = typst.compile(source(), font_paths=fonts(), sys_inputs={"document": json.dumps(data)})
    assert isinstance(made, bytes), "a PDF is one file"
    return made


@cache
def source() -> bytes:
    return files("adapters.rendering").joinpath("templates/report.typ").read_bytes()


@cache
def fonts() -> typst.Fonts:
    """Those the typesetter brings along; of the system's, what it lacks: other scripts."""
    return typst.Fonts(include_system_fonts=True)
