"""A message for people in a chat, before it is written in the form of one.

What people typed is only ever text: each form puts it where the chat reads no markup, so that it can neither mention
anybody nor lead anywhere. Only links of our own lead somewhere.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

NOTHING = "–"
LONGEST_TITLE = 150
LONGEST_TEXT = 300
"""Characters of what one line says. The rest is in the plan, where the link leads."""
MOST_LINES = (20, 10, 5, 2, 0)
"""Lines of each section, tried in turn until the message is as small as the chat takes it."""

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+"
)
"""Line breaks, and characters that are not seen or turn the direction of what follows: they could make words look like
another line, or like ours. What joins and parts letters and emoji stays: Persian is misspelt without it."""


@dataclass(frozen=True)
class Line:
    """One line: what it is about, which may lead somewhere, and what it says of it."""

    label: str
    text: str
    url: str | None = None

    def visible(self) -> "Line":
        return Line(plain(self.label, LONGEST_TITLE) or NOTHING, plain(self.text, LONGEST_TEXT), self.url)


@dataclass(frozen=True)
class Section:
    lines: Sequence[Line]
    heading: str = ""

    def shortened(self, most: int) -> "Section":
        """Return the section with this many lines at most, and a last one that says how many are left out."""
        if len(self.lines) <= most:
            return self
        left_out = len(self.lines) - most
        return replace(self, lines=[*self.lines[:most], Line(f"{left_out} more", "")])


@dataclass(frozen=True)
class ChatMessage:
    title: str
    sections: Sequence[Section]
    link: str
    """Where to read on."""
    link_text: str = "Open in plantrail"

    def visible(self) -> "ChatMessage":
        """Return the message with nothing in it that is not seen, and no text longer than a chat shows well."""
        sections = [
            replace(each, heading=plain(each.heading, LONGEST_TITLE), lines=[line.visible() for line in each.lines])
            for each in self.sections
            if each.lines
        ]
        return replace(self, title=plain(self.title, LONGEST_TITLE), sections=sections)


def plain(text: str, longest: int) -> str:
    """Return a text as one line of visible characters, shortened if it is longer."""
    text = UNSEEN.sub(" ", text).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def fitting(message: ChatMessage, written: Callable[[ChatMessage], bytes], most_bytes: int) -> bytes:
    """Return the message as it is written, with as many lines as the chat takes."""
    message, body = message.visible(), b""
    for most in MOST_LINES:
        body = written(replace(message, sections=[each.shortened(most) for each in message.sections]))
        if len(body) <= most_bytes:
            break
    return body
