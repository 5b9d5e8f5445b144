"""The similarity of the texts of two plans: the share of common shingles, estimated by MinHash.

A shingle consists of five consecutive words. All shingles are hashed once and distributed to as many bins as a
signature has elements; the smallest hash of each bin represents it (one-permutation hashing: Li, Owen and Zhang, 2012).
The share of bins in which two signatures agree estimates the Jaccard similarity of the two sets of shingles.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations, pairwise
from operator import eq
from struct import pack, unpack
from typing import TypeVar

from domain.account_plan.language import AccountPlan
from domain.markers import Sealed, marked

SHINGLE = 5
"""The number of words in a shingle."""
PLACES = 128
BANDS = 32
"""The number of bands into which signatures are divided. Two signatures that agree in no band are not compared. This
happens to one in ten million pairs with similarity 0.8, and to one in eight pairs with similarity 0.5."""
MOST_COMPARED = 20
"""How many signatures that agree in a band are compared each with each."""
LEAST_WORDS = 60
"""Plans with fewer words of their own are not compared, because they resemble many others by being empty."""
EMPTY = 2**32 - 1

Signature = Sequence[int]
"""A signature of 32-bit numbers; empty if a plan has too few words."""

Key = TypeVar("Key")


def own_words(plan: AccountPlan) -> Iterator[str]:
    """Return the words of our people about the things of a plan, without fields that are always about a person."""
    for kind, things in plan.kinds().items():
        fields = [name for name, sealed in marked(kind, Sealed) if not sealed.always]
        for thing in things.values() if fields else ():
            for name in fields:
                yield from _texts(getattr(thing, name))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from _texts(each)


def signature(texts: Iterable[str]) -> Signature:
    least, words_in_all = [EMPTY] * PLACES, 0
    for text in texts:
        words = re.findall(r"\w+", text.casefold())
        words_in_all += len(words)
        for start in range(max(len(words) - SHINGLE + 1, min(len(words), 1))):
            shingle = " ".join(words[start : start + SHINGLE]).encode()
            number = int.from_bytes(blake2b(shingle, digest_size=5).digest())
            place, rest = number % PLACES, number // PLACES % EMPTY
            least[place] = min(least[place], rest)
    return least if words_in_all >= LEAST_WORDS else ()


def similarity(a: Signature, b: Signature) -> float:
    """Return the estimated similarity, from 0 to 1."""
    agreeing, of_neither = sum(map(eq, a, b)), 0
    if EMPTY in a and EMPTY in b:
        of_neither = sum(one == other == EMPTY for one, other in zip(a, b, strict=True))
    of_either = len(a) - of_neither
    return (agreeing - of_neither) / of_either if of_either else 0.0


def alike(signatures: Mapping[Key, Signature], least: float) -> Iterator[tuple[Key, Key, float]]:
    """Return the pairs with at least this similarity, the most similar first.

    Of many that agree in a band, as plans opened by one template do, not all pairs are compared: each is compared with
    the first of them and with the next, so everybody who is like another is in a pair.
    """
    bands: dict[tuple[int, tuple[int, ...]], list[Key]] = {}
    for key, places in sorted(signatures.items(), key=lambda each: str(each[0])):
        for start in range(0, len(places), PLACES // BANDS):
            band = tuple(places[start : start + PLACES // BANDS])
            if any(each != EMPTY for each in band):
                bands.setdefault((start, band), []).append(key)
    pairs = {pair for keys in bands.values() for pair in _compared(keys)}
    found = ((a, b, similarity(signatures[a], signatures[b])) for a, b in pairs)
    yield from sorted(
        (each for each in found if each[2] >= least), key=lambda each: (-each[2], str(each[0]), str(each[1]))
    )


def _compared(keys: Sequence[Key]) -> Iterator[tuple[Key, Key]]:
    if len(keys) <= MOST_COMPARED:
        yield from combinations(keys, 2)
        return
    yield from pairwise(keys)
    yield from ((keys[0], other) for other in keys[1:])


def packed(places: Signature) -> bytes:
    return pack(f">{len(places)}I", *places)


def unpacked(stored: bytes) -> Signature:
    return unpack(f">{len(stored) // 4}I", stored)
