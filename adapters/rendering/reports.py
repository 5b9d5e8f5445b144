"""All reports, by name."""

from collections.abc import Callable, Mapping

from adapters.rendering.document import Document
from adapters.rendering.month_report import month_report
from adapters.rendering.review_report import review_report
from adapters.rendering.wording import Json

REPORTS: Mapping[str, Callable[[Json], Document]] = {"said-vs-did": review_report, "month": month_report}


def document(name: str, report: Json) -> Document:
    return REPORTS[name](report)
