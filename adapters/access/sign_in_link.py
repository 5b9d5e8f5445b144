"""A link that signs in the person who starts the demo."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

PATH = "/sign-in/link"


class SignInLink:
    """Signs one person in, once.

    It ends with the process that made it, and works only where people may choose their name: it saves the choice, and
    gives no right that choosing a name would not give.
    """

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.token = token_urlsafe(32)
        self._good = {_digest(self.token)}

    @property
    def path(self) -> str:
        """The path of the link."""
        return f"{PATH}?token={self.token}"

    def use(self, token: str) -> bool:
        """Return whether the token is right and unused. From then on it is used."""
        try:
            self._good.remove(_digest(token))
        except KeyError:
            return False
        return True

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the token, because the link must work in one process alone."""
        return {"actor": self.actor, "token": "", "_good": set()}


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
