"""Reports as one self-contained HTML page: no scripts, nothing to fetch, one style sheet inside."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from adapters.rendering.document import Chart, Column, Document, Table
from adapters.rendering.style import sheet


def page(document: Document) -> bytes:
    return (
        template("report.html.jinja").render(document=document, style=Markup(sheet()), draw=draw, share=share).encode()
    )


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
    """Return the CSS class of a column's width, in steps of five per cent. The content policy forbids inline styles."""
    return round(20 * column.wide / sum(each.wide for each in table.columns)) * 5


def draw(chart: Chart, name: str) -> Markup:
    """Draw a chart. Vega escapes all text in it. The library is loaded here, because that takes seconds."""
    from adapters.rendering import charts

    return Markup(charts.svg(chart, name))
