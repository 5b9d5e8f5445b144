"""Reports as self-contained HTML pages: without scripts and without anything to fetch, with the style sheet and the
needed fonts embedded."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from adapters.rendering.document import Chart, Column, Document, Table
from adapters.rendering.embedded_fonts import font_faces
from adapters.rendering.glyphs import texts_in, with_glyphs
from adapters.rendering.style import sheet


def page(document: Document) -> bytes:
    shown = with_glyphs(document)
    faces = Markup(font_faces(texts_in(shown)))
    written = template("report.html.jinja").render(
        document=shown, style=Markup(sheet()), faces=faces, draw=draw, share=share
    )
    return written.encode()


@cache
def environment() -> Environment:
    return Environment(
        loader=PackageLoader("adapters.rendering"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def template(name: str) -> Template:
    return environment().get_template(name)


def share(column: Column, table: Table) -> int:
    """Return the CSS class for the width of a column, in steps of five per cent, because the content policy forbids
    inline styles."""
    return round(20 * column.wide / sum(each.wide for each in table.columns)) * 5


def draw(chart: Chart, name: str) -> Markup:
    """Draw a chart. Vega escapes all text in it. The library is imported here, because that takes seconds."""
    from adapters.rendering import charts

    return Markup(charts.svg(chart, name))
