"""The stored secrets of webhooks. They are encrypted, so that somebody who reads the table cannot sign with them."""

from collections.abc import Callable
from functools import cached_property
from secrets import token_bytes
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapters.privacy.key_encryption import WrongKeyEncryptionKey

NONCE = 12


class WebhookSecrets:
    """Encrypts the secrets of webhooks with a secret of the service. A secret can be decrypted only for its
    endpoint.
    """

    def __init__(self, secret: Callable[[], bytes]) -> None:
        self._secret = secret

    @cached_property
    def _box(self) -> AESGCM:
        return AESGCM(self._secret())

    def wrap(self, endpoint_id: UUID, secret: bytes) -> bytes:
        """Encrypt the secret of an endpoint. Raises `StoreUnavailable`."""
        nonce = token_bytes(NONCE)
        return nonce + self._box.encrypt(nonce, secret, endpoint_id.bytes)

    def unwrap(self, endpoint_id: UUID, wrapped: bytes) -> bytes:
        """Decrypt the secret of an endpoint. Raises `WrongKeyEncryptionKey`, `StoreUnavailable`."""
        try:
            return self._box.decrypt(wrapped[:NONCE], wrapped[NONCE:], endpoint_id.bytes)
        except InvalidTag as error:
            raise WrongKeyEncryptionKey(WrongKeyEncryptionKey.__doc__) from error
