"""The sealed text of stored events together with the salts that prove their commitments."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from pydantic_core import from_json

from adapters.privacy.sealing import SALT, salted_words
from application.proof.ports import SaltedWords


def opened(plan_id: UUID, states: Iterable[tuple[int, bytes]], keys: Mapping[str, bytes]) -> Iterator[SaltedWords]:
    """Yield every sealed part that these keys open. `states` contains versions of the plan with the stored events."""
    for version, state in states:
        for part, sealed in enumerate(from_json(state)["sealed"]):
            salted = salted_words(plan_id, version, part, sealed, keys)
            if salted is not None:
                yield SaltedWords(version, part, salted[:SALT], salted[SALT:].decode())
