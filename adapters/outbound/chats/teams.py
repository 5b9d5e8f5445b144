"""Messages for Microsoft Teams: an Adaptive Card for the address of a workflow.

Text typed by users stands in text runs, in which no Markdown is read: https://adaptivecards.io/explorer/TextRun.html.
Nobody is mentioned, because a card mentions only people in its `msteams` part.
"""

import re
from typing import Any

from pydantic_core import to_json

from adapters.outbound.chats.message import ChatMessage, Line, fitting

MOST_BYTES = 28 * 1024
"""Teams takes no larger message."""
BEFORE_A_BRACE = re.compile(r"([{$])(?=\{)")
VERSION = "1.2"
"""The first version with text runs, and the last that Teams shows on every device."""


def teams_message(message: ChatMessage) -> bytes:
    return fitting(message, _written, MOST_BYTES)


def _written(message: ChatMessage) -> bytes:
    body = [_row(_run(message.title, weight="Bolder", size="Medium"))]
    for section in message.sections:
        if section.heading:
            body.append(_row(_run(section.heading, weight="Bolder"), spacing="Medium"))
        body += [_row(*_parts(line), spacing="Small") for line in section.lines]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "body": body,
        "actions": [_opening(message.link) | {"title": message.link_text}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return to_json({"type": "message", "attachments": [attachment]})


def _parts(line: Line) -> list[dict[str, Any]]:
    label = _run(line.label, weight="Bolder")
    if line.url:
        label["selectAction"] = _opening(line.url)
    return [label, _run(f": {line.text}")] if line.text else [label]


def _row(*inlines: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(inlines), **more}


def _run(text: str, **more: Any) -> dict[str, Any]:
    """Return a text run. Two braces in a row could be a date or a placeholder for the card, so they are separated."""
    return {"type": "TextRun", "text": BEFORE_A_BRACE.sub(r"\1 ", text), **more}


def _opening(url: str) -> dict[str, Any]:
    return {"type": "Action.OpenUrl", "url": url}
