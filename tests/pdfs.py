"""The words of a PDF, as a reader's viewer finds them."""

from pypdfium2 import PdfDocument


def pages_of(content: bytes) -> list[str]:
    """Return the text of each page."""
    with PdfDocument(content) as document:
        return [text_of(document, place) for place in range(len(document))]


def text_of(document: PdfDocument, place: int) -> str:
    page = document[place]
    words = page.get_textpage()
    try:
        # PDFium marks a hyphen at the end of a line by a character of its own.
        return str(words.get_text_bounded()).replace("\r\n", "\n").replace("\ufffe", "-")
    finally:
        words.close()
        page.close()
