"""The documents of the project as tests read them: their prose, their links, and their examples."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.places import ROOT

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Document:
    """A Markdown file."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text with empty lines in place of fenced examples."""
        return FENCE.sub(lambda fenced: "\n" * fenced[0].count("\n"), self.text)

    def examples(self, language: str) -> list[str]:
        """Return the fenced examples in a language, in order."""
        return [content for named, content in FENCE.findall(self.text) if named == language]

    def program(self, name: str) -> str:
        """Return the Python program whose first line is a comment that begins with its file name."""
        (program,) = (content for content in self.examples("python") if content.startswith(f"# {name}:"))
        return program

    def links(self) -> Iterator[str]:
        return (found[1] for found in LINK.finditer(self.prose))

    def anchors(self) -> set[str]:
        """The anchors of its headings, as GitHub writes them."""
        headings = re.findall(r"^#+ (.*)$", self.prose, re.MULTILINE)
        return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def document(name: str) -> Document:
    """Return a document by its path in the project."""
    return Document(ROOT / name)


def documents() -> list[Document]:
    """Return the README and everything under docs/."""
    return [document("README.md"), *map(Document, sorted((ROOT / "docs").rglob("*.md")))]
