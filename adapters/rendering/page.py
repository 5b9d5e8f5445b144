"""A report as one HTML page that stands alone: no script, nothing to be fetched, one sheet of style inside."""

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from adapters.rendering import charts
from adapters.rendering.document import Chart, Column, Document, Table


def page(document: Document) -> bytes:
    return template("report.html.jinja").render(document=document, style=style(), draw=draw, share=share).encode()


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


@cache
def style() -> Markup:
    source, _, _ = PackageLoader("adapters.rendering").get_source(environment(), "report.css")
    return Markup(source)  # noqa: S704 - a file of ours


def draw(chart: Chart, name: str) -> Markup:
    """Vega has escaped every word in it."""
    return Markup(charts.svg(chart, name))  # noqa: S704


def style_hash() -> str:
    """For a Content-Security-Policy that allows this sheet of style and nothing else."""
    digest = hashlib.sha256(f"{style()}".encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
