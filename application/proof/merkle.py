"""Merkle trees as defined by RFC 6962 and RFC 9162: hashes, proofs and their verification, in the tiles of C2SP.

A tree is stored as levels of hashes. Level 0 contains the leaves; each hash of a higher level is the root of 256 hashes
of the level below, which form a tile. Everything between two levels follows from the tile, so nothing else is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
EMPTY_ROOT = sha256().digest()

Proof = Sequence[bytes]
Hashes = Callable[[int, int, int], Sequence[bytes]]
"""Returns the hashes of a level from one index up to, not including, another. They span at most one tile's width."""


class NoSuchProof(Exception):
    """There is no such leaf or size in this tree."""


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaves, or over subtrees that are all complete and of one size except the last."""
    while len(hashes) > 1:
        pairs = list(map(node_hash, hashes[::2], hashes[1::2]))
        hashes = [*pairs, *hashes[2 * len(pairs) :]]
    return hashes[0] if hashes else EMPTY_ROOT


# Growing


class Node(NamedTuple):
    """The root of a full tile: a hash of the level above it."""

    level: int
    number: int
    hash: bytes


class GrowingTree:
    """A tree to which leaves are added. It holds only its edge: the hashes of the unfinished tile on each level."""

    def __init__(self, edge: Iterable[Sequence[bytes]] = ()) -> None:
        self._edge = [list(tile) for tile in edge]
        self.size = sum(len(tile) << TILE_HEIGHT * level for level, tile in enumerate(self._edge))

    def add(self, leaf: bytes) -> list[Node]:
        """Add the hash of a leaf. Returns the nodes that it completes."""
        complete: list[Node] = []
        level, index, hash = 0, self.size, leaf
        self.size += 1
        while True:
            if level == len(self._edge):
                self._edge.append([])
            tile = self._edge[level]
            tile.append(hash)
            if len(tile) < TILE_WIDTH:
                return complete
            level, index, hash = level + 1, index >> TILE_HEIGHT, root_of(tile)
            tile.clear()
            complete.append(Node(level, index, hash))

    @property
    def root(self) -> bytes:
        rest: list[bytes] = []
        for tile in self._edge:
            if tile or rest:
                rest = [root_of([*tile, *rest])]
        return rest[0] if rest else EMPTY_ROOT


def edge_of(size: int, hashes: Hashes) -> list[Sequence[bytes]]:
    """Return the edge of a tree of this size, from which it can grow."""
    edge: list[Sequence[bytes]] = []
    while size:
        edge.append(hashes(len(edge), size - size % TILE_WIDTH, size))
        size >>= TILE_HEIGHT
    return edge


# Proving


def inclusion_proof(index: int, size: int, hashes: Hashes) -> list[bytes]:
    """Prove that a leaf is in the tree of this size (RFC 9162, 2.1.3.1). Raises `NoSuchProof`."""
    if not 0 <= index < size:
        raise NoSuchProof(f"A tree of {size} leaves has none with index {index}.")
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_hash_of(middle, end, hashes))
            end = middle
        else:
            proof.append(_hash_of(begin, middle, hashes))
            begin = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, hashes: Hashes) -> list[bytes]:
    """Prove that the tree of the new size begins with that of the old one (RFC 9162, 2.1.4.1). Raises `NoSuchProof`."""
    if not 0 <= old <= new:
        raise NoSuchProof(f"A tree of {new} leaves does not continue one of {old}.")
    proof: list[bytes] = []
    begin, end = 0, new
    while old and end != old:
        middle = begin + _split(end - begin)
        if old <= middle:
            proof.append(_hash_of(middle, end, hashes))
            end = middle
        else:
            proof.append(_hash_of(begin, middle, hashes))
            begin = middle
    if begin:
        proof.append(_hash_of(begin, end, hashes))
    return proof[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def _hash_of(begin: int, end: int, hashes: Hashes) -> bytes:
    """Return the hash over the leaves from `begin` up to, not including, `end`, which form a subtree."""
    size = end - begin
    if size & (size - 1):
        middle = begin + _split(size)
        return node_hash(_hash_of(begin, middle, hashes), _hash_of(middle, end, hashes))
    level, height = divmod(size.bit_length() - 1, TILE_HEIGHT)
    first = begin >> TILE_HEIGHT * level
    return root_of(hashes(level, first, first + (1 << height)))


# Verifying


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Proof) -> bool:
    """Return whether the tree with this root and size has this leaf (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, hash = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            hash = node_hash(each, hash)
            place, last = _up_to_a_right_child(place, last)
        else:
            hash = node_hash(hash, each)
        place, last = place >> 1, last >> 1
    return last == 0 and hash == root


def continues(old_root: bytes, old: int, new_root: bytes, new: int, proof: Proof) -> bool:
    """Return whether the tree of the old root is the beginning of the tree of the new root (RFC 9162, 2.1.4.2)."""
    if old == 0 or old >= new:
        return not proof and (old_root == EMPTY_ROOT if old == 0 else (old_root, old) == (new_root, new))
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = path[0]
    for each in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            before, after = node_hash(each, before), node_hash(each, after)
            place, last = _up_to_a_right_child(place, last)
        else:
            after = node_hash(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


def _up_to_a_right_child(place: int, last: int) -> tuple[int, int]:
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
