"""Verifies an audit bundle of plantrail, on a machine that knows nothing of it: Python 3.11 is all it takes.

    python -I verify_bundle.py BUNDLE.zip [--key KEY] [--checkpoint FILE]
    python -I verify_bundle.py --compare EARLIER LATER PROOF.json --key KEY

KEY is the log's verifier key and FILE a checkpoint of the log, both from a source other than the bundle. Without them
the bundle is only checked against what it contains itself. PROOF.json is the answer of the service to
GET /v1/log/consistency?from=&to=. The exit code is 0 if everything that can be proven is proven, else 1, after the
first thing that is wrong.
"""

import argparse
import json
import re
import sys
import uuid
import zipfile
from base64 import b64decode, b64encode
from hashlib import sha256, sha512
from pathlib import Path
from struct import pack
from typing import Any

Hashes = list[bytes]
Head = tuple[str, int, bytes]
"""Origin, size and root of a checkpoint."""

FORMAT = "plantrail audit bundle 1"
SALT = 32
"""Length in bytes of the salt that precedes the words of a sealed part."""
MAY_BE_UNLISTED = {"manifest.json", "verify_bundle.py"}
PLANS = uuid.UUID("9d0e6f0c-5f0b-5a64-8a5e-6f2f1c7b3a11")
"""The namespace of plan ids: a plan's id is the UUIDv5 of its account's id in it."""
EVENT = re.compile(
    rb'\{"position":([1-9]\d{0,17}),"plan_id":"([0-9a-f-]{36})","version":([1-9]\d{0,17}),"topic":"(\w+(?:\.\d+)?)",'
    rb'"state":(\{.*\})\}'
)
SIGNATURE = re.compile(r"— ([^\s+]+) (\S+)")
CHECKPOINT = re.compile(r"(\S[^\n]*)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")
KEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+(\S+)")


class Wrong(Exception):
    """What is wrong with the bundle."""


def check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


# The tree: RFC 9162, section 2.1


def leaf_hash(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def entry_of(position: int, plan_id: uuid.UUID, version: int, topic: bytes, state: bytes) -> bytes:
    """Return the canonical bytes of a stored event: five fields, each after its length as a 32-bit big-endian
    number."""
    fields = (pack(">q", position), plan_id.bytes, pack(">q", version), topic, state)
    return b"".join(pack(">I", len(field)) + field for field in fields)


def includes(root: bytes, size: int, index: int, leaf: bytes, proof: Hashes) -> bool:
    if not 0 <= index < size:
        return False
    place, last, hash = index, size - 1, leaf
    for each in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            hash = node_hash(each, hash)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            hash = node_hash(hash, each)
        place, last = place >> 1, last >> 1
    return last == 0 and hash == root


def continues(old_root: bytes, old: int, new_root: bytes, new: int, proof: Hashes) -> bool:
    if old == 0 or old >= new:
        return not proof and (old_root == sha256().digest() if old == 0 else (old_root, old) == (new_root, new))
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
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            after = node_hash(after, each)
        place, last = place >> 1, last >> 1
    return last == 0 and (before, after) == (old_root, new_root)


# Checkpoints: C2SP signed-note and tlog-checkpoint


def decoded(text: str) -> bytes:
    """Decode base64, accepting only the canonical encoding."""
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        content = b""
    check(bool(content) and b64encode(content).decode() == text, "Something that should be base64 is not.")
    return content


def public_key(text: str) -> bytes:
    """Return the public key in a verifier key."""
    match = KEY.fullmatch(text.strip())
    if match is None:
        raise Wrong("The key is no verifier key: NAME+ID+KEY.")
    encoded = decoded(match[3])
    check(len(encoded) == 33 and encoded[0] == 1, "The key is no Ed25519 key.")
    check(key_id(match[1], encoded[1:]).hex() == match[2], "The id of the key is not that of the key.")
    return encoded[1:]


def key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n\x01" + public).digest()[:4]


def opened(note: str, public: bytes, what: str) -> Head:
    """Return origin, size and root of a checkpoint that this key has signed."""
    text, _, signatures = note.rpartition("\n\n")
    match = CHECKPOINT.fullmatch(text + "\n")
    if match is None:
        raise Wrong(f"{what} is no checkpoint.")
    origin, id = match[1], key_id(match[1], public)
    for line in signatures.removesuffix("\n").split("\n"):
        signed = SIGNATURE.fullmatch(line)
        if signed is None:
            raise Wrong(f"{what} is no signed note.")
        if signed[1] == origin and decoded(signed[2])[:4] == id:
            right = is_signed(public, (text + "\n").encode(), decoded(signed[2])[4:])
            check(right, f"The signature of {what[0].lower()}{what[1:]} is wrong.")
            return origin, int(match[2]), decoded(match[3])
    raise Wrong(f"{what} is not signed by the key of the log.")


# Ed25519: RFC 8032, section 5.1

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
Point = tuple[int, int, int, int]
"""Extended homogeneous coordinates: x and y are the first two over the third, their product the fourth over it."""


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether a message was signed with the private key of a public one."""
    key, scalar = point_of(public), int.from_bytes(signature[32:], "little")
    if key is None or len(signature) != 64 or scalar >= ORDER:
        return False
    challenge = int.from_bytes(sha512(signature[:32] + public + message).digest(), "little") % ORDER
    x, y, z, product = multiplied(challenge, key)
    return encoded_point(added(multiplied(scalar, BASE), (-x % PRIME, y, z, -product % PRIME))) == signature[:32]


def point_of(encoded: bytes) -> Point | None:
    """Return the point that 32 bytes stand for; None if they stand for none."""
    number = int.from_bytes(encoded, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if len(encoded) != 32 or y >= PRIME:
        return None
    square = (y * y - 1) * pow(CURVE * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if x * x % PRIME != square:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if x * x % PRIME != square or (x == 0 and odd):
        return None
    x = PRIME - x if x % 2 != odd else x
    return x, y, 1, x * y % PRIME


def encoded_point(point: Point) -> bytes:
    inverse = pow(point[2], -1, PRIME)
    x, y = point[0] * inverse % PRIME, point[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


def added(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * CURVE % PRIME
    d = 2 * one[2] * other[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def multiplied(factor: int, point: Point) -> Point:
    product: Point = (0, 1, 1, 0)
    while factor:
        if factor & 1:
            product = added(product, point)
        point, factor = added(point, point), factor >> 1
    return product


BASE: Point = point_of((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little")) or (0, 1, 1, 0)


# The bundle


class Bundle:
    def __init__(self, file: Path) -> None:
        try:
            with zipfile.ZipFile(file) as archive:
                names = archive.namelist()
                self.files = {name: archive.read(name) for name in names}
        except (OSError, zipfile.BadZipFile, EOFError, ValueError, NotImplementedError) as error:
            raise Wrong(f"{file} cannot be read: {error}.") from None
        check(len(names) == len(self.files), "A file is in the bundle twice.")
        self.manifest = json.loads(self.text("manifest.json"))
        check(isinstance(self.manifest, dict) and self.manifest.get("format") == FORMAT, f"It is no {FORMAT}.")
        listed = self.manifest["files"]
        for name in sorted(set(self.files) - MAY_BE_UNLISTED - listed.keys()):
            raise Wrong(f"{name} is not in the manifest.")
        for name, digest in listed.items():
            check(sha256(self.content(name)).hexdigest() == digest, f"{name} is not the file the manifest lists.")

    def content(self, name: str) -> bytes:
        check(name in self.files, f"{name} is missing.")
        return self.files[name]

    def text(self, name: str) -> str:
        return self.content(name).decode("utf-8")

    def lines(self, name: str) -> list[bytes]:
        return self.content(name).removesuffix(b"\n").split(b"\n") if self.content(name) else []


def verify(bundle: Bundle, trusted: str | None, elsewhere: str | None) -> list[str]:
    """Verify the bundle. Returns what is proven, in sentences."""
    public = public_key(bundle.text("key.txt"))
    check(trusted is None or public_key(trusted) == public, "The key of the bundle is not the one you trust.")
    origin, size, root = opened(bundle.text("checkpoint.txt"), public, "The checkpoint")
    states = events_proven(bundle, size, root)
    manifest = bundle.manifest
    said = (manifest["log"], manifest["size"], manifest["root"], manifest["version"])
    check(said == (origin, size, root.hex(), len(states)), "The manifest says something else than the checkpoint.")
    words = words_proven(bundle, states)
    whose = "the key you trust." if trusted else "the key in the bundle; compare that with one from elsewhere (--key)."
    account = manifest["account_id"]
    return [
        f"Proven: the checkpoint of {origin} over {size} events, root {root.hex()}, is signed by {whose}",
        f"Proven: events 1 to {len(states)} of account {account} are under it, byte for byte as here, none left out.",
        f"Proven: {words} sealed parts hold the words given for them. Words that are not given cannot be checked.",
        *compared(bundle, public, (origin, size, root), elsewhere),
    ]


def events_proven(bundle: Bundle, size: int, root: bytes) -> list[Any]:
    """Return the states of the events, after proving that each is under the checkpoint."""
    manifest = bundle.manifest
    plan_id = uuid.UUID(manifest["plan_id"])
    check(plan_id == uuid.uuid5(PLANS, manifest["account_id"]), "The plan is not that of the account.")
    events, proofs = bundle.lines("events.jsonl"), bundle.lines("proofs.jsonl")
    check(len(events) == len(proofs) > 0, "There is not one proof for each event.")
    states, before = [], 0
    for expected, (line, said) in enumerate(zip(events, proofs, strict=True), 1):
        match = EVENT.fullmatch(line)
        if match is None:
            raise Wrong(f"Line {expected} of events.jsonl is no event.")
        position, version = int(match[1]), int(match[3])
        check(version == expected, f"Version {expected} is not where it belongs.")
        check(match[2].decode() == str(plan_id), f"Version {version} is of another plan.")
        check(position > before, f"Version {version} is recorded before the one before it.")
        proof = json.loads(said)
        leaf = leaf_hash(entry_of(position, plan_id, version, match[4], match[5]))
        hashes = [bytes.fromhex(hash) for hash in proof["hashes"]]
        check(proof["version"] == version, f"The proof of version {version} is missing.")
        check(
            includes(root, size, proof["index"], leaf, hashes),
            f"Version {version} is not under the checkpoint as it is here.",
        )
        states.append(json.loads(match[5]))
        before = position
    return states


def words_proven(bundle: Bundle, states: list[Any]) -> int:
    """Return the number of sealed parts whose words match their commitments."""
    lines = bundle.lines("words.jsonl")
    seen = set()
    for line in lines:
        said = json.loads(line)
        version, part = said["version"], said["part"]
        check(1 <= version <= len(states), "Words are given for an event that is not here.")
        sealed = states[version - 1]["sealed"]
        check(0 <= part < len(sealed) and (version, part) not in seen, f"Version {version} has no such sealed part.")
        salt, text = bytes.fromhex(said["salt"]), said["text"].encode()
        # With a shorter salt, its end could be passed off as the beginning of the words.
        check(len(salt) == SALT, f"The salt of version {version}, part {part} is not one.")
        check(
            sha256(salt + text).hexdigest() == sealed[part]["commitment"],
            f"The words given for version {version}, part {part} are not those that were sealed.",
        )
        seen.add((version, part))
    return len(seen)


def compared(bundle: Bundle, public: bytes, head: Head, elsewhere: str | None) -> list[str]:
    """Compare the head with the earlier checkpoints in the bundle, and with the one from elsewhere."""
    proven = {head[1:]}
    for number, name in enumerate(sorted(name for name in bundle.files if name.startswith("earlier/"))):
        said = json.loads(bundle.text(name))
        earlier = opened(said["checkpoint"], public, f"Earlier checkpoint {number + 1}")
        grown(earlier, head, [bytes.fromhex(hash) for hash in said["hashes"]])
        proven.add(earlier[1:])
    told = [f"Proven: the log only grew since it had {size} events." for size, _ in sorted(proven - {head[1:]})]
    if elsewhere is None:
        return told
    _, size, root = opened(elsewhere, public, "Your checkpoint")
    check(
        size in {known for known, _ in proven},
        f"Nothing in the bundle compares it with your checkpoint over {size} events. Have one made with --checkpoint,"
        f" or ask for /v1/log/consistency?from={min(size, head[1])}&to={max(size, head[1])} and use --compare.",
    )
    check((size, root) in proven, f"Your checkpoint over {size} events is of another history: the log was rewritten.")
    return [*told, f"Proven: your checkpoint over {size} events is of the same history."]


def grown(earlier: Head, later: Head, proof: Hashes) -> None:
    check(
        continues(earlier[2], earlier[1], later[2], later[1], proof),
        f"The checkpoint over {later[1]} events does not continue the one over {earlier[1]}.",
    )


NOT_PROVEN = """\
Not proven: that the plan had no further versions. What was recorded after the checkpoint is not covered.
Not proven: that everybody is shown the same log. Checkpoints from elsewhere tell (--checkpoint).
Not proven: that the log has no other event under the same version. Only reading it whole tells (plantrail verify).
Not proven: that the reports were made of these events. They can be made of them again.
Not proven: when the checkpoint was signed. Whoever has kept it since knows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path, nargs="?")
    parser.add_argument("--key", help="the verifier key of the log, as you have it from elsewhere")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint of the log that you have kept")
    parser.add_argument("--compare", type=Path, nargs=3, metavar=("EARLIER", "LATER", "PROOF"))
    asked = parser.parse_args()
    if not asked.compare and not asked.bundle:
        parser.error("name a bundle")
    if asked.compare and not asked.key:
        parser.error("to compare checkpoints takes --key")
    try:
        if asked.compare:
            said = compared_alone(asked.key, *asked.compare)
        else:
            kept = asked.checkpoint.read_text("utf-8") if asked.checkpoint else None
            said = [*verify(Bundle(asked.bundle), asked.key, kept), NOT_PROVEN]
    except Wrong as error:
        sys.exit(f"WRONG: {error}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(f"WRONG: It is not of the form of a bundle ({type(error).__name__}: {error}).")
    print("\n".join(said))


def compared_alone(key: str, earlier: Path, later: Path, proof: Path) -> list[str]:
    public = public_key(key)
    old, new = (opened(file.read_text("utf-8"), public, f"The checkpoint in {file}") for file in (earlier, later))
    grown(old, new, [decoded(hash) for hash in json.loads(proof.read_text("utf-8"))["hashes"]])
    return [f"Proven: the log with {new[1]} events continues the one with {old[1]}: nothing before was altered."]


if __name__ == "__main__":
    main()
