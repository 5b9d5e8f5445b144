"""Reports as PDF. User text reaches the typesetter as data, never as markup."""

import json
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

import typst

from adapters.rendering.document import Chart, Document, Figure, Sentence
from adapters.rendering.fonts import families, fonts, named, without_a_glyph

MOST_NAMED = 20
"""The characters without a glyph that are named one by one."""

SIZES = (8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
"""The sizes of text, in points, that a document of one page may be set in."""


def pdf(document: Document) -> bytes:
    data = asdict(document)
    missing = without_a_glyph(texts_in(data))
    if missing:
        data = spelt_out(data, str.maketrans({sign: named(sign) for sign in missing}))
        data["remarks"].append(asdict(remark_on(missing)))
    for section, shown in zip(document.sections, data["sections"], strict=True):
        for place, block in enumerate(section.blocks):
            if isinstance(block, Figure):
                shown["blocks"][place]["svg"] = draw(block.chart, f"{section.id}-{place}")
    data["fonts"] = families()
    return compiled(data | {"size": size_of_one_page(data)} if document.one_page else data)


def size_of_one_page(data: dict[str, Any]) -> float:
    """Return the largest size of text, in points, at which a document fits on one page; else the smallest."""
    return next((size for size in SIZES if pages(data | {"size": size}) == 1), SIZES[-1])


def pages(data: dict[str, Any]) -> int:
    inputs = {"document": json.dumps(data)}
    [found] = json.loads(typst.query(source(), "<pages>", field="value", font_paths=fonts(), sys_inputs=inputs))
    return int(found)


def texts_in(data: Any) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            yield from (text for each in data.values() for text in texts_in(each))
        case list() | tuple():
            yield from (text for each in data for text in texts_in(each))


def spelt_out(data: Any, names: Mapping[int, str]) -> Any:
    """Replace the characters that cannot be shown by their names, in all texts."""
    match data:
        case str():
            return data.translate(names)
        case dict():
            return {key: spelt_out(each, names) for key, each in data.items()}
        case list() | tuple():
            return [spelt_out(each, names) for each in data]
    return data


def remark_on(missing: Sequence[str]) -> Sentence:
    listed = ", ".join(
        f"{named(sign)} {unicodedata.name(sign, 'without a name').lower()}" for sign in missing[:MOST_NAMED]
    )
    more = f" and {len(missing) - MOST_NAMED} more" if len(missing) > MOST_NAMED else ""
    return Sentence(
        f"No font of this report has these characters, so they are named instead: {listed}{more}.", "warning"
    )


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
