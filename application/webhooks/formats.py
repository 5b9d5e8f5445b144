"""The formats of the messages that an endpoint receives."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

ChatFormat = Literal["slack", "teams"]
Format = Literal["cloudevents", ChatFormat]

CONTENT_TYPES: Mapping[Format, str] = {
    "cloudevents": "application/cloudevents+json; charset=utf-8",
    "slack": "application/json; charset=utf-8",
    "teams": "application/json; charset=utf-8",
}


def url_shown(url: str, format: Format) -> str:
    """Return a URL without the part by which a chat authorises messages, for showing it to people."""
    if format == "cloudevents":
        return url
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"
