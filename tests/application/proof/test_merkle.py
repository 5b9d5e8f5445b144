"""The tree is that of RFC 6962 and RFC 9162: their vectors hold, every proof verifies, and none that was altered."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.proof.merkle import (
    EMPTY_ROOT,
    TILE_WIDTH,
    GrowingTree,
    NoSuchProof,
    consistency_proof,
    continues,
    edge_of,
    includes,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_of,
)
from tests.cases import for_each
from tests.examples import TIMES, examples

# The reference vectors of Certificate Transparency.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCIES = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]
OTHER = b"\xa5" * 32


def by_definition(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash word for word as RFC 6962, 2.1, has it, of hashed leaves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


class Kept:
    """A tree that was grown leaf by leaf, with all its levels."""

    def __init__(self, leaves: list[bytes]) -> None:
        self.levels: dict[int, list[bytes]] = {0: leaves}
        self.tree = GrowingTree()
        for leaf in leaves:
            for level, index, hash in self.tree.add(leaf):
                assert index == len(self.levels.setdefault(level, []))
                self.levels[level].append(hash)

    def __call__(self, level: int, begin: int, end: int) -> list[bytes]:
        assert end - begin <= TILE_WIDTH
        found = self.levels[level][begin:end]
        assert len(found) == end - begin, "asks only for what there is"
        return found


@cache
def many_leaves() -> list[bytes]:
    return [leaf_hash(b"leaf %d" % number) for number in range(70_000)]


@cache
def big() -> Kept:
    return Kept(many_leaves())


sizes = st.one_of(st.integers(1, 70_000), st.sampled_from([1, 2, 255, 256, 257, 511, 512, 65_536, 65_537, 70_000]))


def root_at(size: int) -> bytes:
    """Of the big tree, when it had so many leaves."""
    return GrowingTree(edge_of(size, big())).root


def test_the_empty_tree_has_the_hash_of_nothing():
    assert GrowingTree().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_roots_are_those_of_the_reference():
    tree = GrowingTree()
    for entry, root in zip(ENTRIES, ROOTS, strict=True):
        tree.add(leaf_hash(entry))
        assert tree.root.hex() == root


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_inclusion_proofs_are_those_of_the_reference(index, size, proof):
    leaves = list(map(leaf_hash, ENTRIES))
    assert [hash.hex() for hash in inclusion_proof(index, size, Kept(leaves))] == proof
    assert includes(bytes.fromhex(ROOTS[size - 1]), size, index, leaves[index], list(map(bytes.fromhex, proof)))


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCIES)
def test_consistency_proofs_are_those_of_the_reference(old, new, proof):
    assert [hash.hex() for hash in consistency_proof(old, new, Kept(list(map(leaf_hash, ENTRIES))))] == proof
    before, after = (bytes.fromhex(ROOTS[size - 1]) for size in (old, new))
    assert continues(before, old, after, new, list(map(bytes.fromhex, proof)))


@pytest.mark.hypothesis
@for_each("size", [0, 1, 255, 256, 257, 65_537, *([65_535, 65_536, 70_000] if TIMES > 1 else [])])
def test_a_tree_that_grew_and_one_that_goes_on_from_its_edge_have_the_root_of_the_definition(size):
    assert (
        Kept(many_leaves()[:size]).tree.root
        == root_at(size)
        == root_of(many_leaves()[:size])
        == by_definition(many_leaves()[:size])
    )


def test_a_tree_of_seventy_thousand_has_the_levels_that_tiles_are_made_of():
    assert {level: len(hashes) for level, hashes in big().levels.items()} == {0: 70_000, 1: 273, 2: 1}
    assert big().levels[1][272] == by_definition(many_leaves()[272 * 256 : 273 * 256])


@settings(max_examples=examples(15))
@given(sizes, st.data())
def test_a_tree_goes_on_from_its_edge_as_if_it_had_never_stopped(size, data):
    more = data.draw(st.integers(0, min(600, 70_000 - size)))
    tree = GrowingTree(edge_of(size, big()))
    made = [node for leaf in many_leaves()[size : size + more] for node in tree.add(leaf)]
    assert (tree.size, tree.root) == (size + more, root_at(size + more))
    assert all(big().levels[level][index] == hash for level, index, hash in made)


@settings(max_examples=examples(15))
@given(sizes, st.data())
def test_every_leaf_is_proven_and_nothing_that_was_altered(size, data):
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = inclusion_proof(index, size, big()), root_at(size), many_leaves()[index]
    assert includes(root, size, index, leaf, proof)
    for wrong in altered(proof, data):
        assert not includes(root, size, index, leaf, wrong)
    assert not includes(root, size, index, flipped(leaf, data), proof)
    assert not includes(flipped(root, data), size, index, leaf, proof)
    for other in {index - 1, index + 1, index ^ 2, size, -1} - {index}:
        assert not includes(root, size, other, leaf, proof)
    for other in {size // 2, 2 * size, 0} - {size}:
        assert not includes(root, other, index, leaf, proof)


@settings(max_examples=examples(15))
@given(sizes, sizes, st.data())
def test_every_earlier_tree_is_proven_and_nothing_that_was_altered(one, another, data):
    old, new = sorted((one, another))
    proof, before, after = consistency_proof(old, new, big()), root_at(old), root_at(new)
    assert continues(before, old, after, new, proof)
    assert not continues(flipped(before, data), old, after, new, proof)
    assert not continues(before, old, flipped(after, data), new, proof)
    assert not continues(before, new + 1, after, new, proof)
    for wrong in altered(proof, data):
        assert not continues(before, old, after, new, wrong)
    if old < new:
        assert not continues(before, old, after, new, [])
        assert not continues(after, old, before, new, proof)
        for other in {old - 1, old + 1, old ^ 2} - {old}:
            assert not continues(before, other, after, new, proof)


def test_every_tree_continues_the_empty_one_and_itself():
    assert consistency_proof(0, 8, big()) == consistency_proof(8, 8, big()) == []
    assert continues(EMPTY_ROOT, 0, root_at(8), 8, [])
    assert not continues(OTHER, 0, root_at(8), 8, [])
    assert not continues(EMPTY_ROOT, 0, root_at(8), 8, [OTHER])
    assert not continues(root_at(8), 8, root_at(8), 8, [OTHER])


@for_each("size", range(1, 40))
def test_in_small_trees_every_single_proof_verifies(size):
    for index in range(size):
        assert includes(root_at(size), size, index, many_leaves()[index], inclusion_proof(index, size, big()))
    for old in range(size + 1):
        assert continues(root_at(old), old, root_at(size), size, consistency_proof(old, size, big()))


def test_what_is_not_in_the_tree_is_not_proven():
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(NoSuchProof):
            inclusion_proof(index, size, big())
    for old, new in ((6, 5), (-1, 5)):
        with pytest.raises(NoSuchProof):
            consistency_proof(old, new, big())


def flipped(hash: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, 8 * len(hash) - 1))
    return bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(hash))


def altered(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """A bit flipped in each part, one part more or less, two parts exchanged."""
    places = range(len(proof))
    wrong = [[*proof[:place], flipped(proof[place], data), *proof[place + 1 :]] for place in places]
    wrong += [[*proof, OTHER], [OTHER, *proof], [*proof, b""]]
    wrong += [proof[:-1], proof[1:]] if proof else []
    wrong += [[*proof[:a], proof[b], proof[a], *proof[b + 1 :]] for a, b in pairwise(places) if proof[a] != proof[b]]
    return wrong
