"""Said versus did of many plans, month by month, as a document."""

from adapters.rendering.document import Document
from adapters.rendering.wording import Json


def month_report(report: Json) -> Document:
    raise NotImplementedError
