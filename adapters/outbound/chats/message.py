"""A chat message for people, before it is written in the format of a certain chat.

Text typed by users stays text: each format puts it where the chat reads no markup, so that it can neither mention
anybody nor link anywhere. Only our own links are links.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

NOTHING = "–"
LONGEST_TITLE = 150
LONGEST_TEXT = 300
"""The number of characters of one line. The rest is in the plan, to which the link leads."""
MOST_LINES = (20, 10, 5, 2, 0)
"""Numbers of lines per section, tried in turn until the message is small enough for the chat."""

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
"""Line breaks, and characters that are invisible or change the direction of text. With them, text could pose as another
line or as ours. Zero-width joiners stay, because emoji and Persian words need them."""


@dataclass(frozen=True)
class Line:
    """One line: its subject, which may be a link, and what it says about it."""

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
        """Return the section with at most this many lines and a last one that says how many are left out."""
        if len(self.lines) <= most:
            return self
        left_out = len(self.lines) - most
        return replace(self, lines=[*self.lines[:most], Line(f"{left_out} more", "")])


@dataclass(frozen=True)
class ChatMessage:
    title: str
    sections: Sequence[Section]
    link: str
    """The URL of the page with more."""
    link_text: str = "Open in plantrail"

    def visible(self) -> "ChatMessage":
        """Return the message without invisible characters, with every text shortened to what a chat shows well."""
        sections = [
            replace(each, heading=plain(each.heading, LONGEST_TITLE), lines=[line.visible() for line in each.lines])
            for each in self.sections
            if each.lines
        ]
        return replace(self, title=plain(self.title, LONGEST_TITLE), sections=sections)


def plain(text: str, longest: int) -> str:
    """Return a text as one line of visible characters, shortened if it is too long.

    Chats count a sign beyond the first 65,536, such as an emoji, as two.
    """
    text = UNSEEN.sub(" ", text).strip()
    units = text.encode("utf-16-le", "replace")
    if len(units) <= 2 * longest:
        return text
    return f"{units[: 2 * (longest - 1)].decode('utf-16-le', 'ignore')}…"


def fitting(message: ChatMessage, written: Callable[[ChatMessage], bytes], most_bytes: int) -> bytes:
    """Return the message in the chat's format, with as many lines as the chat accepts."""
    message, body = message.visible(), b""
    for most in MOST_LINES:
        body = written(replace(message, sections=[each.shortened(most) for each in message.sections]))
        if len(body) <= most_bytes:
            break
    return body
