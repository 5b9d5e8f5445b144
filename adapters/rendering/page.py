"""A report as one HTML page that stands alone: no script, nothing to be fetched, one sheet of style inside."""

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
    """The class of a column's width, in steps of five per cent: a style of its own would need leave to be there."""
    return round(20 * column.wide / sum(each.wide for each in table.columns)) * 5


def draw(chart: Chart, name: str) -> Markup:
    """Vega has escaped every word in it; it is loaded where there is something to draw, for it takes seconds."""
    from adapters.rendering import charts

    return Markup(charts.svg(chart, name))
