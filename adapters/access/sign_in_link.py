"""A link that signs somebody in, for the demo: whoever starts it arrives on its pages."""

from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

PATH = "/sign-in/link"


class SignInLink:
    """Signs one person in, once.

    It lives and ends with the process that made it, and is good only where names may be chosen: it spares the choice,
    and gives no right that choosing a name does not give.
    """

    def __init__(self, actor: str) -> None:
        self.actor = actor
        self.token = token_urlsafe(32)
        self._good = {_digest(self.token)}

    @property
    def path(self) -> str:
        """Where it leads."""
        return f"{PATH}?token={self.token}"

    def use(self, token: str) -> bool:
        """Return whether the token is right and nobody has used it before. From now on somebody has."""
        try:
            self._good.remove(_digest(token))
        except KeyError:
            return False
        return True

    def __getstate__(self) -> dict[str, Any]:
        """What a copy in another process knows: nobody signs in by that one."""
        return {"actor": self.actor, "token": "", "_good": set()}


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()
