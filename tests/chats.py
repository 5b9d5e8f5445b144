"""Checks messages with what Slack and Microsoft publish themselves."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jsonschema import Draft6Validator
from slack_sdk.models.blocks import Block

CARD = "application/vnd.microsoft.card.adaptive"


def read_by_slack(body: bytes) -> dict[str, Any]:
    """Return a message after Slack's own library has accepted every block and every field of it."""
    message: dict[str, Any] = json.loads(body)
    for block in message["blocks"]:
        parsed = Block.parse(block)
        assert parsed is not None, block
        parsed.validate_json()
        assert parsed.to_dict() == block
    return message


@cache
def card_schema() -> Draft6Validator:
    published = files("adaptive_cards").joinpath("schemas/schema-1.5.json").read_text("utf-8")
    return Draft6Validator(json.loads(published))


def read_by_teams(body: bytes) -> dict[str, Any]:
    """Return the card of a message after validating it with Microsoft's schema."""
    message = json.loads(body)
    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == CARD
    card: dict[str, Any] = attachment["content"]
    assert [error.message for error in card_schema().iter_errors(card)] == []
    return card


def parts_of(document: Any) -> Iterator[Mapping[str, Any]]:
    """Yield every object in a document."""
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from parts_of(value)
    elif isinstance(document, list):
        for value in document:
            yield from parts_of(value)


def rows_of(document: dict[str, Any]) -> list[str]:
    """Return the rows of a message as a reader sees them."""
    rows = [each for each in parts_of(document) if each.get("type") in ("rich_text_section", "RichTextBlock")]
    return ["".join(part["text"] for part in row.get("elements") or row["inlines"]) for row in rows]
