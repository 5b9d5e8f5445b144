"""How alike the words of two plans are: the share of their shingles that both have, estimated by MinHash.

A shingle is five words that follow one another.  All shingles are hashed once and dealt into as many bins as a
signature has places, and the least hash of each bin stands for it (one-permutation hashing: Li, Owen and Zhang, 2012).
The share of bins in which two signatures agree estimates the Jaccard similarity of the two sets of shingles.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import combinations
from struct import pack, unpack
from typing import TypeVar

from domain.account_plan.language import AccountPlan
from domain.markers import Sealed, marked

SHINGLE = 5
"""Words."""
PLACES = 128
BANDS = 32
"""Signatures are cut into so many; two that agree in none are not compared.  Of pairs that are 0.8 alike that happens
to one in ten million, of pairs that are 0.5 alike to one in eight."""
LEAST_WORDS = 60
"""Plans with fewer words of their own are like many others because they are empty."""
EMPTY = 2**32 - 1

Signature = Sequence[int]
"""So many 32-bit numbers; none where a plan says too little."""

Key = TypeVar("Key")


def own_words(plan: AccountPlan) -> Iterator[str]:
    """The words in which our people put what a plan's things are about, without what is always about a person."""
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
    """From 0 to 1."""
    there = [(one, other) for one, other in zip(a, b, strict=True) if min(one, other) != EMPTY]
    there_or_not = [(one, other) for one, other in zip(a, b, strict=True) if (one, other) != (EMPTY, EMPTY)]
    return sum(one == other for one, other in there) / len(there_or_not) if there_or_not else 0.0


def alike(signatures: Mapping[Key, Signature], least: float) -> Iterator[tuple[Key, Key, float]]:
    """The pairs that are at least so much alike, the most alike first."""
    bands: dict[tuple[int, tuple[int, ...]], list[Key]] = {}
    for key, places in signatures.items():
        for start in range(0, len(places), PLACES // BANDS):
            band = tuple(places[start : start + PLACES // BANDS])
            if any(each != EMPTY for each in band):
                bands.setdefault((start, band), []).append(key)
    pairs = {pair for keys in bands.values() for pair in combinations(keys, 2)}
    found = ((a, b, similarity(signatures[a], signatures[b])) for a, b in pairs)
    yield from sorted((each for each in found if each[2] >= least), key=lambda each: -each[2])


def packed(places: Signature) -> bytes:
    return pack(f">{len(places)}I", *places)


def unpacked(stored: bytes) -> Signature:
    return unpack(f">{len(stored) // 4}I", stored)
