"""All reports and packs, by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from adapters.rendering.document import Document
from adapters.rendering.month_report import month_report
from adapters.rendering.packs.annual import annual
from adapters.rendering.packs.canvas import canvas
from adapters.rendering.packs.qbr import qbr
from adapters.rendering.packs.readout import readout
from adapters.rendering.packs.weekly import weekly
from adapters.rendering.review_report import review_report
from adapters.rendering.wording import Json
from application.packs.pack import PackKind

Writer = Callable[[Json], Document]

PACKS: Mapping[PackKind, Writer] = {
    "canvas": canvas,
    "weekly": weekly,
    "readout": readout,
    "qbr": qbr,
    "annual": annual,
}
REPORTS: Mapping[str, Writer] = {
    "said-vs-did": review_report,
    "month": month_report,
    **{str(kind): writer for kind, writer in PACKS.items()},
}


def document(name: str, report: Json, address: str = "") -> Document:
    """Return a report as a document. Its links lead to the pages of events at this address, if there is one."""
    return replace(REPORTS[name](report), address=address)
