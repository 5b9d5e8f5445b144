"""Messages for Slack: Block Kit for incoming webhooks.

Text typed by users stands in `rich_text` elements, in which Slack reads no markup: https://docs.slack.dev/reference/
block-kit/blocks/rich-text-block. The text of the notification is escaped: https://docs.slack.dev/messaging/
formatting-message-text.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from adapters.outbound.chats.message import ChatMessage, Line, Section, fitting

MOST_BYTES = 12_000
"""Slack takes messages of up to 40,000 characters and refuses blocks of more than about 13,000."""
ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
BOLD = {"style": {"bold": True}}


def slack_message(message: ChatMessage) -> bytes:
    return fitting(message, _written, MOST_BYTES)


def _written(message: ChatMessage) -> bytes:
    heading = {"type": "header", "text": {"type": "plain_text", "text": message.title, "emoji": False}}
    blocks = [heading, *map(_block, message.sections), _rich(_row(_link(message.link, message.link_text)))]
    return to_json(
        {
            "text": message.title.translate(ESCAPES),
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "blocks": blocks,
        }
    )


def _block(section: Section) -> dict[str, Any]:
    lines = [_row(*_parts(line)) for line in section.lines]
    listed = {"type": "rich_text_list", "style": "bullet", "elements": lines}
    return _rich(_row(_text(section.heading, **BOLD)), listed) if section.heading else _rich(listed)


def _parts(line: Line) -> list[dict[str, Any]]:
    label = _link(line.url, line.label) if line.url else _text(line.label, **BOLD)
    return [label, _text(f": {line.text}")] if line.text else [label]


def _rich(*elements: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": list(elements)}


def _row(*elements: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **style}


def _link(url: str, text: str) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": text}
