"""API keys as HTTP and the command line show them. The secret is shown only when a key is created."""

from collections.abc import Iterable
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from adapters.access.api_keys import ApiKey, GivenRole


class KeyShown(BaseModel):
    """A key, without its secret."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    role: GivenRole
    plans: list[str] | None
    personal_data: bool
    on_behalf_of: bool
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        return cls.model_validate(key)


class KeyMade(KeyShown):
    """A new key. It is shown this once."""

    key: str

    @classmethod
    def made(cls, key: ApiKey, text: str) -> Self:
        return cls(key=text, **KeyShown.of(key).model_dump())


class KeyList(BaseModel):
    items: list[KeyShown]


def key_list(keys: Iterable[ApiKey]) -> KeyList:
    return KeyList(items=[KeyShown.of(key) for key in keys])
