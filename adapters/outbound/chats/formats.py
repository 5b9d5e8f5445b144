"""The function that formats messages for each chat."""

from collections.abc import Callable, Mapping

from adapters.outbound.chats.message import ChatMessage
from adapters.outbound.chats.slack import slack_message
from adapters.outbound.chats.teams import teams_message
from application.webhooks.formats import ChatFormat

WRITTEN: Mapping[ChatFormat, Callable[[ChatMessage], bytes]] = {"slack": slack_message, "teams": teams_message}
